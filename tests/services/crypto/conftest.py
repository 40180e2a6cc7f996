"""Nothing here asks a chain: these take the place of what prepares one for every other test."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def direct_connection() -> None:
    """No chain."""


@pytest.fixture(scope="module", autouse=True)
def isolated_file() -> None:
    """No chain."""


@pytest.fixture(autouse=True)
def isolated_test() -> None:
    """No chain."""
