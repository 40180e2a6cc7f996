"""A bookkeeper of all contracts who sees nothing but events."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.stateful.job_model import JobModel
from tests.stateful.session_model import SessionModel
from tests.stateful.world import ZERO, Log


@dataclass
class Ledger:
    """What one contract owes, in base units: by (account, token), fees by token."""

    earned: Counter[tuple[str, str]] = field(default_factory=Counter)
    credits: Counter[tuple[str, str]] = field(default_factory=Counter)
    fees: Counter[str] = field(default_factory=Counter)

    def owed(self, token: str) -> int:
        """All of it in one token."""
        waiting = [*self.earned.items(), *self.credits.items()]
        return self.fees[token] + sum(amount for (_, of), amount in waiting if of == token)


@dataclass
class Worker:
    """A worker of the registry."""

    active: bool = False
    nonce: int = 0
    profile: tuple[int, int, int] | None = None
    """The hash, the hourly rate and the time of registration; nothing for those that were there before."""


@dataclass
class Circuit:
    """A circuit as it was registered."""

    max_tokens: int
    binds_input: bool
    revoked_at: int = 0


@dataclass
class Settings:
    """What an owner can change."""

    paused: bool = False
    treasury: str = ZERO
    tokens: dict[str, tuple[bool, int]] = field(default_factory=dict)
    defaults: tuple[int, int] = (0, 0)


@dataclass
class Books:
    """Everything that events tell."""

    addresses: dict[str, str]
    """The contracts' names by their addresses."""
    sessions: dict[int, SessionModel] = field(default_factory=dict)
    jobs: dict[int, JobModel] = field(default_factory=dict)
    ledgers: dict[str, Ledger] = field(
        default_factory=lambda: {"market": Ledger(), "jobs": Ledger()}
    )
    settings: dict[str, Settings] = field(
        default_factory=lambda: {"market": Settings(), "jobs": Settings()}
    )
    workers: dict[str, Worker] = field(default_factory=dict)
    signer: str = ZERO
    pending_signer: str = ZERO
    admin: str = ZERO
    pending_admin: str = ZERO
    nonces: Counter[str] = field(default_factory=Counter)
    operators: dict[tuple[str, str], int] = field(default_factory=dict)
    revoked_intents: set[tuple[str, int]] = field(default_factory=set)
    circuits: dict[int, Circuit] = field(default_factory=dict)
    models: dict[int, int] = field(default_factory=dict)
    cached: set[tuple[int, int, int, int]] = field(default_factory=set)
    """Proofs that ProofSystem remembers: circuit, tag, tokens, instances hash."""
    owners: dict[str, str] = field(default_factory=dict)
    pending_owners: dict[str, str] = field(default_factory=dict)
    edges: set[tuple[str, str, int, int]] = field(default_factory=set)
    """Changes of status: of what, by which event, from, to."""
    withdrawn: list[dict[str, Any]] = field(default_factory=list)
    named: set[tuple[str, Any]] = field(default_factory=set)
    """What the transactions since the last look at the contracts spoke of: a rule can make several."""

    def read(self, logs: list[Log], now: int) -> None:
        """Books what a transaction logged."""
        for log in logs:
            contract = self.addresses[log.emitter]
            self.named |= {(contract, value) for value in log.arguments.values()}
            book = getattr(self, f"_{contract}")
            book(log.name, log.arguments, now)

    # -------------------------------------------------------------------------- marketplace

    def _market(self, name: str, log: dict[str, Any], now: int) -> None:
        if name == "SessionCreated":
            session = SessionModel.opened(log, now)
            self.sessions[session.id] = session
        elif name == "VoucherSkipped":
            return
        elif "jobId" in log:
            session = self.sessions[log["jobId"]]
            before, paid = session.status, session.paid
            session.book(name, log, now)
            self.edges.add(("session", name, before, session.status))
            if session.paid != paid:
                key = (session.host, session.token)
                self.ledgers["market"].earned[key] += session.paid - paid
        else:
            self._owners("market", name, log)

    # ------------------------------------------------------------------------------ factory

    def _jobs(self, name: str, log: dict[str, Any], now: int) -> None:
        if name == "JobPosted":
            self.jobs[log["jobId"]] = JobModel.from_posting(log, now)
        elif "jobId" in log:
            job = self.jobs[log["jobId"]]
            before, earned, worker = job.status, job.earned, job.worker
            job.book(name, log, now)
            self.edges.add(("job", name, before, job.status))
            if job.earned != earned:
                assert worker == log["worker"]
                self.ledgers["jobs"].earned[worker, job.token] += job.earned - earned
        elif name == "NonceUsed":
            assert log["nonce"] == self.nonces[log["account"]]
            self.nonces[log["account"]] += 1
        elif name == "OperatorSet":
            self.operators[log["issuer"], log["operator"]] = log["until"]
        elif name == "IntentRevoked":
            self.revoked_intents.add((log["account"], log["digest"]))
        else:
            self._owners("jobs", name, log)

    # ------------------------------------------------------------------ what both have alike

    def _owners(self, contract: str, name: str, log: dict[str, Any]) -> None:
        ledger, settings = self.ledgers[contract], self.settings[contract]
        if name.startswith("Ownership"):
            self._ownership(contract, name, log)
        elif name == "Credited":
            ledger.credits[log["account"], log["token"]] += log["amount"]
        elif name == "Withdrawn":
            key = (log["account"], log["token"])
            assert ledger.earned.pop(key, 0) == log["gross"]
            assert ledger.credits.pop(key, 0) == log["credit"]
            ledger.fees[log["token"]] += log["fee"]
            self.withdrawn.append(log | {"contract": contract})
        elif name == "FeesWithdrawn":
            ledger.fees[log["token"]] -= log["amount"]
        elif name in ("Paused", "Unpaused"):
            settings.paused = name == "Paused"
        elif name == "TreasurySet":
            settings.treasury = log["treasury"]
        elif name == "TokenSet":
            least = log.get("minimumDeposit", log.get("minimumAmount"))
            settings.tokens[log["token"]] = (bool(log["allowed"]), int(least or 0))
        elif name == "DefaultsSet":
            settings.defaults = (log["circuitId"], log["maxTokensPerSecond"])
        else:
            raise AssertionError(f"nobody books {name}")

    def _ownership(self, contract: str, name: str, log: dict[str, Any]) -> None:
        assert log["previousOwner"] == self.owners[contract]
        if name == "OwnershipTransferStarted":
            self.pending_owners[contract] = log["newOwner"]
        else:
            assert name == "OwnershipTransferred", f"nobody books {name}"
            assert log["newOwner"] in (self.pending_owners[contract], ZERO)
            self.owners[contract], self.pending_owners[contract] = log["newOwner"], ZERO

    # ----------------------------------------------------------------- registry and circuits

    def _registry(self, name: str, log: dict[str, Any], now: int) -> None:
        if name.startswith(("Worker", "Profile")):
            self._workers(name, log, now)
        elif name == "SignerUpdateProposed":
            self.pending_signer = log["pendingSigner"]
        elif name == "SignerUpdateCancelled":
            self.pending_signer = ZERO
        elif name == "SignerUpdated":
            self.signer, self.pending_signer = log["newSigner"], ZERO
        elif name == "SignerDisabled":
            self.signer = self.pending_signer = ZERO
        elif name == "AdminTransferStarted":
            self.pending_admin = log["pendingAdmin"]
        elif name == "AdminTransferCancelled":
            self.pending_admin = ZERO
        else:
            assert name == "AdminTransferred", f"nobody books {name}"
            self.admin, self.pending_admin = log["newAdmin"], ZERO

    def _workers(self, name: str, log: dict[str, Any], now: int) -> None:
        worker = self.workers.setdefault(log["worker"], Worker())
        if name == "ProfileUpdated":
            if worker.profile:
                worker.profile = (log["ipfsHash"], log["hourlyRate"], worker.profile[2])
            return
        assert name in ("WorkerRegistered", "WorkerDeregistered", "WorkerDeactivated"), name
        worker.active = name == "WorkerRegistered"
        worker.profile = (log["ipfsHash"], log["hourlyRate"], now) if worker.active else (0, 0, 0)
        if "nextNonce" in log:
            assert log["nextNonce"] > worker.nonce
            worker.nonce = log["nextNonce"]

    def _circuits(self, name: str, log: dict[str, Any], now: int) -> None:
        if name == "CircuitRegistered":
            assert log["circuitId"] not in self.circuits
            binds = bool(log["bindsInput"])
            self.circuits[log["circuitId"]] = Circuit(log["maxTokens"], binds)
        elif name == "CircuitRevoked":
            self.circuits[log["circuitId"]].revoked_at = now
        elif name == "ModelCircuitSet":
            assert self.models.get(log["modelId"], 0) == log["previousCircuitId"]
            self.models[log["modelId"]] = log["circuitId"]
        elif name == "ProofCached":
            self.cached.add((log["circuitId"], log["tag"], log["tokens"], log["instancesHash"]))
        else:
            self._ownership("circuits", name, log)

    def is_revoked(self, circuit: int) -> bool:
        """Whether a circuit was there and counts no more."""
        return circuit in self.circuits and self.circuits[circuit].revoked_at != 0

    def is_usable(self, circuit: int) -> bool:
        """Whether a circuit counts."""
        return circuit in self.circuits and self.circuits[circuit].revoked_at == 0

    def _tokens(self, name: str, log: dict[str, Any], now: int) -> None:
        """Tokens are asked for balances, not believed."""

    # ----------------------------------------------------------------------------- questions

    def owed(self, contract: str, token: str) -> int:
        """What a contract owes in a token: deposits or jobs, ledgers, bonds."""
        held: list[SessionModel] | list[JobModel]
        held = list(self.sessions.values()) if contract == "market" else list(self.jobs.values())
        owed = self.ledgers[contract].owed(token) + sum(x.held for x in held if x.token == token)
        return owed + (sum(x.bond for x in held) if token == ZERO else 0)

    def is_active(self, worker: str) -> bool:
        """Whether the registry knows it as an active worker."""
        return worker in self.workers and self.workers[worker].active

    def acts_for(self, issuer: str, account: str, now: int) -> bool:
        """The issuer itself, or its operator."""
        return account == issuer or now <= self.operators.get((issuer, account), 0)
