"""What a host does next is decided by what it knows, and by nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import CircuitTerms, SessionStatus
from provenwork.sessions._accounting import covered, limit
from provenwork.sessions._plan import Action, Situation, Step, chain_of, plan
from tests.services.sessions.conftest import ARBITER, CIRCUIT, OPENED, WINDOWS, session

LATER = OPENED + 600
ENDED = OPENED + 3_601


def situation(*, now=LATER, served=0, voucher=0, made=None, quiet=0.0, circuit=CIRCUIT, **changes):
    """A host's knowledge, with the usual session changed as said."""
    return Situation(
        details=session(**changes),
        parameters=WINDOWS,
        now=now,
        circuit=circuit,
        served=served,
        voucher=voucher,
        made=made or {},
        quiet=quiet,
        patience=300,
        min_claim_value=0,
    )


def disputed(**changes):
    """A claim of 200 tokens, contested a moment ago."""
    return situation(
        **{
            "status": SessionStatus.DISPUTED,
            "claimed": 200,
            "claimed_at": LATER - 5,
            "dispute_deadline": LATER + 2_400,
            "served": 200,
        }
        | changes
    )


@pytest.mark.parametrize(
    ("knows", "action"),
    [
        (situation(served=900), None),
        (situation(served=900, quiet=301), Action.CLAIM),
        (situation(served=900, quiet=301, voucher=500), Action.REDEEM),
        (situation(served=900, quiet=301, voucher=900), None),
        (situation(served=900, quiet=301, claimed=500, claimed_at=LATER - 1), None),
        (situation(served=900, quiet=301, circuit=None, circuit_id=0), None),
        (situation(status=SessionStatus.COMPLETED, served=900, quiet=301), None),
        (situation(closing_at=LATER - 1), Action.CLOSE),
        (situation(closing_at=LATER - 1, served=500, voucher=500), Action.CLOSE_WITH_VOUCHER),
        (situation(closing_at=LATER - 1, served=900, voucher=500), Action.REDEEM),
        (situation(closing_at=LATER - 1, served=900, voucher=500, acked=500), Action.CLAIM),
        (
            situation(closing_at=LATER - 1, served=900, claims_off=True, made={0: 1_000}),
            Action.SUBMIT,
        ),
        (situation(now=ENDED, served=500, voucher=500), Action.CLOSE_WITH_VOUCHER),
        (situation(now=ENDED + 3_600, served=500), Action.CLOSE),
        (situation(now=ENDED, claimed=300, claimed_at=ENDED - 9, served=300), None),
        (
            situation(now=ENDED, claimed=300, claimed_at=ENDED - 9, served=300, voucher=100),
            Action.REDEEM,
        ),
        (
            situation(now=ENDED, claimed=300, claimed_at=ENDED - 9, served=300, voucher=300),
            Action.CLOSE_WITH_VOUCHER,
        ),
        (situation(now=ENDED, claimed=300, claimed_at=ENDED - 1_801, served=300), Action.CLOSE),
        (disputed(voucher=200), Action.REDEEM),
        (disputed(voucher=100, arbiter=ARBITER, circuit=None), Action.REDEEM),
        (disputed(arbiter=ARBITER, circuit=None), None),
        (disputed(made={0: 64, 64: 64, 128: 64, 192: 8}), Action.SUBMIT),
        (disputed(now=LATER + 2_401, closing_at=LATER, voucher=200), Action.CLOSE_WITH_VOUCHER),
    ],
)
def test_each_situation_has_one_next_step(knows, action):
    """Silence, closing, the end and contested claims each lead to the step that keeps the host paid."""
    step = plan(knows).step
    assert (step.action if step else None) is action


def test_missing_proofs_are_asked_for_first():
    """A contested claim is answered by making exactly the proofs that are missing."""
    assert plan(disputed()).prove == ((0, 64), (64, 64), (128, 64), (192, 8))
    assert plan(disputed(made={64: 64})).prove == ((0, 64), (128, 64), (192, 8))
    assert plan(disputed(matured=150)).prove == ((150, 50),)


