"""`provenwork circuits`: build, set up, prove and verify, in a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from provenwork.circuits._build import build as build_circuit
from provenwork.circuits._build import differences
from provenwork.circuits._circuit import Circuit, circuit_names, load_circuit
from provenwork.circuits._keys import SETUP_TIMEOUT
from provenwork.circuits._keys import setup as setup_circuit
from provenwork.circuits._proof import Proof
from provenwork.circuits._prover import PROVE_TIMEOUT
from provenwork.circuits._prover import prove as prove_tokens
from provenwork.circuits._prover import verify as verify_proof
from provenwork.circuits._tag import session_tag
from provenwork.circuits._tiny_lm import language_model
from provenwork.core.errors import ArtefactError, CircuitError, CircuitInputError

__all__ = ["app"]

_LARGEST_FILE = 4 << 20
_MOST_BRACKETS = 16

app = typer.Typer(
    help="Build, set up and prove the EZKL circuits.\n\n"
    "A [b]token_count[/] proof shows that its host bound these token ids to this place of this session. It does not "
    "show that a model ran, nor that the user received them.\n\n"
    "A [b]tiny_lm[/] proof shows that they are what one small language model says after the user's prompt.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="CIRCUIT", help="Family and size, for example token_count/64 or tiny_lm/16."
    ),
]
Cache: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        help="Where proving keys are kept.",
        envvar="PROVENWORK_CIRCUITS_CACHE",
        show_default=".cache/circuits",
    ),
]
Timeout: TypeAlias = Annotated[float, typer.Option(help="Seconds that one step may take.", min=1)]
ChainId: TypeAlias = Annotated[int | None, typer.Option("--chain-id", help="The chain's id.")]
Marketplace: TypeAlias = Annotated[
    str | None, typer.Option("--marketplace", help="Address of the JobMarketplace.")
]
JobId: TypeAlias = Annotated[int | None, typer.Option("--job-id", help="The session.")]
Host: TypeAlias = Annotated[
    str | None, typer.Option("--host", help="Address of the session's host.")
]
FirstToken: TypeAlias = Annotated[
    int | None,
    typer.Option("--first-token", help="How many tokens of the session come before these."),
]

Prompt: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--prompt", metavar="WORDS", help="The prompt, for a circuit of the language model."
    ),
]


@app.command("list")
def list_circuits() -> None:
    """Show the circuits that are there."""
    table = Table(
        "circuit", "tokens", "rows", "verifier", "instances: tag, count, commitment", box=None
    )
    for name in circuit_names():
        circuit = load_circuit(name)
        where = circuit.layout
        table.add_row(
            name,
            str(circuit.max_tokens),
            f"2^{circuit.logrows}",
            circuit.verifier,
            f"{where.instances}: {where.tag}–{where.tag + where.tag_limbs - 1}, {where.count}, {where.commitment}",
        )
    Console().print(table)
    _warn_of_test_srs([load_circuit(name) for name in circuit_names()])


@app.command()
def build(
    name: Name,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Change nothing: build elsewhere, and fail if anything comes out different.",
        ),
    ] = False,
    new_srs: Annotated[
        bool,
        typer.Option("--new-srs", help="Make a new test SRS: every verifier of its size changes."),
    ] = False,
    srs: Annotated[
        Path | None,
        typer.Option(
            "--srs",
            help="Use this SRS, for example a public ceremony's.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    logrows: Annotated[
        int | None, typer.Option(help="Base-2 logarithm of the rows, for a size not yet known.")
    ] = None,
    cache: Cache = None,
    timeout: Timeout = SETUP_TIMEOUT,
) -> None:
    """Make a circuit's files anew: network, settings, keys, Solidity verifier, manifest.

    The same source, SRS and EZKL make the same bytes. A new SRS or other
    settings make another verifier: deploy it and register it as a new circuit,
    for the deployed one refuses the new proofs.

    [b]Examples[/]

      provenwork circuits build token_count/64 --check

      provenwork circuits build token_count/256 --logrows 14

      provenwork circuits build token_count/1024 --srs ceremony_k16.srs

    The first changes nothing and tells whether the repository is what its source
    makes; the last is for production.
    """
    if check:
        if new_srs or srs is not None or logrows is not None:
            raise typer.BadParameter(
                "--check builds what is committed: it takes no --new-srs, --srs or --logrows"
            )
        circuit = load_circuit(name)
        with _working(f"building {name} again") as tell:
            differing = differences(circuit, timeout=timeout, on_step=tell)
        if differing:
            raise ArtefactError(
                f"{name} comes out different: {', '.join(differing)}",
                hint=f"If the change is meant, run `provenwork circuits build {name}` and commit what it writes.",
            )
        _say(f"{name}: network, settings, keys and verifier come out as committed, byte for byte")
        return
    before = _known_hashes(name)
    with _working(f"building {name}") as tell:
        circuit = build_circuit(
            name,
            logrows=logrows,
            srs=srs,
            new_srs=new_srs,
            cache=cache,
            timeout=timeout,
            on_step=tell,
        )
    _say(f"{name}: {circuit.folder / 'manifest.json'}, {circuit.verifier_source}")
    if before and before["vk"] != circuit.hashes["vk"]:
        _warn(
            "the verifier CHANGED: the deployed one refuses the new proofs; deploy this one as a new circuit"
        )
    _warn_of_test_srs([circuit])


@app.command()
def setup(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="CIRCUIT", help="Which ones; all of them by default."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Make the keys even if they are there.")
    ] = False,
    cache: Cache = None,
    timeout: Timeout = SETUP_TIMEOUT,
) -> None:
    """Make the proving keys on this machine, or check that they are the right ones.

    They are too large to commit (28 to 450 MB), and come out byte for byte as
    those that the committed verifiers belong to. A damaged or foreign key is
    made anew.

    [b]Examples[/]

      provenwork circuits setup

      provenwork circuits setup token_count/64 --cache /var/lib/provenwork/keys
    """
    circuits = [load_circuit(name) for name in names or circuit_names()]
    for circuit in circuits:
        with _working(f"setting up {circuit.name}") as tell:
            keys = setup_circuit(circuit, cache=cache, force=force, timeout=timeout, on_step=tell)
        _say(f"{circuit.name}: {'made' if keys.made else 'checked'} {keys.proving_key}")
    _warn_of_test_srs(circuits)


@app.command()
def generate(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="Up to eight words.")],
    count: Annotated[int, typer.Option(help="The most tokens to say.", min=1, max=1_024)] = 16,
    on: Annotated[bool, typer.Option("--on", help="Go on behind the first full stop.")] = False,
) -> None:
    """Let the language model of the tiny_lm circuits answer a prompt.

    The tokens go to stdout as `prove` reads them, the words to stderr.

    [b]Example[/]

      provenwork circuits generate "Who pays for the work?" > tokens.json
    """
    model = language_model()
    tokens = model.generate(model.encode(prompt), count, until_end=not on)
    sys.stdout.write(json.dumps(tokens) + "\n")
    _say(model.decode(tokens))


@app.command()
def train(
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing: fail if other weights come out."),
    ] = False,
) -> None:
    """Train the language model of the tiny_lm circuits on its text again.

    The same text and source make the same weights on every machine: training
    takes a few seconds, and whole numbers only. Other weights are another
    circuit: build it, deploy its verifier and register it.
    """
    # Here, because nothing else needs numpy.
    from provenwork.circuits._tiny_lm._training import train as train_model

    with _working("training the language model"):
        model = train_model()
    if check:
        if model != language_model():
            raise ArtefactError(
                "training makes other weights than the committed ones",
                hint="If the change is meant, run `provenwork circuits train` and build the tiny_lm circuits.",
            )
        _say("training makes the committed weights, number for number")
        return
    model.write()
    _say("weights written; now build the tiny_lm circuits")


@app.command()
def prove(
    name: Name,
    tokens_file: Annotated[
        str,
        typer.Argument(metavar="TOKENS", help="File with a JSON list of token ids; - for stdin."),
    ],
    chain_id: ChainId = None,
    marketplace: Marketplace = None,
    job_id: JobId = None,
    host: Host = None,
    first_token: FirstToken = None,
    prompt: Prompt = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write the proof; stdout by default."),
    ] = None,
    cache: Cache = None,
    timeout: Timeout = PROVE_TIMEOUT,
) -> None:
    r"""Prove that a host binds these tokens to one place of one session, and write the proof as JSON.

    The place is named by --chain-id, --marketplace, --job-id, --host and
    --first-token: the contracts accept the proof there and nowhere else.
    The JSON's `encoded` is what `submitProofOfWork` takes.

    [b]Example[/]

      echo '[15496, 995, 0]' > tokens.json

      provenwork circuits prove token_count/64 tokens.json -o proof.json \
        --chain-id 84532 --job-id 1 --first-token 0 \
        --marketplace 0x5FbDB2315678afecb367f032d93F642f64180aa3 \
        --host 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    circuit = load_circuit(name)
    tag = _required_tag(chain_id, marketplace, job_id, host, first_token)
    tokens = _read_tokens(tokens_file)
    said = language_model().encode(prompt or "")
    with _working(f"proving with {name}") as tell:
        proof = prove_tokens(circuit, tokens, tag, said, cache=cache, timeout=timeout, on_step=tell)
    written = json.dumps(proof.to_json(tokens), indent=2) + "\n"
    if output is None:
        sys.stdout.write(written)
    else:
        _write(output, written)
        _say(f"{output}: a proof of {proof.count} tokens, {len(proof.zk):,} bytes")
    _warn_of_test_srs([circuit])


