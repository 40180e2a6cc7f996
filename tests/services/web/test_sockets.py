"""Live events over WebSockets: who may connect, what is sent, and from where it goes on."""

import asyncio
import json
import re
from contextlib import AsyncExitStack

import pytest
from starlette.datastructures import QueryParams
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from provenwork.core.errors import AuthError, Malformed
from provenwork.web._hub import Hub
from provenwork.web._socket_policy import SocketPolicy, wish_of
from tests.services.store.harness import ask, wait_for
from tests.services.web.sockets import emit, emit_many, served, serving, watching

pytestmark = pytest.mark.anyio

ALICE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


async def refusal(running, query="", **options):
    """The answer to a handshake that is refused: its status, headers and problem."""
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{running.url}?{query}", proxy=None, **options):
            pass
    answer = caught.value.response
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.headers, json.loads(answer.body)


# ------------------------------------------------------------------------------------------------- what is sent


async def test_from_now_on(database):
    """Without a number a client is greeted with the latest one, and gets what comes from then on."""
    await emit(database, {"jobId": "1"}, {"jobId": "2"})
    async with serving(database, heartbeat=7.0) as running, watching(running) as client:
        assert client.messages == [{"type": "hello", "stream": "jobs", "seq": 2, "heartbeat": 7.0}]
        await emit(database, {"jobId": "3"}, kind="job_posted")
        message = await client.next()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", message.pop("timestamp"))
    assert message == {"type": "job_posted", "seq": 3, "jobId": "3"}


async def test_from_any_number(database):
    """From any number on a client gets everything, in order and once, whether memory still has it or not."""
    await emit_many(database, 1_200)
    async with serving(database, queue=500) as running, AsyncExitStack() as stack:
        positions = [0, 1, 3, 249, 250, 251, 699, 700, 701, 1_199, 1_200]
        clients = [
            await stack.enter_async_context(watching(running, f"after={after}"))
            for after in positions
        ]
        await emit(database, {})
        for after, client in zip(positions, clients, strict=True):
            assert client.messages[0]["seq"] == after
            assert await client.until(1_201) == list(range(after + 1, 1_202))


async def test_from_beyond_what_is_known_here(database):
    """A number that another process has told is taken, also before this one has seen it."""
    async with serving(database) as running:
        await wait_for(lambda: not running.hub.delayed)
        await emit(database, {})
        await wait_for(lambda: running.hub.last == 1)
        # No word comes of this one: mostly the hub has not seen it when the client asks.
        ask(database.url, "UPDATE streams SET seq = 2")
        ask(database.url, "INSERT INTO events VALUES ('jobs', 2, 'happened', '{}', now())")
        async with watching(running, "after=2") as client:
            assert client.messages[0]["seq"] == 2
            await emit(database, {})
            assert await client.until(3) == [3]


async def test_number_of_another_database(database):
    """Who goes on from a number that the stream does not reach is told to begin anew, and is closed with 4409."""
    await emit(database, {})
    async with serving(database) as running:
        async with connect(f"{running.url}?after=2", proxy=None) as connection:
            message = json.loads(await connection.recv())
            assert (message["type"], message["after"]) == ("resync", 0)
            with pytest.raises(ConnectionClosed) as caught:
                await connection.recv()
        assert caught.value.rcvd.code == 4409
        assert running.hub.resyncs == 1


async def test_burst(database):
    """Five thousand events committed together reach every client whole."""
    async with serving(database) as running, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(watching(running)) for _ in range(10)]
        await emit_many(database, 5_000)
        for client in clients:
            assert await client.until(5_000) == list(range(1, 5_001))
        assert running.hub.events_sent == 50_000


async def test_made_once(database):
    """An event is turned into a message once, however many clients get it."""
    made = []

    def render(event):
        made.append(event.seq)
        return {"type": event.type}

    async with serving(database, render=render) as running, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(watching(running)) for _ in range(20)]
        await emit(database, {}, {})
        for client in clients:
            assert await client.until(2) == [1, 2]
    assert made == [1, 2]


async def test_old_events_are_read_once(database):
    """Twenty clients that come back far behind together read each page of the log once, not twenty times."""
    await emit_many(database, 1_000)
    async with serving(database, queue=100) as running, AsyncExitStack() as stack:
        clients = await asyncio.gather(
            *(stack.enter_async_context(watching(running, "after=0")) for _ in range(20))
        )
        for client in clients:
            assert await client.until(1_000) == list(range(1, 1_001))
        assert running.hub._history.reads == 4


