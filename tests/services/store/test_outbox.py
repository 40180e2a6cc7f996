"""The outbox: everything at least once, whoever dies, and nothing that was taken back."""

import asyncio
import time
from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import text

from provenwork.core.errors import ValidationFailed
from provenwork.store import Backlog, Courier, Database, Listener, backlog, enqueue, enqueue_again
from tests.services.store.harness import ask, child, wait_for

pytestmark = pytest.mark.anyio


async def put(database, *numbers, **options):
    """Messages with these numbers, in one transaction; returns their ids."""
    async with database.transaction() as transaction:
        return [await enqueue(transaction, "mail", {"n": n}, **options) for n in numbers]


async def waiting(database):
    """How much waits."""
    async with database.transaction() as transaction:
        return await backlog(transaction, "mail")


class Recipient:
    """Receives, and fails as often as it is told to."""

    def __init__(self, failures=0):
        self.messages = []
        self.failures = failures

    async def __call__(self, message):
        self.messages.append(message)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("nobody is there")

    @property
    def ids(self):
        """Whose ids were received, and how often."""
        return Counter(message.id for message in self.messages)


async def test_delivered_once_committed(database):
    """What is committed is delivered, what is taken back is not."""
    recipient = Recipient()
    courier = Courier(database, "mail", recipient)

    async def fail():
        async with database.transaction() as transaction:
            await enqueue(transaction, "mail", {"n": 0})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    ids = await put(database, 1, 2)
    assert await courier.deliver_due() == 2
    assert await courier.deliver_due() == 0
    assert recipient.ids == Counter(ids)
    assert sorted(message.payload["n"] for message in recipient.messages) == [1, 2]
    assert (await waiting(database)).waiting == 0


async def test_topics(database):
    """A courier delivers its own topic only."""
    recipient = Recipient()
    await put(database, 1)
    assert await Courier(database, "other", recipient).deliver_due() == 0
    assert (await waiting(database)).waiting == 1


async def test_no_delivery_twice_among_couriers(database, url):
    """Couriers in any number share the work: while all goes well, each message is delivered once."""
    recipient = Recipient()
    ids = await put(database, *range(60))
    async with Database(url) as other:
        couriers = [Courier(d, "mail", recipient, concurrency=5) for d in (database, other) * 2]

        async def work(courier):
            while await courier.deliver_due():
                pass

        await asyncio.gather(*map(work, couriers))
    assert recipient.ids == Counter(ids)


async def test_locked_messages_are_skipped(database, url):
    """A message that somebody is taking holds nobody up."""
    recipient = Recipient()
    (first,) = await put(database, 1)
    await put(database, 2)
    async with database.transaction() as transaction:
        await transaction.execute(
            text("SELECT FROM outbox WHERE id = :id FOR UPDATE"), {"id": first}
        )
        started = time.monotonic()
        assert await Courier(database, "mail", recipient).deliver_due() == 1
        assert time.monotonic() - started < 1
    assert [message.payload["n"] for message in recipient.messages] == [2]


async def test_pauses_grow(database_clock, database, url):
    """A failed delivery is tried again after a pause that doubles up to its limit, under the same id."""
    recipient = Recipient(failures=4)
    courier = Courier(database, "mail", recipient, first_pause=10, longest_pause=30)
    (message,) = await put(database, 1)
    for pause in (10, 20, 30, 30):
        assert await courier.deliver_due() == 1
        # At random it is between half the pause and all of it.
        database_clock.advance(pause / 2 - 0.1)
        assert await courier.deliver_due() == 0
        database_clock.advance(pause / 2 + 0.1)
    assert ask(url, "SELECT problem FROM outbox") == [("ConnectionError: nobody is there",)]
    assert await courier.deliver_due() == 1
    assert recipient.ids == Counter({message: 5})
    assert [message.attempts for message in recipient.messages] == [1, 2, 3, 4, 5]
    assert (await waiting(database)).waiting == 0


async def test_given_up(database_clock, database, url):
    """After the last attempt a message stays, is not tried again, is counted, and can be tried again by hand."""
    recipient = Recipient(failures=2)
    courier = Courier(database, "mail", recipient, max_attempts=2, longest_pause=1)
    (message,) = await put(database, 1)
    for _ in range(4):
        await courier.deliver_due()
        database_clock.advance(3_600)
    assert len(recipient.messages) == 2
    assert ((await waiting(database)).waiting, (await waiting(database)).given_up) == (0, 1)
    async with database.transaction() as transaction:
        assert await enqueue_again(transaction, message)
        assert not await enqueue_again(transaction, uuid4())
    assert await courier.deliver_due() == 1
    assert await waiting(database) == Backlog(0, 0, None)


async def test_slow_delivery(database):
    """A delivery that takes too long is cancelled, and counts as failed."""
    cancelled = asyncio.Event()

    async def hang(message):
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    await put(database, 1)
    await Courier(database, "mail", hang, timeout=0.05).deliver_due()
    assert cancelled.is_set()
    assert (await waiting(database)).waiting == 1


