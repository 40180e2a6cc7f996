"""`provenwork sender`: what a person says to a sender."""

from typer.testing import CliRunner

from provenwork.cli import app
from tests.services.store.harness import ask

ACCOUNT = "0x" + "aB" * 20


def test_accept(url):
    """A person's word is kept: how far all nonces of an account are known, and it never goes back."""
    address = {"DATABASE_URL": url.render_as_string(hide_password=False)}
    for below in ("7", "5"):
        result = CliRunner().invoke(app, ["sender", "accept", "8453", ACCOUNT, below], env=address)
        assert result.exit_code == 0, result.output
    assert ask(url, "SELECT chain_id, known_below FROM sender_accounts") == [(8453, 7)]
    assert ask(url, "SELECT payload FROM events ORDER BY seq")[0] == ({"below": 7},)


def test_refusals(url):
    """What is no account and what is no nonce is refused, in a line."""
    address = {"DATABASE_URL": url.render_as_string(hide_password=False)}
    for account, below in (("0x12", "7"), (ACCOUNT, str(2**63))):
        result = CliRunner().invoke(app, ["sender", "accept", "8453", account, below], env=address)
        assert result.exit_code == 1
        assert "Traceback" not in result.output
    assert ask(url, "SELECT * FROM sender_accounts") == []
