"""JobMarketplace.earned, credits and feesOwed: what waits for whom."""

from tests.harness.escrow import ETHER
from tests.harness.execution import ask

TOKENS, COST = 500, 1_000  # at 2 USDC per million
CLAIMED, CLAIMED_COST = 900, 1_800
FEE = 100
EXCESS = 12_345


def test_nothing(escrow, marketplace, usdc, actors):
    """It should show zero for everyone, in every token."""
    escrow.open().redeem(TOKENS)
    for token in (usdc, ETHER):
        assert {escrow.earned(account, token) for account in actors.values()} == {0}
        assert {escrow.credits(account, token) for account in actors.values()} == {0}
        assert ask(marketplace.feesOwed, token) == 0


def test_several_sessions(escrow, host):
    """It should show all of its earnings together."""
    for _ in range(3):
        escrow.open().close_with_voucher(TOKENS)
    assert escrow.earned(host) == 3 * COST


def test_two_tokens(escrow, host):
    """It should show each token apart."""
    in_ether = escrow.open(token=ETHER)
    in_ether.close_with_voucher(TOKENS)
    escrow.open().close_with_voucher(TOKENS)
    assert escrow.earned(host) == COST
    assert escrow.earned(host, ETHER) == in_ether.cost(TOKENS)


def test_two_hosts(escrow, host, other_host):
    """It should show each host's own."""
    escrow.open().close_with_voucher(TOKENS)
    escrow.open(host=other_host).close_with_voucher(CLAIMED)
    assert (escrow.earned(host), escrow.earned(other_host)) == (COST, CLAIMED_COST)


def test_withdrawal(escrow, marketplace, usdc, host):
    """It should show the rest to the treasury, and nothing to the host."""
    escrow.open().close_with_voucher(TOKENS)
    escrow.withdraw(host)
    assert (escrow.earned(host), ask(marketplace.feesOwed, usdc)) == (0, FEE)


def test_credits(escrow, user, watcher):
    """It should show each account's own, in ETH."""
    session = escrow.open(watcher=watcher)
    session.claim(CLAIMED)
    session.contest(value=session.bond() + EXCESS, sender=watcher)
    assert (escrow.credits(watcher), escrow.credits(user)) == (EXCESS, 0)
    assert escrow.credits(watcher, escrow.usdc) == 0
