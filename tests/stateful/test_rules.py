"""Nothing that the contracts can be asked is left out of the machine."""

import ast
import inspect
import sys

import pytest

from tests.stateful.test_machine import Machine

OURS = "tests.stateful."


def _spoken_of() -> set[str]:
    """Every string in the code of the machine and of what it is made of, docstrings excepted."""
    modules = {kind.__module__ for kind in Machine.__mro__ if kind.__module__.startswith(OURS)}
    found = set()
    for module in modules:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
        remarks = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in remarks
        }
    return found


@pytest.mark.parametrize(
    "contract",
    ["JobMarketplace", "JobMarketplaceExtension", "JobFactory", "WorkerRegistry", "ProofSystem"],
)
def test_every_function_has_a_rule(project, contract):
    """It should have a rule that calls it, or an invariant or rule that asks it."""
    functions = {
        entry.name
        for entry in getattr(project, contract).contract_type.abi
        if entry.type == "function"
    }
    assert functions
    assert functions - _spoken_of() == set()
