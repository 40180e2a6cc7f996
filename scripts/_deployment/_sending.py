"""Sends steps one after the other, each until the chain shows that it was done."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provenwork.chain import Node, Sender, TransactionSigner
from provenwork.core.errors import ChainError, ContractReverted, TransactionFailed
from provenwork.crypto import Signer
from scripts._deployment._errors import DeploymentError
from scripts._deployment._journal import StepJournal
from scripts._deployment._steps import Step, is_done

__all__ = ["Effort", "OnStep", "send_steps"]

OnStep = Callable[[str], None]
"""Is told, in a few words, what is done next."""

_CONTINUE = "Run the same command again: it finds out what became of what was sent, and continues."


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to wait, and what to pay."""

    timeout: float = 120.0
    """Seconds for a transaction to be mined before its outcome counts as unknown."""
    poll: float = 0.25
    """Seconds between two looks."""
    patience: float = 30.0
    """Seconds for a node to show what was mined: behind one address there may be several, and some are late."""
    max_fee_per_gas: int | None = None
    """Wei; no bound if None."""


def send_steps(
    node: Node,
    signer: Signer | TransactionSigner,
    steps: Sequence[Step],
    journal: StepJournal,
    *,
    effort: Effort,
    on_step: OnStep,
) -> None:
    """Does what was not yet done, after finding out what became of what was sent before.

    Raises:
        DeploymentError: A step could not be done, or nobody knows whether it was. Doing it all again continues.
    """
    sender = Sender(
        node,
        signer,
        journal=journal,
        timeout=effort.timeout,
        poll=effort.poll,
        max_fee_per_gas=effort.max_fee_per_gas,
    )
    try:
        for transaction in journal.unresolved():
            on_step(f"finding out what became of {transaction.purpose}")
        sender.reconcile(outbid=True)
    except ChainError as problem:
        raise _interrupted(problem) from problem
    for step in steps:
        try:
            if not is_done(step, node):
                on_step(step.purpose)
                _send(sender, step, effort)
        except ChainError as problem:
            raise _interrupted(problem, step) from problem


def _send(sender: Sender, step: Step, effort: Effort) -> None:
    deadline = time.monotonic() + effort.patience
    sent = False
    while True:
        try:
            if not sent:
                sender.send(step.call)
                sent = True
        except (ContractReverted, TransactionFailed):
            # It passed in the rehearsal. Either somebody else did it just now, or the node is behind.
            if is_done(step, sender.node):
                return
            if time.monotonic() > deadline:
                raise
        if is_done(step, sender.node):
            return
        if time.monotonic() > deadline:
            raise DeploymentError(
                f"{step.purpose}: it was mined, and the chain does not show it", hint=_CONTINUE
            )
        time.sleep(effort.poll)


def _interrupted(problem: ChainError, step: Step | None = None) -> DeploymentError:
    where = f"{step.purpose}: " if step is not None and step.purpose not in str(problem) else ""
    return DeploymentError(f"{where}{problem}", hint=_CONTINUE)
