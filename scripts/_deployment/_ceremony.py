"""The structured reference strings of the public powers-of-tau ceremony, as EZKL publishes them.

The perpetual powers of tau on BN254 (github.com/privacy-scaling-explorations/perpetualpowersoftau), cut to 2^k powers, in
EZKL's format. The hashes are those that EZKL itself checks after `get_srs` (its `srs_sha.rs`).
"""

from __future__ import annotations

from provenwork.circuits import Circuit

__all__ = ["PUBLIC_SRS", "is_public"]

PUBLIC_SRS = {
    10: "9705d450e5dfd06adb673705f7bc34418ec86339203198beceb2ae7f1ffefedb",
    11: "257fa566ed9bc0767d3e63e92b5e966829fa3347d320a32055dc31ee7d33f8a4",
    12: "28b151069f41abc121baa6d2eaa8f9e4c4d8326ddbefee2bd9c0776b80ac6fad",
    13: "d5d94bb25bdc024f649213593027d861042ee807cafd94b49b54f1663f8f267d",
    14: "c09129f064c08ecb07ea3689a2247dcc177de6837e7d2f5f946e30453abbccef",
    15: "90807800a1c3b248a452e1732c45ee5099f38b737356f5542c0584ec9c3ebb45",
    16: "2a1a494630e71bc026dd5c0eab4c1b9a5dbc656228c1f0d48f5dbd3909b161d3",
    17: "41509f380362a8d14401c5ae92073154922fe23e45459ce6f696f58607655db7",
    18: "d0148475717a2ba269784a178cb0ab617bc77f16c58d4a3cbdfe785b591c7034",
    19: "d1a1655b4366a766d1578beb257849a92bf91cb1358c1a2c37ab180c5d3a204d",
    20: "54ef75911da76d7a6b7ea341998aaf66cb06c679c53e0a88a4fe070dd3add963",
}
"""SHA-256 by the base-2 logarithm of the number of powers."""


def is_public(circuit: Circuit) -> bool:
    """Whether a circuit's keys come from the ceremony: by the hash of its string, whatever the file is called."""
    return PUBLIC_SRS.get(circuit.logrows) == circuit.hashes["srs"]
