"""The key cache: right keys or none, whole files or none, one maker at a time."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from provenwork.circuits import Circuit, Keys, cache_folder, load_circuit, setup
from provenwork.circuits._circuit import sha256_of
from provenwork.core.errors import ArtefactError, CacheError


@pytest.fixture
def keys(tiny: Circuit, tmp_path: Path) -> Keys:
    """Fresh keys in a cache of their own."""
    return setup(tiny, cache=tmp_path / "cache")


def test_a_fresh_machine_makes_the_committed_keys(tmp_path: Path):
    """From nothing, the committed circuit's keys come out with its manifest's hashes, and nothing else is left."""
    circuit = load_circuit("token_count/64")
    keys = setup(circuit, cache=tmp_path / "cache")
    assert keys.made
    assert sha256_of(keys.proving_key) == circuit.hashes["pk"]
    assert sorted(path.name for path in keys.proving_key.parent.iterdir()) == [
        "lock",
        "pk.bin",
    ]


def test_keys_are_made_once(tiny: Circuit, keys: Keys, tmp_path: Path):
    """The second time they are found, and not written again."""
    before = keys.proving_key.stat().st_mtime_ns
    again = setup(tiny, cache=tmp_path / "cache")
    assert not again.made
    assert again.proving_key.stat().st_mtime_ns == before


def _flip(path: Path) -> None:
    spoiled = bytearray(path.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    path.write_bytes(spoiled)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("spoil", [_flip, _truncate, Path.unlink])
def test_a_spoiled_key_is_made_again(tiny: Circuit, keys: Keys, tmp_path: Path, spoil):
    """A key with a flipped bit, a missing end or no file at all is never used, but made anew."""
    spoil(keys.proving_key)
    again = setup(tiny, cache=tmp_path / "cache")
    assert again.made
    assert sha256_of(again.proving_key) == tiny.hashes["pk"]


def test_what_a_killed_process_left_is_swept_away(tiny: Circuit, tmp_path: Path):
    """Half-made keys of a process that died do not stay."""
    left = tmp_path / "cache" / tiny.name / "making-dead"
    left.mkdir(parents=True)
    (left / "pk.bin").write_bytes(b"half a key")
    setup(tiny, cache=tmp_path / "cache")
    assert not left.exists()


def test_two_at_once_make_the_keys_once(tiny: Circuit, tmp_path: Path):
    """Of two that want the same keys, one makes them, the other waits and finds them."""
    steps: list[str] = []
    together = threading.Barrier(2)

    def get() -> Keys:
        together.wait()
        return setup(tiny, cache=tmp_path / "cache", on_step=steps.append)

    with ThreadPoolExecutor(2) as pool:
        made = [task.result().made for task in [pool.submit(get), pool.submit(get)]]
    assert sorted(made) == [False, True]
    assert "waiting for another process to make the same keys" in steps


def test_waiting_ends(tiny: Circuit, tmp_path: Path):
    """Who waits too long for another process gives up with a reason."""
    proceed, inside = threading.Event(), threading.Event()

    def hold(step: str) -> None:
        inside.set()
        proceed.wait(30)

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(setup, tiny, cache=tmp_path / "cache", on_step=hold)
        inside.wait(30)
        try:
            with pytest.raises(CacheError, match="another process has held"):
                setup(tiny, cache=tmp_path / "cache", timeout=0.2)
        finally:
            proceed.set()
        holder.result()


def test_a_cache_that_cannot_be_written_is_reported(tiny: Circuit, tmp_path: Path):
    """A cache that is a file is an error that says what to do."""
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(CacheError) as refused:
        setup(tiny, cache=tmp_path / "cache")
    assert "--cache" in refused.value.hint


@pytest.mark.parametrize("role", ["vk", "pk"])
def test_other_keys_than_the_committed_ones_are_not_kept(copied: Circuit, tmp_path: Path, role):
    """If a machine makes other keys than the verifier's, that is an error and the cache stays empty."""
    other = replace(copied, hashes={**copied.hashes, role: "00" * 32})
    if role == "vk":
        copied.verification_key.write_bytes(b"another key")
        other = replace(copied, hashes={**copied.hashes, "vk": sha256_of(copied.verification_key)})
    with pytest.raises(ArtefactError, match=f"another {role}"):
        setup(other, cache=tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache" / copied.name).iterdir()] == ["lock"]


def test_changed_settings_make_no_keys(copied: Circuit, tmp_path: Path):
    """Keys are not made from files that are not the manifest's."""
    settings = json.loads(copied.settings.read_text())
    settings["run_args"]["num_inner_cols"] = 2
    copied.settings.write_text(json.dumps(settings))
    with pytest.raises(ArtefactError, match=r"settings\.json is not the file"):
        setup(copied, cache=tmp_path / "cache")


def test_another_ezkl_is_refused(copied: Circuit, tmp_path: Path):
    """Keys of another version of EZKL would not fit; the error names the right one."""
    with pytest.raises(ArtefactError, match="belongs to EZKL 1") as refused:
        setup(replace(copied, ezkl="1"), cache=tmp_path / "cache")
    assert refused.value.hint == "pip install ezkl==1"


def test_the_cache_can_be_elsewhere(circuit: Circuit, monkeypatch, tmp_path: Path):
    """PROVENWORK_CIRCUITS_CACHE and PROVENWORK_CIRCUITS name the folders; the default is inside the repository."""
    assert cache_folder() == circuit.folder.parents[2] / ".cache" / "circuits"
    monkeypatch.setenv("PROVENWORK_CIRCUITS_CACHE", str(tmp_path / "keys"))
    assert cache_folder() == tmp_path / "keys"
    monkeypatch.setenv("PROVENWORK_CIRCUITS", str(tmp_path))
    with pytest.raises(LookupError):
        load_circuit(circuit.name)
