"""A host refuses whatever can hurt it, and says each reason."""

from dataclasses import replace

import pytest

from provenwork.chain import CircuitTerms, JobType, SessionStatus
from provenwork.crypto import ZERO_ADDRESS
from provenwork.sessions._policy import is_keyless
from tests.services.sessions.conftest import (
    ARBITER,
    OPENED,
    TOKEN,
    USER,
    WATCHER,
    WINDOWS,
    facts,
)

CONTRACT_CODE = b"\x60\x80\x60\x40"
DELEGATION_CODE = b"\xef\x01\x00" + bytes(20)


def codes(policy, **changes) -> list[str]:
    """The codes of all refusals."""
    return [refusal.code for refusal in policy.review(facts(**changes))]


def test_the_usual_session_is_served(policy):
    """Nothing is against a session on good terms."""
    assert policy.review(facts()) == ()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("not_ours", {"host": USER}),
        ("prompt_job", {"job_type": JobType.SINGLE_PROMPT}),
        ("final", {"status": SessionStatus.COMPLETED}),
        ("closing", {"closing_at": OPENED + 1}),
        ("served_elsewhere", {"acked": 10}),
        ("served_elsewhere", {"claimed": 10}),
        ("served_elsewhere", {"proven": 10, "served": 9}),
        ("token", {"token": ZERO_ADDRESS}),
        ("price", {"price_per_million": 1_999_999}),
        ("deposit", {"deposit": 1_998}),
        ("voucher_cap", {"voucher_cap": 4_999_999}),
        ("duration", {"now": OPENED + 3_400}),
        ("interval", {"proof_interval": 63}),
        ("interval", {"proof_interval": 1_025}),
        ("close_window", {"windows": replace(WINDOWS, close_window=59)}),
        ("answer_window", {"windows": replace(WINDOWS, answer_window=159)}),
        ("fee", {"windows": replace(WINDOWS, fee_bps=1_001)}),
        ("voucher_signer", {"signer_code": CONTRACT_CODE}),
        ("arbiter", {"arbiter": ARBITER}),
        ("circuit", {"circuit": CircuitTerms(0, False, 0)}),
        ("circuit", {"circuit": CircuitTerms(64, True, OPENED)}),
        ("circuit", {"provable": 0}),
        ("circuit", {"provable": 1_024}),
    ],
)
def test_each_danger_has_its_refusal(policy, code, change):
    """One thing that is wrong with the terms is one refusal, by its code."""
    assert codes(policy, **change) == [code]


def test_every_reason_is_given_at_once(policy):
    """Who offered bad terms learns everything that is wrong with them."""
    found = codes(
        policy, price_per_million=1, arbiter=ARBITER, signer_code=CONTRACT_CODE, provable=0
    )
    assert found == ["price", "voucher_signer", "arbiter", "circuit"]


@pytest.mark.parametrize(
    ("wish", "change"),
    [
        ({"blocked_users": frozenset({USER.lower()})}, {}),
        ({"watchers": frozenset()}, {"watcher": WATCHER}),
        ({"min_deposit": {TOKEN: 10_000_001}}, {}),
        ({"accept_vouchers_only": False}, {"circuit_id": 0, "circuit": None}),
    ],
)
def test_a_host_may_ask_for_more(policy, wish, change):
    """What a host can ask for beyond the usual is refused where it is not given."""
    assert policy.review(facts(**change)) == ()
    assert len(replace(policy, **wish).review(facts(**change))) == 1


def test_known_arbiters_and_partial_caps_are_taken_if_the_host_says_so(policy):
    """Trust is the host's own decision."""
    trusting = replace(policy, arbiters=frozenset({ARBITER.lower()}), accept_partial_cap=True)
    assert codes(trusting, arbiter=ARBITER, voucher_cap=100) == []


def test_with_an_arbiter_the_circuit_need_not_answer_in_time(policy):
    """Where an arbiter judges, an interval may be larger than one batch of proofs."""
    trusting = replace(policy, arbiters=frozenset({ARBITER}))
    assert codes(trusting, arbiter=ARBITER, proof_interval=16_384) == []


def test_a_key_behind_code_is_a_key():
    """An account that delegates to code (EIP-7702) still signs; a contract does not."""
    assert [is_keyless(code) for code in (b"", DELEGATION_CODE, CONTRACT_CODE)] == [
        False,
        False,
        True,
    ]
    assert is_keyless(DELEGATION_CODE + b"\x00")


PROMPT = {
    "job_type": JobType.SINGLE_PROMPT,
    "price_per_million": 0,
    "proof_interval": 1,
    "max_tokens_per_second": 0,
    "input_commitment": 7,
    "min_tokens": 10,
    "deposit": 20,
}


def prompt_codes(policy, commitment=7, **changes) -> list[str]:
    """The codes of all refusals of a prompt job that commits to 7, at two units per token."""
    refusals = policy.review_prompt(facts(**(PROMPT | changes)), commitment)
    return [refusal.code for refusal in refusals]


def test_the_usual_prompt_is_answered(policy):
    """Nothing is against a prompt that pays the host's price, by a circuit that it can prove."""
    assert prompt_codes(policy) == []


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("not_ours", {"host": USER}),
        ("session", {"job_type": JobType.SESSION}),
        ("final", {"status": SessionStatus.TIMED_OUT}),
        ("closing", {"closing_at": OPENED + 1}),
        ("duration", {"now": OPENED + 3_400}),
        ("token", {"token": ZERO_ADDRESS}),
        ("payment", {"deposit": 19}),
        ("payment", {"min_tokens": 11}),
        ("fee", {"windows": replace(WINDOWS, fee_bps=1_001)}),
        ("circuit", {"circuit_id": 0}),
        ("circuit", {"circuit": CircuitTerms(0, False, 0)}),
        ("circuit", {"circuit": CircuitTerms(64, True, OPENED)}),
        ("circuit", {"provable": 0}),
        ("circuit", {"provable": 1_024}),
        ("circuit", {"commitment": 0}),
        ("prompt", {"commitment": 8}),
    ],
)
def test_each_danger_of_a_prompt_has_its_refusal(policy, code, change):
    """One thing that is wrong with a prompt job is one refusal, by its code."""
    assert prompt_codes(policy, **change) == [code]


def test_a_proof_needs_no_voucher_and_no_arbiter(policy):
    """What hurts a host that relies on vouchers or claims does not hurt one that is paid by its proof."""
    changes = {"arbiter": ARBITER, "watcher": WATCHER, "signer_code": CONTRACT_CODE}
    assert prompt_codes(policy, **changes) == []
