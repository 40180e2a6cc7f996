"""Signing with AWS KMS, by boto3's real client: what it answers becomes a strict signature of the right account, or none."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.core.errors import SignatureInvalid, SignerError, SignerUnavailable
from provenwork.crypto import (
    KmsSigner,
    LocalSigner,
    Voucher,
    is_signature_of,
    kms_client,
    marketplace_domain,
)
from tests.services.crypto.kms import ALIAS, ARN, KEY, OTHER_KEY, N, der, fake_kms, parts, spki

ADDRESS = LocalSigner(KEY.secret).address
DIGEST = b"\x07" * 32


@pytest.fixture
def kms():
    """A KMS with one key."""
    with fake_kms() as running:
        yield running


@pytest.fixture
def client(kms, monkeypatch):
    """boto3's client for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "my secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    opened = kms_client(region="eu-central-1", endpoint=kms.url)
    yield opened
    opened.close()


@pytest.fixture
def signer(client):
    """The key as a signer."""
    return KmsSigner(client, ALIAS, expected=ADDRESS)


def test_signs_as_a_local_key(signer):
    """A struct that KMS signed is signed by the key's account."""
    domain = marketplace_domain(84532, ADDRESS)
    voucher = Voucher(7, ADDRESS, 1_000)
    assert voucher.recover(domain, voucher.sign(domain, signer)) == ADDRESS == signer.address


def test_asks_by_the_key_itself(kms, signer):
    """What an alias means is asked once: later it is the key that signs, not whatever the alias was moved to."""
    signer.sign_digest(DIGEST)
    assert [(name, request["KeyId"]) for name, request in kms.requests] == [
        ("GetPublicKey", ALIAS),
        ("Sign", ARN),
    ]


@given(digest=st.binary(min_size=32, max_size=32), high=st.booleans())
def test_property_strict(digest, high):
    """Whichever half of the curve KMS's answer is in, the signature is the strict one."""
    r, s = parts(KEY, digest)
    client = Canned(der(r, N - s if high else s))
    signature = KmsSigner(client, ARN).sign_digest(digest)
    assert signature[:64] == r.to_bytes(32, "big") + s.to_bytes(32, "big")
    assert is_signature_of(ADDRESS, digest, signature)


class Canned:
    """A client that has its answers ready."""

    def __init__(self, signature):
        self._signature = signature

    def get_public_key(self, **_):
        return {
            "KeyId": ARN,
            "KeySpec": "ECC_SECG_P256K1",
            "KeyUsage": "SIGN_VERIFY",
            "PublicKey": spki(KEY),
        }

    def sign(self, **_):
        return {"Signature": self._signature}


R, S = parts(KEY, DIGEST)
OVERLONG = b"\x30\x81" + der(R, S)[1:]
NEGATIVE = b"\x30\x06\x02\x01\x80\x02\x01\x80"


@pytest.mark.parametrize(
    "answer",
    [
        der(*parts(OTHER_KEY, DIGEST)),
        der(*parts(KEY, b"\x08" * 32)),
        der(R, S) + b"\x00",
        der(R, S)[:-1],
        OVERLONG,
        NEGATIVE,
        der(0, S),
        der(R, 0),
        der(R, N),
        der(R + N, S),
        KEY.sign_recoverable(DIGEST, hasher=None)[:64],
        b"",
        None,
    ],
    ids=[
        "another key's",
        "another digest's",
        "trailing byte",
        "cut off",
        "overlong length",
        "negative",
        "r zero",
        "s zero",
        "s is the order",
        "r beyond the order",
        "not DER",
        "empty",
        "missing",
    ],
)
def test_no_signature(answer):
    """What is not this key's signature of this digest is never handed on."""
    with pytest.raises(SignerError, match="not a signature"):
        KmsSigner(Canned(answer), ARN).sign_digest(DIGEST)


def test_another_account(kms, client):
    """A key of another account than expected is refused before it signs anything."""
    kms.key = OTHER_KEY
    with pytest.raises(SignerError, match=f"not {ADDRESS}'s"):
        KmsSigner(client, ALIAS, expected=ADDRESS)


@pytest.mark.parametrize(
    ("spec", "usage"), [("ECC_NIST_P256", "SIGN_VERIFY"), ("ECC_SECG_P256K1", "KEY_AGREEMENT")]
)
def test_another_kind_of_key(kms, client, spec, usage):
    """A key of another kind is refused, with the kind that it takes."""
    kms.spec, kms.usage = spec, usage
    with pytest.raises(SignerError) as raised:
        KmsSigner(client, ALIAS)
    assert "ECC_SECG_P256K1" in raised.value.hint


@pytest.mark.parametrize(
    "octets",
    [spki(KEY) + b"\x00", spki(KEY)[:-1], spki(KEY)[:-64] + b"\x01" * 64, b"\x30" * 88],
    ids=["longer", "shorter", "not on the curve", "another curve"],
)
def test_no_public_key(kms, client, octets):
    """What is not a key on the curve is refused."""
    kms.public_key = octets
    with pytest.raises(SignerError, match="secp256k1"):
        KmsSigner(client, ALIAS)


def test_asked_again(kms, signer):
    """A KMS that is busy is asked again, by itself."""
    kms.errors = [(400, "ThrottlingException"), (500, "KMSInternalException")]
    assert is_signature_of(ADDRESS, DIGEST, signer.sign_digest(DIGEST))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ((400, "ThrottlingException"), SignerUnavailable),
        ((500, "KMSInternalException"), SignerUnavailable),
        ((503, "Whatever"), SignerUnavailable),
        ((400, "AccessDeniedException"), SignerError),
        ((400, "DisabledException"), SignerError),
        ((400, "NotFoundException"), SignerError),
    ],
)
def test_refusals(kms, signer, error, kind):
    """Busy and forbidden are told apart: only the one can be tried again."""
    kms.errors = [error] * 3
    with pytest.raises(SignerError) as raised:
        signer.sign_digest(DIGEST)
    assert type(raised.value) is kind
    assert error[1] in str(raised.value)
    assert (raised.value.retry_after is None) == (kind is SignerError)
    assert "my secret" not in str(raised.value)


def test_unreachable(kms, signer, monkeypatch):
    """A KMS that is gone is unavailable."""
    kms.shutdown()
    kms.server_close()
    with pytest.raises(SignerUnavailable, match="does not answer"):
        signer.sign_digest(DIGEST)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_digest_length(kms, signer, length):
    """Only digests are signed; nothing else even leaves."""
    asked = len(kms.requests)
    with pytest.raises(SignatureInvalid):
        signer.sign_digest(b"\x01" * length)
    assert len(kms.requests) == asked


def test_without_boto3(monkeypatch):
    """Without boto3 the error says what to install."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SignerError) as raised:
        kms_client(region="eu-central-1")
    assert "provenwork[kms]" in raised.value.hint


def test_without_region(monkeypatch, tmp_path):
    """Without a region the error says so."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(SignerError, match="region"):
        kms_client()
