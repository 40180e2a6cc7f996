"""The pytest plugin that follows the tests' requests: `PYTEST_PLUGINS=assurance.coverage.plugin`."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from assurance.coverage.programs import Build
from assurance.coverage.scope import measured
from assurance.coverage.trace import Recorder
from assurance.solc import FOLDER

COUNTS = "ASSURANCE_COUNTS"
"""The variable that names the folder for the counts, one file per worker."""


class Plugin:
    """Begins when the first request is made: the contracts are compiled by then."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None
        self.test = ""
        self.seconds: dict[str, float] = defaultdict(float)

    def answered(self, chain: str, ask: Any, method: str, params: Any, answer: Any) -> None:
        """A request was answered."""
        if self.recorder is None:
            self.recorder = Recorder(Build(Path(os.environ[FOLDER]), measured))
        self.recorder.test = self.test
        self.recorder.answered(chain, ask, method, params, answer)

    @pytest.hookimpl
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """What is executed from now on is this test's, or its fixtures'."""
        self.test = nodeid

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One of a test's phases is over."""
        self.seconds[report.nodeid] += report.duration

    @pytest.hookimpl
    def pytest_sessionfinish(self) -> None:
        """Writes the counts."""
        if self.recorder is not None:
            worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
            self.recorder.save(Path(os.environ[COUNTS]) / f"{worker}.npz", dict(self.seconds))


def pytest_configure(config: pytest.Config) -> None:
    """Listens on the two ways on which the tests ask a chain."""
    from tests.harness.connection import DirectProvider
    from tests.stateful.world import Node

    plugin = Plugin()
    config.pluginmanager.register(plugin, "assurance-coverage")
    direct, batch = DirectProvider.make_request, Node.ask

    def make_request(self: DirectProvider, method: Any, params: Any) -> Any:
        answer = direct(self, method, params)
        plugin.answered(self._address, self._ask, method, params, answer)
        return answer

    def ask(self: Node, *questions: tuple[Any, ...]) -> Any:
        answers = batch(self, *questions)
        chain = f"{self._connection.host}:{self._connection.port}"
        for (method, *params), answer in zip(questions, answers, strict=True):
            plugin.answered(chain, lambda m, p: batch(self, (m, *p))[0], method, params, answer)
        return answers

    DirectProvider.make_request = make_request  # type: ignore[method-assign]
    Node.ask = ask  # type: ignore[method-assign]
