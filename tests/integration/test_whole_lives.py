"""Whole lives of sessions, from the deposit to the last withdrawal: whatever happens, nothing is left over."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.escrow import (
    ABANDONED,
    ABANDONMENT_PERIOD,
    COMPLETED,
    DAY,
    ETHER,
    HOUR,
    MAX_TOKENS,
    TIMED_OUT,
    advance,
    travel_to,
)
from tests.harness.execution import ask

A_WHILE = 60
HOST, TREASURY, USER = ("0x" + byte * 20 for byte in ("9a", "9b", "9c"))  # they pay for no gas
STREAMED = 2_000  # tokens in most of these lives
every_token = pytest.mark.parametrize("kind", ["USDC", "ETH"])


class Life:
    """One session, and what its end leaves in everybody's hands."""

    def __init__(self, escrow, session):
        self.escrow, self.session = escrow, session
        self.token = session.terms.token
        self.bonds = self.refund = 0

    def contest(self):
        """The user contests the claim, with a bond that has to come back to somebody."""
        self.session.contest()
        self.bonds += self.session.details.bond

    def close(self, closing):
        """Closes; what leaves the contract is the user's refund."""
        held = self.escrow.balance(self.session.marketplace, self.token)
        closing()
        self.refund = held - self.escrow.balance(self.session.marketplace, self.token)

    def settle_up(self):
        """Everyone withdraws everything."""
        marketplace = self.session.marketplace
        for party, purse in ((self.session.host, HOST), (self.session.user, USER)):
            for token in {self.token, ETHER}:
                if self.escrow.earned(party, token) or self.escrow.credits(party, token):
                    self.escrow.withdraw(party, token, to=purse)
        if ask(marketplace.feesOwed, self.token):
            marketplace.withdrawFees(self.token, sender=self.session.user)


@pytest.fixture
def begin(escrow, marketplace, owner):
    """Opens a session in ETH or USDC, on whatever other terms; the treasury holds nothing yet."""
    marketplace.setTreasury(TREASURY, sender=owner)

    def begin(kind, opening=escrow.open, **terms):
        token = ETHER if kind == "ETH" else escrow.usdc
        session = opening(token=token, **terms)
        advance(A_WHILE)
        return Life(escrow, session)

    return begin


