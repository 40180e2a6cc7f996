"""JobMarketplace: evidence answers a contested claim, and settles who gets the bond."""

import pytest

from tests.harness.disputes import ended
from tests.harness.escrow import (
    ACTIVE,
    ANSWERED,
    DISPUTED,
    ETHER,
    MAX_TOKENS,
    travel_to,
)
from tests.harness.events import emitted, event
from tests.harness.execution import (
    Reverted,
    RpcError,
    ask,
    isolated,
    put_code,
    rpc,
    set_base_fee,
)

CLAIMED = 900
HALF = 450
GAS_PER_PROOF = 700_000
BYTES_PER_PROOF = 3_000
GWEI = 10**9
BOND_AT_A_GWEI = 2 * GAS_PER_PROOF * GWEI
GAS_PRICE_ORACLE = "0x420000000000000000000000000000000000000F"
ORACLE_GAS = 100_000


@pytest.fixture
def session(escrow, watcher):
    """A session with a claim contested, at a base fee of a gwei; proofs will cost nothing."""
    return contested(escrow.open(watcher=watcher))


def contested(session, tokens=CLAIMED, sender=None):
    session.claim(tokens)
    set_base_fee(GWEI)
    session.contest(sender=sender)
    set_base_fee(0)
    return session


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_short(session, evidence):
    """It should leave the dispute open."""
    getattr(session, evidence)(CLAIMED - 1)
    details = session.details
    assert (details.status, details.bond) == (DISPUTED, BOND_AT_A_GWEI)
    assert details.coveredTokens == CLAIMED - 1


def test_proofs(session):
    """It should end the dispute and cover the claim."""
    session.prove(HALF, HALF)
    details = session.details
    assert (details.status, details.coveredTokens, details.bond) == (ACTIVE, CLAIMED, 0)


def test_events(session, user):
    """It should emit ProofSubmitted, DisputeResolved and what is credited."""
    set_base_fee(GWEI)
    gas_cost = GAS_PER_PROOF * GWEI
    submitted, *rest = emitted(session.prove(CLAIMED))
    assert submitted.name == "ProofSubmitted"
    assert rest == ended(session, ANSWERED, user, BOND_AT_A_GWEI, to_host=gas_cost)


