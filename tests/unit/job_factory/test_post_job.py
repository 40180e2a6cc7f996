"""JobFactory.postJob: an amount is locked on terms that never change."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.harness.actors import give_ether
from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import ETHER, MINUTE, USDC
from tests.harness.events import emitted
from tests.harness.execution import ask, isolated
from tests.harness.factory import (
    GWEI,
    MAX_AMOUNT,
    MAX_BOND,
    MAX_CLAIM,
    MAX_REJECT_FEE_BPS,
    MAX_REVIEW,
    MAX_WORK,
    MIN_CLAIM,
    MIN_REVIEW,
    MIN_WORK,
    job_token,
)
from tests.harness.reverts import reverts
from tests.unit.job_factory import posting
from tests.unit.job_factory.posting import (
    BOUNDS,
    details_of,
    fresh_details,
    job_posted,
    payment,
)

AMOUNT = 10 * USDC
FEE_OF_ONE_PERCENT = 100


def test_revert_when_paused(factory):
    """It should revert: the contract must not be paused."""
    factory.contract.pause(sender=factory.actors["owner"])
    with reverts(factory.contract.EnforcedPause):
        factory.post()


@pytest.mark.parametrize("case", posting.COLLIDING)
def test_revert_when_roles_collide(factory, case):
    """It should revert: the payee, if named, must be neither the issuer nor the evaluator."""
    changes, error, arguments = posting.COLLIDING[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("stopped", [False, True])
def test_revert_when_the_token_is_not_allowed(factory, owner, stopped):
    """It should revert: the token must be allowed."""
    token = factory.usdc if stopped else factory.escrow.registry
    if stopped:
        factory.contract.setToken(token, False, MINIMUM_USDC, sender=owner)
    with reverts(factory.contract.JobFactory_TokenNotAllowed, token=token):
        factory.post(token=token)


@pytest.mark.parametrize("case", posting.AMOUNTS)
def test_revert_when_the_amount_is_out_of_range(factory, case):
    """It should revert: the amount must be at least the token's minimum and fit 96 bits."""
    changes, error, arguments = posting.AMOUNTS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.CLAIM_DURATIONS)
def test_revert_when_the_time_to_claim_is_out_of_bounds(factory, case):
    """It should revert: the time to claim must lie in [the contract's least, 30 days]."""
    changes, error, arguments = posting.CLAIM_DURATIONS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.WORK_DURATIONS)
def test_revert_when_the_time_to_work_is_out_of_bounds(factory, case):
    """It should revert: the time to work must lie in [the contract's least, 30 days]."""
    changes, error, arguments = posting.WORK_DURATIONS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.REVIEW_DURATIONS)
def test_revert_when_the_time_to_review_is_out_of_bounds(factory, case):
    """It should revert: the time to review must lie in [the contract's least, 14 days]."""
    changes, error, arguments = posting.REVIEW_DURATIONS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.ODD_DURATIONS)
def test_revert_when_a_duration_is_odd(factory, case):
    """It should revert: every duration must be whole minutes."""
    changes, error, arguments = posting.ODD_DURATIONS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.LARGE_BONDS)
def test_revert_when_the_bond_is_too_large(factory, case):
    """It should revert: the claim bond must fit 48 bits of gwei."""
    changes, error, arguments = posting.LARGE_BONDS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.ODD_BONDS)
