"""WorkerRegistry's constructor: two roles, two holders."""

from tests.harness.events import emitted, event
from tests.harness.reverts import reverts
from tests.harness.values import ZERO_ADDRESS


def test_without_a_signer(project, owner, admin):
    """It should refuse a registry without a signer."""
    with reverts(project.WorkerRegistry.WorkerRegistry_ZeroAddress):
        owner.deploy(project.WorkerRegistry, ZERO_ADDRESS, admin)


def test_without_an_admin(project, owner, signer):
    """It should refuse a registry without an admin."""
    with reverts(project.WorkerRegistry.WorkerRegistry_ZeroAddress):
        owner.deploy(project.WorkerRegistry, signer, ZERO_ADDRESS)


def test_one_address_for_both(project, owner, admin):
    """It should refuse to give one address both roles."""
    with reverts(project.WorkerRegistry.WorkerRegistry_AdminIsSigner, account=admin):
        owner.deploy(project.WorkerRegistry, admin, admin)


def test_roles(registry, signer, admin):
    """It should give each its role and propose nobody."""
    assert registry.registrationSigner() == signer
    assert registry.admin() == admin
    assert registry.pendingSigner() == registry.pendingAdmin() == ZERO_ADDRESS


def test_events(project, owner, signer, admin):
    """It should emit who holds the roles."""
    registry = owner.deploy(project.WorkerRegistry, signer, admin)
    assert emitted(registry.creation_metadata.receipt) == [
        event(registry.SignerUpdated, previousSigner=ZERO_ADDRESS, newSigner=signer),
        event(registry.AdminTransferred, previousAdmin=ZERO_ADDRESS, newAdmin=admin),
    ]
