"""One-time codes (RFC 6238: SHA-1, 30 seconds, six digits), as every authenticator app makes them."""

import io
from datetime import datetime

import pyotp
import segno

STEP_SECONDS = 30
TOLERANCE = 1
"""Steps before and after the present one, for clocks that differ and people who type slowly."""
ISSUER = "Opsplane"


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: str, step: int) -> str:
    return pyotp.TOTP(secret).at(step * STEP_SECONDS)


def matching_step(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step that ``code`` belongs to, if it counts now and nothing of it or of a later one was used; else None."""
    present = step_of(now)
    earliest = present - TOLERANCE if last_step is None else max(present - TOLERANCE, last_step + 1)
    matching = [
        s for s in range(earliest, present + TOLERANCE + 1) if pyotp.utils.strings_equal(code_of(secret, s), code)
    ]
    return matching[0] if matching else None


def otpauth_uri(secret: str, email: str) -> str:
    """What a QR code tells an authenticator app (Google's Key Uri Format)."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def qr_svg(text: str) -> str:
    """An <svg> element that scales with its surroundings."""
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, border=4, omitsize=True)
    return drawn.getvalue().decode()
