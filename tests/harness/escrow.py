"""The session escrow as tests speak of it: open a session, prove, redeem, claim, contest, close."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import ape
from eth_abi import encode
from eth_utils import keccak

from tests.harness.execution import ask, rpc, simulate
from tests.harness.signing import sign, typed_digest

ETHER = ZERO = "0x" + "00" * 20
USDC = 10**6
MINUTE, HOUR, DAY = 60, 3_600, 86_400

# The windows all differ, so that one taken for another shows.
CLOSE_WINDOW = 3_600
CHALLENGE_WINDOW = 1_800
ANSWER_WINDOW = 2_400
ARBITER_WINDOW = DAY
ABANDONMENT_PERIOD = 7_200
BOND_PER_PROOF = 10**14
FEE_BPS = 1_000
PARAMETERS = (
    CLOSE_WINDOW,
    CHALLENGE_WINDOW,
    ANSWER_WINDOW,
    ARBITER_WINDOW,
    ABANDONMENT_PERIOD,
    BOND_PER_PROOF,
    FEE_BPS,
)

PRICE_UNIT = 10**6
DEFAULT_RATE = 200
MAX_BATCH = 16

# Circuits of the tests whose subject is not the proof: their verifier accepts everything.
METERED, INPUT_BOUND, UNREGISTERED = 1, 2, 99
MAX_TOKENS = 1_024
INSTANCES = 11  # a commitment, a filler, eight limbs of the tag, the count
COMMITMENT = 0xC0FFEE

ACTIVE, COMPLETED, TIMED_OUT, DISPUTED, ABANDONED = range(5)  # SessionStatus
ANSWERED, RULED, STANDS, VOIDED, DROPPED = range(5)  # DisputeOutcome
SINGLE_PROMPT, SESSION = range(2)  # JobType

VOUCHER = [
    {"name": "jobId", "type": "uint256"},
    {"name": "host", "type": "address"},
    {"name": "cumulativeTokens", "type": "uint64"},
]
CLOSE_AGREEMENT = [
    {"name": "jobId", "type": "uint256"},
    {"name": "user", "type": "address"},
    {"name": "host", "type": "address"},
    {"name": "tokens", "type": "uint64"},
    {"name": "deadline", "type": "uint256"},
]


@dataclass(frozen=True)
class Terms:
    """What a user fixes at opening; as it stands, 10 USDC at 2 USDC per million tokens, for an hour."""

    host: str
    watcher: str = ZERO
    voucherSigner: str = ZERO
    voucherCap: int = 0
    arbiter: str = ZERO
    circuitId: int = METERED
    token: str = ZERO
    deposit: int = 10 * USDC
    pricePerToken: int = 2 * USDC
    maxDuration: int = HOUR
    proofInterval: int = 1_000
    maxTokensPerSecond: int = 10_000

    def but(self, **changes: Any) -> Self:
        """The same with other values in some fields; accounts become their addresses."""
        return replace(self, **{k: getattr(v, "address", v) for k, v in changes.items()})

    def encoded(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return tuple(self.__dict__.values())


def stub_proof(tag: int, tokens: int, commitment: int = COMMITMENT) -> bytes:
    """A well-formed proof for a circuit whose verifier accepts everything."""
    limbs = [tag >> shift & 0xFFFF for shift in range(112, -1, -16)]
    return encode(["bytes", "uint256[]"], [bytes(32), [commitment, 0, *limbs, tokens]])


def instances_hash(tag: int, tokens: int, commitment: int = COMMITMENT) -> bytes:
    """What ProofSubmitted reports for `stub_proof` of the same arguments."""
    limbs = [tag >> shift & 0xFFFF for shift in range(112, -1, -16)]
    return keccak(b"".join(i.to_bytes(32, "big") for i in [commitment, 0, *limbs, tokens]))


@dataclass
class Escrow:
    """The deployed contracts and who is who in them."""

    marketplace: Any
    registry: Any
    proof_system: Any
    usdc: Any
    actors: dict[str, Any] = field(repr=False)

    def terms(self, **changes: Any) -> Terms:
        """The usual terms of `user` with `host` in USDC, changed as said."""
        return Terms(self.actors["host"].address, token=self.usdc.address).but(**changes)

    def open(self, *, user: Any = None, **changes: Any) -> "Session":
        """A session of `user` (by default the role) on the usual terms, changed as said.

        ETH (`token=ETHER`) is sent along, and has a deposit and price that suit it unless they are said.
        """
        user = user or self.actors["user"]
        if changes.get("token") == ETHER:
            changes = {"deposit": 10**16, "pricePerToken": 2 * 10**15} | changes
        terms = self.terms(**changes)
        value = terms.deposit if terms.token == ETHER else 0
        opened = self.marketplace.openSession(terms.encoded(), value=value, sender=user)
        host = changes.get("host", self.actors["host"])
        return Session(self, self.marketplace.jobCount(), user, host, terms, opened)

    def open_prompt(self, *, user: Any = None, **changes: Any) -> "Session":
        """A prompt job of 5 USDC for at least 10 tokens of COMMITMENT, changed as said."""
        user = user or self.actors["user"]
        job = {
            "host": self.actors["host"],
            "token": self.usdc,
            "payment": 5 * USDC,
            "circuitId": INPUT_BOUND,
            "inputCommitment": COMMITMENT,
            "minTokens": 10,
            "maxDuration": HOUR,
            "arbiter": ZERO,
        } | changes
        value = job["payment"] if job["token"] == ETHER else 0
        opened = self.marketplace.createPromptJob(*job.values(), value=value, sender=user)
        host = job["host"]
        terms = self.terms(
            host=host,
            token=job["token"],
            deposit=job["payment"],
            pricePerToken=0,
            maxTokensPerSecond=0,
            proofInterval=1,
            circuitId=job["circuitId"],
            arbiter=job["arbiter"],
        )
        return Session(self, self.marketplace.jobCount(), user, host, terms, opened)

    def tag(self, job_id: int, host: str, first_token: int) -> int:
        """The session tag, computed apart from the contract."""
        types = ["uint256", "address", "uint256", "address", "uint64"]
        place = [ape.chain.chain_id, self.marketplace.address, job_id, host, first_token]
        return int.from_bytes(keccak(encode(types, place))[:16], "big")

    def domain(self, **changes: Any) -> dict[str, Any]:
        """The EIP-712 domain of vouchers and agreements, changed as said."""
        return {
            "name": "Provenwork JobMarketplace",
            "version": "1",
            "chainId": ape.chain.chain_id,
            "verifyingContract": self.marketplace.address,
        } | changes

    def earned(self, account: Any, token: Any = None) -> int:
        """What a host earned and did not yet withdraw, gross; in USDC unless said."""
        return ask(self.marketplace.earned, account, token or self.usdc)

    def credits(self, account: Any, token: Any = ETHER) -> int:
        """What waits for an account, free of fee; in ETH unless said."""
        return ask(self.marketplace.credits, account, token)

    def balance(self, account: Any, token: Any = None) -> int:
        """What an account holds in its own hands; in USDC unless said."""
        address = getattr(account, "address", account)
        if token == ETHER:
            return int(rpc("eth_getBalance", address, "latest"), 16)
        query = self.usdc.balanceOf.encode_input(address)
        token = getattr(token or self.usdc, "address", token)
        return int.from_bytes(simulate({"to": token, "data": query.to_0x_hex()}), "big")

    def withdraw(self, account: Any, token: Any = None, *, to: Any = None) -> Any:
        """An account takes what waits for it, to itself unless said; in USDC unless said."""
        return self.marketplace.withdraw(token or self.usdc, to or account, sender=account)


@dataclass
class Session:
    """One session or prompt job, and the hands of its parties."""

    escrow: Escrow
    id: int
    user: Any
    host: Any
    terms: Terms
    opened: Any = field(default=None, repr=False)  # the opening's receipt

    @property
    def marketplace(self) -> Any:
        """The contract."""
        return self.escrow.marketplace

    @property
    def details(self) -> Any:
        """`getSessionDetails`, as of the next block."""
        return ask(self.marketplace.getSessionDetails, self.id)

    # ------------------------------------------------------------------------------- evidence

    def tag(self, first_token: int) -> int:
        """The tag of this session's place."""
        return self.escrow.tag(self.id, self.host.address, first_token)

    def proofs(self, first_token: int, counts: list[int], **fields: Any) -> list[bytes]:
        """Stub proofs of this session that chain on from `first_token`."""
        starts = [first_token + sum(counts[:i]) for i in range(len(counts))]
        return [stub_proof(self.tag(s), n, **fields) for s, n in zip(starts, counts, strict=True)]

    def prove(self, *counts: int, first: int | None = None, sender: Any = None) -> Any:
        """The host proves batches of these sizes, from `first` (by default: proven) on."""
        first = self.details.provenTokens if first is None else first
        proofs = self.proofs(first, list(counts))
        sender = sender or self.host
        return self.marketplace.submitProofsAt(self.id, first, proofs, list(counts), sender=sender)

    def voucher_digest(self, tokens: int, *, domain: Any = None, **changes: Any) -> bytes:
        """What is signed to say that `tokens` were received in all."""
        message = {
            "jobId": self.id,
            "host": self.host.address,
            "cumulativeTokens": tokens,
        } | changes
        return typed_digest(domain or self.escrow.domain(), {"Voucher": VOUCHER}, message)

    def voucher(
        self, tokens: int, *, signer: Any = None, domain: Any = None, **changes: Any
    ) -> bytes:
        """The user's (or `signer`'s) signature that it received `tokens` in all."""
        return sign(self.voucher_digest(tokens, domain=domain, **changes), signer or self.user)

    def redeem(self, tokens: int, *, signer: Any = None, sender: Any = None) -> Any:
        """Somebody (by default the host) brings a voucher."""
        signature = self.voucher(tokens, signer=signer)
        return self.marketplace.redeemVoucher(
            self.id, tokens, signature, sender=sender or self.host
        )

    def claim(self, tokens: int, commitment: bytes = bytes(32), *, sender: Any = None) -> Any:
        """The host claims all tokens up to `tokens`."""
        return self.marketplace.claimTokens(self.id, tokens, commitment, sender=sender or self.host)

    # ------------------------------------------------------------------------------- disputes

    def bond(self) -> int:
        """What contesting the live claim costs now."""
        return ask(self.marketplace.disputeBond, self.id)

    def contest(self, *, sender: Any = None, value: int | None = None) -> Any:
        """The user (by default) contests the live claim, with the bond asked for."""
        value = self.bond() if value is None else value
        return self.marketplace.raiseDispute(
            self.id, b"\x0e" * 32, value=value, sender=sender or self.user
        )

    def rule(self, tokens: int, *, sender: Any = None) -> Any:
        """The arbiter grants the contested claim up to `tokens`."""
        arbiter = sender or self.escrow.actors["arbiter"]
        return self.marketplace.resolveDispute(self.id, tokens, sender=arbiter)

    def expire(self, *, sender: Any = None) -> Any:
        """Somebody ends a dispute that nobody answered."""
        sender = sender or self.escrow.actors["stranger"]
        return self.marketplace.expireDispute(self.id, sender=sender)

    # ------------------------------------------------------------------------------- settlement

    def checkpoint(self, *, sender: Any = None) -> Any:
        """Somebody settles what is due."""
        return self.marketplace.checkpoint(self.id, sender=sender or self.host)

    def complete(self, *, sender: Any) -> Any:
        """The host closes, or the user starts to."""
        return self.marketplace.completeSession(self.id, sender=sender)

    def close_with_voucher(self, tokens: int, *, signer: Any = None, sender: Any = None) -> Any:
        """The host closes on its last voucher."""
        signature = self.voucher(tokens, signer=signer)
        sender = sender or self.host
        return self.marketplace.closeWithVoucher(self.id, tokens, signature, sender=sender)

    def agreement(self, tokens: int, deadline: int, *, signer: Any = None, **changes: Any) -> bytes:
        """The host's (or `signer`'s) signature to close at `tokens`."""
        message = {
            "jobId": self.id,
            "user": self.user.address,
            "host": self.host.address,
            "tokens": tokens,
            "deadline": deadline,
        } | changes
        types = {"CloseAgreement": CLOSE_AGREEMENT}
        return sign(typed_digest(self.escrow.domain(), types, message), signer or self.host)

    def close_with_agreement(self, tokens: int, *, sender: Any = None) -> Any:
        """The user closes at what both agree on."""
        deadline = ape.chain.pending_timestamp + 5 * MINUTE
        signature = self.agreement(tokens, deadline)
        return self.marketplace.closeWithAgreement(
            self.id, tokens, deadline, signature, sender=sender or self.user
        )

    def claim_with_proof(self, *counts: int, first: int | None = None, sender: Any = None) -> Any:
        """The host proves its last batches and closes."""
        first = self.details.provenTokens if first is None else first
        proofs = self.proofs(first, list(counts))
        sender = sender or self.host
        return self.marketplace.claimWithProof(self.id, first, proofs, list(counts), sender=sender)

    def abandon(self, *, sender: Any = None) -> Any:
        """The user closes because the host fell silent."""
        return self.marketplace.claimAbandonedSession(self.id, sender=sender or self.user)

    def finalize(self, *, sender: Any = None) -> Any:
        """Somebody closes after the window that the user started."""
        sender = sender or self.escrow.actors["stranger"]
        return self.marketplace.finalizeSession(self.id, sender=sender)

    def time_out(self, *, sender: Any = None) -> Any:
        """Somebody closes a session that ended by itself."""
        sender = sender or self.escrow.actors["stranger"]
        return self.marketplace.triggerSessionTimeout(self.id, sender=sender)

    # ------------------------------------------------------------------------------- time and money

    def pass_challenge_window(self) -> None:
        """The next block comes when nobody can contest the claim any more."""
        travel_to(self.details.claimedAt + CHALLENGE_WINDOW + 1)

    def pass_evidence_end(self) -> None:
        """The next block comes when the time for evidence is over."""
        travel_to(self.details.evidenceEnd + 1)

    def moved_by(self, action: Callable[[], Any]) -> tuple[int, int]:
        """What an action credits the host with, and sends the user, in the session's token."""

        def standing() -> tuple[int, int]:
            token = self.terms.token
            return self.escrow.earned(self.host, token), self.escrow.balance(self.user, token)

        earned, held = standing()
        action()
        earned_then, held_then = standing()
        return earned_then - earned, held_then - held

    def cost(self, tokens: int) -> int:
        """What so many tokens cost in all, rounded down."""
        return tokens * self.terms.pricePerToken // PRICE_UNIT


def travel_to(timestamp: int) -> None:
    """The next block is mined at exactly this time."""
    rpc("evm_setNextBlockTimestamp", hex(timestamp))


def advance(seconds: int) -> int:
    """The next block is mined `seconds` after the latest one; returns its time."""
    timestamp = int(rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16) + seconds
    travel_to(timestamp)
    return timestamp
