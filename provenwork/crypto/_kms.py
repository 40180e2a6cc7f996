"""Keys that never leave AWS KMS: it signs digests, and this makes Ethereum's signatures of what it answers."""

from __future__ import annotations

from typing import Any, Protocol

import coincurve
from coincurve.ecdsa import der_to_cdata, serialize_compact, signature_normalize
from eth_typing import ChecksumAddress

from provenwork.core.errors import SignatureInvalid, SignerError, SignerUnavailable
from provenwork.crypto._address import to_address
from provenwork.crypto._ecdsa import address_of_key, recover_strict

__all__ = ["KmsClient", "KmsSigner", "kms_client"]

# SubjectPublicKeyInfo (RFC 5480) of an uncompressed key on secp256k1, up to the key.
_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")

# What asking again may help against. Everything else is in the key's state or in who may use it.
_TRANSIENT = {
    "DependencyTimeoutException",
    "KMSInternalException",
    "KeyUnavailableException",
    "LimitExceededException",
    "RequestTimeout",
    "ServiceUnavailable",
    "ThrottlingException",
}


class KmsClient(Protocol):
    """What is used of boto3's client for KMS."""

    def get_public_key(self, **request: Any) -> dict[str, Any]:
        """The public half of a key."""
        ...

    def sign(self, **request: Any) -> dict[str, Any]:
        """Signs."""
        ...


def kms_client(*, region: str | None = None, endpoint: str | None = None) -> KmsClient:
    """A client for KMS, with credentials from where boto3 finds them: environment, profile, role.

    A request that gets no answer within 5 seconds is made again, twice at most.

    Args:
        region: AWS's region; boto3's default if it is not said.
        endpoint: Where KMS answers, if not at AWS's own address for the region.

    Raises:
        SignerError: boto3 is not installed, or finds no region.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise SignerError(
            "signing with AWS KMS needs boto3", hint="Install it: pip install 'provenwork[kms]'"
        ) from None
    settings = Config(
        connect_timeout=5, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    )
    try:
        client: KmsClient = boto3.client(
            "kms", region_name=region, endpoint_url=endpoint, config=settings
        )
    except BotoCoreError as problem:
        raise SignerError(f"AWS KMS cannot be used: {problem}") from None
    return client


class KmsSigner:
    """A key on secp256k1 in AWS KMS (ECC_SECG_P256K1, for SIGN_VERIFY). It needs kms:GetPublicKey and kms:Sign.

    Each signature is a request of some ten to a hundred milliseconds, and blocks meanwhile. The account is found once.

    Args:
        client: See `kms_client`.
        key_id: The key's id, ARN or alias.
        expected: The account that it must be; an alias may be moved to another key.

    Raises:
        SignerError: It is not such a key, it is another account's, or it may not be used.
        SignerUnavailable: KMS does not answer.
    """

    def __init__(self, client: KmsClient, key_id: str, *, expected: str | None = None) -> None:
        self._client = client
        answer = _asked(client.get_public_key, KeyId=key_id)
        kind = (answer.get("KeySpec"), answer.get("KeyUsage"))
        if kind != ("ECC_SECG_P256K1", "SIGN_VERIFY"):
            raise SignerError(
                f"the KMS key {key_id} is for {kind[1]} with {kind[0]}",
                hint="Make one for SIGN_VERIFY with ECC_SECG_P256K1.",
            )
        self._address = address_of_key(_public_key(answer.get("PublicKey")))
        if expected is not None and self._address != to_address(expected):
            raise SignerError(
                f"the KMS key {key_id} is {self._address}'s, not {to_address(expected)}'s"
            )
        # Not the name that was given: what an alias means may change while this runs.
        self._key_id = str(answer.get("KeyId", key_id))

    @property
    def address(self) -> ChecksumAddress:
        """The account of the key."""
        return self._address

    def sign_digest(self, digest: bytes) -> bytes:
        """Signs 32 bytes as they are: 65 bytes r ‖ s ‖ v, v 27 or 28, s in the lower half.

        Raises:
            SignatureInvalid: The digest has not 32 bytes.
            SignerUnavailable: KMS does not answer; nothing was signed that anybody has.
            SignerError: KMS refuses, or what it answers is not this key's signature.
        """
        if len(digest) != 32:
            raise SignatureInvalid(f"a digest has 32 bytes, not {len(digest)}")
        answer = _asked(
            self._client.sign,
            KeyId=self._key_id,
            Message=bytes(digest),
            # Of the name of the algorithm only ECDSA counts: the digest is signed as it is.
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        compact = _low_s(answer.get("Signature"))
        for v in (27, 28):
            signature = compact + bytes([v])
            try:
                if recover_strict(digest, signature) == self._address:
                    return signature
            except SignatureInvalid:
                continue
        raise SignerError(f"what KMS answered is not a signature of {self._address}")

    def __repr__(self) -> str:
        return f"KmsSigner({self._address})"


def _asked(operation: Any, **request: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = operation(**request)
    except Exception as problem:  # noqa: BLE001 (the client's own errors have no common base)
        response: Any = getattr(problem, "response", None)
        if not isinstance(response, dict):
            # No answer at all.
            raise SignerUnavailable(f"AWS KMS does not answer: {type(problem).__name__}") from None
        code = str(response.get("Error", {}).get("Code", ""))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in _TRANSIENT or status >= 500:
            raise SignerUnavailable(f"AWS KMS cannot answer now: {code}") from None
        raise SignerError(
            f"AWS KMS refuses: {code}", hint="See the key's state and policy, and the credentials."
        ) from None
    return answer


def _public_key(spki: Any) -> coincurve.PublicKey:
    if not isinstance(spki, bytes) or len(spki) != len(_SPKI) + 65 or not spki.startswith(_SPKI):
        raise SignerError("what KMS answered is not a public key on secp256k1")
    try:
        return coincurve.PublicKey(spki[len(_SPKI) :])
    except ValueError:
        raise SignerError("what KMS answered is not a point of secp256k1") from None


def _low_s(der: Any) -> bytes:
    """64 bytes r ‖ s of a signature in DER, s in the lower half (EIP-2)."""
    try:
        _, normalized = signature_normalize(der_to_cdata(der))
    except (ValueError, TypeError):
        raise SignerError("what KMS answered is not a signature in DER") from None
    compact: bytes = serialize_compact(normalized)
    return compact
