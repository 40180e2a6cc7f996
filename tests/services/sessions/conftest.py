"""Sessions as values: nothing here asks a chain."""

from dataclasses import replace

import pytest

from provenwork.chain import CircuitTerms, JobType, Parameters, SessionDetails, SessionStatus
from provenwork.crypto import ZERO_ADDRESS, LocalSigner, to_address
from provenwork.sessions import HostPolicy, HostStore, Place, SessionFacts

USER_KEY, HOST_KEY = LocalSigner(b"\x01" * 32), LocalSigner(b"\x02" * 32)
USER, HOST = USER_KEY.address, HOST_KEY.address
TOKEN = to_address("0x" + "70" * 20)
ARBITER, WATCHER = to_address("0x" + "a0" * 20), to_address("0x" + "a1" * 20)
OPENED = 1_800_000_000
WINDOWS = Parameters(3_600, 1_800, 2_400, 86_400, 7_200, 10**14, 1_000)
CIRCUIT = CircuitTerms(max_tokens=64, binds_input=True, revoked_at=0)

USUAL = SessionDetails(
    deposit=10_000_000,
    price_per_million=2_000_000,
    max_duration=3_600,
    opened_at=OPENED,
    host=HOST,
    status=SessionStatus.ACTIVE,
    proven=0,
    last_evidence_at=0,
    aggregate_proof_hash=bytes(32),
    proof_interval=1_000,
    job_type=JobType.SESSION,
    user=USER,
    token=TOKEN,
    acked=0,
    matured=0,
    claimed=0,
    claimed_at=0,
    settled=0,
    covered=0,
    payable=0,
    ends_at=OPENED + 3_600,
    closing_at=0,
    evidence_end=OPENED + 7_200,
    max_tokens_per_second=200,
    circuit_id=1,
    voucher_signer=USER,
    voucher_cap=0,
    watcher=ZERO_ADDRESS,
    arbiter=ZERO_ADDRESS,
    challenger=ZERO_ADDRESS,
    bond=0,
    dispute_deadline=0,
    claims_off=False,
    abandoned=False,
    proof_count=0,
    input_commitment=0,
    min_tokens=0,
)


def session(**changes) -> SessionDetails:
    """The usual session: 5,000,000 tokens for 10 units, changed as said."""
    return replace(USUAL, **changes)


def facts(
    *,
    signer_code=b"",
    circuit=CIRCUIT,
    provable=64,
    served=None,
    now=OPENED + 1,
    windows=WINDOWS,
    **changes,
):
    """The usual session as a policy sees it, changed as said."""
    return SessionFacts(
        job_id=1,
        details=session(**changes),
        parameters=windows,
        now=now,
        host=HOST,
        circuit=circuit,
        provable=provable,
        signer_code=signer_code,
        served=served,
    )


@pytest.fixture
def policy() -> HostPolicy:
    """Takes the usual session."""
    return HostPolicy(min_price_per_million={TOKEN: 2_000_000}, seconds_per_proof=5)


@pytest.fixture
def place() -> Place:
    """Whose store it is."""
    return Place(84532, "0x" + "31" * 20, HOST)


@pytest.fixture
def open_store(tmp_path, place):
    """Opens the store again and again; the one before is closed first."""
    stores: list[HostStore] = []

    def opened(at: Place = place) -> HostStore:
        for former in stores:
            former.close()
        stores.append(HostStore(tmp_path / "host.sqlite", at))
        return stores[-1]

    yield opened
    for former in stores:
        former.close()
