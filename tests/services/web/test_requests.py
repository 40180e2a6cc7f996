"""What a service takes: exactly what it says, so much, in time; everything else is refused with a reason."""

import asyncio
import json
import time

import pytest
from starlette.requests import Request

from provenwork.core.errors import MediaTypeUnsupported, ValidationFailed
from provenwork.web import Model, Router
from provenwork.web._routes import _require_media_type, _require_parameters
from tests.services.store.harness import wait_for
from tests.services.web.harness import problem_of

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}


class Split(Model):
    """Who gets what."""

    basis_points: int


class Verdict(Model):
    """What an issuer decides."""

    approved: bool
    split: Split | None = None
    message: str = ""


class Jobs:
    """A service that remembers what it did."""

    def __init__(self):
        self.verdicts = []
        self.router = Router(prefix="/jobs")
        self.release = asyncio.Event()

        @self.router.post("/{job_id}/verify")
        async def verify(job_id: int, verdict: Verdict) -> dict[str, int]:
            self.verdicts.append(verdict)
            return {"jobId": job_id}

        @self.router.get("")
        async def listed(limit: int = 10, status: str = "") -> dict[str, object]:
            return {"limit": limit, "status": status}

        @self.router.get("/slow")
        async def slow() -> str:
            await self.release.wait()
            return "done"

        @self.router.get("/impatient")
        async def impatient() -> str:
            raise TimeoutError("somebody else's")

        @self.router.get("/broken")
        async def broken() -> str:
            raise RuntimeError("the password is hunter2")


@pytest.fixture
def jobs():
    """The service's routes."""
    return Jobs()


@pytest.fixture
async def service(start, jobs):
    """The service, running."""
    return await start(
        jobs.router, body_limit=4_096, body_timeout=0.3, header_timeout=0.5, request_timeout=1.0
    )


async def test_what_it_says(service, jobs):
    """A request that is as it should be has its effect, and its answer carries an id and tells browsers to do nothing."""
    answer = await service.post("/jobs/7/verify", json={"approved": True})
    assert (answer.status_code, answer.json()) == (200, {"jobId": 7})
    assert jobs.verdicts == [Verdict(approved=True)]
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"approved": True, "reopne": False}, "body.reopne"),
        ({"approved": True, "split": {"basis_points": 1, "to": "0x"}}, "body.split.to"),
        ({"approved": "true"}, "body.approved"),
        ({"approved": 1}, "body.approved"),
        ({"approved": True, "split": {"basis_points": 1.0}}, "body.split.basis_points"),
        ({}, "body.approved"),
        ([], "body"),
        ("approved", "body"),
    ],
)
async def test_fields(service, jobs, body, field):
    """An unknown, missing or wrong field is refused by its name, and what was sent is not repeated."""
    members = problem_of(await service.post("/jobs/7/verify", json=body), 422, "validation_error")
    assert list(members["fields"]) == [field]
    assert jobs.verdicts == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=5&offset=1", "query.offset"),
        ("limit=5&limit=6", "query.limit"),
        ("limit=many", "query.limit"),
        ("Limit=5", "query.Limit"),
    ],
)
async def test_parameters(service, query, field):
    """A parameter that is unknown, repeated or no number is refused by its name."""
    members = problem_of(await service.get(f"/jobs?{query}"), 422, "validation_error")
    assert list(members["fields"]) == [field]


async def test_known_parameters(service):
    """Parameters that there are can be said in any order."""
    answer = await service.get("/jobs?status=open&limit=5")
    assert answer.json() == {"limit": 5, "status": "open"}


