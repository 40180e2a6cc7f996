"""JobMarketplace.getSessionDetails: every field, through a session's life.

Most tests compare two readings: a step changes exactly the fields that are named, and no others.
"""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    ACTIVE,
    ANSWER_WINDOW,
    BOND_PER_PROOF,
    CLOSE_WINDOW,
    COMMITMENT,
    COMPLETED,
    DAY,
    DISPUTED,
    ETHER,
    HOUR,
    INPUT_BOUND,
    METERED,
    MINUTE,
    SESSION,
    SINGLE_PROMPT,
    TIMED_OUT,
    USDC,
    ZERO,
    advance,
    instances_hash,
    travel_to,
)
from tests.harness.execution import ask, set_base_fee
from tests.harness.values import plain

UNKNOWN = 404
TOKENS, CLAIMED = 500, 900
SLOW = 1  # token per second
INTERVAL = 1_000
MIN_TOKENS = 10


def fields(details):
    return {name: plain(value) for name, value in details.items()}


def changes(session, action):
    """The fields that an action changed, with their new values, and its transaction."""
    before = fields(session.details)
    tx = action()
    after = fields(session.details)
    return {name: value for name, value in after.items() if value != before[name]}, tx


@pytest.fixture
def session(escrow):
    """A session whose evidence nothing holds back."""
    session = escrow.open(maxDuration=DAY)
    advance(MINUTE)
    return session


def test_unknown(marketplace):
    """It should show zero in every field."""
    details = fields(ask(marketplace.getSessionDetails, UNKNOWN))
    assert {value for value in details.values() if value} == {ZERO, bytes(32)}


def test_opened(marketplace, escrow, user, host, usdc):
    """It should show what was agreed, in every field."""
    session = escrow.open(
        deposit=7 * USDC,
        pricePerToken=3 * USDC,
        maxDuration=2 * HOUR,
        proofInterval=INTERVAL,
        maxTokensPerSecond=SLOW,
    )
    opened_at = session.details.sessionStartTime
    assert fields(session.details) == {
        "depositAmount": 7 * USDC,
        "pricePerToken": 3 * USDC,
        "maxDuration": 2 * HOUR,
        "sessionStartTime": opened_at,
        "assignedHost": plain(host),
        "status": ACTIVE,
        "provenTokens": 0,
        "lastProofSubmission": 0,
        "aggregateProofHash": bytes(32),
        "checkpointInterval": INTERVAL,
        "jobType": SESSION,
        "user": plain(user),
        "token": plain(usdc),
        "ackedTokens": 0,
        "maturedTokens": 0,
        "claimedTokens": 0,
        "claimedAt": 0,
        "settledTokens": 0,
        "coveredTokens": 0,
        "payableTokens": 0,
        "endsAt": opened_at + 2 * HOUR,
        "closingAt": 0,
        "evidenceEnd": opened_at + 2 * HOUR + CLOSE_WINDOW,
        "maxTokensPerSecond": SLOW,
        "circuitId": METERED,
        "voucherSigner": plain(user),
        "voucherCap": 0,
        "watcher": ZERO,
        "arbiter": ZERO,
        "challenger": ZERO,
        "bond": 0,
        "disputeDeadline": 0,
        "claimsOff": False,
        "abandoned": False,
        "proofCount": 0,
        "inputCommitment": 0,
        "minTokens": 0,
    }


def test_roles(escrow, voucher_signer, watcher, arbiter):
    """It should show the roles that were named."""
    details = escrow.open(
        token=ETHER,
        circuitId=0,
        voucherSigner=voucher_signer,
        voucherCap=CLAIMED,
        watcher=watcher,
        arbiter=arbiter,
    ).details
    assert (details.voucherSigner, details.voucherCap) == (voucher_signer, CLAIMED)
    assert (details.watcher, details.arbiter) == (watcher, arbiter)
    assert (details.token, details.circuitId) == (ETHER, 0)


