"""JobMarketplaceExtension.createPromptJob: one unit for one payment."""

import pytest

from tests.harness.deployment import payment_token
from tests.harness.escrow import (
    COMMITMENT,
    ETHER,
    INPUT_BOUND,
    MAX_TOKENS,
    METERED,
    SINGLE_PROMPT,
    USDC,
    ZERO,
)
from tests.harness.events import emitted, event
from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import (
    PROMPT_REFUSALS,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

PAYMENT = 5 * USDC
MIN_TOKENS = 10
FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
UNPROVEN = {"circuitId": 0, "inputCommitment": 0, "minTokens": 0}
ONE_PERCENT = 100  # in basis points


@pytest.fixture
def terms(escrow):
    """The part of a session's terms that a prompt job has too, as its events tell them."""
    return escrow.terms(
        deposit=PAYMENT,
        pricePerToken=0,
        proofInterval=1,
        maxTokensPerSecond=0,
        circuitId=INPUT_BOUND,
    )


def create(escrow, terms, *, commitment=COMMITMENT, minimum=MIN_TOKENS, value=0):
    """The user opens a prompt job."""
    return escrow.marketplace.createPromptJob(
        terms.host,
        terms.token,
        terms.deposit,
        terms.circuitId,
        commitment,
        minimum,
        terms.maxDuration,
        terms.arbiter,
        value=value,
        sender=escrow.actors["user"],
    )


@pytest.mark.parametrize("case", PROMPT_REFUSALS)
def test_revert_when_the_terms_are_wrong(escrow, terms, case):
    """It should revert: the host, arbiter, token, payment, duration and circuit must be such as
    {IJobMarketplaceMain-openSession} accepts.
    """
    changes, error, arguments = PROMPT_REFUSALS[case](escrow, terms)
    with reverts(error, **arguments):
        create(escrow, terms.but(**changes))


def test_revert_given_an_unbound_circuit(escrow, marketplace, terms):
    """It should revert: the circuit, if named, must bind its input."""
    with reverts(marketplace.JobMarketplace_CircuitNotInputBound, circuitId=METERED):
        create(escrow, terms.but(circuitId=METERED))


@pytest.mark.parametrize(
    ("circuit", "commitment"),
    [(INPUT_BOUND, 0), (INPUT_BOUND, FIELD_ORDER), (INPUT_BOUND, 2**256 - 1), (0, 1)],
)
def test_revert_when_the_commitment_is_none(escrow, marketplace, terms, circuit, commitment):
    """It should revert: the commitment must be a non-zero field element with a circuit, and zero without."""
    low, high = (1, FIELD_ORDER - 1) if circuit else (0, 0)
    with reverts(
        marketplace.JobMarketplace_CommitmentOutOfRange, min=low, max=high, actual=commitment
    ):
        create(
            escrow,
            terms.but(circuitId=circuit),
            commitment=commitment,
            minimum=MIN_TOKENS if circuit else 0,
        )


@pytest.mark.parametrize("commitment", [1, FIELD_ORDER - 1])
def test_extreme_commitments(escrow, marketplace, terms, commitment):
    """It should store all of it."""
    create(escrow, terms, commitment=commitment)
    assert details_of(escrow, marketplace.jobCount())["inputCommitment"] == commitment


@pytest.mark.parametrize(
    ("circuit", "minimum"),
    [
        (INPUT_BOUND, 0),
        (INPUT_BOUND, MAX_TOKENS + 1),
        (INPUT_BOUND, 2**64 + 1),
        (INPUT_BOUND, 2**256 - 1),
        (0, 1),
    ],
)
def test_revert_when_the_minimum_is_out_of_range(escrow, marketplace, terms, circuit, minimum):
    """It should revert: the least number of tokens must lie in [1, the circuit's most] with a circuit, and
    be zero without.
    """
    low, high = (1, MAX_TOKENS) if circuit else (0, 0)
    with reverts(marketplace.JobMarketplace_MinTokensOutOfRange, min=low, max=high, actual=minimum):
        create(
            escrow,
            terms.but(circuitId=circuit),
            commitment=COMMITMENT if circuit else 0,
            minimum=minimum,
        )


@pytest.mark.parametrize("minimum", [1, MAX_TOKENS])
@pytest.mark.parametrize("judged", [True, False])
def test_extreme_minimums(escrow, marketplace, terms, arbiter, minimum, judged):
    """It should store it beside the arbiter."""
    create(escrow, terms.but(arbiter=arbiter if judged else ZERO), minimum=minimum)
    details = marketplace.getSessionDetails(marketplace.jobCount())
    assert details.minTokens == minimum
    assert details.arbiter == (arbiter if judged else ZERO)


@pytest.mark.parametrize(
    ("token", "sent"), [("ETH", PAYMENT - 1), ("ETH", PAYMENT + 1), ("USDC", 1)]
)
def test_revert_when_the_value_is_wrong(escrow, marketplace, owner, terms, token, sent):
    """It should revert: the value sent must be the payment for ETH, and zero for a token."""
    marketplace.setToken(ETHER, True, 1, sender=owner)
    terms = terms.but(token=ETHER) if token == "ETH" else terms
    expected = PAYMENT if token == "ETH" else 0
    with reverts(marketplace.Payments_ValueMismatch, expected=expected, actual=sent):
        create(escrow, terms, value=sent)


def test_revert_given_a_fee_on_transfer(escrow, marketplace, project, owner, terms):
    """It should revert: the token must deliver the whole payment."""
    token = payment_token(escrow, project.FeeToken)
    token.setFee(ONE_PERCENT, sender=owner)
    with reverts(
        marketplace.Payments_TransferShort, expected=PAYMENT, received=PAYMENT * 99 // 100
    ):
        create(escrow, terms.but(token=token))


def test_id(marketplace, user, terms):
    """It should return the next job's id."""
    call = (
        terms.host,
        terms.token,
        terms.deposit,
        INPUT_BOUND,
        COMMITMENT,
        MIN_TOKENS,
        terms.maxDuration,
        terms.arbiter,
    )
    expected = marketplace.jobCount() + 1
    assert ask(marketplace.createPromptJob, *call, sender=user) == expected


def _events(escrow, tx, terms, commitment, minimum):
    marketplace, user = escrow.marketplace, escrow.actors["user"]
    job_id = marketplace.jobCount()
    return [
        *opening_events(escrow, job_id, user, terms, tx.timestamp),
        event(marketplace.PromptTerms, jobId=job_id, inputCommitment=commitment, minTokens=minimum),
        payment(escrow.usdc, user, marketplace, PAYMENT),
    ]


def test_events(escrow, arbiter, terms):
    """It should emit the job, its terms and the conditions on its proof."""
    terms = terms.but(arbiter=arbiter)
    tx = create(escrow, terms)
    assert emitted(tx) == _events(escrow, tx, terms, COMMITMENT, MIN_TOKENS)


def test_details(escrow, marketplace, user, arbiter, terms):
    """It should store a prompt job and its conditions."""
    terms = terms.but(arbiter=arbiter)
    tx = create(escrow, terms)
    assert details_of(escrow, marketplace.jobCount()) == fresh_details(
        user,
        terms,
        tx.timestamp,
        jobType=SINGLE_PROMPT,
        inputCommitment=COMMITMENT,
        minTokens=MIN_TOKENS,
    )


def test_unproven_events(escrow, terms):
    """It should emit that there are no conditions."""
    terms = terms.but(circuitId=0)
    tx = create(escrow, terms, commitment=0, minimum=0)
    assert emitted(tx) == _events(escrow, tx, terms, 0, 0)


@pytest.mark.parametrize("judged", [True, False])
def test_unproven_details(escrow, marketplace, user, arbiter, terms, judged):
    """It should store a prompt job without conditions, with an arbiter or without."""
    terms = terms.but(circuitId=0, arbiter=arbiter if judged else ZERO)
    tx = create(escrow, terms, commitment=0, minimum=0)
    stored = details_of(escrow, marketplace.jobCount())
    assert stored == fresh_details(user, terms, tx.timestamp, jobType=SINGLE_PROMPT)


def test_ether(escrow, marketplace, user, terms):
    """It should lock the value sent."""
    held, owned = marketplace.balance, user.balance
    deposit = 10**16
    tx = create(escrow, terms.but(token=ETHER, deposit=deposit), value=deposit)
    assert marketplace.balance - held == deposit
    assert owned - user.balance == deposit + tx.total_fees_paid


def test_usdc(escrow, marketplace, usdc, user, terms):
    """It should lock the payment."""
    held, owned = usdc.balanceOf(marketplace), usdc.balanceOf(user)
    create(escrow, terms)
    assert usdc.balanceOf(marketplace) - held == owned - usdc.balanceOf(user) == PAYMENT


def test_one_unit(escrow):
    """It should count as one unit that costs the whole payment."""
    job = escrow.open_prompt(payment=PAYMENT)
    assert escrow.marketplace.calculateCurrentEarnings(job.id) == 0
    job.redeem(1)
    assert escrow.marketplace.calculateCurrentEarnings(job.id) == PAYMENT
    assert job.details.payableTokens == 1


def test_ids_are_shared(escrow):
    """It should take the same ids as sessions."""
    ids = [escrow.open().id, escrow.open_prompt().id, escrow.open().id, escrow.open_prompt().id]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
