"""What owners, admin, signer and workers do about registry, circuits and settings; and that it reaches nobody's money."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.harness.deployment import MINIMUM_USDC
from tests.harness.escrow import DAY, INPUT_BOUND, METERED, USDC
from tests.stateful.money_rules import ERROR, contracts
from tests.stateful.stage import Stage, pick, purses, rude
from tests.stateful.world import ZERO

REGISTRATION = "RegisterWorker(address worker,bytes32 ipfsHash,uint256 hourlyRate,uint256 nonce,uint256 deadline)"
PROFILE = b"\xc1" * 32
HARMLESS = {
    "Paused", "Unpaused", "TreasurySet", "TokenSet", "DefaultsSet", "CircuitRevoked", "ModelCircuitSet",
    "OwnershipTransferStarted", "WorkerDeactivated", "SignerUpdateProposed", "SignerUpdateCancelled",
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
    days: int
    pick: int
    rude: bool


whims = st.builds(
    Whim,
    contract=contracts,
    purse=purses,
    yes=st.booleans(),
    who=st.sampled_from(["host", "other_host", "worker", "stranger", "wallet"]),
    to=st.sampled_from(["admin", "signer", "stranger", "relayer", "treasury", "refuser"]),
    circuit=st.sampled_from([METERED, INPUT_BOUND, 0, 99]),
    number=st.integers(0, 300),
    days=st.sampled_from([1, 7, 8]),
    pick=pick,
    rude=rude,
)
ACTS = (
    "pause", "pause_again", "set_token", "set_treasury", "set_defaults", "revoke_circuit", "take_ownership",
    "register", "register", "update_or_leave", "deactivate", "propose_signer", "propose_admin", "cancel_proposal",
    "accept_role", "accept_role", "disable_signer",
)  # fmt: skip


class OfficerRules(Stage):
    """Nothing here may log anything about a session, a job, or money (invariant 24)."""

    def act(self, face, function, arguments, sender, broken):
        """An officer's call."""
        logs = self.attempt(face, function, arguments, sender, broken)
        assert all(log.name in HARMLESS for log in logs or ())

    def owner(self, pick: int, rude: bool) -> tuple[str, dict[str, bool]]:
        """The owner, or mostly not, and what is broken then."""
        sender = self.anyone(pick) if rude else self.address("owner")
        return sender, {"OwnableUnauthorizedAccount": sender != self.address("owner")}

    @rule(what=st.sampled_from(ACTS), whim=whims)
    def officers_act(self, what, whim):
        getattr(self, what)(whim)

    # -------------------------------------------------------------------------------- owners

    def pause(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude)
        paused = self.books.settings[w.contract].paused
        self.act(w.contract, "unpause" if paused else "pause", (), sender, broken)

    def pause_again(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude)
        paused = self.books.settings[w.contract].paused
        broken |= {"EnforcedPause": paused, "ExpectedPause": not paused}
        self.act(w.contract, "pause" if paused else "unpause", (), sender, broken)

    def set_token(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude)
        arguments = (self.tokens[w.purse], w.yes or w.pick % 2 == 0, MINIMUM_USDC)
        self.act(w.contract, "setToken", arguments, sender, broken)

    def set_treasury(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude)
        treasury = self.address(w.to) if w.number else ZERO
        broken[f"{ERROR[w.contract]}_TreasuryInvalid"] = treasury == ZERO
        self.act(w.contract, "setTreasury", (treasury,), sender, broken)

    def set_defaults(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude)
        broken |= {
            "JobMarketplace_CircuitUnknown": w.circuit == 99,
            "JobMarketplace_CircuitRevoked": w.circuit in self.books.revoked_circuits,
            "JobMarketplace_RateOutOfRange": w.number == 0,
        }
        self.act("market", "setDefaults", (w.circuit, w.number), sender, broken)

    def revoke_circuit(self, w: Whim) -> None:
        sender, broken = self.owner(w.pick, w.rude or w.number % 4 != 3)
        broken["ProofSystem_CircuitRevoked"] = w.circuit in self.books.revoked_circuits
        broken["ProofSystem_UnknownCircuit"] = w.circuit in (0, 99)
        self.act("circuits", "revokeCircuit", (w.circuit,), sender, broken)

    def take_ownership(self, w: Whim) -> None:
        """Nobody but the owner hands a contract over, and nobody but the successor takes it."""
        sender = self.anyone(w.pick)
        broken = {"OwnableUnauthorizedAccount": sender != self.address("owner")}
        contract = "circuits" if w.yes else w.contract
        self.act(contract, "transferOwnership", (ZERO,), sender, broken)
        self.act(contract, "acceptOwnership", (), sender, {"OwnableUnauthorizedAccount": True})

    # ------------------------------------------------------------------------------- workers

    def register(self, w: Whim) -> None:
        worker, keys = self.address(w.who), self.world.keys.values()
        nonce = self.books.workers[worker].nonce if worker in self.books.workers else 0
        deadline = self.now + w.days * DAY
        values = (worker, PROFILE, 25 * USDC, nonce, deadline)
        digest = self.domains["registry"].digest(REGISTRATION, *values)
        signers = {key.address: key for key in keys if key.secret}
        signer = signers.get(self.books.signer, self.key("stranger"))
        signer = self.key("host") if w.rude else signer
        broken = {
            "WorkerRegistry_AlreadyActive": self.books.is_active(worker),
            "WorkerRegistry_DeadlineTooFar": w.days > 7,
            "WorkerRegistry_SignerIsDisabled": self.books.signer == ZERO,
            "WorkerRegistry_InvalidSignature": signer.address != self.books.signer,
        }
        arguments = (PROFILE, 25 * USDC, deadline, signer.sign(digest))
        self.attempt("registry", "registerProfile", arguments, worker, broken)

    def update_or_leave(self, w: Whim) -> None:
        worker = self.address(w.who)
        broken = {"WorkerRegistry_NotActive": not self.books.is_active(worker)}
        function, arguments = ("deregister", ()) if w.yes else ("updateProfile", (PROFILE, 7))
        self.attempt("registry", function, arguments, worker, broken)

    # --------------------------------------------------------------------------------- admin

    def admin(self, pick: int, rude: bool) -> tuple[str, dict[str, bool]]:
        """The registry's admin, or mostly not, and what is broken then."""
        sender = self.anyone(pick) if rude else self.books.admin
        return sender, {"WorkerRegistry_NotAdmin": sender != self.books.admin}

    def deactivate(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude)
        self.act("registry", "deactivate", (self.address(w.who),), sender, broken)

    def propose_signer(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude)
        proposed = self.address(w.to)
        broken["WorkerRegistry_AdminIsSigner"] = proposed == self.books.admin
        self.act("registry", "proposeSignerUpdate", (proposed,), sender, broken)

    def propose_admin(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude)
        proposed = self.address(w.to)
        broken["WorkerRegistry_AdminIsSigner"] = proposed == self.books.signer
        self.act("registry", "transferAdmin", (proposed,), sender, broken)

    def cancel_proposal(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude)
        pending = self.books.pending_signer if w.yes else self.books.pending_admin
        function = "cancelSignerUpdate" if w.yes else "cancelAdminTransfer"
        broken["WorkerRegistry_NothingPending"] = pending == ZERO
        self.act("registry", function, (), sender, broken)

    def accept_role(self, w: Whim) -> None:
        books = self.books
        if w.yes:
            pending, other, function = books.pending_signer, books.admin, "acceptSignerRole"
            error = "WorkerRegistry_NotPendingSigner"
        else:
            pending, other, function = books.pending_admin, books.signer, "acceptAdmin"
            error = "WorkerRegistry_NotPendingAdmin"
        sender = self.anyone(w.pick) if w.rude or pending == ZERO else pending
        broken = {error: sender != pending, "WorkerRegistry_AdminIsSigner": sender == other}
        self.act("registry", function, (), sender, broken)

    def disable_signer(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude or w.number % 4 != 3)
        self.act("registry", "disableSigner", (), sender, broken)
