"""What a failing database means to a caller."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from shared.database import absence_is_unavailable, create_engine, runs_twice, sqlstate
from shared.errors import Unavailable
from shared.tx import ANONYMOUS
from tests.shared.conftest import OneSchema


class Verb:
    """Counts its runs; the first ``fails`` of them do what makes Postgres raise the given state."""

    def __init__(self, database: OneSchema, state: str, fails: int) -> None:
        self.database, self.state, self.fails, self.runs = database, state, fails, 0

    async def __call__(self) -> int:
        self.runs += 1
        async with self.database.write(ANONYMOUS) as tx:
            await tx.session.execute(text("insert into things values (:name)"), {"name": f"run {self.runs}"})
            raising = f"do $$ begin raise exception using errcode = '{self.state}', message = 'x'; end $$"
            await tx.session.execute(text(raising if self.runs <= self.fails else "select 1"))
        return self.runs


async def things(database: OneSchema) -> list[str]:
    async with database.read(ANONYMOUS) as tx:
        return list((await tx.session.execute(text("select name from things"))).scalars())


@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_a_verb_that_lost_against_another_runs_once_more(database: OneSchema, state: str) -> None:
    verb = Verb(database, state, 1)
    assert await runs_twice(verb) == 2
    assert await things(database) == ["run 2"]


@pytest.mark.parametrize(
    ("state", "fails", "runs"), [("40001", 2, 2), ("40P01", 2, 2), ("P0001", 1, 1), ("23505", 1, 1)]
)
async def test_it_does_not_run_more_often_than_that(database: OneSchema, state: str, fails: int, runs: int) -> None:
    verb = Verb(database, state, fails)
    with pytest.raises(DBAPIError) as failure:
        await runs_twice(verb)
    assert (sqlstate(failure.value), verb.runs) == (state, runs)
    assert await things(database) == []


@pytest.mark.parametrize("state", ["08006", "53300", "57P01", "57P03", "58000"])
async def test_a_server_in_trouble_is_unavailable(database: OneSchema, state: str) -> None:
    with pytest.raises(Unavailable, match="nothing was changed") as refusal:
        await Verb(database, state, 1)()
    assert refusal.value.retry_after_seconds == 2
    assert await things(database) == []


async def test_a_wrong_statement_stays_what_it_is(database: OneSchema) -> None:
    with pytest.raises(ProgrammingError):
        async with database.read(ANONYMOUS) as tx:
            await tx.session.execute(text("select nonsense"))
    async with database.write(ANONYMOUS) as tx:
        await tx.session.execute(text("insert into things values ('a')"))
    with pytest.raises(IntegrityError):
        async with database.write(ANONYMOUS) as tx:
            await tx.session.execute(text("insert into things values ('a')"))
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.read(ANONYMOUS) as tx:
            await tx.session.execute(text("insert into things values ('b')"))
    assert await things(database) == ["a"]


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    engine = create_engine("postgresql://nobody:x@127.0.0.1:1/nothing")
    with pytest.raises(Unavailable):
        async with absence_is_unavailable(), engine.connect():
            raise NotImplementedError
    await engine.dispose()


async def test_a_connection_that_was_cut_is_unavailable_and_the_next_one_works(database: OneSchema) -> None:
    cut = "insert into things select pg_terminate_backend(pg_backend_pid())::text"
    with pytest.raises(Unavailable):
        async with database.write(ANONYMOUS) as tx:
            await tx.session.execute(text(cut))
    assert await things(database) == []


async def test_an_error_does_not_show_what_customers_wrote(database: OneSchema) -> None:
    with pytest.raises(DBAPIError) as failure:
        async with database.write(ANONYMOUS) as tx:
            await tx.session.execute(text("insert into nothing values (:name)"), {"name": "a customer's words"})
    assert "a customer's words" not in str(failure.value)
