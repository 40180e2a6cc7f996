"""EZKL, in a process of its own: reads one task as JSON from stdin, reports as JSON on what was stdout, and leaves.

EZKL panics on bad input, and sometimes aborts the interpreter at its exit after it succeeded. So it never runs where
anything else lives: this file is started as a script, needs nothing but EZKL, reports before it leaves, and leaves without
the interpreter's own goodbye.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import ezkl as _ezkl

# Its stubs know no default arguments.
ezkl: Any = _ezkl


def build_settings(task: dict[str, Any]) -> None:
    """Writes the settings for a network, the same every time."""
    arguments = ezkl.PyRunArgs()
    for name, value in task["run_args"].items():
        if name == "lookup_range":
            value = tuple(value)
        if name == "variables":
            value = [tuple(pair) for pair in value]
        setattr(arguments, name, value)
    _require(ezkl.gen_settings(task["onnx"], task["settings"], arguments))
    with open(task["settings"], encoding="utf-8") as file:
        settings = json.load(file)
    settings["timestamp"] = 0
    # EZKL writes them in another order every time, and makes other keys of another order.
    settings["required_range_checks"].sort()
    with open(task["settings"], "w", encoding="utf-8") as file:
        json.dump(settings, file, indent=2, sort_keys=True)
        file.write("\n")


def make_srs(task: dict[str, Any]) -> None:
    """Makes a structured reference string whose secret this process knew: for tests only."""
    ezkl.gen_srs(task["srs"], task["logrows"])


def compile_network(task: dict[str, Any]) -> None:
    """Turns a network and its settings into EZKL's own form."""
    _require(ezkl.compile_circuit(task["onnx"], task["compiled"], task["settings"]))


def make_keys(task: dict[str, Any]) -> None:
    """Makes the proving and the verification key."""
    _require(ezkl.setup(task["compiled"], task["vk"], task["pk"], srs_path=task["srs"]))


def write_verifier(task: dict[str, Any]) -> None:
    """Writes the Solidity verifier; EZKL then fails to fetch a compiler that nobody here needs."""

    async def write() -> None:
        try:
            await ezkl.create_evm_verifier(
                task["vk"],
                task["settings"],
                task["solidity"],
                task["solidity"] + ".abi",
                task["srs"],
            )
        except Exception:
            if not os.path.isfile(task["solidity"]):
                raise

    asyncio.run(write())


def prove(task: dict[str, Any]) -> dict[str, Any]:
    """Makes one proof; returns the proof in hexadecimal and its instances in decimal."""
    folder = task["folder"]
    witness, proof = (os.path.join(folder, name) for name in ("witness.json", "proof.json"))
    ezkl.gen_witness(_input(task), task["compiled"], witness)
    ezkl.prove(witness, task["compiled"], task["pk"], proof, srs_path=task["srs"])
    with open(proof, encoding="utf-8") as file:
        made = json.load(file)
    return {
        "zk": bytes(made["proof"]).hex(),
        "instances": [_decimal(word) for word in made["instances"][0]],
    }


def evaluate(task: dict[str, Any]) -> list[str]:
    """What a circuit makes of its inputs, without a proof: its outputs in decimal."""
    witness = os.path.join(task["folder"], "witness.json")
    ezkl.gen_witness(_input(task), task["compiled"], witness)
    with open(witness, encoding="utf-8") as file:
        made = json.load(file)
    return [_decimal(word) for word in made["outputs"][0]]


def _input(task: dict[str, Any]) -> str:
    """The file with a task's inputs, as EZKL reads them."""
    data = os.path.join(task["folder"], "input.json")
    # As 32-byte little-endian words: numbers would pass through 32-bit floats, which round beyond 24 bits.
    words = [
        [int(value).to_bytes(32, "little").hex() for value in tensor] for tensor in task["inputs"]
    ]
    with open(data, "w", encoding="utf-8") as file:
        json.dump({"input_data": words}, file)
    return data


def _decimal(word: str) -> str:
    """A little-endian word in hexadecimal, in decimal."""
    return str(int.from_bytes(bytes.fromhex(word), "little"))


def verify(task: dict[str, Any]) -> bool:
    """Tells whether the verification key accepts a proof of these instances."""
    zk = bytes.fromhex(task["zk"])
    claim = {
        "protocol": None,
        "instances": [[int(value).to_bytes(32, "little").hex() for value in task["instances"]]],
        "proof": list(zk),
        "hex_proof": "0x" + zk.hex(),
        "split": None,
        "pretty_public_inputs": None,
        "timestamp": 0,
        "version": task["version"],
    }
    proof = os.path.join(task["folder"], "proof.json")
    with open(proof, "w", encoding="utf-8") as file:
        json.dump(claim, file)
    try:
        return bool(ezkl.verify(proof, task["settings"], task["vk"], srs_path=task["srs"]))
    except RuntimeError:
        return False


def poseidon(task: dict[str, Any]) -> str:
    """EZKL's own hash, for comparison with ours."""
    words = [int(value).to_bytes(32, "little").hex() for value in task["elements"]]
    return _decimal(ezkl.poseidon_hash(words)[0])


TASKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    task.__name__: task
    for task in (
        build_settings,
        make_srs,
        compile_network,
        make_keys,
        write_verifier,
        prove,
        evaluate,
        verify,
        poseidon,
    )
}


def _require(done: object) -> None:
    if not done:
        raise RuntimeError("EZKL reports that it did not finish")


def _end_with_parent() -> None:
    """Has the system kill this process when whoever waits for it is gone, however that came about (Linux only)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Does one task and leaves."""
    _end_with_parent()
    # EZKL may print: whatever it says goes to stderr, so that the report stays clean.
    report = os.dup(1)
    os.dup2(2, 1)
    try:
        task = json.load(sys.stdin)
        answer = {"done": True, "result": TASKS[task["task"]](task)}
    except BaseException as failure:  # noqa: BLE001 (a Rust panic is no Exception)
        answer = {"done": False, "reason": f"{failure}" or type(failure).__name__}
    with os.fdopen(report, "w", encoding="utf-8") as channel:
        json.dump(answer, channel)
    os._exit(0)


if __name__ == "__main__":
    main()
