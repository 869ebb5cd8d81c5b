"""Access tokens: what they claim, and how a plane that never saw the private key verifies them.

EdDSA (Ed25519) JWTs with a ``kid``. The algorithm is fixed here and never read from the token, so ``alg: none`` and
key-confusion attempts fail before any key is looked up.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import Unauthorized

ALGORITHM = "EdDSA"
ISSUER = "opsplane"
PEOPLE = "opsplane"
"""The audience of people's tokens."""
ANY_PLANE = "opsplane-internal"
"""In tokens for planes beside ``plane_audience``: planes from before that believe this, until they are rolled out."""
LEEWAY_SECONDS = 5
KeyLookup = Callable[[str], Awaitable[Any | None]]
"""From ``kid`` to a public key, or None when nobody knows it."""


class Claims(BaseModel):
    """``tenant_id`` is null for a super-admin and for the control plane itself."""

    model_config = ConfigDict(extra="ignore")

    sub: str
    email: str
    name: str
    role: str
    tenant_id: str | None
    method: str = "password"
    """``sso``: a tenant's own provider vouches for them, so they may act in this tenant, and not on their account."""
    second_factor: bool = False
    """Opened with a one-time code as well; without it a super-admin may only set one up."""
    impersonated_by: str | None = None
    """The super-admin behind it; ``sid`` is the impersonation then."""
    sid: UUID
    iat: int
    exp: int


@dataclass(frozen=True, slots=True)
class Verifier:
    keys: KeyLookup
    audience: str = PEOPLE

    async def verify(self, token: str) -> Claims:
        """Raises Unauthorized with the same words for every kind of bad token, except an expired one."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _invalid() from None
        if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
            raise _invalid()
        key = await self.keys(header["kid"])
        if key is None:
            raise _invalid()
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
            return Claims.model_validate(payload)
        except jwt.ExpiredSignatureError:
            raise Unauthorized("This token has expired; refresh it or sign in again.") from None
        except (jwt.PyJWTError, ValidationError):
            raise _invalid() from None


def plane_audience(pinned_tenant: str | None) -> str:
    """One tenant plane, dedicated to a tenant or shared: a token that it was sent opens no other plane."""
    return f"{ANY_PLANE}:shared" if pinned_tenant is None else f"{ANY_PLANE}:tenant:{pinned_tenant}"


def sign(claims: Mapping[str, Any], *, key: Any, kid: str, audience: str | Sequence[str] = PEOPLE) -> str:
    payload = {**claims, "iss": ISSUER, "aud": audience}
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": kid})


def public_keys(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Public keys by ``kid`` from a JWK set (RFC 7517); keys of other kinds are passed over."""
    found = {}
    for jwk in jwks.get("keys", []):
        if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519" and isinstance(jwk.get("kid"), str):
            found[jwk["kid"]] = jwt.PyJWK(jwk, algorithm=ALGORITHM).key
    return found


def _invalid() -> Unauthorized:
    return Unauthorized("This token is not valid.")
