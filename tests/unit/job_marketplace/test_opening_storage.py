"""Which words an opening writes, and what is in them: as contracts/types/SessionWords.sol says."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import (
    COMMITMENT,
    DEFAULT_RATE,
    ETHER,
    HOUR,
    INPUT_BOUND,
    METERED,
    USDC,
)
from tests.harness.execution import storage_word, written_words
from tests.unit.job_marketplace.openings import (
    MAX_DEPOSIT,
    MAX_DURATION,
    MAX_INTERVAL,
    MAX_PRICE,
    MAX_RATE,
    MAX_VOUCHER_CAP,
)

# Slots of the marketplace; 0 and 1 belong to OpenZeppelin's EIP712, which no longer uses them.
OWNER, PENDING_OWNER, SHARED, SESSIONS, TREASURY, TOKEN_TERMS, TOKEN_BY_ID = range(2, 9)
# The shared slot: ETH's minimum 128 | ETH allowed 8 | paused 8 | job count 40 | default circuit 32 | default rate 16.
ALLOWED_AT, PAUSED_AT, JOB_COUNT_AT, CIRCUIT_AT, RATE_AT = 128, 136, 144, 184, 216

# Words of a session.
HEAD, RULES, STAKE, EVIDENCE, CLAIM, DISPUTE, SIGNER, WATCHER, ARBITER, INPUT, DIGEST, PROOFS = (
    range(12)
)
FLAG_PROMPT, FLAG_SIGNER, FLAG_WATCHER, FLAG_ARBITER = 1, 1 << 5, 1 << 6, 1 << 7

USDC_ID = 1
CAP = 123_456
MIN_TOKENS = 10
UNPROVEN = {"circuitId": 0, "inputCommitment": 0, "minTokens": 0}


def _number(account):
    return int(getattr(account, "address", account), 16)


def _slot_of(key_type, key, slot):
    return int.from_bytes(keccak(encode([key_type, "uint256"], [key, slot])), "big")


def session_slot(job_id, word=HEAD):
    """Where a word of a session stands."""
    return _slot_of("uint256", job_id, SESSIONS) + word


def head_of(user, token_id=USDC_ID, flags=0):
    """User 160 | settled 64 | token id 16 | status 8 | flags 8."""
    return _number(user) | token_id << 224 | flags << 248


def rules_of(terms, opened_at):
    """Host 160 | endsAt 40 | interval 16 | unused 8 | circuit 32."""
    ends_at = opened_at + terms.maxDuration
    meter = terms.proofInterval << 200 | terms.circuitId << 224
    return _number(terms.host) | ends_at << 160 | meter


def stake_of(terms, opened_at):
    """Price 64 | deposit 96 | openedAt 40 | closingAt 40 | rate 16."""
    money = terms.pricePerToken | terms.deposit << 64
    return money | opened_at << 160 | terms.maxTokensPerSecond << 240


def words_of(marketplace, tx):
    """The words of the latest session that a transaction wrote, and the other slots by themselves."""
    base = session_slot(marketplace.jobCount())
    written = written_words(tx, marketplace)
    session = {slot - base: word for slot, word in written.items() if base <= slot <= base + PROOFS}
    return session, set(written) - {base + word for word in session}


def open_and_read(escrow, user, terms):
    """Opens; returns the words that were written and the time of it."""
    value = terms.deposit if terms.token == ETHER else 0
    tx = escrow.marketplace.openSession(terms.encoded(), value=value, sender=user)
    words, elsewhere = words_of(escrow.marketplace, tx)
    assert elsewhere == {SHARED}
    return words, tx.timestamp


def plain_words(user, terms, opened_at, token_id=USDC_ID, flags=0):
    """What every opening writes."""
    return {
        HEAD: head_of(user, token_id, flags),
        RULES: rules_of(terms, opened_at),
        STAKE: stake_of(terms, opened_at),
    }


def test_plain(escrow, marketplace, user):
    """It should write three words and the job count, and nothing else."""
    terms = escrow.terms()
    before = storage_word(marketplace, SHARED)
    words, opened_at = open_and_read(escrow, user, terms)
    assert words == plain_words(user, terms, opened_at)
    assert storage_word(marketplace, SHARED) == before + (1 << JOB_COUNT_AT)


def test_zeros(escrow, marketplace):
    """It should leave every other word of the session zero."""
    session = escrow.open()
    rest = range(EVIDENCE, PROOFS + 1)
    words = [storage_word(marketplace, session_slot(session.id, word)) for word in rest]
    assert words == [0] * len(rest)


def test_ether(escrow, user):
    """It should name the token by the id zero."""
    terms = escrow.terms(token=ETHER, deposit=10**16, pricePerToken=10**15)
    words, opened_at = open_and_read(escrow, user, terms)
    assert words == plain_words(user, terms, opened_at, token_id=0)


def test_largest(escrow, usdc, owner, user, voucher_signer):
    """It should keep each within its own bits."""
    usdc.mint(user, MAX_DEPOSIT, sender=owner)
    terms = escrow.terms(
        deposit=MAX_DEPOSIT,
        pricePerToken=MAX_PRICE,
        maxDuration=MAX_DURATION,
        proofInterval=MAX_INTERVAL,
        maxTokensPerSecond=MAX_RATE,
        voucherSigner=voucher_signer,
        voucherCap=MAX_VOUCHER_CAP,
    )
    words, opened_at = open_and_read(escrow, user, terms)
    assert words == plain_words(user, terms, opened_at, flags=FLAG_SIGNER) | {
        SIGNER: _number(voucher_signer) | MAX_VOUCHER_CAP << 160
    }


def test_signer(escrow, user, voucher_signer):
    """It should write one word more for the voucher signer and its cap."""
    for cap in (0, CAP):
        terms = escrow.terms(voucherSigner=voucher_signer, voucherCap=cap)
        words, opened_at = open_and_read(escrow, user, terms)
        assert words == plain_words(user, terms, opened_at, flags=FLAG_SIGNER) | {
            SIGNER: _number(voucher_signer) | cap << 160
        }


def test_watcher(escrow, user, watcher):
    """It should write one word more for the watcher."""
    terms = escrow.terms(watcher=watcher)
    words, opened_at = open_and_read(escrow, user, terms)
    expected = plain_words(user, terms, opened_at, flags=FLAG_WATCHER)
    assert words == expected | {WATCHER: _number(watcher)}


def test_arbiter(escrow, user, arbiter):
    """It should write one word more for the arbiter."""
    terms = escrow.terms(arbiter=arbiter)
    words, opened_at = open_and_read(escrow, user, terms)
    expected = plain_words(user, terms, opened_at, flags=FLAG_ARBITER)
    assert words == expected | {ARBITER: _number(arbiter)}


def test_all_roles(escrow, user, voucher_signer, watcher, arbiter):
    """It should write three words more for all of them."""
    terms = escrow.terms(voucherSigner=voucher_signer, watcher=watcher, arbiter=arbiter)
    words, opened_at = open_and_read(escrow, user, terms)
    flags = FLAG_SIGNER | FLAG_WATCHER | FLAG_ARBITER
    assert words == plain_words(user, terms, opened_at, flags=flags) | {
        SIGNER: _number(voucher_signer),
        WATCHER: _number(watcher),
        ARBITER: _number(arbiter),
    }


def test_cap(escrow, user):
    """It should write the user beside the cap."""
    terms = escrow.terms(voucherCap=CAP)
    words, opened_at = open_and_read(escrow, user, terms)
    expected = plain_words(user, terms, opened_at, flags=FLAG_SIGNER)
    assert words == expected | {SIGNER: _number(user) | CAP << 160}


def test_default_by_name(escrow, user):
    """It should write nothing for what is the default."""
    terms = escrow.terms(voucherSigner=user)
    words, opened_at = open_and_read(escrow, user, terms)
    assert words == plain_words(user, terms, opened_at)


def prompt_and_read(escrow, user, terms, commitment=COMMITMENT, minimum=MIN_TOKENS):
    """Opens a prompt job; returns the words that were written and the time of it."""
    tx = escrow.marketplace.createPromptJob(
        terms.host,
        terms.token,
        terms.deposit,
        terms.circuitId,
        commitment,
        minimum,
        terms.maxDuration,
        terms.arbiter,
        sender=user,
    )
    words, elsewhere = words_of(escrow.marketplace, tx)
    assert elsewhere == {SHARED}
    return words, tx.timestamp


@pytest.fixture
def prompt_terms(escrow):
    """A prompt job's terms, as far as a session has them too."""
    return escrow.terms(
        pricePerToken=0, proofInterval=1, maxTokensPerSecond=0, circuitId=INPUT_BOUND
    )


