"""JobMarketplaceExtension called directly: it has code, and nothing else."""

import re

import pytest

from tests.harness.deployment import extension_of
from tests.harness.escrow import COMMITMENT, ETHER, HOUR, INPUT_BOUND, PARAMETERS, ZERO
from tests.harness.execution import ask, rpc
from tests.harness.reverts import reverts

DEPOSIT = 10**16
JUNK = (27, b"\x01" * 32, b"\x02" * 32)


@pytest.fixture(scope="module")
def extension(project, marketplace):
    """The extension, at its own address."""
    return extension_of(project, marketplace)


def test_address(marketplace, extension):
    """It should be the first contract that the marketplace made."""
    assert marketplace.extension() == extension.address
    assert len(rpc("eth_getCode", extension.address, "latest")) > 2
    assert int(rpc("eth_getTransactionCount", marketplace.address, "latest"), 16) == 2


def _prompt(escrow, extension):
    extension.createPromptJob(
        *(escrow.actors["host"], ETHER, DEPOSIT, INPUT_BOUND, COMMITMENT, 1, HOUR, ZERO),
        value=DEPOSIT,
        sender=escrow.actors["user"],
    )


def _permit(escrow, extension):
    terms = escrow.terms(token=ETHER).encoded()
    extension.openSessionWithPermit(terms, 0, *JUNK, sender=escrow.actors["user"])


@pytest.mark.parametrize("form", [_prompt, _permit])
def test_openings(escrow, extension, form):
    """It should refuse to open anything, and keep no money."""
    with reverts(extension.JobMarketplace_TokenNotAllowed, token=ETHER):
        form(escrow, extension)
    assert extension.balance == 0


def test_no_sessions(escrow, extension):
    """It should know no session of the marketplace."""
    session = escrow.open()
    there, here = session.details, ask(extension.getSessionDetails, session.id)
    assert there.user == session.user
    assert here.user == here.assignedHost == ZERO
    assert here.depositAmount == 0


@pytest.mark.parametrize("function", ["resolveDispute", "expireDispute"])
def test_no_disputes(escrow, extension, user, function):
    """It should refuse to judge what it does not know."""
    session = escrow.open()
    session.claim(1)
    arguments = {"resolveDispute": [1], "expireDispute": []}[function]
    with reverts(extension.JobMarketplace_SessionUnknown, jobId=session.id):
        getattr(extension, function)(session.id, *arguments, sender=user)


def test_parameters(marketplace, extension):
    """It should have those of the marketplace."""
    assert tuple(extension.parameters()) == tuple(marketplace.parameters()) == PARAMETERS


def test_no_owner(extension, owner):
    """It should have no owner, so that its own books can never be filled."""
    assert extension.owner() == ZERO
    with reverts(extension.OwnableUnauthorizedAccount, account=owner):
        extension.setToken(ETHER, True, 0, sender=owner)


def test_nothing_but_the_interface(project):
    """It should offer its interface and what both halves inherit, and no step of anything else.

    The marketplace forwards whatever it does not know: what is external there is everybody's.
    """
    abi = project.JobMarketplaceExtension.contract_type.abi
    offered = {entry.name for entry in abi if entry.type == "function"}
    interface = project.path / "interfaces" / "IJobMarketplaceExtension.sol"
    promised = set(re.findall(r"^ {4}function (\w+)", interface.read_text(), re.MULTILINE))
    inherited = {
        *("owner", "pendingOwner", "transferOwnership", "acceptOwnership", "renounceOwnership"),
        *("paused", "eip712Domain"),
    }
    assert offered == promised | inherited
