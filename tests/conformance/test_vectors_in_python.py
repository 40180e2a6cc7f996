"""What provenwork.crypto makes of every golden vector."""

import re
import shutil
import subprocess
from dataclasses import fields

import pytest

import provenwork.crypto
from provenwork.core.errors import SignatureInvalid
from provenwork.crypto import (
    Domain,
    LocalSigner,
    TypedData,
    factory_domain,
    marketplace_domain,
    recover_strict,
    registry_domain,
)
from tests.conformance.vectors import CHAIN_ID, CONTRACTS, FILE, SCRIPT, USUAL, VECTORS, Vector
from tests.harness.escrow import ZERO

PUBLIC = [getattr(provenwork.crypto, name) for name in provenwork.crypto.__all__]
STRUCTS = {
    each.layout()[0]: each
    for each in PUBLIC
    if isinstance(each, type) and issubclass(each, TypedData) and each is not TypedData
}
DOMAINS = {
    "WorkerRegistry": registry_domain,
    "JobMarketplace": marketplace_domain,
    "JobFactory": factory_domain,
    "MockUSDC": lambda chain_id, token: Domain("USD Coin", "2", chain_id, token),
}
REFUSED = [
    pytest.param(vector, refused, id=f"{vector.struct}, {refused.name}")
    for vector in USUAL.values()
    for refused in vector.refused
]
OTHER_DATA = [case for case in REFUSED if case.values[1].digest is not None]
every_vector = pytest.mark.parametrize("vector", VECTORS, ids=str)


def domain_of(vector: Vector) -> Domain:
    """The package's domain for the vector's contract."""
    return DOMAINS[vector.contract](CHAIN_ID, CONTRACTS[vector.contract]["address"])


def struct_of(vector: Vector) -> TypedData:
    """The package's struct with the vector's message, given in the order of its type string."""
    struct = STRUCTS[vector.struct]
    names = [field.name for field in fields(struct)]
    return struct(**dict(zip(names, vector.message.values(), strict=True)))


def test_regenerated(tmp_path):
    """Making the vectors again gives the committed file, byte for byte."""
    node = shutil.which("node")
    assert node, "no node on PATH: see README.md, Set up"
    again = tmp_path / FILE.name
    made = subprocess.run([node, SCRIPT, again], capture_output=True, text=True, check=False)
    assert made.returncode == 0, f"{made.stderr}\nIf ethers is missing: make setup"
    assert again.read_bytes() == FILE.read_bytes(), "not what make_vectors.mjs writes: make vectors"


def test_every_struct_has_vectors():
    """Every struct that provenwork.crypto defines has vectors, and no vector is of another."""
    assert {vector.struct for vector in VECTORS} == set(STRUCTS)


def test_every_type_string_of_the_contracts_has_vectors():
    """Every type string that a contract hashes is one of the vectors', letter for letter."""
    literal = re.compile(r'keccak256\(\s*((?:"[^"]*"\s*)+)\)')
    literals = [
        "".join(re.findall('"([^"]*)"', found))
        for path in (SCRIPT.parents[2] / "contracts").rglob("*.sol")
        for found in literal.findall(path.read_text())
    ]
    hashed = {text for text in literals if re.fullmatch(r"[A-Z]\w*\(.*\)", text)}
    assert hashed == {vector.hashes["encodeType"] for vector in VECTORS}


@every_vector
def test_field_names(vector):
    """The struct's fields are the vector's, in snake case; only `from` has another name in Python."""
    names = [re.sub("([A-Z])", r"_\1", name).lower() for name in vector.message]
    renamed = ["payer" if name == "from" else name for name in names]
    assert [field.name for field in fields(STRUCTS[vector.struct])] == renamed


@every_vector
def test_hashes(vector):
    """Type string, type hash, domain separator, struct hash and digest are the vector's."""
    struct, domain = struct_of(vector), domain_of(vector)
    assert {
        "encodeType": struct.TYPE,
        "typeHash": "0x" + struct.type_hash().hex(),
        "domainSeparator": "0x" + domain.separator.hex(),
        "structHash": "0x" + struct.struct_hash().hex(),
        "digest": "0x" + struct.digest(domain).hex(),
    } == vector.hashes


@every_vector
def test_wallet_form(vector):
    """What a wallet is asked to sign is the vector's typed data."""
    shown = struct_of(vector).typed_data(domain_of(vector))
    shown["types"].pop("EIP712Domain")
    assert shown == vector.typed_data


@every_vector
def test_signature(vector):
    """The signer's key makes the vector's signature, byte for byte, and it is found to be its."""
    struct, domain = struct_of(vector), domain_of(vector)
    assert struct.sign(domain, LocalSigner(vector.private_key)) == vector.signature
    assert struct.recover(domain, vector.signature) == vector.signer


@pytest.mark.parametrize(("vector", "refused"), REFUSED)
def test_refused(vector, refused):
    """A signature over anything else, or spelled otherwise, is not taken for the signer's."""
    with pytest.raises(SignatureInvalid):
        struct_of(vector).require_signed(domain_of(vector), vector.signer, refused.signature)
    try:
        recovered = recover_strict(vector.digest, refused.signature)
    except SignatureInvalid:
        recovered = ZERO
    assert recovered == refused.recovered


@pytest.mark.parametrize(("vector", "refused"), OTHER_DATA)
def test_refused_for_its_reason(vector, refused):
    """What is signed for other data is the signer's good signature over that: nothing else is wrong."""
    assert refused.digest != vector.digest
    assert recover_strict(refused.digest, refused.signature) == vector.signer
