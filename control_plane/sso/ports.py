from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Client:
    """What we are at a provider; without a secret, a public client that proves itself by PKCE alone."""

    issuer: str
    client_id: str
    client_secret: str | None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one attempt to sign in is bound to: ``state`` and ``nonce`` go out, ``code_verifier`` stays here."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who signed in, in the words of a provider whose signature has been checked.

    ``is_email_verified`` is None when the provider says nothing about it.
    """

    subject: str
    email: str | None
    is_email_verified: bool | None
    name: str | None
    groups: Sequence[str]


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """What a provider publishes about itself; ``keys`` is the number of its keys that we can use."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    keys: int
    has_pkce: bool


class IdentityProvider(Protocol):
    """An OpenID provider. Each verb raises ProviderFailed, which says what exactly failed."""

    async def authorization_url(self, client: Client, challenge: Challenge, redirect_uri: str) -> str: ...

    async def redeem(
        self, client: Client, code: str, nonce: str, code_verifier: str, redirect_uri: str, group_claim: str
    ) -> Assertion:
        """Exchange the code; returns what the verified ID token says."""
        ...

    async def check(self, issuer: str) -> ProviderFacts:
        """Read its discovery document and its keys, nothing remembered."""
        ...