def test_prompt(escrow, user, prompt_terms):
    """It should write the conditions in two words more."""
    words, opened_at = prompt_and_read(escrow, user, prompt_terms)
    assert words == plain_words(user, prompt_terms, opened_at, flags=FLAG_PROMPT) | {
        ARBITER: MIN_TOKENS << 160,
        INPUT: COMMITMENT,
    }


def test_prompt_with_arbiter(escrow, user, arbiter, prompt_terms):
    """It should write the arbiter beside the least number of tokens."""
    terms = prompt_terms.but(arbiter=arbiter)
    words, opened_at = prompt_and_read(escrow, user, terms)
    assert words == plain_words(user, terms, opened_at, flags=FLAG_PROMPT | FLAG_ARBITER) | {
        ARBITER: _number(arbiter) | MIN_TOKENS << 160,
        INPUT: COMMITMENT,
    }


def test_prompt_without_circuit(escrow, user, arbiter, prompt_terms):
    """It should write three words, and a fourth for an arbiter only."""
    terms = prompt_terms.but(circuitId=0)
    words, opened_at = prompt_and_read(escrow, user, terms, commitment=0, minimum=0)
    assert words == plain_words(user, terms, opened_at, flags=FLAG_PROMPT)
    words, opened_at = prompt_and_read(
        escrow, user, terms.but(arbiter=arbiter), commitment=0, minimum=0
    )
    expected = plain_words(user, terms, opened_at, flags=FLAG_PROMPT | FLAG_ARBITER)
    assert words == expected | {ARBITER: _number(arbiter)}


