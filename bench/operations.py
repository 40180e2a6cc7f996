"""Every user operation and whole session, played on a local chain and weighed by its receipts.

Steady state, as the budgets define it: ledger slots are already non-zero, allowances finite, the token a plain one of
six decimals. A row that says "first" writes a slot of its session for the first time. Evidence stays below a
`proofInterval` unless the row says that it settles.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from eth_utils.crypto import keccak

from bench.costs import parts
from bench.fees import l1_fee
from provenwork.chain import verifier
from provenwork.circuits import Prover, language_model, load_circuit, prompt_commitment
from tests.harness.authorizations import authorized, permit_for
from tests.harness.deployment import register
from tests.harness.escrow import DAY, ETHER, HOUR, USDC, Escrow, Session

INTERVAL = 10_000
STEP = 900  # tokens per voucher or claim: ten of them stay below one interval
BATCH = 10
TAKE = 10_000_000  # gas enough for ten vouchers, and for a verifier
VERIFY_PROOF = keccak(text="verifyProof(bytes,uint256[])")[:4]
PROOF_BUDGET = 58_000  # beyond the bare verifier's transaction


@dataclass(frozen=True)
class Weighed:
    """One operation, and what its transactions took together."""

    operation: str
    gas: int
    calldata_bytes: int
    l1_fee_estimate: int
    budget: int | None = None  # where it is itself measured
    parts: Counter[str] = field(default_factory=Counter)


def weigh(operation: str, *receipts: Any) -> Weighed:
    """One row: the transactions of one operation, as they were mined."""
    return Weighed(
        operation,
        sum(r.gas_used for r in receipts),
        sum(len(r.data) for r in receipts),
        sum(l1_fee(bytes(r.data), r.value, r.receiver, r.gas_used) for r in receipts),
        parts=sum(map(parts, receipts), Counter()),
    )


def usual(escrow: Escrow, **changes: Any) -> Session:
    """An open session with room for ten steps below one interval."""
    return escrow.open(**{"proofInterval": INTERVAL, "maxTokensPerSecond": 10_000} | changes)


def warm_up(escrow: Escrow) -> None:
    """Fills the ledger slots that everybody's second session finds non-zero."""
    actors = escrow.actors
    for token in (escrow.usdc, ETHER):
        # One stays open, so that the contract holds something of each token.
        usual(escrow, token=getattr(token, "address", token))
        session = usual(escrow, token=getattr(token, "address", token))
        session.close_with_voucher(STEP)
        escrow.withdraw(actors["host"], getattr(token, "address", token))
        session = usual(escrow, token=getattr(token, "address", token))
        session.close_with_voucher(STEP)


def openings(escrow: Escrow) -> Iterator[Weighed]:
    """Every way to open, and what one does to an open session."""
    user, market = escrow.actors["user"], escrow.marketplace
    yield weigh("open, ERC-20", usual(escrow).opened)
    yield weigh("open, ETH", usual(escrow, token=ETHER).opened)
    yield weigh("open, ERC-20, without a circuit", usual(escrow, circuitId=0).opened)
    arbiter = escrow.actors["arbiter"]
    yield weigh("open, ERC-20, with an arbiter", usual(escrow, arbiter=arbiter).opened)
    terms = escrow.terms(proofInterval=INTERVAL)
    seed = (terms.deposit, terms.pricePerToken, terms.maxDuration, terms.proofInterval)
    opened = market.createSessionJobWithToken(terms.host, terms.token, *seed, sender=user)
    yield weigh("open, ERC-20, by the seed's form", opened)
    opening = authorized(escrow, user, terms)
    yield weigh("open by EIP-3009", opening.relay(opening.signed_by(user)))
    permit = permit_for(escrow, user, terms.deposit)
    signature = permit.signed_by(user)
    arguments = (terms.encoded(), permit.deadline, *signature)
    yield weigh("open by permit", market.openSessionWithPermit(*arguments, sender=user))
    escrow.usdc.approve(market, 2**255, sender=user)
    yield weigh("open, prompt job", escrow.open_prompt().opened)
    session = usual(escrow)
    yield weigh("top-up", market.topUp(session.id, USDC, sender=user))
    ends_at = session.details.endsAt + HOUR
    yield weigh("extend", market.extend(session.id, ends_at, sender=user))


