"""Events from Stripe: who signed them, and their envelope."""

import json
from typing import Any

import stripe
from pydantic import ValidationError

from control_plane.billing.errors import EventUnreadable, SignatureRefused
from control_plane.billing.rules import customer_of
from control_plane.billing.schemas import StripeEventIn

TOLERANCE_SECONDS = 300
"""How old a signature may be, as in Stripe's own libraries: it keeps a recorded delivery from being played again."""


class EventReader:
    """Several secrets, so that one can be rolled while the old one still signs."""

    def __init__(self, secrets: str) -> None:
        """Comma separated."""
        self._secrets = [secret.strip() for secret in secrets.split(",") if secret.strip()]

    def __call__(self, raw: bytes, signature: str) -> StripeEventIn:
        """Raises SignatureRefused, EventUnreadable."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise SignatureRefused from None
        if not any(_is_signed(text, signature, secret) for secret in self._secrets):
            raise SignatureRefused
        try:
            payload = _storable(json.loads(text))
            return StripeEventIn(
                id=payload["id"],
                type=payload["type"],
                created=payload["created"],
                customer_id=customer_of(payload),
                payload=payload,
            )
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
            raise EventUnreadable from None


def _is_signed(text: str, signature: str, secret: str) -> bool:
    try:
        return bool(
            stripe.WebhookSignature.verify_header(  # type: ignore[no-untyped-call]
                text, signature, secret, tolerance=TOLERANCE_SECONDS
            )
        )
    except (stripe.SignatureVerificationError, ValueError):
        return False


def _storable(value: Any) -> Any:
    """Without what Postgres can't store: NUL characters and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value
