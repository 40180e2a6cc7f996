"""The SDK as agents install it."""

import subprocess
import sys
from pathlib import Path

import provenwork.chain
import provenwork.crypto
import provenwork.sessions


def test_the_sdk_does_not_load_ape():
    """Importing the SDK loads neither Ape nor EZKL: those are for tests, deployment and the prover's own process."""
    script = (
        "import sys, provenwork.sessions; print([m for m in ('ape', 'ezkl') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_explained():
    """Each package's face is its `__all__`, and every class and function in it has a docstring."""
    for package in (provenwork.crypto, provenwork.chain, provenwork.sessions):
        for name in package.__all__:
            found = getattr(package, name)
            assert not callable(found) or found.__doc__, f"{package.__name__}.{name}"
