"""Registering, passwords and invitations: a slow hash before the transaction, mail after it.

Without a mail server, an invitation's link is shown to whoever invites, once; a forgotten password can't be replaced.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from control_plane.core.permissions import Permission
from control_plane.identity import service
from control_plane.identity.errors import MailNotConfigured, MailNotSent, RegistrationClosed, WrongOtp
from control_plane.identity.flows.sessions import SessionFlows
from control_plane.identity.passwords import hash_password
from control_plane.identity.ports import Mail
from control_plane.identity.schemas import (
    FactorBegin,
    FactorBegun,
    FactorRemove,
    Forgotten,
    InvitationCreate,
    Invited,
    InvitedAll,
    InvitedRead,
    PasswordChange,
    PasswordResetCommand,
    Register,
    Registered,
)
from shared.errors import AppError
from shared.tx import ANONYMOUS, Actor, Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AccountFlows:
    """``public_url``: where links in mails lead; never missing where there is mail."""

    database: Database
    sessions: SessionFlows
    mail: Mail
    is_open: bool
    public_url: str | None
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    async def register(self, command: Register) -> Registered:
        """Raises RegistrationClosed, EmailTaken; InvitationInvalid, AccountExists; WeakPassword."""
        if command.token is None:
            if not self.is_open:
                raise RegistrationClosed
            password_hash = await hash_password(command.password.get_secret_value())
            async with self.database.write(ANONYMOUS) as tx:
                return await service.register(tx, str(command.email), command.name, password_hash)
        token = command.token.get_secret_value()
        async with self.database.read(ANONYMOUS) as reading:
            await service.preview_invitation(reading, token)  # nobody makes us hash passwords without one
        password_hash = await hash_password(command.password.get_secret_value())
        async with self.database.write(ANONYMOUS) as tx:
            return await service.register_invited(tx, token, command.name, password_hash)

    async def change_password(self, actor: Actor, command: PasswordChange) -> int:
        """How many other sessions have ended. Raises WrongCredentials, AccountLocked: a stolen session can't guess."""
        actor.require(Permission.ACCOUNT_MANAGE)
        async with self.sessions.proven(actor.name, command.old_password) as (_, credentials):
            new_hash = await hash_password(command.new_password.get_secret_value())
            async with self.database.write(actor) as tx:
                return await service.change_password(tx, credentials, new_hash)

    async def begin_totp(self, actor: Actor, command: FactorBegin) -> FactorBegun:
        """Raises WrongCredentials, AccountLocked; FactorExists."""
        actor.require(Permission.ACCOUNT_MANAGE)
        async with (
            self.sessions.proven(actor.name, command.password) as (_, credentials),
            self.database.write(actor) as tx,
        ):
            return await service.begin_totp(tx, credentials, self.sessions.factors)

    async def remove_totp(self, actor: Actor, command: FactorRemove) -> None:
        """Raises WrongCredentials, WrongOtp, AccountLocked; NoFactor, FactorRequired."""
        actor.require(Permission.ACCOUNT_MANAGE)
        async with self.sessions.proven(actor.name, command.password) as (attempt, credentials):
            async with self.database.write(actor) as tx:
                removed = await service.remove_totp(
                    tx, credentials, command.otp.get_secret_value(), self.sessions.factors
                )
                if not removed:
                    await service.note_failure(tx, attempt)
            if not removed:
                raise WrongOtp

    async def forgot_password(self, command: Forgotten) -> None:
        """Returns before anything is looked up, so that nobody learns from its time whether there is such an account.
        Raises MailNotConfigured on an installation that can send nobody a link.
        """
        if not self.mail.is_configured:
            raise MailNotConfigured
        task = asyncio.create_task(self._mail_reset(command.email))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def reset_password(self, command: PasswordResetCommand) -> None:
        """Raises ResetInvalid, WeakPassword."""
        token = command.token.get_secret_value()
        async with self.database.read(ANONYMOUS) as reading:
            await service.check_reset(reading, token)  # nobody makes us hash passwords without one
        new_hash = await hash_password(command.password.get_secret_value())
        async with self.database.write(ANONYMOUS) as tx:
            await service.reset_password(tx, token, new_hash)

    async def invite(self, actor: Actor, tenant_id: str | None, command: InvitationCreate, origin: str) -> InvitedAll:
        """``origin``: this installation, as the caller reached it. Raises NoRoomForUser."""
        async with self.database.write(actor) as tx:
            invited = await service.invite(tx, tenant_id, command)
        return await self._answer(invited, actor, origin)

    async def resend(self, actor: Actor, tenant_id: str | None, invitation_id: UUID, origin: str) -> InvitedRead:
        """Raises InvitationNotFound, NoRoomForUser."""
        async with self.database.write(actor) as tx:
            renewed = await service.renew_invitation(tx, tenant_id, invitation_id)
        return (await self._answer([renewed], actor, origin)).items[0]

    async def _answer(self, invited: Sequence[Invited], actor: Actor, origin: str) -> InvitedAll:
        """Where mail is sent, a link goes to the address only, even if it doesn't get there: it proves the address."""
        mailed = await asyncio.gather(*(self._mail_invitation(one, actor) for one in invited))
        sent = [one.token for one, is_mailed in zip(invited, mailed, strict=True) if is_mailed and one.token]
        if sent:
            async with self.database.write(actor) as tx:
                await service.note_mailed(tx, sent)
        return InvitedAll(
            items=[
                InvitedRead(
                    email=one.email,
                    outcome=one.outcome,
                    invitation=one.invitation,
                    is_mailed=is_mailed,
                    link=None if one.token is None or self.mail.is_configured else self._link(one.token, origin),
                )
                for one, is_mailed in zip(invited, mailed, strict=True)
            ],
            is_mail_configured=self.mail.is_configured,
        )

    async def _mail_invitation(self, invited: Invited, actor: Actor) -> bool:
        if invited.token is None or not self.mail.is_configured:
            return False
        text = (
            f"{actor.name} invites you to {invited.tenant_name} in Opsplane.\n\n"
            f"Accept within a week:\n{self._link(invited.token, str(self.public_url))}\n"
        )
        try:
            await self.mail.send(invited.email, f"Invitation to {' '.join(invited.tenant_name.split())}", text)
        except MailNotSent:
            return False
        return True

    def _link(self, token: str, origin: str) -> str:
        """The token stands behind the #, so that no server's log has it."""
        return f"{self.public_url or origin}/join#{token}"

    async def _mail_reset(self, email: str) -> None:
        try:
            async with self.database.write(ANONYMOUS) as tx:
                token = await service.begin_password_reset(tx, email)
            if token is not None:
                text = (
                    "Somebody, probably you, asked for a new password.\n\n"
                    f"Choose one within the next hour:\n{self.public_url}/reset-password#{token}\n\n"
                    "If it was not you, do nothing: your password stays as it is.\n"
                )
                await self.mail.send(email, "A new password for Opsplane", text)
        except AppError as error:
            log.warning("password_reset_not_mailed", detail=error.detail)
