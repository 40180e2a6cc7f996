"""The contracts of the golden vectors, on their chain and at their addresses, and the calls in which a signature counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ape

from tests.conformance.vectors import BY_NAME, CHAIN_ID, CONTRACTS, DEPLOYER, USUAL, Refused, Vector
from tests.harness.deployment import deploy_marketplace
from tests.harness.escrow import DAY, MINUTE, PARAMETERS, USDC, Escrow, Terms, travel_to
from tests.harness.execution import rpc
from tests.harness.factory import FEE_BPS, MIN_CLAIM, MIN_REVIEW, MIN_WORK, REOPEN

DEADLINE = USUAL["CloseAgreement"].message["deadline"]
OPENING = USUAL["ReceiveWithAuthorization"]
POSTING = BY_NAME["ReceiveWithAuthorization", "for a job"]


@dataclass
class Stage:
    """The contracts, and who is who."""

    registry: Any
    marketplace: Any
    usdc: Any
    factory: Any
    actors: dict[str, Any]


@dataclass(frozen=True)
class Call:
    """What somebody sends."""

    method: Any
    arguments: tuple[Any, ...]
    sender: Any
    value: int = 0


@dataclass(frozen=True)
class Way:
    """A call in which a struct's signature counts."""

    name: str
    vector: Vector
    call: Callable[[Stage, bytes], Call]
    refusal: Callable[[Stage, Refused], tuple[Any, dict[str, Any]]]
    """The error that the contract must give for a signature that does not count, with its arguments."""

    def __str__(self) -> str:
        return self.name

    @property
    def refused(self) -> list[Refused]:
        """What it must refuse."""
        if self.name != "openSessionWithPermit":
            return list(self.vector.refused)
        # A permit travels as v, r and s: no other length can be sent.
        return [refused for refused in self.vector.refused if len(refused.signature) == 65]


def terms_of(vector: Vector) -> tuple[tuple[Any, ...], str, str]:
    """Terms, payer and salt from which a vector's nonce is made."""
    assert vector.opening
    terms = tuple(
        value if value.startswith("0x") else int(value)
        for value in vector.opening["terms"].values()
    )
    return terms, vector.opening["payer"], vector.opening["salt"]


# ------------------------------------------------------------------------------------------------------------ setting


@contextmanager
def set_stage(project: Any, escrow: Escrow, actors: dict[str, Any]) -> Iterator[Stage]:
    """Creates the contracts where the vectors say, and brings sessions and jobs to where the vectors' messages count.

    The user has opened session 1 with the host. Of the issuer's jobs, 1 and 2 have expired, 3 is open, 4 is claimed and 5
    is submitted in its second round. Nobody but the issuer has an allowance left, and it is five minutes to the deadlines.
    """
    owner, user, issuer = (actors[role] for role in ("owner", "user", "issuer"))
    assert owner.address == DEPLOYER
    here = ape.chain.chain_id

    def next_creates(name: str) -> None:
        rpc("anvil_setNonce", DEPLOYER, hex(CONTRACTS[name]["nonce"]))

    try:
        rpc("anvil_setChainId", CHAIN_ID)
        # The node's own keys sign for the chain that it was started with only.
        rpc("anvil_autoImpersonateAccount", True)
        next_creates("WorkerRegistry")
        registry = owner.deploy(project.WorkerRegistry, actors["signer"], actors["admin"])
        next_creates("JobMarketplace")
        arguments = (escrow.registry, escrow.proof_system, actors["treasury"], owner, PARAMETERS)
        marketplace = deploy_marketplace(project, owner, *arguments)
        next_creates("MockUSDC")
        usdc = owner.deploy(project.MockUSDC)
        next_creates("JobFactory")
        parameters = (MIN_CLAIM, MIN_WORK, MIN_REVIEW, FEE_BPS)
        factory = owner.deploy(
            project.JobFactory, escrow.registry, actors["treasury"], owner, parameters
        )
        for contract in (marketplace, factory):
            contract.setToken(usdc, True, USDC, sender=owner)
        for payer in (user, issuer):
            usdc.mint(payer, 1_000 * USDC, sender=owner)
        usdc.approve(factory, 1_000 * USDC, sender=issuer)

        travel_to(DEADLINE - 2 * DAY)
        _post_jobs(factory, actors)
        terms = Terms(actors["host"].address, token=usdc.address, circuitId=0)
        usdc.approve(marketplace, terms.deposit, sender=user)
        marketplace.openSession(terms.encoded(), sender=user)
        yield Stage(registry, marketplace, usdc, factory, actors)
    finally:
        rpc("anvil_autoImpersonateAccount", False)
        rpc("anvil_setChainId", here)


