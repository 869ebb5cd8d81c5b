"""Rows of an archive into the tables of this installation. Whoever wrote the archive is not trusted here:

- Nobody's account that is here changes. Rows about people are taken for the archive's own people only, and of those
  who have an account here (by e-mail address) the membership comes, but no password, second factor, recovery code or
  link to an identity provider. Nobody becomes super-admin.
- What an installation itself has found right, raised limits, confirmed domains and proven addresses, comes only when
  the one who imports says so (``keep_grants``).
- A sealed secret comes when this installation can open it. Else a second factor stays behind with its recovery codes,
  and single sign-on stays switched off until its client secret is entered again.

What did not come is said in ``notices``.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from control_plane.core.permissions import Permission
from control_plane.tenants.archive.rows import names
from control_plane.tenants.archive.tables import AUDIT, TABLES, USERS, TenantTable
from control_plane.tenants.errors import RowsDoNotFit
from control_plane.tenants.ports import Opens
from control_plane.tenants.schemas import LimitBrought
from shared.database import sqlstate
from shared.fields import Email
from shared.tar import BrokenArchive
from shared.tx import WriteTx

KNOWN_USERS = text("select id, email from users where email = any (:emails) or id = any (cast(:ids as uuid[]))")
WRONG_ROWS = ("22", "23")  # data that its column can't hold, or that breaks a constraint
PLACES = {table.name: place for place, table in enumerate(TABLES)}
LISTS = {"sso_connections": ("confirmed_domains",)}
EMAIL: TypeAdapter[str] = TypeAdapter(Email)
Row = dict[str, Any]
ACCOUNTS, FACTORS, LINKS = "accounts", "factors", "links"
SENTENCES = {
    ACCOUNTS: "{} had an account here already: it stays as it is, and is a member now.",
    FACTORS: "{} had a second factor that can't be opened here: they sign in without it until they set one up again.",
    LINKS: "{} will be linked to their account at the identity provider when they sign in that way next.",
}
CLOSED = (
    "The client secret of single sign-on was sealed with another installation's secret: enter it again. Until then"
    " nobody signs in that way, and passwords count for everybody."
)


@dataclass(frozen=True, slots=True)
class Vaults:
    """Whether this installation's secret opens what another one has sealed."""

    opens_factor: Opens
    opens_client_secret: Opens


@dataclass(slots=True)
class Restored:
    """``rows``: how many of each table came. ``limits``: what was granted beside the plan."""

    rows: dict[str, int] = field(default_factory=dict)
    limits: list[LimitBrought] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


