"""Who calls, and how often: one rate for one caller, wherever it asks, however it tries to be many."""

import asyncio

import pytest

from provenwork.core.errors import AuthError
from provenwork.store import Database
from provenwork.web import Caller, CallerOrNobody, Principal, Router
from provenwork.web._callers import network_of
from tests.services.store.harness import ask
from tests.services.web.harness import problem_of

pytestmark = pytest.mark.anyio

RATE = {"rate_per_address": 1.0, "burst_per_address": 3.0}


async def authenticate(connection):
    """The callers of this test say their names."""
    name = connection.headers.get("authorization")
    if name == "nobody":
        raise AuthError("there is no such caller")
    return Principal(name) if name else None


@pytest.fixture
def router():
    """Routes for anybody and for callers who say who they are."""
    router = Router()

    @router.get("/open")
    async def anybody(caller: CallerOrNobody) -> str:
        return caller.id if caller else ""

    @router.get("/mine")
    async def mine(caller: Caller) -> str:
        return caller.id

    return router


async def statuses(service, count, path="/open", **headers):
    """The statuses of some requests."""
    answers = [await service.get(path, headers=headers) for _ in range(count)]
    return [answer.status_code for answer in answers]


async def test_one_address(database_clock, start, router):
    """An address has its burst and then its rate, and is told when to come back."""
    service = await start(router, **RATE)
    assert await statuses(service, 4) == [200, 200, 200, 429]
    refused = await service.get("/open")
    problem_of(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "1"
    assert await statuses(service, 1, "/healthz") == [200]


async def test_replicas_share(database_clock, start, router, url):
    """Who asks two replicas has no more than who asks one."""
    first = await start(router, **RATE)
    async with Database(url) as other:
        second = await start(router, on=other, **RATE)
        found = [await statuses(one, 2) for one in (first, second)]
    assert found == [[200, 200], [200, 429]]


async def test_flood(database_clock, start, router, url):
    """A flood is refused without the database being asked, and counted."""
    service = await start(router, rate_per_address=0.001, burst_per_address=3.0)
    await statuses(service, 4)
    before = ask(url, "SELECT xmin::text, tokens FROM rate_buckets")
    answers = await asyncio.gather(*(service.get("/open") for _ in range(300)))
    assert {answer.status_code for answer in answers} == {429}
    assert ask(url, "SELECT xmin::text, tokens FROM rate_buckets") == before
    metrics = (await service.get("/metrics")).text
    assert 'rate_refusals_remembered_total{path=""} 300.0' in metrics
    assert 'http_requests_refused_total{reason="rate of an address"} 301.0' in metrics


async def test_forged_forwarding(database_clock, start, router):
    """Whoever connects directly is the address that it connects from, whatever it says."""
    service = await start(router, **RATE)
    found = [
        (await statuses(service, 1, **{"x-forwarded-for": f"198.51.100.{n}"}))[0] for n in range(4)
    ]
    assert found == [200, 200, 200, 429]


async def test_behind_a_proxy(database_clock, start, router):
    """Behind a known proxy the caller is the last address that is not a proxy's; what stands before is the caller's word."""
    service = await start(router, proxies=("127.0.0.1/32", "10.0.0.0/8"), **RATE)
    via = "203.0.113.9, 198.51.100.7, 10.1.2.3"
    assert await statuses(service, 4, **{"x-forwarded-for": via}) == [200, 200, 200, 429]
    via = "203.0.113.10, 198.51.100.7"
    assert await statuses(service, 1, **{"x-forwarded-for": via}) == [429]
    via = "198.51.100.7, 203.0.113.9"
    assert await statuses(service, 1, **{"x-forwarded-for": via}) == [200]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::2", "2001:db8::/64"),
        ("2001:db8:0:1::2", "2001:db8:0:1::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("x" * 100, "x" * 64),
        ("", ""),
    ],
)
def test_network_of(address, network):
    """One household of IPv6 is one caller, and so is an IPv4 address however it is written."""
    assert network_of(address) == network


async def test_one_caller(database_clock, start, router):
    """A caller who says who it is has one rate wherever it asks from."""
    service = await start(
        router,
        service={"authenticate": authenticate},
        rate_per_principal=1.0,
        burst_per_principal=2.0,
    )
    assert await statuses(service, 3, "/mine", authorization="alice") == [200, 200, 429]
    assert await statuses(service, 1, "/mine", authorization="bob") == [200]
    assert await statuses(service, 1, "/open") == [200]


async def test_who(start, router):
    """A route that needs a caller refuses nobody with 401, and a route that does not takes anybody but an impostor."""
    service = await start(router, service={"authenticate": authenticate})
    assert (await service.get("/mine", headers={"authorization": "alice"})).json() == "alice"
    assert (await service.get("/open")).json() == ""
    answer = await service.get("/mine")
    problem_of(answer, 401, "auth.required")
    assert "www-authenticate" in answer.headers
    for path in ("/mine", "/open"):
        answer = await service.get(path, headers={"authorization": "nobody"})
        problem_of(answer, 401, "auth.required")


async def test_nobody_is_known(start, router):
    """Where no way is given to say who one is, nobody is anybody."""
    service = await start(router)
    answer = await service.get("/mine", headers={"authorization": "alice"})
    problem_of(answer, 401, "auth.required")


async def test_database_gone(start, router, proxy):
    """While the database is away requests are refused for now, not let through without limit."""
    async with Database(proxy.url, pool_size=1, lock_timeout=1.0) as database:
        service = await start(router, on=database)
        assert await statuses(service, 1) == [200]
        proxy.closed = True
        proxy.cut()
        answer = await service.get("/open")
        problem_of(answer, 503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        proxy.closed = False
        assert await statuses(service, 1) == [200]
