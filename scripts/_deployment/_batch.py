"""Transactions for a multisig: as a file that its owners import, look at, and sign where they keep their keys."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from eth_typing import ChecksumAddress

from scripts._deployment._steps import Change

__all__ = ["write_batch", "write_batches"]


def write_batch(
    path: Path, chain_id: int, sender: ChecksumAddress, name: str, changes: Sequence[Change]
) -> Path:
    """Writes calls in the form that Safe's Transaction Builder reads; any other wallet finds `to`, `value` and `data` there.

    Args:
        path: The file.
        chain_id: The chain.
        sender: The multisig.
        name: What it is, for people.
        changes: What to call, in this order.
    """
    content = {
        "version": "1.0",
        "chainId": str(chain_id),
        "createdAt": int(time.time() * 1_000),
        "meta": {
            "name": name,
            "description": "; ".join(change.purpose for change in changes),
            "createdFromSafeAddress": sender,
        },
        "transactions": [
            {
                "to": change.call.to,
                "value": str(change.call.value),
                "data": "0x" + change.call.data.hex(),
                "contractMethod": None,
                "contractInputsValues": None,
            }
            for change in changes
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def write_batches(
    registry: Path,
    what: str,
    name: str,
    chain_id: int,
    calls: Mapping[ChecksumAddress, Sequence[Change]],
) -> list[Path]:
    """One file for each account whose calls they are, beside the registry.

    Args:
        registry: The registry file.
        what: A word for the files' names.
        name: What it is, for people.
        chain_id: The chain.
        calls: What each account has to call, in this order.
    """
    return [
        write_batch(
            registry.with_name(f"{registry.stem}-{what}-{sender[:10]}.json"),
            chain_id,
            sender,
            name,
            changes,
        )
        for sender, changes in calls.items()
    ]
