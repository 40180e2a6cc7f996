"""Keys in an encrypted file: the keystore that Ethereum's wallets write (Web3 Secret Storage, version 3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provenwork.core.errors import SignatureInvalid, SignerError
from provenwork.crypto._signer import LocalSigner

__all__ = ["open_keystore"]

_MAX_BYTES = 65_536


def open_keystore(path: Path, password: str) -> LocalSigner:
    """The key of a keystore file, such as `ape accounts generate` makes one. Takes a second: that is its purpose.

    Args:
        path: The file, version 3.
        password: What it is encrypted with; it is neither kept nor shown.

    Raises:
        SignerError: There is no such file, it is no keystore, the password is wrong, or its key is not its address's.
    """
    from eth_account import Account

    try:
        with path.open("rb") as file:
            contents = file.read(_MAX_BYTES + 1)
        fields: Any = json.loads(contents) if len(contents) <= _MAX_BYTES else None
    except OSError as problem:
        raise SignerError(f"the keystore {path} cannot be read: {problem.strerror}") from None
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or fields.get("version") != 3:
        raise SignerError(
            f"{path} is not a keystore",
            hint="A keystore is JSON, version 3 of Web3 Secret Storage.",
        )
    try:
        signer = LocalSigner(bytes(Account.decrypt(fields, password)))
    except SignatureInvalid:
        raise SignerError(f"what {path} holds is not a private key") from None
    except ValueError as problem:
        if "MAC" in str(problem):
            raise SignerError(f"this is not the password of {path}") from None
        raise SignerError(f"{path} is a damaged keystore") from None
    except (KeyError, TypeError, NotImplementedError, AttributeError):
        raise SignerError(f"{path} is a damaged keystore") from None
    # The address is a note outside the encryption: anybody could have put another file in this one's place.
    noted = fields.get("address")
    if noted is not None and str(noted).lower().removeprefix("0x") != signer.address[2:].lower():
        raise SignerError(
            f"{path} says that it is {noted}'s, and holds the key of {signer.address}"
        )
    return signer
