"""JobFactory.setToken: the list of payment tokens."""

import pytest

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import ETHER, USDC
from tests.harness.events import emitted, event
from tests.harness.execution import delegate, rpc, storage_word
from tests.harness.factory import MAX_AMOUNT, job_token
from tests.harness.reverts import reverts
from tests.unit.job_factory.layout import SHARED, TOKEN_COUNT_AT
from tests.unit.job_factory.lives import AMOUNT, posted, worked

MINIMUM = 5 * USDC
MAX_TOKENS = 255


@pytest.fixture
def token(project, owner):
    """A token that the factory has not seen."""
    return owner.deploy(project.MockUSDC)


def terms_of(factory, token):
    """What the list says: allowed, minimum, id."""
    return tuple(factory.contract.tokenTerms(token))


@pytest.mark.parametrize("caller", ["admin", "treasury", "worker", "issuer", "stranger"])
def test_revert_when_the_caller_is_not_the_owner(factory, token, actors, caller):
    """It should revert: the caller must be the owner."""
    with reverts(factory.contract.OwnableUnauthorizedAccount, account=actors[caller]):
        factory.contract.setToken(token, True, MINIMUM, sender=actors[caller])


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("borrows", [False, True], ids=["no code", "borrowed code"])
def test_revert_when_the_token_has_no_code(factory, owner, stranger, usdc, allowed, borrows):
    """It should revert: the token must have code of its own, unless it is the address zero for ETH."""
    if borrows:
        delegate(stranger, usdc)
    with reverts(factory.contract.JobFactory_TokenHasNoCode, token=stranger):
        factory.contract.setToken(stranger, allowed, MINIMUM, sender=owner)


@pytest.mark.parametrize("minimum", [0, MAX_AMOUNT + 1, 2**96 + MINIMUM, 2**256 - 1])
@pytest.mark.parametrize("allowed", [True, False])
def test_revert_when_the_minimum_is_out_of_range(factory, owner, token, minimum, allowed):
    """It should revert: the minimum must be positive and fit 96 bits."""
    with reverts(
        factory.contract.JobFactory_AmountOutOfRange, min=1, max=MAX_AMOUNT, actual=minimum
    ):
        factory.contract.setToken(token, allowed, minimum, sender=owner)


def fill(factory):
    """As if 255 tokens were listed."""
    mask = 0xFF << TOKEN_COUNT_AT
    word = storage_word(factory.contract, SHARED) & ~mask | MAX_TOKENS << TOKEN_COUNT_AT
    rpc("anvil_setStorageAt", factory.contract.address, hex(SHARED), f"0x{word:064x}")


def test_revert_given_the_list_is_full(factory, owner, token):
    """It should revert: the list holds at most 255 tokens."""
    fill(factory)
    with reverts(factory.contract.JobFactory_TooManyTokens, max=MAX_TOKENS):
        factory.contract.setToken(token, True, MINIMUM, sender=owner)


def test_full(factory, usdc, owner):
    """It should still change those it knows."""
    fill(factory)
    factory.contract.setToken(usdc, False, MINIMUM, sender=owner)
    factory.contract.setToken(ETHER, False, MINIMUM, sender=owner)
    assert terms_of(factory, usdc) == (False, MINIMUM, 1)
    assert terms_of(factory, ETHER) == (False, MINIMUM, 0)


def test_new(factory, project, owner, token):
    """It should give it the next id, and emit its terms."""
    other = owner.deploy(project.SilentToken)
    for token_id, new in ((2, token), (3, other)):
        assert emitted(factory.contract.setToken(new, True, MINIMUM, sender=owner)) == [
            event(
                factory.contract.TokenSet,
                token=new,
                tokenId=token_id,
                allowed=True,
                minimumAmount=MINIMUM,
            )
        ]
        assert terms_of(factory, new) == (True, MINIMUM, token_id)


def test_known(factory, usdc, owner):
    """It should keep its id, and replace its terms."""
    for allowed, minimum in ((False, 1), (True, MAX_AMOUNT), (True, MINIMUM)):
        assert emitted(factory.contract.setToken(usdc, allowed, minimum, sender=owner)) == [
            event(
                factory.contract.TokenSet,
                token=usdc,
                tokenId=1,
                allowed=allowed,
                minimumAmount=minimum,
            )
        ]
        assert terms_of(factory, usdc) == (allowed, minimum, 1)
    with reverts(
        factory.contract.JobFactory_AmountOutOfRange,
        min=MINIMUM,
        max=MAX_AMOUNT,
        actual=MINIMUM - 1,
    ):
        factory.post(amount=MINIMUM - 1)


def test_ether(factory, owner, token):
    """It should keep the id zero and count no token."""
    factory.contract.setToken(ETHER, False, MINIMUM_ETHER, sender=owner)
    with reverts(factory.contract.JobFactory_TokenNotAllowed, token=ETHER):
        factory.post(token=ETHER)
    factory.contract.setToken(ETHER, True, 1, sender=owner)
    assert terms_of(factory, ETHER) == (True, 1, 0)
    factory.contract.setToken(token, True, MINIMUM, sender=owner)
    assert terms_of(factory, token)[2] == 2


def test_not_yet_allowed(factory, owner, issuer, token):
    """It should refuse jobs in it until it is allowed."""
    factory.contract.setToken(token, False, 1, sender=owner)
    token.mint(issuer, AMOUNT, sender=owner)
    token.approve(factory.contract, AMOUNT, sender=issuer)
    with reverts(factory.contract.JobFactory_TokenNotAllowed, token=token):
        factory.post(token=token)
    factory.contract.setToken(token, True, 1, sender=owner)
    assert factory.post(token=token).details.token == token


def test_many_tokens(factory, project, owner, worker):
    """It should pay each in its own, whatever is listed later."""
    tokens = [job_token(factory, kind) for kind in (project.MockUSDC, project.SilentToken)]
    jobs = [worked(posted(factory, token=token)) for token in (factory.usdc, *tokens)]
    factory.contract.setToken(tokens[0], False, MINIMUM_USDC, sender=owner)
    job_token(factory, project.FeeToken)
    for job in jobs:
        job.approve()
        token = job.terms.token
        assert factory.earned(worker, token) == factory.held(token) == AMOUNT
        factory.withdraw(worker, token)
        assert factory.balance(worker, token) > 0
