"""What the machine's rules stand on: the world, the books, who is who, and how a call is tried."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import IntFlag, auto
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.harness.execution import Reverted
from tests.stateful.books import Books
from tests.stateful.job_model import JobModel
from tests.stateful.refusals import carries
from tests.stateful.session_model import SessionModel
from tests.stateful.world import ZERO, Domain, Key, Log, World

T = TypeVar("T")

pick = st.integers(0, 255)


class Rude(IntFlag):
    """What a rule takes instead of what fits, mostly for a call that must be refused; mostly one thing, so that it shows."""

    WHO = auto()
    WHICH = auto()
    WHAT = auto()


WHO, WHICH, WHAT = Rude
rude = st.sampled_from([Rude(0)] * 12 + [WHO, WHO, WHICH, WHAT, WHAT, WHO | WHICH | WHAT])
purses = st.sampled_from(["ether", "usdc", "deny"])


class _AllRules:
    """Every rule may come at any time."""

    def is_enabled(self, name: str) -> bool:
        """Whether a rule may come."""
        return True


class Stage(RuleBasedStateMachine):
    """Needs a `world` and the `books` of its beginning, which `tests.stateful.test_machine` gives it."""

    world: World
    opening_books: Callable[[], Books]
    tokens: dict[str, str]
    domains: dict[str, Domain]
    tally: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        # Hypothesis leaves rules out of each history at random ("swarm testing"), about half of them. Money that is opened,
        # served, contested, judged and paid needs most of them at once. It has no setting for that.
        self._rules_strategy.enabled_rules_strategy = st.just(_AllRules())
        self.snapshot = self.world.node.tell("evm_snapshot")
        self.began = self.world.now
        self.books = self.opening_books()
        self.denied: set[str] = set()
        self.borrowed: set[str] = set()
        """Accounts with a key that carry code which takes no ETH."""
        self.yielding: set[str] = set()
        """Accounts with a key that carry code which takes everything, and any signature for theirs."""
        self.vouchers: list[tuple[int, int, bytes]] = []
        self.intents: list[tuple[str, str, tuple[Any, ...], str]] = []
        """What was carried out by a signature: contract, function, arguments, and the account that signed."""
        self.proofs: list[tuple[int, int, int, bytes]] = []
        self.seen: Any = None
        self.given: Counter[tuple[str, str]] = Counter()

    def teardown(self) -> None:
        """Plays the end, unless the history broke off, and takes everything back."""
        broken = sys.exc_info()[0] is not None
        try:
            if not broken:
                self.end()
        finally:
            self.empty_pool()
            assert self.world.node.tell("evm_revert", self.snapshot)
            self.world.now = self.began

    def end(self) -> None:
        """What must be possible at the end of every history."""

    # ------------------------------------------------------------------------------ choosing

    @property
    def now(self) -> int:
        """The second of the next transaction."""
        return self.world.now

    def key(self, name: str) -> Key:
        """One of the actors."""
        return self.world.keys[name]

    def address(self, name: str) -> str:
        """Of an actor."""
        return self.world.keys[name].address

    def anyone(self, pick: int) -> str:
        """The address of one of all actors."""
        names = sorted(self.world.keys)
        return self.world.keys[names[pick % len(names)]].address

    def one(self, items: Iterable[T], pick: int, fits: Callable[[T], bool], rude: int) -> T | None:
        """One of the items that fit, or of all if none does or if it is to be rude."""
        every = list(items)
        fitting = [] if rude & WHICH else [item for item in every if fits(item)]
        chosen: Sequence[T] = fitting or every
        return chosen[pick % len(chosen)] if chosen else None

    # -------------------------------------------------------------------------------- trying

    def attempt(
        self,
        face: str,
        function: str,
        arguments: tuple[Any, ...],
        sender: str,
        broken: dict[str, bool],
        value: int = 0,
    ) -> list[Log] | None:
        """A call that passes exactly if no requirement is broken (invariant 20).

        Args:
            face: The contract.
            function: Its function.
            arguments: What it is given.
            sender: Who calls.
            broken: For each error whether its requirement is broken.
            value: Wei.

        Returns:
            What the call logged, or nothing if it was refused.
        """
        request = self.world.request(face, function, arguments, sender, value)
        errors = {error for error, is_broken in broken.items() if is_broken}
        if errors:
            refusal = self.world.refusal(request)
            named = refusal and refusal.error
            assert named in errors, f"{function}: {refusal}, expected one of {sorted(errors)}"
            assert refusal is not None
            about = self.about(face, function, arguments)
            assert carries(refusal, about, sender, self.now, function, arguments), refusal
            self.tally[f"{face}.{function} refused"] += 1
            return None
        try:
            logs = self.world.send(request)
        except Reverted as revert:
            raise AssertionError(f"{function}: {self.world.refusal(request)}") from revert
        self.books.read(logs, self.now)
        self.world.now += 1
        self.touched()
        self.tally[f"{face}.{function}"] += 1
        return logs

    def about(
        self, face: str, function: str, arguments: tuple[Any, ...]
    ) -> SessionModel | JobModel | None:
        """The session or job that a call is about."""
        if self.world.faces[face].about[function] != "jobId":
            return None
        known = {"market": self.books.sessions, "jobs": self.books.jobs}[face]
        return known.get(arguments[0])

    def ask(
        self, face: str, function: str, arguments: tuple[Any, ...], broken: dict[str, bool]
    ) -> tuple[Any, ...] | None:
        """What a view returns, which it does exactly if no requirement is broken; else nothing."""
        request = self.world.request(face, function, arguments, self.address("stranger"), 0)
        errors = {error for error, is_broken in broken.items() if is_broken}
        refusal = self.world.refusal(request) if errors else None
        if errors:
            named = refusal and refusal.error
            assert named in errors, f"{function}: {refusal}, expected one of {sorted(errors)}"
            self.tally[f"{face}.{function} refused"] += 1
            return None
        self.tally[f"{face}.{function}"] += 1
        return self.world.faces[face].values(function, self.world.simulate(request))

    def counts_for(self, account: str, signer: str, *, key_first: bool = True) -> bool:
        """Whether what a key signed counts for an account: its own key's word, or its code's (ERC-1271).

        Args:
            account: For whom it should count.
            signer: Whose key signed.
            key_first: Whether an account with code may sign with its key too (EIP-7702), as in our contracts; a token
                may ask only the code.
        """
        if account in self.yielding:
            return True
        if account == self.address("wallet"):
            return signer == self.address("user")
        if account == self.address("refuser") or (not key_first and account in self.borrowed):
            return False
        return account == signer

    def key_for(self, account: str, *, forged: bool = False) -> Key:
        """The key that signs for an account: its own, a wallet's owner's, or a stranger's."""
        keys = {key.address: key for key in self.world.keys.values() if key.secret}
        keys[self.address("wallet")] = self.key("user")
        return self.key("stranger") if forged else keys.get(account, self.key("stranger"))

    def make_ready(self, contract: str, purse: str, rude: int) -> None:
        """What keeps people from beginning anything is mostly put right, so that histories are about more than that."""
        if rude:
            return
        settings, token = self.books.settings[contract], self.tokens[purse]
        owner = self.books.owners[contract]
        if owner == ZERO:
            return
        if settings.paused:
            self.attempt(contract, "unpause", (), owner, {})
        if not settings.tokens[token][0]:
            arguments = (token, True, settings.tokens[token][1])
            self.attempt(contract, "setToken", arguments, owner, {})

    def touched(self) -> None:
        """What was seen of the chain is no longer so."""
        self.seen = None

    def empty_pool(self) -> None:
        """Waits until what was mined has left the pool: see `tests.harness.connection`."""
        for _ in range(1_000):
            if self.world.node.tell("txpool_status")["pending"] == "0x0":
                return

    def cannot_move(self, token: str, *accounts: str) -> bool:
        """Whether a token refuses to move for one of these accounts."""
        return token == self.tokens["deny"] and any(a in self.denied for a in accounts)

    def refuses_ether(self, account: str) -> bool:
        """Whether an account takes no ETH."""
        return account in (self.address("refuser"), *self.borrowed)

    def refusal_of_payment(self, token: str, to: str) -> dict[str, bool]:
        """What keeps a payment from its receiver."""
        return {
            "Payments_EtherTransferFailed": token == ZERO and self.refuses_ether(to),
            "DenylistToken_Denied": self.cannot_move(token, to),
        }
