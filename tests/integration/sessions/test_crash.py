"""The host is killed at every point where something becomes durable or leaves, and started again."""

import json
import subprocess
import sys

import ape
import pytest

from provenwork.chain import SessionStatus
from tests.integration.sessions.mortal_host import CHUNK, CHUNKS

# Right before each write of a life without accidents, and right after each transaction has left.
POINTS = [
    "add_session:1",
    "append:1",
    "append:2",
    "append:3",
    "keep_voucher:1",
    "set_greeted:1",
    "signed:1",
    "broadcast:1",
    "resolved:1",
    "want_proof:1",
    "keep_proof:1",
    "signed:2",
    "broadcast:2",
    "resolved:2",
    "signed:3",
    "broadcast:3",
    "resolved:3",
    "set_done:1",
]
TRANSACTIONS = 3  # redeem, submit, close


@pytest.fixture(scope="module")
def lives():
    """Runs hosts, each in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.sessions.mortal_host"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(**what) -> dict:
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield run
    process.stdin.close()
    process.wait(timeout=30)
    process.stdout.close()


@pytest.fixture
def life(lives, payer, terms, escrow, tmp_path):
    """One host's life on a session of its own: `life("signed:1")` is killed there, `life("")` is not."""
    mine = payer.open(terms)
    what = {
        "uri": ape.chain.provider.uri,
        "marketplace": escrow.marketplace.address,
        "proof_system": escrow.proof_system.address,
        "token": escrow.usdc.address,
        "store": str(tmp_path / "host.sqlite"),
        "host_key": escrow.actors["host"].private_key,
        "user_key": escrow.actors["user"].private_key,
        "job_id": mine.job_id,
    }

    def run(fatal: str = "") -> dict:
        return lives(fatal=fatal, **what)

    run.session = mine
    return run


def assert_paid_once(life, nonce: int) -> None:
    """The session is closed, everything served is paid, and nothing was sent twice."""
    details = life.session.details()
    assert details.status is SessionStatus.COMPLETED
    assert (details.settled, details.proof_count) == (CHUNK * CHUNKS, 1)
    node = life.session._marketplace.node
    assert node.nonce(details.host) == nonce + TRANSACTIONS


def test_a_life_without_accidents(life, market, host):
    """The points of this file are all the points of a host's life."""
    nonce = market.node.nonce(host.address)
    answer = life()
    assert answer == {"points": POINTS, "killed": False}
    assert_paid_once(life, nonce)


@pytest.mark.parametrize("point", POINTS)
def test_a_host_that_is_killed_continues(life, market, host, point):
    """Killed anywhere, the next start finishes the work: no token is lost, no transaction is sent twice."""
    nonce = market.node.nonce(host.address)
    assert life(point) == {"killed": True}
    answer = life()
    assert answer.get("problem") is None
    assert_paid_once(life, nonce)


def test_a_host_that_is_killed_again_and_again(life, market, host):
    """Ten deaths in one session, each a little later in its life, change nothing in the end."""
    nonce = market.node.nonce(host.address)
    # Ordinals count from each start: the three broadcasts are of the three transactions.
    deaths = ["append:1", "append:2", "keep_voucher:1", "signed:1", "broadcast:1", "want_proof:1"]
    deaths += ["keep_proof:1", "broadcast:1", "resolved:1", "broadcast:1"]
    assert all(life(point)["killed"] for point in deaths)
    life()
    assert_paid_once(life, nonce)
