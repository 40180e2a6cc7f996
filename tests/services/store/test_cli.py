"""`provenwork database`: the same for the embedded Postgres and for one's own."""

import pytest
from typer.testing import CliRunner

from provenwork.cli import app
from provenwork.store._schema import expected_revision
from tests.services.store.harness import ask, new_database


@pytest.fixture
def run():
    """Runs a command; its exit code and what it said."""

    def invoke(*arguments, **environment):
        result = CliRunner().invoke(app, ["database", *arguments], env=environment)
        return result.exit_code, result.output

    return invoke


def test_own_database(run, server):
    """A database of one's own is changed only when told to, and neither command shows its password."""
    url = new_database(server.url, template="template0").set(password="hunter2")
    address = url.render_as_string(hide_password=False)
    code, said = run("status", DATABASE_URL=address)
    assert code == 1
    assert "no tables" in said
    assert run("migrate", DATABASE_URL=address) == (
        0,
        "The tables are up to date (they were not there).\n",
    )
    assert expected_revision() in run("migrate", DATABASE_URL=address)[1]
    code, said = run("status", DATABASE_URL=address)
    assert code == 0
    assert said.endswith("\nready\n")
    assert "hunter2" not in said
    ask(server.url, f'DROP DATABASE "{url.database}" WITH (FORCE)')


def test_embedded(run, data_folder):
    """The embedded one is started for the command."""
    folder = str(data_folder())
    assert run("migrate", "--data", folder)[0] == 0
    assert run("status", "--data", folder)[1].endswith("\nready\n")


def test_errors(run):
    """An error is a line and a hint, without a traceback or the address."""
    code, said = run("status", DATABASE_URL="mysql://u:hunter2@h/d")
    assert code == 1
    assert "postgresql://" in said
    assert "hunter2" not in said
    assert "Traceback" not in said
