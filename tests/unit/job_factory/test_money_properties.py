"""JobFactory: where the money goes, for any numbers and any life of a job."""

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.actors import give_ether
from tests.harness.escrow import ETHER, HOUR
from tests.harness.execution import ask, isolated
from tests.harness.factory import BPS, FEE_BPS, GWEI, MAX_AMOUNT, MAX_REJECT_FEE_BPS, MAX_SPLIT_BPS
from tests.unit.job_factory.lives import posted, worked

WORKER, ISSUER, TREASURY = ("0x" + byte * 20 for byte in ("9a", "9b", "9c"))
PLENTY = 2**100

amounts = st.one_of(st.integers(1, 10**6), st.integers(1, MAX_AMOUNT))
reject_fees = st.one_of(
    st.sampled_from([0, 1, MAX_REJECT_FEE_BPS]), st.integers(0, MAX_REJECT_FEE_BPS)
)
bonds = st.integers(0, 10**9).map(lambda gwei: gwei * GWEI)
shares = st.integers(1, MAX_SPLIT_BPS)
# A round that does not end the job, and how the last one ends.
middles = st.lists(st.sampled_from(["reopen", "release"]), max_size=2)
lasts = st.one_of(
    st.sampled_from(["approve", "reject", "silence", "late", "cancel", "unclaimed"]), shares
)


def end(job, last):
    """The last step, from an open job."""
    if last in ("approve", "reject", "silence") or isinstance(last, int):
        worked(job)
    if last == "approve":
        job.approve()
    elif last == "reject":
        job.reject()
    elif last == "silence":
        job.pass_deadline()
        job.default()
    elif last == "late":
        job.claim()
        job.pass_deadline()
        job.expire()
    elif last == "cancel":
        job.cancel()
    elif last == "unclaimed":
        job.pass_deadline()
        job.expire()
    else:
        job.split(last)


def lived(job, middles, last):
    """A whole life; what the workers earned and which bonds the issuer got, by the rules."""
    left, lost, returned, bps = job.terms.amount, 0, 0, job.terms.rejectFeeBps
    for middle in middles:
        if middle == "reopen":
            worked(job).reopen()
            left -= left * bps // BPS
            returned += 1
        else:
            job.claim()
            job.release()
            lost += 1
    end(job, last)
    spent = job.terms.amount - left
    fee = left * bps // BPS
    if last in ("approve", "silence"):
        earned = left
    elif last == "reject":
        earned = fee
    elif isinstance(last, int):
        earned = max(fee, left * last // BPS)
    else:
        earned = 0
    lost += last == "late"
    returned += last in ("approve", "reject", "silence") or isinstance(last, int)
    return spent + earned, lost, returned


@given(
    ether=st.booleans(), amount=amounts, bps=reject_fees, bond=bonds, middles=middles, last=lasts
)
def test_conservation(factory, owner, issuer, worker, ether, amount, bps, bond, middles, last):
    """It should leave nothing over: workers, treasury and issuer have the amount, to the last unit."""
    with isolated():
        contract, token = factory.contract, ETHER if ether else factory.usdc.address
        contract.setTreasury(TREASURY, sender=owner)
        contract.setToken(token, True, 1, sender=owner)
        factory.usdc.mint(issuer, amount, sender=owner)
        give_ether(issuer, PLENTY)
        give_ether(worker, PLENTY)
        before = factory.held(token)
        job = posted(factory, token=token, amount=amount, rejectFeeBps=bps, claimBond=bond)
        assert factory.held(token) - before == amount
        gross, lost, returned = lived(job, middles, last)
        if factory.earned(worker, token) or factory.credits(worker, token):
            factory.withdraw(worker, token, to=WORKER)
        if factory.credits(issuer, token):
            factory.withdraw(issuer, token, to=ISSUER)
        fee = -(-gross * FEE_BPS // BPS)
        if fee:
            contract.withdrawFees(token, sender=worker)
        paid = [factory.balance(purse, token) for purse in (WORKER, ISSUER, TREASURY)]
        if ether:
            assert paid == [gross - fee + returned * bond, lost * bond, fee]
        else:
            assert paid == [gross - fee, 0, fee]
            assert factory.credits(worker) == returned * bond
            assert factory.credits(issuer) == lost * bond
        assert factory.held(token) == 0


@given(amount=amounts, bps=reject_fees, share=shares)
def test_shares(factory, owner, issuer, worker, amount, bps, share):
    """It should pay the worker its share rounded down, and never less than the reject fee."""
    with isolated():
        factory.contract.setToken(factory.usdc, True, 1, sender=owner)
        factory.usdc.mint(issuer, amount, sender=owner)
        job = worked(posted(factory, amount=amount, rejectFeeBps=bps))
        before = factory.balance(issuer)
        job.split(share)
        earned, refunded = factory.earned(worker), factory.balance(issuer) - before
        assert earned + refunded == amount
        # No unit more for the worker would still be within its share, or within the fee.
        assert earned * BPS <= amount * max(share, bps) < (earned + 1) * BPS


@given(earnings=st.lists(st.integers(1, 10_000), min_size=1, max_size=4))
def test_fee(factory, owner, worker, earnings):
    """It should take the fee once, rounded up, at the withdrawal."""
    with isolated():
        factory.contract.setToken(factory.usdc, True, 1, sender=owner)
        for amount in earnings:
            worked(posted(factory, amount=amount)).approve()
        factory.withdraw(worker, to=WORKER)
        fee = ask(factory.contract.feesOwed, factory.usdc)
        assert fee + factory.balance(WORKER) == sum(earnings)
        assert (fee - 1) * BPS < sum(earnings) * FEE_BPS <= fee * BPS


@given(amount=st.integers(5 * 10**13, 10**18), bond=bonds, submits=st.booleans())
def test_bonds_apart(factory, issuer, worker, amount, bond, submits):
    """It should keep the bonds apart from the amounts."""
    with isolated():
        give_ether(worker, PLENTY)
        job = posted(factory, token=ETHER, amount=amount, claimBond=bond, workDuration=HOUR)
        job.claim()
        assert factory.held(ETHER) == amount + bond
        if submits:
            job.submit()
            job.approve()
            assert factory.earned(worker, ETHER) == amount
            assert (factory.credits(worker), factory.credits(issuer)) == (bond, 0)
        else:
            job.pass_deadline()
            job.expire()
            assert factory.earned(worker, ETHER) == 0
            assert (factory.credits(worker), factory.credits(issuer)) == (0, bond)
            assert factory.held(ETHER) == bond