@app.command()
def verify(
    proof_file: Annotated[
        str, typer.Argument(metavar="PROOF", help="The JSON that `prove` wrote; - for stdin.")
    ],
    tokens_file: Annotated[
        str | None,
        typer.Option(
            "--tokens", metavar="FILE", help="The tokens received: the proof must commit to these."
        ),
    ] = None,
    chain_id: ChainId = None,
    marketplace: Marketplace = None,
    job_id: JobId = None,
    host: Host = None,
    first_token: FirstToken = None,
    prompt: Prompt = None,
) -> None:
    r"""Check a proof off chain, with the committed verification key; no proving key is needed.

    Without --tokens and the session's place it only shows that the proof is
    one. Give both to know that it is about your session and your tokens.

    [b]Example[/]

      provenwork circuits verify proof.json --tokens received.json \
        --chain-id 84532 --job-id 1 --first-token 0 \
        --marketplace 0x5FbDB2315678afecb367f032d93F642f64180aa3 \
        --host 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
    """
    written = _read_json(proof_file)
    if not isinstance(written, dict):
        raise CircuitInputError(f"{proof_file} holds no proof: it is not a JSON object")
    proof = Proof.from_json(written)
    given = (chain_id, marketplace, job_id, host, first_token)
    tag = None if given == (None,) * 5 else _required_tag(*given)
    tokens = None if tokens_file is None else _read_tokens(tokens_file)
    asked = None if prompt is None else language_model().encode(prompt)
    with _working(f"verifying with {proof.circuit.name}"):
        verify_proof(proof, tag=tag, tokens=tokens, prompt=asked)
    _say(
        f"valid: {proof.count} tokens, tag 0x{proof.tag:032x}, commitment 0x{proof.commitment:064x}"
    )
    if tag is None:
        _warn(
            "not checked: which session it is of (--chain-id --marketplace --job-id --host --first-token)"
        )
    if tokens is None:
        _warn("not checked: which tokens it binds (--tokens)")
    if asked is None and proof.circuit.prompt_size:
        _warn("not checked: which prompt it answers (--prompt)")
    _warn_of_test_srs([proof.circuit])


