"""JobMarketplaceExtension.openSessionWithAuthorization: signed by the user, relayed by anyone, changed by nobody."""

import pytest

from tests.harness.authorizations import authorized, token_domain
from tests.harness.deployment import MINIMUM_ETHER, payment_token
from tests.harness.escrow import DAY, ETHER, HOUR, INPUT_BOUND, USDC, ZERO
from tests.harness.events import emitted
from tests.harness.execution import Reverted, ask
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.unit.job_marketplace.openings import (
    REFUSALS,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

OTHER_CHAIN = 8453
OTHER_SALT = b"\xa5" * 32
ETH_INSTEAD = {"in ETH": None}


@pytest.fixture
def terms(escrow, voucher_signer, watcher, arbiter):
    """Terms that leave nothing to a default."""
    return escrow.terms(
        voucherSigner=voucher_signer, voucherCap=10**6, watcher=watcher, arbiter=arbiter
    )


@pytest.fixture
def opening(escrow, user, terms):
    """What the user authorizes."""
    return authorized(escrow, user, terms)


def stored(escrow):
    """The latest session."""
    return details_of(escrow, escrow.marketplace.jobCount())


@pytest.mark.parametrize("case", REFUSALS | ETH_INSTEAD)
def test_revert_when_the_terms_are_wrong(escrow, marketplace, user, case):
    """It should revert: the terms must be such as {IJobMarketplaceMain-openSession} accepts, in a token."""
    usual = escrow.terms()
    if case in REFUSALS:
        changes, error, arguments = REFUSALS[case](escrow, usual)
    else:
        changes = {"token": ETHER, "deposit": MINIMUM_ETHER}
        error, arguments = marketplace.JobMarketplace_TokenNotAllowed, {"token": ETHER}
    opening = authorized(escrow, user, usual.but(**changes))
    with reverts(error, **arguments):
        opening.relay(opening.signed_by(user))


def test_revert_when_somebody_else_signed(usdc, opening, user, relayer):
    """It should revert: the authorization must be the user's, for these terms, unused and in its time."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(opening.signed_by(relayer))


def test_value(marketplace, relayer, user, opening):
    """It should refuse it."""
    with pytest.raises(Reverted) as refusal:
        marketplace.openSessionWithAuthorization(
            opening.terms.encoded(),
            opening.user,
            opening.salt,
            opening.validAfter,
            opening.validBefore,
            opening.signed_by(user),
            value=1,
            sender=relayer,
        )
    assert refusal.value.data == b""


def test_opening(escrow, marketplace, usdc, user, relayer, opening):
    """It should open the user's session, paid by the user.

    Its nonce was computed apart from the contract. No allowance is needed.
    """
    usdc.approve(marketplace, 0, sender=user)
    held, owned, relayers = map(usdc.balanceOf, (marketplace, user, relayer))
    tx = opening.relay(opening.signed_by(user))
    assert stored(escrow) == fresh_details(user, opening.terms, tx.timestamp)
    assert usdc.balanceOf(marketplace) - held == opening.terms.deposit
    assert owned - usdc.balanceOf(user) == opening.terms.deposit
    assert usdc.balanceOf(relayer) == relayers


def test_id(marketplace, user, relayer, opening):
    """It should return the next job's id."""
    call = (
        opening.terms.encoded(),
        opening.user,
        opening.salt,
        opening.validAfter,
        opening.validBefore,
        opening.signed_by(user),
    )
    expected = marketplace.jobCount() + 1
    assert ask(marketplace.openSessionWithAuthorization, *call, sender=relayer) == expected


def test_events(escrow, marketplace, usdc, user, opening):
    """It should emit the session and its terms, then let the token speak."""
    tx = opening.relay(opening.signed_by(user))
    assert emitted(tx) == [
        *opening_events(escrow, marketplace.jobCount(), user, opening.terms, tx.timestamp),
        payment(usdc, user, marketplace, opening.terms.deposit),
    ]


def test_used_up(usdc, user, opening):
    """It should use up the authorization."""
    assert not usdc.authorizationState(user, opening.nonce())
    opening.relay(opening.signed_by(user))
    assert usdc.authorizationState(user, opening.nonce())


@pytest.mark.parametrize("who", ["user", "host", "owner", "stranger"])
def test_any_relayer(escrow, user, opening, actors, who):
    """It should open the same session whoever relays it."""
    tx = opening.relay(opening.signed_by(user), sender=actors[who])
    assert stored(escrow) == fresh_details(user, opening.terms, tx.timestamp)


# For each term another value that the escrow would accept.
CHANGES = {
    "host": "other_host",
    "token": "another token",
    "deposit": 11 * USDC,
    "pricePerToken": 2 * USDC + 1,
    "maxDuration": 2 * HOUR,
    "proofInterval": 1_001,
    "maxTokensPerSecond": 9_999,
    "circuitId": INPUT_BOUND,
    "voucherSigner": "stranger",
    "voucherCap": 10**6 + 1,
    "watcher": "stranger",
    "arbiter": "stranger",
}


@pytest.mark.parametrize("field", CHANGES)
def test_changed_terms(escrow, project, actors, usdc, user, opening, field):
    """It should refuse other terms, field by field."""
    signature = opening.signed_by(user)
    value, refusing = CHANGES[field], usdc
    if field == "token":
        value = refusing = payment_token(escrow, project.MockUSDC)
    value = actors.get(value, value) if isinstance(value, str) else value
    changed = opening.but(terms=opening.terms.but(**{field: value}))
    with reverts(refusing.MockUSDC_SignatureInvalid, signer=user):
        changed.relay(signature)
    # The user's own signature over the same change is good: the change was all that was wrong.
    if field != "token":
        changed.relay(changed.signed_by(user))


def test_every_term_is_tried(opening):
    """It should refuse other terms, all of them, each on its own."""
    assert set(CHANGES) == set(vars(opening.terms))


def test_changed_user(usdc, user, other_user, opening):
    """It should refuse another user."""
    changed = opening.but(user=other_user)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=other_user):
        changed.relay(opening.signed_by(user))


