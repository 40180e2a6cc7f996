"""The page about live events is true: its tests exist, and its messages and codes are the hub's."""

import json
import re

from provenwork.web import _hub
from provenwork.web._frames import RESERVED
from provenwork.web._socket_policy import SocketPolicy
from provenwork.web._wire import UVICORN_SOCKETS
from tests.services.store.harness import ROOT

PAGE = (ROOT / "docs/EVENTS.md").read_text()


def test_tests_exist():
    """Every test that the page names is one."""
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    files = [
        *(ROOT / "tests/services/client").glob("test_*.py"),
        *(ROOT / "tests/services/web").glob("test_socket*.py"),
    ]
    found = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert len(named) > 30
    assert named <= found


def test_messages():
    """The hub's own messages are all on the page, as JSON that can be read."""
    shown = [
        json.loads(text)
        for text in re.findall(r'^\| `(\{"type":"(?!job)[^`]*\})`', PAGE, re.MULTILINE)
    ]
    assert {message["type"] for message in shown} == RESERVED


def test_codes_and_limits():
    """Codes and defaults are the ones in use."""
    codes = {
        int(code)
        for row in re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
        for code in row.split(",")
    }
    assert {_hub.TOO_SLOW, _hub.BEYOND, _hub.RESTART, _hub.DAMAGED} < codes
    policy = SocketPolicy()
    for said in (
        f"`send_timeout` ({policy.send_timeout:.0f} s)",
        f"`queue` ({policy.queue:,})",
        f"`reads` ({policy.reads})",
        f"pings ({UVICORN_SOCKETS['ws_ping_interval']:.0f} s + {UVICORN_SOCKETS['ws_ping_timeout']:.0f} s)",
        f"at most {policy.most_filters} for\na client",
        f'"heartbeat":{policy.heartbeat}',
    ):
        assert said in PAGE, said
