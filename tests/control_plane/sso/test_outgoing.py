"""Requests to addresses that a tenant typed in: where they may go, and what they bring back."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import httpcore
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from control_plane.adapters.outgoing import MOST_BYTES, OutgoingFailed, OutgoingHttp
from tests.support.tenant_plane import served

PUBLIC = "93.184.216.34"


def answering(*addresses: str) -> Any:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


async def nowhere(host: str, port: int) -> Sequence[str]:
    raise OSError


async def why(http: OutgoingHttp, url: str) -> str:
    with pytest.raises(OutgoingFailed) as failed:
        await http.get(url)
    return str(failed.value)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:a00:1::",
    ],
)
async def test_addresses_of_the_inside_are_refused(address: str) -> None:
    said = await why(OutgoingHttp(resolver=answering(address)), "https://login.acme.example/")
    assert said == "login.acme.example is not a public address; only those may be asked."


async def test_one_address_of_the_inside_among_others_is_enough() -> None:
    said = await why(OutgoingHttp(resolver=answering(PUBLIC, "10.0.0.1")), "https://login.acme.example/")
    assert "not a public address" in said


@pytest.mark.parametrize("url", ["https://10.0.0.1/", "https://[::1]/", "https://2130706433/", "https://0x7f.1/"])
async def test_addresses_written_as_numbers_are_judged_like_names(url: str) -> None:
    """Whatever the system makes of the odd ones: a private address, or no host."""
    said = await why(OutgoingHttp(), url)
    assert "not a public address" in said or "there is no host" in said


@pytest.mark.parametrize(
    "url",
    [
        "http://login.acme.example/",
        "file:///etc/passwd",
        "gopher://login.acme.example/",
        "login.acme.example",
        "https://",
        "https://user:secret@login.acme.example/",
        "https://login.acme.example/#part",
        "https://login.acme.example:99999/",
        "https://login.acme.example/\r\nx: y",
        "https://lögin.acme.example/",
    ],
)
async def test_only_plain_https_is_asked(url: str) -> None:
    said = await why(OutgoingHttp(resolver=answering(PUBLIC)), url)
    assert "allowed" in said or "must be a plain URL" in said or "can't be read" in said


async def test_a_name_that_is_not_there_says_so() -> None:
    assert (
        await why(OutgoingHttp(resolver=nowhere), "https://nowhere.example/")
        == "DNS: there is no host nowhere.example."
    )


async def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    """A name that changes its address in between would be asked a second time; it is not."""
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with served(PlainTextResponse("there")) as port:
        answer = await OutgoingHttp(allow_http=True, resolver=resolve).get(f"http://rebinding.example:{port}/")
    assert (answer.status, answer.body, asked) == (200, b"there", ["rebinding.example"])


async def test_a_private_network_can_be_allowed() -> None:
    tried = []

    class Backend(httpcore.AnyIOBackend):
        async def connect_tcp(self, host: str, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
            tried.append(host)
            raise httpcore.ConnectError

    http = OutgoingHttp(networks=[ipaddress.IPv4Network("10.0.0.0/8")], resolver=answering("10.1.2.3"))
    http._backend._backend = Backend()
    assert await why(http, "https://login.acme.example/") == "https://login.acme.example refuses the connection."
    assert tried == ["10.1.2.3"]
    assert "not a public address" in await why(
        OutgoingHttp(networks=[ipaddress.IPv4Network("10.0.0.0/8")], resolver=answering("192.168.0.1")),
        "https://login.acme.example/",
    )


async def test_redirects_are_not_followed() -> None:
    went = []

    async def inside(request: Request) -> Response:
        went.append(request.url.path)
        return PlainTextResponse("secret")

    async def away(request: Request) -> Response:
        return RedirectResponse("/inside")

    async with served(Starlette(routes=[Route("/", away), Route("/inside", inside)])) as port:
        answer = await OutgoingHttp(allow_http=True).get(f"http://127.0.0.1:{port}/")
    assert (answer.status, went) == (307, [])


async def test_an_endless_answer_is_cut() -> None:
    async with served(PlainTextResponse("x" * (MOST_BYTES + 1))) as port:
        said = await why(OutgoingHttp(allow_http=True), f"http://127.0.0.1:{port}/")
    assert said == f"The answer is larger than {MOST_BYTES:,} bytes."


async def test_a_closed_port_and_a_server_without_tls_say_which() -> None:
    http = OutgoingHttp(allow_http=True)
    async with served(PlainTextResponse("there")) as port:
        assert (await why(http, f"https://127.0.0.1:{port}/")).startswith(
            f"TLS: https://127.0.0.1:{port} does not speak it"
        )
    assert await why(http, f"http://127.0.0.1:{port}/") == f"http://127.0.0.1:{port} refuses the connection."
