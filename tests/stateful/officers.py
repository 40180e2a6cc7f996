"""Who holds an office, what such a one might choose, and that nothing of it reaches a session, a job, or money."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.harness.escrow import DAY, INPUT_BOUND, METERED
from tests.stateful.money_rules import contracts
from tests.stateful.opening_rules import FRESH, UNREGISTERED
from tests.stateful.stage import WHO, Rude, Stage, pick, purses, rude
from tests.stateful.world import ZERO

WEEK = 7 * DAY
HARMLESS = {
    "Paused", "Unpaused", "TreasurySet", "TokenSet", "DefaultsSet", "CircuitRevoked", "ModelCircuitSet",
    "OwnershipTransferStarted", "OwnershipTransferred", "CircuitRegistered",
    "WorkerDeactivated", "SignerUpdateProposed", "SignerUpdateCancelled",
    "SignerUpdated", "SignerDisabled", "AdminTransferStarted", "AdminTransferCancelled", "AdminTransferred",
}  # fmt: skip


@dataclass(frozen=True)
class Whim:
    """What an officer might choose."""

    contract: str
    purse: str
    yes: bool
    who: str
    to: str
    circuit: int
    number: int
    seconds: int
    pick: int
    rude: Rude


whims = st.builds(
    Whim,
    contract=contracts,
    purse=purses,
    yes=st.booleans(),
    who=st.sampled_from(["host", "other_host", "worker", "stranger", "wallet"]),
    to=st.sampled_from(["admin", "signer", "stranger", "relayer", "treasury", "refuser"]),
    circuit=st.sampled_from([METERED, INPUT_BOUND, *FRESH, 0, UNREGISTERED]),
    number=st.integers(0, 300),
    seconds=st.sampled_from([DAY, DAY, 0, -1, WEEK, WEEK + 1]),
    pick=pick,
    rude=rude,
)


class Officers(Stage):
    """Nothing here may log anything about a session, a job, or money (invariant 24)."""

    def act(self, face, function, arguments, sender, broken):
        """An officer's call."""
        logs = self.attempt(face, function, arguments, sender, broken)
        assert all(log.name in HARMLESS for log in logs or ())

    def owner(self, contract: str, pick: int, rude: int) -> tuple[str, dict[str, bool]]:
        """A contract's owner of today, or mostly not, and what is broken then."""
        owner = self.books.owners[contract]
        sender = self.anyone(pick) if rude & WHO or owner == ZERO else owner
        return sender, {"OwnableUnauthorizedAccount": sender != owner}
