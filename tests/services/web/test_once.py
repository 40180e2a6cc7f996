"""Idempotent requests: one effect and one answer, whoever asks how often, whatever breaks."""

import asyncio

import pytest
from sqlalchemy import text

from provenwork.core.errors import AuthError, InvalidState
from provenwork.store import Database
from provenwork.web import Model, Once, Principal, Reply, Router
from tests.services.store.harness import ask
from tests.services.web.harness import problem_of

pytestmark = pytest.mark.anyio


class Payment(Model):
    """What to pay."""

    to: str
    amount: str


async def authenticate(connection):
    """The callers of this test say their names."""
    name = connection.headers.get("authorization")
    if name == "nobody":
        raise AuthError("there is no such caller")
    return Principal(name) if name else None


class Payments:
    """A service that pays."""

    def __init__(self):
        self.router = Router()
        self.hold = asyncio.Event()
        self.hold.set()
        self.begun = 0

        @self.router.post("/payments/{name}")
        async def pay(name: str, payment: Payment, once: Once):
            async def effect(transaction):
                self.begun += 1
                number = await transaction.scalar(
                    text("INSERT INTO paid (who, amount) VALUES (:to, :amount) RETURNING id"),
                    payment.model_dump(),
                )
                transaction.emit("payments", "paid", {"id": str(number)})
                await self.hold.wait()
                if payment.to == "refused":
                    return Reply(409, {"refused": True})
                if payment.to == "broken":
                    raise InvalidState("not now")
                return Reply(201, {"id": str(number)})

            return await once(effect)


@pytest.fixture
def payments(url):
    """The service's routes."""
    ask(url, "CREATE TABLE paid (id serial, who text, amount text)")
    return Payments()


@pytest.fixture
async def service(start, payments):
    """The service, running."""
    return await start(payments.router, service={"authenticate": authenticate})


def paid(url):
    """To whom how much was paid."""
    return ask(url, "SELECT who, amount FROM paid ORDER BY id")


async def pay(service, key=None, *, to="bob", amount="5", by="alice", name="x", query=""):
    """A payment."""
    headers = {"idempotency-key": key} if key else {}
    headers |= {"authorization": by} if by else {}
    return await service.post(
        f"/payments/{name}{query}", json={"to": to, "amount": amount}, headers=headers
    )


