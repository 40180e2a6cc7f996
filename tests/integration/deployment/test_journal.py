"""The journal survives a kill at any moment, and refuses what it cannot be sure of."""

import json
import subprocess
import sys
from contextlib import suppress

import pytest

from provenwork.chain import SignedTransaction, Transaction
from provenwork.crypto import LocalSigner, to_address
from scripts._deployment import DeploymentError
from scripts._deployment._journal import held_journal

ALICE, BOB = (LocalSigner(bytes([n]) * 32).address for n in (1, 2))
SUBJECT = {"chainId": 84_532, "deployer": ALICE, "contracts": {"A": "0x01", "B": "0x02"}}


def signed(nonce: int, purpose: str = "deploying A") -> SignedTransaction:
    """A transaction of Alice's."""
    transaction = Transaction(
        chain_id=84_532,
        nonce=nonce,
        max_priority_fee_per_gas=1,
        max_fee_per_gas=2,
        gas=21_000,
        to=to_address("0x" + "ab" * 20),
        value=0,
        data=b"\x01\x02",
    )
    return transaction.sign(LocalSigner(b"\x01" * 32), purpose=purpose)


@pytest.fixture
def path(tmp_path):
    """Where it is kept."""
    return tmp_path / "base-sepolia.journal"


def interrupted(path, *transactions: SignedTransaction) -> None:
    """A deployment that signed these and was killed."""
    with suppress(KeyboardInterrupt), held_journal(path, ALICE) as journal:
        journal.begin(SUBJECT)
        for transaction in transactions:
            journal.signed(transaction)
        raise KeyboardInterrupt


def test_what_was_signed_is_found_again(path):
    """With its bytes, in the order of nonces, until its outcome is known."""
    interrupted(path, signed(5), signed(4, "deploying B"))
    with held_journal(path, ALICE) as journal:
        journal.begin(SUBJECT)
        assert journal.unresolved() == [signed(4, "deploying B"), signed(5)]
        journal.resolved(signed(5).hash, succeeded=True)
        journal.resolved(signed(4, "deploying B").hash, succeeded=False)
        assert journal.unresolved() == []
        assert journal.transaction("deploying A") == signed(5).hash
        assert journal.transaction("deploying B") is None
    assert not path.exists()


def test_it_stays_while_something_is_unknown(path):
    """Also where nothing failed."""
    with held_journal(path, ALICE) as journal:
        journal.signed(signed(5))
    assert path.exists()


def test_nothing_is_left_of_nothing(path):
    """A deployment that failed before it signed anything leaves no file."""
    interrupted(path)
    assert not path.exists()


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_killed_while_writing(path, cut):
    """Half a line was never acted upon: it is cut off, and what is written next is whole."""
    interrupted(path, signed(5))
    whole = path.read_bytes()
    path.write_bytes(
        whole + json.dumps({"signed": {"hash": "0x12", "raw": "ff" * 200}}).encode()[:cut]
    )
    with suppress(KeyboardInterrupt), held_journal(path, ALICE) as journal:
        assert journal.unresolved() == [signed(5)]
        journal.signed(signed(6))
        raise KeyboardInterrupt
    assert path.read_bytes().startswith(whole)
    with held_journal(path, ALICE) as journal:
        assert journal.unresolved() == [signed(5), signed(6)]


@pytest.mark.parametrize(
    "line",
    [
        *("{}", "[]", "nonsense", '{"signed": {}}', '{"other": 1}'),
        '{"resolved": {"hash": "0x1", "succeeded": true}}',
    ],
)
def test_a_damaged_line(path, line):
    """It is refused with its number; nothing is guessed."""
    interrupted(path, signed(5))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(DeploymentError, match="line 3, cannot be read"), held_journal(path, ALICE):
        pass


def test_a_changed_transaction(path):
    """Bytes that are not those of their hash are refused."""
    interrupted(path, signed(5))
    path.write_text(path.read_text().replace(signed(5).raw.hex(), signed(6).raw.hex()))
    with pytest.raises(DeploymentError, match="line 2, cannot be read"), held_journal(path, ALICE):
        pass


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"deployer": BOB}, f"deployer was {ALICE} and is {BOB}"),
        ({"contracts": {"A": "0x01", "B": "0x03"}}, "B was 0x02 and is 0x03"),
        ({"contracts": {"A": "0x01"}}, "B was 0x02 and is None"),
        ({"contracts": {"A": "0x01", "B": "0x02", "C": "0x03"}}, "C was None and is 0x03"),
    ],
)
def test_another_deployment_was_begun(path, change, said):
    """It is not continued with other parameters, other code or another account."""
    interrupted(path, signed(5))
    with (
        pytest.raises(DeploymentError, match=said) as refusal,
        held_journal(path, ALICE) as journal,
    ):
        journal.begin({**SUBJECT, **change})
    assert str(path) in refusal.value.hint
    assert path.exists()


def test_it_stays_while_a_deployment_waits(path):
    """Another command that is finished does not take along what a deployment needs to continue."""
    interrupted(path, signed(5))
    with held_journal(path, ALICE) as journal:
        journal.resolved(signed(5).hash, succeeded=True)
    with held_journal(path, ALICE) as journal:
        journal.begin(SUBJECT)
        assert journal.transaction("deploying A") == signed(5).hash
    assert not path.exists()


def test_what_others_signed(path):
    """An account neither sends nor waits for another's transactions, and does not lose them."""
    interrupted(path, signed(5))
    with held_journal(path, BOB) as journal:
        assert journal.unresolved() == []
    with held_journal(path, ALICE) as journal:
        assert journal.unresolved() == [signed(5)]


def test_one_process_at_a_time(path):
    """A second one is refused at once; a kill frees it."""
    holder = "import sys, time; from pathlib import Path; from scripts._deployment._journal import held_journal\n"
    holder += (
        f"with held_journal(Path({str(path)!r}), 'x'): print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(DeploymentError, match="another process"), held_journal(path, ALICE):
            pass
        process.kill()
        process.wait()
    with held_journal(path, ALICE) as journal:
        assert journal.unresolved() == []


def test_in_memory():
    """For chains that end with their process."""
    with held_journal(None, ALICE) as journal:
        journal.signed(signed(5))
        assert journal.unresolved() == [signed(5)]
