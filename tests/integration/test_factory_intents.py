"""What the package signs about one-shot jobs is what the contract hashes and what wallets show."""

from dataclasses import fields

import ape
import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from provenwork.crypto import (
    CancelJob,
    ClaimJob,
    ExpireJob,
    LocalSigner,
    PostJob,
    ReleaseClaim,
    SubmitWork,
    VerifyJob,
    factory_domain,
)
from tests.harness.execution import ask
from tests.harness.factory import APPROVE, COMPLETED, INTENTS, WORK

uint256 = st.integers(0, 2**256 - 1)
VALUES = {
    "uint256": uint256,
    "uint16": st.integers(0, 2**16 - 1),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bytes32": st.binary(min_size=32, max_size=32),
}
STRUCTS = [PostJob, CancelJob, ClaimJob, ReleaseClaim, SubmitWork, VerifyJob, ExpireJob]


def digest_on_chain(factory, struct, values) -> bytes:
    """What the contract says is to be signed."""
    name, _ = struct.layout()
    method = getattr(factory.contract, f"{name[0].lower()}{name[1:]}Digest")
    if struct is PostJob:
        issuer, *terms, nonce, deadline = values
        values = (tuple(terms), issuer, nonce, deadline)
    return bytes(ask(method, *values))


@pytest.fixture(scope="module")
def domain(factory):
    """The factory's domain, as the package has it."""
    return factory_domain(ape.chain.chain_id, factory.contract.address)


def test_the_domain_is_the_contracts(factory, domain):
    """The separator computed here is the one that the contract reports."""
    assert domain.separator == bytes(factory.contract.getDomainSeparator())


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
@given(data=st.data())
def test_digests(factory, domain, struct, data):
    """Package, contract, eth-account and the tests' own definition agree on every value."""
    name, layout = struct.layout()
    assert layout == INTENTS[name]
    values = [data.draw(VALUES[kind]) for _, kind in layout]
    intent = struct(**dict(zip([f.name for f in fields(struct)], values, strict=True)))
    digest = intent.digest(domain)
    assert digest == digest_on_chain(factory, struct, values)
    shown = encode_typed_data(full_message=intent.typed_data(domain))
    assert digest == keccak(b"\x19" + shown.version + shown.header + shown.body)
    message = {n: value for (n, _), value in zip(layout, values, strict=True)}
    assert digest == factory.intent(name, **message).digest()


def test_a_verdict_counts(factory, domain, issuer, relayer, chain):
    """A verdict that the package signed completes the job."""
    job = factory.post()
    job.claim()
    job.submit()
    deadline = chain.pending_timestamp + 60
    verdict = VerifyJob(job.id, 1, WORK, *APPROVE, deadline)
    signature = verdict.sign(domain, LocalSigner(bytes.fromhex(issuer.private_key[2:])))
    factory.contract.verifyJobBySig(
        job.id, WORK, *APPROVE, issuer, deadline, signature, sender=relayer
    )
    assert job.status == COMPLETED
