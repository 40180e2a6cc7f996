"""What the commands have in common: which files belong to a network, who signs, and how a refusal looks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import ape
import click
from ape.api.accounts import AccountAPI
from ape.api.networks import NetworkAPI
from ape.logging import LogLevel, logger
from rich.console import Console
from rich.status import Status

from provenwork.chain import Node
from provenwork.core.errors import ProvenworkError
from scripts._deployment._account import ApeSigner
from scripts._deployment._errors import DeploymentError
from scripts._deployment._parameters import Parameters, read_parameters
from scripts._deployment._refusals import FORCEABLE, TEST_ACCOUNT
from scripts._deployment._sending import Effort, OnStep

__all__ = [
    "Files",
    "as_command",
    "connected_node",
    "file_options",
    "force_option",
    "network_name",
    "read_files",
    "registry_option",
    "role_option",
    "sending_options",
    "signer_of",
    "terminal",
    "told",
]

ROOT = Path(__file__).resolve().parents[2]

C = TypeVar("C", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a network's deployment."""

    params: Path
    registry: Path
    journal: Path

    @classmethod
    def chosen(cls, params: Path | None, registry: Path | None) -> Files:
        """Those of the connected network, but for those that were named.

        What stands on a local chain or on a fork is gone with it: its registry is a result among others.
        """
        network: NetworkAPI = ape.chain.provider.network
        name = (
            "local"
            if network.is_local
            else f"{network.ecosystem.name}-{network.name.removesuffix('-fork')}"
        )
        passing = network.is_local or network.is_fork
        kept = (
            ROOT / "build" / "deployment.json" if passing else ROOT / "deployments" / f"{name}.json"
        )
        registry = registry or kept
        return cls(
            params=params or ROOT / "deployments" / "params" / f"{name}.yaml",
            registry=registry,
            journal=registry.with_suffix(".journal"),
        )


def registry_option(command: C) -> C:
    """--registry."""
    return click.option(
        "--registry",
        type=click.Path(path_type=Path, dir_okay=False),
        help="What stands where: deployments/<network>.json, or build/deployment.json for local chains.",
    )(command)


def file_options(command: C) -> C:
    """--params and --registry."""
    return click.option(
        "--params",
        type=click.Path(path_type=Path, dir_okay=False),
        help="What to deploy: deployments/params/<network>.yaml.",
    )(registry_option(command))


def role_option(command: C) -> C:
    """--role NAME=ACCOUNT."""
    return click.option(
        "--role",
        "roles",
        multiple=True,
        metavar="NAME=ACCOUNT",
        help="Who holds a role, instead of whom the parameters name; can be repeated.",
    )(command)


def force_option(command: C) -> C:
    """--force."""
    return click.option(
        "--force",
        multiple=True,
        type=click.Choice(FORCEABLE),
        help="Do it although it is refused on public chains; can be repeated.",
    )(command)


def sending_options(command: C) -> C:
    """--max-fee, --timeout and --yes; the first two as an `Effort`."""

    @functools.wraps(command)
    def gathered(*arguments: Any, max_fee: float | None, timeout: float, **options: Any) -> Any:
        effort = Effort(
            timeout=timeout,
            poll=0.02 if ape.chain.provider.network.is_local else 0.25,
            max_fee_per_gas=None if max_fee is None else int(max_fee * 10**9),
        )
        return command(*arguments, effort=effort, **options)

    wrapped: Any = gathered
    for option in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            default=120.0,
            show_default=True,
            help="Seconds to wait for a transaction before its outcome counts as unknown.",
        ),
        click.option(
            "--max-fee",
            type=click.FloatRange(min=0, min_open=True),
            metavar="GWEI",
            help="The most to pay for a unit of gas.",
        ),
    ):
        wrapped = option(wrapped)
    return cast("C", wrapped)


def as_command(command: C) -> C:
    """Lets what we refuse end a command with a sentence, a hint and exit code 1."""

    @functools.wraps(command)
    def guarded(*arguments: Any, **options: Any) -> Any:
        # Ape says a line about each transaction; the tables say it all.
        logger.set_level(LogLevel.WARNING)
        try:
            return command(*arguments, **options)
        except ProvenworkError as problem:
            text = "\n".join(filter(None, [str(problem), problem.hint]))
            raise click.ClickException(text) from None

    return cast("C", guarded)


def read_files(files: Files, roles: tuple[str, ...] = ()) -> Parameters:
    """The parameters, with the roles that were said."""
    given: dict[str, str] = {}
    for role in roles:
        name, equals, account = role.partition("=")
        if not equals:
            raise DeploymentError(f"--role {role}: must be NAME=ACCOUNT")
        given[name] = account
    return read_parameters(files.params).with_roles(given)


def network_name() -> str:
    """The connected network as Ape names it, but for an URL, in which there may be a key."""
    provider = ape.chain.provider
    name = str(provider.network.choice)
    return name if "/" in provider.name else f"{name}:{provider.name}"


def connected_node() -> Node:
    """The chain that Ape is connected to, by the short way if it is an URL: nothing below us sends anything twice."""
    provider = ape.chain.provider
    uri = str(getattr(provider, "http_uri", None) or getattr(provider, "uri", "") or "")
    return Node(uri if uri.startswith("http") else provider.web3)


def signer_of(
    account: AccountAPI | None, *, public: bool, force: tuple[str, ...] = ()
) -> ApeSigner:
    """Who signs: the chosen account, or test account 0 where nothing is worth anything.

    Raises:
        DeploymentError: Nobody was chosen, or somebody whose key everybody knows.
    """
    if account is None:
        if public:
            known = (
                ", ".join(str(one.alias) for one in ape.accounts) or "none yet: ape accounts import"
            )
            raise DeploymentError("who signs?", hint=f"--account ALIAS. Your accounts: {known}.")
        account = ape.accounts.test_accounts[0]
    signer = ApeSigner(account)
    if public and signer.is_test_account and TEST_ACCOUNT not in force:
        raise DeploymentError(
            "everybody knows the keys of test accounts, and could take over what they deploy",
            hint="Use an account of your own, or insist (for a rehearsal): --force test-account.",
        )
    return signer


def told(console: Console, status: Status) -> OnStep:
    """How whoever waits hears what is done next: in place in a terminal, a line each in a log."""
    return status.update if console.is_terminal else console.print


def terminal() -> Console:
    """Where the commands write."""
    return Console(highlight=False)
