"""What owners, admin, signer and workers do about registry, circuits and settings; and that it reaches nobody's money."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.harness.deployment import MINIMUM_USDC
from tests.harness.escrow import USDC
from tests.stateful.circuit_rules import CircuitRules
from tests.stateful.money_rules import ERROR
from tests.stateful.officers import WEEK, Whim, whims
from tests.stateful.stage import WHO
from tests.stateful.world import ZERO

REGISTRATION = "RegisterWorker(address worker,bytes32 ipfsHash,uint256 hourlyRate,uint256 nonce,uint256 deadline)"
PROFILE = b"\xc1" * 32
ACTS = (
    "pause", "pause_again", "set_token", "set_treasury", "set_defaults", "revoke_circuit", "register_circuit",
    "register_circuit", "set_model", "hand_over", "take_over", "take_over", "renounce",
    "register", "register", "update_or_leave", "deactivate", "propose_signer", "propose_admin", "cancel_proposal",
    "accept_role", "accept_role", "disable_signer",
)  # fmt: skip


class OfficerRules(CircuitRules):
    """What every office does, by whoever holds it."""

    @rule(what=st.sampled_from(ACTS), whim=whims)
    def officers_act(self, what, whim):
        getattr(self, what)(whim)

    officers_act_on = officers_act

    # -------------------------------------------------------------------------------- owners

    def pause(self, w: Whim) -> None:
        sender, broken = self.owner(w.contract, w.pick, w.rude)
        paused = self.books.settings[w.contract].paused
        self.act(w.contract, "unpause" if paused else "pause", (), sender, broken)

    def pause_again(self, w: Whim) -> None:
        sender, broken = self.owner(w.contract, w.pick, w.rude)
        paused = self.books.settings[w.contract].paused
        broken |= {"EnforcedPause": paused, "ExpectedPause": not paused}
        self.act(w.contract, "pause" if paused else "unpause", (), sender, broken)

    def set_token(self, w: Whim) -> None:
        sender, broken = self.owner(w.contract, w.pick, w.rude)
        arguments = (self.tokens[w.purse], w.yes or w.pick % 2 == 0, MINIMUM_USDC)
        self.act(w.contract, "setToken", arguments, sender, broken)

    def set_treasury(self, w: Whim) -> None:
        sender, broken = self.owner(w.contract, w.pick, w.rude)
        treasury = self.address(w.to) if w.number else ZERO
        broken[f"{ERROR[w.contract]}_TreasuryInvalid"] = treasury == ZERO
        self.act(w.contract, "setTreasury", (treasury,), sender, broken)

    def set_defaults(self, w: Whim) -> None:
        sender, broken = self.owner("market", w.pick, w.rude)
        broken |= {
            "JobMarketplace_CircuitUnknown": w.circuit not in (0, *self.books.circuits),
            "JobMarketplace_CircuitRevoked": self.books.is_revoked(w.circuit),
            "JobMarketplace_RateOutOfRange": w.number == 0,
        }
        self.act("market", "setDefaults", (w.circuit, w.number), sender, broken)

    # ---------------------------------------------------------------------------- ownership

    def owned(self, w: Whim) -> str:
        """One of the three contracts that have an owner."""
        return "circuits" if w.number % 3 == 0 else w.contract

    def hand_over(self, w: Whim) -> None:
        """An owner names its successor, who owns nothing until it accepts."""
        contract = self.owned(w)
        sender, broken = self.owner(contract, w.pick, w.rude)
        successor = self.address(w.to) if w.number != 1 else ZERO
        self.act(contract, "transferOwnership", (successor,), sender, broken)

    def take_over(self, w: Whim) -> None:
        """The successor accepts, or somebody tries."""
        contract = self.owned(w)
        if self.books.pending_owners[contract] == ZERO and w.yes:
            self.hand_over(w)
        pending = self.books.pending_owners[contract]
        sender = self.anyone(w.pick) if w.rude & WHO or pending == ZERO else pending
        broken = {"OwnableUnauthorizedAccount": sender != pending}
        self.act(contract, "acceptOwnership", (), sender, broken)

    def renounce(self, w: Whim) -> None:
        """An owner goes for good, which the circuits' cannot; the contracts go on without."""
        contract = self.owned(w)
        sender, broken = self.owner(contract, w.pick, w.rude | (WHO if w.pick % 4 != 3 else 0))
        if contract == "circuits":
            broken = {"ProofSystem_OwnershipCannotBeRenounced": True}
        self.act(contract, "renounceOwnership", (), sender, broken)

    # ------------------------------------------------------------------------------- workers

    def register(self, w: Whim) -> None:
        worker, consenting = self.address(w.who), self.books.signer
        nonce = self.books.workers[worker].nonce if worker in self.books.workers else 0
        deadline = self.now + w.seconds
        values = (worker, PROFILE, 25 * USDC, nonce, deadline)
        digest = self.domains["registry"].digest(REGISTRATION, *values)
        signer = self.key("host") if w.rude & WHO else self.key_for(self.books.signer)
        broken = {
            "WorkerRegistry_AlreadyActive": self.books.is_active(worker),
            "WorkerRegistry_DeadlinePassed": w.seconds < 0,
            "WorkerRegistry_DeadlineTooFar": w.seconds > WEEK,
            "WorkerRegistry_SignerIsDisabled": consenting == ZERO,
            "WorkerRegistry_InvalidSignature": not self.counts_for(consenting, signer.address),
        }
        arguments = (PROFILE, 25 * USDC, deadline, signer.sign(digest))
        self.attempt("registry", "registerProfile", arguments, worker, broken)

    def update_or_leave(self, w: Whim) -> None:
        worker = self.address(w.who)
        broken = {"WorkerRegistry_NotActive": not self.books.is_active(worker)}
        function, arguments = ("deregister", ()) if w.yes else ("updateProfile", (PROFILE, 7))
        self.attempt("registry", function, arguments, worker, broken)

    # --------------------------------------------------------------------------------- admin

    def admin(self, pick: int, rude: int) -> tuple[str, dict[str, bool]]:
        """The registry's admin, or mostly not, and what is broken then."""
        sender = self.anyone(pick) if rude & WHO else self.books.admin
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
        self.propose_if_none(w)
        pending = self.books.pending_signer if w.yes else self.books.pending_admin
        sender, broken = self.admin(w.pick, w.rude)
        function = "cancelSignerUpdate" if w.yes else "cancelAdminTransfer"
        broken["WorkerRegistry_NothingPending"] = pending == ZERO
        self.act("registry", function, (), sender, broken)

    def accept_role(self, w: Whim) -> None:
        """Whoever was proposed accepts, or somebody tries; it may have got the other role since."""
        self.propose_if_none(w)
        books = self.books
        if w.yes:
            pending, other, function = books.pending_signer, books.admin, "acceptSignerRole"
            error = "WorkerRegistry_NotPendingSigner"
        else:
            pending, other, function = books.pending_admin, books.signer, "acceptAdmin"
            error = "WorkerRegistry_NotPendingAdmin"
        sender = self.anyone(w.pick) if w.rude & WHO or pending == ZERO else pending
        broken = {error: sender != pending, "WorkerRegistry_AdminIsSigner": sender == other}
        self.act("registry", function, (), sender, broken)

    def propose_if_none(self, w: Whim) -> None:
        """So that there is mostly somebody to accept, or to drop."""
        pending = self.books.pending_signer if w.yes else self.books.pending_admin
        if pending == ZERO and w.number % 3:
            (self.propose_signer if w.yes else self.propose_admin)(w)

    def disable_signer(self, w: Whim) -> None:
        sender, broken = self.admin(w.pick, w.rude | (WHO if w.pick % 4 != 3 else 0))
        self.act("registry", "disableSigner", (), sender, broken)