async def test_what_is_wrong_is_bounded(service):
    """However much is wrong, no more than twenty fields are named, each shortly."""
    body = {"approved": True} | {f"{number}{'x' * 100}": 1 for number in range(30)}
    members = problem_of(await service.post("/jobs/7/verify", json=body), 422, "validation_error")
    assert len(members["fields"]) == 20
    assert max(map(len, members["fields"])) <= 50


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b'{"approved": true, "approved": false}',
        b'{"approved": NaN}',
        b"\xff",
        b"[" * 4_000,
        b'{"approved": true} {}',
        b'{"approved": 123456789012345678901234567890}',
    ],
)
async def test_unreadable(service, jobs, body):
    """What programs could read differently, or not at all, is refused before it is looked at."""
    answer = await service.post("/jobs/7/verify", content=body, headers=JSON)
    if body:
        problem_of(answer, 400, "validation_error")
    else:
        assert list(problem_of(answer, 422, "validation_error")["fields"]) == ["body"]
    assert jobs.verdicts == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": ""},
        {**JSON, "content-encoding": "gzip"},
    ],
)
async def test_media_type(service, jobs, headers):
    """A body that is not said to be plain JSON is refused: a page's form cannot send one."""
    answer = await service.post("/jobs/7/verify", content=b'{"approved":true}', headers=headers)
    problem_of(answer, 415, "unsupported_media_type")
    assert jobs.verdicts == []


async def test_large_body(service, jobs):
    """A body beyond the limit is refused by its announced length, before it is read."""
    answer = await service.post(
        "/jobs/7/verify", content=b'{"approved":true}' + b" " * 4_096, headers=JSON
    )
    problem_of(answer, 413, "content_too_large")
    request = (
        b"POST /jobs/7/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    )
    assert (await service.send(request)).startswith(b"HTTP/1.1 413")
    assert jobs.verdicts == []


async def test_two_lengths(service, jobs):
    """A request that says in two ways how long it is, which a proxy and a service could read differently, is refused."""
    request = (
        b"POST /jobs/7/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    )
    request += b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    request += b'11\r\n{"approved":true}\r\n0\r\n\r\n'
    assert (await service.send(request)).startswith(b"HTTP/1.1 400")
    assert jobs.verdicts == []


async def test_large_body_in_chunks(service, jobs):
    """A body that does not say how long it is, is refused as soon as it is too long."""

    async def endless():
        yield b'{"approved":true}'
        for _ in range(100):
            yield b" " * 100

    answer = await service.post("/jobs/7/verify", content=endless(), headers=JSON)
    problem_of(answer, 413, "content_too_large")
    assert jobs.verdicts == []


async def test_body_at_the_limit(service):
    """A body of exactly the limit is taken."""
    body = json.dumps({"approved": True}).ljust(4_096).encode()
    assert (await service.post("/jobs/7/verify", content=body, headers=JSON)).status_code == 200


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("/jobs?limit=5" + "&limit=5" * 10_000, "a"),
        ("/jobs", "a" * 40_000),
        ("/" + "x" * 40_000, "a"),
    ],
)
async def test_large_head(service, line, header):
    """A line and headers beyond the limit are refused, also if they arrive all at once."""
    request = f"GET {line} HTTP/1.1\r\nHost: localhost\r\nX-Header: {header}\r\n\r\n"
    answer = await service.send(request.encode())
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"at most 16384 bytes" in answer


def test_time_for_repeated_parameters():
    """Parameters cost time as they are many, not as their square."""
    query = b"&".join([b"limit=5"] * 30_000)
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query, "headers": []}
    began = time.process_time()
    with pytest.raises(ValidationFailed, match="said twice"):
        _require_parameters(Request(scope), {"limit": False})
    assert time.process_time() - began < 2.0


def test_time_for_a_media_type():
    """A media type that is made to be slow to read is refused at once."""
    began = time.process_time()
    with pytest.raises(MediaTypeUnsupported):
        _require_media_type('application/json; a="' + ";" * 100_000)
    assert time.process_time() - began < 0.5