def _post_jobs(factory: Any, actors: dict[str, Any]) -> None:
    worker, evaluator, issuer = (actors[role] for role in ("worker", "evaluator", "issuer"))
    terms, bond = terms_of(POSTING)[0], USUAL["PostJob"].message["claimBond"]
    work = USUAL["VerifyJob"].message["workHash"]

    for _ in range(2):
        factory.postJob(terms, sender=issuer)
    travel_to(DEADLINE - 5 * MINUTE)
    for _ in range(3):
        factory.postJob(terms, sender=issuer)
    factory.claimJob(4, value=bond, sender=worker)
    factory.claimJob(5, value=bond, sender=worker)
    factory.submitWork(5, work, sender=worker)
    factory.verifyJob(5, *REOPEN, sender=evaluator)
    factory.claimJob(5, value=bond, sender=worker)
    factory.submitWork(5, work, sender=worker)


# -------------------------------------------------------------------------------------------------------------- calls


def _register(stage: Stage, signature: bytes) -> Call:
    said = USUAL["RegisterWorker"].message
    arguments = (said["ipfsHash"], said["hourlyRate"], said["deadline"], signature)
    return Call(stage.registry.registerProfile, arguments, stage.actors["worker"])


def _redeem(stage: Stage, signature: bytes) -> Call:
    said = USUAL["Voucher"].message
    arguments = (said["jobId"], said["cumulativeTokens"], signature)
    return Call(stage.marketplace.redeemVoucher, arguments, stage.actors["stranger"])


def _close_with_voucher(stage: Stage, signature: bytes) -> Call:
    said = USUAL["Voucher"].message
    arguments = (said["jobId"], said["cumulativeTokens"], signature)
    return Call(stage.marketplace.closeWithVoucher, arguments, stage.actors["host"])


def _close_with_agreement(stage: Stage, signature: bytes) -> Call:
    said = USUAL["CloseAgreement"].message
    arguments = (said["jobId"], said["tokens"], said["deadline"], signature)
    return Call(stage.marketplace.closeWithAgreement, arguments, stage.actors["user"])


def _open_with_permit(stage: Stage, signature: bytes) -> Call:
    deadline = USUAL["Permit"].message["deadline"]
    v, r, s = signature[64], signature[:32], signature[32:64]
    arguments = (terms_of(OPENING)[0], deadline, v, r, s)
    return Call(stage.marketplace.openSessionWithPermit, arguments, stage.actors["user"])


def _with_authorization(function: str, vector: Vector) -> Callable[[Stage, bytes], Call]:
    def call(stage: Stage, signature: bytes) -> Call:
        said = vector.message
        arguments = (*terms_of(vector), said["validAfter"], said["validBefore"], signature)
        contract = {"JobMarketplace": stage.marketplace, "JobFactory": stage.factory}
        assert vector.opening
        method = getattr(contract[vector.opening["contract"]], function)
        return Call(method, arguments, stage.actors["stranger"])

    return call


def _post_by_sig(stage: Stage, signature: bytes) -> Call:
    said = USUAL["PostJob"].message
    arguments = (terms_of(POSTING)[0], said["issuer"], said["deadline"], signature)
    return Call(stage.factory.postJobBySig, arguments, stage.actors["stranger"])


