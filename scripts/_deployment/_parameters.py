"""The parameter files: `deployments/params/<network>.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from scripts._deployment._errors import DeploymentError

__all__ = ["ContractEntry", "Parameters", "TokenEntry", "read_parameters"]

_FORM: dict[str, type] = {
    "chain_id": int,
    "salt": str,
    "roles": dict,
    "constants": dict,
    "contracts": list,
    "circuits": dict,
    "models": dict,
    "tokens": list,
    "defaults": dict,
    "handover": dict,
}
_DEFAULTS = ("circuit", "max_tokens_per_second")

_LOCAL_CHAINS = frozenset({31337, 1337})


@dataclass(frozen=True, slots=True)
class ContractEntry:
    """A contract and what its constructor is to be given, as the file has it."""

    contract: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A payment token (ETH, an address or a reference) and the least deposit in its base units."""

    token: str
    minimum_deposit: Any
    allowed: Any = True


@dataclass(frozen=True, slots=True)
class Parameters:
    """A parameter file. Its form is right; whether its values make sense, the plan finds out."""

    path: Path
    chain_id: int
    salt: str
    """A word; another one gives the same contracts other addresses."""
    roles: Mapping[str, str | None]
    """None where the file leaves it to whoever deploys."""
    constants: Mapping[str, Any]
    contracts: tuple[ContractEntry, ...]
    circuits: Mapping[int, str]
    models: Mapping[Any, Any]
    """The number of the circuit that proves each model."""
    tokens: tuple[TokenEntry, ...]
    default_circuit: Any
    default_rate: Any
    """AI tokens per second."""
    handover: Mapping[str, str]
    """To whom each contract is offered once it is configured."""

    @property
    def is_local(self) -> bool:
        """Whether nothing on the chain is worth anything: a development node's own chain id."""
        return self.is_local_chain(self.chain_id)

    @staticmethod
    def is_local_chain(chain_id: int) -> bool:
        """Whether it is a development node's own chain id."""
        return chain_id in _LOCAL_CHAINS

    def salted(self, salt: str) -> Parameters:
        """The same with another salt."""
        return replace(self, salt=salt)

    def with_roles(self, given: Mapping[str, str]) -> Parameters:
        """The same with other holders of some roles.

        Raises:
            DeploymentError: There is no such role.
        """
        if unknown := [name for name in given if name not in self.roles]:
            raise DeploymentError(
                f"{self.path.name}: there is no role {', '.join(unknown)}",
                hint=f"The roles are {', '.join(self.roles)}.",
            )
        return replace(self, roles={**self.roles, **given})


def read_parameters(path: Path) -> Parameters:
    """Reads a parameter file.

    Raises:
        DeploymentError: There is none, or it is not of this form; the message names the place.
    """
    content = _load(path)
    _require_keys(content, tuple(_FORM), f"{path.name}")
    for name, kind in _FORM.items():
        if not isinstance(content[name], kind) or isinstance(content[name], bool):
            raise DeploymentError(f"{path.name}: {name} must be {_described(kind)}")
    for number in content["circuits"]:
        if not isinstance(number, int) or not 0 < number < 2**32:
            raise DeploymentError(
                f"{path.name}: circuits: {number!r} is not a circuit's number, 1 to 2^32 - 1"
            )
    if not content["salt"]:
        raise DeploymentError(f"{path.name}: salt must not be empty")
    _require_keys(content["defaults"], _DEFAULTS, f"{path.name}: defaults")
    return Parameters(
        path=path,
        chain_id=content["chain_id"],
        salt=content["salt"],
        roles={
            str(name): None if holder is None else str(holder)
            for name, holder in content["roles"].items()
        },
        constants=content["constants"],
        contracts=tuple(_contract(entry, path) for entry in content["contracts"]),
        circuits={number: str(name) for number, name in content["circuits"].items()},
        models=content["models"],
        tokens=tuple(_token(entry, path) for entry in content["tokens"]),
        default_circuit=content["defaults"]["circuit"],
        default_rate=content["defaults"]["max_tokens_per_second"],
        handover={str(name): str(holder) for name, holder in content["handover"].items()},
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _NoRepetitions)  # noqa: S506 (a safe loader)
    except OSError as problem:
        raise DeploymentError(
            f"there are no parameters: {path} ({problem.strerror})",
            hint="Write one like deployments/params/local.yaml, or choose another with --params.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise DeploymentError(
            f"{path.name} is not YAML: {' '.join(str(problem).split())}"
        ) from None
    if not isinstance(content, dict):
        raise DeploymentError(f"{path.name}: must have the keys {', '.join(_FORM)}")
    return content


def _contract(entry: Any, path: Path) -> ContractEntry:
    if not isinstance(entry, dict):
        raise DeploymentError(
            f"{path.name}: contracts: {entry!r} must have `contract` and `arguments`"
        )
    _require_keys(entry, ("contract", "arguments"), f"{path.name}: contracts")
    if not isinstance(entry["arguments"], dict):
        raise DeploymentError(f"{path.name}: {entry['contract']}: arguments must be named")
    return ContractEntry(str(entry["contract"]), entry["arguments"])


def _token(entry: Any, path: Path) -> TokenEntry:
    if not isinstance(entry, dict):
        raise DeploymentError(
            f"{path.name}: tokens: {entry!r} must have `token` and `minimum_deposit`"
        )
    _require_keys(entry, ("token", "minimum_deposit"), f"{path.name}: tokens", ("allowed",))
    return TokenEntry(str(entry["token"]), entry["minimum_deposit"], entry.get("allowed", True))


def _require_keys(
    found: Mapping[str, Any], wanted: tuple[str, ...], where: str, optional: tuple[str, ...] = ()
) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise DeploymentError(f"{where}: {', '.join(missing)} is missing")
    known = (*wanted, *optional)
    if unknown := [str(name) for name in found if name not in known]:
        raise DeploymentError(
            f"{where}: unknown: {', '.join(unknown)}", hint=f"Known here: {', '.join(known)}."
        )


def _described(kind: type) -> str:
    return {int: "a number", dict: "a mapping", list: "a list", str: "a word"}[kind]


class _NoRepetitions(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} stands there twice", node.value[index][0].start_mark
                )
        return super().construct_mapping(node, deep)
