"""The library, made callable."""

import pytest


@pytest.fixture(scope="module")
def signatures(project, owner):
    """A contract that exposes the library's functions."""
    return owner.deploy(project.SignaturesHarness)
