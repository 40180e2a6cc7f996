"""JobMarketplaceExtension.authorizationNonce: what binds an EIP-3009 payment to a session's terms."""

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.authorizations import Authorized, authorized
from tests.harness.deployment import deploy_marketplace
from tests.harness.escrow import PARAMETERS, USDC, Terms
from tests.harness.execution import ask

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}")
words = st.integers(0, 2**256 - 1)
any_terms = st.builds(
    Terms,
    host=addresses,
    token=addresses,
    deposit=words,
    pricePerToken=words,
    maxDuration=words,
    proofInterval=words,
    maxTokensPerSecond=words,
    circuitId=st.integers(0, 2**32 - 1),
    voucherSigner=addresses,
    voucherCap=st.integers(0, 2**64 - 1),
    watcher=addresses,
    arbiter=addresses,
)
OTHER_SALT = b"\xa5" * 32
OTHER_VALUES = {
    "deposit": USDC,
    "pricePerToken": USDC,
    "maxDuration": 1,
    "proofInterval": 1,
    "maxTokensPerSecond": 1,
    "circuitId": 0,
    "voucherCap": 1,
}


def nonce_of(marketplace, opening):
    """What the contract says."""
    return bytes(
        ask(marketplace.authorizationNonce, opening.terms.encoded(), opening.user, opening.salt)
    )


@given(terms=any_terms, user=addresses, salt=st.binary(min_size=32, max_size=32))
def test_independent(escrow, marketplace, terms, user, salt):
    """It should be the same, for any terms, user and salt."""
    opening = Authorized(escrow=escrow, terms=terms, user=user, salt=salt, validBefore=0)
    assert nonce_of(marketplace, opening) == opening.nonce()


def test_every_argument_counts(escrow, marketplace, user, stranger):
    """It should differ."""
    opening = authorized(escrow, user)
    variants = [opening, opening.but(user=stranger), opening.but(salt=OTHER_SALT)]
    for name in vars(opening.terms):
        value = OTHER_VALUES.get(name, stranger)
        variants.append(opening.but(terms=opening.terms.but(**{name: value})))
    nonces = {nonce_of(marketplace, variant) for variant in variants}
    assert len(nonces) == len(variants)


def test_other_marketplace(escrow, marketplace, project, owner, user, treasury):
    """It should differ from this one's."""
    other = deploy_marketplace(
        project, owner, escrow.registry, escrow.proof_system, treasury, owner, PARAMETERS
    )
    opening = authorized(escrow, user)
    assert nonce_of(other, opening) == opening.nonce(contract=other)
    assert nonce_of(other, opening) != nonce_of(marketplace, opening)
