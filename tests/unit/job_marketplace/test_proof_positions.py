"""Where proofs may start: nowhere before what is proven, nowhere behind what is covered."""

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import DAY, MAX_TOKENS, advance
from tests.harness.execution import Reverted, ask, isolated

A_WHILE = 100
FAR = 5_000
counts = st.integers(1, MAX_TOKENS)
evidence = st.lists(
    st.tuples(st.sampled_from(["prove", "redeem", "claim", "claim and wait"]), counts), max_size=4
)


def bring(session, kind, tokens):
    """Evidence of so many tokens beyond what is covered; a claim may still wait."""
    details = session.details
    total = details.coveredTokens + tokens
    waiting = details.claimedTokens > details.coveredTokens
    if kind == "prove":
        session.prove(tokens, first=details.coveredTokens)
    elif kind == "redeem" or waiting:
        session.redeem(total)
    else:
        session.claim(total)
        if kind == "claim and wait":
            session.pass_challenge_window()


def accepts(session, first, tokens):
    """Whether the host could prove so many tokens from there now."""
    proofs = session.proofs(first, [tokens])
    method = session.marketplace.submitProofsAt
    try:
        ask(method, session.id, first, proofs, [tokens], sender=session.host)
    except Reverted:
        return False
    return True


@given(
    evidence=evidence,
    first=st.integers(0, FAR),
    near=st.sampled_from([-1, 0, 1]),
    tokens=counts,
)
def test_anywhere(escrow, evidence, first, near, tokens):
    """It should be accepted exactly where proven ≤ firstToken ≤ covered."""
    with isolated():
        session = escrow.open(proofInterval=MAX_TOKENS, maxDuration=DAY)
        advance(A_WHILE)
        for kind, count in evidence:
            bring(session, kind, count)
        details = session.details
        proven, covered = details.provenTokens, details.coveredTokens
        for place in {first, max(proven + near, 0), covered + near} - {-1}:
            assert accepts(session, place, tokens) == (proven <= place <= covered)


steps = st.lists(st.tuples(counts, st.floats(0, 1), counts), min_size=1, max_size=3)


@given(steps=steps)
def test_growth(escrow, steps):
    """It should never move proven backwards, nor beyond what was covered and the proofs count."""
    with isolated():
        session = escrow.open()
        proven = 0
        for more, where, tokens in steps:
            covered = max(proven, session.details.ackedTokens) + more
            session.redeem(covered)
            first = proven + int(where * (covered - proven))
            session.prove(tokens, first=first)
            details = session.details
            assert proven < details.provenTokens == first + tokens <= covered + tokens
            assert details.coveredTokens == max(covered, details.provenTokens)
            proven = details.provenTokens


@given(data=st.data(), totals=st.lists(counts, min_size=1, max_size=4, unique=True))
def test_any_order(escrow, data, totals):
    """It should cover the most that any of them reaches."""
    with isolated():
        session = escrow.open()
        reached, acked, proven = 0, 0, 0
        for total in totals:
            if data.draw(st.booleans()) and total > acked:
                session.redeem(total)
                acked = total
            else:
                session.prove(total)
                proven += total
            reached = max(acked, proven)
        assert session.details.coveredTokens == reached
