"""Who acts in the tests, and how hard the property tests try."""

import os

import ape
import pytest
from hypothesis import HealthCheck, settings

from provenwork.chain import verifier_project
from provenwork.circuits import Prover, load_circuit
from tests.harness.actors import Actor, dev_actors
from tests.harness.connection import DirectProvider
from tests.harness.deployment import deploy_escrow
from tests.harness.escrow import Escrow
from tests.harness.factory import Factory, deploy_factory
from tests.harness.isolation import isolated_file, isolated_test, pytest_fixture_setup

__all__ = ["isolated_file", "isolated_test", "pytest_fixture_setup"]

# Examples share one chain, on which every request takes its time: neither a deadline nor the
# sharing of fixtures says anything about the code under test.
_SHARED_CHAIN = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}
settings.register_profile("quick", max_examples=8, **_SHARED_CHAIN)
# The same examples each time: whether a commit is good must not depend on luck. Others come by `--hypothesis-seed=N`, and
# with `make machine` and `make deep`.
settings.register_profile("ci", max_examples=40, derandomize=True, **_SHARED_CHAIN)
settings.register_profile("deep", max_examples=1_000, **_SHARED_CHAIN)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compiles what changed once, before there are workers that would each do it."""
    if not hasattr(session.config, "workerinput"):
        ape.project.load_contracts()
        verifier_project().load_contracts()


@pytest.fixture(scope="session", autouse=True)
def direct_connection() -> None:
    """Every request to the chain takes the short way: half the time of a transaction."""
    provider = ape.chain.provider
    provider.web3.provider = DirectProvider(provider.uri)


_roles: list[str] = []


def _role(name: str):
    """A fixture with the account of one role; no two roles share one."""
    _roles.append(name)

    @pytest.fixture(scope="session", name=name)
    def role(actors: dict[str, Actor]) -> Actor:
        return actors[name]

    return role


owner = _role("owner")  # of ProofSystem and JobMarketplace
admin = _role("admin")  # of WorkerRegistry
signer = _role("signer")  # of registrations
user = _role("user")
host = _role("host")
voucher_signer = _role("voucher_signer")
watcher = _role("watcher")
arbiter = _role("arbiter")
treasury = _role("treasury")
relayer = _role("relayer")
issuer = _role("issuer")
worker = _role("worker")
evaluator = _role("evaluator")
operator = _role("operator")
other_user = _role("other_user")
other_host = _role("other_host")
stranger = _role("stranger")  # has no role anywhere


@pytest.fixture(scope="session")
def actors() -> dict[str, Actor]:
    """Every role's account by its name."""
    return dict(zip(_roles, dev_actors(len(_roles)), strict=True))


@pytest.fixture(scope="session")
def escrow(project, actors) -> Escrow:
    """The session escrow as `deploy_escrow` leaves it; every test finds it so again."""
    return deploy_escrow(project, actors)


@pytest.fixture(scope="module")
def factory(project, escrow) -> Factory:
    """JobFactory as `deploy_factory` leaves it, for the tests of one file."""
    return deploy_factory(project, escrow)


@pytest.fixture(scope="session")
def marketplace(escrow):
    """The escrow's JobMarketplace."""
    return escrow.marketplace


@pytest.fixture(scope="session")
def usdc(escrow):
    """The escrow's six-decimal token."""
    return escrow.usdc


@pytest.fixture(scope="session")
def prover() -> Prover:
    """Proves counts of up to 64 tokens with EZKL, a second or two each."""
    return Prover(load_circuit("token_count/64"))
