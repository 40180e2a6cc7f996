"""Contract wallets as parties of one-shot jobs (ERC-1271), and keys whose accounts carry code (EIP-7702)."""

import pytest

from tests.harness.actors import contract_actor
from tests.harness.escrow import USDC
from tests.harness.execution import delegate, put_code
from tests.harness.factory import OPEN, SUBMITTED
from tests.harness.reverts import reverts
from tests.unit.job_factory.intents import (
    cancelling,
    claiming,
    expiring,
    posting,
    releasing,
    submitting,
    verifying,
)
from tests.unit.job_factory.kinds import KINDS, SHARE
from tests.unit.job_factory.lives import posted

MAGIC_WORD = bytes.fromhex("1626ba7e").ljust(32, b"\0")  # "yes" in ERC-1271
every_kind = pytest.mark.parametrize("kind", KINDS)


def funded(factory, account):
    """An account with USDC that the factory may take."""
    factory.usdc.mint(account, 100 * USDC, sender=factory.actors["owner"])
    factory.usdc.approve(factory.contract, 100 * USDC, sender=account)
    return account


@pytest.fixture
def wallets(factory, project, owner, user):
    """Two contract wallets of the user's, with USDC that the factory may take."""
    return [
        funded(factory, contract_actor(owner.deploy(project.MockWallet, user))) for _ in range(2)
    ]


def _overdue(job):
    job.pass_deadline()
    return job


def _working(job, wallet, submit=False):
    job.claim(sender=wallet)
    if submit:
        job.submit(sender=wallet)
    return job


# An intent of each kind, of a wallet as the party and with somebody who signs for it.
OF_WALLET = {
    "PostJob": lambda f, wallet, who: posting(f, f.terms(), wallet, signer=who),
    "CancelJob": lambda f, wallet, who: cancelling(posted(f, issuer=wallet), signer=who),
    "ExpireJob": lambda f, wallet, who: expiring(_overdue(posted(f, issuer=wallet)), signer=who),
    "ClaimJob": lambda f, wallet, who: claiming(posted(f, payee=wallet), wallet, signer=who),
    "ReleaseClaim": lambda f, wallet, who: releasing(
        _working(posted(f, payee=wallet), wallet), wallet, signer=who
    ),
    "SubmitWork": lambda f, wallet, who: submitting(
        _working(posted(f, payee=wallet), wallet), worker=wallet, signer=who
    ),
    "VerifyJob": lambda f, wallet, who: verifying(
        posted(f, evaluator=wallet).in_status(SUBMITTED),
        False,
        False,
        SHARE,
        verifier=wallet,
        signer=who,
    ),
}


@every_kind
def test_owner(factory, user, wallets, kind):
    """It should carry out what the wallet's owner signed."""
    intent = OF_WALLET[kind](factory, wallets[0], user)
    receipt = intent.relay()
    assert not receipt.failed
    assert receipt.events


@every_kind
@pytest.mark.parametrize("who", ["issuer", "worker", "relayer", "stranger"])
def test_somebody_else(factory, wallets, actors, kind, who):
    """It should refuse what somebody else signed."""
    intent = OF_WALLET[kind](factory, wallets[0], actors[who])
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=wallets[0], digest=intent.digest()
    ):
        intent.relay()


@every_kind
def test_other_wallet(factory, user, wallets, kind):
    """It should refuse what was signed for another wallet of the same owner.

    The wallets do not bind what is signed to themselves, as good ones would.
    """
    first, second = (OF_WALLET[kind](factory, wallet, user) for wallet in wallets)
    signature = first.signature()
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=wallets[1], digest=second.digest()
    ):
        second.relay(signature)
    second.relay()


