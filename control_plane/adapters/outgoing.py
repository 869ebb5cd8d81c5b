"""HTTP to addresses that a tenant has typed in. Such a request must not become a way into the provider's own network.

https only, to public addresses only. Names are resolved here and the connection goes to the address that was judged,
so a name that answers differently the second time (DNS rebinding) gains nothing. No redirects, no proxies, no cookies,
a bounded answer within a bounded time.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and a port to addresses; raises OSError when there are none."""
MOST_BYTES = 512 * 1024
TIMEOUTS = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}
WHOLE_SECONDS = 10
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class OutgoingFailed(Exception):
    """In words for whoever typed the address in."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


async def resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class OutgoingHttp:
    """``allow_http``: also plain http, and this machine itself, for tests. ``networks``: private, yet allowed."""

    def __init__(
        self,
        *,
        allow_http: bool = False,
        networks: Iterable[IPNetwork] = (),
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_http = allow_http
        self._backend = _JudgedAddresses(allow_loopback=allow_http, networks=tuple(networks), resolver=resolver)
        self._tls = tls

    async def get(self, url: str) -> Answer:
        return await self._request("GET", url, {}, None)

    async def post(self, url: str, form: bytes, headers: Mapping[str, str]) -> Answer:
        return await self._request("POST", url, {**headers, "content-type": "application/x-www-form-urlencoded"}, form)

    async def _request(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Raises OutgoingFailed. A redirect is an answer like any other."""
        self.check_url(url)
        try:
            async with (
                asyncio.timeout(WHOLE_SECONDS),
                # One pool for each request: no connection that one tenant's host keeps open serves another's request.
                httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=self._backend) as pool,
                pool.stream(
                    method,
                    url,
                    headers=[("accept", "application/json"), ("user-agent", "opsplane"), *headers.items()],
                    content=body,
                    extensions={"timeout": TIMEOUTS},
                ) as response,
            ):
                return Answer(response.status, await _bounded(response))
        except (TimeoutError, httpcore.TimeoutException):
            raise OutgoingFailed(f"{_origin(url)} did not answer in time.") from None
        except httpcore.ConnectError as error:
            raise OutgoingFailed(_why_no_connection(url, error)) from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise OutgoingFailed(f"The connection to {_origin(url)} broke: {type(error).__name__}.") from None

    def check_url(self, url: str) -> None:
        """Raises OutgoingFailed for what no request would be made to."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise OutgoingFailed("The address can't be read as a URL.") from None
        if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
            raise OutgoingFailed("The address must be a plain URL with a host, without user name and fragment.")
        if parts.scheme != "https" and not (parts.scheme == "http" and self._allow_http):
            raise OutgoingFailed(f"{parts.scheme or 'An address without a scheme'} is not allowed; use https.")


class _JudgedAddresses(httpcore.AsyncNetworkBackend):
    """Connects only to an address that is allowed, and to exactly the one it has judged."""

    def __init__(self, *, allow_loopback: bool, networks: Sequence[IPNetwork], resolver: Resolver) -> None:
        self._allow_loopback = allow_loopback
        self._networks = networks
        self._resolver = resolver
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self._resolver(host, port)
        except (OSError, UnicodeError):
            raise OutgoingFailed(f"DNS: there is no host {host}.") from None
        if not addresses or not all(self._is_allowed(address) for address in addresses):
            raise OutgoingFailed(f"{host} is not a public address; only those may be asked.")
        for address in addresses[:-1]:  # a name may have addresses of both families of which one works from here
            with contextlib.suppress(httpcore.ConnectError):
                return await self._backend.connect_tcp(address, port, *args, **options)
        return await self._backend.connect_tcp(addresses[-1], port, *args, **options)

    async def connect_unix_socket(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        raise OutgoingFailed("Only hosts may be asked.")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)

    def _is_allowed(self, text: str) -> bool:
        address = _embedded(ipaddress.ip_address(text.partition("%")[0]))
        if address.is_loopback:
            return self._allow_loopback
        if any(address in network for network in self._networks):
            return True
        return address.is_global and not address.is_multicast


def _embedded(address: IPAddress) -> IPAddress:
    """The IPv4 address inside an IPv6 one that is only another way of writing it."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        if address in NAT64:
            return ipaddress.IPv4Address(address.packed[-4:])
        return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
    return address


async def _bounded(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise OutgoingFailed(f"The answer is larger than {MOST_BYTES:,} bytes.")
    return bytes(body)


def _why_no_connection(url: str, error: httpcore.ConnectError) -> str:
    cause = error.__cause__ or error.__context__
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"TLS: the certificate of {_origin(url)} is not valid: {cause.verify_message}."
    if isinstance(cause, ssl.SSLError):
        return f"TLS: {_origin(url)} does not speak it: {cause.reason}."
    return f"{_origin(url)} refuses the connection."


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
