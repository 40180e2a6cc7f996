"""JobMarketplace and its extension work on one storage: the compiler says where each of them keeps what."""

from pathlib import Path

import pytest
import solcx

ROOT = Path(__file__).parents[3]
VERSION = "0.8.30"
HALVES = ("JobMarketplace", "JobMarketplaceExtension")


@pytest.fixture(scope="module")
def layouts():
    """Of each half: its variables as (name, slot, offset, type), in order. Nothing is translated, so it takes no longer
    than reading the sources."""
    files = {name: f"contracts/{name}.sol" for name in HALVES}
    answer = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {path: {"urls": [path]} for path in files.values()},
            "settings": {
                "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
                "outputSelection": {p: {n: ["storageLayout"]} for n, p in files.items()},
            },
        },
        base_path=ROOT,
        allow_paths=[ROOT],
        solc_version=VERSION,
    )
    storages = {n: answer["contracts"][p][n]["storageLayout"]["storage"] for n, p in files.items()}
    return {
        name: [(v["label"], v["slot"], v["offset"], v["type"]) for v in storage]
        for name, storage in storages.items()
    }


def test_same(layouts):
    """It should have every variable in the same place, of the same type, in both."""
    one, other = (layouts[name] for name in HALVES)
    assert one == other


def test_known(layouts):
    """It should have no variable that one of them alone declares.

    And those are all: who adds one sees this list, and thinks of both halves and of the slot that an opening reads.
    """
    slots: dict[str, list[str]] = {}
    for name, slot, _, _ in layouts["JobMarketplaceExtension"]:
        slots.setdefault(slot, []).append(name)
    assert list(slots.values()) == [
        ["_nameFallback"],
        ["_versionFallback"],
        ["_owner"],
        ["_pendingOwner"],
        [
            "_etherMinimum",
            "_etherAllowed",
            "_paused",
            "_jobCount",
            "_defaultCircuit",
            "_defaultRate",
        ],
        ["_sessions"],
        ["_tokenCount", "_treasury"],
        ["_tokenTerms"],
        ["_tokenById"],
        ["_earned"],
        ["_credits"],
        ["_feesOwed"],
    ]
