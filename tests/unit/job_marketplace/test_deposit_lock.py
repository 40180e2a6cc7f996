"""The deposit: where it comes from, that it stays, and where alone it goes."""

import pytest

from tests.harness.calls import functions
from tests.harness.escrow import ETHER, USDC
from tests.harness.execution import Reverted, rpc, simulate
from tests.harness.reverts import reverts

DEPOSIT = 10 * USDC
UNLIMITED = 2**256 - 1
TOKENS = 1_000_000
GIFT = 77

# ------------------------------------------------------------------------------ locked


@pytest.fixture(params=["ETH", "USDC"])
def session(escrow, request):
    """An open session in either token."""
    return escrow.open(token=ETHER) if request.param == "ETH" else escrow.open()


@pytest.mark.parametrize("who", ["user", "host", "owner", "treasury", "admin", "stranger"])
def test_nobody_withdraws(marketplace, session, actors, who):
    """It should let nobody withdraw it while the session is open."""
    account, token = actors[who], session.terms.token
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=account, token=token):
        marketplace.withdraw(token, account, sender=account)


def test_no_fees(marketplace, session, treasury):
    """It should owe the treasury nothing of it."""
    token = session.terms.token
    with reverts(marketplace.JobMarketplace_NothingToWithdraw, account=treasury, token=token):
        marketplace.withdrawFees(token, sender=treasury)


def test_conservation(escrow, marketplace, usdc, session, user, host, treasury, stranger):
    """It should leave to host, treasury and user alone, to the last unit."""
    token = ETHER if session.terms.token == ETHER else usdc

    def held():
        return [
            escrow.balance(account, token) for account in (marketplace, stranger, treasury, user)
        ]

    before = held()
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(token, stranger, sender=host)  # to an account that pays for no gas
    marketplace.withdrawFees(token, sender=host)
    changes = [now - then for then, now in zip(before, held(), strict=True)]
    escrows, hosts, treasurys, users = changes
    assert sum(changes) == 0
    assert escrows == -session.terms.deposit
    assert hosts + treasurys == session.cost(TOKENS)
    assert users == session.terms.deposit - session.cost(TOKENS)


# ------------------------------------------------------------------------------ approvals


def test_no_approval(escrow, marketplace, usdc, user):
    """It should refuse without an approval."""
    usdc.approve(marketplace, 0, sender=user)
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        escrow.open(deposit=DEPOSIT)


def test_small_approval(escrow, marketplace, usdc, user):
    """It should refuse with one that is a base unit too small."""
    usdc.approve(marketplace, DEPOSIT - 1, sender=user)
    with reverts(
        usdc.ERC20InsufficientAllowance,
        spender=marketplace,
        allowance=DEPOSIT - 1,
        needed=DEPOSIT,
    ):
        escrow.open(deposit=DEPOSIT)


def test_foreign_approval(escrow, marketplace, usdc, user):
    """It should refuse with one for somebody else."""
    usdc.approve(marketplace, 0, sender=user)
    usdc.approve(escrow.registry, UNLIMITED, sender=user)
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        escrow.open(deposit=DEPOSIT)


def test_exact_approval(escrow, marketplace, usdc, user):
    """It should use up one that is exact."""
    usdc.approve(marketplace, DEPOSIT, sender=user)
    escrow.open(deposit=DEPOSIT)
    assert usdc.allowance(user, marketplace) == 0


def test_unlimited_approval(escrow, marketplace, usdc, user):
    """It should leave one that has no end as it is."""
    usdc.approve(marketplace, UNLIMITED, sender=user)
    escrow.open(deposit=DEPOSIT)
    assert usdc.allowance(user, marketplace) == UNLIMITED


# ------------------------------------------------------------------------------ balances


@pytest.fixture
def poor_user(marketplace, usdc, owner, stranger):
    """A user with exactly one deposit, who approved more."""
    usdc.mint(stranger, DEPOSIT, sender=owner)
    usdc.approve(marketplace, UNLIMITED, sender=stranger)
    return stranger