def test_top_up(escrow, marketplace, user):
    """It should write the word of the money only."""
    session = escrow.open()
    opened_at = session.details.sessionStartTime
    tx = marketplace.topUp(session.id, USDC, sender=user)
    grown = session.terms.but(deposit=session.terms.deposit + USDC)
    larger = stake_of(grown, opened_at)
    assert written_words(tx, marketplace) == {session_slot(session.id, STAKE): larger}


def test_extend(escrow, marketplace, user):
    """It should write the word of host and end only."""
    session = escrow.open(maxDuration=HOUR)
    opened_at = session.details.sessionStartTime
    tx = marketplace.extend(session.id, opened_at + 2 * HOUR, sender=user)
    longer = rules_of(session.terms.but(maxDuration=2 * HOUR), opened_at)
    assert written_words(tx, marketplace) == {session_slot(session.id, RULES): longer}


def test_second_session(escrow, marketplace, user):
    """It should write as much as the first, and nothing of the first."""
    first = escrow.open()
    terms = escrow.terms()
    tx = marketplace.openSession(terms.encoded(), sender=user)
    count = storage_word(marketplace, SHARED)
    assert written_words(tx, marketplace) == {SHARED: count} | {
        session_slot(first.id + 1, word): value
        for word, value in plain_words(user, terms, tx.timestamp).items()
    }


def test_new_token(marketplace, project, owner):
    """It should write a new token's terms, its place in the list and the count."""
    token = owner.deploy(project.SilentToken)
    before = storage_word(marketplace, TREASURY)
    tx = marketplace.setToken(token, True, MINIMUM_USDC, sender=owner)
    new_id = USDC_ID + 1
    assert written_words(tx, marketplace) == {
        # Minimum 96 | id 16 | allowed 8.
        _slot_of("address", token.address, TOKEN_TERMS): MINIMUM_USDC | new_id << 96 | 1 << 112,
        _slot_of("uint256", new_id, TOKEN_BY_ID): _number(token),
        TREASURY: before + 1,
    }


def test_known_token(marketplace, usdc, owner):
    """It should write a known token's terms only."""
    tx = marketplace.setToken(usdc, False, USDC, sender=owner)
    assert written_words(tx, marketplace) == {
        _slot_of("address", usdc.address, TOKEN_TERMS): USDC | USDC_ID << 96
    }


def test_treasury(marketplace, owner, relayer):
    """It should write the treasury beside the count of tokens."""
    tx = marketplace.setTreasury(relayer, sender=owner)
    # Tokens 16 | treasury 160; USDC is the only token.
    assert written_words(tx, marketplace) == {TREASURY: 1 | _number(relayer) << 16}


def _shared(paused=0, count=0, circuit=METERED, rate=0, minimum=MINIMUM_ETHER, allowed=1):
    return (
        minimum
        | allowed << ALLOWED_AT
        | paused << PAUSED_AT
        | count << JOB_COUNT_AT
        | circuit << CIRCUIT_AT
        | rate << RATE_AT
    )


def test_defaults(escrow, marketplace, owner):
    """It should write the defaults beside the job count."""
    count = escrow.open().id
    tx = marketplace.setDefaults(INPUT_BOUND, MAX_RATE, sender=owner)
    expected = _shared(count=count, circuit=INPUT_BOUND, rate=MAX_RATE)
    assert written_words(tx, marketplace) == {SHARED: expected}


def test_pause(escrow, marketplace, owner, operator):
    """It should write the pause beside the job count."""
    count = escrow.open().id
    marketplace.setDefaults(METERED, MAX_RATE, sender=owner)
    marketplace.transferOwnership(operator, sender=owner)
    tx = marketplace.pause(sender=owner)
    expected = _shared(1, count, METERED, MAX_RATE)
    assert written_words(tx, marketplace) == {SHARED: expected}
    assert storage_word(marketplace, OWNER) == _number(owner)
    assert storage_word(marketplace, PENDING_OWNER) == _number(operator)


def test_ether_terms(escrow, marketplace, owner):
    """It should write the terms of ETH beside the job count."""
    count = escrow.open().id
    tx = marketplace.setToken(ETHER, False, MAX_DEPOSIT, sender=owner)
    expected = _shared(0, count, METERED, DEFAULT_RATE, MAX_DEPOSIT, 0)
    assert written_words(tx, marketplace) == {SHARED: expected}