class Restoring:
    """The caller's transaction makes it all or nothing."""

    def __init__(
        self, tx: WriteTx, tenant_id: str, columns: Mapping[str, list[str]], vaults: Vaults, *, keep_grants: bool
    ) -> None:
        tx.require(Permission.TENANTS_MANAGE)
        self._tx = tx
        self._tenant_id = tenant_id
        self._columns = columns
        self._vaults = vaults
        self._keep_grants = keep_grants
        self._place = 0
        self._people: dict[str, str] = {}
        self._known: set[str] = set()
        self._factors: set[str] = set()
        self._has_closed_connection = False
        self._restored = Restored()
        self._left: Counter[str] = Counter()
        self._raised: list[str] = []

    async def take(self, name: str, lines: Iterable[bytes]) -> None:
        """Some rows of one table. Raises BrokenArchive, RowsDoNotFit."""
        place = PLACES.get(name)
        if place is None:
            raise BrokenArchive(f"The archive has rows of a table {name} that no tenant has.")
        if place < self._place:
            raise BrokenArchive(f"The archive's rows of {name} do not stand where they belong.")
        self._place, table = place, TABLES[place]
        rows = [_parsed(line) for line in lines if line]
        self._check(table, rows)
        if name != AUDIT:
            kept = await self._kept(table, rows)
            await self._insert(table, kept)
            self._restored.rows[name] = self._restored.rows.get(name, 0) + len(kept)

    def done(self) -> Restored:
        self._restored.notices += [
            SENTENCES[what].format(_people(self._left[what])) for what in SENTENCES if self._left[what]
        ]
        if self._raised:
            self._restored.notices.append(
                f"Limits that were set there beside the plan do not count here: {', '.join(self._raised)}."
            )
        return self._restored

    def _check(self, table: TenantTable, rows: list[Row]) -> None:
        """Each row is the tenant's own and about its own people."""
        columns = set(self._columns.get(table.name, ()))
        for row in rows:
            if set(row) != columns:
                raise BrokenArchive(f"The archive's rows of {table.name} do not have the columns that it names.")
            if row.get("tenant_id", self._tenant_id) != self._tenant_id:
                raise BrokenArchive(f"The archive has a row of {table.name} that belongs to another tenant.")
            if any(not isinstance(who := row.get(column), str) or who not in self._people for column in table.users):
                raise BrokenArchive(f"The archive has a row of {table.name} about somebody who is not in it.")
            if not all(
                _is_list_of_texts(row.get(column)) for column in (*table.user_lists, *LISTS.get(table.name, ()))
            ):
                raise BrokenArchive(f"The archive has a row of {table.name} that can't be read.")

    async def _kept(self, table: TenantTable, rows: list[Row]) -> list[Row]:
        if table.name == USERS:
            return await self._new_people(rows)
        if table.name == "second_factors":
            rows = self._openable(rows)
        elif table.name == "recovery_codes":
            rows = [row for row in rows if row["user_id"] in self._factors]
        elif table.name == "sso_identities":
            self._left[LINKS] += sum(row["user_id"] in self._known for row in rows)
            rows = [row for row in rows if row["user_id"] not in self._known]
        elif table.name == "limit_overrides":
            rows = self._granted(rows)
        elif table.name == "sso_connections":
            rows = [self._connection(row) for row in rows]
        elif table.name == "sign_in_policies" and self._has_closed_connection:
            rows = [{**row, "sso_domains": [], "exempt_user_ids": []} for row in rows]
        elif table.name == "invitations":
            rows = [self._unproven(row, "mailed_at") for row in rows]
        return [self._moved(table, row) for row in rows]

    async def _new_people(self, rows: list[Row]) -> list[Row]:
        """Those who are not here yet; who has the same address keeps the account that is here."""
        for row in rows:
            if not _is_uuid(row.get("id")) or not _is_email(row.get("email")) or row["id"] in self._people:
                raise BrokenArchive("The archive has a person who can't be read, or the same one twice.")
            self._people[row["id"]] = row["id"]
        wanted = {"emails": [row["email"] for row in rows], "ids": [row["id"] for row in rows]}
        here = (await self._tx.session.execute(KNOWN_USERS, wanted)).all()
        by_email, taken = {row.email: str(row.id) for row in here}, {str(row.id) for row in here}
        for row in rows:
            if row["email"] in by_email:
                self._people[row["id"]] = by_email[row["email"]]
                self._known.add(row["id"])
                self._left[ACCOUNTS] += 1
            elif row["id"] in taken:
                self._people[row["id"]] = str(uuid7())
        return [
            {**self._unproven(row, "email_verified_at"), "id": self._people[row["id"]], "is_super_admin": False}
            for row in rows
            if row["id"] not in self._known
        ]

    def _unproven(self, row: Row, column: str) -> Row:
        """Whoever forges an account for somebody else's address must not keep it after a new password by mail."""
        return row if self._keep_grants or column not in row else {**row, column: None}

    def _openable(self, rows: list[Row]) -> list[Row]:
        """Each is sealed for one person's id, so an account with another id here enrols anew as well."""
        new = [row for row in rows if row["user_id"] not in self._known]
        kept = [
            row
            for row in new
            if self._vaults.opens_factor(UUID(self._people[row["user_id"]]), _bytes(row.get("sealed_secret")))
        ]
        self._factors.update(row["user_id"] for row in kept)
        self._left[FACTORS] += len(new) - len(kept)
        return kept

    def _granted(self, rows: list[Row]) -> list[Row]:
        in_force = [row for row in rows if row.get("ended_at") is None]
        if not self._keep_grants:
            self._raised += [str(row.get("limit_name")) for row in in_force]
            return []
        try:
            self._restored.limits += [LimitBrought.model_validate(row) for row in in_force]
        except ValidationError:
            raise BrokenArchive("The archive has a raised limit that can't be read.") from None
        return rows

    def _connection(self, row: Row) -> Row:
        changed: Row = {}
        sealed = row.get("sealed_client_secret")
        if sealed is not None and not (
            _is_uuid(row.get("id")) and self._vaults.opens_client_secret(UUID(row["id"]), _bytes(sealed))
        ):
            changed |= {"sealed_client_secret": None, "is_enforced": False}
            self._has_closed_connection = True
            self._restored.notices.append(CLOSED)
        if row["confirmed_domains"] and not self._keep_grants:
            changed["confirmed_domains"] = []
            domains = ", ".join(row["confirmed_domains"])
            self._restored.notices.append(f"Domains of single sign-on are not confirmed here yet: {domains}.")
        return {**row, **changed}

    def _moved(self, table: TenantTable, row: Row) -> Row:
        """With the ids that people have here. Somebody on a list who is no member any more is nobody here."""
        singles = {column: self._people[row[column]] for column in table.users}
        lists = {
            column: [self._people[user] for user in row[column] if user in self._people] for column in table.user_lists
        }
        return {**row, **singles, **lists}

    async def _insert(self, table: TenantTable, rows: list[Row]) -> None:
        """Columns that the archive does not know get their defaults."""
        if not rows:
            return
        columns = names(self._columns[table.name])
        statement = text(
            f"insert into {table.name} ({columns}) select {columns}"
            f" from jsonb_populate_recordset(null::{table.name}, cast(:rows as jsonb))"
        )
        try:
            await self._tx.session.execute(statement, {"rows": json.dumps(rows)})
        except DBAPIError as error:
            if not sqlstate(error).startswith(WRONG_ROWS):
                raise
            raise RowsDoNotFit(table.name) from error


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count} people"


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_email(value: object) -> bool:
    try:
        return EMAIL.validate_python(value) == value
    except ValidationError:
        return False


def _bytes(value: object) -> bytes:
    """As Postgres writes them into JSON: ``\\x0aff``."""
    try:
        return bytes.fromhex(str(value).removeprefix("\\x"))
    except ValueError:
        raise BrokenArchive("The archive has a sealed secret that can't be read.") from None


def _parsed(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BrokenArchive("The archive has a row that can't be read.")
    return row
