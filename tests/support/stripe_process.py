"""A fake Stripe in a process of its own, beside a product that is told to take it for the real one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.stripe.server import KEY, SECRET
from tests.support.origin import HOST, free_port
from tests.support.processes import running
from tests.support.waiting import eventually


@dataclass(frozen=True)
class StripeProcess:
    base_url: str

    @property
    def environment(self) -> dict[str, str]:
        """Of a product that sells by it."""
        return {
            "OPSPLANE_STRIPE_KEY": KEY,
            "OPSPLANE_STRIPE_WEBHOOK_SECRETS": SECRET,
            "OPSPLANE_STRIPE_API_BASE": self.base_url,
        }


@contextmanager
def stripe_beside(product_port: int, log: Path) -> Iterator[StripeProcess]:
    """It reads Stripe's whole document first; that goes on while the caller starts the product."""
    port = free_port()
    webhook = f"http://{HOST}:{product_port}/api/billing/webhook"
    command = [sys.executable, "-m", "tests.fakes.stripe", "--port", str(port), "--webhook", webhook]
    with running(command, log, {"PYTHONUNBUFFERED": "1"}):
        yield StripeProcess(f"http://{HOST}:{port}")


def until_it_answers(stripe: StripeProcess, log: Path) -> None:
    eventually(lambda: stripe.base_url in log.read_text(), f"“{stripe.base_url}” in {log}", seconds=60)
