"""OpenID Connect, the authorization code flow with PKCE (https://openid.net/specs/openid-connect-core-1_0.html).

Signatures are joserfc's work, claims and request parameters Authlib's, without its HTTP integrations: what leaves this
process goes through ``outgoing.py``. Discovery and keys are remembered for minutes; a token with an unknown key asks
for the keys once more, so a provider may rotate at any time.
"""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from control_plane.adapters.outgoing import Answer, OutgoingFailed, OutgoingHttp
from control_plane.sso.errors import ProviderFailed
from control_plane.sso.ports import Assertion, Challenge, Client, ProviderFacts
from shared.tx import Clock, utc_now

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a public key only: a shared secret in a token's header would make our own secret the forger's."""
SCOPE = "openid email profile"
LEEWAY_SECONDS = 60
FRESH_SECONDS = 300.0
MOST_REMEMBERED = 500
MOST_GROUPS = 1000
SHOWN_CHARACTERS = 200


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = Field(default=["client_secret_basic"])
    code_challenge_methods_supported: list[str] = Field(default=[])


class _Tokens(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id_token: str
    access_token: str | None = None


@dataclass(slots=True)
class _Known:
    metadata: _Metadata
    keys: KeySet
    read_at: float


class OidcProviders:
    """All providers of all tenants; they are told apart by issuer."""

    def __init__(self, http: OutgoingHttp, *, clock: Clock = utc_now) -> None:
        self._http = http
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def authorization_url(self, client: Client, challenge: Challenge, redirect_uri: str) -> str:
        known = await self._provider(client.issuer)
        uri: str = prepare_grant_uri(
            known.metadata.authorization_endpoint,
            client.client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=challenge.state,
            nonce=challenge.nonce,
            code_challenge=create_s256_code_challenge(challenge.code_verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return uri

    async def redeem(
        self, client: Client, code: str, nonce: str, code_verifier: str, redirect_uri: str, group_claim: str
    ) -> Assertion:
        known = await self._provider(client.issuer)
        tokens = await self._tokens(known.metadata, client, code, code_verifier, redirect_uri)
        try:
            token = await self._verified(client.issuer, known, tokens.id_token)
            claims = self._checked(token, client, nonce, tokens.access_token)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise ProviderFailed("token", f"The ID token is not valid: {_short(str(error))}.") from None
        return _assertion(claims, group_claim)

    async def check(self, issuer: str) -> ProviderFacts:
        known = await self._read(issuer)
        metadata = known.metadata
        return ProviderFacts(
            issuer=metadata.issuer,
            authorization_endpoint=metadata.authorization_endpoint,
            token_endpoint=metadata.token_endpoint,
            jwks_uri=metadata.jwks_uri,
            keys=len(known.keys.keys),
            has_pkce="S256" in metadata.code_challenge_methods_supported,
        )

    async def _provider(self, issuer: str) -> _Known:
        known = self._known.get(issuer)
        if known is not None and time.monotonic() - known.read_at < FRESH_SECONDS:
            return known
        return await self._read(issuer)

    async def _read(self, issuer: str) -> _Known:
        metadata = await self._discover(issuer)
        known = _Known(metadata, await self._keys(metadata.jwks_uri), time.monotonic())
        self._known.pop(issuer, None)
        while len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[issuer] = known
        return known

    async def _discover(self, issuer: str) -> _Metadata:
        url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            metadata = _Metadata.model_validate(await self._get("discovery", url))
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ProviderFailed("discovery", f"{url} has no usable {field}.") from None
        if metadata.issuer != issuer:
            raise ProviderFailed(
                "issuer", f"{url} says that its issuer is {_short(metadata.issuer)}, not {_short(issuer)}."
            )
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            try:
                self._http.check_url(getattr(metadata, name))
            except OutgoingFailed as error:
                raise ProviderFailed("discovery", f"{url}, {name}: {error}") from None
        return metadata

    async def _keys(self, url: str) -> KeySet:
        content = await self._get("keys", url)
        found = content.get("keys")
        offered = found if isinstance(found, list) else []
        keys: list[OctKey | RSAKey | ECKey | OKPKey] = [key for jwk in offered if (key := _usable_key(jwk)) is not None]
        if not keys:
            raise ProviderFailed("keys", f"{url} holds no public key that could sign a token.")
        return KeySet(keys)

    async def _get(self, step: str, url: str) -> dict[str, Any]:
        try:
            answer = await self._http.get(url)
        except OutgoingFailed as error:
            raise ProviderFailed(step, str(error)) from None
        if answer.status != 200:
            raise ProviderFailed(step, f"{url} answered {answer.status}.")
        return _object(step, url, answer)

    async def _tokens(
        self, metadata: _Metadata, client: Client, code: str, code_verifier: str, redirect_uri: str
    ) -> _Tokens:
        fields = {"redirect_uri": redirect_uri, "code": code, "code_verifier": code_verifier}
        headers = {}
        if client.client_secret is None:
            fields["client_id"] = client.client_id
        elif "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            headers["authorization"] = _basic(client.client_id, client.client_secret)
        else:
            fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
        form = prepare_token_request("authorization_code", **fields)
        url = metadata.token_endpoint
        try:
            answer = await self._http.post(url, form.encode(), headers)
        except OutgoingFailed as error:
            raise ProviderFailed("token", str(error)) from None
        content = _object("token", url, answer)
        if answer.status != 200:
            said = _short(f"{content.get('error', '')}: {content.get('error_description', '')}")
            raise ProviderFailed("token", f"{url} answered {answer.status}, {said}")
        try:
            return _Tokens.model_validate(content)
        except ValidationError:
            raise ProviderFailed("token", f"{url} gave no ID token.") from None

    async def _verified(self, issuer: str, known: _Known, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, known.keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            known = await self._read(issuer)
            return jwt.decode(id_token, known.keys, algorithms=ALGORITHMS)

    def _checked(self, token: jwt.Token, client: Client, nonce: str, access_token: str | None) -> Mapping[str, Any]:
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": client.issuer},
                "aud": {"essential": True, "value": client.client_id},
                "sub": {"essential": True},
            },
            params={"nonce": nonce, "client_id": client.client_id, "access_token": access_token},
        )
        claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY_SECONDS)
        checked: Mapping[str, Any] = claims
        return checked


def _assertion(claims: Mapping[str, Any], group_claim: str) -> Assertion:
    subject, email, name, groups = (claims.get(key) for key in ("sub", "email", "name", group_claim))
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise ProviderFailed("token", "The ID token names nobody: sub must be a text of at most 255 characters.")
    groups = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    if len(groups) > MOST_GROUPS:
        raise ProviderFailed(
            "groups", f"{_short(group_claim)} has {len(groups):,} groups, more than {MOST_GROUPS:,}; send fewer."
        )
    verified = claims.get("email_verified")
    return Assertion(
        subject=subject,
        email=email.strip().lower() if isinstance(email, str) else None,
        # Some providers write booleans as text; whatever is neither true nor absent is false.
        is_email_verified=None if verified is None else verified in (True, "true"),
        name=name.strip() if isinstance(name, str) else None,
        groups=[group for group in groups if isinstance(group, str)],
    )


def _usable_key(jwk: object) -> RSAKey | ECKey | OKPKey | None:
    """None for a key of another kind or purpose: a provider may publish those beside."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    kinds: dict[object, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(jwk.get("kty"))
    try:
        return None if kind is None else kind.import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _object(step: str, url: str, answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):  # the latter: ten thousand brackets
        raise ProviderFailed(step, f"{url} answered {answer.status}, which is not JSON.") from None
    if not isinstance(content, dict):
        raise ProviderFailed(step, f"{url} answered JSON that is not an object.")
    return content


def _basic(client_id: str, client_secret: str) -> str:
    """RFC 6749, 2.3.1: both parts are form-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _short(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text).strip()
    return shown[:SHOWN_CHARACTERS] + ("…" if len(shown) > SHOWN_CHARACTERS else "")
