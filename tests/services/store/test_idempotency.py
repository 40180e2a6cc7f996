"""The same request twice: one effect, one answer."""

import asyncio
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from provenwork.core.errors import (
    CommitUnknown,
    IdempotencyConflict,
    RequestInFlight,
    ValidationFailed,
)
from provenwork.store import Answer, Database, RequestId, answer_once, forget_answers
from tests.services.store.harness import ask, child

pytestmark = pytest.mark.anyio

REQUEST = RequestId("alice", "POST", "/jobs", "key")
DAY = 24 * 3_600


@pytest.fixture(autouse=True)
def effects(url):
    """A table for effects, and how many there are."""
    ask(url, "CREATE TABLE effects (id text)")
    return lambda: ask(url, "SELECT count(*) FROM effects")[0][0]


async def pay(transaction):
    """An effect: a row, an event, and an answer that is another one each time."""
    await transaction.execute(text("INSERT INTO effects VALUES ('paid')"))
    transaction.emit("jobs", "paid", {})
    return Answer(201, uuid4().bytes, "application/octet-stream")


async def test_same_answer(database, effects):
    """The same key and body: the first answer again, byte for byte, and no second effect."""
    first = await answer_once(database, REQUEST, b"{}", pay)
    again = await answer_once(database, REQUEST, b"{}", pay)
    assert not first.replayed
    assert again.replayed
    assert (again.status, again.body, again.content_type) == (201, first.body, first.content_type)
    assert effects() == 1


async def test_other_body(database, effects):
    """The same key with another body is refused, and has no effect."""
    await answer_once(database, REQUEST, b"{}", pay)
    with pytest.raises(IdempotencyConflict):
        await answer_once(database, REQUEST, b"{ }", pay)
    assert effects() == 1


@pytest.mark.parametrize(
    "other",
    [
        RequestId("bob", "POST", "/jobs", "key"),
        RequestId("alice", "PUT", "/jobs", "key"),
        RequestId("alice", "POST", "/jobs/1", "key"),
        RequestId("alice", "POST", "/jobs", "key2"),
        RequestId("alic", "ePOST", "/jobs", "key"),
    ],
    ids=["principal", "method", "route", "key", "shifted"],
)
async def test_scope(database, effects, other):
    """A key is its principal's, its method's and its route's: elsewhere it is another one."""
    first = await answer_once(database, REQUEST, b"{}", pay)
    elsewhere = await answer_once(database, other, b"other", pay)
    assert elsewhere.body != first.body
    assert effects() == 2


async def test_in_flight(database, effects):
    """While a request is being answered, its repetition is told to wait; other keys are not held up."""
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def slow(transaction):
        inside.set()
        await go_on.wait()
        return await pay(transaction)

    first = asyncio.create_task(answer_once(database, REQUEST, b"{}", slow))
    await inside.wait()
    for body in (b"{}", b"another"):
        with pytest.raises(RequestInFlight) as raised:
            await answer_once(database, REQUEST, body, pay)
        assert raised.value.retry_after > 0
    await answer_once(database, RequestId("bob", "POST", "/jobs", "key"), b"{}", pay)
    go_on.set()
    answer = await first
    assert (await answer_once(database, REQUEST, b"{}", pay)).body == answer.body
    assert effects() == 2


async def test_many_at_once(database, effects):
    """However many ask at once: one effect, and whoever gets an answer gets the same."""
    outcomes = await asyncio.gather(
        *(answer_once(database, REQUEST, b"{}", pay) for _ in range(20)), return_exceptions=True
    )
    answers = {outcome.body for outcome in outcomes if isinstance(outcome, Answer)}
    assert len(answers) == 1
    assert all(isinstance(outcome, Answer | RequestInFlight) for outcome in outcomes)
    assert effects() == 1


async def test_refusals_are_answers(database, effects):
    """An effect that returns a refusal is answered so again."""

    async def refuse(transaction):
        return Answer(409, b"wrong state")

    await answer_once(database, REQUEST, b"{}", refuse)
    assert (await answer_once(database, REQUEST, b"{}", pay)).status == 409
    assert effects() == 0


