"""The verifier contracts that EZKL writes, compiled apart from ours.

They do not compile through the IR, which our contracts need, and Ape has one compiler setting per project: so
`contracts/verifiers/` is an Ape project of its own, left out of the root project's compilation.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ape.contracts import ContractContainer
    from ape.managers.project import LocalProject


def verifier_project() -> LocalProject:
    """Ape's project for `contracts/verifiers/` of the current project."""
    # Here, because who uses the SDK needs neither Ape nor the second it takes to load.
    import ape

    return _open(ape.project.path / "contracts" / "verifiers")


def verifier(name: str) -> ContractContainer:
    """The verifier contract of this name, as in `verifier("TokenCount64Verifier").deploy(sender=...)`.

    Compiled when it is first asked for and when its source has changed since.

    Raises:
        LookupError: No file of `contracts/verifiers/` has a contract of this name.
    """
    project = verifier_project()
    container = project.get_contract(name)
    if container is None:
        known = ", ".join(sorted(path.stem for path in project.path.glob("*.sol"))) or "none"
        raise LookupError(f"no verifier contract named {name!r} in {project.path} (files: {known})")
    return container


@cache
def _open(path: Path) -> LocalProject:
    from ape.managers.project import LocalProject

    return LocalProject(path)
