"""Mail, as a real SMTP server gets it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from control_plane.adapters.mail import NoMail, SmtpMail, mail_of
from control_plane.identity.errors import MailNotSent
from tests.control_plane.support import control_plane
from tests.support.inbox import Inbox, smtp_server

URL = "https://ops.example"


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def port(inbox: Inbox) -> AsyncIterator[int]:
    async with smtp_server(inbox) as port:
        yield port


@pytest.fixture
def mail(port: int) -> NoMail | SmtpMail:
    return mail_of(f"smtp://127.0.0.1:{port}", "Opsplane <no-reply@opsplane.example>", URL)


async def test_a_mail_arrives(mail: SmtpMail, inbox: Inbox) -> None:
    await mail.send("ana@acme.example", "You are invited", "Open https://ops.example/x\nGrüße")
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@opsplane.example", ["ana@acme.example"])
    headers, _, body = inbox.text().partition("\r\n\r\n")
    assert "Subject: You are invited" in headers and "To: ana@acme.example" in headers
    assert "From: Opsplane <no-reply@opsplane.example>" in headers and "@opsplane.example>" in headers
    assert "Gr=C3=BC=C3=9Fe" in body or "Grüße" in body


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ana@acme.example\nBcc: eve@evil.example", "Hello"),
        ("ana@acme.example\r\nBcc: eve@evil.example", "Hello"),
        ("ana@acme.example, eve@evil.example", "Hello"),
        ("ana@acme.example,eve@evil.example", "Hello"),
        ("<eve@evil.example>", "Hello"),
        ("nobody", "Hello"),
        ("ana@acme.example", "Hello\r\nBcc: eve@evil.example"),
    ],
)
async def test_nothing_can_be_added_to_the_headers(mail: SmtpMail, inbox: Inbox, to: str, subject: str) -> None:
    with pytest.raises(MailNotSent):
        await mail.send(to, subject, "text")
    assert inbox.envelopes == []


async def test_a_dot_on_a_line_does_not_end_the_mail(mail: SmtpMail, inbox: Inbox) -> None:
    await mail.send("ana@acme.example", "Dots", "one\n.\nMAIL FROM:<eve@evil.example>\n")
    assert len(inbox.envelopes) == 1
    assert "MAIL FROM:<eve@evil.example>" in inbox.text()


async def test_a_server_that_is_away_is_no_crash(inbox: Inbox) -> None:
    async with smtp_server(inbox) as port:
        pass
    with pytest.raises(MailNotSent):
        await mail_of(f"smtp://127.0.0.1:{port}", "a@b.example", URL).send("ana@acme.example", "Hello", "text")


async def test_a_password_is_not_sent_in_the_open(inbox: Inbox) -> None:
    shown: list[Any] = []

    def note(*args: Any) -> AuthResult:
        shown.append(args)
        return AuthResult(success=True)

    async with smtp_server(inbox, authenticator=note, auth_require_tls=False) as port:
        mail = mail_of(f"smtp://ana:p%40ss@127.0.0.1:{port}", "no-reply@opsplane.example", URL)
        with pytest.raises(MailNotSent):
            await mail.send("ana@acme.example", "Hello", "text")
    assert (shown, inbox.envelopes) == ([], [])


async def test_without_a_server_there_is_no_mail() -> None:
    mail = mail_of(None, None, None)
    assert not mail.is_configured
    with pytest.raises(MailNotSent):
        await mail.send("ana@acme.example", "Hello", "text")


@pytest.mark.parametrize(
    ("url", "sender"), [("smtp://mail.example", None), ("http://mail.example", "a@b"), ("x", "a@b")]
)
def test_settings_that_say_nonsense_are_refused(url: str, sender: str | None) -> None:
    with pytest.raises(ValueError, match="OPSPLANE_"):
        mail_of(url, sender, URL)


def test_links_in_mails_lead_nowhere_that_a_request_says(empty_url: str, password_hash: str) -> None:
    """Whoever asks for a mail to somebody else chooses the Host header of the request."""
    with pytest.raises(ValueError, match="OPSPLANE_PUBLIC_URL is needed together with OPSPLANE_SMTP_URL"):
        control_plane(empty_url, password_hash, smtp_url="smtp://mail.example", mail_from="a@b.example")


def test_the_url_has_it_all() -> None:
    mail = mail_of("smtps://ana:p%40ss@mail.example", "a@b.example", URL)
    assert isinstance(mail, SmtpMail)
    assert (mail.scheme, mail.host, mail.port, mail.user, mail.password) == (
        "smtps",
        "mail.example",
        465,
        "ana",
        "p@ss",
    )
    assert "p@ss" not in repr(mail)