ANSWERS = {
    "nothing": ("AnsweringContract", b""),
    "no": ("AnsweringContract", bytes.fromhex("ffffffff").ljust(32, b"\0")),
    "true": ("AnsweringContract", (1).to_bytes(32, "big")),
    "the word at the wrong end": ("AnsweringContract", MAGIC_WORD[:4].rjust(32, b"\0")),
    "the word and more": ("AnsweringContract", MAGIC_WORD[:4] + b"\0" * 27 + b"\1"),
    "four bytes": ("AnsweringContract", MAGIC_WORD[:4]),
    "a revert with the word": ("RevertingContract", MAGIC_WORD),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_other_answers(factory, project, owner, user, answer):
    """It should refuse what it was asked."""
    contract, data = ANSWERS[answer]
    wallet = funded(factory, contract_actor(owner.deploy(getattr(project, contract), data)))
    intent = cancelling(posted(factory, issuer=wallet), signer=user)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=wallet, digest=intent.digest()
    ):
        intent.relay()


def party_of(factory, kind):
    """Whose key signs an intent of that kind in KINDS."""
    worker_signs = kind in {"ClaimJob", "ReleaseClaim", "SubmitWork"}
    return factory.actors["worker" if worker_signs else "issuer"]


@every_kind
def test_code_denies(factory, project, owner, kind):
    """It should accept what the key signed though the code denies it."""
    delegate(party_of(factory, kind), owner.deploy(project.RevertingContract, b""))
    receipt = KINDS[kind](factory).relay()
    assert receipt.events


@every_kind
def test_code_approves(factory, project, owner, user, kind):
    """It should accept what the code approves."""
    delegate(party_of(factory, kind), owner.deploy(project.MockWallet, user))
    intent = KINDS[kind](factory)
    assert intent.relay(intent.signed_by(user)).events


@every_kind
def test_neither(factory, project, owner, user, stranger, kind):
    """It should refuse what neither signed."""
    party = party_of(factory, kind)
    delegate(party, owner.deploy(project.MockWallet, user))
    intent = KINDS[kind](factory)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=party, digest=intent.digest()
    ):
        intent.relay(intent.signed_by(stranger))


@pytest.mark.parametrize("signature", [b"", b"\1", b"\2" * 65, b"\3" * 500])
def test_any_length(factory, project, owner, signature):
    """It should hand it to the wallet as it is."""
    answering = owner.deploy(project.AnsweringContract, MAGIC_WORD)
    wallet = funded(factory, contract_actor(answering))
    intent = cancelling(posted(factory, issuer=wallet), signer=owner)
    asked = project.MockWallet.at(wallet.address).isValidSignature
    exact = owner.deploy(
        project.ExactCallee, asked.encode_input(intent.digest(), signature), MAGIC_WORD
    )
    put_code(exact, wallet.address)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=wallet, digest=intent.digest()
    ):
        intent.relay(signature + b"\4")
    assert intent.relay(signature).events


def test_revoked(factory, user, wallets):
    """It should refuse it."""
    wallet = wallets[0]
    intent = OF_WALLET["CancelJob"](factory, wallet, user)
    # The owner's own word is worth nothing here, the wallet's is.
    factory.contract.revokeIntent(intent.digest(), sender=user)
    intent.ask()
    factory.contract.revokeIntent(intent.digest(), sender=wallet)
    with reverts(factory.contract.JobFactory_IntentRevoked, signer=wallet, digest=intent.digest()):
        intent.relay()


def test_call_back(factory, project, owner):
    """It should be asked without being able to change anything."""
    counting = owner.deploy(project.CountingWallet)
    wallet = contract_actor(counting)
    job = posted(factory, payee=wallet)
    intent = claiming(job, wallet, signer=owner)
    with reverts(
        factory.contract.JobFactory_SignatureInvalid, signer=wallet, digest=intent.digest()
    ):
        intent.relay()
    assert counting.calls() == 0
    # Outside a static call the same code says yes, having counted.
    counting.isValidSignature(intent.digest(), b"", sender=owner)
    assert (counting.calls(), job.status) == (1, OPEN)
