"""What an opening must leave behind, and every way in which its terms can be wrong."""

from collections.abc import Callable
from typing import Any

from tests.harness.deployment import MINIMUM_ETHER, MINIMUM_USDC
from tests.harness.escrow import (
    ACTIVE,
    CLOSE_WINDOW,
    DAY,
    ETHER,
    METERED,
    MINUTE,
    PRICE_UNIT,
    SESSION,
    UNREGISTERED,
    ZERO,
    Escrow,
    Terms,
)
from tests.harness.events import Event, event
from tests.harness.values import plain

MIN_DURATION, MAX_DURATION = 10 * MINUTE, 90 * DAY
MAX_DEPOSIT = 2**96 - 1
MAX_PRICE = 2**64 - 1
MAX_INTERVAL = 16_384
MAX_RATE = 10_000
MAX_VOUCHER_CAP = 2**64 - 1

# ------------------------------------------------------------------------------ what is to be read


def details_of(escrow: Escrow, job_id: int) -> dict[str, Any]:
    """`getSessionDetails` in plain values."""
    details = escrow.marketplace.getSessionDetails(job_id)
    return {name: plain(value) for name, value in details.items()}


def fresh_details(user: Any, terms: Terms, opened_at: int, **others: Any) -> dict[str, Any]:
    """What `getSessionDetails` says of a session that was just opened on these terms."""
    details = {
        "depositAmount": terms.deposit,
        "pricePerToken": terms.pricePerToken,
        "maxDuration": terms.maxDuration,
        "sessionStartTime": opened_at,
        "assignedHost": terms.host,
        "status": ACTIVE,
        "provenTokens": 0,
        "lastProofSubmission": 0,
        "aggregateProofHash": bytes(32),
        "checkpointInterval": terms.proofInterval,
        "jobType": SESSION,
        "user": user,
        "token": terms.token,
        "ackedTokens": 0,
        "maturedTokens": 0,
        "claimedTokens": 0,
        "claimedAt": 0,
        "settledTokens": 0,
        "coveredTokens": 0,
        "payableTokens": 0,
        "endsAt": opened_at + terms.maxDuration,
        "closingAt": 0,
        "evidenceEnd": opened_at + terms.maxDuration + CLOSE_WINDOW,
        "maxTokensPerSecond": terms.maxTokensPerSecond,
        "circuitId": terms.circuitId,
        "voucherSigner": user if terms.voucherSigner == ZERO else terms.voucherSigner,
        "voucherCap": terms.voucherCap,
        "watcher": terms.watcher,
        "arbiter": terms.arbiter,
        "challenger": ZERO,
        "bond": 0,
        "disputeDeadline": 0,
        "claimsOff": False,
        "abandoned": False,
        "proofCount": 0,
        "inputCommitment": 0,
        "minTokens": 0,
    } | others
    return {name: plain(value) for name, value in details.items()}


def opening_events(
    escrow: Escrow, job_id: int, user: Any, terms: Terms, opened_at: int
) -> list[Event]:
    """The events of an opening: the second only where somebody was named, or vouchers capped."""
    events = [
        event(
            escrow.marketplace.SessionCreated,
            jobId=job_id,
            user=user,
            host=terms.host,
            token=terms.token,
            deposit=terms.deposit,
            pricePerToken=terms.pricePerToken,
            endsAt=opened_at + terms.maxDuration,
            proofInterval=terms.proofInterval,
            maxTokensPerSecond=terms.maxTokensPerSecond,
            circuitId=terms.circuitId,
        ),
    ]
    acknowledged_by_the_user = terms.voucherSigner in (ZERO, getattr(user, "address", user))
    named = {terms.watcher, terms.arbiter} != {ZERO} or not acknowledged_by_the_user
    if named or terms.voucherCap:
        events.append(
            event(
                escrow.marketplace.SessionRoles,
                jobId=job_id,
                voucherSigner=terms.voucherSigner,
                voucherCap=terms.voucherCap,
                watcher=terms.watcher,
                arbiter=terms.arbiter,
            )
        )
    return events


def payment(token: Any, payer: Any, payee: Any, amount: int) -> Event:
    """The token's own event of a transfer."""
    return event(token.Transfer, **{"from": payer, "to": payee, "value": amount})


# ------------------------------------------------------------------------------ what is refused

# The terms to change, the error, its arguments.
Refusal = tuple[dict[str, Any], Any, dict[str, Any]]


def _minimum(terms: Terms) -> int:
    return MINIMUM_ETHER if terms.token == ETHER else MINIMUM_USDC


def _out_of_range(term: str, error: str, low: int, high: int, value: int):
    def refusal(escrow: Escrow, terms: Terms) -> Refusal:
        declared = getattr(escrow.marketplace, f"JobMarketplace_{error}OutOfRange")
        return {term: value}, declared, {"min": low, "max": high, "actual": value}

    return refusal


def _collision(account: str, **roles: str):
    def refusal(escrow: Escrow, terms: Terms) -> Refusal:
        changes = {role: escrow.actors[actor] for role, actor in roles.items()}
        error = escrow.marketplace.JobMarketplace_RolesCollide
        return changes, error, {"account": escrow.actors[account]}

    return refusal


