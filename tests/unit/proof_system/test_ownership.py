"""Who may register and revoke circuits: one owner, handed over in two steps, never none."""

from tests.harness.execution import ask
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS
from tests.unit.proof_system.encoding import HASHED_ID


def test_without_an_owner(project, owner):
    """It should refuse to be deployed."""
    with reverts(project.ProofSystem.OwnableInvalidOwner, owner=ZERO_ADDRESS):
        owner.deploy(project.ProofSystem, ZERO_ADDRESS)


def test_first_step(proofs, owner, operator):
    """It should leave the owner in place until the successor accepts."""
    proofs.transferOwnership(operator, sender=owner)
    assert (proofs.owner(), proofs.pendingOwner()) == (owner, operator)


def test_anyone_else(proofs, owner, operator, stranger):
    """It should refuse an acceptance by anyone else."""
    proofs.transferOwnership(operator, sender=owner)
    with reverts(proofs.OwnableUnauthorizedAccount, account=stranger):
        proofs.acceptOwnership(sender=stranger)


def test_second_step(proofs, owner, operator):
    """It should leave the old owner without power afterwards."""
    proofs.transferOwnership(operator, sender=owner)
    proofs.acceptOwnership(sender=operator)
    assert (proofs.owner(), proofs.pendingOwner()) == (operator, ZERO_ADDRESS)
    with reverts(proofs.OwnableUnauthorizedAccount, account=owner):
        proofs.revokeCircuit(HASHED_ID, sender=owner)


def test_renouncing(proofs, owner):
    """It should refuse, since someone must be able to revoke."""
    with reverts(proofs.ProofSystem_OwnershipCannotBeRenounced):
        ask(proofs.renounceOwnership, sender=owner)


def test_renouncing_by_a_stranger(proofs, stranger):
    """It should refuse a stranger as well."""
    with reverts(proofs.ProofSystem_OwnershipCannotBeRenounced):
        ask(proofs.renounceOwnership, sender=stranger)