def test_default_signer(escrow, user):
    """It should name the user where no voucher signer was."""
    details = escrow.open(voucherCap=CLAIMED).details
    assert (details.voucherSigner, details.voucherCap) == (user, CLAIMED)


def test_prompt_job(escrow):
    """It should show a prompt job's conditions."""
    details = escrow.open_prompt().details
    assert (details.jobType, details.circuitId) == (SINGLE_PROMPT, INPUT_BOUND)
    assert (details.inputCommitment, details.minTokens) == (COMMITMENT, MIN_TOKENS)
    assert (details.pricePerToken, details.checkpointInterval) == (0, 1)


# ---------------------------------------------------------------------------------------- evidence


def test_proofs(session):
    """It should show proofs and their digest."""
    changed, tx = changes(session, lambda: session.prove(TOKENS))
    chain = encode(["bytes32", "bytes32"], [bytes(32), instances_hash(session.tag(0), TOKENS)])
    assert changed == {
        "provenTokens": TOKENS,
        "lastProofSubmission": tx.timestamp,
        "aggregateProofHash": keccak(chain),
        "coveredTokens": TOKENS,
        "payableTokens": TOKENS,
        "proofCount": 1,
    }


def test_vouchers(session):
    """It should show vouchers."""
    changed, tx = changes(session, lambda: session.redeem(TOKENS))
    assert changed == {
        "ackedTokens": TOKENS,
        "lastProofSubmission": tx.timestamp,
        "coveredTokens": TOKENS,
        "payableTokens": TOKENS,
    }


def test_claim(session):
    """It should show a claim."""
    changed, tx = changes(session, lambda: session.claim(CLAIMED))
    assert changed == {"claimedTokens": CLAIMED, "claimedAt": tx.timestamp}


def test_matured(session):
    """It should cover the claim once it matures."""
    session.claim(CLAIMED)
    changed, _ = changes(session, session.pass_challenge_window)
    assert changed == {"coveredTokens": CLAIMED, "payableTokens": CLAIMED}


def test_folded(session):
    """It should fold it in when the next one is made."""
    session.claim(TOKENS)
    session.pass_challenge_window()
    changed, tx = changes(session, lambda: session.claim(CLAIMED))
    assert changed == {
        "maturedTokens": TOKENS,
        "claimedTokens": CLAIMED,
        "claimedAt": tx.timestamp,
    }


def test_payable(escrow):
    """It should keep what is covered apart from what is payable."""
    session = escrow.open(maxTokensPerSecond=SLOW)
    session.prove(INTERVAL, INTERVAL)
    travel_to(session.details.sessionStartTime + MINUTE)
    details = session.details
    assert (details.coveredTokens, details.payableTokens) == (2 * INTERVAL, INTERVAL + MINUTE)


# ------------------------------------------------------------------------------------------- money


def test_settled(session):
    """It should show what a checkpoint settled."""
    session.prove(TOKENS)
    changed, _ = changes(session, session.checkpoint)
    assert changed == {"settledTokens": TOKENS}


def test_top_up(escrow, marketplace, user):
    """It should show a top-up and what it makes payable."""
    session = escrow.open(deposit=USDC, pricePerToken=1_000 * USDC)
    session.redeem(3 * INTERVAL)
    changed, _ = changes(session, lambda: marketplace.topUp(session.id, USDC, sender=user))
    assert changed == {"depositAmount": 2 * USDC, "payableTokens": 2 * INTERVAL}


def test_extended(marketplace, session, user):
    """It should show a later end."""
    ends_at = session.details.endsAt + HOUR
    changed, _ = changes(session, lambda: marketplace.extend(session.id, ends_at, sender=user))
    assert changed == {
        "endsAt": ends_at,
        "maxDuration": DAY + HOUR,
        "evidenceEnd": ends_at + CLOSE_WINDOW,
    }


# ---------------------------------------------------------------------------------------- disputes


