"""The definitions of docs/SPEC.md, section 3, against the library, exhaustively over small domains.

The specification's own formulas in Python's unbounded integers, and the words of a session packed by hand, share nothing
with the contracts. Every combination is asked, at its own second.
"""

from dataclasses import dataclass
from itertools import product

import pytest
from eth_utils import keccak

from tests.harness.execution import GAS_LIMIT, rpc

OPENED = 2**31  # a second that the chain has not reached
ACTIVE, DISPUTED = 0, 3
PROMPT = 1
PER_CALL = 1_000
ANSWERS = 5


@dataclass(frozen=True)
class Case:
    """A session's fields; times in seconds since OPENED."""

    proven: int = 0
    acked: int = 0
    matured: int = 0
    claimed: int = 0
    claimed_at: int = 0
    disputed: bool = False
    deposit: int = 0
    price: int = 1
    rate: int = 0
    interval: int = 1
    ends_at: int = 1
    closing_at: int | None = None
    prompt: bool = False

    def words(self) -> bytes:
        """Head, rules, stake, evidence and claim, as SessionWords.sol lays them out; what does not matter is full."""
        status = DISPUTED if self.disputed else ACTIVE
        settled = token = 0xABCD
        flags = 0xFF if self.prompt else 0xFF & ~PROMPT
        head = _packed((2**160 - 1, 160), (settled, 64), (token, 16), (status, 8), (flags, 8))
        rules = _packed(
            (2**160 - 1, 160), (OPENED + self.ends_at, 40), (self.interval, 16), (0, 8), (7, 32)
        )
        closing = 0 if self.closing_at is None else OPENED + self.closing_at
        stake = _packed(
            (self.price, 64), (self.deposit, 96), (OPENED, 40), (closing, 40), (self.rate, 16)
        )
        evidence = _packed((self.proven, 64), (self.acked, 64), (2**40 - 1, 40), (2**32 - 1, 32))
        claim = _packed((self.matured, 64), (self.claimed, 64), (OPENED + self.claimed_at, 40))
        return b"".join(word.to_bytes(32) for word in (head, rules, stake, evidence, claim))

    def answers(self, now: int, window: int) -> tuple[int, int, int, int, int]:
        """What the specification says: covered, live, limit, payable, due."""
        standing = max(self.proven, self.acked, self.matured)
        undecided = self.disputed or now <= self.claimed_at + window
        covered = standing if undecided else max(standing, self.claimed)
        live = self.claimed > standing and undecided
        end = self.ends_at if self.closing_at is None else self.closing_at
        elapsed = min(now, end)
        allowed = max(self.acked, self.rate * elapsed) + self.interval
        limit = 1 if self.prompt else min(self.deposit * 10**6 // self.price, allowed)
        payable = min(covered, limit)
        whole = self.deposit if payable else 0
        due = whole if self.prompt else payable * self.price // 10**6
        return covered, int(live), limit, payable, due


def _packed(*fields: tuple[int, int]) -> int:
    """One word, from the lowest bits up; each field with its width."""
    word = shift = 0
    for value, bits in fields:
        assert 0 <= value < 2**bits
        word |= int(value) << shift
        shift += bits
    return word


@pytest.fixture(scope="module")
def harness(project, owner):
    """The library, callable."""
    return owner.deploy(project.SessionsHarness)


def assert_all_agree(harness, cases, now, window):
    """Asks the library about these sessions at that second, and compares every answer."""
    for first in range(0, len(cases), PER_CALL):
        some = cases[first : first + PER_CALL]
        kind = "answers((uint256,uint256,uint256,uint256,uint256)[],uint256)"
        head = [0x40, window, len(some)]
        data = keccak(text=kind)[:4] + b"".join(word.to_bytes(32) for word in head)
        data += b"".join(case.words() for case in some)
        call = {"to": harness.address, "data": "0x" + data.hex(), "gas": hex(GAS_LIMIT)}
        answer = bytes.fromhex(rpc("eth_call", call, "latest", {}, {"time": hex(OPENED + now)})[2:])
        words = [int.from_bytes(answer[i : i + 32]) for i in range(64, len(answer), 32)]
        assert len(words) == ANSWERS * len(some)
        for i, case in enumerate(some):
            said = tuple(words[ANSWERS * i : ANSWERS * (i + 1)])
            assert said == case.answers(now, window), (case, now, window)


def test_evidence_claims_and_windows(harness):
    """It should say of each what the specification says: covered, live, limit, payable, due."""
    some = range(4)
    cases = [
        Case(*fields, deposit=10, price=10**6, rate=1, ends_at=9)
        for fields in product(some, some, some, range(5), range(4), (False, True))
    ]
    for window, now in product(range(3), range(7)):
        assert_all_agree(harness, cases, now, window)


def test_money(harness):
    """It should say of each what the specification says of money."""
    prices = (1, 2, 333_333, 499_999, 500_000, 10**6, 1_500_000, 3 * 10**6)
    cases = [
        Case(
            proven=proven,
            acked=acked,
            deposit=deposit,
            price=price,
            rate=rate,
            interval=interval,
            ends_at=3,
            closing_at=closing_at,
            prompt=prompt,
        )
        for proven, acked, deposit, price, rate, interval, closing_at, prompt in product(
            (0, 4), (0, 1, 3), (0, 1, 2, 5), prices, (0, 2), (1, 2), (None, 0, 2), (False, True)
        )
    ]
    for now in range(5):
        assert_all_agree(harness, cases, now, window=1)


@pytest.mark.parametrize("now", [0, 2, 3])
def test_contested(harness, now):
    """It should call it live, whatever its window."""
    cases = [Case(claimed=claimed, acked=1, claimed_at=1, disputed=True) for claimed in (1, 2)]
    assert [case.answers(now, 1)[1] for case in cases] == [0, 1]
    assert_all_agree(harness, cases, now, window=1)


def test_extremes(harness):
    """It should say of each what unbounded integers say."""
    most = 2**64 - 1
    cases = [
        Case(
            proven=proven,
            acked=acked,
            claimed=claimed,
            deposit=deposit,
            price=price,
            rate=rate,
            interval=interval,
            ends_at=2**39,
            disputed=disputed,
            prompt=prompt,
        )
        for proven, acked, claimed, deposit, price, rate, interval, disputed, prompt in product(
            (0, most),
            (0, most),
            (0, most),
            (0, 1, 2**96 - 1),
            (1, 10**6, most),
            (0, 2**16 - 1),
            (1, 2**16 - 1),
            (False, True),
            (False, True),
        )
    ]
    for now in (0, 1, 2**39 - 1, 2**39 + 1):
        assert_all_agree(harness, cases, now, window=2**32 - 1)
