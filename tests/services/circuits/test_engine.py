"""EZKL's child process: whatever happens in there, an error of ours comes out."""

import threading
import time

import pytest

from provenwork.circuits import Circuit
from provenwork.circuits._engine import EngineTask, run_engine
from provenwork.core.errors import EngineCancelled, EngineCrashed, EngineError, EngineTimeout


def _long_task(circuit: Circuit, tmp_path) -> EngineTask:
    return EngineTask(
        "make_keys",
        compiled=str(circuit.compiled),
        srs=str(circuit.srs),
        pk=str(tmp_path / "pk"),
        vk=str(tmp_path / "vk"),
    )


def _run_in_thread(task: EngineTask) -> tuple[threading.Thread, list[Exception]]:
    raised: list[Exception] = []

    def run() -> None:
        try:
            task.run(timeout=60)
        except EngineError as problem:
            raised.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 10
    while task._child is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    return thread, raised


def test_a_refusal_is_an_error_with_its_reason(tmp_path):
    """What EZKL refuses comes back as EngineError, with EZKL's words."""
    (tmp_path / "network.onnx").write_bytes(b"no network")
    with pytest.raises(EngineError, match="EZKL failed at compile_network"):
        run_engine(
            "compile_network",
            timeout=60,
            onnx=str(tmp_path / "network.onnx"),
            settings=str(tmp_path / "settings.json"),
            compiled=str(tmp_path / "circuit.ezkl"),
        )


def test_a_panic_is_an_error(tmp_path, circuit):
    """A Rust panic, here over a number that is no field element, ends the child and not us."""
    with pytest.raises(EngineError):
        run_engine("poseidon", timeout=60, elements=[str(2**256 - 1)])


def test_a_dead_child_is_an_error(circuit, tmp_path):
    """A child that is killed, as the system does when memory runs out, is EngineCrashed with a hint."""
    task = _long_task(circuit, tmp_path)
    thread, raised = _run_in_thread(task)
    assert task._child is not None
    task._child.kill()
    thread.join(10)
    assert isinstance(raised[0], EngineCrashed)
    assert "memory" in raised[0].hint


def test_a_task_can_be_stopped(circuit, tmp_path):
    """`stop` from another thread ends the child, and the wait for it."""
    task = _long_task(circuit, tmp_path)
    thread, raised = _run_in_thread(task)
    task.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(raised[0], EngineCancelled)
    assert task._child is not None
    assert task._child.poll() is not None


def test_a_task_that_was_stopped_does_not_start(circuit, tmp_path):
    """Stopping before the start is stopping, too."""
    task = _long_task(circuit, tmp_path)
    task.stop()
    with pytest.raises(EngineCancelled, match="before it began"):
        task.run(timeout=60)
    assert task._child is None


def test_time_is_bounded(circuit, tmp_path):
    """When the time is over the child is gone, and the error is a TimeoutError as well."""
    task = _long_task(circuit, tmp_path)
    with pytest.raises(TimeoutError) as late:
        task.run(timeout=0.15)
    assert isinstance(late.value, EngineTimeout)
    assert task._child is not None
    assert task._child.poll() is not None
