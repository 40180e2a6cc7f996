"""JobMarketplaceExtension.setToken: the list of payment tokens."""

import pytest
from eth_utils import keccak

from tests.harness.deployment import MINIMUM_USDC
from tests.harness.escrow import ETHER, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import Reverted, delegate, rpc, storage_word
from tests.harness.reverts import reverts
from tests.unit.job_marketplace.openings import MAX_DEPOSIT

MINIMUM = 5 * USDC
REDEEMED = 1_000
TOKEN_COUNT = 6  # the slot
MAX_TOKENS_LISTED = 2**16 - 1
# Solidity's Panic(0x11).
OVERFLOW = keccak(text="Panic(uint256)")[:4] + (0x11).to_bytes(32, "big")


@pytest.fixture
def token(project, owner):
    """A token that the escrow has not seen."""
    return owner.deploy(project.MockUSDC)


def terms_of(marketplace, token):
    """What the list says: allowed, minimum, id."""
    return tuple(marketplace.tokenTerms(token))


@pytest.mark.parametrize("caller", ["admin", "treasury", "host", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(marketplace, token, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(marketplace.OwnableUnauthorizedAccount, account=actors[caller]):
        marketplace.setToken(token, True, MINIMUM, sender=actors[caller])


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("borrows", [False, True], ids=["no code", "borrowed code"])
def test_revert_when_the_token_has_no_code(marketplace, owner, stranger, usdc, allowed, borrows):
    """It should revert: the token must have code of its own, unless it is the address zero for ETH."""
    if borrows:
        delegate(stranger, usdc)
    with reverts(marketplace.JobMarketplace_TokenHasNoCode, token=stranger):
        marketplace.setToken(stranger, allowed, MINIMUM, sender=owner)


@pytest.mark.parametrize("minimum", [MAX_DEPOSIT + 1, 2**96 + MINIMUM, 2**256 - 1])
def test_revert_when_the_minimum_is_too_large(marketplace, owner, token, minimum):
    """It should revert: the minimum deposit must fit 96 bits."""
    with reverts(
        marketplace.JobMarketplace_DepositOutOfRange, min=0, max=MAX_DEPOSIT, actual=minimum
    ):
        marketplace.setToken(token, True, minimum, sender=owner)


@pytest.mark.parametrize("minimum", [0, MAX_DEPOSIT])
def test_extreme_minimum(marketplace, owner, token, minimum):
    """It should store it."""
    marketplace.setToken(token, True, minimum, sender=owner)
    allowed, stored, _ = terms_of(marketplace, token)
    assert (allowed, stored) == (True, minimum)


def test_ids(project, marketplace, usdc, owner, token):
    """It should give it the next id."""
    first = marketplace.tokenTerms(usdc).tokenId
    other = owner.deploy(project.SilentToken)
    marketplace.setToken(token, True, MINIMUM, sender=owner)
    marketplace.setToken(other, True, MINIMUM, sender=owner)
    assert marketplace.tokenTerms(token).tokenId == first + 1
    assert marketplace.tokenTerms(other).tokenId == first + 2


def test_events(marketplace, owner, token):
    """It should emit its terms and its id."""
    tx = marketplace.setToken(token, True, MINIMUM, sender=owner)
    assert emitted(tx) == [
        event(
            marketplace.TokenSet,
            token=token,
            tokenId=marketplace.tokenTerms(token).tokenId,
            allowed=True,
            minimumDeposit=MINIMUM,
        )
    ]


def test_known_id(marketplace, usdc, owner, token):
    """It should keep its id."""
    known = marketplace.tokenTerms(usdc).tokenId
    for allowed in (False, True):
        tx = marketplace.setToken(usdc, allowed, MINIMUM, sender=owner)
        assert emitted(tx) == [
            event(
                marketplace.TokenSet,
                token=usdc,
                tokenId=known,
                allowed=allowed,
                minimumDeposit=MINIMUM,
            )
        ]
    marketplace.setToken(token, True, MINIMUM, sender=owner)
    assert marketplace.tokenTerms(token).tokenId == known + 1


def test_known_terms(escrow, marketplace, usdc, owner):
    """It should replace its terms."""
    marketplace.setToken(usdc, True, MINIMUM, sender=owner)
    with reverts(
        marketplace.JobMarketplace_DepositOutOfRange,
        min=MINIMUM,
        max=MAX_DEPOSIT,
        actual=MINIMUM - 1,
    ):
        escrow.open(deposit=MINIMUM - 1)
    marketplace.setToken(usdc, True, MINIMUM_USDC, sender=owner)
    assert escrow.open(deposit=MINIMUM - 1).details.depositAmount == MINIMUM - 1


def test_ether(marketplace, usdc, owner, token):
    """It should keep the id zero and count no token."""
    marketplace.setToken(ETHER, False, MINIMUM, sender=owner)
    assert terms_of(marketplace, ETHER) == (False, MINIMUM, 0)
    marketplace.setToken(ETHER, True, 1, sender=owner)
    assert terms_of(marketplace, ETHER) == (True, 1, 0)
    marketplace.setToken(token, True, MINIMUM, sender=owner)
    assert marketplace.tokenTerms(token).tokenId == marketplace.tokenTerms(usdc).tokenId + 1


def test_no_more_ids(marketplace, owner, usdc, token):
    """It should refuse one more, and still change those it knows."""
    # The count stands in the lowest bits of its word: sessions name tokens in 16 bits.
    word = storage_word(marketplace, TOKEN_COUNT) | MAX_TOKENS_LISTED
    rpc("anvil_setStorageAt", marketplace.address, hex(TOKEN_COUNT), f"0x{word:064x}")
    with pytest.raises(Reverted) as refusal:
        marketplace.setToken(token, True, MINIMUM, sender=owner)
    assert refusal.value.data == OVERFLOW
    marketplace.setToken(usdc, True, MINIMUM, sender=owner)
    assert terms_of(marketplace, usdc) == (True, MINIMUM, 1)


def test_listed_but_not_allowed(escrow, marketplace, owner, user, token):
    """It should refuse sessions in it until it is allowed."""
    deposit = escrow.terms().deposit
    token.mint(user, deposit, sender=owner)
    token.approve(marketplace, deposit, sender=user)
    marketplace.setToken(token, False, MINIMUM, sender=owner)
    with reverts(marketplace.JobMarketplace_TokenNotAllowed, token=token):
        escrow.open(token=token)
    marketplace.setToken(token, True, MINIMUM, sender=owner)
    assert escrow.open(token=token).details.token == token


def test_names_stand(escrow, marketplace, usdc, owner, token):
    """It should name the same token in them whatever is listed later."""
    session = escrow.open()
    marketplace.setToken(token, True, MINIMUM, sender=owner)
    marketplace.setToken(usdc, False, 0, sender=owner)
    assert session.details.token == usdc


def test_stopped_token_is_paid_out(escrow, marketplace, usdc, owner, user, host):
    """It should pay them out after the token was stopped."""
    session = escrow.open()
    held, owned = usdc.balanceOf(marketplace), usdc.balanceOf(user)
    marketplace.setToken(usdc, False, MAX_DEPOSIT, sender=owner)
    session.close_with_voucher(REDEEMED)
    marketplace.withdraw(usdc, host, sender=host)
    marketplace.withdrawFees(usdc, sender=host)
    assert held - usdc.balanceOf(marketplace) == session.terms.deposit
    assert usdc.balanceOf(user) - owned == session.terms.deposit - session.cost(REDEEMED)
