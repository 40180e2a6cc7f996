"""What the machine's rules stand on: the world, the books, who is who, and how a call is tried."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.harness.execution import Reverted
from tests.stateful.books import Books
from tests.stateful.world import ZERO, Domain, Key, Log, World

T = TypeVar("T")

pick = st.integers(0, 255)
rude = st.sampled_from([False] * 6 + [True])
"""Whether a rule takes anybody and anything instead of what fits: mostly a call that must be refused."""
purses = st.sampled_from(["ether", "usdc", "deny"])


class Stage(RuleBasedStateMachine):
    """Needs a `world` and the `books` of its beginning, which `tests.stateful.test_machine` gives it."""

    world: World
    opening_books: Callable[[], Books]
    tokens: dict[str, str]
    domains: dict[str, Domain]
    tally: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.snapshot = self.world.node.tell("evm_snapshot")
        self.began = self.world.now
        self.books = self.opening_books()
        self.denied: set[str] = set()
        self.borrowed: set[str] = set()
        self.vouchers: list[tuple[int, int, bytes]] = []
        self.intents: list[tuple[str, tuple[Any, ...]]] = []
        self.proofs: list[tuple[int, int, int, bytes]] = []
        self.seen: Any = None
        self.given: Counter[tuple[str, str]] = Counter()

    def teardown(self) -> None:
        """Plays the end, and takes everything back."""
        try:
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

    def one(self, items: Iterable[T], pick: int, fits: Callable[[T], bool], rude: bool) -> T | None:
        """One of the items that fit, or of all if none does or if it is to be rude."""
        every = list(items)
        fitting = [] if rude else [item for item in every if fits(item)]
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
            assert refusal in errors, f"{function}: {refusal}, expected one of {sorted(errors)}"
            self.tally[f"{function} refused"] += 1
            return None
        try:
            logs = self.world.send(request)
        except Reverted as revert:
            raise AssertionError(f"{function}: {self.world.refusal(request)}") from revert
        self.books.read(logs, self.now)
        self.world.now += 1
        self.touched()
        self.tally[function] += 1
        return logs

    def make_ready(self, contract: str, purse: str, rude: bool) -> None:
        """What keeps people from beginning anything is mostly put right, so that histories are about more than that."""
        if rude:
            return
        settings, token, owner = (
            self.books.settings[contract],
            self.tokens[purse],
            self.address("owner"),
        )
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