def assert_nothing_left(life, status, tokens):
    """The session ended so, was paid for so many tokens, and the contract holds nothing of it."""
    escrow, session, token = life.escrow, life.session, life.token
    paid = session.cost(tokens) if session.terms.pricePerToken else tokens and session.terms.deposit
    life.settle_up()
    purses = {purse: escrow.balance(purse, token) for purse in (HOST, TREASURY, USER)}
    bonds = life.bonds if token == ETHER else 0
    assert session.details.status == status
    assert sum(purses.values()) + life.refund == session.details.depositAmount + bonds
    assert life.refund == session.details.depositAmount - paid
    assert purses[TREASURY] == -(-paid // 10)
    assert escrow.balance(session.marketplace, token) == 0
    assert escrow.balance(session.marketplace, ETHER) == 0
    if token != ETHER:
        assert escrow.balance(HOST, ETHER) + escrow.balance(USER, ETHER) == life.bonds


@every_token
def test_happy_path(begin, kind):
    """Vouchers all the way, and the last one closes."""
    life = begin(kind)
    session = life.session
    for tokens in (300, 900, 1_700):
        session.redeem(tokens)
    life.close(lambda: session.close_with_voucher(STREAMED))
    assert_nothing_left(life, COMPLETED, STREAMED)


@every_token
def test_one_transaction(begin, kind):
    """The vouchers stay off chain; only the closing sees one."""
    life = begin(kind)
    life.close(lambda: life.session.close_with_voucher(STREAMED))
    assert_nothing_left(life, COMPLETED, STREAMED)


@every_token
def test_nothing_happened(begin, kind, user):
    """The host never answered, the user takes everything back."""
    life = begin(kind)
    session = life.session
    session.complete(sender=user)
    session.pass_evidence_end()
    life.close(session.finalize)
    assert_nothing_left(life, COMPLETED, 0)


@every_token
def test_checkpoints(begin, stranger, kind):
    """Proofs, checkpoints by hand and by themselves, a top-up on the way, and proofs to close."""
    life = begin(kind)
    session = life.session
    session.prove(400)
    session.checkpoint(sender=stranger)
    session.prove(MAX_TOKENS)
    amount = session.terms.deposit
    value = amount if kind == "ETH" else 0
    session.marketplace.topUp(session.id, amount, value=value, sender=session.user)
    session.redeem(1_600)
    session.checkpoint(sender=stranger)
    life.close(lambda: session.claim_with_proof(400, first=1_600))
    assert_nothing_left(life, COMPLETED, STREAMED)


@every_token
def test_claims(begin, kind):
    """The host claims, nobody objects, and the session times out by itself."""
    life = begin(kind, maxDuration=DAY)
    session = life.session
    for tokens in (1_000, STREAMED):
        session.claim(tokens)
        session.pass_challenge_window()
    session.pass_evidence_end()
    life.close(session.time_out)
    assert_nothing_left(life, TIMED_OUT, STREAMED)


@every_token
def test_abandonment(begin, kind):
    """The host proves a little and falls silent; the user says so and waits."""
    life = begin(kind, maxDuration=DAY)
    session = life.session
    proven_at = session.prove(700).timestamp
    travel_to(proven_at + ABANDONMENT_PERIOD + 1)
    session.abandon()
    session.pass_evidence_end()
    life.close(session.finalize)
    assert_nothing_left(life, ABANDONED, 700)


@every_token
def test_host_comes_back(begin, kind):
    """Called abandoned, the host still brings its last voucher in time."""
    life = begin(kind, maxDuration=DAY)
    session = life.session
    travel_to(session.details.sessionStartTime + ABANDONMENT_PERIOD + 1)
    session.abandon()
    travel_to(session.details.evidenceEnd)
    life.close(lambda: session.close_with_voucher(STREAMED))
    assert_nothing_left(life, ABANDONED, STREAMED)


@every_token
def test_dispute_won_by_circuit(begin, host, kind):
    """The user contests an honest claim: proofs answer it, and their gas comes out of the bond."""
    life = begin(kind)
    session = life.session
    session.claim(1_000)
    life.contest()
    session.prove(1_000)
    life.close(lambda: session.complete(sender=host))
    assert_nothing_left(life, COMPLETED, 1_000)


@every_token
def test_dispute_lost_by_circuit(begin, host, kind):
    """The user contests a lie: nobody answers, the claim is void, the bond comes back."""
    life = begin(kind)
    session = life.session
    session.prove(300)
    session.claim(1_300)
    life.contest()
    travel_to(session.details.disputeDeadline + 1)
    session.expire()
    life.close(lambda: session.complete(sender=host))
    assert_nothing_left(life, COMPLETED, 300)


@every_token
@pytest.mark.parametrize("granted", [0, 600, 1_000])
def test_dispute_before_an_arbiter(begin, arbiter, user, kind, granted):
    """The arbiter grants nothing, something or everything; the user closes and waits."""
    life = begin(kind, arbiter=arbiter, circuitId=0, maxDuration=DAY)
    session = life.session
    session.claim(1_000)
    life.contest()
    session.rule(granted)
    session.complete(sender=user)
    session.pass_evidence_end()
    life.close(session.finalize)
    assert_nothing_left(life, COMPLETED, granted)


@every_token
def test_everybody_fell_silent(begin, arbiter, kind):
    """Claimed, contested, never ruled on: the end of time closes it for anyone who asks."""
    life = begin(kind, arbiter=arbiter)
    session = life.session
    session.redeem(200)
    session.claim(1_200)
    life.contest()
    travel_to(session.details.disputeDeadline + HOUR)
    life.close(session.time_out)
    assert_nothing_left(life, TIMED_OUT, 200)


@every_token
def test_batch(begin, marketplace, relayer, kind):
    """A relayer redeems what two sessions of one user have; each closes on its own."""
    lives = [begin(kind), begin(kind)]
    items = [
        (life.session.id, tokens, life.session.voucher(tokens))
        for life in lives
        for tokens in (500, 1_500)
    ]
    marketplace.redeemVouchers(items, sender=relayer)
    first, second = lives
    deposit = first.session.terms.deposit
    for life in lives:
        life.close(lambda session=life.session: session.complete(sender=session.host))
    first.settle_up()
    escrow, token = first.escrow, first.token
    purses = sum(escrow.balance(purse, token) for purse in (HOST, TREASURY))
    assert purses + first.refund + second.refund == 2 * deposit
    assert purses == 2 * first.session.cost(1_500)
    assert escrow.balance(marketplace, token) == 0


@every_token
@pytest.mark.parametrize("shown", ["proof", "voucher", "claim", "nothing"])
def test_prompt_job(begin, escrow, host, kind, shown):
    """One unit: proven, acknowledged, claimed, or not delivered."""
    payment = 10**15 if kind == "ETH" else 5 * 10**6
    life = begin(kind, escrow.open_prompt, payment=payment)
    job = life.session
    if shown == "proof":
        job.prove(MAX_TOKENS)
    elif shown == "voucher":
        job.redeem(1)
    elif shown == "claim":
        job.claim(1)
        job.pass_challenge_window()
    life.close(lambda: job.complete(sender=host))
    assert_nothing_left(life, COMPLETED, 0 if shown == "nothing" else 1)


@every_token
def test_host_vanishes(begin, user, kind):
    """The host leaves in the middle of a dispute that it could have won."""
    life = begin(kind)
    session = life.session
    session.prove(300)
    session.claim(1_300)
    life.contest()
    session.complete(sender=user)
    travel_to(max(session.details.disputeDeadline, session.details.evidenceEnd) + 1)
    life.close(session.finalize)
    assert_nothing_left(life, COMPLETED, 300)


@every_token
def test_user_vanishes(begin, host, kind):
    """The user signs nothing and says nothing; the host claims, waits, and closes by itself."""
    life = begin(kind, maxDuration=DAY)
    session = life.session
    session.claim(1_000)
    session.pass_challenge_window()
    session.claim(STREAMED)
    session.pass_challenge_window()
    life.close(lambda: session.complete(sender=host))
    assert_nothing_left(life, COMPLETED, STREAMED)


@every_token
def test_agreement(begin, kind):
    """Both agree, and nobody waits."""
    life = begin(kind)
    life.close(lambda: life.session.close_with_agreement(STREAMED))
    assert_nothing_left(life, COMPLETED, STREAMED)


def test_refused_refund(begin, project, owner, host):
    """The user is a contract that takes no ETH: its refund waits, and nothing else does."""
    refusing = contract_actor(owner.deploy(project.RefusingReceiver))
    life = begin("ETH", user=refusing)
    session = life.session
    session.prove(500)
    life.close(lambda: session.complete(sender=host))
    assert life.refund == 0
    life.settle_up()
    escrow = life.escrow
    assert escrow.balance(USER, ETHER) == session.terms.deposit - session.cost(500)
    assert escrow.balance(HOST, ETHER) + escrow.balance(TREASURY, ETHER) == session.cost(500)
    assert escrow.balance(session.marketplace, ETHER) == 0
