"""Whatever good terms: the escrow holds the deposit, and says and stores the terms, neither more nor less."""

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.harness.actors import give_ether
from tests.harness.authorizations import authorized
from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import (
    DAY,
    ETHER,
    INPUT_BOUND,
    MAX_TOKENS,
    METERED,
    PRICE_UNIT,
    SINGLE_PROMPT,
    ZERO,
)
from tests.harness.events import emitted, event
from tests.harness.execution import isolated
from tests.unit.job_marketplace.openings import (
    MAX_DEPOSIT,
    MAX_DURATION,
    MAX_INTERVAL,
    MAX_PRICE,
    MAX_RATE,
    MAX_VOUCHER_CAP,
    MIN_DURATION,
    details_of,
    fresh_details,
    opening_events,
    payment,
)

FIELD_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
DEFAULT_RATES = st.integers(1, MAX_RATE)
CIRCUITS = st.sampled_from([0, METERED, INPUT_BOUND])
DURATIONS = st.integers(MIN_DURATION, MAX_DURATION)
# Who may be named beside user and host, by the role's fixture; the account itself comes later.
OUTSIDERS = st.sampled_from([None, "voucher_signer", "watcher", "arbiter", "stranger", "treasury"])


@st.composite
def good_terms(draw, tokens=("USDC", "ETH")):
    """Terms that an opening must accept; tokens and accounts by their names."""
    token = draw(st.sampled_from(tokens))
    price, interval = draw(st.integers(1, MAX_PRICE)), draw(st.integers(1, MAX_INTERVAL))
    minimum = MINIMUM_ETHER if token == "ETH" else MINIMUM_USDC
    enough = max(minimum, -(-price * interval // PRICE_UNIT))
    arbiter, signer, watcher = draw(OUTSIDERS), draw(OUTSIDERS), draw(OUTSIDERS)
    assume(arbiter is None or arbiter not in (signer, watcher))
    return {
        "token": token,
        "host": draw(st.sampled_from(["host", "other_host"])),
        "deposit": draw(st.integers(enough, MAX_DEPOSIT)),
        "pricePerToken": price,
        "maxDuration": draw(DURATIONS),
        "proofInterval": interval,
        "maxTokensPerSecond": draw(st.integers(1, MAX_RATE)),
        "circuitId": draw(CIRCUITS),
        "voucherSigner": signer,
        "voucherCap": draw(st.integers(0, MAX_VOUCHER_CAP)),
        "watcher": watcher,
        "arbiter": arbiter,
    }


def _terms(escrow, drawn):
    """The drawn terms with accounts for names."""
    roles = ("host", "voucherSigner", "watcher", "arbiter")
    named = {role: escrow.actors[drawn[role]] if drawn[role] else ZERO for role in roles}
    token = ETHER if drawn["token"] == "ETH" else escrow.usdc
    return escrow.terms(**(drawn | named | {"token": token}))


def _enrich(escrow, account):
    """The account can pay any deposit in either token."""
    give_ether(account, 2 * MAX_DEPOSIT)
    escrow.usdc.mint(account, MAX_DEPOSIT, sender=escrow.actors["owner"])


def _paid(escrow, user, terms):
    """The token's event of the deposit; ETH has none."""
    if terms.token == ETHER:
        return []
    return [payment(escrow.usdc, user, escrow.marketplace, terms.deposit)]


def assert_opened(escrow, user, terms, tx, held, extra=(), **others):
    """The transaction opened a session on exactly these terms, and locked exactly the deposit."""
    job_id = escrow.marketplace.jobCount()
    token = ETHER if terms.token == ETHER else escrow.usdc
    assert escrow.balance(escrow.marketplace, token) - held == terms.deposit
    stored = details_of(escrow, job_id)
    assert stored == fresh_details(user, terms, tx.timestamp, **others)
    assert emitted(tx) == [
        *opening_events(escrow, job_id, user, terms, tx.timestamp),
        *extra,
        *_paid(escrow, user, terms),
    ]


def _held(escrow, terms):
    token = ETHER if terms.token == ETHER else escrow.usdc
    return escrow.balance(escrow.marketplace, token)


@given(drawn=good_terms())
def test_any_terms(escrow, marketplace, user, drawn):
    """It should lock exactly the deposit, and store and emit exactly the terms."""
    terms = _terms(escrow, drawn)
    with isolated():
        _enrich(escrow, user)
        held = _held(escrow, terms)
        value = terms.deposit if terms.token == ETHER else 0
        tx = marketplace.openSession(terms.encoded(), value=value, sender=user)
        assert_opened(escrow, user, terms, tx, held)


@given(drawn=good_terms(tokens=["USDC"]), salt=st.binary(min_size=32, max_size=32))
def test_any_authorization(escrow, user, drawn, salt):
    """It should do the same for a relayer with the user's authorization."""
    terms = _terms(escrow, drawn)
    with isolated():
        _enrich(escrow, user)
        held = _held(escrow, terms)
        opening = authorized(escrow, user, terms).but(salt=salt)
        tx = opening.relay(opening.signed_by(user))
        assert_opened(escrow, user, terms, tx, held)


@given(
    drawn=good_terms(),
    proven=st.booleans(),
    commitment=st.integers(1, FIELD_ORDER - 1),
    minimum=st.integers(1, MAX_TOKENS),
)
def test_any_prompt(escrow, marketplace, user, drawn, proven, commitment, minimum):
    """It should lock exactly the payment, and store and emit exactly its conditions."""
    commitment, minimum = (commitment, minimum) if proven else (0, 0)
    terms = _terms(escrow, drawn).but(
        pricePerToken=0,
        proofInterval=1,
        maxTokensPerSecond=0,
        circuitId=INPUT_BOUND if proven else 0,
        voucherSigner=ZERO,
        voucherCap=0,
        watcher=ZERO,
    )
    with isolated():
        _enrich(escrow, user)
        held = _held(escrow, terms)
        call = (terms.host, terms.token, terms.deposit, terms.circuitId, commitment, minimum)
        value = terms.deposit if terms.token == ETHER else 0
        tx = marketplace.createPromptJob(
            *call, terms.maxDuration, terms.arbiter, value=value, sender=user
        )
        conditions = {"inputCommitment": commitment, "minTokens": minimum}
        prompt = event(marketplace.PromptTerms, jobId=marketplace.jobCount(), **conditions)
        kind = {"jobType": SINGLE_PROMPT} | conditions
        assert_opened(escrow, user, terms, tx, held, extra=[prompt], **kind)


@given(drawn=good_terms(), default_rate=DEFAULT_RATES, default_circuit=CIRCUITS)
def test_any_short_form(escrow, marketplace, owner, user, drawn, default_rate, default_circuit):
    """It should leave what the long form leaves, on the owner's defaults."""
    terms = _terms(escrow, drawn).but(
        maxTokensPerSecond=default_rate,
        circuitId=default_circuit,
        voucherSigner=ZERO,
        voucherCap=0,
        watcher=ZERO,
        arbiter=ZERO,
    )
    with isolated():
        _enrich(escrow, user)
        held = _held(escrow, terms)
        marketplace.setDefaults(default_circuit, default_rate, sender=owner)
        form = (terms.deposit, terms.pricePerToken, terms.maxDuration, terms.proofInterval)
        if terms.token == ETHER:
            tx = marketplace.createSessionJob(terms.host, *form, value=terms.deposit, sender=user)
        else:
            tx = marketplace.createSessionJobWithToken(terms.host, terms.token, *form, sender=user)
        assert_opened(escrow, user, terms, tx, held)


@given(
    drawn=good_terms(tokens=["USDC"]),
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("top up"), st.integers(1, 10**20)),
            st.tuples(st.just("extend"), st.integers(1, 10 * DAY)),
        ),
        max_size=6,
    ),
)
def test_any_growth(escrow, marketplace, usdc, user, drawn, steps):
    """It should add up any top-ups, and end when the last extension says."""
    terms = _terms(escrow, drawn)
    added = sum(amount for step, amount in steps if step == "top up")
    assume(terms.deposit + added <= MAX_DEPOSIT)
    with isolated():
        _enrich(escrow, user)
        held = usdc.balanceOf(marketplace)
        opened = marketplace.openSession(terms.encoded(), sender=user)
        job_id, ends_at = marketplace.jobCount(), opened.timestamp + terms.maxDuration
        for step, amount in steps:
            if step == "top up":
                marketplace.topUp(job_id, amount, sender=user)
            else:
                ends_at += amount
                marketplace.extend(job_id, ends_at, sender=user)
        grown = terms.but(deposit=terms.deposit + added, maxDuration=ends_at - opened.timestamp)
        assert details_of(escrow, job_id) == fresh_details(user, grown, opened.timestamp)
        assert usdc.balanceOf(marketplace) - held == grown.deposit
