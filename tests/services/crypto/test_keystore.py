"""Keys in encrypted files."""

import json
from copy import deepcopy

import pytest

from provenwork.core.errors import SignerError
from provenwork.crypto import LocalSigner, is_signature_of, open_keystore

PASSWORD = "testpassword"
KEY = bytes.fromhex("7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d")
# The two test vectors of the Web3 Secret Storage Definition, version 3.
PBKDF2 = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
        "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
        "kdf": "pbkdf2",
        "kdfparams": {
            "c": 262144,
            "dklen": 32,
            "prf": "hmac-sha256",
            "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
        },
        "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}
SCRYPT = {
    "crypto": {
        "cipher": "aes-128-ctr",
        "cipherparams": {"iv": "83dbcc02d8ccb40e466191a123791e0e"},
        "ciphertext": "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
        "kdf": "scrypt",
        "kdfparams": {
            "dklen": 32,
            "n": 262144,
            "p": 8,
            "r": 1,
            "salt": "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
        },
        "mac": "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
    },
    "id": "3198bc9c-6672-5ab3-d995-4942343ae5b6",
    "version": 3,
}


@pytest.fixture
def keystore(tmp_path):
    """Writes a keystore file."""

    def write(fields):
        path = tmp_path / "key.json"
        path.write_text(fields if isinstance(fields, str) else json.dumps(fields))
        return path

    return write


@pytest.mark.parametrize("fields", [PBKDF2, SCRYPT], ids=["pbkdf2", "scrypt"])
def test_vectors(keystore, fields):
    """The definition's own files open to the definition's own key."""
    signer = open_keystore(keystore(fields), PASSWORD)
    assert signer.address == LocalSigner(KEY).address
    assert is_signature_of(signer.address, KEY, signer.sign_digest(KEY))


def test_wrong_password(keystore):
    """A wrong password is refused, and neither it nor the right one is repeated."""
    with pytest.raises(SignerError, match="not the password") as raised:
        open_keystore(keystore(PBKDF2), "hunter2")
    assert "hunter2" not in str(raised.value)


def test_noted_address(keystore):
    """A file that says whose key it is must hold that key."""
    address = LocalSigner(KEY).address
    for noted in (address, address[2:].lower()):
        assert open_keystore(keystore({**PBKDF2, "address": noted}), PASSWORD).address == address
    with pytest.raises(SignerError, match="holds the key of"):
        open_keystore(keystore({**PBKDF2, "address": "00" * 20}), PASSWORD)


def damaged(*path, value=None):
    """A keystore with another value somewhere."""
    fields = deepcopy(PBKDF2)
    place = fields
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return fields


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "[]",
        "{",
        "[" * 5_000,
        "x" * 70_000,
        damaged("version", value=1),
        damaged("crypto"),
        damaged("crypto", value="x"),
        damaged("crypto", "mac"),
        damaged("crypto", "kdf", value="md5"),
        damaged("crypto", "ciphertext", value="zz"),
        damaged("crypto", "kdfparams", "salt", value=7),
    ],
)
def test_no_keystore(keystore, fields):
    """What is not a whole keystore is refused with an error of ours."""
    with pytest.raises(SignerError):
        open_keystore(keystore(fields), PASSWORD)


def test_no_file(tmp_path):
    """A file that is not there is named."""
    with pytest.raises(SignerError, match=r"nothing\.json"):
        open_keystore(tmp_path / "nothing.json", PASSWORD)