def _job_by_sig(vector: Vector, *fields: str) -> Callable[[Stage, bytes], Call]:
    """`cancelJobBySig` takes the job, these fields, the deadline and the signature; so do its siblings."""
    struct = vector.struct

    def call(stage: Stage, signature: bytes) -> Call:
        said = vector.message | {"signer": vector.signer}
        arguments = (said["jobId"], *(said[field] for field in fields), said["deadline"], signature)
        method = getattr(stage.factory, f"{struct[0].lower()}{struct[1:]}BySig")
        bond = USUAL["PostJob"].message["claimBond"] if struct == "ClaimJob" else 0
        return Call(method, arguments, stage.actors["stranger"], bond)

    return call


# ----------------------------------------------------------------------------------------------------------- refusals


def _registry_refuses(stage: Stage, _: Refused) -> tuple[Any, dict[str, Any]]:
    said = {
        "registrationSigner": stage.actors["signer"],
        "digest": USUAL["RegisterWorker"].digest,
    }
    return stage.registry.WorkerRegistry_InvalidSignature, said


def _voucher_refused(stage: Stage, refused: Refused) -> tuple[Any, dict[str, Any]]:
    said = {"expected": stage.actors["user"], "recovered": refused.recovered}
    return stage.marketplace.JobMarketplace_VoucherSignatureInvalid, said


def _agreement_refused(stage: Stage, _: Refused) -> tuple[Any, dict[str, Any]]:
    said = {"host": stage.actors["host"]}
    return stage.marketplace.JobMarketplace_AgreementSignatureInvalid, said


def _permit_refused(stage: Stage, _: Refused) -> tuple[Any, dict[str, Any]]:
    needed = USUAL["Permit"].message["value"]
    said = {"spender": stage.marketplace, "allowance": 0, "needed": needed}
    return stage.usdc.ERC20InsufficientAllowance, said


def _authorization_refused(stage: Stage, _: Refused) -> tuple[Any, dict[str, Any]]:
    return stage.usdc.MockUSDC_SignatureInvalid, {"signer": OPENING.signer}


def _factory_refuses(struct: str) -> Callable[[Stage, Refused], tuple[Any, dict[str, Any]]]:
    said = {"signer": USUAL[struct].signer, "digest": USUAL[struct].digest}
    return lambda stage, _: (stage.factory.JobFactory_SignatureInvalid, said)


def _job_way(struct: str, *fields: str, case: str = "usual") -> Way:
    name = f"{struct[0].lower()}{struct[1:]}BySig"
    name = name if case == "usual" else f"{name} {case}"
    vector = BY_NAME[struct, case]
    return Way(name, vector, _job_by_sig(vector, *fields), _factory_refuses(struct))


_VERDICT = ("workHash", "approved", "reopen", "splitBps", "signer")


WAYS = [
    Way("registerProfile", USUAL["RegisterWorker"], _register, _registry_refuses),
    Way("redeemVoucher", USUAL["Voucher"], _redeem, _voucher_refused),
    Way("closeWithVoucher", USUAL["Voucher"], _close_with_voucher, _voucher_refused),
    Way("closeWithAgreement", USUAL["CloseAgreement"], _close_with_agreement, _agreement_refused),
    Way("openSessionWithPermit", USUAL["Permit"], _open_with_permit, _permit_refused),
    Way(
        "openSessionWithAuthorization",
        OPENING,
        _with_authorization("openSessionWithAuthorization", OPENING),
        _authorization_refused,
    ),
    Way(
        "postJobWithAuthorization",
        POSTING,
        _with_authorization("postJobWithAuthorization", POSTING),
        _authorization_refused,
    ),
    Way("postJobBySig", USUAL["PostJob"], _post_by_sig, _factory_refuses("PostJob")),
    _job_way("CancelJob"),
    _job_way("ClaimJob", "worker"),
    _job_way("ReleaseClaim"),
    _job_way("SubmitWork", "workHash"),
    _job_way("VerifyJob", *_VERDICT),
    _job_way("VerifyJob", *_VERDICT, case="to approve"),
    _job_way("VerifyJob", *_VERDICT, case="to send back"),
    _job_way("ExpireJob"),
]
"""Every call that a vector's signature is for. Of the permits, only the marketplace's: JobFactory's is the same struct."""
