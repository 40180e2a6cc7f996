"""Who may be who in a session: host, user, voucher signer, watcher, arbiter."""

from itertools import combinations

import pytest

from tests.harness.authorizations import authorized
from tests.harness.deployment import register
from tests.harness.reverts import reverts

ROLES = ("host", "user", "voucherSigner", "watcher", "arbiter")
# Of the ten pairs these three are harmless: the payer watches and acknowledges for itself.
HARMLESS = {("user", "voucherSigner"), ("user", "watcher"), ("voucherSigner", "watcher")}
HARMFUL = [pair for pair in combinations(ROLES, 2) if pair not in HARMLESS]


@pytest.fixture
def everybody(host, user, voucher_signer, watcher, arbiter):
    """Five roles, five accounts."""
    return dict(zip(ROLES, (host, user, voucher_signer, watcher, arbiter), strict=True))


def _named(pair):
    return " is ".join(pair)


@pytest.mark.parametrize("pair", HARMFUL, ids=_named)
def test_harmful_pairs(escrow, marketplace, everybody, pair):
    """It should refuse the pairs in which somebody judges or acknowledges its own work.

    The account is the host where the host is one of the two, else the arbiter.
    """
    one, other = pair
    # The host stays the registered worker; any other account can take any role.
    same = everybody["host"] if one == "host" else everybody["arbiter"]
    with reverts(marketplace.JobMarketplace_RolesCollide, account=same):
        escrow.open(**(everybody | {one: same, other: same}))


@pytest.mark.parametrize("pair", sorted(HARMLESS), ids=_named)
def test_harmless_pairs(escrow, everybody, pair):
    """It should accept the pairs in which nobody does."""
    one, other = pair
    roles = everybody | {other: everybody[one]}
    details = escrow.open(**roles).details
    assert details.assignedHost == roles["host"]
    assert {role: getattr(details, role) for role in ROLES[1:]} == {
        role: roles[role].address for role in ROLES[1:]
    }


def test_default_signer(escrow, user):
    """It should let the user acknowledge."""
    session = escrow.open()
    assert session.details.voucherSigner == user
    session.redeem(1)
    assert session.details.ackedTokens == 1


def test_default_signer_as_arbiter(escrow, marketplace, user):
    """It should refuse the user as arbiter."""
    with reverts(marketplace.JobMarketplace_RolesCollide, account=user):
        escrow.open(arbiter=user)


def test_user_alone(escrow, user):
    """It should open a session that the user runs alone."""
    details = escrow.open(voucherSigner=user, watcher=user).details
    assert details.user == details.voucherSigner == details.watcher == user


def test_own_host(escrow, marketplace, host):
    """It should refuse it as its own host."""
    with reverts(marketplace.JobMarketplace_RolesCollide, account=host):
        escrow.open(user=host, host=host)


@pytest.fixture
def working_user(escrow, signer, user):
    """The user, who is an active worker too."""
    register(escrow.registry, signer, user)
    return user


def test_worker_as_user(escrow, working_user, host):
    """It should open its session with another host."""
    assert escrow.open(user=working_user).details.assignedHost == host


def test_changed_places(escrow, usdc, owner, working_user, host):
    """It should open both."""
    there = escrow.open()
    usdc.mint(host, there.terms.deposit, sender=owner)
    usdc.approve(escrow.marketplace, there.terms.deposit, sender=host)
    back = escrow.open(user=host, host=working_user)
    assert (there.details.user, there.details.assignedHost) == (working_user, host)
    assert (back.details.user, back.details.assignedHost) == (host, working_user)


@pytest.mark.parametrize("role", ["owner", "treasury", "admin"])
def test_officers_as_users(escrow, usdc, actors, owner, role):
    """It should open the session."""
    officer = actors[role]
    usdc.mint(officer, escrow.terms().deposit, sender=owner)
    usdc.approve(escrow.marketplace, escrow.terms().deposit, sender=officer)
    assert escrow.open(user=officer).details.user == officer


@pytest.mark.parametrize("party", ROLES)
def test_relaying_parties(escrow, everybody, user, party):
    """It should open the user's session, for a relayer is nobody in it."""
    roles = {role: account for role, account in everybody.items() if role != "user"}
    opening = authorized(escrow, user, escrow.terms(**roles))
    opening.relay(opening.signed_by(user), sender=everybody[party])
    details = escrow.marketplace.getSessionDetails(escrow.marketplace.jobCount())
    assert details.user == user
    assert details.assignedHost == everybody["host"]


@pytest.mark.parametrize("role", ["host", "arbiter"])
def test_authorized_collisions(escrow, marketplace, user, working_user, role):
    """It should refuse the opening, whoever relays it."""
    opening = authorized(escrow, user, escrow.terms(**{role: user}))
    with reverts(marketplace.JobMarketplace_RolesCollide, account=user):
        opening.relay(opening.signed_by(user))


@pytest.mark.parametrize(
    ("role", "account"), [("host", "user"), ("arbiter", "user"), ("arbiter", "host")]
)
def test_prompt_collisions(escrow, marketplace, actors, working_user, role, account):
    """It should refuse the user as host, and either of them as arbiter."""
    with reverts(marketplace.JobMarketplace_RolesCollide, account=actors[account]):
        escrow.open_prompt(**{role: actors[account]})


def test_prompt_arbiter(escrow, arbiter):
    """It should accept an arbiter who is neither."""
    assert escrow.open_prompt(arbiter=arbiter).details.arbiter == arbiter