async def test_hidden_events(database):
    """An event that is not for clients is not sent; a client that filters nothing is told of its number."""

    def render(event):
        return None if event.payload.get("secret") else {"type": event.type}

    async with serving(database, render=render) as running, watching(running) as client:
        await emit(database, {"secret": 1}, {"secret": 2}, {}, {"secret": 3})
        await client.until(4)
    assert [(m["type"], m["seq"]) for m in client.messages[1:]] == [
        ("heartbeat", 2),
        ("happened", 3),
        ("heartbeat", 4),
    ]


async def test_number_is_the_events(database):
    """Neither a payload nor a renderer can give a message another number, or a payload another type."""
    async with serving(database) as running, watching(running) as client:
        await emit(database, {"seq": 99, "type": "hello", "timestamp": 5, "n": 1})
        message = await client.next()
    assert (message["seq"], message["type"], message["n"]) == (1, "happened", 1)


async def test_large_events(database):
    """Events of 60 KB, more than one frame header can say in a byte, arrive whole."""
    async with serving(database) as running, watching(running) as client:
        await emit_many(database, 30, size=60_000)
        assert await client.until(30) == list(range(1, 31))
        assert {len(m["fill"]) for m in client.messages[1:]} == {60_000}


# ------------------------------------------------------------------------------------------ filters and heartbeats


async def test_filters(database):
    """A client gets what is of one of its types, and has in every field that it names one of the values."""
    async with serving(database, filters=("jobId", "worker")) as running, AsyncExitStack() as stack:
        queries = [
            "type=posted",
            "type=posted&type=paid&jobId=7",
            f"worker={ALICE.lower()}",
            "jobId=7&jobId=8",
        ]
        clients = [await stack.enter_async_context(watching(running, query)) for query in queries]
        await emit(database, {"jobId": "7"}, kind="posted")
        await emit(database, {"jobId": "8"}, kind="posted")
        await emit(database, {"jobId": 7, "worker": ALICE}, kind="paid")
        await emit(database, {"worker": "0x12", "jobId": True}, kind="claimed")
        await emit(database, {"jobId": "7", "worker": ALICE}, kind="posted")
        for client in clients:
            await client.until(5)
    assert [client.seqs for client in clients] == [[1, 2, 5], [1, 3, 5], [3, 5], [1, 2, 3, 5]]


async def test_heartbeats_of_silence(database):
    """A socket that is silent gets a heartbeat with the number that it stands at; one that is not gets none."""
    async with serving(database, heartbeat=0.4) as running, watching(running) as client:
        await emit(database, {})
        await client.next()
        assert await client.next() == {"type": "heartbeat", "seq": 1}
        for _ in range(15):
            await emit(database, {})
            assert (await client.next())["type"] == "happened"
            await asyncio.sleep(0.05)


async def test_filtered_position_advances(database):
    """A client whose filter nothing passes still moves on: it goes on from there without reading anything again."""
    async with serving(database, heartbeat=0.3) as running:
        async with watching(running, "type=never") as client:
            await emit_many(database, 2_000)
            await wait_for(lambda: running.hub.last == 2_000)
            heartbeat = await client.next()
            while heartbeat["seq"] < 2_000:
                heartbeat = await client.next()
            assert client.seqs == []
        reads = running.hub._history.reads
        async with watching(running, f"after={heartbeat['seq']}"):
            assert running.hub._history.reads == reads


# ------------------------------------------------------------------------------------------------- who may connect


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("after=", "after"),
        ("after=-1", "after"),
        ("after=1e3", "after"),
        ("after=%D9%A3", "after"),
        ("after=9223372036854775808", "after"),
        ("after=" + "9" * 5_000, "after"),
        ("after=1&after=2", "after"),
        ("since=1", "since"),
        ("worker=0x1", "worker"),
        ("type=", "type"),
        ("type=" + "x" * 201, "type"),
        ("&".join(f"type=t{n}" for n in range(17)), "type"),
        ("&".join(f"jobId={n}" for n in range(500)), "jobId"),
    ],
)
def test_parameters_refused(query, name):
    """A parameter that is unknown, malformed, oversized or one too many is refused by its name."""
    with pytest.raises(Malformed) as caught:
        wish_of(QueryParams(query), SocketPolicy(filters=("jobId",)))
    assert list(caught.value.fields) == [f"query.{name}"]


async def test_refused_before_it_opens(database, caplog):
    """A handshake with a wrong parameter is answered with 400, no socket opens, and no error is logged."""
    async with serving(
        database, uvicorn_settings={"log_level": "error", "log_config": None}
    ) as running:
        status, _, problem = await refusal(running, "after=-1")
        assert (status, problem["type"]) == (400, "validation_error")
        assert list(problem["fields"]) == ["query.after"]
        assert (running.hub.refused, running.hub.accepted) == (1, 0)
    assert caplog.records == []


