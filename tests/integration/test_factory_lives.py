"""Whole lives of one-shot jobs, from the posting to the last withdrawal: whatever happens, nothing is left over."""

import pytest

from tests.harness.escrow import DAY, ETHER, HOUR
from tests.harness.execution import ask
from tests.harness.factory import (
    APPROVE,
    BPS,
    CANCELLED,
    CLAIMED,
    COMPLETED,
    EXPIRED,
    FEE_BPS,
    OPEN,
    REJECT,
    REJECTED,
    REOPEN,
    SPLIT,
    SUBMITTED,
)

WORKER, ISSUER, FUNDER, TREASURY = ("0x" + byte * 20 for byte in ("9a", "9b", "9c", "9d"))
BOND = 10**15
REJECT_FEE = 1_250  # basis points
every_token = pytest.mark.parametrize("token", ["USDC", "ETH"])


class Life:
    """One job, and what its end leaves in everybody's hands."""

    def __init__(self, factory, job):
        self.factory, self.job = factory, job
        self.token = job.terms.token
        self.bonds = self.pushed = 0

    def claim(self, by_sig=False):
        """The worker claims, with a bond that has to come back to somebody."""
        self.job.claim_by_sig() if by_sig else self.job.claim()
        self.bonds += self.job.terms.claimBond

    def end(self, ending):
        """Ends the job; what leaves the contract is the issuer's refund."""
        held = self.factory.held(self.token)
        ending()
        self.pushed += held - self.factory.held(self.token)

    def settle_up(self):
        """Everyone withdraws everything."""
        actors = self.factory.actors
        for party, purse in (("worker", WORKER), ("issuer", ISSUER), ("relayer", FUNDER)):
            for token in {self.token, ETHER}:
                account = actors[party]
                if self.factory.earned(account, token) or self.factory.credits(account, token):
                    self.factory.withdraw(account, token, to=purse)
        if ask(self.factory.contract.feesOwed, self.token):
            self.factory.contract.withdrawFees(self.token, sender=actors["stranger"])


@pytest.fixture
def begin(factory, owner):
    """Posts a job in ETH or USDC, on whatever other terms; the treasury holds nothing yet."""
    factory.contract.setTreasury(TREASURY, sender=owner)

    def begin(token, post=factory.post, **terms):
        token = ETHER if token == "ETH" else factory.usdc.address
        return Life(factory, post(token=token, **terms))

    return begin


