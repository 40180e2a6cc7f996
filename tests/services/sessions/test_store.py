"""The host's store: what it was told is there after any end of its process, and there only once."""

import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenwork.chain import SignedTransaction, Transaction
from provenwork.core.errors import StoreError
from provenwork.crypto import Voucher
from provenwork.sessions import HostStore, SignedVoucher
from tests.services.sessions.conftest import HOST, HOST_KEY, TOKEN

JOB = 2**200 + 7


def voucher(tokens: int) -> SignedVoucher:
    """A voucher; the store does not look at signatures."""
    return SignedVoucher(Voucher(JOB, HOST, tokens), b"\x05" * 65)


def transaction(nonce: int) -> SignedTransaction:
    """A signed transaction."""
    return Transaction(84532, nonce, 1, 2, 21_000, TOKEN, 0, b"").sign(HOST_KEY, purpose="a test")


def test_everything_is_there_after_opening_it_again(open_store):
    """Transcript, voucher, proofs, agreements and transactions are read back as they were written."""
    store = open_store()
    store.add_session(JOB)
    store.append(JOB, 0, [1, 2, 3])
    store.append(JOB, 3, [2**32 - 2, 0])
    store.keep_voucher(voucher(2**64 - 1))
    store.want_proof(JOB, 0, 5, 1)
    store.set_agreed(JOB, 99)
    store.set_greeted(JOB)
    store.signed(transaction(4))
    again = open_store()
    known = again.session(JOB)
    assert (known.served, known.agreed_until, known.greeted, known.done) == (5, 99, True, False)
    assert again.transcript(JOB, 0, 5) == [1, 2, 3, 2**32 - 2, 0]
    assert again.voucher(JOB) == voucher(2**64 - 1)
    assert again.next_proof(3).count == 5
    assert again.unresolved() == [transaction(4)]
    assert again.open_sessions() == [JOB]


def test_the_highest_voucher_stays(open_store):
    """A lower voucher never replaces a higher one, whatever the order; numbers are compared as numbers."""
    store = open_store()
    for tokens in (9, 10**19, 5, 10**19 - 1):
        store.keep_voucher(voucher(tokens))
    assert store.voucher(JOB).tokens == 10**19


def test_the_transcript_has_no_gaps_and_no_overlaps(open_store):
    """Tokens are added at the end and nowhere else."""
    store = open_store()
    store.add_session(JOB)
    store.append(JOB, 0, [1, 2])
    for wrong in (0, 1, 3):
        with pytest.raises(StoreError):
            store.append(JOB, wrong, [9])
    with pytest.raises(StoreError):
        store.append(JOB + 1, 0, [9])
    assert store.transcript(JOB, 0, 2) == [1, 2]


@pytest.mark.parametrize("token", [-1, 2**32 - 1, 2**32, "7", 1.5, None])
def test_what_is_no_token_is_not_written(open_store, token):
    """One bad id refuses the whole piece."""
    store = open_store()
    store.add_session(JOB)
    with pytest.raises(ValueError, match="token id"):
        store.append(JOB, 0, [1, token])
    assert store.session(JOB).served == 0


@given(pieces=st.lists(st.lists(st.integers(0, 2**32 - 2), max_size=9), max_size=9), data=st.data())
def test_any_part_of_the_transcript_is_read_back(tmp_path_factory, place, pieces, data):
    """Whatever the pieces, every range of the transcript is what was served."""
    path = tmp_path_factory.mktemp("store") / "host.sqlite"
    with closing(HostStore(path, place)) as store:
        store.add_session(JOB)
        served: list[int] = []
        for piece in pieces:
            if piece:
                store.append(JOB, len(served), piece)
                served += piece
        first = data.draw(st.integers(0, len(served)))
        end = data.draw(st.integers(first, len(served)))
        assert store.transcript(JOB, first, end) == served[first:end]
        with pytest.raises(StoreError):
            store.transcript(JOB, 0, len(served) + 1)


