"""The user's count, and what travels between the two sides."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.core.errors import OverCounted, TermsInvalid, VoucherRefused
from provenwork.crypto import CloseAgreement, Voucher, marketplace_domain
from provenwork.sessions import SignedAgreement, SignedVoucher, Terms, check_terms, deposit_for
from provenwork.sessions._accounting import tokens_bought
from provenwork.sessions._meter import Meter
from tests.services.sessions.conftest import HOST, HOST_KEY, USER, USER_KEY

DOMAIN = marketplace_domain(84532, "0x" + "31" * 20)


@given(arrivals=st.lists(st.integers(0, 1_000)), asked=st.integers(0, 20_000))
def test_nothing_is_signed_beyond_what_arrived(arrivals, asked):
    """Whatever is asked for, a voucher never says more than the user counted."""
    meter = Meter()
    for tokens in arrivals:
        meter.receive(tokens)
    if asked > sum(arrivals):
        with pytest.raises(OverCounted):
            meter.sign(asked)
        assert meter.signed == 0
    else:
        assert meter.sign(asked) == asked


def test_a_voucher_never_takes_back():
    """A later voucher says at least as much as an earlier one, which counts in any case."""
    meter = Meter(received=100)
    meter.sign(80)
    assert meter.sign(50) == 80


def test_tokens_in_flight_are_not_held_against_the_host():
    """A host may be ahead by what is on its way, and by no more."""
    meter = Meter(received=100)
    meter.compare(110, "stream", in_flight=10)
    assert meter.stopped is None
    with pytest.raises(OverCounted):
        meter.compare(111, "stream", in_flight=10)
    with pytest.raises(OverCounted):
        meter.sign(1)


@given(job_id=st.integers(0, 2**256 - 1), tokens=st.integers(0, 2**64 - 1))
def test_vouchers_travel_as_json(job_id, tokens):
    """What is written is read back, large numbers too."""
    voucher = Voucher(job_id, HOST, tokens)
    signed = SignedVoucher(voucher, voucher.sign(DOMAIN, USER_KEY))
    assert SignedVoucher.from_json(signed.to_json()) == signed


def test_agreements_travel_as_json():
    """The same for agreements."""
    agreement = CloseAgreement(5, USER, HOST, 2**64 - 1, 2**40)
    signed = SignedAgreement(agreement, agreement.sign(DOMAIN, HOST_KEY))
    assert SignedAgreement.from_json(signed.to_json()) == signed


GOOD = {"jobId": "1", "host": HOST, "cumulativeTokens": "5", "signature": "0x" + "05" * 65}


@pytest.mark.parametrize(
    "change",
    [
        {"jobId": 1},
        {"jobId": "-1"},
        {"jobId": "1e3"},
        {"jobId": "٣"},
        {"jobId": "9" * 5_000},
        {"jobId": str(2**256)},
        {"host": "0x12"},
        {"host": HOST.swapcase()},
        {"cumulativeTokens": str(2**64)},
        {"cumulativeTokens": None},
        {"signature": "0x05"},
        {"signature": "0x" + "zz" * 65},
        {"signature": "05" * 66},
        {"extra": "1"},
    ],
)
def test_a_malformed_voucher_is_refused(change):
    """Every field must be exactly what it should, and no other may be there."""
    with pytest.raises(VoucherRefused):
        SignedVoucher.from_json(json.dumps(GOOD | change))


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"x"', "[" * 100_000, "NaN", b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(text):
    """Bytes from a stranger never crash the host."""
    with pytest.raises(VoucherRefused):
        SignedVoucher.from_json(text)


@given(tokens=st.integers(1, 2**40), price=st.integers(1, 2**64 - 1))
def test_the_smallest_deposit_is_enough_and_not_more(tokens, price):
    """It buys the tokens, and one unit less would not."""
    deposit = deposit_for(tokens, price)
    assert tokens_bought(deposit, price) >= tokens
    assert tokens_bought(deposit - 1, price) < tokens


def test_every_problem_of_terms_is_named():
    """The message lists everything that is wrong, so that one look is enough."""
    terms = Terms(host=HOST, deposit=0, price_per_million=0, watcher=HOST)
    with pytest.raises(
        TermsInvalid, match=r"deposit is 0.*price_per_million is 0.*host cannot also"
    ):
        check_terms(terms)
