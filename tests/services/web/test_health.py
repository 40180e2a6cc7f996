"""How a service is: alive whatever happens around it, ready only if everything is, and measured."""

import asyncio

import pytest
import websockets

from provenwork.store import Database
from provenwork.web import Hub, Router
from tests.services.store.harness import ask, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
def router():
    """Something to measure."""
    router = Router()

    @router.get("/jobs/{job_id}")
    async def job(job_id: int) -> int:
        return job_id

    return router


async def test_ready(start):
    """A service whose database works is alive and ready."""
    service = await start()
    alive, ready = await service.get("/healthz"), await service.get("/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


async def test_database_gone(start, proxy):
    """Without its database a service is alive, and not ready until it is back."""
    async with Database(proxy.url, pool_size=1, lock_timeout=1.0) as database:
        service = await start(on=database)
        proxy.closed = True
        proxy.cut()
        assert (await service.get("/healthz")).status_code == 200
        answer = await service.get("/readyz")
        assert answer.status_code == 503
        assert list(answer.json()["problems"]) == ["database"]
        proxy.closed = False
        assert (await service.get("/readyz")).status_code == 200


async def test_flood_of_looks(start):
    """However many ask at a time whether a service is ready, it looks once for all of them."""
    looks = []

    async def check():
        looks.append(1)
        await asyncio.sleep(0.5)
        return ""

    service = await start(service={"checks": {"slow": check}})
    answers = await asyncio.gather(*(service.get("/readyz") for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    assert len(looks) <= 3
    looks.clear()
    await service.get("/readyz")
    assert len(looks) == 1


async def test_old_tables(start, url):
    """With tables of another version a service is not ready."""
    service = await start()
    ask(url, "UPDATE alembic_version SET version_num = '0001'")
    assert "0001" in (await service.get("/readyz")).json()["problems"]["database"]


async def test_checks(start):
    """What else has to work is asked too, with a limit of time, and a check that breaks is a check that fails."""

    async def broken():
        raise OSError("no route")

    async def bad():
        return "the node is behind"

    async def good():
        return ""

    checks = {"broken": broken, "node": bad, "good": good}
    service = await start(service={"checks": checks})
    answer = await service.get("/readyz")
    assert answer.json()["problems"] == {
        "broken": "OSError: no route",
        "node": "the node is behind",
    }


async def test_damaged_events(start, database, url):
    """A service whose events cannot be told any more is not ready."""
    async with database.transaction() as transaction:
        transaction.emit("jobs", "job_posted", {"jobId": "1"})
    hub = Hub(database, "jobs")
    service = await start(service={"hubs": {"/ws": hub}})
    assert (await service.get("/readyz")).status_code == 200
    ask(url, "UPDATE streams SET seq = seq + 5")
    async with database.transaction() as transaction:
        transaction.emit("jobs", "job_posted", {"jobId": "2"})
    await wait_for(lambda: hub.problem)
    problems = (await service.get("/readyz")).json()["problems"]
    assert list(problems) == ["/ws"]


async def test_strangers_learn_little(start):
    """Who may not read the metrics learns what does not work, and not why."""

    async def bad():
        return "http://10.0.0.7:8545 does not answer"

    service = await start(service={"checks": {"node": bad}}, metrics_from=("192.0.2.1/32",))
    answer = await service.get("/readyz")
    assert answer.json()["problems"] == ["node"]
    assert (await service.get("/metrics")).status_code == 403


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
async def test_metrics_behind_an_unknown_proxy(start, header):
    """A proxy on the same machine, which nobody told the service about, does not make the world local."""
    service = await start()
    assert (await service.get("/metrics")).status_code == 200
    answer = await service.get("/metrics", headers={header: "for=198.51.100.7"})
    assert answer.status_code == 403


async def test_metrics(start, router):
    """Requests are counted by their route, so that no caller can make up labels."""
    service = await start(router)
    for path in ("/jobs/1", "/jobs/2", "/jobs/x", "/a", "/b"):
        await service.get(path)
    await service.ask("BREW", "/jobs/1")
    text = (await service.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/jobs/{job_id}",status="200"} 2.0' in text
    assert 'http_requests_total{method="GET",route="/jobs/{job_id}",status="422"} 1.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in text
    assert 'method="other"' in text
    assert "BREW" not in text
    assert 'provenwork_info{service="test",version="1"} 1.0' in text


async def test_metrics_of_sockets(start, database):
    """What a hub counts is shown by its path."""
    async with database.transaction() as transaction:
        transaction.emit("jobs", "job_posted", {"jobId": "1"})
    service = await start(service={"hubs": {"/ws": Hub(database, "jobs")}})
    async with websockets.connect(f"ws://127.0.0.1:{service.port}/ws?after=0") as socket:
        for _ in range(2):
            await socket.recv()
        refused = await service.get("/ws?after=x")
        text = (await service.get("/metrics")).text
    assert refused.status_code == 404
    for line in (
        'sockets_open{path="/ws"} 1.0',
        'sockets_accepted_total{path="/ws"} 1.0',
        'socket_events_sent_total{path="/ws"} 1.0',
        'stream_seq{path="/ws"} 1.0',
    ):
        assert line in text


async def test_stopping(start, router):
    """A service that stops says that it is not ready for as long as it was told to, and answers until then."""
    service = await start(router, drain=0.6)
    ending = service.begin_to_stop()
    await wait_for(lambda: service.app.state.health.stopping)
    answer = await service.get("/readyz")
    assert answer.json() == {"status": "not ready", "problems": {"service": "it is stopping"}}
    assert (await service.get("/jobs/1")).status_code == 200
    await asyncio.wait_for(ending, 10.0)