async def test_slow_body(service):
    """A body that does not arrive in time is refused, and the connection closed."""
    async with service.raw() as (reader, writer):
        writer.write(
            b"POST /jobs/7/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        await asyncio.wait_for(reader.read(), 5.0)


async def test_slow_handler(service):
    """A request that is not answered in time is ended, and its caller is told that nobody knows what became of it."""
    answer = await service.get("/jobs/slow")
    members = problem_of(answer, 504, "timeout")
    assert members == {"detail": "It took too long."}
    assert answer.headers["retry-after"] == "1"


async def test_time_over_for_somebody_else(service):
    """What ran out of time inside of a route, before the request did, is the route's mistake and is told as one."""
    problem_of(await service.get("/jobs/impatient"), 500, "internal_error")


async def test_caller_that_leaves(service, jobs):
    """A caller that leaves in the middle of its request leaves nothing behind."""
    async with service.raw() as (_, writer):
        writer.write(
            b"POST /jobs/7/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
        )
        await writer.drain()
    assert (await service.get("/jobs")).status_code == 200
    assert jobs.verdicts == []


async def test_too_many_at_a_time(start, jobs):
    """Beyond its bound a service refuses at once, and goes on when there is room."""
    service = await start(jobs.router, most_requests=2)
    held = [asyncio.create_task(service.get("/jobs/slow")) for _ in range(2)]
    await wait_for(lambda: service.app.state.metrics.in_flight._value.get() == 2)
    answer = await service.get("/jobs")
    problem_of(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert (await service.get("/healthz")).status_code == 200
    jobs.release.set()
    assert [one.status_code for one in await asyncio.gather(*held)] == [200, 200]
    assert (await service.get("/jobs")).status_code == 200


async def test_nothing_there(service):
    """What there is not is said to be not there, also with a slash too many."""
    problem_of(await service.get("/nothing"), 404, "not_found")
    problem_of(await service.get("/jobs/"), 404, "not_found")
    assert (await service.get("/docs")).status_code == 404


async def test_wrong_method(service):
    """A wrong method is told which are right."""
    answer = await service.ask("DELETE", "/jobs/7/verify")
    problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_mistake_of_ours(service, caplog):
    """What nobody foresaw is logged under the request's id, and tells the caller nothing but that."""
    answer = await service.get("/jobs/broken", headers={"x-request-id": "trace-0001"})
    members = problem_of(answer, 500, "internal_error")
    assert answer.headers["x-request-id"] == "trace-0001"
    assert "hunter2" not in answer.text
    assert "mistake" in members["detail"]
    assert any("hunter2" in str(record.exc_info) for record in caplog.records)


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f g", 'quote"quote"'])
async def test_forged_request_id(service, given):
    """An id that could be more than an id is replaced."""
    answer = await service.get("/jobs", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] != given


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""]
)
async def test_other_host(service, host):
    """A request for another name is refused: a page cannot reach a service by pointing its own name to it."""
    problem_of(await service.get("/jobs", headers={"host": host}), 400, "validation_error")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "[::1]:80", "127.0.0.1"])
async def test_own_host(service, host):
    """A service's own names are its own with any port, however they are written."""
    assert (await service.get("/jobs", headers={"host": host})).status_code == 200


async def test_no_host(service):
    """A request without a Host is refused."""
    answer = await service.send(b"GET /jobs HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


async def test_origins(start, jobs):
    """A page that is listed may use the service; of any other the browser learns nothing."""
    service = await start(jobs.router, origins=("https://jobs.example",))
    listed = await service.get("/jobs", headers={"origin": "https://jobs.example"})
    assert listed.headers["access-control-allow-origin"] == "https://jobs.example"
    assert "retry-after" in listed.headers["access-control-expose-headers"].lower()
    other = await service.get("/jobs", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert (await service.ask("OPTIONS", "/jobs", headers=asked)).status_code == 400


async def test_problems_across_origins(start, jobs):
    """A listed page may read what was wrong: in a route, before it, and beyond its rate."""
    service = await start(
        jobs.router, origins=("https://jobs.example",), rate_per_address=0.001, burst_per_address=3
    )
    page = {"origin": "https://jobs.example"}
    answers = [
        await service.get("/jobs/broken", headers=page),
        await service.get("/jobs?limit=many", headers=page),
        await service.get("/jobs", headers={**page, "host": "evil.example"}),
        await service.get("/nothing", headers=page),
        await service.get("/jobs", headers=page),
    ]
    assert [answer.status_code for answer in answers] == [500, 422, 400, 404, 429]
    for answer in answers:
        assert answer.headers.get("access-control-allow-origin") == "https://jobs.example"
        assert answer.json()["requestId"] == answer.headers["x-request-id"]


async def test_description(service):
    """The service describes itself, with problems as the answer to everything that goes wrong."""
    described = (await service.get("/openapi.json")).json()
    verify = described["paths"]["/jobs/{job_id}/verify"]["post"]
    assert set(verify["responses"]) == {"200", "default"}
    assert "application/problem+json" in verify["responses"]["default"]["content"]
    assert described["components"]["schemas"]["Verdict"]["additionalProperties"] is False