def test_revert_when_the_bond_is_odd(factory, case):
    """It should revert: the claim bond must be whole gwei."""
    changes, error, arguments = posting.ODD_BONDS[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize("case", posting.REJECT_FEES)
def test_revert_when_the_reject_fee_is_too_high(factory, case):
    """It should revert: the reject fee must be at most 5,000 basis points."""
    changes, error, arguments = posting.REJECT_FEES[case](factory)
    with reverts(error, **arguments):
        factory.post(**changes)


@pytest.mark.parametrize(
    ("token", "value", "expected"),
    [
        ("ETH", 0, MINIMUM_ETHER),
        ("ETH", MINIMUM_ETHER - 1, MINIMUM_ETHER),
        ("ETH", MINIMUM_ETHER + 1, MINIMUM_ETHER),
        ("USDC", 1, 0),
        ("USDC", AMOUNT, 0),
    ],
)
def test_revert_when_the_value_is_wrong(factory, issuer, token, value, expected):
    """It should revert: the value sent must be the amount for ETH, and zero for a token."""
    in_ether = {"token": ETHER, "amount": MINIMUM_ETHER}
    terms = factory.terms(**in_ether) if token == "ETH" else factory.terms()
    with reverts(factory.contract.Payments_ValueMismatch, expected=expected, actual=value):
        factory.contract.postJob(terms.encoded(), value=value, sender=issuer)


def test_revert_when_less_arrives(factory, project, owner):
    """It should revert: the token must deliver the whole amount."""
    token = job_token(factory, project.FeeToken)
    token.setFee(FEE_OF_ONE_PERCENT, sender=owner)
    received = AMOUNT * 99 // 100
    with reverts(factory.contract.Payments_TransferShort, expected=AMOUNT, received=received):
        factory.post(token=token, amount=AMOUNT)


def test_poor_issuer(factory, usdc, stranger):
    """It should refuse in the token's words."""
    with reverts(
        usdc.ERC20InsufficientAllowance, spender=factory.contract, allowance=0, needed=AMOUNT
    ):
        factory.post(issuer=stranger, amount=AMOUNT)
    usdc.approve(factory.contract, AMOUNT, sender=stranger)
    with reverts(usdc.ERC20InsufficientBalance, sender=stranger, balance=0, needed=AMOUNT):
        factory.post(issuer=stranger, amount=AMOUNT)


def test_id(factory, issuer):
    """It should return the next job's id."""
    method, terms = factory.contract.postJob, factory.terms()
    assert ask(method, terms.encoded(), sender=issuer) == 1
    factory.post()
    assert ask(method, terms.encoded(), sender=issuer) == 2


def test_details(factory, issuer, worker, evaluator):
    """It should show the job as open, in round one, on these terms."""
    for changes in ({}, {"payee": worker, "evaluator": evaluator}):
        job = factory.post(**changes)
        expected = fresh_details(issuer, job.terms, job.posted.timestamp)
        assert details_of(factory, job.id) == expected


def test_amount(factory, usdc, issuer, user):
    """It should take the amount from the issuer and from nobody else."""
    owned, others = usdc.balanceOf(issuer), usdc.balanceOf(user)
    factory.post(amount=AMOUNT)
    assert owned - usdc.balanceOf(issuer) == factory.held() == AMOUNT
    assert usdc.balanceOf(user) == others


def test_events(factory, usdc, issuer, worker, evaluator):
    """It should emit JobPosted, then let the token speak."""
    job = factory.post(payee=worker, evaluator=evaluator)
    assert emitted(job.posted) == [
        job_posted(factory, job.id, issuer, job.terms),
        payment(usdc, issuer, factory.contract, job.terms.amount),
    ]


def test_ether(factory, issuer):
    """It should keep the value sent, and emit JobPosted alone."""
    job = factory.post(token=ETHER, amount=MINIMUM_ETHER)
    assert factory.held(ETHER) == MINIMUM_ETHER
    assert emitted(job.posted) == [job_posted(factory, job.id, issuer, job.terms)]
    expected = fresh_details(issuer, job.terms, job.posted.timestamp)
    assert details_of(factory, job.id) == expected


LEAST = {
    "amount": MINIMUM_USDC,
    "claimDuration": MIN_CLAIM,
    "workDuration": MIN_WORK,
    "reviewDuration": MIN_REVIEW,
    "claimBond": 0,
    "rejectFeeBps": 0,
    "specHash": bytes(32),
}
MOST = {
    "amount": MAX_AMOUNT,
    "claimDuration": MAX_CLAIM,
    "workDuration": MAX_WORK,
    "reviewDuration": MAX_REVIEW,
    "claimBond": MAX_BOND,
    "rejectFeeBps": MAX_REJECT_FEE_BPS,
    "specHash": b"\xff" * 32,
}


def test_least(factory, issuer):
    """It should post the job."""
    job = factory.post(**LEAST)
    expected = fresh_details(issuer, job.terms, job.posted.timestamp)
    assert details_of(factory, job.id) == expected


def test_most(factory, usdc, owner, issuer, worker, evaluator):
    """It should post the job, and keep all of each number."""
    usdc.mint(issuer, MAX_AMOUNT, sender=owner)
    job = factory.post(payee=worker, evaluator=evaluator, **MOST)
    expected = fresh_details(issuer, job.terms, job.posted.timestamp)
    assert details_of(factory, job.id) == expected


addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
good_terms = st.fixed_dictionaries(
    {
        "amount": st.integers(MINIMUM_ETHER, MAX_AMOUNT),
        **{
            name: st.integers(low // MINUTE, high // MINUTE).map(lambda minutes: minutes * MINUTE)
            for name, (low, high) in BOUNDS.items()
        },
        "claimBond": st.integers(0, MAX_BOND // GWEI).map(lambda gwei: gwei * GWEI),
        "rejectFeeBps": st.integers(0, MAX_REJECT_FEE_BPS),
        "specHash": st.binary(min_size=32, max_size=32),
    }
)


@given(
    terms=good_terms,
    others=st.lists(addresses, min_size=2, max_size=2, unique=True),
    named=st.sets(st.sampled_from(["payee", "evaluator"])),
)
def test_any_terms(factory, issuer, terms, others, named):
    """It should keep exactly them."""
    parties = dict(zip(sorted(named), others, strict=False))
    with isolated():
        give_ether(issuer, MAX_AMOUNT + 10**20)
        job = factory.post(token=ETHER, **terms, **parties)
        expected = fresh_details(issuer, job.terms, job.posted.timestamp)
        assert details_of(factory, job.id) == expected
        assert emitted(job.posted) == [job_posted(factory, job.id, issuer, job.terms)]


wrong_numbers = st.one_of(
    *(
        st.tuples(
            st.just(name), st.one_of(st.integers(0, low - 1), st.integers(high + 1, 2**256 - 1))
        )
        for name, (low, high) in {
            **BOUNDS,
            "amount": (MINIMUM_USDC, MAX_AMOUNT),
            "claimBond": (0, MAX_BOND),
            "rejectFeeBps": (0, MAX_REJECT_FEE_BPS),
        }.items()
        if low
    ),
    st.tuples(st.just("claimBond"), st.integers(MAX_BOND + 1, 2**256 - 1)),
    st.tuples(st.just("rejectFeeBps"), st.integers(MAX_REJECT_FEE_BPS + 1, 2**256 - 1)),
)


@given(wrong=wrong_numbers)
def test_any_wrong_number(factory, issuer, wrong):
    """It should refuse the terms, and name the number."""
    name, number = wrong
    contract = factory.contract
    error, bounds = {
        "amount": (
            contract.JobFactory_AmountOutOfRange,
            {"min": MINIMUM_USDC, "max": MAX_AMOUNT},
        ),
        "claimBond": (contract.JobFactory_BondOutOfRange, {"max": MAX_BOND}),
        "rejectFeeBps": (contract.JobFactory_RejectFeeTooHigh, {"max": MAX_REJECT_FEE_BPS}),
    }.get(name) or (
        contract.JobFactory_DurationOutOfRange,
        dict(zip(("min", "max"), BOUNDS[name], strict=True)),
    )
    terms = replace(factory.terms(), **{name: number})
    with reverts(error, **bounds, actual=number):
        ask(contract.postJob, terms.encoded(), sender=issuer)


def test_issuer_as_evaluator(factory, issuer):
    """It should post the job that naming nobody would have posted."""
    named, unnamed = factory.post(evaluator=issuer), factory.post()
    same = details_of(factory, named.id)
    assert same["verifier"] == issuer.address.lower()
    assert same | {"deadline": 0} == details_of(factory, unnamed.id) | {"deadline": 0}


def test_any_parties(factory, project, owner, issuer, stranger):
    """It should post the job all the same."""
    wallet = owner.deploy(project.MockWallet, owner)
    for parties in (
        {"payee": wallet},
        {"evaluator": wallet},
        {"payee": stranger, "evaluator": wallet},
    ):
        job = factory.post(**parties)
        expected = fresh_details(issuer, job.terms, job.posted.timestamp)
        assert details_of(factory, job.id) == expected