async def test_failure_can_be_repeated(database, effects):
    """An effect that raises has not happened, is not kept, and can be asked for again."""

    async def fail(transaction):
        await pay(transaction)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await answer_once(database, REQUEST, b"{}", fail)
    assert effects() == 0
    assert not (await answer_once(database, REQUEST, b"{}", pay)).replayed
    assert effects() == 1


async def test_kept_for_a_day(database_clock, database, effects):
    """An answer is kept for 24 hours on the database's clock, to the second; then the key is free, even for other bodies."""
    await answer_once(database, REQUEST, b"{}", pay)
    database_clock.advance(DAY - 1)
    assert (await answer_once(database, REQUEST, b"{}", pay)).replayed
    database_clock.advance(1)
    assert not (await answer_once(database, REQUEST, b"other", pay)).replayed
    database_clock.advance(DAY - 1)
    assert (await answer_once(database, REQUEST, b"other", pay)).replayed
    assert effects() == 2


async def test_forgetting(database_clock, database, url):
    """What is over is deleted, page by page; what is not, is not."""
    for number in range(5):
        await answer_once(database, RequestId("alice", "POST", "/", str(number)), b"", pay)
    database_clock.advance(DAY)
    await answer_once(database, REQUEST, b"", pay)
    async with database.transaction() as transaction:
        assert await forget_answers(transaction, limit=3) == 3
        assert await forget_answers(transaction, limit=3) == 2
        assert await forget_answers(transaction, limit=3) == 0
    assert ask(url, "SELECT key FROM idempotency_keys") == [("key",)]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_commit_unknown(proxy, effects, moment):
    """The connection is lost while committing: the same request again finds out, and it is done once."""
    async with Database(proxy.url, pool_size=2) as database:
        proxy.lose_commit = moment
        with pytest.raises(CommitUnknown):
            await answer_once(database, REQUEST, b"{}", pay)
        proxy.lose_commit = ""
        answer = await answer_once(database, REQUEST, b"{}", pay)
    assert answer.replayed == (moment == "after")
    assert effects() == 1


@pytest.mark.parametrize(("moment", "before"), [("inside", 0), ("after", 1)])
async def test_killed(database, url, effects, moment, before):
    """The process is killed inside the effect, or after it and before it could answer: asked again, it is done once."""
    with child("answer", url.render_as_string(hide_password=False), moment) as server:
        await asyncio.to_thread(server.says, moment)
        if moment == "inside":
            with pytest.raises(RequestInFlight):
                await answer_once(database, REQUEST, b"{}", pay)
        server.kill()
    assert effects() == before
    for _ in range(100):
        try:
            answer = await answer_once(database, REQUEST, b"{}", pay)
            break
        except RequestInFlight:
            # Postgres notices within moments that nobody is there any more.
            await asyncio.sleep(0.05)
    assert answer.replayed == bool(before)
    assert effects() == 1


@pytest.mark.parametrize("text", ["", "x" * 1_025, "line\n", "ü", "\x00"])
@pytest.mark.parametrize("part", range(4))
def test_malformed(part, text):
    """All that a request is known by is short and plain."""
    parts = ["alice", "POST", "/", "key"]
    parts[part] = text
    with pytest.raises(ValidationFailed):
        RequestId(*parts)


async def test_longest(database):
    """The longest that is allowed can be kept."""
    longest = RequestId("p" * 255, "m" * 16, "r" * 1_024, "k" * 255)
    first = await answer_once(database, longest, b"", pay)
    assert (await answer_once(database, longest, b"", pay)).body == first.body


parts = st.tuples(*[st.text("ab", min_size=1, max_size=3)] * 4)


@given(one=parts, other=parts)
@example(one=("ab", "c", "d", "e"), other=("a", "bc", "d", "e"))
@example(one=("a", "b", "c", "de"), other=("a", "b", "cd", "e"))
def test_property_locks(one, other):
    """Two requests share a lock only if they are the same in all four parts."""
    assert (RequestId(*one).lock == RequestId(*other).lock) == (one == other)
    assert -(2**63) <= RequestId(*one).lock < 2**63
