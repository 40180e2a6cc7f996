"""Which words each step of a job writes, and what is in them."""

from tests.harness.actors import give_ether
from tests.harness.escrow import DAY, ETHER, USDC, ZERO, travel_to
from tests.harness.execution import storage_word, written_words
from tests.harness.factory import (
    CLAIMED,
    COMPLETED,
    EXPIRED,
    MAX_AMOUNT,
    MAX_BOND,
    MAX_CLAIM,
    MAX_REJECT_FEE_BPS,
    MAX_REVIEW,
    MAX_WORK,
    OPEN,
    SUBMITTED,
    WORK,
)
from tests.unit.job_factory import layout
from tests.unit.job_factory.layout import (
    CREDITS,
    EARNED,
    EVALUATOR,
    FLAG_EVALUATOR,
    FLAG_FUNDER,
    FLAG_PAYEE,
    FUNDER,
    HEAD,
    RULES,
    SHARED,
    STAKE,
)
from tests.unit.job_factory.lives import (
    AMOUNT,
    BOND,
    REJECT_FEE,
    REJECT_FEE_BPS,
    SECOND_AMOUNT,
    posted,
)

WORDS = range(HEAD, FUNDER + 1)


def words(job, tx):
    """The words of the job that a transaction wrote, and what it wrote elsewhere."""
    written = written_words(tx, job.contract)
    slots = {layout.job_slot(job.id, word): word for word in WORDS}
    ours = {slots[slot]: value for slot, value in written.items() if slot in slots}
    return ours, {slot: value for slot, value in written.items() if slot not in slots}


def test_each_step(factory, issuer, worker, evaluator, usdc):
    """It should write this and nothing else, at each step."""
    job = posted(factory)
    before = storage_word(factory.contract, SHARED)
    usual = {"reject_fee_bps": REJECT_FEE_BPS}

    claim_by = job.posted.timestamp + job.terms.claimDuration
    assert words(job, job.posted) == (
        {
            HEAD: layout.head(issuer, claim_by, OPEN, **usual),
            STAKE: layout.stake(ZERO, AMOUNT),
            RULES: layout.rules(job.terms),
        },
        {SHARED: before},
    )

    tx = job.claim()
    usual["claim_left"] = claim_by - tx.timestamp
    work_by = tx.timestamp + job.terms.workDuration
    assert words(job, tx) == (
        {
            HEAD: layout.head(issuer, work_by, CLAIMED, **usual),
            STAKE: layout.stake(worker, AMOUNT),
        },
        {},
    )

    tx = job.submit()
    review_by = tx.timestamp + job.terms.reviewDuration
    assert words(job, tx) == (
        {
            HEAD: layout.head(issuer, review_by, SUBMITTED, **usual),
            RULES: layout.rules(job.terms, WORK),
        },
        {layout.of(CREDITS, worker, ETHER): BOND},
    )

    assert words(job, job.approve()) == (
        {HEAD: layout.head(issuer, 0, COMPLETED, **usual)},
        {layout.of(EARNED, worker, usdc): AMOUNT},
    )


def test_optional_words(factory, issuer, worker, evaluator, relayer):
    """It should write a word more for an evaluator and for another's bond, and none for a payee."""
    job = posted(factory, payee=worker, evaluator=evaluator)
    named = {"reject_fee_bps": REJECT_FEE_BPS, "flags": FLAG_PAYEE | FLAG_EVALUATOR}
    claim_by = job.posted.timestamp + job.terms.claimDuration
    ours, _ = words(job, job.posted)
    assert ours == {
        HEAD: layout.head(issuer, claim_by, OPEN, **named),
        STAKE: layout.stake(worker, AMOUNT),
        RULES: layout.rules(job.terms),
        EVALUATOR: layout.number(evaluator),
    }

    tx = job.claim_by_sig()
    named["claim_left"] = claim_by - tx.timestamp
    work_by = tx.timestamp + job.terms.workDuration
    funded = named | {"flags": FLAG_PAYEE | FLAG_EVALUATOR | FLAG_FUNDER}
    assert words(job, tx) == (
        {HEAD: layout.head(issuer, work_by, CLAIMED, **funded), FUNDER: layout.number(relayer)},
        {layout.slot_of(layout.NONCES, ("address", worker.address)): 1},
    )

    tx = job.submit()
    review_by = tx.timestamp + job.terms.reviewDuration
    ours, elsewhere = words(job, tx)
    assert ours[HEAD] == layout.head(issuer, review_by, SUBMITTED, **named)
    assert elsewhere == {layout.of(CREDITS, relayer, ETHER): BOND}


def test_no_bond(factory, issuer, worker):
    """It should write no funder."""
    job = posted(factory, claimBond=0)
    claim_by = job.posted.timestamp + job.terms.claimDuration
    tx = job.claim_by_sig()
    usual = {"reject_fee_bps": REJECT_FEE_BPS, "claim_left": claim_by - tx.timestamp}
    work_by = tx.timestamp + job.terms.workDuration
    assert words(job, tx) == (
        {
            HEAD: layout.head(issuer, work_by, CLAIMED, **usual),
            STAKE: layout.stake(worker, AMOUNT),
        },
        {layout.slot_of(layout.NONCES, ("address", worker.address)): 1},
    )


