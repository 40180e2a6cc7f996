"""What was signed, kept before it is sent, so that a deployment that was interrupted anywhere finds it again.

One JSON object a line, written through to the disk: `begun` (what is deployed), `signed` (a transaction, its bytes included:
they say nothing that the chain will not), `resolved` (its outcome). The file goes when all is done.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from provenwork.chain import SignedTransaction
from provenwork.core.errors import ChainError
from scripts._deployment._errors import DeploymentError

__all__ = ["StepJournal", "held_journal"]


class StepJournal:
    """The journal of a deployment's `Sender`; it also knows which transaction did which step.

    Args:
        account: Who signs; what others signed is none of its business.
        file: Where it is kept; in memory only if None.
    """

    def __init__(self, account: str, file: IO[str] | None = None) -> None:
        self._account = account
        self._file = file
        self._begun: dict[str, Any] | None = None
        self._continued = False
        self._open: dict[str, tuple[str, SignedTransaction]] = {}
        self._settled: dict[str, str] = {}

    def begin(self, subject: Mapping[str, Any]) -> None:
        """Says what is deployed, or finds it said: then it continues.

        Raises:
            DeploymentError: Something else was begun and not finished.
        """
        self._continued = True
        if self._begun is None or self.is_empty:
            self._write("begun", dict(subject))
        elif (difference := _difference(self._begun, subject)) is not None:
            raise DeploymentError(
                f"another deployment was begun here and not finished: {difference}",
                hint="Finish it with the parameters and the account that began it (git has them), or move "
                f"{self._file.name if self._file else 'its journal'} away to give it up.",
            )

    def signed(self, transaction: SignedTransaction) -> None:
        """Keeps a transaction that is about to be sent."""
        self._write(
            "signed",
            {
                "hash": transaction.hash,
                "from": self._account,
                "nonce": transaction.nonce,
                "purpose": transaction.purpose,
                "raw": transaction.raw.hex(),
            },
        )

    def resolved(self, hash: str, *, succeeded: bool) -> None:  # noqa: A002 (the field's name)
        """Its outcome is known."""
        self._write("resolved", {"hash": hash, "succeeded": succeeded})

    def unresolved(self) -> Sequence[SignedTransaction]:
        """The account's transactions whose outcome is not known, by nonce, each nonce's in the order of signing."""
        own = [one for account, one in self._open.values() if account == self._account]
        return sorted(own, key=lambda one: one.nonce)

    def transaction(self, purpose: str) -> str | None:
        """The hash of the transaction that did a step; None if it was not one of ours."""
        return self._settled.get(purpose)

    @property
    def is_finished(self) -> bool:
        """Whether nobody needs it any more: no outcome is unknown, and no deployment waits to be continued."""
        return not self._open and (self._begun is None or self._continued)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever signed."""
        return not (self._open or self._settled)

    def take_in(self, line: str) -> None:
        """Remembers a line."""
        ((kind, content),) = json.loads(line).items()
        if kind == "begun":
            self._begun = content
        elif kind == "signed":
            self._open[content["hash"]] = (
                content["from"],
                SignedTransaction(
                    content["hash"],
                    bytes.fromhex(content["raw"]),
                    content["nonce"],
                    content["purpose"],
                ),
            )
        elif kind == "resolved":
            _, transaction = self._open.pop(content["hash"])
            if content["succeeded"]:
                self._settled[transaction.purpose] = transaction.hash
        else:
            raise ValueError(f"{kind!r} is no kind of entry")

    def _write(self, kind: str, content: Mapping[str, Any]) -> None:
        line = json.dumps({kind: content})
        if self._file is not None:
            self._file.write(line + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        self.take_in(line)


@contextmanager
def held_journal(path: Path | None, account: str) -> Iterator[StepJournal]:
    """Opens a journal for one process alone; it is removed if all went well, and stays otherwise.

    Args:
        path: Where it is; None for one in memory.
        account: Who signs.

    Raises:
        DeploymentError: Another process has it, or it cannot be read.
    """
    if path is None:
        yield StepJournal(account)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DeploymentError(
                f"another process is at it: it holds {path}", hint="Let it finish, or end it."
            ) from None
        if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
            raise DeploymentError(
                f"another process has just finished with {path}", hint="Look at what it did."
            )
        _sync_folder(path.parent)
        journal = StepJournal(account, file)
        _take_in_all(file, journal, path)
        try:
            yield journal
        except BaseException:
            if journal.is_empty:
                path.unlink()
            raise
        if journal.is_finished:
            path.unlink()


def _take_in_all(file: IO[str], journal: StepJournal, path: Path) -> None:
    file.seek(0)
    text = file.read()
    whole, _, torn = text.rpartition("\n")
    if torn:
        # Written when the process died: what it was about to say had not yet happened.
        os.truncate(path, len(text.encode()) - len(torn.encode()))
        file.seek(0, os.SEEK_END)
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            journal.take_in(line)
        except (ValueError, KeyError, TypeError, AttributeError, ChainError) as problem:
            raise DeploymentError(
                f"{path}, line {number}, cannot be read: {type(problem).__name__}: {problem}",
                hint="Restore it: it says what was sent. Without it, what stands on the chain is found again, but not "
                "what is still on its way there.",
            ) from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            if (inner := _difference(old, new)) is not None:
                return inner
        elif old != new:
            return f"{name} was {old} and is {new}"
    return None
