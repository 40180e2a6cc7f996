"""A session from opening to withdrawal, played by both sides of the SDK."""

import threading
from dataclasses import replace

import pytest

from provenwork.chain import SessionStatus
from provenwork.core.errors import (
    ContractReverted,
    LimitReached,
    NothingToDo,
    OverCounted,
    SessionOver,
    VoucherRefused,
)
from provenwork.crypto import Voucher
from provenwork.sessions import Action, SignedVoucher
from tests.harness.escrow import (
    CHALLENGE_WINDOW,
    CLOSE_WINDOW,
    ETHER,
    FEE_BPS,
    advance,
    travel_to,
)
from tests.harness.execution import rpc


def stream(mine, theirs, tokens: int, *, pieces: int = 10) -> None:
    """The host serves so many tokens in pieces; the user counts them and sends vouchers along."""
    for _ in range(tokens // pieces):
        served = theirs.serve([7] * pieces)
        voucher = mine.receive(served.tokens, host_count=served.total)
        if voucher is not None:
            theirs.accept(voucher.to_json())


def pass_time(seconds: int) -> None:
    """A block so many seconds later."""
    advance(seconds)
    rpc("evm_mine")


def test_a_session_by_vouchers(both, payer, provider, escrow):
    """Nothing but vouchers: the host closes with the last one, and each side has its share to the unit."""
    mine, theirs = both
    before = escrow.usdc.balanceOf(payer.address)
    stream(mine, theirs, 3_000)
    assert theirs.accept(mine.voucher()) == 3_000
    assert theirs.close().status is SessionStatus.COMPLETED
    cost = 3_000 * 2
    assert escrow.usdc.balanceOf(payer.address) == before + 10_000_000 - cost
    fee = -(-cost * FEE_BPS // 10_000)
    assert provider.earned(escrow.usdc.address) == cost
    assert provider.withdraw(escrow.usdc.address) == cost - fee
    assert provider.withdraw(escrow.usdc.address) == 0


def test_a_session_in_ether(payer, provider, terms):
    """The same in ETH, where the refund is pushed to the user."""
    mine = payer.open(replace(terms, token=ETHER, deposit=10**16, price_per_million=2 * 10**15))
    theirs = provider.accept(mine.job_id)
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    before = payer.node.balance(payer.address)
    theirs.close()
    assert payer.node.balance(payer.address) == before + 10**16 - 500 * 2 * 10**9
    assert provider.earned() == 500 * 2 * 10**9


def test_the_user_closes_with_the_hosts_agreement(both, escrow):
    """With the host's signature the user closes at once, and pays for exactly what was agreed."""
    mine, theirs = both
    stream(mine, theirs, 400)
    agreement = theirs.agree()
    with pytest.raises(SessionOver):
        theirs.serve([1])
    details = mine.close_with(agreement)
    assert (details.status, details.settled) == (SessionStatus.COMPLETED, 400)


def test_an_agreement_for_too_much_is_not_used(both, make_host):
    """The user does not close with an agreement for more than it received."""
    mine, theirs = both
    theirs.serve([1] * 50)
    mine.receive(40)
    with pytest.raises(OverCounted):
        mine.close_with(theirs.agree())


def test_the_host_never_agrees_to_less_than_is_acknowledged(both):
    """Agreeing to fewer tokens than a voucher says would give the voucher up."""
    mine, theirs = both
    stream(mine, theirs, 400)
    theirs.accept(mine.voucher())
    with pytest.raises(ValueError, match="400 acknowledged"):
        theirs.agree(399)


def test_claims_and_proofs(both, provider, prover):
    """Without a voucher the host proves what it served; the proofs are recorded and paid."""
    _, theirs = both
    pass_time(60)
    theirs.refresh()
    theirs.serve([5] * 900)
    theirs.serve([6] * 800)
    assert theirs.prove() == 2
    while provider.proofs.work():
        pass
    assert [len(tokens) for tokens in prover.asked] == [1_024, 676]
    assert theirs.submit() == 1_700
    assert theirs.refresh().proof_count == 2
    assert theirs.unacknowledged == 0
    with pytest.raises(NothingToDo):
        theirs.submit()


def test_a_claim_matures(both):
    """A claim that nobody contests counts when the challenge window has passed."""
    _, theirs = both
    theirs.serve([5] * 800)
    assert theirs.claim() == 800
    assert theirs.unacknowledged == 800
    with pytest.raises(NothingToDo):
        theirs.close()
    pass_time(CHALLENGE_WINDOW + 1)
    details = theirs.refresh()
    assert (details.covered, theirs.unacknowledged) == (800, 0)
    assert theirs.close().settled == 800


def test_a_better_voucher_is_redeemed_before_a_claim(both):
    """What is signed is not claimed: the claim is for the tail beyond the last voucher only."""
    mine, theirs = both
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    theirs.serve([1] * 300)
    assert theirs.claim() == 800
    assert theirs.refresh().acked == 500


def test_a_contested_claim_is_answered_with_proofs(both, payer, provider):
    """The user contests; the host's next ticks prove the claim and submit, and the bond pays the host's gas."""
    mine, theirs = both
    theirs.serve([5] * 900)
    theirs.claim()
    bond = mine.contest(force=True)
    assert theirs.refresh().is_disputed
    assert provider.tick()[theirs.job_id].plan.prove == ((0, 900),)
    while provider.proofs.work():
        pass
    assert provider.tick()[theirs.job_id].plan.step.action is Action.SUBMIT
    details = theirs.refresh()
    assert (details.status, details.proven) == (SessionStatus.ACTIVE, 900)
    market = provider.marketplace
    assert market.credits(provider.address, ETHER) + market.credits(payer.address, ETHER) >= bond


def test_a_contested_claim_is_answered_with_a_voucher(both, provider):
    """A voucher that reaches the contested claim is the cheaper answer, and the whole bond goes back."""
    mine, theirs = both
    theirs.serve([5] * 900)
    theirs.claim()
    bond = mine.contest(force=True)
    mine.receive(900)
    theirs.accept(mine.voucher())
    assert provider.tick()[theirs.job_id].plan.step.action is Action.REDEEM
    assert theirs.refresh().status is SessionStatus.ACTIVE
    assert mine._marketplace.credits(mine._details.user, ETHER) >= bond


def test_an_honest_user_does_not_contest_what_it_received(both):
    """The SDK refuses to stake a bond against a claim that is true."""
    mine, theirs = both
    served = theirs.serve([5] * 900)
    mine.voucher_every = 0
    mine.receive(served.tokens)
    theirs.claim()
    mine.check()
    with pytest.raises(NothingToDo, match="900 were received"):
        mine.contest()


def test_over_counting_in_the_stream_stops_the_user(both):
    """A host that says it sent more than arrived gets no further voucher."""
    mine, theirs = both
    stream(mine, theirs, 200)
    with pytest.raises(OverCounted) as caught:
        mine.receive([7] * 10, host_count=250)
    assert (caught.value.counted, caught.value.received) == (250, 210)
    with pytest.raises(OverCounted):
        mine.voucher()
    with pytest.raises(OverCounted):
        mine.receive([7])


def test_over_claiming_on_chain_stops_the_user(both, escrow):
    """A claim for more than arrived is found by looking, contested, and void when nobody answers."""
    mine, _ = both
    mine.receive([7] * 100)
    escrow.marketplace.claimTokens(mine.job_id, 900, bytes(32), sender=escrow.actors["host"])
    with pytest.raises(OverCounted) as caught:
        mine.check()
    assert (caught.value.kind, caught.value.counted) == ("claim", 900)
    assert "contest()" in caught.value.hint
    assert mine.contest() > 0
    with pytest.raises(OverCounted):
        mine.voucher()
    ends = mine.details().dispute_deadline
    travel_to(ends + 1)
    mine.close()
    travel_to(mine.details().evidence_end + 1)
    assert mine.finalize().settled == 0


def test_the_host_vanishes(both, escrow, payer):
    """The user gets its whole deposit back after the close window, without anybody's help."""
    mine, _ = both
    before = escrow.usdc.balanceOf(payer.address)
    finalizes = mine.close()
    with pytest.raises(ContractReverted) as caught:
        mine.finalize()
    assert caught.value.name == "JobMarketplace_TooEarly"
    travel_to(finalizes + 1)
    assert mine.finalize().status is SessionStatus.COMPLETED
    assert escrow.usdc.balanceOf(payer.address) == before + 10_000_000


def test_nobody_closes(both, escrow):
    """A session that ends by itself is timed out by whoever comes."""
    mine, _ = both
    details = mine.details()
    travel_to(details.ends_at + CLOSE_WINDOW + 1)
    assert mine.finalize().status is SessionStatus.TIMED_OUT
    with pytest.raises(SessionOver):
        mine.finalize()


def test_the_user_vanishes(both, provider, make_host, policy):
    """The tail of a silent user is claimed, matures, and is paid; what is signed is redeemed with it."""
    mine, theirs = both
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    theirs.serve([1] * 900)
    assert provider.tick()[theirs.job_id].plan.step is None
    impatient = make_host(policy=replace(policy, patience=-1))
    taken = [impatient.tick()[theirs.job_id].plan.step.action for _ in range(2)]
    assert taken == [Action.REDEEM, Action.CLAIM]
    pass_time(CHALLENGE_WINDOW + 1)
    theirs = impatient.session(theirs.job_id)
    assert theirs.close().settled == 1_400


def test_the_user_closes_and_the_host_is_paid_for_the_tail(both, provider):
    """When the user asks to close, the host's ticks claim the tail, wait, and close with everything."""
    mine, theirs = both
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    theirs.serve([1] * 300)
    mine.close()
    theirs.refresh()
    with pytest.raises(SessionOver):
        theirs.serve([1])
    first = [provider.tick()[theirs.job_id].plan.step for _ in range(3)]
    assert [step and step.action for step in first] == [Action.REDEEM, Action.CLAIM, None]
    pass_time(CHALLENGE_WINDOW + 1)
    assert provider.tick()[theirs.job_id].plan.step.action is Action.CLOSE
    assert theirs.refresh().settled == 800
    assert provider.tick() == {}


def test_the_user_cannot_outrun_a_voucher(both, provider):
    """A voucher that was never redeemed is used by the host's next tick after the user asked to close."""
    mine, theirs = both
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    mine.close()
    assert provider.tick()[theirs.job_id].plan.step.action is Action.CLOSE_WITH_VOUCHER
    assert theirs.refresh().settled == 500


def test_serving_stops_at_the_hosts_own_risk(both, policy):
    """Unacknowledged tokens never exceed what the host is ready to lose, and a voucher frees them again."""
    mine, theirs = both
    pass_time(600)
    theirs.refresh()
    theirs.serve([1] * policy.max_unacknowledged)
    with pytest.raises(LimitReached) as caught:
        theirs.serve([1])
    assert (caught.value.allowed, caught.value.asked) == (0, 1)
    mine.receive(1_500)
    theirs.accept(mine.voucher())
    assert theirs.allowance() == 1_500


def test_serving_stops_at_what_the_contract_would_pay(payer, provider, terms):
    """Beyond the rate and one interval nothing is served without a voucher, and never more than the deposit pays for."""
    mine = payer.open(
        replace(terms, deposit=200_000, price_per_million=100_000_000, max_tokens_per_second=1)
    )
    theirs = provider.accept(mine.job_id)
    assert 1_000 <= theirs.allowance() <= 1_010
    theirs.serve([1] * 1_000)
    mine.receive(1_000)
    theirs.accept(mine.voucher())
    assert theirs.allowance() == 1_000
    theirs.serve([1] * 1_000)
    mine.receive(1_000)
    theirs.accept(mine.voucher())
    assert theirs.allowance() == 0


@pytest.mark.parametrize("case", ["key", "session", "host", "chain", "contract", "high_s", "short"])
def test_a_wrong_voucher_is_refused(both, market, keys, case):
    """Another key, session, host, chain or contract, and every malleable form, is refused off chain as on chain."""
    mine, theirs = both
    stream(mine, theirs, 100)
    good = mine.voucher()
    voucher, signature, domain = good.voucher, good.signature, market.domain
    signer = keys["user"]
    if case == "key":
        signature = voucher.sign(domain, keys["stranger"])
    elif case == "session":
        voucher = Voucher(theirs.job_id + 1, voucher.host, 100)
        signature = voucher.sign(domain, signer)
    elif case == "host":
        voucher = Voucher(theirs.job_id, keys["other_host"].address, 100)
        signature = voucher.sign(domain, signer)
    elif case == "chain":
        signature = voucher.sign(replace(domain, chain_id=1), signer)
    elif case == "contract":
        signature = voucher.sign(replace(domain, verifying_contract=mine.host), signer)
    elif case == "high_s":
        twin = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - int.from_bytes(
            signature[32:64], "big"
        )
        signature = signature[:32] + twin.to_bytes(32, "big") + bytes([55 - signature[64]])
    else:
        signature = signature[:64]
    with pytest.raises(VoucherRefused):
        theirs.accept(SignedVoucher(voucher, signature))
    assert theirs.accept(good) == 100


def test_a_replayed_voucher_changes_nothing(both):
    """An older voucher after a newer one leaves the newer one in place."""
    mine, theirs = both
    stream(mine, theirs, 100)
    old = mine.voucher()
    stream(mine, theirs, 100)
    new = mine.voucher()
    assert theirs.accept(new) == 200
    assert theirs.accept(old) == 200
    assert theirs.voucher == new


def test_a_voucher_for_more_than_was_served_is_refused(both, keys, market):
    """A user that counts too much is told so instead of being overcharged."""
    mine, theirs = both
    stream(mine, theirs, 100)
    voucher = Voucher(theirs.job_id, mine.host, 101)
    with pytest.raises(VoucherRefused, match="100 were served"):
        theirs.accept(SignedVoucher(voucher, voucher.sign(market.domain, keys["user"])))


def test_the_cap_bounds_what_vouchers_count(payer, make_host, terms, policy):
    """Beyond the cap a voucher is worth no more, so the host relies on it no further."""
    mine = payer.open(replace(terms, voucher_cap=150))
    theirs = make_host(policy=replace(policy, accept_partial_cap=True)).accept(mine.job_id)
    stream(mine, theirs, 200)
    assert theirs.accept(mine.voucher()) == 150
    assert theirs.unacknowledged == 50


def test_a_user_restarts_from_its_own_voucher(both, payer):
    """A user who lost its count takes it up again from the voucher that it signed, which the host kept."""
    mine, theirs = both
    stream(mine, theirs, 700)
    theirs.accept(mine.voucher())
    again = payer.session(mine.job_id, voucher=theirs.voucher)
    assert (again.received, again.signed) == (700, 700)


def test_without_a_circuit_the_signer_greets_first(payer, provider, terms):
    """Where only vouchers are paid, nothing is served before the signer has shown its key with a voucher for nothing."""
    mine = payer.open(replace(terms, circuit_id=0))
    theirs = provider.accept(mine.job_id)
    with pytest.raises(LimitReached) as caught:
        theirs.serve([1])
    assert "first voucher" in caught.value.hint
    theirs.accept(mine.voucher())
    assert theirs.serve([1]).total == 1


def test_lost_tokens_are_sent_again_from_the_transcript(both):
    """What was written down but not received is sent again, and counted once."""
    mine, theirs = both
    stream(mine, theirs, 100)
    theirs.serve([8, 9, 10])
    lost = theirs.transcript(mine.received)
    mine.receive(lost, host_count=theirs.served)
    assert (lost, mine.received) == ([8, 9, 10], 103)
    assert mine.transcript_hash() == theirs.commitment(103)


def test_the_hosts_loop_closes_by_itself(both, provider):
    """A host that just runs redeems and closes when the user asks to, and reports what it did."""
    mine, theirs = both
    stream(mine, theirs, 500)
    theirs.accept(mine.voucher())
    mine.close()
    stop, seen = threading.Event(), []

    def note(done) -> None:
        seen.append(done)
        stop.set()

    provider.run(stop, every=0.01, on_tick=note)
    assert seen[0][theirs.job_id].plan.step.action is Action.CLOSE_WITH_VOUCHER
    assert mine.details().settled == 500


def test_one_sessions_problem_does_not_stop_the_others(payer, provider, terms, escrow):
    """A session that cannot be helped is reported, and the next one gets its due."""
    first, second = payer.open(terms), payer.open(terms)
    broken, sound = provider.accept(first.job_id), provider.accept(second.job_id)
    for mine, theirs in ((first, broken), (second, sound)):
        stream(mine, theirs, 100)
        theirs.accept(mine.voucher())
        mine.close()
    bad = SignedVoucher(Voucher(broken.job_id, first.host, 200), bytes(65))
    provider.store.keep_voucher(bad)
    done = provider.tick()
    assert done[broken.job_id].problem.name == "JobMarketplace_VoucherSignatureInvalid"
    assert done[sound.job_id].plan.step.action is Action.CLOSE_WITH_VOUCHER
    assert second.details().settled == 100
