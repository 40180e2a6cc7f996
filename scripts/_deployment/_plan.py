"""What is to be done, in order, found out from the parameters alone: no chain is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress

from provenwork.circuits import Circuit, load_circuit
from provenwork.core.errors import CircuitError
from provenwork.crypto import ZERO_ADDRESS
from scripts._deployment._abi import Resolve, encode_arguments, entry_of, fit_arguments
from scripts._deployment._artefacts import Artefacts
from scripts._deployment._calls import Calls, named_values
from scripts._deployment._create2 import salt_of
from scripts._deployment._errors import DeploymentError
from scripts._deployment._parameters import Parameters
from scripts._deployment._steps import Change, Create, Step

__all__ = ["DEPLOYER", "MARKETPLACE", "PROOF_SYSTEM", "REGISTRY", "Handover", "Plan", "make_plan"]

MARKETPLACE, PROOF_SYSTEM, REGISTRY = "JobMarketplace", "ProofSystem", "WorkerRegistry"
DEPLOYER = "deployer"
ETHER = "ETH"

_OFFERS = {
    "transferOwnership": ("pendingOwner", "owner", "acceptOwnership"),
    "transferAdmin": ("pendingAdmin", "admin", "acceptAdmin"),
}
"""How contracts are handed over: the offer, who it was made to, who holds the contract, and how it is taken."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A contract that goes from whoever deployed it to its owner, in two steps."""

    contract: str
    to: ChecksumAddress
    offer: Change
    """What the one who deployed does last."""
    taking: Change
    """What the new owner does."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Every step of a deployment. Each contract refers to earlier ones only."""

    creations: tuple[Create, ...]
    changes: tuple[Change, ...]
    handovers: tuple[Handover, ...]
    addresses: Mapping[str, ChecksumAddress]
    """Where each contract stands or will stand."""
    roles: Mapping[str, ChecksumAddress]
    circuits: Mapping[int, Circuit]
    models: Mapping[str, int]
    tokens: Mapping[str, ChecksumAddress]
    """Where each payment token is, by what the parameters call it; ETH is the address zero."""

    @property
    def takings(self) -> dict[ChecksumAddress, list[Change]]:
        """What each new owner has to call to take what it is offered."""
        takings: dict[ChecksumAddress, list[Change]] = {}
        for handover in self.handovers:
            takings.setdefault(handover.to, []).append(handover.taking)
        return takings

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that whoever deploys does, in order."""
        return (*self.creations, *self.changes, *(handover.offer for handover in self.handovers))


def make_plan(
    parameters: Parameters,
    artefacts: Artefacts,
    roles: Mapping[str, ChecksumAddress],
    standing: Mapping[str, ChecksumAddress] | None = None,
) -> Plan:
    """Checks parameters against the ABIs and the circuits' manifests, and says what is to be done.

    Args:
        parameters: What the file says.
        artefacts: The compiled contracts.
        roles: Who holds each of the file's roles, and `deployer`.
        standing: Where the file's contracts stand already, to configure them; none of them is made then, but the
            verifiers of new circuits are.

    Raises:
        DeploymentError: Something does not fit; the message names the place.
    """
    return _Planner(parameters, artefacts, roles, standing).plan()


class _Planner:
    def __init__(
        self,
        parameters: Parameters,
        artefacts: Artefacts,
        roles: Mapping[str, ChecksumAddress],
        standing: Mapping[str, ChecksumAddress] | None,
    ) -> None:
        self._parameters = parameters
        self._artefacts = artefacts
        self._roles = roles
        self._standing = standing
        self._file = parameters.path.name
        self._salt = salt_of(parameters.salt)
        self._addresses: dict[str, ChecksumAddress] = {}
        self._calls = Calls(artefacts, self._addresses)

    def plan(self) -> Plan:
        """All of it."""
        creations = self._contracts()
        circuits = {
            number: self._circuit(number, name)
            for number, name in self._parameters.circuits.items()
        }
        verifiers = dict.fromkeys(circuit.verifier for circuit in circuits.values())
        creations += [self._create(verifier, {}) for verifier in verifiers]
        models = {str(model): circuit for model, circuit in self._parameters.models.items()}
        tokens, token_changes = self._tokens()
        return Plan(
            creations=tuple(creations),
            changes=(
                *map(self._register, circuits, circuits.values()),
                *map(self._model, self._parameters.models.items()),
                *token_changes,
                self._defaults(),
                *self._treasuries(),
            ),
            handovers=tuple(map(self._handover, self._parameters.handover.items())),
            addresses=self._addresses,
            roles=self._roles,
            circuits=circuits,
            models=models,
            tokens=tokens,
        )

    # ---------------------------------------------------------------------------------------------------- the contracts

    def _contracts(self) -> list[Create]:
        creations = []
        for entry in self._parameters.contracts:
            if entry.contract in self._addresses:
                raise DeploymentError(
                    f"{self._file}: contracts: {entry.contract} stands there twice"
                )
            if self._standing is None:
                creations.append(self._create(entry.contract, entry.arguments))
            elif (address := self._standing.get(entry.contract)) is not None:
                self._addresses[entry.contract] = address
            else:
                raise DeploymentError(
                    f"{self._file}: contracts: {entry.contract} is not part of this deployment",
                    hint="What is deployed can be configured; another contract takes another deployment.",
                )
        if missing := [
            n for n in (REGISTRY, PROOF_SYSTEM, MARKETPLACE) if n not in self._addresses
        ]:
            raise DeploymentError(f"{self._file}: contracts: {', '.join(missing)} is missing")
        self._require_owner(creations)
        return creations

    def _create(self, contract: str, arguments: Mapping[str, Any]) -> Create:
        constructor = entry_of(self._artefacts.abi(contract), "constructor") or {}
        inputs = constructor.get("inputs", ())
        values = fit_arguments(arguments, inputs, f"{self._file}: {contract}", self._resolve)
        encoded = encode_arguments(inputs, values)
        create = Create(
            contract=contract,
            arguments=named_values(inputs, values),
            encoded=encoded,
            init_code=self._artefacts.creation_code(contract) + encoded,
            salt=self._salt,
        )
        self._addresses[contract] = create.address
        return create

    def _require_owner(self, creations: Sequence[Create]) -> None:
        """Whoever configures must own meanwhile."""
        deployer = self._roles[DEPLOYER]
        for creation in creations:
            for name, value in creation.arguments:
                if name in {"owner", "initialOwner"} and value != deployer:
                    raise DeploymentError(
                        f"{self._file}: {creation.contract}: the owner is {value}, but {deployer} deploys and "
                        "configures it",
                        hint="Let it begin with `$deployer`, and name its owner under `handover`.",
                    )

    # ------------------------------------------------------------------------------------------------ the configuration

    def _circuit(self, number: int, name: str) -> Circuit:
        try:
            circuit = load_circuit(name)
            circuit.check_committed("verifier")
        except CircuitError as problem:
            raise DeploymentError(
                f"{self._file}: circuits: {number}: {problem}", hint=problem.hint
            ) from None
        return circuit

    def _register(self, number: int, circuit: Circuit) -> Change:
        layout = {
            "instanceCount": circuit.layout.instances,
            "tagIndex": circuit.layout.tag,
            "countIndex": circuit.layout.count,
            # What a prompt job names is what the user asked. A transcript's commitment is to what the host served.
            "bindsInput": circuit.layout.prompt_commitment is not None,
            "commitmentIndex": circuit.layout.prompt_commitment or 0,
            "scale": circuit.layout.scale,
            "maxTokens": circuit.max_tokens,
        }
        values = self._fitted(
            PROOF_SYSTEM, "registerCircuit", (number, self._addresses[circuit.verifier], layout)
        )
        _, verifier, terms = values
        return self._calls.change(
            PROOF_SYSTEM,
            "registerCircuit",
            values,
            f"circuit {number} is {circuit.name}",
            self._calls.fact(PROOF_SYSTEM, "circuit", (number,), (verifier, 0, terms)),
            vacant=self._calls.fact(PROOF_SYSTEM, "circuit", (number,), (ZERO_ADDRESS,)),
        )

    def _model(self, item: tuple[Any, Any]) -> Change:
        model, circuit = item
        if circuit != 0 and circuit not in self._parameters.circuits:
            raise DeploymentError(f"{self._file}: models: there is no circuit {circuit!r} above")
        values = self._fitted(PROOF_SYSTEM, "setModelCircuit", (model, circuit))
        return self._calls.change(
            PROOF_SYSTEM,
            "setModelCircuit",
            values,
            f"model {model} is proved by circuit {circuit}",
            self._calls.fact(PROOF_SYSTEM, "modelCircuit", values[:1], values[1:]),
        )

    def _tokens(self) -> tuple[dict[str, ChecksumAddress], list[Change]]:
        """Every contract that holds money has its own list of tokens."""
        tokens: dict[str, ChecksumAddress] = {}
        changes = []
        for entry in self._parameters.tokens:
            token = ZERO_ADDRESS if entry.token == ETHER else entry.token
            name = entry.token.removeprefix("$")
            for contract in self._addresses:
                if entry_of(self._artefacts.abi(contract), "function", "setToken") is None:
                    continue
                values = self._fitted(
                    contract, "setToken", (token, entry.allowed, entry.minimum_deposit)
                )
                if contract == MARKETPLACE:
                    if values[0] in tokens.values():
                        raise DeploymentError(
                            f"{self._file}: tokens: {entry.token} stands there twice"
                        )
                    tokens[name] = values[0]
                changes.append(self._token(contract, values, name))
        return tokens, changes

    def _token(self, contract: str, values: Sequence[Any], name: str) -> Change:
        token, allowed, minimum = values
        may = "takes" if allowed else "takes no"
        return self._calls.change(
            contract,
            "setToken",
            values,
            f"{contract} {may} {name}",
            self._calls.fact(contract, "tokenTerms", (token,), (allowed, minimum)),
        )

    def _defaults(self) -> Change:
        circuit, rate = self._parameters.default_circuit, self._parameters.default_rate
        where = f"{self._file}: defaults"
        if circuit != 0 and circuit not in self._parameters.circuits:
            raise DeploymentError(f"{where}: there is no circuit {circuit!r} above")
        if not isinstance(rate, int) or not 1 <= rate <= 10_000:
            raise DeploymentError(
                f"{where}: max_tokens_per_second is {rate!r}, must be 1 to 10,000"
            )
        values = self._fitted(MARKETPLACE, "setDefaults", (circuit, rate))
        return self._calls.change(
            MARKETPLACE,
            "setDefaults",
            values,
            "what short openings copy",
            self._calls.fact(MARKETPLACE, "defaults", (), values),
        )

    def _treasuries(self) -> list[Change]:
        """Of contracts that stand: the constructors of others set it themselves."""
        changes = []
        for entry in self._parameters.contracts if self._standing is not None else ():
            contract, named = entry.contract, entry.arguments.get("treasury_")
            if named is not None:
                values = self._fitted(contract, "setTreasury", (named,))
                changes.append(
                    self._calls.change(
                        contract,
                        "setTreasury",
                        values,
                        f"{contract}'s fees go to the treasury",
                        self._calls.fact(contract, "treasury", (), values),
                    )
                )
        return changes

    # ----------------------------------------------------------------------------------------------------- the handover

    def _handover(self, item: tuple[str, str]) -> Handover:
        contract, holder = item
        where = f"{self._file}: handover: {contract}"
        if contract not in self._addresses:
            raise DeploymentError(f"{where}: there is no such contract above")
        abi = self._artefacts.abi(contract)
        offers = [name for name in _OFFERS if entry_of(abi, "function", name) is not None]
        if not offers:
            raise DeploymentError(f"{where}: it has no owner and no admin")
        (offer,) = offers
        pending, held, take = _OFFERS[offer]
        values = self._fitted(contract, offer, (holder,))
        (to,) = values
        taken = self._calls.fact(contract, held, (), (to,))
        return Handover(
            contract,
            to,
            self._calls.change(
                contract,
                offer,
                values,
                f"offering {contract} to its owner",
                self._calls.fact(contract, pending, (), (to,)),
                taken,
            ),
            self._calls.change(contract, take, (), f"taking over {contract}", taken),
        )

    # -------------------------------------------------------------------------------------------------- their encoding

    def _fitted(self, contract: str, function: str, values: Sequence[Any]) -> tuple[Any, ...]:
        where = f"{self._file}: {contract}.{function}"
        return self._calls.fitted(contract, function, values, where, self._resolve)

    # --------------------------------------------------------------------------------------------------- references

    @property
    def _resolve(self) -> Resolve:
        return self._resolved

    def _resolved(self, value: Any, where: str) -> Any:
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        name = value.removeprefix("$")
        for source in (self._addresses, self._roles, self._parameters.constants):
            if name in source:
                return source[name]
        if any(entry.contract == name for entry in self._parameters.contracts):
            raise DeploymentError(f"{where}: {value} stands further down", hint="Move it up.")
        known = [*self._roles, *self._parameters.constants, *self._addresses]
        raise DeploymentError(
            f"{where}: {value} is not known", hint=f"Known here: {', '.join(known)}."
        )