def test_changed_salt(usdc, user, opening):
    """It should refuse another salt."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.but(salt=OTHER_SALT).relay(opening.signed_by(user))


@pytest.mark.parametrize("field", ["validAfter", "validBefore"])
def test_changed_times(usdc, user, opening, field):
    """It should refuse other times."""
    changed = opening.but(**{field: getattr(opening, field) + 1})
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        changed.relay(opening.signed_by(user))


def test_other_chain(usdc, user, opening):
    """It should refuse a nonce for another chain."""
    elsewhere = opening.signed_by(user, nonce=opening.nonce(chain_id=OTHER_CHAIN))
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(elsewhere)


def test_other_contract(escrow, usdc, user, opening):
    """It should refuse a nonce for another contract."""
    elsewhere = opening.signed_by(user, nonce=opening.nonce(contract=escrow.registry))
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(elsewhere)


def test_other_payee(usdc, user, relayer, opening):
    """It should refuse another payee."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(opening.signed_by(user, to=relayer.address))


@pytest.mark.parametrize("change", ["token", "chain"])
def test_other_domain(escrow, usdc, user, opening, change):
    """It should refuse the domain of another token or chain."""
    domain = {
        "token": token_domain(escrow.registry),
        "chain": token_domain(usdc, chainId=OTHER_CHAIN),
    }[change]
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(opening.signed_by(user, domain=domain))


def test_other_nonce(usdc, user, opening):
    """It should refuse a nonce that is not of these terms."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(opening.signed_by(user, nonce=OTHER_SALT))


MALFORMED = {
    "empty": lambda good: b"",
    "zero": lambda good: bytes(65),
    "high s": high_s,
    "64 bytes": compact,
    "trailing byte": lambda good: good + b"\0",
}


@pytest.mark.parametrize("form", MALFORMED)
def test_malformed_signature(usdc, user, opening, form):
    """It should refuse it."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.relay(MALFORMED[form](opening.signed_by(user)))


def test_replay(usdc, user, opening):
    """It should refuse it the second time."""
    signature = opening.signed_by(user)
    opening.relay(signature)
    with reverts(usdc.MockUSDC_AuthorizationUsed, authorizer=user, nonce=opening.nonce()):
        opening.relay(signature)


def test_second_salt(escrow, marketplace, user, opening):
    """It should accept another one with another salt."""
    opening.relay(opening.signed_by(user))
    count = marketplace.jobCount()
    second = opening.but(salt=OTHER_SALT)
    tx = second.relay(second.signed_by(user))
    assert marketplace.jobCount() == count + 1
    assert stored(escrow) == fresh_details(user, opening.terms, tx.timestamp)


