"""The compiler as Ape calls it, with settings that keep every branch where its source is.

`python -m assurance.solc COMPILER --standard-json ...` is what Ape takes for the compiler in an `assurance.tree`.

The optimizer merges equal code of different places, turns branches into arithmetic and drops conditions that it can decide.
So what is measured is the contracts compiled through the IR with the few steps that keep them small enough to deploy in one
transaction: none of them gives an instruction to another place of the source. What the contracts do is the same, their gas
is not.

Each compilation's question and answer are kept in the folder that `ASSURANCE_BUILD` names, as `<digest>.json`.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = "ASSURANCE_BUILD"

# Of the optimizer's steps: grouping (d h f o g), inlining what is a single expression, and removing what is never used.
STEPS = "dhfogeul"
OPTIMIZER: dict[str, Any] = {
    "enabled": False,
    "details": {
        "peephole": False,
        "inliner": False,
        "jumpdestRemover": True,
        "orderLiterals": False,
        "deduplicate": False,
        "cse": False,
        "constantOptimizer": False,
        "yul": True,
        "yulDetails": {"stackAllocation": True, "optimizerSteps": STEPS},
    },
}
_OUTPUTS = ["abi", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode"]


def adjusted(question: dict[str, Any]) -> dict[str, Any]:
    """The compiler's standard input as Ape wrote it, with our optimizer and the outputs that we need."""
    settings = {**question["settings"], "optimizer": OPTIMIZER}
    settings["outputSelection"] = {
        source: {"*": _OUTPUTS, "": ["ast"]} for source in question["settings"]["outputSelection"]
    }
    # Without a digest of the sources in it, equal code has equal bytes.
    settings["metadata"] = {"bytecodeHash": "none"}
    return {**question, "settings": settings}


def main(compiler: str, *arguments: str) -> int:
    """Compiles as `compiler` would, or as `adjusted` where it goes through the IR."""
    if "--standard-json" not in arguments:
        return subprocess.run([compiler, *arguments], check=False).returncode
    question = json.loads(sys.stdin.buffer.read())
    # EZKL's verifiers do not compile through the IR, and are not measured.
    measured = bool(question["settings"].get("viaIR"))
    if measured:
        question = adjusted(question)
    done = subprocess.run(
        [compiler, *arguments],
        input=json.dumps(question).encode(),
        stdout=subprocess.PIPE,
        check=False,
    )
    if measured and done.returncode == 0:
        _keep(question, done.stdout)
    sys.stdout.buffer.write(done.stdout)
    return done.returncode


def _keep(question: dict[str, Any], output: bytes) -> None:
    folder = Path(os.environ[FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"question": question, "output": json.loads(output)}
    (folder / f"{hashlib.sha256(output).hexdigest()[:16]}.json").write_text(json.dumps(kept))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
