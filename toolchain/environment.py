"""Loaded at every start of the environment's Python, activated or not.

`make setup` copies this file into the environment as `_provenwork_environment.py`, beside a `.pth` file that imports it. It
does three things, with the standard library alone, because it runs before anything else:

* lets Ape find the compiler and the chain (`SOLCX_BINARY_PATH`, `PATH`);
* keeps requests to a chain on this machine away from a proxy (`NO_PROXY`);
* before `ape` or `pytest`, makes Ape forget contracts that it would wrongly take for compiled (`forget_stale_contracts`).
"""

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

_IMPORT = re.compile(r"""\bimport\b[^;"']*["']([^"']+)["']""")


def forget_stale_contracts(project: Path) -> None:
    """Removes from Ape's cache what was compiled from something else than what lies there now.

    Ape compiles a file again when that file changed, but not when a file that it imports or the compiler's settings did,
    and would go on testing and deploying the old bytecode. So this keeps a digest of each source with all that it imports.
    """
    build = project / ".build"
    manifest, record = build / "__local__.json", build / "closures.json"
    settings = _digest(
        *(_read(project / name) for name in ("ape-config.yaml", "package-lock.json"))
    )
    closures = _closures(project)
    before = _load(record)
    if before == {"settings": settings, "closures": closures}:
        return
    if manifest.is_file():
        if before.get("settings") != settings:
            manifest.unlink()
        else:
            known = before.get("closures", {})
            stale = {source for source, digest in closures.items() if known.get(source) != digest}
            cache = _load(manifest)
            types = cache.get("contractTypes", {})
            cache["contractTypes"] = {
                k: v for k, v in types.items() if v.get("sourceId") not in stale
            }
            _save(manifest, cache)
    _save(record, {"settings": settings, "closures": closures})


def _closures(project: Path) -> dict[str, str]:
    """Each source's path within the project, and the digest of it and of all it imports within the project."""
    texts = {
        os.path.relpath(path, project): _read(path)
        for folder in _source_folders(project)
        for path in sorted(folder.rglob("*.sol"))
    }
    imports = {source: _imports(source, text, texts) for source, text in texts.items()}
    digests = {source: _digest(text) for source, text in texts.items()}

    def reach(source: str) -> list[str]:
        seen, queue = {source}, [source]
        while queue:
            found = imports[queue.pop()] - seen
            seen |= found
            queue += found
        return sorted(seen)

    return {
        source: _digest(*(f"{s} {digests[s]}\n".encode() for s in reach(source)))
        for source in texts
    }


def _source_folders(project: Path) -> list[Path]:
    folders = [
        folder for name in ("contracts", "interfaces") if (folder := project / name).is_dir()
    ]
    return folders or [project]


def _imports(source: str, text: bytes, sources: dict[str, bytes]) -> set[str]:
    # What a comment seems to import does no harm: it makes one more reason to compile.
    found = set()
    for name in _IMPORT.findall(text.decode("utf-8", "replace")):
        start = os.path.dirname(source) if name.startswith(".") else ""
        found.add(os.path.normpath(os.path.join(start, name)))
    return found & sources.keys()


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError):
        return {}


def _save(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever reads at the same time sees the whole file, the old or the new.
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(content))
    draft.replace(path)


def _find_tools() -> None:
    tools = os.path.join(sys.prefix, "bin")
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if tools not in path:
        os.environ["PATH"] = os.pathsep.join([tools, *path])
    os.environ.setdefault("SOLCX_BINARY_PATH", os.path.join(sys.prefix, "solc"))


def _talk_directly_to_this_machine() -> None:
    for name in ("no_proxy", "NO_PROXY"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


def _starts_ape() -> bool:
    # ".../python -c ..." and the like come without a program's name.
    arguments = [os.path.basename(argument) for argument in sys.orig_argv[1:]]
    return bool({"ape", "pytest"} & set(arguments[:3]))


_find_tools()
_talk_directly_to_this_machine()
if _starts_ape():
    for _project in (Path(), Path("contracts", "verifiers")):
        if (_project / "ape-config.yaml").is_file():
            forget_stale_contracts(_project)