def test_proofs_in_flight_are_used_when_a_voucher_has_moved_the_cover():
    """A chain of proofs that begins before what is covered now, but after what is proven, still answers."""
    knows = disputed(acked=70, voucher=70, made={0: 64, 64: 64, 128: 72})
    assert plan(knows).step == Step(Action.SUBMIT, 64, 200)


def test_without_claims_the_tail_is_proven():
    """After a claim went unanswered only proofs and vouchers count, so the tail is proven before closing."""
    knows = situation(closing_at=LATER - 1, served=100, claims_off=True)
    assert plan(knows).prove == ((0, 64), (64, 36))


def test_a_revoked_circuit_proves_nothing():
    """When the circuit was revoked and there is no arbiter, the host takes what it has."""
    revoked = CircuitTerms(64, True, LATER)
    knows = situation(closing_at=LATER - 1, served=100, voucher=60, circuit=revoked)
    assert plan(knows).step == Step(Action.CLOSE_WITH_VOUCHER)


def test_a_tail_that_is_not_worth_it_is_left():
    """A claim costs gas: below its own threshold the host closes without it."""
    knows = replace(situation(closing_at=LATER - 1, served=100), min_claim_value=201)
    assert plan(knows).step == Step(Action.CLOSE)
    assert plan(replace(knows, min_claim_value=200)).step == Step(Action.CLAIM, 0, 100)


situations = st.builds(
    situation,
    now=st.sampled_from([OPENED, LATER, ENDED, ENDED + 1_000, ENDED + 3_600, ENDED + 9_000]),
    served=st.integers(0, 5_000),
    voucher=st.integers(0, 5_000),
    made=st.dictionaries(
        st.integers(0, 200).map(lambda n: n * 32), st.sampled_from([32, 64]), max_size=9
    ),
    quiet=st.sampled_from([0.0, 1_000.0]),
    circuit=st.sampled_from([CIRCUIT, None, CircuitTerms(64, True, LATER)]),
    status=st.sampled_from([SessionStatus.ACTIVE, SessionStatus.DISPUTED]),
    proven=st.integers(0, 3_000),
    acked=st.integers(0, 3_000),
    matured=st.integers(0, 3_000),
    claimed=st.integers(0, 4_000),
    claimed_at=st.sampled_from([OPENED, LATER - 1, ENDED - 1, ENDED + 2_000]),
    dispute_deadline=st.sampled_from([LATER + 5, ENDED + 500]),
    closing_at=st.sampled_from([0, LATER - 1]),
    claims_off=st.booleans(),
)


@given(knows=situations)
def test_no_plan_is_ever_unsafe(knows):
    """Whatever the situation: a live claim is never closed over, nothing beyond what was served is claimed or proven."""
    decided = plan(knows)
    step, details = decided.step, knows.details
    position = covered(details, WINDOWS, knows.now)
    for first, count in decided.prove:
        assert first >= position
        assert 0 < count <= 64
        assert first not in knows.made
    if step is None:
        return
    assert not decided.prove
    if step.action in {Action.CLOSE, Action.CLOSE_WITH_VOUCHER}:
        held = max(position, knows.voucher)
        contested = details.is_disputed and knows.now <= details.dispute_deadline
        maturing = not details.is_disputed and knows.now <= details.claimed_at + 1_800
        assert held >= details.claimed or not (contested or maturing)
        assert (step.action is Action.CLOSE_WITH_VOUCHER) == (knows.voucher > position)
    if step.action is Action.CLAIM:
        assert position == step.first < step.end <= min(knows.served, position + 1_000)
        assert step.end <= limit(details, knows.now, knows.voucher)
        assert position >= knows.voucher
    if step.action is Action.SUBMIT:
        assert details.proven <= step.first <= position
        assert sum(chain_of(knows.made, step.first, step.end)) >= step.end - step.first > 0
    if step.action is Action.REDEEM:
        assert knows.voucher > min(position, details.claimed) or knows.voucher >= details.claimed
