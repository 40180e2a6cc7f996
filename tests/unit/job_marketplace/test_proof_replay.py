"""One proof counts once: at one place of one session of one host, on one marketplace of one chain."""

import pytest

from provenwork.circuits import session_tag
from tests.harness.escrow import METERED, advance, stub_proof
from tests.harness.evidence import tag_mismatch
from tests.harness.execution import rpc
from tests.harness.reverts import encoded, reverts

TOKENS = 48
A_WHILE = 100
OTHER_CHAIN = 8_453
ELSEWHERE = "0x" + "a7" * 20


@pytest.fixture
def session(escrow):
    """A session in which time has passed, so that the rate bounds nothing."""
    session = escrow.open()
    advance(A_WHILE)
    return session


@pytest.fixture(scope="module")
def out_of_place(escrow):
    """The arguments of the error that a proof for `found` meets where `wanted` was to be proven."""

    def out_of_place(wanted, found):
        error = escrow.proof_system.ProofSystem_TagMismatch
        return {"index": 0, "reason": encoded(error, **tag_mismatch(wanted, found))}

    return out_of_place


def submit(session, proof, *, first=0, sender=None):
    """The host brings one proof of TOKENS tokens at `first`."""
    method = session.marketplace.submitProofsAt
    return method(session.id, first, [proof], [TOKENS], sender=sender or session.host)


def test_same_proof_again(session, marketplace, out_of_place):
    """It should refuse the same proof where the proven tokens end now."""
    (proof,) = session.proofs(0, [TOKENS])
    submit(session, proof)
    why = out_of_place(session.tag(TOKENS), session.tag(0))
    with reverts(marketplace.JobMarketplace_ProofRejected, **why):
        submit(session, proof, first=TOKENS)


@pytest.mark.parametrize("covered", [TOKENS, 1_000])
def test_same_place_again(session, marketplace, covered):
    """It should refuse the same proof at its own place."""
    (proof,) = session.proofs(0, [TOKENS])
    submit(session, proof)
    session.redeem(covered)
    with reverts(
        marketplace.JobMarketplace_FirstTokenOutOfRange, min=TOKENS, max=covered, actual=0
    ):
        submit(session, proof)


@pytest.mark.parametrize("part", ["chain", "marketplace", "session", "host", "position"])
def test_other_place(session, marketplace, other_host, chain, out_of_place, part):
    """It should refuse a proof of another session, host, chain, marketplace or position."""
    place = {
        "chain": chain.chain_id,
        "marketplace": marketplace.address,
        "session": session.id,
        "host": session.host.address,
        "position": 0,
    }
    other = {
        "chain": OTHER_CHAIN,
        "marketplace": ELSEWHERE,
        "session": session.id + 1,
        "host": other_host.address,
        "position": 1,
    }
    assert session_tag(*place.values()) == session.tag(0)
    made_for = session_tag(*(place | {part: other[part]}).values())
    with reverts(
        marketplace.JobMarketplace_ProofRejected, **out_of_place(session.tag(0), made_for)
    ):
        submit(session, stub_proof(made_for, TOKENS))


def test_twin_sessions(session, escrow, marketplace, out_of_place):
    """It should refuse to let one piece of work be paid twice."""
    twin = escrow.open()
    (proof,) = session.proofs(0, [TOKENS])
    submit(session, proof)
    with reverts(
        marketplace.JobMarketplace_ProofRejected, **out_of_place(twin.tag(0), session.tag(0))
    ):
        submit(twin, proof)


def test_twin_prompts(escrow, marketplace, out_of_place):
    """It should refuse to let one answer be paid twice."""
    job, twin = escrow.open_prompt(), escrow.open_prompt()
    (proof,) = job.proofs(0, [TOKENS])
    submit(job, proof)
    with reverts(marketplace.JobMarketplace_ProofRejected, **out_of_place(twin.tag(0), job.tag(0))):
        submit(twin, proof)


@pytest.mark.parametrize("role", ["stranger", "other_host", "user", "relayer"])
def test_sent_first(session, marketplace, actors, role):
    """It should refuse it from anybody but the host."""
    (proof,) = session.proofs(0, [TOKENS])
    thief = actors[role]
    with reverts(marketplace.JobMarketplace_CallerNotHost, host=session.host, caller=thief):
        submit(session, proof, sender=thief)


def test_sent_after_a_thief(session, stranger, escrow):
    """It should accept it from the host afterwards.

    Not even having it verified and cached by a stranger uses it up.
    """
    (proof,) = session.proofs(0, [TOKENS])
    escrow.proof_system.cacheProof(METERED, session.tag(0), proof, TOKENS, sender=stranger)
    submit(session, proof)
    assert session.details.provenTokens == TOKENS


def test_other_host(session, escrow, other_host, marketplace, out_of_place):
    """It should refuse what the other host proved."""
    (proof,) = session.proofs(0, [TOKENS])
    submit(session, proof)
    own = escrow.open(host=other_host)
    with reverts(
        marketplace.JobMarketplace_ProofRejected, **out_of_place(own.tag(0), session.tag(0))
    ):
        submit(own, proof)


def test_fork(session, marketplace, chain, out_of_place):
    """It should refuse it on the new chain."""
    here, fork = chain.chain_id, chain.chain_id + 1
    (proof,) = session.proofs(0, [TOKENS])
    there = session_tag(fork, marketplace.address, session.id, session.host.address, 0)
    try:
        rpc("anvil_setChainId", fork)
        with reverts(
            marketplace.JobMarketplace_ProofRejected, **out_of_place(there, session.tag(0))
        ):
            submit(session, proof)
    finally:
        rpc("anvil_setChainId", here)


def test_next_session(session, escrow, marketplace, out_of_place):
    """It should refuse the proof in the session's next one."""
    (proof,) = session.proofs(0, [TOKENS])
    submit(session, proof)
    session.complete(sender=session.host)
    following = escrow.open()
    with reverts(
        marketplace.JobMarketplace_ProofRejected, **out_of_place(following.tag(0), session.tag(0))
    ):
        submit(following, proof)


def test_same_work(session):
    """It should count it, since a proof shows only that the host bound tokens to a place.

    What bounds the loss of a user whose host does so is the rate: see `rate_bound.tree`.
    """
    first, second = session.proofs(0, [TOKENS] * 2)
    submit(session, first)
    submit(session, second, first=TOKENS)
    assert session.details.provenTokens == 2 * TOKENS
