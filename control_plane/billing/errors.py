from uuid import UUID

from shared.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Invalid,
    InvalidTransition,
    QuotaExceeded,
    Unavailable,
)


class BillingIsManual(Conflict):
    code = "BILLING_MANUAL"

    def __init__(self) -> None:
        super().__init__("This installation has no Stripe key: plans are given by the provider's super-admins.")


class TenantNotNamed(Invalid):
    def __init__(self) -> None:
        super().__init__(
            "query.tenant_id: say which tenant is meant.",
            errors=[FieldError(field="query.tenant_id", message="is required of those who work in no tenant")],
        )


class NotForSale(Invalid):
    def __init__(self, plan: str, why: str) -> None:
        super().__init__(
            f"body.plan: {plan} can't be bought here: {why}",
            errors=[FieldError(field="body.plan", message="must be a plan with a price in GET /api/plans")],
        )


class AlreadySubscribed(Conflict):
    def __init__(self, plan: str | None) -> None:
        super().__init__(f"There is a subscription already ({plan or 'of an unknown plan'}); change that one instead.")


class NoSubscription(InvalidTransition):
    def __init__(self) -> None:
        super().__init__("There is no subscription; begin one with a checkout.")


class NotNow(InvalidTransition):
    """The subscription's state does not allow this."""


class NoCustomer(Conflict):
    def __init__(self) -> None:
        super().__init__("This tenant has bought nothing yet, so there is nothing to show; begin with a checkout.")


class ChangeRunning(Conflict):
    def __init__(self, kind: str, change_id: UUID) -> None:
        super().__init__(f"A change is not finished yet: {kind} ({change_id}). It goes on by itself; try again then.")


class WrongCurrency(Invalid):
    def __init__(self, currency: str) -> None:
        super().__init__(
            f"body.currency: this tenant pays in {currency}.",
            errors=[FieldError(field="body.currency", message=f"must be {currency}")],
        )


class SignatureRefused(BadRequest):
    """Nothing is stored. Does not say what was wrong, since only Stripe should ever see it."""

    code = "BAD_SIGNATURE"

    def __init__(self) -> None:
        super().__init__("The Stripe-Signature does not fit the body and any secret of this endpoint, or is too old.")


class EventUnreadable(BadRequest):
    def __init__(self) -> None:
        super().__init__("The body is signed, but no event of Stripe.")


class StripeAway(Unavailable):
    """Stripe did not answer, or can't now. What is recorded goes on by itself."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"Stripe does not answer ({detail}); what was asked for goes on by itself.")


class StripeRefused(Conflict):
    """Stripe understood and said no; asking again won't help."""

    code = "STRIPE_REFUSED"


class PaymentRefused(QuotaExceeded):
    code = "PAYMENT_REFUSED"
