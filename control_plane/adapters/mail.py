"""Mail over SMTP. smtplib in a thread: sending takes as long as the server likes, and nobody waits for it in the loop.

The message is built by the standard library, which refuses a line break in a header and a second address in a place
for one, so neither an address nor a subject can add headers or recipients.
"""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

import structlog

from control_plane.identity.errors import MailNotSent

log = structlog.get_logger()
TIMEOUT_SECONDS = 15
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class NoMail:
    """An installation without an SMTP server. Whoever wanted to send mail must show its content instead, and say so."""

    is_configured = False

    async def send(self, to: str, subject: str, text: str) -> None:
        raise MailNotSent("This installation has no mail server (OPSPLANE_SMTP_URL).")


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """``scheme``: smtps speaks TLS from the start; smtp changes to TLS by STARTTLS before it says who it is.

    Without user name and password, plain SMTP is spoken to a server that offers no STARTTLS, as to a relay beside us.
    """

    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    is_configured = True

    @classmethod
    def of(cls, url: str, sender: str) -> "SmtpMail":
        """``smtp[s]://user:password@host:port``. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("OPSPLANE_SMTP_URL must look like smtp://user:password@host:587 or smtps://…:465.")
        user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
        return cls(parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS[parts.scheme], user, password, sender)

    async def send(self, to: str, subject: str, text: str) -> None:
        """Raises MailNotSent; the log says why, since the caller is told only that it did not leave."""
        try:
            message = self._message(to, subject, text)
            await asyncio.to_thread(self._deliver, message)
        except (OSError, smtplib.SMTPException, MessageError, ValueError, IndexError) as error:
            log.warning("mail_not_sent", host=self.host, error=type(error).__name__, detail=str(error)[:300])
            raise MailNotSent("The mail could not be sent.") from error

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=parseaddr(self.sender)[1].rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def _deliver(self, message: EmailMessage) -> None:
        context = ssl.create_default_context()
        if self.scheme == "smtps":
            with smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context) as server:
                self._hand_over(server, message)
            return
        with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS) as server:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self.user is not None:
                raise smtplib.SMTPNotSupportedError(
                    "The server offers no STARTTLS; a password is not sent in the open."
                )
            self._hand_over(server, message)

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        if self.user is not None:
            server.login(self.user, self.password or "")
        server.send_message(message)


def mail_of(smtp_url: str | None, sender: str | None, public_url: str | None) -> NoMail | SmtpMail:
    """What the settings say. Raises ValueError when one of them is missing or can't be read.

    Links in mails lead to ``public_url``: whoever asks for a mail to somebody else also says the request's Host.
    """
    if smtp_url is None:
        return NoMail()
    if public_url is None:
        raise ValueError("OPSPLANE_PUBLIC_URL is needed together with OPSPLANE_SMTP_URL: links in mails lead there.")
    if not sender:
        raise ValueError("OPSPLANE_MAIL_FROM is needed together with OPSPLANE_SMTP_URL.")
    return SmtpMail.of(smtp_url, sender)
