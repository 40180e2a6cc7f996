"""JobMarketplace: where the money goes, for any numbers."""

from hypothesis import given
from hypothesis import strategies as st

from tests.harness.escrow import DAY, ETHER, MINUTE, USDC, advance
from tests.harness.execution import ask, isolated
from tests.unit.job_marketplace.closings import CLOSINGS

PRICE_UNIT = 10**6
MAX_PRICE = 2**64 - 1
HOST_PURSE, TREASURY = "0x" + "9e" * 20, "0x" + "9f" * 20
LARGEST_DEPOSIT = {"USDC": 10**5 * USDC, "ETH": 10**19}
SMALLEST_DEPOSIT = {"USDC": USDC // 10, "ETH": 5 * 10**13}
INTERVAL = 1_000
MAX_TOKENS = 2**64 - 1

tokens = st.one_of(st.integers(1, 3 * INTERVAL), st.integers(1, MAX_TOKENS))
positions = st.lists(tokens, min_size=1, max_size=3, unique=True).map(sorted)


@st.composite
def money(draw):
    """A token, a deposit in it, and a price at which the deposit buys at least one token."""
    token = draw(st.sampled_from(["USDC", "ETH"]))
    deposit = draw(st.integers(SMALLEST_DEPOSIT[token], LARGEST_DEPOSIT[token]))
    # Mostly prices at which the deposit lasts for the tokens that the tests spend, and rounding shows.
    price = draw(
        st.one_of(
            st.integers(1, min(MAX_PRICE, deposit * PRICE_UNIT)),
            st.integers(1, min(MAX_PRICE, deposit * PRICE_UNIT // INTERVAL)),
            st.integers(1, 10 * PRICE_UNIT),
        )
    )
    return token, deposit, price


def show(session, how, tokens, contested):
    """Brings one piece of evidence; a contested claim is answered by a voucher."""
    signer = session.escrow.actors["voucher_signer"]
    details = session.details
    if how == "prove":
        session.prove(tokens)
    elif how == "redeem":
        session.redeem(details.ackedTokens + tokens, signer=signer)
    else:
        session.claim(details.coveredTokens + 1)
        if contested:
            session.contest()
            session.redeem(details.coveredTokens + 1, signer=signer)
        else:
            session.pass_challenge_window()
            session.redeem(details.ackedTokens + 1, signer=signer)


@given(
    terms=money(),
    evidence=st.lists(
        st.tuples(
            st.sampled_from(["prove", "redeem", "claim"]), st.integers(1, INTERVAL), st.booleans()
        ),
        max_size=2,
    ),
    closing=st.sampled_from(CLOSINGS),
)
def test_conservation(
    escrow, marketplace, owner, user, host, voucher_signer, terms, evidence, closing
):
    """It should leave nothing over: host, treasury and refund make up the deposit."""
    kind, deposit, price = terms
    token = ETHER if kind == "ETH" else escrow.usdc
    with isolated():
        marketplace.setTreasury(TREASURY, sender=owner)
        session = escrow.open(
            token=token,
            deposit=deposit,
            pricePerToken=price,
            proofInterval=1,
            maxDuration=10 * DAY,
            voucherSigner=voucher_signer,
        )
        advance(MINUTE)
        for piece in evidence:
            show(session, *piece)
        closing(session)
        # Bonds are credits; what else is there belongs to host and treasury.
        bonds = escrow.credits(user, token)
        refund = deposit - (escrow.balance(marketplace, token) - bonds)
        if escrow.earned(host, token):
            escrow.withdraw(host, token, to=HOST_PURSE)
        if ask(marketplace.feesOwed, token):
            marketplace.withdrawFees(token, sender=host)
        parts = [escrow.balance(purse, token) for purse in (HOST_PURSE, TREASURY)]
        assert sum(parts) + refund == deposit
        assert escrow.balance(marketplace, token) == bonds
        assert 0 <= refund <= deposit


@given(terms=money(), vouchers=positions)
def test_many_checkpoints(escrow, host, other_host, terms, vouchers):
    """It should pay what a single checkpoint would have paid: the tokens' worth, rounded down."""
    kind, deposit, price = terms
    token = ETHER if kind == "ETH" else escrow.usdc
    with isolated():
        money = {"token": token, "deposit": deposit, "pricePerToken": price, "proofInterval": 1}
        often = escrow.open(host=host, **money)
        once = escrow.open(host=other_host, **money)
        for tokens in vouchers:
            often.redeem(tokens)  # settles by itself
        once.redeem(vouchers[-1])
        earned = escrow.earned(host, token)
        assert earned == escrow.earned(other_host, token)
        settled = often.details.settledTokens
        assert earned * PRICE_UNIT <= settled * price < (earned + 1) * PRICE_UNIT
        # Less was paid for than acknowledged only if the deposit does not buy one token more.
        assert settled == vouchers[-1] or deposit * PRICE_UNIT < (settled + 1) * price
