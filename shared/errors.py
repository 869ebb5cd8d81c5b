"""The families of expected errors.

A family fixes what a client may do next (its HTTP status and GraphQL code are the same everywhere); a domain
subclasses a family, sets a sentence and, where clients must tell cases apart, a code of its own. Anything else that
is raised is a bug: logged once with its trace id and shown as "internal error".
"""

from typing import ClassVar

from pydantic import BaseModel


class FieldError(BaseModel):
    """One wrong field: its path in the request, for example ``body.severity``, and what is wrong with it."""

    field: str
    message: str


class AppError(Exception):
    status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST"

    def __init__(self, detail: str, *, errors: list[FieldError] | None = None, retry_after_seconds: int | None = None):
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds


class BadRequest(AppError):
    """The body is not JSON, or a header can't be read."""


class Unauthorized(AppError):
    status = 401
    code = "UNAUTHORIZED"


class QuotaExceeded(AppError):
    status = 402
    code = "QUOTA_EXCEEDED"


class Forbidden(AppError):
    status = 403
    code = "FORBIDDEN"


class NotFound(AppError):
    """Never existed, or belongs to somebody else: the two must look the same."""

    status = 404
    code = "NOT_FOUND"


class MethodNotAllowed(AppError):
    status = 405
    code = "METHOD_NOT_ALLOWED"


class Conflict(AppError):
    status = 409
    code = "CONFLICT"


class InvalidTransition(AppError):
    """A state machine does not allow this move. 400 by contract; the ``k8s`` profile renders it as 409."""

    status = 400
    code = "INVALID_TRANSITION"


class PreconditionFailed(AppError):
    status = 412
    code = "PRECONDITION_FAILED"


class TooLarge(AppError):
    status = 413
    code = "PAYLOAD_TOO_LARGE"


class Invalid(AppError):
    status = 422
    code = "VALIDATION_ERROR"


class RateLimited(AppError):
    status = 429
    code = "RATE_LIMIT"


class Unavailable(AppError):
    """Nothing was accepted; the same request may be sent again later."""

    status = 503
    code = "UNAVAILABLE"
