"""`ape run verify`: what stands on the chain is what these sources compile to, and a block explorer is told so."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import ape
import pytest

from scripts._deployment import DeploymentError
from scripts._deployment._bytecode import immutable_places
from scripts._deployment._verification import Compiled, Explorer, compile_anew, verify_code

KEY = "SECRETKEY"


@pytest.fixture
def as_deployed(artefacts):
    """What Ape compiled, in the place of a compilation that takes half a minute."""

    def as_deployed(contract: str) -> Compiled:
        runtime = artefacts.runtime_code(contract)
        return Compiled(
            f"contracts/{contract}.sol:{contract}",
            "0.8.30+commit.73712a01",
            {
                "settings": {
                    "optimizer": {"enabled": True, "runs": 3000},
                    "evmVersion": "cancun",
                    "viaIR": True,
                }
            },
            artefacts.creation_code(contract),
            runtime,
            tuple(immutable_places(runtime)),
        )

    return as_deployed


@pytest.fixture(scope="module")
def anew() -> dict[str, Compiled]:
    """Two contracts, one of each of Ape's projects, compiled just now."""
    return {name: compile_anew(name) for name in ("SessionLens", "TokenCount64Verifier")}


@pytest.mark.parametrize("contract", ["SessionLens", "TokenCount64Verifier"])
def test_compiled_anew(artefacts, anew, contract):
    """From nothing but its own sources a contract comes out as Ape's cache has it, and the immutables are where we look."""
    fresh = anew[contract]
    assert fresh.creation == artefacts.creation_code(contract)
    assert fresh.runtime == artefacts.runtime_code(contract)
    assert list(fresh.immutables) == immutable_places(fresh.runtime)
    assert fresh.name.endswith(f"{contract}.sol:{contract}")
    assert fresh.name.split(":")[0] in fresh.standard_json["sources"]
    assert fresh.compiler == "0.8.30+commit.73712a01"


def failing(rehearsal, deployment, compiled) -> list[str]:
    """The names of the checks that do not hold."""
    checks = verify_code(rehearsal.node, deployment, compiled)
    return [check.name for check in checks if not check.holds]


def test_everything_holds(rehearsal, deployed, as_deployed):
    """Code, its hash, and what its address says of what made it: three checks for each contract."""
    assert len(list(verify_code(rehearsal.node, deployed, as_deployed))) == 3 * len(
        deployed.contracts
    )
    assert failing(rehearsal, deployed, as_deployed) == []


def test_other_code_on_the_chain(rehearsal, deployed, as_deployed):
    """One changed byte, found twice: against the compiler and against the registry."""
    for name, placed in deployed.contracts.items():
        code = rehearsal.node.code(placed.address)
        rehearsal.put_code(placed.address, code[:-1] + bytes([code[-1] ^ 1]))
        assert failing(rehearsal, deployed, as_deployed) == [f"{name}: code", f"{name}: code hash"]
        rehearsal.put_code(placed.address, code)


def test_other_sources(rehearsal, deployed, as_deployed):
    """Sources that compile to something else make another address, too."""

    def changed(contract: str) -> Compiled:
        fresh = as_deployed(contract)
        if contract != "SessionLens":
            return fresh
        return replace(
            fresh, creation=fresh.creation[:-1] + b"\\x00", runtime=fresh.runtime[:-1] + b"\\x00"
        )

    assert failing(rehearsal, deployed, changed) == [
        "SessionLens: code",
        "SessionLens: code and arguments make this address",
    ]


def test_other_arguments(rehearsal, deployed, as_deployed):
    """The registry cannot claim that a constructor was given anything else."""
    market = deployed.contracts["JobMarketplace"]
    lying = replace(market, arguments=market.arguments[:-1] + "1")
    altered = replace(deployed, contracts={**deployed.contracts, "JobMarketplace": lying})
    assert failing(rehearsal, altered, as_deployed) == [
        "JobMarketplace: code and arguments make this address"
    ]


# ----------------------------------------------------------------------------------------------------- the explorer