def test_past_the_escrow(marketplace, usdc, user, stranger, opening):
    """It should refuse, for only the escrow may take the money.

    Were it otherwise, the deposit could arrive without a session.
    """
    with reverts(usdc.MockUSDC_CallerNotPayee, payee=marketplace, caller=stranger):
        usdc.receiveWithAuthorization(
            user,
            marketplace,
            opening.terms.deposit,
            opening.validAfter,
            opening.validBefore,
            opening.nonce(),
            opening.signed_by(user),
            sender=stranger,
        )


@pytest.fixture
def limited(opening, chain):
    """The opening, valid for the whole of tomorrow only."""
    return opening.but(
        validAfter=chain.pending_timestamp + DAY, validBefore=chain.pending_timestamp + 2 * DAY
    )


@pytest.mark.parametrize("edge", ["begins", "ends"])
def test_in_time(escrow, user, limited, chain, edge):
    """It should accept it a second after it begins, and a second before it ends."""
    chain.pending_timestamp = {
        "begins": limited.validAfter + 1,
        "ends": limited.validBefore - 1,
    }[edge]
    tx = limited.relay(limited.signed_by(user))
    assert stored(escrow) == fresh_details(user, limited.terms, tx.timestamp)


@pytest.mark.parametrize("edge", ["begins", "ends"])
def test_out_of_time(usdc, user, limited, chain, edge):
    """It should refuse it in the second before, and from the second it ends."""
    chain.pending_timestamp = {"begins": limited.validAfter, "ends": limited.validBefore}[edge]
    with reverts(
        usdc.MockUSDC_OutsideValidity,
        validAfter=limited.validAfter,
        validBefore=limited.validBefore,
    ):
        limited.relay(limited.signed_by(user))


def test_poor_user(escrow, usdc, stranger, terms):
    """It should refuse in the token's words."""
    opening = authorized(escrow, stranger, terms)
    with reverts(usdc.ERC20InsufficientBalance, sender=stranger, balance=0, needed=terms.deposit):
        opening.relay(opening.signed_by(stranger))


@pytest.fixture
def wallets(project, usdc, owner, user, terms):
    """Two contract wallets of the user's, with a deposit each."""
    wallets = [owner.deploy(project.MockWallet, user) for _ in range(2)]
    for wallet in wallets:
        usdc.mint(wallet, terms.deposit, sender=owner)
    return wallets


def test_wallet(escrow, marketplace, usdc, user, wallets, terms):
    """It should open its session on its owner's signature, by ERC-1271."""
    wallet, _ = wallets
    opening = authorized(escrow, wallet, terms)
    tx = opening.relay(opening.signed_by(user))
    assert stored(escrow) == fresh_details(wallet, terms, tx.timestamp)
    assert usdc.balanceOf(wallet) == 0
    assert usdc.balanceOf(marketplace) == terms.deposit


def test_wallet_of_somebody_else(escrow, usdc, stranger, wallets, terms):
    """It should refuse somebody else's signature."""
    wallet, _ = wallets
    opening = authorized(escrow, wallet, terms)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=wallet):
        opening.relay(opening.signed_by(stranger))


def test_other_wallet(escrow, usdc, user, wallets, terms):
    """It should refuse what was signed for another wallet of the same owner."""
    wallet, other = wallets
    opening = authorized(escrow, wallet, terms)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=other):
        opening.but(user=other).relay(opening.signed_by(user))


def test_seeming_authorization(escrow, marketplace, project, user, terms):
    """It should refuse what does not arrive.

    The token's fallback takes the call for a deposit of nothing, and succeeds; the user's allowance
    must not stand in for the authorization.
    """
    token = payment_token(escrow, project.WrappedEther)
    opening = authorized(escrow, user, terms.but(token=token))
    with reverts(marketplace.Payments_TransferShort, expected=terms.deposit, received=0):
        opening.relay(opening.signed_by(user))


def test_no_authorizations(escrow, project, user, terms):
    """It should refuse it."""
    token = payment_token(escrow, project.SilentToken)
    opening = authorized(escrow, user, terms.but(token=token))
    with pytest.raises(Reverted) as refusal:
        opening.relay(opening.signed_by(user))
    assert refusal.value.data == b""


def test_revert_when_the_user_is_nobody(marketplace, user, opening):
    """It should revert: the user must not be the zero address."""
    changed = opening.but(user=ZERO)
    with reverts(marketplace.JobMarketplace_ZeroAddress):
        changed.relay(changed.signed_by(user))


def test_the_escrow_as_user(marketplace, usdc, user, opening):
    """It should refuse it."""
    changed = opening.but(user=marketplace.address)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=changed.user):
        changed.relay(changed.signed_by(user))
