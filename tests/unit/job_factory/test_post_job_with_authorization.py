"""JobFactory.postJobWithAuthorization: signed by the issuer, relayed by anyone, changed by nobody."""

import pytest

from tests.harness.authorizations import authorized as authorized_opening
from tests.harness.authorizations import token_domain
from tests.harness.escrow import DAY, HOUR, USDC, ZERO
from tests.harness.events import emitted
from tests.harness.execution import Reverted, ask
from tests.harness.factory import GWEI, job_token
from tests.harness.reverts import reverts
from tests.harness.signing import compact, high_s
from tests.unit.job_factory.authorizing import authorized
from tests.unit.job_factory.posting import (
    REFUSALS,
    details_of,
    fresh_details,
    job_posted,
    payment,
)

OTHER_CHAIN = 8453
OTHER_SPEC = b"\x5e" * 32
OTHER_SALT = b"\xa5" * 32


@pytest.fixture
def terms(factory, worker, evaluator):
    """Terms that leave nothing to a default."""
    return factory.terms(payee=worker, evaluator=evaluator)


@pytest.fixture
def opening(factory, issuer, terms):
    """What the issuer authorizes."""
    return authorized(factory, issuer, terms)


def stored(factory):
    """The latest job."""
    return details_of(factory, factory.contract.jobCount())


@pytest.mark.parametrize("case", REFUSALS)
def test_revert_when_the_terms_are_wrong(factory, issuer, case):
    """It should revert: the terms must be such as {postJob} accepts, in a token."""
    changes, error, arguments = REFUSALS[case](factory)
    opening = authorized(factory, issuer, factory.terms(**changes))
    with reverts(error, **arguments):
        opening.relay(opening.signed_by(issuer))


def test_revert_when_the_issuer_is_nobody(factory, issuer, opening):
    """It should revert: the issuer must not be the zero address."""
    changed = opening.but(issuer=ZERO)
    with reverts(factory.contract.JobFactory_ZeroAddress):
        changed.relay(changed.signed_by(issuer))


WRONG = ("somebody else's", "for other terms", "used", "too early", "too late")


@pytest.mark.parametrize("wrong", WRONG)
def test_revert_when_it_is_not_this_one(usdc, issuer, relayer, opening, chain, wrong):
    """It should revert: the authorization must be the issuer's, for these terms, unused and in its time."""
    signature = opening.signed_by(relayer if wrong == "somebody else's" else issuer)
    error, arguments = usdc.MockUSDC_SignatureInvalid, {"signer": issuer}
    if wrong == "for other terms":
        opening = opening.but(terms=opening.terms.but(workDuration=5 * HOUR))
    elif wrong == "used":
        opening.relay(signature)
        error = usdc.MockUSDC_AuthorizationUsed
        arguments = {"authorizer": issuer, "nonce": opening.nonce()}
    elif wrong.startswith("too"):
        start = chain.pending_timestamp + DAY
        opening = opening.but(validAfter=start, validBefore=start + DAY)
        signature = opening.signed_by(issuer)
        chain.pending_timestamp = start if wrong == "too early" else start + DAY
        error = usdc.MockUSDC_OutsideValidity
        arguments = {"validAfter": start, "validBefore": start + DAY}
    with reverts(error, **arguments):
        opening.relay(signature)


def test_value(issuer, opening):
    """It should refuse it."""
    with pytest.raises(Reverted) as refusal:
        opening.relay(opening.signed_by(issuer), value=1)
    assert refusal.value.data == b""


def test_posting(factory, usdc, issuer, relayer, opening):
    """It should post the issuer's job, paid by the issuer.

    Its nonce was computed apart from the contract. No allowance is needed.
    """
    usdc.approve(factory.contract, 0, sender=issuer)
    owned, relayers = usdc.balanceOf(issuer), usdc.balanceOf(relayer)
    tx = opening.relay(opening.signed_by(issuer))
    assert stored(factory) == fresh_details(issuer, opening.terms, tx.timestamp)
    assert owned - usdc.balanceOf(issuer) == factory.held() == opening.terms.amount
    assert usdc.balanceOf(relayer) == relayers