def test_too_poor(escrow, usdc, poor_user):
    """It should refuse what the user does not have."""
    with reverts(
        usdc.ERC20InsufficientBalance, sender=poor_user, balance=DEPOSIT, needed=DEPOSIT + 1
    ):
        escrow.open(user=poor_user, deposit=DEPOSIT + 1)


def test_all_of_it(escrow, marketplace, usdc, poor_user):
    """It should take all that the user has."""
    escrow.open(user=poor_user, deposit=DEPOSIT)
    assert usdc.balanceOf(poor_user) == 0
    assert usdc.balanceOf(marketplace) == DEPOSIT


def test_huge_balance(escrow, marketplace, usdc, owner, poor_user):
    """It should take its part of a balance that does not fit 128 bits."""
    usdc.mint(poor_user, 2**200, sender=owner)
    escrow.open(user=poor_user, deposit=DEPOSIT)
    assert usdc.balanceOf(poor_user) == 2**200
    assert usdc.balanceOf(marketplace) == DEPOSIT


# ------------------------------------------------------------------------------ what nobody asked for


def _call(marketplace, sender, value=0, data=b""):
    simulate(
        {
            "from": sender.address,
            "to": marketplace.address,
            "value": hex(value),
            "data": f"0x{data.hex()}",
        }
    )


def test_plain_ether(marketplace, user):
    """It should refuse it."""
    with reverts(marketplace.JobMarketplace_EtherUnexpected, sender=user, value=1):
        _call(marketplace, user, value=1)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("data", [b"\0", b"\xde\xad\xbe\xef", bytes(36)], ids=len)
def test_senseless_calls(marketplace, user, value, data):
    """It should refuse it with data that says nothing."""
    with pytest.raises(Reverted) as refusal:
        _call(marketplace, user, value, data)
    assert refusal.value.data == b""


def test_ether_with_any_call(marketplace, user):
    """It should refuse it with any call that takes none.

    The marketplace passes on what the extension answers, ETH included: the extension must refuse.
    """
    calls = functions(marketplace, "view", "pure", "nonpayable")
    assert {"jobCount", "setToken", "withdraw", "openSessionWithPermit"} <= set(calls)
    for data in calls.values():
        with pytest.raises(Reverted) as refusal:
            _call(marketplace, user, 1, data)
        assert refusal.value.data == b""


def test_forced_ether(escrow, marketplace, host, treasury):
    """It should neither count it as a deposit nor pay it out."""
    rpc("anvil_setBalance", marketplace.address, hex(GIFT))
    session = escrow.open(token=ETHER)
    with reverts(marketplace.Payments_ValueMismatch, expected=session.terms.deposit, actual=0):
        marketplace.openSession(session.terms.encoded(), value=0, sender=session.user)
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(ETHER, host, sender=host)
    marketplace.withdrawFees(ETHER, sender=treasury)
    assert marketplace.balance == GIFT


@pytest.fixture
def gift(marketplace, usdc, owner):
    """USDC that somebody gave to the escrow: more than a deposit."""
    usdc.mint(marketplace, 2 * DEPOSIT, sender=owner)
    return 2 * DEPOSIT


def test_given_tokens_are_no_deposit(escrow, marketplace, usdc, user, gift):
    """It should not count them as a deposit."""
    usdc.approve(marketplace, 0, sender=user)
    with reverts(usdc.ERC20InsufficientAllowance, spender=marketplace, allowance=0, needed=DEPOSIT):
        escrow.open(deposit=DEPOSIT)


def test_given_tokens_stay(escrow, marketplace, usdc, host, treasury, gift):
    """It should pay out the sessions as if they were not there."""
    session = escrow.open()
    session.close_with_voucher(TOKENS)
    marketplace.withdraw(usdc, host, sender=host)
    marketplace.withdrawFees(usdc, sender=treasury)
    assert usdc.balanceOf(host) + usdc.balanceOf(treasury) == session.cost(TOKENS)
    assert usdc.balanceOf(marketplace) == gift