def vouchers(escrow: Escrow) -> Iterator[Weighed]:
    """Vouchers one by one, and what one more costs in a batch."""
    session = usual(escrow)
    yield weigh("voucher, first", session.redeem(STEP))
    yield weigh("voucher, steady", session.redeem(2 * STEP))
    yield weigh("voucher that settles an interval", session.redeem(INTERVAL + STEP))
    sessions = [usual(escrow) for _ in range(BATCH)]
    for session in sessions:
        session.redeem(STEP)

    def batch(count: int, tokens: int) -> Any:
        items = [(s.id, tokens, s.voucher(tokens)) for s in sessions[:count]]
        host = escrow.actors["host"]
        return escrow.marketplace.redeemVouchers(items, sender=host, gas_limit=TAKE)

    one = weigh("voucher in a batch of one", batch(1, 2 * STEP))
    ten = weigh("vouchers in a batch of ten", batch(BATCH, 3 * STEP))
    yield ten
    yield Weighed(
        "one more voucher in a batch",
        (ten.gas - one.gas) // (BATCH - 1),
        (ten.calldata_bytes - one.calldata_bytes) // (BATCH - 1),
        (ten.l1_fee_estimate - one.l1_fee_estimate) // (BATCH - 1),
        parts=Counter(
            {what: (gas - one.parts[what]) // (BATCH - 1) for what, gas in ten.parts.items()}
        ),
    )


def claims(escrow: Escrow) -> Iterator[Weighed]:
    """Claims, with each kind of judge, and contesting one."""
    for judge, changes in (
        ("", {}),
        (", with an arbiter", {"arbiter": escrow.actors["arbiter"]}),
    ):
        session = usual(escrow, **changes)
        yield weigh(f"claim, first{judge}", session.claim(STEP))
        session.pass_challenge_window()
        yield weigh(f"claim, steady{judge}", session.claim(2 * STEP))
        yield weigh(f"contest{judge}", session.contest())
        if judge:
            ruled = escrow.marketplace.resolveDispute(
                session.id, 2 * STEP, sender=escrow.actors["arbiter"]
            )
            yield weigh("resolve a dispute", ruled)
    session = usual(escrow)
    session.redeem(STEP)
    yield weigh("checkpoint", session.checkpoint())


def closings(escrow: Escrow) -> Iterator[Weighed]:
    """Every usual end, and taking the money."""
    host, user = escrow.actors["host"], escrow.actors["user"]
    yield weigh("close with voucher", usual(escrow).close_with_voucher(STEP))
    yield weigh("close with voucher, ETH", usual(escrow, token=ETHER).close_with_voucher(STEP))
    session = usual(escrow)
    session.redeem(STEP)
    yield weigh("close by the host", session.complete(sender=host))
    yield weigh("close with agreement", usual(escrow).close_with_agreement(STEP))
    session = usual(escrow)
    session.redeem(STEP)
    yield weigh("ask to close", session.complete(sender=user))
    session.pass_evidence_end()
    yield weigh("finalize", session.finalize())
    session = usual(escrow)
    session.redeem(STEP)
    session.pass_evidence_end()
    yield weigh("time out", session.time_out())
    yield weigh("withdraw", escrow.withdraw(host))
    yield weigh("withdraw, ETH", escrow.withdraw(host, ETHER))


def whole_sessions(escrow: Escrow) -> Iterator[Weighed]:
    """From the opening to the refund; the host has earnings that it did not withdraw yet."""
    usual(escrow).close_with_voucher(STEP)
    session = usual(escrow)
    yield weigh("whole session, vouchers", session.opened, session.close_with_voucher(STEP))
    session = usual(escrow, maxDuration=DAY)
    receipts = [session.opened]
    for step in range(1, 11, 2):
        receipts.append(session.claim(step * STEP))
        session.pass_challenge_window()
        receipts.append(session.redeem((step + 1) * STEP))
    receipts.append(session.close_with_voucher(10 * STEP + 1))
    yield weigh("whole session, ten checkpoints", *receipts)


def registration(escrow: Escrow) -> Iterator[Weighed]:
    """A worker joins others."""
    receipt = register(escrow.registry, escrow.actors["signer"], escrow.actors["worker"])
    yield weigh("worker registration", receipt)


def proofs(escrow: Escrow, size: int, circuit_id: int) -> Iterator[Weighed]:
    """EZKL proofs of `token_count/<size>`, made here, beside the bare verifier called with the same proof."""
    owner, host = escrow.actors["owner"], escrow.actors["host"]
    prover = Prover(load_circuit(f"token_count/{size}"))
    layout = prover.circuit.layout
    contract = owner.deploy(verifier(prover.circuit.verifier))
    fields = (layout.instances, layout.tag, layout.count, True, layout.commitment, layout.scale)
    terms = (*fields, prover.circuit.max_tokens)
    escrow.proof_system.registerCircuit(circuit_id, contract, terms, sender=owner)
    session = usual(escrow, circuitId=circuit_id)
    for position, when in ((0, "first"), (size, "steady")):
        encoded = prover.prove(range(1, size + 1), session.tag(position)).encode()
        bare = owner.transfer(contract, 0, data=VERIFY_PROOF + encoded, gas_limit=TAKE)
        proven = escrow.marketplace.submitProofOfWork(session.id, encoded, size, sender=host)
        yield replace(
            weigh(f"EZKL proof of {size:,} tokens, {when}", proven),
            # The first proof of a session fills three fresh slots, for good.
            budget=bare.gas_used + PROOF_BUDGET if position else None,
        )


def prompt_job(escrow: Escrow, circuit_id: int) -> Iterator[Weighed]:
    """A prompt job that the language model's proof pays and closes, beside the bare verifier."""
    owner, host = escrow.actors["owner"], escrow.actors["host"]
    model, prompt, size = language_model(), "who pays for the work ?", 16
    prover = Prover(load_circuit(f"tiny_lm/{size}"))
    layout = prover.circuit.layout
    contract = owner.deploy(verifier(prover.circuit.verifier))
    commitment_at = layout.prompt_commitment
    fields = (layout.instances, layout.tag, layout.count, True, commitment_at, layout.scale)
    terms = (*fields, prover.circuit.max_tokens)
    escrow.proof_system.registerCircuit(circuit_id, contract, terms, sender=owner)
    words = model.encode(prompt)
    asked = prompt_commitment(words, 8)
    job = escrow.open_prompt(circuitId=circuit_id, inputCommitment=asked, minTokens=size)
    encoded = prover.prove(model.generate(words, size), job.tag(0), words).encode()
    bare = owner.transfer(contract, 0, data=VERIFY_PROOF + encoded, gas_limit=TAKE)
    closed = escrow.marketplace.claimWithProof(job.id, 0, [encoded], [size], sender=host)
    yield weigh("tiny_lm/16's bare verifier", bare)
    yield weigh("prompt job, proved by tiny_lm/16", closed)
