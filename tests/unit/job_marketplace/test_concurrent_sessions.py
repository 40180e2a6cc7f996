"""Sessions beside each other: of one pair, of many, in one token and in several."""

from itertools import permutations

import pytest

from tests.harness.escrow import ACTIVE, COMPLETED, ETHER, USDC, travel_to
from tests.harness.execution import Reverted, rpc
from tests.unit.job_marketplace.openings import details_of

TOKENS = 100_000
LATER = 60


@pytest.fixture
def twins(escrow):
    """Two sessions of the same pair on the same terms."""
    first = escrow.open()
    travel_to(first.details.sessionStartTime + LATER)
    return first, escrow.open()


def test_twins(marketplace, usdc, twins):
    """It should give them ids, deposits and lives of their own."""
    one, other = twins
    assert other.id == one.id + 1
    assert one.details.depositAmount == other.details.depositAmount == one.terms.deposit
    assert usdc.balanceOf(marketplace) == 2 * one.terms.deposit
    assert other.details.endsAt == one.details.endsAt + LATER


def test_evidence(escrow, twins):
    """It should count evidence for the one that it names only."""
    one, other = twins
    before = details_of(escrow, other.id)
    one.prove(1_000)
    one.redeem(TOKENS)
    one.claim(TOKENS + 1_000)
    assert details_of(escrow, other.id) == before
    assert one.details.ackedTokens == TOKENS


def test_foreign_voucher(escrow, marketplace, host, twins):
    """It should refuse a voucher of the one for the other."""
    one, other = twins
    voucher = one.voucher(TOKENS)
    before = details_of(escrow, other.id)
    with pytest.raises(Reverted):
        marketplace.redeemVoucher(other.id, TOKENS, voucher, sender=host)
    assert details_of(escrow, other.id) == before


def test_closing(escrow, marketplace, usdc, host, twins):
    """It should close the one and leave the other open."""
    one, other = twins
    before = details_of(escrow, other.id)
    one.close_with_voucher(TOKENS)
    assert one.details.status == COMPLETED
    assert details_of(escrow, other.id) == before
    held = other.terms.deposit + escrow.earned(host)
    assert usdc.balanceOf(marketplace) == held


@pytest.fixture
def crowd(escrow, user, other_user, host, other_host):
    """Four sessions: two users, two hosts, two tokens, in every combination that matters."""
    return [
        escrow.open(user=user, host=host, deposit=3 * USDC),
        escrow.open(user=user, host=other_host, deposit=4 * USDC),
        escrow.open(user=other_user, host=host, token=ETHER),
        escrow.open(user=other_user, host=other_host, deposit=5 * USDC),
    ]


def test_sum(marketplace, usdc, crowd):
    """It should hold the sum of the deposits, token by token."""
    assert usdc.balanceOf(marketplace) == 12 * USDC
    assert marketplace.balance == sum(s.terms.deposit for s in crowd if s.terms.token == ETHER)


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_any_order(escrow, marketplace, usdc, host, other_host, crowd, order):
    """It should close each to the last unit, in any order."""
    for index in order:
        crowd[index].close_with_voucher(TOKENS)
    for payee, token in ((host, usdc), (other_host, usdc), (host, ETHER)):
        marketplace.withdraw(token, payee, sender=payee)
    for token in (usdc, ETHER):
        marketplace.withdrawFees(token, sender=host)
    assert [session.details.status for session in crowd] == [COMPLETED] * 4
    assert usdc.balanceOf(marketplace) == marketplace.balance == 0


def test_session_and_prompt(escrow, host):
    """It should keep them apart."""
    session, job = escrow.open(), escrow.open_prompt()
    before = details_of(escrow, session.id)
    job.close_with_voucher(1)
    assert details_of(escrow, session.id) == before
    assert session.details.status == ACTIVE
    assert escrow.earned(host) == job.terms.deposit


def test_one_block(escrow, marketplace, user, other_user):
    """It should give each its own id."""
    first = marketplace.jobCount() + 1
    data = marketplace.openSession.encode_input(escrow.terms().encoded()).to_0x_hex()
    rpc("evm_setAutomine", False)
    try:
        for sender in (user, other_user, user):
            request = {"from": sender.address, "to": marketplace.address, "data": data}
            rpc("eth_sendTransaction", request | {"gas": hex(10**6)})
        rpc("evm_mine")
    finally:
        rpc("evm_setAutomine", True)
    opened = [marketplace.getSessionDetails(first + i) for i in range(3)]
    assert marketplace.jobCount() == first + 2
    assert [details.user for details in opened].count(user) == 2
    assert [details.user for details in opened].count(other_user) == 1
    assert len({d.sessionStartTime for d in opened}) == 1


def test_one_host(escrow, user, other_user, host):
    """It should add up what it earned in all of them."""
    sessions = [escrow.open(user=payer) for payer in (user, other_user, user)]
    for number, session in enumerate(sessions, start=1):
        session.close_with_voucher(number * TOKENS)
    assert escrow.earned(host) == sum(
        session.cost(number * TOKENS) for number, session in enumerate(sessions, start=1)
    )