def _paused(escrow: Escrow, terms: Terms) -> Refusal:
    escrow.marketplace.pause(sender=escrow.actors["owner"])
    return {}, escrow.marketplace.EnforcedPause, {}


def _host_inactive(escrow: Escrow, terms: Terms) -> Refusal:
    stranger = escrow.actors["stranger"]
    return {"host": stranger}, escrow.marketplace.JobMarketplace_HostNotActive, {"host": stranger}


def _token_stopped(escrow: Escrow, terms: Terms) -> Refusal:
    escrow.marketplace.setToken(terms.token, False, 1, sender=escrow.actors["owner"])
    return {}, escrow.marketplace.JobMarketplace_TokenNotAllowed, {"token": terms.token}


def _deposit_small(escrow: Escrow, terms: Terms) -> Refusal:
    low, value = _minimum(terms), _minimum(terms) - 1
    error = escrow.marketplace.JobMarketplace_DepositOutOfRange
    return {"deposit": value}, error, {"min": low, "max": MAX_DEPOSIT, "actual": value}


def _deposit_large(escrow: Escrow, terms: Terms) -> Refusal:
    low, value = _minimum(terms), MAX_DEPOSIT + 1
    error = escrow.marketplace.JobMarketplace_DepositOutOfRange
    return {"deposit": value}, error, {"min": low, "max": MAX_DEPOSIT, "actual": value}


def _buys_too_little(escrow: Escrow, terms: Terms) -> Refusal:
    # A hair more than the price at which the least deposit buys exactly one interval.
    price = _minimum(terms) * PRICE_UNIT // terms.proofInterval + 1
    changes = {"deposit": _minimum(terms), "pricePerToken": price}
    arguments = {"proofInterval": terms.proofInterval, "tokensBought": terms.proofInterval - 1}
    return changes, escrow.marketplace.JobMarketplace_DepositBuysTooLittle, arguments


def _circuit_unknown(escrow: Escrow, terms: Terms) -> Refusal:
    error = escrow.marketplace.JobMarketplace_CircuitUnknown
    return {"circuitId": UNREGISTERED}, error, {"circuitId": UNREGISTERED}


def _circuit_revoked(escrow: Escrow, terms: Terms) -> Refusal:
    circuit = terms.circuitId or METERED
    revoked = escrow.proof_system.revokeCircuit(circuit, sender=escrow.actors["owner"])
    error = escrow.marketplace.JobMarketplace_CircuitRevoked
    return {"circuitId": circuit}, error, {"circuitId": circuit, "revokedAt": revoked.timestamp}


# What every form of opening refuses: seed forms, prompt jobs and all.
COMMON: dict[str, Callable[[Escrow, Terms], Refusal]] = {
    "paused": _paused,
    "host inactive": _host_inactive,
    "host pays": _collision("user", host="user"),
    "token stopped": _token_stopped,
    "deposit small": _deposit_small,
    "deposit large": _deposit_large,
    "duration short": _out_of_range(
        "maxDuration", "Duration", MIN_DURATION, MAX_DURATION, MIN_DURATION - 1
    ),
    "duration long": _out_of_range(
        "maxDuration", "Duration", MIN_DURATION, MAX_DURATION, MAX_DURATION + 1
    ),
    "circuit revoked": _circuit_revoked,
}
# What every metered form refuses.
METER = {
    "price zero": _out_of_range("pricePerToken", "Price", 1, MAX_PRICE, 0),
    "price large": _out_of_range("pricePerToken", "Price", 1, MAX_PRICE, MAX_PRICE + 1),
    "interval zero": _out_of_range("proofInterval", "ProofInterval", 1, MAX_INTERVAL, 0),
    "interval large": _out_of_range(
        "proofInterval", "ProofInterval", 1, MAX_INTERVAL, MAX_INTERVAL + 1
    ),
    "deposit buys too little": _buys_too_little,
}
# What a form refuses in which the arbiter and the circuit can be named.
NAMED = {
    "arbiter pays": _collision("user", arbiter="user"),
    "arbiter hosts": _collision("host", arbiter="host"),
    "circuit unknown": _circuit_unknown,
}
# What a form refuses that takes all terms.
FULL = {
    "host signs": _collision("host", voucherSigner="host"),
    "host watches": _collision("host", watcher="host"),
    "arbiter signs": _collision("arbiter", arbiter="arbiter", voucherSigner="arbiter"),
    "arbiter watches": _collision("arbiter", arbiter="arbiter", watcher="arbiter"),
    "rate zero": _out_of_range("maxTokensPerSecond", "Rate", 1, MAX_RATE, 0),
    "rate large": _out_of_range("maxTokensPerSecond", "Rate", 1, MAX_RATE, MAX_RATE + 1),
}

SEED_REFUSALS = COMMON | METER
PROMPT_REFUSALS = COMMON | NAMED
REFUSALS = COMMON | METER | NAMED | FULL
