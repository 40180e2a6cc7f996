"""Every test finds the chain as its file's fixtures left it, every file as `escrow` left it.

Instead of Ape's own isolation, which keeps what session-scoped fixtures write, whichever file asks for them
first, and invalidates other fixtures when it does: what a test then found depended on the tests before it.
Here one rule decides: of the session-scoped fixtures only `escrow` may write to the chain.
"""

from collections.abc import Iterator
from typing import Any

import ape
import pytest

from tests.harness.escrow import Escrow
from tests.harness.execution import isolated

_MAY_WRITE = "escrow"


@pytest.fixture(scope="module", autouse=True)
def isolated_file(escrow: Escrow) -> Iterator[None]:
    """Takes back what a file's fixtures did; `escrow` is there before."""
    with isolated():
        yield


@pytest.fixture(autouse=True)
def isolated_test(isolated_file: None) -> Iterator[None]:
    """Takes back what a test and its own fixtures did."""
    with isolated():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> Any:
    """Refuses what would be gone after the first file that asks for it."""
    if fixturedef.scope != "session" or not ape.networks.active_provider:
        return (yield)
    before = ape.chain.blocks.height
    result = yield
    assert fixturedef.argname == _MAY_WRITE or ape.chain.blocks.height == before, (
        f"the session-scoped fixture {fixturedef.argname!r} writes to the chain: make it module-scoped"
    )
    return result