def test_id(factory, issuer, relayer, opening):
    """It should return the next job's id."""
    method, signature = factory.contract.postJobWithAuthorization, opening.signed_by(issuer)
    assert ask(method, *opening.call(signature), sender=relayer) == 1


def test_events(factory, usdc, issuer, opening):
    """It should emit JobPosted, then let the token speak."""
    tx = opening.relay(opening.signed_by(issuer))
    assert emitted(tx) == [
        job_posted(factory, 1, issuer, opening.terms),
        payment(usdc, issuer, factory.contract, opening.terms.amount),
    ]


def test_used_up(usdc, issuer, opening):
    """It should use up the authorization."""
    assert not usdc.authorizationState(issuer, opening.nonce())
    opening.relay(opening.signed_by(issuer))
    assert usdc.authorizationState(issuer, opening.nonce())


@pytest.mark.parametrize("who", ["issuer", "worker", "owner", "stranger"])
def test_any_relayer(factory, issuer, opening, actors, who):
    """It should post the same job whoever relays it."""
    tx = opening.relay(opening.signed_by(issuer), sender=actors[who])
    assert stored(factory) == fresh_details(issuer, opening.terms, tx.timestamp)


def test_nonce(factory, issuer, opening):
    """It should leave the issuer's nonce alone."""
    opening.relay(opening.signed_by(issuer))
    assert factory.nonce(issuer) == 0


# For each term another value that the factory would accept.
CHANGES = {
    "token": "another token",
    "payee": "stranger",
    "evaluator": "stranger",
    "amount": 21 * USDC,
    "claimDuration": 2 * DAY,
    "workDuration": 5 * HOUR,
    "reviewDuration": 4 * HOUR,
    "claimBond": 10**15 + GWEI,
    "rejectFeeBps": 999,
    "specHash": OTHER_SPEC,
}


@pytest.mark.parametrize("field", CHANGES)
def test_changed_terms(factory, project, actors, usdc, issuer, opening, field):
    """It should refuse other terms, field by field."""
    signature = opening.signed_by(issuer)
    value, refusing = CHANGES[field], usdc
    if field == "token":
        value = refusing = job_token(factory, project.MockUSDC)
    value = actors.get(value, value) if isinstance(value, str) else value
    changed = opening.but(terms=opening.terms.but(**{field: value}))
    with reverts(refusing.MockUSDC_SignatureInvalid, signer=issuer):
        changed.relay(signature)
    # The issuer's own signature over the same change is good: the change was all that was wrong.
    if field != "token":
        changed.relay(changed.signed_by(issuer))


def test_every_term_is_tried(opening):
    """It should refuse other terms, all of them, each on its own."""
    assert set(CHANGES) == set(opening.terms.fields())


def test_changed_arguments(usdc, issuer, user, opening):
    """It should refuse another issuer, salt or time."""
    signature = opening.signed_by(issuer)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=user):
        opening.but(issuer=user).relay(signature)
    for change in (
        {"salt": OTHER_SALT},
        {"validAfter": opening.validAfter + 1},
        {"validBefore": opening.validBefore + 1},
    ):
        with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
            opening.but(**change).relay(signature)


@pytest.mark.parametrize("place", ["chain", "contract"])
def test_other_place(factory, usdc, issuer, opening, place):
    """It should refuse a nonce for another chain or contract."""
    nonce = {
        "chain": opening.nonce(chain_id=OTHER_CHAIN),
        "contract": opening.nonce(contract=factory.escrow.registry),
    }[place]
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
        opening.relay(opening.signed_by(issuer, nonce=nonce))


def test_other_domain(factory, usdc, issuer, relayer, opening):
    """It should refuse another payee of the token, and another token's or chain's domain."""
    for signature in (
        opening.signed_by(issuer, to=relayer.address),
        opening.signed_by(issuer, domain=token_domain(factory.escrow.registry)),
        opening.signed_by(issuer, domain=token_domain(usdc, chainId=OTHER_CHAIN)),
    ):
        with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
            opening.relay(signature)


def test_escrow_authorization(escrow, usdc, issuer, opening):
    """It should refuse what was signed for the session escrow."""
    elsewhere = authorized_opening(escrow, issuer, escrow.terms(deposit=opening.terms.amount))
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
        opening.relay(elsewhere.signed_by(issuer))
    nonce = elsewhere.nonce()
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
        opening.relay(opening.signed_by(issuer, nonce=nonce))


