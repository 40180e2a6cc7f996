"""Signed intents, strict signatures and signers.

Every struct that somebody signs is defined once, here: its fields in the order of its type string, its hash, and the
domain that it belongs to. Who signs is a `Signer`: a key in memory (`LocalSigner`), in an encrypted file
(`open_keystore`), in AWS KMS (`KmsSigner`), or anything else that has an address and signs digests.
"""

from provenwork.crypto._address import ZERO_ADDRESS, to_address
from provenwork.crypto._ecdsa import is_signature_of, recover_strict, require_signature
from provenwork.crypto._intents import (
    CloseAgreement,
    Permit,
    ReceiveWithAuthorization,
    RegisterWorker,
    Voucher,
    marketplace_domain,
    registry_domain,
)
from provenwork.crypto._job_intents import (
    CancelJob,
    ClaimJob,
    ExpireJob,
    PostJob,
    ReleaseClaim,
    SubmitWork,
    VerifyJob,
    factory_domain,
)
from provenwork.crypto._keystore import open_keystore
from provenwork.crypto._kms import KmsClient, KmsSigner, kms_client
from provenwork.crypto._signer import LocalSigner, Signer
from provenwork.crypto._typed_data import Domain, TypedData

__all__ = [
    "ZERO_ADDRESS",
    "CancelJob",
    "ClaimJob",
    "CloseAgreement",
    "Domain",
    "ExpireJob",
    "KmsClient",
    "KmsSigner",
    "LocalSigner",
    "Permit",
    "PostJob",
    "ReceiveWithAuthorization",
    "RegisterWorker",
    "ReleaseClaim",
    "Signer",
    "SubmitWork",
    "TypedData",
    "VerifyJob",
    "Voucher",
    "factory_domain",
    "is_signature_of",
    "kms_client",
    "marketplace_domain",
    "open_keystore",
    "recover_strict",
    "registry_domain",
    "require_signature",
    "to_address",
]
