"""What the machine asks of a signature that is brought again, and of whom it cannot ask it."""

import pytest

from tests.harness.escrow import DAY
from tests.stateful.test_machine import placed
from tests.stateful.world_setup import Scene


@pytest.fixture
def state(project, escrow, factory):
    """The machine, after a user posted a job by its signature."""
    scene = Scene(project, escrow, factory)
    state = placed(scene)()
    state._post("user", "", "", "usdc", 0, 0, "signature", DAY, 0)
    assert [function for _, function, *_ in state.intents] == ["postJobBySig"]
    yield state
    scene.close()


def test_usual_account(state):
    """An old signature is refused, and the machine is content."""
    state.replay_an_intent(0, 0)


def test_yielding_account(state):
    """Whoever says yes to every signature says it to an old one, for what is to be signed now."""
    state.turn_hostile("user", "yield")
    state.replay_an_intent(0, 0)


def test_signature_that_passes_twice(state):
    """The machine would notice it: here nobody told it that the account says yes to everything."""
    state.turn_hostile("user", "yield")
    state.yielding.clear()
    with pytest.raises(AssertionError, match="postJobBySig passes twice"):
        state.replay_an_intent(0, 0)