class FakeExplorer(ThreadingHTTPServer):
    """Answers as Etherscan's API does, and remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posts: list[dict[str, str]] = []
        self.keys: list[str] = []
        self.answers: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeExplorer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posts.append({key: value for key, (value,) in parse_qs(body).items()})
        self._answer()

    def do_GET(self) -> None:
        self.server.keys += parse_qs(urlsplit(self.path).query).get("apikey", [])
        self._answer()

    def _answer(self) -> None:
        status, result = self.server.answers.pop(0)
        body = json.dumps(
            {"status": status, "message": "OK" if status == "1" else "NOTOK", "result": result}
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def explorer(monkeypatch) -> Iterator[FakeExplorer]:
    """An explorer on this machine."""
    monkeypatch.setenv("ETHERSCAN_API_KEY", KEY)
    with FakeExplorer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def publishing(explorer, deployed):
    """Publishes a contract's sources on the explorer that Ape's configuration names for base:sepolia."""
    there = {"uri": explorer.url, "api_uri": f"{explorer.url}/api"}

    def publishing(contract: str, compiled: Compiled) -> str:
        network = ape.networks.get_ecosystem("base").get_network("sepolia")
        with ape.project.temp_config(etherscan={"base": {"sepolia": there}}):
            found = Explorer(network, poll=0.01, patience=1)
            return found.publish(deployed.contracts[contract], compiled)

    return publishing


def test_published(explorer, publishing, deployed, anew):
    """It gets the compiler's whole input and the constructor's arguments, and is asked until it has decided."""
    explorer.answers = [("1", "ticket"), ("0", "Pending in queue"), ("1", "Pass - Verified")]
    compiled = anew["SessionLens"]
    where = publishing("SessionLens", compiled)
    placed = deployed.contracts["SessionLens"]
    assert where == f"{explorer.url}/address/{placed.address}#code"
    (post,) = explorer.posts
    assert post["contractaddress"] == placed.address
    assert post["contractname"] == "contracts/SessionLens.sol:SessionLens"
    assert post["compilerversion"] == "v0.8.30+commit.73712a01"
    assert post["codeformat"] == "solidity-standard-json-input"
    assert "0x" + post["constructorArguements"] == placed.arguments
    sent = json.loads(post["sourceCode"])
    assert sent == compiled.standard_json
    assert sent["settings"]["viaIR"] is True
    assert KEY in (post.get("apikey"), *explorer.keys)


def test_published_before(explorer, publishing, as_deployed):
    """It says so, and that is as good."""
    explorer.answers = [("0", "Contract source code already verified")]
    assert publishing("SessionLens", as_deployed("SessionLens")).startswith(explorer.url)


def test_not_accepted(explorer, publishing, as_deployed):
    """Its reason is passed on."""
    explorer.answers = [("1", "ticket"), ("0", "Fail - Unable to verify")]
    with pytest.raises(DeploymentError, match="the explorer says: Fail - Unable to verify"):
        publishing("SessionLens", as_deployed("SessionLens"))


def test_refused(explorer, publishing, as_deployed):
    """A wrong key is no secret worth keeping, and yet it is not shown."""
    explorer.answers = [("0", f"Invalid API Key: {KEY}")] * 9
    with pytest.raises(DeploymentError, match="the explorer refuses") as refusal:
        publishing("SessionLens", as_deployed("SessionLens"))
    assert KEY not in str(refusal.value)
    assert "ETHERSCAN_API_KEY" in refusal.value.hint


def test_undecided(explorer, publishing, as_deployed):
    """It is not asked for ever."""
    explorer.answers = [("1", "ticket"), *[("0", "Pending in queue")] * 1_000]
    with pytest.raises(DeploymentError, match="still says: Pending"):
        publishing("SessionLens", as_deployed("SessionLens"))


def test_no_explorer():
    """A local chain has none."""
    with pytest.raises(DeploymentError, match="has no block explorer"):
        Explorer(ape.chain.provider.network)
