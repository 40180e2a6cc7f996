"""Every way in which a user of the SDK opens and grows a session."""

from dataclasses import replace

import pytest

from provenwork.chain import JobType, SessionStatus
from provenwork.core.errors import ContractReverted, TermsInvalid
from provenwork.crypto import ZERO_ADDRESS
from provenwork.sessions import User, relay_opening
from tests.harness.escrow import DEFAULT_RATE, HOUR, METERED, USDC


def test_open_by_allowance(payer, terms, escrow):
    """A user with an allowance opens in one transaction, on exactly the terms it gave."""
    session = payer.open(terms)
    details = session.details()
    assert (details.user, details.host) == (payer.address, terms.host)
    assert (details.status, details.job_type) == (SessionStatus.ACTIVE, JobType.SESSION)
    for field in ("token", "deposit", "price_per_million", "max_duration", "proof_interval"):
        assert getattr(details, field) == getattr(terms, field)
    assert details.max_tokens_per_second == terms.max_tokens_per_second
    assert details.voucher_signer == payer.address
    assert escrow.usdc.balanceOf(escrow.marketplace) >= terms.deposit


def test_open_approves_exactly_what_is_missing(market, keys, sender, terms, escrow, owner):
    """Without an allowance the SDK approves the deposit, and nothing stays approved."""
    escrow.usdc.mint(keys["issuer"].address, 50 * USDC, sender=owner)
    newcomer = User(market, keys["issuer"], sender=sender("issuer"))
    newcomer.open(terms)
    assert escrow.usdc.allowance(newcomer.address, market.address) == 0


def test_open_in_ether(payer, terms):
    """ETH goes along with the opening."""
    session = payer.open(
        replace(terms, token=ZERO_ADDRESS, deposit=10**16, price_per_million=2 * 10**15)
    )
    assert (session.details().token, session.details().deposit) == (ZERO_ADDRESS, 10**16)


def test_open_with_permit(market, keys, sender, terms, escrow, owner):
    """A permit replaces the approval: the account has sent one transaction when the session is there."""
    escrow.usdc.mint(keys["evaluator"].address, 50 * USDC, sender=owner)
    newcomer = User(market, keys["evaluator"], sender=sender("evaluator"))
    before = market.node.nonce(newcomer.address)
    assert newcomer.open_with_permit(terms).details().user == newcomer.address
    assert market.node.nonce(newcomer.address) == before + 1


def test_open_by_a_relayer(market, keys, sender, payer, terms):
    """A relayer opens for a user who only signed, and the session is the user's."""
    authorization = payer.authorize(terms)
    job_id = relay_opening(sender("relayer"), market, authorization)
    assert payer.session(job_id).details().user == payer.address


def test_a_relayer_changes_nothing(market, sender, payer, terms):
    """Another host in the same authorization makes it another's: the token refuses."""
    authorization = payer.authorize(terms)
    other = replace(terms, price_per_million=3 * USDC)
    with pytest.raises(ContractReverted):
        relay_opening(sender("relayer"), market, replace(authorization, terms=other))


def test_an_authorization_works_once(market, sender, payer, terms):
    """The second use of an authorization is refused by the token."""
    authorization = payer.authorize(terms)
    relay_opening(sender("relayer"), market, authorization)
    with pytest.raises(ContractReverted):
        relay_opening(sender("relayer"), market, authorization)


def test_open_on_the_marketplaces_defaults(payer, terms):
    """The seed's form copies circuit and rate from the marketplace."""
    details = payer.open_on_defaults(terms).details()
    assert (details.circuit_id, details.max_tokens_per_second) == (METERED, DEFAULT_RATE)


def test_a_voucher_signer_is_named(market, keys, sender, terms):
    """A user with a key of its own for vouchers names it in the sessions that it opens."""
    user = User(market, keys["user"], voucher_signer=keys["voucher_signer"], sender=sender("user"))
    session = user.open(terms)
    session.receive(10)
    assert session.details().voucher_signer == keys["voucher_signer"].address
    voucher = session.voucher()
    assert voucher.voucher.recover(market.domain, voucher.signature) == user.voucher_signer.address


def test_a_refused_opening_says_why(payer, terms, stranger):
    """A host that is not registered is refused by the contract, by name and with its argument, before anything is sent."""
    before = payer.node.nonce(payer.address)
    with pytest.raises(ContractReverted) as caught:
        payer.open(replace(terms, host=stranger.address))
    assert caught.value.name == "JobMarketplace_HostNotActive"
    assert caught.value.arguments["host"].lower() == stranger.address.lower()
    assert caught.value.hint
    assert payer.node.nonce(payer.address) == before


@pytest.mark.parametrize(
    "change",
    [
        {"deposit": 0},
        {"price_per_million": 2**64},
        {"max_duration": 599},
        {"proof_interval": 16_385},
        {"max_tokens_per_second": 0},
        {"deposit": 1_000, "proof_interval": 16_000},
    ],
)
def test_impossible_terms_never_reach_the_chain(payer, terms, change):
    """Terms outside the marketplace's bounds are refused with a sentence."""
    with pytest.raises(TermsInvalid):
        payer.open(replace(terms, **change))


def test_a_top_up_shows_what_it_pays_for(payer, terms, escrow, market):
    """The quote tells that evidence beyond the deposit becomes due by the top-up itself."""
    small = replace(terms, deposit=USDC, price_per_million=100 * USDC, max_tokens_per_second=10_000)
    session = payer.open(small)
    session.receive(15_000)
    voucher = session.voucher()
    escrow.marketplace.redeemVoucher(
        session.job_id, voucher.tokens, voucher.signature, sender=escrow.actors["host"]
    )
    quoted = session.quote_top_up(USDC)
    assert (quoted.covered, quoted.payable_before, quoted.payable_after) == (15_000, 10_000, 15_000)
    assert quoted.paid_at_once == USDC // 2
    assert session.top_up(quoted).deposit == 2 * USDC
    assert session.details().payable == 15_000


def test_extend(payer, terms):
    """A session can be given more time."""
    session = payer.open(terms)
    ends_at = session.details().ends_at
    assert session.extend(HOUR).ends_at == ends_at + HOUR


def test_the_quote_names_the_worst_case(payer, terms, market):
    """A quote says what the deposit buys, the most that is paid unproven, and the longest wait."""
    quoted = payer.quote(terms)
    assert (quoted.tokens, quoted.unproven_tokens, quoted.unproven_cost) == (
        5_000_000,
        1_000,
        2_000,
    )
    windows = market.parameters
    assert quoted.longest_wait == (
        windows.close_window + windows.challenge_window + windows.answer_window
    )