@pytest.fixture
def contested(session):
    """The session with tokens proven and a claim contested."""
    session.prove(TOKENS)
    session.claim(CLAIMED)
    set_base_fee(0)
    session.contest()
    return session


OVER = {"status": ACTIVE, "challenger": ZERO, "bond": 0, "disputeDeadline": 0}


def test_contested(session, user):
    """It should show challenger, bond and deadline."""
    session.claim(CLAIMED)
    set_base_fee(0)
    changed, tx = changes(session, session.contest)
    assert changed == {
        "status": DISPUTED,
        "challenger": plain(user),
        "bond": BOND_PER_PROOF,
        "disputeDeadline": tx.timestamp + ANSWER_WINDOW,
    }


def test_answered(contested):
    """It should show an answer, and no dispute any more."""
    advance(MINUTE)
    changed, tx = changes(contested, lambda: contested.redeem(CLAIMED))
    assert changed == OVER | {
        "ackedTokens": CLAIMED,
        "lastProofSubmission": tx.timestamp,
        "coveredTokens": CLAIMED,
        "payableTokens": CLAIMED,
    }


def test_ruled(escrow, arbiter):
    """It should show a ruling."""
    session = escrow.open(arbiter=arbiter)
    session.claim(CLAIMED)
    session.contest()
    changed, _ = changes(session, lambda: session.rule(TOKENS))
    assert changed == OVER | {
        "maturedTokens": TOKENS,
        "claimedTokens": 0,
        "coveredTokens": TOKENS,
        "payableTokens": TOKENS,
    }


def test_claims_off(contested):
    """It should show that claims are off."""
    travel_to(contested.details.disputeDeadline + 1)
    changed, _ = changes(contested, contested.expire)
    assert changed == OVER | {"claimedTokens": 0, "claimsOff": True}


def test_stands(escrow, contested, owner):
    """It should show that the claim stands."""
    escrow.proof_system.revokeCircuit(METERED, sender=owner)
    changed, _ = changes(contested, contested.expire)
    assert changed == OVER | {
        "maturedTokens": CLAIMED,
        "claimedTokens": 0,
        "coveredTokens": CLAIMED,
        "payableTokens": CLAIMED,
    }


# ---------------------------------------------------------------------------------------- closing


def test_closing(session, user):
    """It should show when the user asked."""
    changed, tx = changes(session, lambda: session.complete(sender=user))
    assert changed == {"closingAt": tx.timestamp, "evidenceEnd": tx.timestamp + CLOSE_WINDOW}


def test_abandoned(session):
    """It should show the label."""
    travel_to(session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
    session.abandon()
    assert session.details.abandoned
    session.pass_evidence_end()
    changed, _ = changes(session, session.finalize)
    assert changed == {"status": ABANDONED}


@pytest.mark.parametrize(("way", "status"), [("completed", COMPLETED), ("timed out", TIMED_OUT)])
def test_final(escrow, host, way, status):
    """It should show what was paid as covered and payable, and nothing else anew."""
    session = escrow.open(deposit=USDC, pricePerToken=1_000 * USDC)
    session.prove(TOKENS)
    session.redeem(3 * INTERVAL)  # the deposit buys one interval, which settles by itself
    if way == "timed out":
        session.pass_evidence_end()
        changed, _ = changes(session, session.time_out)
    else:
        changed, _ = changes(session, lambda: session.complete(sender=host))
    assert changed == {"status": status, "coveredTokens": INTERVAL}
    details = session.details
    assert details.payableTokens == details.settledTokens == INTERVAL


def test_others(escrow, session, other_user, other_host):
    """It should show nothing of them."""

    def meanwhile():
        other = escrow.open(user=other_user, host=other_host, token=ETHER)
        other.prove(TOKENS)
        other.claim(CLAIMED)
        other.contest()
        other.complete(sender=other_host)

    changed, _ = changes(session, meanwhile)
    assert changed == {}
