"""A short way to the local chain: web3's own spends more time in the HTTP client than in the node."""

from http.client import HTTPConnection
from threading import local
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import finalize

from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

POOL_PATIENCE = 1  # seconds; what a test left in the pool on purpose stays there


class DirectProvider(JSONBaseProvider):
    """Sends each request over this thread's one open connection, without retries.

    A web3 provider like any other: `web3.provider = DirectProvider(uri)`.
    """

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._address = urlsplit(uri).netloc
        self._thread = local()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Asks the node and waits for its answer."""
        if method == "evm_revert":
            self._await_empty_pool()
        return self._ask(method, params)

    def _await_empty_pool(self) -> None:
        """Waits until what was mined has left the pool, which is a moment after it was mined.

        Anvil would clean up after the reverted block later, and take along the sender's next
        transaction, which is then never mined: about once in five hundred times.
        """
        deadline = monotonic() + POOL_PATIENCE
        while monotonic() < deadline:
            if self._ask(RPCEndpoint("txpool_status"), [])["result"]["pending"] == "0x0":
                return

    def _ask(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        request = self.encode_rpc_request(method, params)
        connection = self._connection()
        connection.request("POST", "/", request, {"Content-Type": "application/json"})
        return self.decode_rpc_response(connection.getresponse().read())

    def is_connected(self, show_traceback: bool = False) -> bool:
        """Whether a node answers."""
        try:
            return "result" in self.make_request(RPCEndpoint("web3_clientVersion"), [])
        except OSError:
            if show_traceback:
                raise
            return False

    def _connection(self) -> HTTPConnection:
        if not hasattr(self._thread, "connection"):
            self._thread.connection = HTTPConnection(self._address, timeout=60)
            # Providers are dropped whenever Ape changes the network: not without closing.
            finalize(self, self._thread.connection.close)
        return self._thread.connection
