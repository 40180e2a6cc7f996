"""Strict verification of a signature, beside the curve library's bare recovery."""

from __future__ import annotations

import coincurve
from eth_utils.crypto import keccak

from bench.services import Row, Stage, rate
from provenwork.crypto import LocalSigner, is_signature_of

COUNT = 3_000
ROUNDS = 3


async def rows(stage: Stage) -> list[Row]:
    """On one core; it needs no stage."""
    del stage
    signer = LocalSigner(b"\x07" * 32)
    digests = [keccak(number.to_bytes(4, "big")) for number in range(COUNT)]
    signed = [(digest, signer.sign_digest(digest)) for digest in digests]

    async def strict() -> None:
        for digest, signature in signed:
            assert is_signature_of(signer.address, digest, signature)

    async def bare() -> None:
        for digest, signature in signed:
            raw = signature[:64] + bytes([signature[64] - 27])
            coincurve.PublicKey.from_signature_and_message(raw, digest, hasher=None)

    strictly, barely = [], []
    for _round in range(ROUNDS):
        strictly.append(await rate(COUNT, strict))
        barely.append(await rate(COUNT, bare))
    return [
        Row(
            "strict signature verification",
            max(strictly),
            "signatures/s",
            max(barely),
            "one core; two Keccak hashes in Python for the address and its checksum",
        )
    ]