def _known_hashes(name: str) -> dict[str, str]:
    """The hashes of the circuit that is about to be replaced; none if there is none, or none that can be read."""
    try:
        return load_circuit(name).hashes
    except CircuitError:
        return {}


def _required_tag(
    chain_id: int | None,
    marketplace: str | None,
    job_id: int | None,
    host: str | None,
    first_token: int | None,
) -> int:
    if (
        chain_id is None
        or marketplace is None
        or job_id is None
        or host is None
        or first_token is None
    ):
        raise CircuitInputError(
            "the session's place is not complete",
            hint="Give all of --chain-id, --marketplace, --job-id, --host and --first-token.",
        )
    return session_tag(chain_id, marketplace, job_id, host, first_token)


def _read_tokens(file: str) -> list[int]:
    tokens = _read_json(file)
    if not isinstance(tokens, list):
        raise CircuitInputError(
            f"{file} holds no tokens: it is not a JSON list",
            hint="Write for example [15496, 995, 0].",
        )
    return tokens


def _read_json(file: str) -> Any:
    try:
        if file == "-":
            text = sys.stdin.read(_LARGEST_FILE + 1)
        else:
            with open(file, encoding="utf-8") as opened:
                text = opened.read(_LARGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as problem:
        raise CircuitInputError(f"{file} cannot be read: {problem}") from None
    if len(text) > _LARGEST_FILE:
        raise CircuitInputError(f"{file} is larger than {_LARGEST_FILE >> 20} MB")
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        # Deep nesting overflows the parser's stack, and neither tokens nor a proof are nested.
        raise CircuitInputError(f"{file} holds neither tokens nor a proof: too many brackets")
    try:
        return json.loads(text)
    except ValueError as problem:
        raise CircuitInputError(f"{file} is not JSON: {problem}") from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise CircuitInputError(f"{file} cannot be written: {problem}") from None


@contextmanager
def _working(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner, the time, and what is going on, on stderr while it goes on."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    terminal = _terminal()
    with Progress(
        *columns, console=terminal, transient=True, disable=not terminal.is_terminal
    ) as progress:
        task = progress.add_task(what)
        yield lambda step: progress.update(task, description=f"{what}: {step}")


def _say(text: str) -> None:
    _terminal().print(text, markup=False)


def _warn(text: str) -> None:
    _terminal().print(text, markup=False, style="yellow")


def _warn_of_test_srs(circuits: list[Circuit]) -> None:
    if names := [circuit.name for circuit in circuits if circuit.insecure]:
        _warn(
            f"INSECURE TEST SRS: whoever made it can forge proofs of {', '.join(names)}; never guard money with it"
        )


def _terminal() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)
