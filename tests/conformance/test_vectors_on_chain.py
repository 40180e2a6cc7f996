"""What the contracts make of the golden vectors, on the chain and at the addresses that the vectors name."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.stage import OPENING, POSTING, WAYS, Call, Stage, Way, set_stage, terms_of
from tests.conformance.vectors import CHAIN_ID, CONTRACTS, USUAL, VECTORS, Refused
from tests.harness import factory as jobs
from tests.harness.escrow import COMPLETED, USDC
from tests.harness.execution import ask, rpc
from tests.harness.reverts import reverts

BY_NAME = {way.name: way for way in WAYS}
JOB_VECTORS = [vector for vector in VECTORS if vector.contract == "JobFactory"]
REFUSALS = [
    pytest.param(way, refused, id=f"{way}, {refused.name}")
    for way in WAYS
    for refused in way.refused
]


@pytest.fixture(scope="module")
def stage(project, escrow, actors):
    """The contracts of the vectors, and what their messages are about."""
    with set_stage(project, escrow, actors) as stage:
        yield stage


def asked(call: Call) -> Any:
    """What it would return."""
    return ask(call.method, *call.arguments, sender=call.sender, value=call.value)


def test_places(stage):
    """The contracts stand where the vectors say, as their creator and its nonce decide."""
    assert {name: contract["address"] for name, contract in CONTRACTS.items()} == {
        "WorkerRegistry": stage.registry.address,
        "JobMarketplace": stage.marketplace.address,
        "MockUSDC": stage.usdc.address,
        "JobFactory": stage.factory.address,
    }


@pytest.mark.parametrize("struct", USUAL)
def test_domain_separators(stage, struct):
    """Each contract's own domain separator is the vectors'."""
    asked = {
        "WorkerRegistry": stage.registry.getDomainSeparator,
        "JobMarketplace": stage.marketplace.getDomainSeparator,
        "MockUSDC": stage.usdc.DOMAIN_SEPARATOR,
        "JobFactory": stage.factory.getDomainSeparator,
    }[USUAL[struct].contract]
    assert "0x" + bytes(ask(asked)).hex() == USUAL[struct].hashes["domainSeparator"]


@pytest.mark.parametrize("vector", [OPENING, POSTING], ids=str)
def test_authorization_nonces(stage, vector):
    """The contracts prescribe the nonces that the vectors were signed with."""
    contract = stage.marketplace if vector is OPENING else stage.factory
    assert bytes(ask(contract.authorizationNonce, *terms_of(vector))) == vector.message["nonce"]


@pytest.mark.parametrize("vector", JOB_VECTORS, ids=str)
def test_job_digests(stage, vector):
    """JobFactory says what is to be signed, at its extremes too."""
    contract, said = stage.factory, vector.message
    method = {
        "PostJob": contract.postJobDigest,
        "CancelJob": contract.cancelJobDigest,
        "ClaimJob": contract.claimJobDigest,
        "ReleaseClaim": contract.releaseClaimDigest,
        "SubmitWork": contract.submitWorkDigest,
        "VerifyJob": contract.verifyJobDigest,
        "ExpireJob": contract.expireJobDigest,
    }[vector.struct]
    if vector.struct == "PostJob":
        issuer, *terms, nonce, deadline = said.values()
        arguments = (tuple(terms), issuer, nonce, deadline)
    else:
        arguments = tuple(said.values())
    assert bytes(ask(method, *arguments)) == vector.digest


def test_every_struct_has_a_way(stage):
    """Every struct of the vectors is brought to the contract that it is for."""
    assert {way.vector.struct for way in WAYS} == set(USUAL)


def _session(stage: Stage, job_id: int) -> Any:
    return ask(stage.marketplace.getSessionDetails, job_id)


def _job(struct: str) -> Callable[[Stage], int]:
    return lambda stage: ask(stage.factory.getJob, USUAL[struct].message["jobId"]).status


def _posted(stage: Stage) -> tuple[str, int]:
    job = ask(stage.factory.getJob, 6)
    return job.issuer, job.amount


def _opened(stage: Stage) -> tuple[str, int]:
    session = _session(stage, 2)
    return session.user, session.depositAmount


SAID = USUAL["RegisterWorker"].message
TOKENS = USUAL["Voucher"].message["cumulativeTokens"]
CLOSED = (COMPLETED, TOKENS)
PAID, POSTED = (OPENING.signer, 10 * USDC), (POSTING.signer, 20 * USDC)
# What is so when a signature was taken, and not before.
EFFECTS: dict[str, tuple[Callable[[Stage], Any], Any]] = {
    "registerProfile": (
        lambda stage: stage.registry.profiles(SAID["worker"])[:2],
        (SAID["ipfsHash"], SAID["hourlyRate"]),
    ),
    "redeemVoucher": (lambda stage: _session(stage, 1).ackedTokens, TOKENS),
    "closeWithVoucher": (
        lambda stage: (_session(stage, 1).status, _session(stage, 1).settledTokens),
        CLOSED,
    ),
    "closeWithAgreement": (
        lambda stage: (_session(stage, 1).status, _session(stage, 1).settledTokens),
        CLOSED,
    ),
    "openSessionWithPermit": (_opened, PAID),
    "openSessionWithAuthorization": (_opened, PAID),
    "postJobWithAuthorization": (_posted, POSTED),
    "postJobBySig": (_posted, POSTED),
    "cancelJobBySig": (_job("CancelJob"), jobs.CANCELLED),
    "claimJobBySig": (_job("ClaimJob"), jobs.CLAIMED),
    "releaseClaimBySig": (_job("ReleaseClaim"), jobs.OPEN),
    "submitWorkBySig": (_job("SubmitWork"), jobs.SUBMITTED),
    "verifyJobBySig": (_job("VerifyJob"), jobs.SPLIT),
    "verifyJobBySig to approve": (_job("VerifyJob"), jobs.COMPLETED),
    "verifyJobBySig to send back": (_job("VerifyJob"), jobs.OPEN),
    "expireJobBySig": (_job("ExpireJob"), jobs.EXPIRED),
}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_taken(stage, way: Way):
    """The contract takes the vector's signature."""
    read, expected = EFFECTS[way.name]
    assert read(stage) != expected
    call = way.call(stage, way.vector.signature)
    call.method(*call.arguments, sender=call.sender, value=call.value)
    assert read(stage) == expected


@pytest.mark.parametrize(("way", "refused"), REFUSALS)
def test_refused(stage, way: Way, refused: Refused):
    """The contract refuses every other signature, and says why."""
    error, arguments = way.refusal(stage, refused)
    with reverts(error, **arguments):
        asked(way.call(stage, refused.signature))


@pytest.mark.parametrize("name", ["closeWithAgreement", "openSessionWithAuthorization"])
def test_fork(stage, name):
    """On a fork with a new chain id a contract refuses what it would take on the old chain."""
    way = BY_NAME[name]
    call = way.call(stage, way.vector.signature)
    asked(call)
    try:
        rpc("anvil_setChainId", CHAIN_ID + 1)
        error, arguments = way.refusal(stage, way.refused[0])
        with reverts(error, **arguments):
            asked(call)
    finally:
        rpc("anvil_setChainId", CHAIN_ID)
