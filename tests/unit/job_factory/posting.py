"""What a posting must leave behind, and every way in which its terms can be wrong."""

from collections.abc import Callable
from typing import Any

from tests.harness.deployment import MINIMUM_USDC
from tests.harness.escrow import ETHER, MINUTE, ZERO
from tests.harness.events import Event, event
from tests.harness.factory import (
    GWEI,
    MAX_AMOUNT,
    MAX_BOND,
    MAX_CLAIM,
    MAX_REJECT_FEE_BPS,
    MAX_REVIEW,
    MAX_WORK,
    MIN_CLAIM,
    MIN_REVIEW,
    MIN_WORK,
    OPEN,
    Factory,
    Job,
    JobTerms,
)
from tests.harness.values import plain

# ------------------------------------------------------------------------------ what is to be read


def details_of(factory: Factory, job_id: int) -> dict[str, Any]:
    """`getJob` in plain values."""
    job = Job(factory, job_id, None, factory.terms())
    return {name: plain(value) for name, value in job.details.items()}


def fresh_details(issuer: Any, terms: JobTerms, posted_at: int, **others: Any) -> dict[str, Any]:
    """What `getJob` says of a job that was just posted on these terms."""
    details = {
        "issuer": issuer,
        "payee": terms.payee,
        "worker": ZERO,
        "verifier": issuer if terms.evaluator == ZERO else terms.evaluator,
        "token": terms.token,
        "status": OPEN,
        "round": 1,
        "amount": terms.amount,
        "deadline": posted_at + terms.claimDuration,
        "claimDuration": terms.claimDuration,
        "workDuration": terms.workDuration,
        "reviewDuration": terms.reviewDuration,
        "claimBond": terms.claimBond,
        "bondFunder": ZERO,
        "rejectFeeBps": terms.rejectFeeBps,
        "workHash": bytes(32),
    } | others
    return {name: plain(value) for name, value in details.items()}


def job_posted(factory: Factory, job_id: int, issuer: Any, terms: JobTerms) -> Event:
    """The event of a posting."""
    return event(
        factory.contract.JobPosted,
        jobId=job_id,
        issuer=issuer,
        **terms.fields(),
    )


def payment(token: Any, sender: Any, receiver: Any, amount: int) -> Event:
    """A token's own event."""
    return event(token.Transfer, **{"from": sender, "to": receiver, "value": amount})


# ------------------------------------------------------------------------------ what can be wrong

Refusal = tuple[dict[str, Any], Any, dict[str, Any]]  # changes of the terms, error, its arguments

BOUNDS = {
    "claimDuration": (MIN_CLAIM, MAX_CLAIM),
    "workDuration": (MIN_WORK, MAX_WORK),
    "reviewDuration": (MIN_REVIEW, MAX_REVIEW),
}


def _paused(factory: Factory) -> Refusal:
    factory.contract.pause(sender=factory.actors["owner"])
    return {}, factory.contract.EnforcedPause, {}


def _payee(*who: str) -> Callable[[Factory], Refusal]:
    """The payee has another role, too."""

    def refusal(factory: Factory) -> Refusal:
        account = factory.actors[who[-1]]
        changes = {"payee": account} | ({"evaluator": account} if "evaluator" in who else {})
        return changes, factory.contract.JobFactory_RolesCollide, {"account": account}

    return refusal


def _token(factory: Factory) -> Refusal:
    token = factory.escrow.registry
    return {"token": token}, factory.contract.JobFactory_TokenNotAllowed, {"token": token}


def _amount(amount: int) -> Callable[[Factory], Refusal]:
    bounds = {"min": MINIMUM_USDC, "max": MAX_AMOUNT, "actual": amount}
    return lambda f: ({"amount": amount}, f.contract.JobFactory_AmountOutOfRange, bounds)


def _duration(name: str, seconds: int) -> Callable[[Factory], Refusal]:
    low, high = BOUNDS[name]
    bounds = {"min": low, "max": high, "actual": seconds}
    return lambda f: ({name: seconds}, f.contract.JobFactory_DurationOutOfRange, bounds)


