"""Builds a circuit: network, settings, test SRS, keys, Solidity verifier and manifest."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from provenwork.circuits._circuit import (
    COMPILED,
    FORMAT,
    MANIFEST,
    NETWORK,
    PROVING_KEY,
    SETTINGS,
    VERIFICATION_KEY,
    Circuit,
    artefacts_folder,
    insecure,
    load_circuit,
    sha256_of,
)
from provenwork.circuits._engine import run_engine
from provenwork.circuits._families import family_of
from provenwork.circuits._keys import SETUP_TIMEOUT, OnStep, cache_folder, held
from provenwork.core.errors import ArtefactError, CircuitInputError

__all__ = ["build", "differences"]


def build(
    name: str,
    *,
    logrows: int | None = None,
    srs: Path | None = None,
    new_srs: bool = False,
    folder: Path | None = None,
    verifiers: Path | None = None,
    cache: Path | None = None,
    timeout: float = SETUP_TIMEOUT,
    on_step: OnStep | None = None,
) -> Circuit:
    """Builds a circuit from its source, and writes all of its files.

    The same source, SRS and EZKL give the same files, byte for byte, but for the compiled network, whose order varies. **A
    new SRS, other settings or another EZKL change the keys, and with them the verifier**: what was deployed does not accept
    the new proofs, nor the new verifier the old.

    Args:
        name: The circuit, family and size: "token_count/64".
        logrows: Base-2 logarithm of its rows; needed only for a size that the family does not know.
        srs: The structured reference string to use, for example a public ceremony's; it is copied to the circuits and
            keeps its name, which must contain INSECURE unless its secret is known to nobody. The repository's test SRS by
            default.
        new_srs: Make a new test SRS even if there is one. It changes every circuit with as many rows.
        folder: Where the circuits are written; `artefacts_folder()` by default.
        verifiers: Where the Solidity verifier is written; `contracts/verifiers` beside `folder` by default.
        cache: Where the proving key is kept; `cache_folder()` by default.
        timeout: Seconds for each step.
        on_step: Is told what begins.

    Returns:
        The circuit, as its new manifest describes it.

    Raises:
        UnknownCircuit: There is no such family.
        CircuitInputError: The size or its rows make no circuit.
        EngineError: EZKL failed.
    """
    tell = on_step or (lambda _: None)
    family_name, size, rows = _dimensions(name, logrows)
    family = family_of(name)
    root = folder or artefacts_folder()
    contract = f"{''.join(part.title() for part in family_name.split('_'))}{size}Verifier"
    source = (verifiers or root.parent / "contracts" / "verifiers") / f"{contract}.sol"
    home = root / name
    keys = (cache or cache_folder()) / name
    if srs is not None and new_srs:
        raise CircuitInputError("either a given SRS or a new one")
    used_srs = root / "srs" / (f"INSECURE_TEST_k{rows}.srs" if srs is None else srs.name)
    for needed in (home, keys, used_srs.parent, source.parent):
        needed.mkdir(parents=True, exist_ok=True)

    with (
        held(keys / "lock", timeout, tell),
        tempfile.TemporaryDirectory(prefix="making-", dir=keys) as folder_name,
    ):
        workshop = Path(folder_name)
        at = {
            file: workshop / file
            for file in (NETWORK, SETTINGS, COMPILED, VERIFICATION_KEY, PROVING_KEY)
        }
        tell("writing the network")
        at[NETWORK].write_bytes(family.onnx_model(size))
        tell("making the settings")
        run_engine(
            "build_settings",
            timeout=timeout,
            onnx=str(at[NETWORK]),
            settings=str(at[SETTINGS]),
            run_args=family.run_args(rows),
        )
        family.check_settings(json.loads(at[SETTINGS].read_text(encoding="utf-8")), rows)
        string = srs or used_srs
        if new_srs or not string.is_file():
            string = workshop / "srs"
            tell(f"making a new INSECURE TEST SRS (2^{rows} rows)")
            run_engine("make_srs", timeout=timeout, srs=str(string), logrows=rows)
        tell("compiling the network")
        run_engine(
            "compile_network",
            timeout=timeout,
            onnx=str(at[NETWORK]),
            settings=str(at[SETTINGS]),
            compiled=str(at[COMPILED]),
        )
        tell(f"making the keys (2^{rows} rows)")
        run_engine(
            "make_keys",
            timeout=timeout,
            compiled=str(at[COMPILED]),
            srs=str(string),
            vk=str(at[VERIFICATION_KEY]),
            pk=str(at[PROVING_KEY]),
        )
        tell("writing the Solidity verifier")
        run_engine(
            "write_verifier",
            timeout=timeout,
            vk=str(at[VERIFICATION_KEY]),
            settings=str(at[SETTINGS]),
            srs=str(string),
            solidity=str(workshop / "verifier.sol"),
        )
        written = (workshop / "verifier.sol").read_text(encoding="utf-8")
        solidity = workshop / "named.sol"
        solidity.write_text(
            _named(written, contract, name, sha256_of(at[VERIFICATION_KEY]), used_srs.name),
            encoding="utf-8",
        )
        manifest = {
            "format": FORMAT,
            "name": name,
            "family": family_name,
            "size": size,
            "max_tokens": size,
            "prompt_size": family.PROMPT_SIZE,
            "logrows": rows,
            "ezkl": importlib.metadata.version("ezkl"),
            "proof_bytes": _proof_bytes(written),
            "layout": family.layout(),
            "verifier": contract,
            "verifier_source": os.path.relpath(source, home),
            "srs": os.path.relpath(used_srs, home),
            "sha256": {
                "network": sha256_of(at[NETWORK]),
                "settings": sha256_of(at[SETTINGS]),
                "srs": sha256_of(string),
                "compiled": sha256_of(at[COMPILED]),
                "vk": sha256_of(at[VERIFICATION_KEY]),
                "pk": sha256_of(at[PROVING_KEY]),
                "verifier": sha256_of(solidity),
            },
        }
        tell("putting everything in its place")
        if string.resolve() != used_srs.resolve():
            shutil.copy(string, used_srs)
        for file in (NETWORK, SETTINGS, COMPILED, VERIFICATION_KEY):
            shutil.move(at[file], home / file)
        os.replace(at[PROVING_KEY], keys / PROVING_KEY)
        shutil.move(solidity, source)
        _write(home / MANIFEST, manifest)
    return load_circuit(name, root)


def differences(
    circuit: Circuit, *, timeout: float = SETUP_TIMEOUT, on_step: OnStep | None = None
) -> list[str]:
    """Builds a circuit again, elsewhere and with its own SRS, and names what comes out different from its manifest.

    An empty list means: the committed files, keys and verifier are what this source, SRS and EZKL make.

    Raises:
        ArtefactError: The committed files are not those of the manifest in the first place.
        EngineError: EZKL failed.
    """
    circuit.check_committed()
    with tempfile.TemporaryDirectory(prefix="provenwork-") as folder:
        elsewhere = Path(folder) / "circuits"
        again = build(
            circuit.name,
            logrows=circuit.logrows,
            srs=circuit.srs,
            folder=elsewhere,
            cache=Path(folder) / "cache",
            timeout=timeout,
            on_step=on_step,
        )
        # EZKL writes the compiled network in another order each time: the keys tell whether it is the same.
        differing = [
            role
            for role, made in again.hashes.items()
            if made != circuit.hashes[role] and role != "compiled"
        ]
        fields = ("layout", "max_tokens", "prompt_size", "proof_bytes", "verifier", "ezkl")
        differing += [name for name in fields if getattr(again, name) != getattr(circuit, name)]
        return differing


def _dimensions(name: str, logrows: int | None) -> tuple[str, int, int]:
    family_name, _, digits = name.partition("/")
    known = family_of(name).LOGROWS
    if not digits.isdecimal() or not 2 <= int(digits) <= 1 << 14:
        raise CircuitInputError(
            f"{name!r} names no size of {family_name} from 2 to {1 << 14}",
            hint=f"For example {family_name}/64.",
        )
    size = int(digits)
    rows = known.get(size) if logrows is None else logrows
    if rows is None:
        raise CircuitInputError(
            f"how many rows {name} takes is not known",
            hint="Say it with --logrows; if 2^k are too few, the error tells how many it takes.",
        )
    if not 8 <= rows <= 20:
        raise CircuitInputError(f"a circuit has 2^8 to 2^20 rows, not 2^{rows}")
    return family_name, size, rows


def _named(source: str, contract: str, circuit: str, vk: str, srs: str) -> str:
    """Gives EZKL's contract its own name, says where it comes from, and declares what it is: a view."""
    body, licences = re.subn(r"\A// SPDX-License-Identifier: MIT\n", "", source)
    body, contracts = re.subn(r"\bcontract Halo2Verifier\b", f"contract {contract}", body)
    body, views = re.subn(r"\) public returns \(bool\)", ") public view returns (bool)", body)
    if (licences, contracts, views) != (1, 1, 1):
        raise ArtefactError("EZKL wrote a verifier of a form that this builder does not know")
    warning = "INSECURE TEST SRS: whoever made it can forge proofs. Not for production; see circuits/README.md."
    return (
        f"// Generated by EZKL: `provenwork circuits build {circuit}`. Do not edit.\n"
        "// SPDX-License-Identifier: MIT\n"
        f"// {warning if insecure(srs) else f'Structured reference string: {srs}.'}\n"
        f"// SHA-256 of the verification key: {vk}\n"
        + re.sub(r"[ \t]+$", "", body, flags=re.MULTILINE)
    )


def _proof_bytes(source: str) -> int:
    """The length of a proof, which EZKL's contract checks (its own off-chain check does not)."""
    lengths = re.findall(r"eq\((0x[0-9a-f]+), proof\.length\)", source)
    if len(lengths) != 1:
        raise ArtefactError("EZKL wrote a verifier of a form that this builder does not know")
    return int(lengths[0], 16)


def _write(path: Path, content: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)
