"""A chain that takes blocks back: what was signed before it meets another session under the same number."""

import pytest

from tests.harness.authorizations import authorized
from tests.harness.escrow import USDC
from tests.harness.execution import Reverted, ask, isolated
from tests.harness.reverts import reverts

TOKENS = 500
DEARER = 20 * USDC


@pytest.fixture
def taken_back(escrow, user):
    """A session, its user's voucher and its host's proof, of which the chain knows nothing any more."""
    with isolated():
        session = escrow.open()
        voucher = session.voucher(TOKENS)
        return session, voucher, session.proofs(0, [TOKENS])


def test_voucher(escrow, marketplace, taken_back):
    """The known limit: a voucher names session and host, so it counts at the price of what took the place.

    It costs the user no more than that session's deposit, which it locked itself.
    """
    before, voucher, _ = taken_back
    after = escrow.open(pricePerToken=DEARER)
    assert after.id == before.id
    marketplace.redeemVoucher(after.id, TOKENS, voucher, sender=after.host)
    after.complete(sender=after.host)
    paid = escrow.earned(after.host)
    assert paid == TOKENS * DEARER // 10**6 <= after.terms.deposit


def test_voucher_of_somebody_else(escrow, marketplace, taken_back, user, other_user):
    """A voucher is nobody's word but its signer's, whatever number it names."""
    _, voucher, _ = taken_back
    after = escrow.open(user=other_user)
    with reverts(
        marketplace.JobMarketplace_VoucherSignatureInvalid, expected=other_user, recovered=user
    ):
        marketplace.redeemVoucher(after.id, TOKENS, voucher, sender=after.host)


def test_proof(escrow, marketplace, taken_back, other_user, other_host):
    """A proof names session, host and place, not the user: it counts for the same host's session of that number.

    That is no more than the host could prove there anyway. Another host's session refuses it.
    """
    before, _, proofs = taken_back
    with isolated():
        foreign = escrow.open(user=other_user, host=other_host)
        assert foreign.id == before.id
        with pytest.raises(Reverted):
            marketplace.submitProofsAt(foreign.id, 0, proofs, [TOKENS], sender=other_host)
    after = escrow.open(user=other_user)
    marketplace.submitProofsAt(after.id, 0, proofs, [TOKENS], sender=after.host)
    assert after.details.provenTokens == TOKENS


def test_authorization(escrow, marketplace, user, other_user):
    """A payment's signature names the terms, so under whatever number it opens them and no others, once."""
    opening = authorized(escrow, user)
    signature = opening.signed_by(user)
    with isolated():
        opening.relay(signature)
        first = ask(marketplace.jobCount)
    escrow.open(user=other_user)
    opening.relay(signature)
    details = ask(marketplace.getSessionDetails, ask(marketplace.jobCount))
    assert ask(marketplace.jobCount) == first + 1
    assert (details.user, details.assignedHost) == (user, opening.terms.host)
    assert details.pricePerToken == opening.terms.pricePerToken
    with reverts(escrow.usdc.MockUSDC_AuthorizationUsed, authorizer=user, nonce=opening.nonce()):
        opening.relay(signature)
