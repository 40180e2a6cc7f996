"""`provenwork circuits` in a terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from provenwork.circuits import Circuit, Proof, language_model
from provenwork.cli import app
from tests.services.circuits.conftest import (
    CHAIN_ID,
    FIRST_TOKEN,
    HOST,
    JOB_ID,
    MARKETPLACE,
    TOKENS,
)

PLACE = {
    "--chain-id": str(CHAIN_ID),
    "--marketplace": MARKETPLACE,
    "--job-id": str(JOB_ID),
    "--host": HOST,
    "--first-token": str(FIRST_TOKEN),
}
PLACE_ARGUMENTS = [word for option in PLACE.items() for word in option]


def run(*arguments: str, stdin: str | None = None):
    """Runs `provenwork circuits ...` and keeps stdout and stderr apart."""
    return CliRunner().invoke(app, ["circuits", *arguments], input=stdin)


@pytest.fixture
def proof_file(proof: Proof, tmp_path: Path) -> Path:
    """The honest proof, as `prove` writes it."""
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof.to_json(TOKENS)))
    return path


@pytest.fixture
def tokens_file(tmp_path: Path) -> Path:
    """The tokens that the user received."""
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(TOKENS))
    return path


def test_a_proof_from_stdin_to_stdout(circuit: Circuit, tag: int):
    """`prove` reads tokens from stdin and writes nothing but the proof's JSON to stdout."""
    done = run("prove", circuit.name, "-", *PLACE_ARGUMENTS, stdin=json.dumps(TOKENS))
    assert done.exit_code == 0, done.stderr
    written = json.loads(done.stdout)
    assert set(written) == {
        "circuit",
        "tag",
        "count",
        "commitment",
        "tokens",
        "instances",
        "proof",
        "encoded",
    }
    assert written["tag"] == f"0x{tag:032x}"
    assert written["tokens"] == list(TOKENS)
    assert Proof.from_json(written).count == len(TOKENS)
    assert "INSECURE TEST SRS" in done.stderr


def test_a_proof_is_verified_with_all_that_is_known(proof_file: Path, tokens_file: Path):
    """`verify` with the place and the tokens accepts the honest proof, and has nothing left unchecked."""
    done = run("verify", str(proof_file), "--tokens", str(tokens_file), *PLACE_ARGUMENTS)
    assert done.exit_code == 0, done.stderr
    assert "valid: 6 tokens" in done.stderr
    assert "not checked" not in done.stderr


def test_what_was_not_checked_is_said(proof_file: Path):
    """`verify` with the proof alone says that neither session nor tokens were checked."""
    done = run("verify", str(proof_file))
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("not checked") == 2


def test_a_proof_of_another_session_is_refused(proof_file: Path):
    """`verify` fails for another job."""
    done = run("verify", str(proof_file), *PLACE_ARGUMENTS, "--job-id", "8")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: the proof is of another place")


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (
            ["prove", "token_count/7", "-", *PLACE_ARGUMENTS],
            "[1]",
            "there is no circuit 'token_count/7'",
        ),
        (["prove", "token_count/64", "-", *PLACE_ARGUMENTS], "[1", "- is not JSON"),
        (["prove", "token_count/64", "-", *PLACE_ARGUMENTS], '{"a": 1}', "it is not a JSON list"),
        (["prove", "token_count/64", "-", *PLACE_ARGUMENTS], "[]", "1 to 64 tokens, not 0"),
        (["prove", "token_count/64", "-", *PLACE_ARGUMENTS], "[1.5]", "token 0 must be an integer"),
        (["prove", "token_count/64", "-", *PLACE_ARGUMENTS], "[" * 200_000, "too many brackets"),
        (
            ["prove", "token_count/64", "-", "--job-id", "1"],
            "[1]",
            "the session's place is not complete",
        ),
        (
            ["prove", "token_count/64", "nowhere.json", *PLACE_ARGUMENTS],
            None,
            "nowhere.json cannot be read",
        ),
        (
            ["prove", "token_count/64", "-", *PLACE_ARGUMENTS, "--host", "0x12"],
            "[1]",
            "the host is not an address",
        ),
        (
            ["prove", "tiny_lm/16", "-", *PLACE_ARGUMENTS, "--prompt", "who is it ?"],
            "[1]",
            "token 0 is 1, but after this prompt the model says",
        ),
        (["prove", "tiny_lm/16", "-", *PLACE_ARGUMENTS], "[1]", "a prompt of 1 to 8 tokens, not 0"),
        (["generate", "hello"], None, "does not know 'hello'"),
        (["verify", "-"], "[]", "holds no proof"),
        (["verify", "-"], "{}", "this is not a proof"),
        (["build", "token_count/many"], None, "names no size"),
        (["build", "token_count/100"], None, "how many rows token_count/100 takes is not known"),
        (["build", "llm/1"], None, "there is no family of circuits"),
    ],
)
def test_errors_are_one_line(arguments, stdin, reason):
    """A mistake ends with exit code 1, one line that says what is wrong, at most one that helps, and no traceback."""
    done = run(*arguments, stdin=stdin)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert "Traceback" not in done.stderr