async def test_same_request_twice(service, url):
    """The second of two same requests has the first's answer, says so, and no effect."""
    first, second = await pay(service, "k"), await pay(service, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert paid(url) == [("bob", "5")]
    assert ask(url, "SELECT count(*) FROM events") == [(1,)]


async def test_without_a_key(service, url):
    """Without a key every request counts."""
    await pay(service)
    await pay(service)
    assert len(paid(url)) == 2


async def test_paths_that_look_alike(service, url):
    """Paths that a URL would be written alike for are different routes: none is answered with another's answer."""
    first = await pay(service, "k", name="7%23x")
    second = await pay(service, "k", name="7%2523x")
    assert (first.status_code, second.status_code) == (201, 201)
    assert "idempotency-replayed" not in second.headers
    assert (await pay(service, "k", name="x")).status_code == 201
    problem_of(await pay(service, "k", name="x%0A"), 422, "validation_error")
    assert len(paid(url)) == 3


async def test_other_body(service, url):
    """The same key with another body, or another query, is refused and has no effect."""
    await pay(service, "k")
    problem_of(await pay(service, "k", amount="6"), 422, "idempotency_conflict")
    assert paid(url) == [("bob", "5")]


@pytest.mark.parametrize("other", [{"by": "carol"}, {"by": None}, {"name": "y"}])
async def test_keys_are_apart(service, url, other):
    """Another caller's key, and another route's, is another key."""
    await pay(service, "k")
    assert (await pay(service, "k", **other)).status_code == 201
    assert len(paid(url)) == 2


async def test_in_flight(service, payments, url):
    """While a request is being answered the same one is told to wait, and then gets its answer."""
    payments.hold.clear()
    first = asyncio.create_task(pay(service, "k"))
    while not payments.begun:
        await asyncio.sleep(0.01)
    waiting = await pay(service, "k")
    problem_of(waiting, 409, "idempotency_in_flight")
    assert waiting.headers["retry-after"] == "1"
    payments.hold.set()
    assert (await first).content == (await pay(service, "k")).content
    assert len(paid(url)) == 1


async def test_refusal_is_an_answer(service, url):
    """A refusal that the effect returns is kept with what it did; one that it raises undoes all, and can be asked again."""
    assert [(await pay(service, "k", to="refused")).status_code for _ in range(2)] == [409, 409]
    assert len(paid(url)) == 1
    for _ in range(2):
        problem_of(await pay(service, "l", to="broken"), 409, "invalid_state")
    assert len(paid(url)) == 1
    assert ask(url, "SELECT count(*) FROM events") == [(1,)]


@pytest.mark.parametrize("status", [100, 199, 204, 304, 600])
def test_replies_that_are_none(status):
    """An answer whose status allows no body is refused where it is made: its effect is taken back."""
    with pytest.raises(ValueError, match=f"status {status}"):
        Reply(status, {})


@pytest.mark.parametrize("key", ["k" * 256, "k\x7f", "é"])
async def test_keys_that_are_none(service, url, key):
    """A key that cannot be kept is refused."""
    answer = await service.post(
        "/payments/x",
        json={"to": "bob", "amount": "5"},
        headers=[("idempotency-key", key.encode())],
    )
    problem_of(answer, 422, "validation_error")
    assert paid(url) == []


async def test_two_keys(service, url):
    """Two keys on one request are refused."""
    answer = await service.post(
        "/payments/x",
        json={"to": "bob", "amount": "5"},
        headers=[("idempotency-key", "a"), ("idempotency-key", "b")],
    )
    problem_of(answer, 400, "validation_error")
    assert paid(url) == []


async def test_wrong_caller(service, url):
    """Who says that they are who they are not is refused before anything happens."""
    problem_of(await pay(service, "k", by="nobody"), 401, "auth.required")
    assert paid(url) == []


@pytest.mark.parametrize(("lost", "effects"), [("before", 0), ("after", 1)])
async def test_lost_commit(start, payments, proxy, url, lost, effects):
    """If the database is lost while committing, the caller is told that nobody knows; asking again pays once."""
    async with Database(proxy.url, pool_size=4) as database:
        service = await start(payments.router, on=database, service={"authenticate": authenticate})
        payments.hold.clear()
        first = asyncio.create_task(pay(service, "k"))
        while not payments.begun:
            await asyncio.sleep(0.01)
        # From here on the next COMMIT is this request's.
        proxy.lose_commit = lost
        payments.hold.set()
        problem_of(await first, 503, "outcome_unknown")
        assert len(paid(url)) == effects
        proxy.lose_commit = ""
        again = await pay(service, "k")
        assert again.status_code == 201
        assert again.headers.get("idempotency-replayed", "false") == str(bool(effects)).lower()
    assert paid(url) == [("bob", "5")]
    assert ask(url, "SELECT count(*) FROM events") == [(1,)]


async def test_many_at_once(service, url):
    """Of a hundred same requests at once one has the effect; the others get its answer or are told to wait."""
    answers = await asyncio.gather(*(pay(service, "k") for _ in range(100)))
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert paid(url) == [("bob", "5")]


async def test_time_over_while_paying(start, payments, url):
    """A request that is ended for taking too long has had no effect, or its answer is found under the same key."""
    service = await start(
        payments.router, request_timeout=0.3, service={"authenticate": authenticate}
    )
    payments.hold.clear()
    problem_of(await pay(service, "k"), 504, "timeout")
    assert paid(url) == []
    payments.hold.set()
    assert (await pay(service, "k")).status_code == 201
    assert paid(url) == [("bob", "5")]