def assert_nothing_left(life, status, gross, bond_to=None):
    """The job ended so, its workers earned so much, all bonds went to one purse; the contract is empty."""
    factory, job, token = life.factory, life.job, life.token
    life.settle_up()
    fee = -(-gross * FEE_BPS // BPS)
    bonds = {purse: life.bonds * (purse == bond_to) for purse in (WORKER, ISSUER, FUNDER)}
    if token != ETHER:
        assert {purse: factory.balance(purse, ETHER) for purse in bonds} == bonds
        bonds = dict.fromkeys(bonds, 0)
    assert factory.balance(WORKER, token) == gross - fee + bonds[WORKER]
    assert factory.balance(ISSUER, token) == bonds[ISSUER]
    assert factory.balance(FUNDER, token) == bonds[FUNDER]
    assert factory.balance(TREASURY, token) == fee
    assert life.pushed == job.terms.amount - gross
    assert job.status == status
    assert job.details.deadline == 0
    assert factory.held(token) == factory.held(ETHER) == 0


@every_token
def test_approved(begin, token):
    """Posted, claimed, submitted, approved."""
    life = begin(token, claimBond=BOND)
    assert life.job.status == OPEN
    life.claim()
    assert life.job.status == CLAIMED
    life.job.submit()
    assert life.job.status == SUBMITTED
    life.end(life.job.approve)
    assert_nothing_left(life, COMPLETED, life.job.terms.amount, bond_to=WORKER)


@every_token
def test_silence(begin, token):
    """Nobody judges the work in time, so it is paid."""
    life = begin(token, claimBond=BOND)
    life.claim()
    life.job.submit()
    life.job.pass_deadline()
    life.end(life.job.default)
    assert_nothing_left(life, COMPLETED, life.job.terms.amount, bond_to=WORKER)


@every_token
def test_all_by_signature(begin, factory, token, relayer):
    """A relayer brings everything, decides nothing, and gets back the bond that it funded."""
    post = factory.post_by_sig if token == "USDC" else factory.post
    life = begin(token, post, claimBond=BOND)
    life.claim(by_sig=True)
    assert life.job.details.bondFunder == relayer
    life.job.submit_by_sig()
    life.end(lambda: life.job.verify_by_sig(*APPROVE))
    assert_nothing_left(life, COMPLETED, life.job.terms.amount, bond_to=FUNDER)


def test_authorized(begin, factory):
    """The issuer pays by EIP-3009 and sends no transaction."""
    life = begin("USDC", factory.post_with_authorization)
    life.claim()
    life.job.submit()
    life.end(lambda: life.job.verify_by_sig(*APPROVE))
    assert_nothing_left(life, COMPLETED, life.job.terms.amount)


@every_token
def test_rejected(begin, token):
    """The work is no good; it earns the reject fee."""
    life = begin(token, claimBond=BOND, rejectFeeBps=REJECT_FEE)
    life.claim()
    life.job.submit()
    life.end(life.job.reject)
    assert_nothing_left(life, REJECTED, life.job.terms.amount * REJECT_FEE // BPS, bond_to=WORKER)


@every_token
@pytest.mark.parametrize("share", [1, REJECT_FEE, 9_999])
def test_split(begin, token, share):
    """The amount is divided, and the reject fee is the least part."""
    life = begin(token, rejectFeeBps=REJECT_FEE)
    life.claim()
    life.job.submit()
    life.end(lambda: life.job.split(share))
    assert_nothing_left(life, SPLIT, life.job.terms.amount * max(share, REJECT_FEE) // BPS)


@every_token
def test_three_rounds(begin, token, evaluator):
    """Sent back twice, then rejected by the evaluator: every round's work earned its fee."""
    life = begin(token, claimBond=BOND, rejectFeeBps=REJECT_FEE, evaluator=evaluator)
    left = life.job.terms.amount
    for verdict in (REOPEN, REOPEN, REJECT):
        life.claim()
        life.job.submit()
        life.end(lambda verdict=verdict: life.job.verify(*verdict, sender=evaluator))
        left -= left * REJECT_FEE // BPS
    assert life.job.details.round == 3
    assert_nothing_left(life, REJECTED, life.job.terms.amount - left, bond_to=WORKER)


@every_token
def test_cancelled(begin, token):
    """The issuer takes it back before anybody claims."""
    life = begin(token, claimBond=BOND)
    life.end(life.job.cancel)
    assert_nothing_left(life, CANCELLED, 0)


@every_token
def test_unclaimed(begin, token):
    """Nobody wants it."""
    life = begin(token, claimBond=BOND)
    life.job.pass_deadline()
    life.end(life.job.expire)
    assert_nothing_left(life, EXPIRED, 0)


@every_token
def test_no_work(begin, token):
    """The worker vanishes, and its bond is the issuer's, whoever funded it."""
    life = begin(token, claimBond=BOND)
    life.claim(by_sig=True)
    life.job.pass_deadline()
    life.end(life.job.expire_by_sig)
    assert_nothing_left(life, EXPIRED, 0, bond_to=ISSUER)


@every_token
def test_given_back(begin, token):
    """One worker gives it back in time for another claim, which comes and submits."""
    life = begin(token, rejectFeeBps=REJECT_FEE)
    claim_by = life.job.details.deadline
    life.claim()
    life.job.release()
    assert (life.job.status, life.job.details.deadline) == (OPEN, claim_by)
    life.claim()
    life.job.submit()
    life.end(life.job.approve)
    assert_nothing_left(life, COMPLETED, life.job.terms.amount)


@every_token
def test_given_back_too_late(begin, token, chain):
    """The worker gives it back when nobody can claim any more: it expires, and the issuer has the bond."""
    life = begin(token, claimBond=BOND, claimDuration=HOUR, workDuration=DAY)
    claim_by = life.job.details.deadline
    life.claim()
    chain.pending_timestamp = claim_by + 1
    life.end(life.job.release_by_sig)
    assert_nothing_left(life, EXPIRED, 0, bond_to=ISSUER)
