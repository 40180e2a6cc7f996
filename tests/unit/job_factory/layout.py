"""Where JobFactory keeps what, written down apart from the contract: see contracts/types/JobWords.sol."""

from typing import Any

from eth_abi import encode
from eth_utils import keccak

from tests.harness.escrow import MINUTE
from tests.harness.factory import GWEI, JobTerms

# Slots 0 and 1 belong to OpenZeppelin's EIP712, which no longer uses them.
OWNER, SHARED, JOBS, TREASURY, TOKEN_TERMS, TOKEN_BY_ID, EARNED, CREDITS, FEES = range(2, 11)
NONCES, REVOKED, OPERATORS = range(11, 14)
# The shared slot: pending owner 160 | paused 8 | job count 40 | token count 8.
PAUSED_AT, JOB_COUNT_AT, TOKEN_COUNT_AT = 160, 168, 208

# Words of a job.
HEAD, STAKE, RULES, EVALUATOR, FUNDER = range(5)
FLAG_PAYEE, FLAG_EVALUATOR, FLAG_FUNDER = 1, 2, 4


def number(account: Any) -> int:
    """An account as it stands in a word."""
    return int(getattr(account, "address", account), 16)


def slot_of(slot: int, *keys: tuple[str, Any]) -> int:
    """Where a mapping, or a mapping of mappings, keeps a value."""
    for kind, key in keys:
        slot = int.from_bytes(keccak(encode([kind, "uint256"], [key, slot])), "big")
    return slot


def job_slot(job_id: int, word: int = HEAD) -> int:
    """Where a word of a job stands."""
    return slot_of(JOBS, ("uint256", job_id)) + word


def of(ledger: int, account: Any, token: Any) -> int:
    """Where a ledger keeps what an account has in a token."""
    address = getattr(token, "address", token)
    return slot_of(ledger, ("address", account.address), ("address", address))


def head(
    issuer: Any,
    deadline: int,
    status: int,
    *,
    claim_left: int = 0,
    reject_fee_bps: int = 0,
    token_id: int = 1,
    round_: int = 1,
    flags: int = 0,
) -> int:
    """Issuer 160 | deadline 40 | claimLeft 22 | rejectFeeBps 14 | tokenId 8 | status 4 | round 2 | flags 6."""
    return (
        number(issuer)
        | deadline << 160
        | claim_left << 200
        | reject_fee_bps << 222
        | token_id << 236
        | status << 244
        | round_ << 248
        | flags << 250
    )


def stake(worker: Any, amount: int) -> int:
    """Worker 160 | amount 96."""
    return number(worker) | amount << 160


def rules(terms: JobTerms, work: bytes = bytes(32)) -> int:
    """Claim, work and review minutes 16 each | bond in gwei 48 | upper 160 bits of the work's hash."""
    durations = (
        terms.claimDuration // MINUTE
        | terms.workDuration // MINUTE << 16
        | terms.reviewDuration // MINUTE << 32
    )
    return durations | terms.claimBond // GWEI << 48 | int.from_bytes(work[:20], "big") << 96
