"""oidc-provider-mock, an OpenID provider of somebody else's, in a process of its own: it has its own HTTP server and
login form, checks nonces, signs with RS256, and knows nothing of us.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.origin import HOST, free_port
from tests.support.processes import running
from tests.support.waiting import eventually


@contextmanager
def oidc_provider(log: Path, *people: dict[str, object]) -> Iterator[str]:
    """Its issuer. ``people``: the claims of each, with ``sub``; its form signs in whoever's ``sub`` is typed."""
    port = free_port()
    issuer = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "oidc_provider_mock", "--host", HOST, "--port", str(port), "--require-nonce"]
    for person in people:
        command += ["--user-claims", json.dumps(person)]
    with running(command, log) as process:
        eventually(lambda: _answers(process, issuer, log), f"an answer of {issuer}")
        yield issuer


def _answers(process: subprocess.Popen[bytes], issuer: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        answer = httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False)
    except httpx.TransportError:
        return False
    assert answer.json()["issuer"] == issuer, "somebody else listens there"
    return True