def _seconds(name: str, seconds: int) -> Callable[[Factory], Refusal]:
    argument = {"duration": seconds}
    return lambda f: ({name: seconds}, f.contract.JobFactory_DurationNotWholeMinutes, argument)


def _bond(wei: int) -> Callable[[Factory], Refusal]:
    bounds = {"max": MAX_BOND, "actual": wei}
    return lambda f: ({"claimBond": wei}, f.contract.JobFactory_BondOutOfRange, bounds)


def _odd_bond(wei: int) -> Callable[[Factory], Refusal]:
    return lambda f: ({"claimBond": wei}, f.contract.JobFactory_BondNotWholeGwei, {"bond": wei})


def _reject_fee(bps: int) -> Callable[[Factory], Refusal]:
    bounds = {"max": MAX_REJECT_FEE_BPS, "actual": bps}
    return lambda f: ({"rejectFeeBps": bps}, f.contract.JobFactory_RejectFeeTooHigh, bounds)


LARGEST = 2**256 - 1
PAUSED = {"paused": _paused}
COLLIDING = {
    "payee is issuer": _payee("issuer"),
    "payee is evaluator": _payee("evaluator", "worker"),
    "payee is issuer and evaluator": _payee("evaluator", "issuer"),
}
TOKENS = {"token": _token}
AMOUNTS = {
    "amount below the minimum": _amount(MINIMUM_USDC - 1),
    "no amount": _amount(0),
    "amount of 97 bits": _amount(MAX_AMOUNT + 1),
    "amount that wraps": _amount(2**96 + MINIMUM_USDC),
    "largest number as amount": _amount(LARGEST),
}


def _out_of_bounds(name: str) -> dict[str, Callable[[Factory], Refusal]]:
    low, high = BOUNDS[name]
    wrapping = (2**16 + low // MINUTE) * MINUTE  # would be `low` in 16 bits of minutes
    durations = (0, low - MINUTE, high + MINUTE, wrapping, LARGEST - LARGEST % MINUTE)
    return {f"{name} of {seconds}": _duration(name, seconds) for seconds in durations}


CLAIM_DURATIONS = _out_of_bounds("claimDuration")
WORK_DURATIONS = _out_of_bounds("workDuration")
REVIEW_DURATIONS = _out_of_bounds("reviewDuration")
ODD_DURATIONS = {
    f"{name} with {odd} s": _seconds(name, low + odd)
    for name, (low, _) in BOUNDS.items()
    for odd in (1, 59)
}
LARGE_BONDS = {
    "bond of 49 bits": _bond(MAX_BOND + GWEI),
    "bond that wraps": _bond(2**48 * GWEI + 10**15),
    "largest bond": _bond(LARGEST),
}
ODD_BONDS = {"a wei of bond": _odd_bond(1), "a wei too many": _odd_bond(10**15 + 1)}
REJECT_FEES = {
    "reject fee over a half": _reject_fee(MAX_REJECT_FEE_BPS + 1),
    "reject fee that wraps": _reject_fee(2**14 + 1),
    "largest reject fee": _reject_fee(LARGEST),
}

# One of each kind, for the forms that refuse what `postJob` refuses.
REFUSALS: dict[str, Callable[[Factory], Refusal]] = {
    "paused": _paused,
    "payee is issuer": COLLIDING["payee is issuer"],
    "payee is evaluator": COLLIDING["payee is evaluator"],
    "token": _token,
    "no amount": AMOUNTS["no amount"],
    "amount of 97 bits": AMOUNTS["amount of 97 bits"],
    "claim duration": _duration("claimDuration", MIN_CLAIM - MINUTE),
    "work duration": _duration("workDuration", MIN_WORK - MINUTE),
    "review duration": _duration("reviewDuration", MAX_REVIEW + MINUTE),
    "odd duration": _seconds("workDuration", MIN_WORK + 1),
    "bond": _bond(MAX_BOND + GWEI),
    "odd bond": _odd_bond(1),
    "reject fee": _reject_fee(MAX_REJECT_FEE_BPS + 1),
    "ETH": lambda f: (
        {"token": ETHER, "amount": 10**16},
        f.contract.JobFactory_TokenNotAllowed,
        {"token": ETHER},
    ),
}
