"""Both sides of the SDK, on the escrow that the contracts' tests use."""

import ape
import pytest
from web3 import Web3

from provenwork.chain import Marketplace, Node, ProofSystem, Sender, Terms
from provenwork.crypto import LocalSigner
from provenwork.sessions import Host, HostPolicy, User
from tests.harness.connection import DirectProvider
from tests.harness.escrow import ETHER, HOUR, METERED, USDC
from tests.harness.stubs import StubProver


@pytest.fixture(scope="session")
def node(direct_connection) -> Node:
    """The chain as the SDK sees it."""
    return Node(Web3(DirectProvider(ape.chain.provider.uri)))


@pytest.fixture(scope="session")
def market(node, escrow) -> Marketplace:
    """The escrow as the SDK sees it."""
    return Marketplace(node, escrow.marketplace.address)


@pytest.fixture(scope="session")
def circuits(node, escrow) -> ProofSystem:
    """The proof system as the SDK sees it."""
    return ProofSystem(node, escrow.proof_system.address)


@pytest.fixture(scope="session")
def keys(actors):
    """Every role's key, as the SDK signs with it."""
    return {name: LocalSigner(actor.private_key) for name, actor in actors.items()}


@pytest.fixture(scope="session")
def sender(node, keys):
    """Sends for a role: `sender("relayer")`."""
    return lambda role: Sender(node, keys[role], poll=0.005)


@pytest.fixture
def payer(market, keys, sender) -> User:
    """The user."""
    return User(market, keys["user"], sender=sender("user"))


@pytest.fixture(scope="session")
def terms(escrow) -> Terms:
    """10 USDC at 2 USDC per million tokens, for an hour, 1,000 tokens at a time."""
    return Terms(
        host=escrow.actors["host"].address,
        token=escrow.usdc.address,
        deposit=10 * USDC,
        price_per_million=2 * USDC,
        max_duration=HOUR,
        proof_interval=1_000,
        max_tokens_per_second=200,
        circuit_id=METERED,
    )


@pytest.fixture
def prover() -> StubProver:
    """Makes proofs where the proof is not the subject."""
    return StubProver()


@pytest.fixture(scope="session")
def policy(escrow) -> HostPolicy:
    """Takes USDC and ETH at any price, and risks 4,000 tokens."""
    return HostPolicy(
        min_price_per_million={escrow.usdc.address: 1, ETHER: 1}, max_unacknowledged=4_000
    )


@pytest.fixture
def make_host(market, circuits, keys, policy, prover, tmp_path):
    """Makes the host from its file, as often as asked; the one before lets go of it first."""
    hosts: list[Host] = []

    def make(role: str = "host", **changes) -> Host:
        for former in hosts:
            former.close()
        options = {
            "policy": policy,
            "proof_system": circuits,
            "provers": {METERED: prover},
        } | changes
        hosts.append(Host(market, keys[role], tmp_path / f"{role}.sqlite", poll=0.005, **options))
        return hosts[-1]

    yield make
    for former in hosts:
        former.close()


@pytest.fixture
def provider(make_host) -> Host:
    """The host."""
    return make_host()


@pytest.fixture
def both(payer, provider, terms):
    """A session from both sides: the user's and the host's."""
    mine = payer.open(terms)
    return mine, provider.accept(mine.job_id)