async def test_cross_site(database):
    """A page of an origin that is not listed, however like a listed one, is refused before the socket opens."""
    strangers = [
        "https://evil.example",
        "https://app.example:8443",
        "http://app.example",
        "https://app.example.evil.example",
        "https://sub.app.example",
        "null",
        "",
    ]
    async with serving(database, origins=frozenset({"https://app.example"})) as running:
        for origin in strangers:
            status, _, problem = await refusal(running, additional_headers={"Origin": origin})
            assert (status, problem["type"]) == (403, "forbidden"), origin
        headers = [("Origin", "https://app.example"), ("Origin", "https://evil.example")]
        with pytest.raises(InvalidStatus):
            async with connect(running.url, proxy=None, additional_headers=headers):
                pass
        assert running.hub.accepted == 0


async def test_no_pages_by_default(database):
    """Without a list no page may connect, and programs, which send no origin, may."""
    async with serving(database) as running:
        assert (await refusal(running, origin="http://127.0.0.1"))[0] == 403
        async with watching(running) as client:
            assert client.messages[0]["type"] == "hello"


async def test_listed_origin(database):
    """A page of a listed origin connects; so does one without an origin, if "null" is listed."""
    async with serving(database, origins=frozenset({"https://app.example", "null"})) as running:
        for origin in ("https://app.example", "null"):
            async with watching(running, origin=origin) as client:
                assert client.messages[0]["type"] == "hello"


async def test_authentication(database):
    """Who is not who it must be is refused with 401 before the socket opens; who is, connects."""

    async def authenticate(websocket):
        if websocket.headers.get("x-key") != "right":
            raise AuthError("no key")

    async with serving(database, authenticate=authenticate) as running:
        status, _, problem = await refusal(running, additional_headers={"x-key": "wrong"})
        assert (status, problem["type"]) == (401, "auth.required")
        async with watching(running, additional_headers={"x-key": "right"}) as client:
            assert client.messages[0]["type"] == "hello"


async def test_authentication_that_hangs(database):
    """A handshake does not hold its place for longer than it may, whatever who calls is asked of."""

    async def authenticate(websocket):
        await asyncio.sleep(60)

    async with serving(database, authenticate=authenticate, start_timeout=0.2) as running:
        status, headers, problem = await refusal(running)
        assert (status, problem["type"], headers["retry-after"]) == (504, "timeout", "1")
        await wait_for(lambda: running.hub._taken == 0)


async def test_most_sockets(database):
    """One socket too many is refused with 503, and gets in when another has left."""
    async with serving(database, most_sockets=2) as running:
        async with watching(running), watching(running):
            status, headers, problem = await refusal(running)
            assert (status, problem["type"]) == (503, "unavailable")
            assert int(headers["retry-after"]) >= 1
        await wait_for(lambda: running.hub.open == 0)
        async with watching(running) as client:
            assert client.messages[0]["type"] == "hello"


async def test_most_per_address(database):
    """One address gets its share and no more; refused with 429 and the time after which to ask again."""
    async with (
        serving(database, most_per_address=2) as running,
        watching(running),
        watching(running),
    ):
        status, headers, problem = await refusal(running)
        assert (status, problem["type"]) == (429, "rate_limited")
        assert int(headers["retry-after"]) >= 1


async def test_flood_of_handshakes(database):
    """A hundred and fifty handshakes beyond the limit are all refused, leave nothing behind, and nobody waits for them."""
    async with serving(database, most_per_address=5) as running, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(watching(running)) for _ in range(5)]
        flood = [asyncio.create_task(refusal(running)) for _ in range(150)]
        await emit(database, {})
        for client in clients:
            assert await client.until(1, seconds=5) == [1]
        assert {status for status, _, _ in await asyncio.gather(*flood)} == {429}
        assert (running.hub.open, running.hub.refused) == (5, 150)
        await wait_for(lambda: running.hub._taken == 5)
    assert running.hub._places == {}


@pytest.mark.parametrize(
    "setting",
    [
        {"origins": frozenset({"app.example"})},
        {"origins": frozenset({"https://app.example/"})},
        {"origins": frozenset({"*"})},
        {"filters": ("after",)},
        {"queue": 0},
        {"heartbeat": 0.0},
    ],
)
def test_policies_refused(setting):
    """A policy that no browser's origin could match, or that limits to nothing, is refused where it is written."""
    with pytest.raises(ValueError, match=r"origin|meaning|above 0"):
        SocketPolicy(**setting)


async def test_other_servers(database):
    """Served by a uvicorn without our settings, a socket is refused instead of served without its limits."""
    async with Hub(database, "jobs") as hub, served(hub, ws="websockets-sansio") as running:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(running.url, proxy=None):
                pass
        assert caught.value.response.status_code == 500
        assert hub._taken == 0