def test_largest(factory, usdc, owner, issuer, worker, evaluator):
    """It should keep each within its own bits."""
    usdc.mint(issuer, MAX_AMOUNT, sender=owner)
    give_ether(worker, MAX_BOND + 10**20)
    job = posted(
        factory,
        evaluator=evaluator,
        amount=MAX_AMOUNT,
        claimDuration=MAX_CLAIM,
        workDuration=MAX_WORK,
        reviewDuration=MAX_REVIEW,
        claimBond=MAX_BOND,
        rejectFeeBps=MAX_REJECT_FEE_BPS,
    )
    # In the second of the posting nothing of the time to claim has passed.
    travel_to(job.posted.timestamp)
    tx = job.claim()
    usual = {
        "reject_fee_bps": MAX_REJECT_FEE_BPS,
        "flags": FLAG_EVALUATOR,
        "claim_left": job.posted.timestamp + MAX_CLAIM - tx.timestamp,
    }
    work = b"\xff" * 32
    review_by = job.submit(work).timestamp + MAX_REVIEW
    expected = layout.head(issuer, review_by, SUBMITTED, **usual)
    assert storage_word(factory.contract, layout.job_slot(job.id, HEAD)) == expected
    stored = [storage_word(factory.contract, layout.job_slot(job.id, word)) for word in WORDS]
    assert stored[1:] == [
        layout.stake(worker, MAX_AMOUNT),
        layout.rules(job.terms, work),
        layout.number(evaluator),
        0,
    ]
    assert layout.rules(job.terms, work) < 2**256


def test_reopened(factory, issuer, worker, usdc):
    """It should keep everything but what the round changed."""
    job = posted(factory)
    job.claim()
    claimed = storage_word(factory.contract, layout.job_slot(job.id, HEAD))
    job.submit()
    tx = job.reopen()
    usual = {"reject_fee_bps": REJECT_FEE_BPS, "claim_left": claimed >> 200 & 0x3FFFFF}
    claim_by = tx.timestamp + job.terms.claimDuration
    assert words(job, tx) == (
        {
            HEAD: layout.head(issuer, claim_by, OPEN, round_=2, **usual),
            STAKE: layout.stake(worker, SECOND_AMOUNT),
        },
        {layout.of(EARNED, worker, usdc): REJECT_FEE},
    )
    ours, elsewhere = words(job, job.cancel())
    assert set(ours) == {HEAD}
    assert elsewhere == {}


def test_refunded(factory, issuer, stranger):
    """It should write the head, and a credit where there is one."""
    job = posted(factory)
    job.claim()
    job.pass_deadline()
    head = storage_word(factory.contract, layout.job_slot(job.id, HEAD))
    tx = job.expire()
    mask = (2**40 - 1) << 160 | 0xF << 244
    assert words(job, tx) == (
        {HEAD: head & ~mask | EXPIRED << 244},
        {layout.of(CREDITS, issuer, ETHER): BOND},
    )


def test_settings(factory, project, owner, operator, issuer, chain):
    """It should write beside what shares its slot."""
    contract = factory.contract
    posted(factory)
    contract.transferOwnership(operator, sender=owner)
    token = owner.deploy(project.MockUSDC)
    before = storage_word(contract, SHARED)
    assert before == (
        layout.number(operator) | 1 << layout.JOB_COUNT_AT | 1 << layout.TOKEN_COUNT_AT
    )
    paused = written_words(contract.pause(sender=owner), contract)
    assert paused == {SHARED: before | 1 << layout.PAUSED_AT}
    listed = written_words(contract.setToken(token, True, USDC, sender=owner), contract)
    assert listed == {
        SHARED: (before | 1 << layout.PAUSED_AT) + (1 << layout.TOKEN_COUNT_AT),
        layout.slot_of(layout.TOKEN_TERMS, ("address", token.address)): USDC | 2 << 96 | 1 << 104,
        layout.slot_of(layout.TOKEN_BY_ID, ("uint256", 2)): layout.number(token),
    }
    until = chain.pending_timestamp + DAY
    key = (("address", issuer.address), ("address", operator.address))
    appointed = written_words(factory.appoint(until), contract)
    assert appointed == {layout.slot_of(layout.OPERATORS, *key): until}
    digest = b"\x0d" * 32
    revoked = written_words(contract.revokeIntent(digest, sender=issuer), contract)
    key = (("address", issuer.address), ("bytes32", digest))
    assert revoked == {layout.slot_of(layout.REVOKED, *key): 1}
    treasury = written_words(contract.setTreasury(operator, sender=owner), contract)
    assert treasury == {layout.TREASURY: layout.number(operator)}
