"""The EVM: a thin typed client of the contracts, transactions with three outcomes, and the compiled verifiers.

Services send through `provenwork.chain.sender` and read events through `provenwork.chain.indexer`, which share a database.
Nothing here needs Ape but `verifier` and `verifier_project`, which are for tests and deployment.
"""

from provenwork.chain._abi import abi
from provenwork.chain._contract import Contract
from provenwork.chain._lens import SessionLens
from provenwork.chain._marketplace import Marketplace, ProofSystem, WorkerRegistry
from provenwork.chain._node import Block, Node, Receipt
from provenwork.chain._reverts import reverted
from provenwork.chain._rpc import Rpc
from provenwork.chain._sender import Journal, MemoryJournal, Outcome, Sender
from provenwork.chain._signatures import MAX_SIGNATURE, require_signed_by, signed_by
from provenwork.chain._token import Token
from provenwork.chain._transactions import (
    MAX_GAS,
    Call,
    SignedTransaction,
    Transaction,
    TransactionSigner,
)
from provenwork.chain._values import (
    PRICE_UNIT,
    CircuitTerms,
    JobType,
    Parameters,
    PromptTerms,
    ProofRecord,
    SessionDetails,
    SessionStatus,
    Terms,
    TokenTerms,
)
from provenwork.chain._verifiers import verifier, verifier_project

__all__ = [
    "MAX_GAS",
    "MAX_SIGNATURE",
    "PRICE_UNIT",
    "Block",
    "Call",
    "CircuitTerms",
    "Contract",
    "JobType",
    "Journal",
    "Marketplace",
    "MemoryJournal",
    "Node",
    "Outcome",
    "Parameters",
    "PromptTerms",
    "ProofRecord",
    "ProofSystem",
    "Receipt",
    "Rpc",
    "Sender",
    "SessionDetails",
    "SessionLens",
    "SessionStatus",
    "SignedTransaction",
    "Terms",
    "Token",
    "TokenTerms",
    "Transaction",
    "TransactionSigner",
    "WorkerRegistry",
    "abi",
    "require_signed_by",
    "reverted",
    "signed_by",
    "verifier",
    "verifier_project",
]