def test_a_proof_is_not_made_twice(open_store):
    """Asking again for a proof that is made leaves it; asking for another size replaces it."""
    store = open_store()
    store.want_proof(JOB, 0, 64, 1)
    task = store.next_proof(3)
    store.keep_proof(task, b"proof")
    store.want_proof(JOB, 0, 64, 1)
    assert (store.next_proof(3), store.proofs(JOB)[0].proof) == (None, b"proof")
    store.want_proof(JOB, 0, 32, 1)
    store.keep_proof(task, b"late")
    assert store.proofs(JOB)[0].proof is None


def test_urgent_proofs_come_first_and_hopeless_ones_not_at_all(open_store):
    """What answers a contested claim is proven before the rest; what failed too often is left to the operator."""
    store = open_store()
    store.want_proof(JOB, 0, 64, 1)
    store.want_proof(JOB, 64, 64, 1, urgent=True)
    assert store.next_proof(3).first == 64
    hopeless = store.next_proof(3)
    for _ in range(3):
        store.proof_failed(hopeless, "no memory")
    assert store.next_proof(3).first == 0
    assert [task.first for task in store.failed_proofs(3)] == [64]


def test_transactions_are_unresolved_until_their_outcome_is_known(open_store):
    """They are told by nonce, and a resolved one is told no more."""
    store = open_store()
    for nonce in (7, 5, 6):
        store.signed(transaction(nonce))
    store.resolved(transaction(6).hash, succeeded=True)
    assert [one.nonce for one in open_store().unresolved()] == [5, 7]


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"host": TOKEN}, {"marketplace": TOKEN}])
def test_a_store_belongs_to_one_host_of_one_marketplace(open_store, place, change):
    """It is refused for another chain, marketplace or host: its vouchers would mean nothing there."""
    open_store()
    with pytest.raises(StoreError, match="belongs to"):
        open_store(replace(place, **change))


def test_a_file_that_is_no_store_is_refused(tmp_path, place):
    """Something else under that name is not overwritten."""
    path = tmp_path / "host.sqlite"
    path.write_bytes(b"not a database, and longer than a header of one" * 30)
    with pytest.raises(StoreError, match="cannot be read"):
        HostStore(path, place)
    assert path.read_bytes().startswith(b"not a database")


def test_one_process_at_a_time(tmp_path, place, open_store):
    """A second process is refused while the first one lives, and is welcome afterwards."""
    store = open_store()
    script = (
        "from provenwork.sessions import HostStore, Place\n"
        f"HostStore({str(store.path)!r}, Place({place.chain_id}, {place.marketplace!r}, {place.host!r}))"
    )

    def attempt() -> str:
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        return done.stderr

    assert "another process holds" in attempt()
    store.close()
    assert "Error" not in attempt()


def test_writes_are_on_disk_before_they_return(open_store):
    """The store runs with a write-ahead log and full synchronisation."""
    store = open_store()
    assert store._row("PRAGMA journal_mode") == ("wal",)
    assert store._row("PRAGMA synchronous") == (2,)


def test_a_prompt_stands_before_the_transcript(open_store):
    """A prompt is kept once, before the first token; whether it is the whole job is kept with it."""
    store = open_store()
    assert store.prompt(JOB) is None
    with pytest.raises(StoreError, match="has begun"):
        store.keep_prompt(JOB, [1], single=True)
    store.add_session(JOB)
    store.keep_prompt(JOB, [5, 0, 2**32 - 2], single=True)
    store.append(JOB, 0, [1])
    store.keep_prompt(JOB, [5, 0, 2**32 - 2], single=True)
    kept = open_store().prompt(JOB)
    assert (kept.tokens, kept.single) == ([5, 0, 2**32 - 2], True)
    for prompt, single in (([5, 0], True), ([5, 0, 2**32 - 2], False)):
        again = open_store()
        with pytest.raises(StoreError, match="another prompt"):
            again.keep_prompt(JOB, prompt, single=single)


def test_a_prompt_comes_too_late(open_store):
    """After the first token there is nothing to stand before it."""
    store = open_store()
    store.add_session(JOB)
    store.append(JOB, 0, [1])
    with pytest.raises(StoreError, match="another prompt"):
        store.keep_prompt(JOB, [5], single=False)