def test_keys_are_set_up(circuit: Circuit):
    """`setup` checks the keys that are there, and labels the SRS."""
    done = run("setup", circuit.name)
    assert done.exit_code == 0, done.stderr
    assert f"{circuit.name}: checked" in done.stderr
    assert "INSECURE TEST SRS" in done.stderr


def test_the_repository_is_what_its_source_makes(circuit: Circuit):
    """`build --check` changes nothing and confirms every committed file."""
    before = {path: path.stat().st_mtime_ns for path in circuit.folder.iterdir()}
    done = run("build", circuit.name, "--check")
    assert done.exit_code == 0, done.stderr
    assert "byte for byte" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in circuit.folder.iterdir()} == before


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for circuits that are not the repository's."""
    monkeypatch.setenv("PROVENWORK_CIRCUITS", str(tmp_path / "circuits"))
    monkeypatch.setenv("PROVENWORK_CIRCUITS_CACHE", str(tmp_path / "keys"))
    return tmp_path


TINY = ("build", "token_count/2", "--logrows", "9")


def test_a_new_circuit_is_built_and_a_changed_verifier_announced(elsewhere: Path):
    """`build` writes a whole circuit, and says so when a new SRS changes its verifier."""
    first = run(*TINY)
    assert first.exit_code == 0, first.stderr
    assert "CHANGED" not in first.stderr
    assert "CHANGED" not in run(*TINY).stderr
    assert "the verifier CHANGED" in run(*TINY, "--new-srs").stderr
    source = elsewhere / "contracts" / "verifiers" / "TokenCount2Verifier.sol"
    assert "INSECURE TEST SRS" in source.read_text()


def test_a_public_ceremonys_srs_is_not_called_insecure(elsewhere: Path):
    """`build --srs` uses the given string under its own name; the test string's label is gone."""
    assert run(*TINY).exit_code == 0
    ceremony = elsewhere / "ceremony.srs"
    (elsewhere / "circuits" / "srs" / "INSECURE_TEST_k9.srs").rename(ceremony)
    done = run(*TINY, "--srs", str(ceremony))
    assert done.exit_code == 0, done.stderr
    assert "INSECURE" not in done.stderr
    source = elsewhere / "contracts" / "verifiers" / "TokenCount2Verifier.sol"
    assert "INSECURE" not in source.read_text()
    assert "// Structured reference string: ceremony.srs." in source.read_text()
    assert run("setup", "token_count/2").exit_code == 0


@pytest.mark.parametrize("arguments", [("--check", "--new-srs"), ("--check", "--logrows", "9")])
def test_a_check_changes_nothing(circuit: Circuit, arguments):
    """`build --check` takes no option that would change the circuit."""
    done = run("build", circuit.name, *arguments)
    assert done.exit_code == 2
    assert "builds what is committed" in done.stderr


@pytest.mark.parametrize(
    "command", ["list", "build", "setup", "generate", "train", "prove", "verify"]
)
def test_every_command_explains_itself(command):
    """`--help` works everywhere."""
    assert run(command, "--help").exit_code == 0


def test_the_language_model_answers():
    """`generate` writes token ids to stdout, as `prove` reads them, and the words to stderr."""
    done = run("generate", "Who checks the proof?")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.strip() == "the chain checks it and then pays the host ."
    assert language_model().decode(json.loads(done.stdout)) == done.stderr.strip()
    further = run("generate", "Who checks the proof?", "--on", "--count", "12")
    assert json.loads(further.stdout)[:10] == json.loads(done.stdout)
    assert len(json.loads(further.stdout)) == 12


def test_training_is_repeated():
    """`train --check` makes the committed weights again, and changes nothing."""
    done = run("train", "--check")
    assert done.exit_code == 0, done.stderr
    assert "number for number" in done.stderr


def test_an_answer_is_proven_and_verified(tmp_path: Path):
    """From a prompt in words to a verified proof; what was not said to be checked is said not to be."""
    asked = ["--prompt", "Who checks the proof?"]
    tokens = tmp_path / "tokens.json"
    tokens.write_text(run("generate", asked[1]).stdout)
    proof = tmp_path / "answer.json"
    done = run("prove", "tiny_lm/16", str(tokens), *PLACE_ARGUMENTS, *asked, "--output", str(proof))
    assert done.exit_code == 0, done.stderr
    assert "a proof of 10 tokens" in done.stderr
    done = run("verify", str(proof), "--tokens", str(tokens), *PLACE_ARGUMENTS, *asked)
    assert done.exit_code == 0, done.stderr
    assert "not checked" not in done.stderr
    done = run("verify", str(proof), "--tokens", str(tokens), *PLACE_ARGUMENTS)
    assert "which prompt it answers" in done.stderr
    done = run("verify", str(proof), "--prompt", "What is a proof?")
    assert done.exit_code == 1
    assert done.stderr == "error: the proof commits to another prompt\n"
