"""An AWS KMS of our own on a loopback port, for boto3's real client: it answers well, or badly in a chosen way."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import coincurve

KEY = coincurve.PrivateKey(b"\x2a" * 32)
OTHER_KEY = coincurve.PrivateKey(b"\x2b" * 32)
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
ALIAS = "alias/registration"

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_SPKI = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a034200")


def spki(key: coincurve.PrivateKey) -> bytes:
    """A public key as KMS answers it."""
    return _SPKI + key.public_key.format(compressed=False)


def der_integer(number: int) -> bytes:
    """An INTEGER in DER."""
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(octets)]) + octets


def der(r: int, s: int) -> bytes:
    """A signature in DER, written out here so that it does not depend on what reads it."""
    body = der_integer(r) + der_integer(s)
    return b"\x30" + bytes([len(body)]) + body


def parts(key: coincurve.PrivateKey, digest: bytes) -> tuple[int, int]:
    """A key's signature as two numbers, the second in the lower half."""
    signature = key.sign_recoverable(digest, hasher=None)
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


class FakeKms(ThreadingHTTPServer):
    """Keeps one key under an ARN and an alias. What it answers can be changed, and what it was asked is kept."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = KEY
        self.spec, self.usage = "ECC_SECG_P256K1", "SIGN_VERIFY"
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.errors: list[tuple[int, str]] = []
        """Status and code of the next answers, before good ones follow."""
        self.pause = 0.0
        self.public_key: bytes | None = None
        self.signature: Any = lambda digest: der(*parts(self.key, digest))

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a well-formed request."""
        assert request["KeyId"] in {ARN, ALIAS}
        common = {"KeyId": ARN, "SigningAlgorithm": "ECDSA_SHA_256"}
        if operation == "GetPublicKey":
            octets = self.public_key or spki(self.key)
            kind = {"KeySpec": self.spec, "KeyUsage": self.usage}
            return {**common, **kind, "PublicKey": base64.b64encode(octets).decode()}
        assert operation == "Sign"
        # Anything else would have the digest hashed once more, or is no algorithm of this key.
        assert (request["MessageType"], request["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")
        digest = base64.b64decode(request["Message"])
        assert len(digest) == 32
        return {**common, "Signature": base64.b64encode(self.signature(digest)).decode()}


class _Handler(BaseHTTPRequestHandler):
    server: FakeKms

    def do_POST(self) -> None:
        """Answers one request of the JSON protocol."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
        self.server.requests.append((operation, request))
        time.sleep(self.server.pause)
        if self.server.errors:
            status, code = self.server.errors.pop(0)
            return self._send(status, {"__type": code, "message": "no"})
        return self._send(200, self.server.answer(operation, request))

    def _send(self, status: int, fields: dict[str, Any]) -> None:
        body = json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@contextmanager
def fake_kms() -> Iterator[FakeKms]:
    """A KMS that answers while the block runs."""
    with FakeKms() as kms:
        thread = threading.Thread(target=kms.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield kms
        finally:
            kms.shutdown()
            thread.join()