async def test_one_failure_does_not_stop_others(database):
    """Messages that are delivered at the same time fail or succeed each by itself."""

    async def odd(message):
        await asyncio.sleep(0.02 * message.payload["n"])
        if message.payload["n"] == 0:
            raise ConnectionError

    await put(database, 0, 1, 2, 3)
    await Courier(database, "mail", odd, concurrency=4).deliver_due()
    assert (await waiting(database)).waiting == 1


@pytest.mark.parametrize("fails", [True, False])
async def test_overtaken_courier(database_clock, database, url, fails):
    """Who comes back after its time, with whatever outcome, changes nothing of what is its successor's now."""
    recipient, paused, go_on = Recipient(), asyncio.Event(), asyncio.Event()

    async def sleepy(message):
        paused.set()
        await go_on.wait()
        if fails:
            raise ConnectionError("so late")

    await put(database, 1)
    late = asyncio.create_task(Courier(database, "mail", sleepy, timeout=30).deliver_due())
    await paused.wait()
    database_clock.advance(2 * 30 + 5)

    async def fail(message):
        await recipient(message)
        before = ask(url, "SELECT * FROM outbox")
        go_on.set()
        await late
        assert ask(url, "SELECT * FROM outbox") == before
        raise ConnectionError("mine")

    await Courier(database, "mail", fail, timeout=30).deliver_due()
    assert ask(url, "SELECT attempts, problem FROM outbox") == [(2, "ConnectionError: mine")]


async def test_same_id(database):
    """While a message waits, a second one of its id is not put."""
    recipient, chosen = Recipient(), uuid4()
    await put(database, 1, id=chosen)
    await put(database, 2, id=chosen)
    await Courier(database, "mail", recipient).deliver_due()
    assert [(message.id, message.payload["n"]) for message in recipient.messages] == [(chosen, 1)]


async def test_delay(database_clock, database):
    """A message can wait before its first attempt."""
    recipient = Recipient()
    courier = Courier(database, "mail", recipient)
    await put(database, 1, delay=60)
    database_clock.advance(59)
    assert await courier.deliver_due() == 0
    database_clock.advance(1)
    assert await courier.deliver_due() == 1


async def test_word_of_new_messages(database):
    """With a listener a message is delivered at once, not at the next look."""
    recipient = Recipient()
    async with Listener(database) as listener:
        await listener.connected.wait()
        courier = Courier(database, "mail", recipient, listener=listener, poll=60)
        running = asyncio.create_task(courier.run())
        await asyncio.sleep(0.1)
        await put(database, 1)
        await wait_for(lambda: recipient.messages, seconds=5)
        running.cancel()
        await asyncio.wait([running])


async def test_without_word(database):
    """Without one it is delivered at the next look."""
    recipient = Recipient()
    running = asyncio.create_task(Courier(database, "mail", recipient, poll=0.05).run())
    await put(database, 1)
    await wait_for(lambda: recipient.messages, seconds=5)
    running.cancel()
    await asyncio.wait([running])


async def test_database_lost(database, proxy):
    """A courier outlives the loss of its database."""
    recipient = Recipient()
    async with Database(proxy.url) as over_network:
        running = asyncio.create_task(Courier(over_network, "mail", recipient, poll=0.05).run())
        await put(database, 1)
        await wait_for(lambda: len(recipient.messages) == 1)
        proxy.closed = True
        proxy.cut()
        await put(database, 2)
        await asyncio.sleep(0.3)
        assert len(recipient.messages) == 1
        proxy.closed = False
        await wait_for(lambda: len(recipient.messages) == 2)
        running.cancel()
        await asyncio.wait([running])


@pytest.mark.parametrize(("moment", "deliveries"), [("before", 1), ("after", 2)])
async def test_killed(database, url, moment, deliveries):
    """A courier is killed before delivering, or after it and before saying so: it is delivered again, under the same id."""
    ask(url, "CREATE TABLE effects (id text)")
    (message,) = await put(database, 1)
    recipient = Recipient()
    with child("deliver", url.render_as_string(hide_password=False), moment) as courier:
        await asyncio.to_thread(courier.says, moment)
        assert await Courier(database, "mail", recipient).deliver_due() == 0
        courier.kill()
    # Its time runs out.
    ask(url, "UPDATE outbox SET due_at = due_at - interval '125 seconds'")
    assert await Courier(database, "mail", recipient).deliver_due() == 1
    delivered = [row[0] for row in ask(url, "SELECT id FROM effects")]
    delivered += [str(message.id) for message in recipient.messages]
    assert delivered == [str(message)] * deliveries


async def test_refuses_what_cannot_be_kept(database):
    """A payload that could not be read back is refused, and so is a topic that is not short and plain."""
    with pytest.raises(ValidationFailed):
        await put(database, float("nan"))
    async with database.transaction() as transaction:
        with pytest.raises(ValidationFailed):
            await enqueue(transaction, "x" * 201, {})