@pytest.mark.parametrize("base_fee", [1, GWEI // 7, GWEI])
def test_gas(escrow, session, user, host, base_fee):
    """It should give the host the gas of the proofs, and the rest to the challenger."""
    set_base_fee(base_fee)
    session.prove(CLAIMED)
    assert escrow.credits(host) == GAS_PER_PROOF * base_fee
    assert escrow.credits(host) + escrow.credits(user) == BOND_AT_A_GWEI


def test_gas_of_several(escrow, host):
    """It should count the proofs of every call since the dispute."""
    session = escrow.open(proofInterval=3 * MAX_TOKENS)
    contested(session, 3 * MAX_TOKENS)
    session.prove(MAX_TOKENS, MAX_TOKENS)
    set_base_fee(GWEI // 10)
    session.prove(MAX_TOKENS)
    proofs = 3
    assert escrow.credits(host) == proofs * GAS_PER_PROOF * GWEI // 10


def test_no_more_proofs_than_asked_for(escrow, session, host):
    """It should pay for no more proofs than the bond was asked for.

    Or a host could spend the bond on proofs of one token.
    """
    session.prove(*[1] * 15)
    set_base_fee(GWEI // 10)
    session.prove(CLAIMED - 15)
    assert escrow.credits(host) == GAS_PER_PROOF * GWEI // 10


@pytest.mark.parametrize("before", [1, 3])
def test_gas_before(escrow, host, before):
    """It should not count the proofs before the dispute."""
    session = escrow.open()
    session.prove(*[1] * before)
    contested(session)
    set_base_fee(GWEI)
    session.prove(CLAIMED - before)
    assert escrow.credits(host) == GAS_PER_PROOF * GWEI


@pytest.mark.parametrize(("proofs", "base_fee"), [(1, 2 * GWEI), (1, 9 * GWEI), (16, 2 * GWEI)])
def test_no_more_than_the_bond(escrow, session, user, host, proofs, base_fee):
    """It should give the host no more than the bond."""
    counts = [CLAIMED - proofs + 1] + [1] * (proofs - 1)
    set_base_fee(base_fee)
    session.prove(*counts)
    assert (escrow.credits(host), escrow.credits(user)) == (BOND_AT_A_GWEI, 0)


def test_free_gas(escrow, session, user, host):
    """It should give the challenger all where gas costs nothing."""
    session.prove(CLAIMED)
    assert (escrow.credits(host), escrow.credits(user)) == (0, BOND_AT_A_GWEI)


def test_last_second(session):
    """It should accept them in the last second."""
    travel_to(session.details.disputeDeadline)
    session.prove(CLAIMED)
    assert session.details.status == ACTIVE


def test_too_late(session):
    """It should count, but answer nothing, in the second after."""
    travel_to(session.details.disputeDeadline + 1)
    happened = [each.name for each in emitted(session.prove(CLAIMED))]
    assert happened == ["ProofSubmitted"]
    details = session.details
    assert (details.status, details.coveredTokens) == (DISPUTED, CLAIMED)


def test_beyond(session):
    """It should cover all of them."""
    session.prove(CLAIMED, HALF)
    details = session.details
    assert (details.status, details.coveredTokens) == (ACTIVE, CLAIMED + HALF)


def test_from_a_voucher(escrow, session, user, host):
    """It should end the dispute likewise."""
    session.redeem(HALF)
    set_base_fee(GWEI)
    session.prove(CLAIMED - HALF, first=HALF)
    assert session.details.status == ACTIVE
    assert escrow.credits(host) == GAS_PER_PROOF * GWEI


# ------------------------------------------------------------------------------------- the oracle


@pytest.fixture
def oracle(project, owner):
    """Places an oracle where the OP Stack has its own: `oracle("HonestOracle")`."""

    def oracle(kind):
        put_code(owner.deploy(getattr(project, kind)), GAS_PRICE_ORACLE)

    return oracle


@pytest.mark.parametrize("proofs", [1, 2, 3])
def test_oracle(escrow, session, oracle, host, proofs):
    """It should add what the bytes of the proofs cost, of those that the bond was asked for."""
    counts = [CLAIMED // proofs] * proofs
    oracle("HonestOracle")
    set_base_fee(1)
    session.prove(*counts)
    assert escrow.credits(host) == GAS_PER_PROOF + BYTES_PER_PROOF * GWEI


def test_padded_calldata(marketplace, escrow, session, oracle, host):
    """It should not add what a host appends to its call."""
    oracle("HonestOracle")
    set_base_fee(1)
    proofs = session.proofs(0, [CLAIMED])
    call = marketplace.submitProofsAt.encode_input(session.id, 0, proofs, [CLAIMED])
    rpc(
        "eth_sendTransaction",
        {"from": host.address, "to": marketplace.address, "data": f"0x{call.hex()}{'00' * 40_000}"},
    )
    assert session.details.status == ACTIVE
    assert escrow.credits(host) == GAS_PER_PROOF + BYTES_PER_PROOF * GWEI


@pytest.mark.parametrize("kind", ["RefusingOracle", "JunkOracle", "GuzzlingOracle"])
def test_broken_oracle(escrow, session, oracle, user, host, kind):
    """It should count an oracle that fails as worth nothing."""
    oracle(kind)
    set_base_fee(1)
    session.prove(CLAIMED)
    assert escrow.credits(host) == GAS_PER_PROOF
    assert escrow.credits(host) + escrow.credits(user) == BOND_AT_A_GWEI


def test_dear_oracle(escrow, session, oracle, user, host):
    """It should give no more than the bond, whatever the oracle says."""
    oracle("BoundlessOracle")
    session.prove(CLAIMED)
    assert (escrow.credits(host), escrow.credits(user)) == (BOND_AT_A_GWEI, 0)


@pytest.mark.parametrize("kind", ["GuzzlingOracle", "BombingOracle"])
def test_costly_oracle(escrow, session, oracle, kind):
    """It should spend little on an oracle that wants much gas."""
    with isolated():
        without = session.prove(CLAIMED).gas_used
    oracle(kind)
    set_base_fee(0)
    assert session.prove(CLAIMED).gas_used - without < 2 * ORACLE_GAS
    assert session.details.status == ACTIVE


def test_starved_oracle(escrow, marketplace, session, oracle, user, host):
    """It should ask it with enough gas, or not be answered at all, however little is sent.

    Or the challenger could bring the last voucher with so little that the oracle fails, and keep the host's part.
    """
    oracle("PonderingOracle")
    session.prove(HALF)
    voucher = (session.id, CLAIMED, session.voucher(CLAIMED))
    gas_limits, passed = range(60_000, 360_000, 1_000), 0
    for gas in gas_limits:
        try:
            ask(marketplace.redeemVoucher, *voucher, sender=user, gas=gas)
        except (Reverted, RpcError):
            continue
        passed += 1
        with isolated():
            set_base_fee(0)
            marketplace.redeemVoucher(*voucher, sender=user, gas_limit=gas)
            assert escrow.credits(host) == BYTES_PER_PROOF * GWEI
    assert len(gas_limits) // 4 < passed < len(gas_limits)


# ------------------------------------------------------------------------------------- the voucher


def test_voucher(escrow, session, user, host):
    """It should give the challenger the whole bond."""
    set_base_fee(GWEI)
    session.redeem(CLAIMED)
    assert session.details.status == ACTIVE
    assert (escrow.credits(user), escrow.credits(host)) == (BOND_AT_A_GWEI, 0)


def test_voucher_events(marketplace, session, user):
    """It should emit VoucherRedeemed, DisputeResolved and Credited."""
    assert emitted(session.redeem(CLAIMED)) == [
        event(marketplace.VoucherRedeemed, jobId=session.id, ackedTokens=CLAIMED),
        *ended(session, ANSWERED, user, BOND_AT_A_GWEI),
    ]


def test_voucher_after_proofs(escrow, session, user, host):
    """It should give the host the gas of proofs that fell short, and the challenger the rest."""
    session.prove(HALF)
    set_base_fee(GWEI)
    session.redeem(CLAIMED)
    assert session.details.status == ACTIVE
    paid = GAS_PER_PROOF * GWEI
    assert (escrow.credits(host), escrow.credits(user)) == (paid, BOND_AT_A_GWEI - paid)


def test_batch(escrow, marketplace, session, user, stranger):
    """It should answer from within a batch."""
    items = [(session.id, tokens, session.voucher(tokens)) for tokens in (HALF, CLAIMED)]
    marketplace.redeemVouchers(items, sender=stranger)
    assert session.details.status == ACTIVE
    assert escrow.credits(user) == BOND_AT_A_GWEI


def test_voucher_in_the_last_second(session, stranger):
    """It should accept it in the last second, from anyone."""
    travel_to(session.details.disputeDeadline)
    session.redeem(CLAIMED, sender=stranger)
    assert session.details.status == ACTIVE


def test_late_voucher(session):
    """It should count, but answer nothing, in the second after."""
    travel_to(session.details.disputeDeadline + 1)
    happened = [each.name for each in emitted(session.redeem(CLAIMED))]
    assert happened == ["VoucherRedeemed"]
    details = session.details
    assert (details.status, details.coveredTokens) == (DISPUTED, CLAIMED)


@pytest.mark.parametrize("evidence", ["prove", "redeem"])
def test_arbiter(escrow, arbiter, user, evidence):
    """It should end the dispute by proof or voucher all the same."""
    session = contested(escrow.open(arbiter=arbiter))
    getattr(session, evidence)(CLAIMED)
    assert session.details.status == ACTIVE
    assert escrow.credits(user) == BOND_AT_A_GWEI


def test_watcher(escrow, watcher, user, host):
    """It should give the rest of the bond to the watcher."""
    session = contested(escrow.open(watcher=watcher), sender=watcher)
    set_base_fee(GWEI)
    session.prove(CLAIMED)
    gas_cost = GAS_PER_PROOF * GWEI
    assert escrow.credits(watcher) == BOND_AT_A_GWEI - gas_cost
    assert escrow.credits(user) == 0


@pytest.mark.parametrize(("evidence", "tokens"), [("prove", MAX_TOKENS), ("redeem", 1)])
def test_prompt_job(escrow, host, evidence, tokens):
    """It should answer with the proof of its prompt, or a voucher."""
    job = contested(escrow.open_prompt(), tokens=1)
    getattr(job, evidence)(tokens)
    assert job.details.status == ACTIVE
    assert job.moved_by(lambda: job.complete(sender=host)) == (job.terms.deposit, 0)


def test_next_claim(session):
    """It should let the host claim on."""
    session.prove(CLAIMED)
    session.claim(CLAIMED + HALF)
    session.pass_challenge_window()
    assert session.details.coveredTokens == CLAIMED + HALF


def test_next_dispute(escrow, session, user):
    """It should let the user contest the next claim."""
    session.prove(CLAIMED)
    contested(session, tokens=CLAIMED + 1)
    session.prove(1)
    assert session.details.status == ACTIVE
    assert escrow.credits(user, ETHER) == 2 * BOND_AT_A_GWEI
