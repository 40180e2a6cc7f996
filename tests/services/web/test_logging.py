"""Logs: one line each, for machines, and never with a secret."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.web import Redaction

SECRET = "hunter2hunter2"
PROGRAM = """
import json, logging, sys
from provenwork.web import configure_logging
configure_logging("INFO", {style!r}, secrets=[{secret!r}])
log = logging.getLogger("provenwork.test")
{statements}
"""


def logged(statements, style="json"):
    """What a program writes to its standard error."""
    program = PROGRAM.format(style=style, secret=SECRET, statements=statements)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == ""
    return done.stderr


def test_one_line_each():
    """A message is one JSON object on one line, whatever is in it."""
    text = logged(
        'log.warning("evil\\n{\\"event\\": \\"forged\\"} %s", "\\u2028\\r\\n", extra={"jobId": "7"})'
    )
    (line,) = [json.loads(one) for one in text.split("\n") if one]
    assert line["event"] == 'evil\n{"event": "forged"} \u2028\r\n'
    assert (line["level"], line["logger"], line["jobId"]) == ("warning", "provenwork.test", "7")
    assert line["timestamp"].endswith("Z")


def test_tracebacks():
    """A traceback is within its line, without the values of variables, and without a known secret."""
    text = logged(
        f"""
def fail(private_value):
    raise ValueError("cannot open " + {SECRET!r})
try:
    fail("0123456789")
except ValueError:
    log.exception("failed")
"""
    )
    line = json.loads(text)
    assert "ValueError: cannot open [hidden]" in line["exception"]
    assert "0123456789" not in line["exception"].replace('fail("0123456789")', "")
    assert SECRET not in text


@pytest.mark.parametrize("style", ["json", "console"])
def test_secrets(style):
    """A secret is left out wherever it stands: by a field's name, by a text's form, by its value."""
    text = logged(
        f"""
log.info("known %s", {SECRET!r})
log.info("url", extra={{"node": "https://user:pass-word@node.example/v3?api_key=abcdef&x=1"}})
log.info("header", extra={{"headers": {{"Authorization": "Bearer abc.def", "accept": "*/*"}}}})
log.info("Bearer tok-en and Basic dXNlcg==")
log.info("fields", extra={{"private_key": "0xabc", "signerPassword": "p-w", "token": "0xToken"}})
log.info("raw", extra={{"thing": [{SECRET!r}, {{"deep": {SECRET!r}}}]}})
""",
        style,
    )
    for secret in (SECRET, "pass-word", "abcdef", "abc.def", "tok-en", "dXNlcg", "0xabc", "p-w"):
        assert secret not in text, secret
    # What is no secret stays: the token that is paid in is an address.
    assert "0xToken" in text
    assert "node.example" in text


def test_libraries():
    """What libraries log comes out in the same way."""
    text = logged('logging.getLogger("uvicorn.error").error("at %s", "postgres://u:p@w-pw@h/d")')
    assert json.loads(text)["event"] == "at postgres://[hidden]@h/d"


def test_queries_of_sockets():
    """What uvicorn says of every WebSocket, its query included, is not written; what goes wrong is."""
    text = logged(
        """
uvicorn = logging.getLogger("uvicorn.error")
uvicorn.info('%s - "WebSocket %s" [accepted]', "1.2.3.4:5", "/ws?ticket=abcdef")
uvicorn.warning("Invalid HTTP request received.")
"""
    )
    assert json.loads(text)["event"] == "Invalid HTTP request received."


@given(st.text(min_size=6, max_size=30).filter(lambda text: "hidden" not in text), st.data())
def test_known_secrets_never(secret, data):
    """A known secret does not get through, in whatever text it stands and however deep."""
    before, after = data.draw(st.text(max_size=10)), data.draw(st.text(max_size=10))
    redaction = Redaction([secret])
    event = {"event": before + secret + after, "deep": [{"x": (secret, {secret})}]}
    cleaned = redaction(None, "info", event)
    assert secret not in cleaned["event"]
    assert secret not in str(cleaned["deep"][0]["x"])


def test_short_secrets():
    """What is too short to be told from other text is not looked for."""
    assert Redaction(["a", "12345"]).text("a 12345") == "a 12345"