MALFORMED = {
    "empty": lambda good: b"",
    "zero": lambda good: bytes(65),
    "high s": high_s,
    "64 bytes": compact,
    "trailing byte": lambda good: good + b"\0",
}


@pytest.mark.parametrize("form", MALFORMED)
def test_malformed_signature(usdc, issuer, opening, form):
    """It should refuse it."""
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=issuer):
        opening.relay(MALFORMED[form](opening.signed_by(issuer)))


def test_replay(usdc, issuer, opening):
    """It should refuse it the second time."""
    signature = opening.signed_by(issuer)
    opening.relay(signature)
    with reverts(usdc.MockUSDC_AuthorizationUsed, authorizer=issuer, nonce=opening.nonce()):
        opening.relay(signature)


def test_second_salt(factory, issuer, opening):
    """It should accept another one with another salt."""
    opening.relay(opening.signed_by(issuer))
    second = opening.but(salt=OTHER_SALT)
    tx = second.relay(second.signed_by(issuer))
    assert factory.contract.jobCount() == 2
    assert stored(factory) == fresh_details(issuer, opening.terms, tx.timestamp)


def test_past_the_factory(factory, usdc, issuer, stranger, opening):
    """It should refuse, for only the factory may take the money.

    Were it otherwise, the amount could arrive without a job.
    """
    with reverts(usdc.MockUSDC_CallerNotPayee, payee=factory.contract, caller=stranger):
        usdc.receiveWithAuthorization(
            issuer,
            factory.contract,
            opening.terms.amount,
            opening.validAfter,
            opening.validBefore,
            opening.nonce(),
            opening.signed_by(issuer),
            sender=stranger,
        )


@pytest.mark.parametrize("edge", ["begins", "ends"])
def test_in_time(factory, issuer, opening, chain, edge):
    """It should accept it a second after it begins, and a second before it ends."""
    start = chain.pending_timestamp + DAY
    opening = opening.but(validAfter=start, validBefore=start + DAY)
    chain.pending_timestamp = {"begins": start + 1, "ends": start + DAY - 1}[edge]
    tx = opening.relay(opening.signed_by(issuer))
    assert stored(factory) == fresh_details(issuer, opening.terms, tx.timestamp)


@pytest.fixture
def wallets(project, usdc, owner, issuer, terms):
    """Two contract wallets of the issuer's, with an amount each."""
    wallets = [owner.deploy(project.MockWallet, issuer) for _ in range(2)]
    for wallet in wallets:
        usdc.mint(wallet, terms.amount, sender=owner)
    return wallets


def test_wallet(factory, usdc, issuer, wallets, terms):
    """It should post its job on its owner's signature, by ERC-1271."""
    wallet, _ = wallets
    opening = authorized(factory, wallet, terms)
    tx = opening.relay(opening.signed_by(issuer))
    assert stored(factory) == fresh_details(wallet, terms, tx.timestamp)
    assert (usdc.balanceOf(wallet), factory.held()) == (0, terms.amount)


def test_other_wallet(factory, usdc, issuer, wallets, terms):
    """It should refuse what was signed for another wallet of the same owner."""
    wallet, other = wallets
    opening = authorized(factory, wallet, terms)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=other):
        opening.but(issuer=other).relay(opening.signed_by(issuer))


def test_seeming_authorization(factory, project, issuer, terms):
    """It should refuse what does not arrive.

    The token's fallback takes the call for a deposit of nothing, and succeeds; the issuer's allowance
    must not stand in for the authorization.
    """
    token = job_token(factory, project.WrappedEther)
    opening = authorized(factory, issuer, terms.but(token=token))
    with reverts(factory.contract.Payments_TransferShort, expected=terms.amount, received=0):
        opening.relay(opening.signed_by(issuer))


def test_the_factory_as_issuer(factory, usdc, issuer, opening):
    """It should refuse it."""
    changed = opening.but(issuer=factory.contract)
    with reverts(usdc.MockUSDC_SignatureInvalid, signer=changed.issuer):
        changed.relay(changed.signed_by(issuer))
