"""What the largest part of each operation's gas, beyond the transaction itself, buys."""

from bench.costs import CHANGED, COMPUTING, LOOKS, NEW

TERMS = (
    "three words that hold every term and party of the session on chain, so that neither side depends on an archive of "
    "events to be paid"
)
ASKED = (
    "reading what decides: the session's words, the payee's balance in the ledger, the token's own books. Nothing is taken "
    "from the caller's word"
)
JOB = "three words that hold the job's parties, terms and times on chain"
JOB_READ = "reading the job's words, who may act, and where the money goes"
MOVED = "the session's words, the ledger, and the token's balances of both sides"

_BY_PART: dict[str, tuple[tuple[str, str], ...]] = {
    NEW: (
        ("open, ERC-20", TERMS),
        ("open, ETH", TERMS),
        ("open, ERC-20, without a circuit", TERMS),
        ("open, ERC-20, with an arbiter", f"{TERMS}; one more for the arbiter"),
        ("open, ERC-20, by the seed's form", TERMS),
        ("open by EIP-3009", f"{TERMS}; and the token's own mark that the authorization is used"),
        ("open by permit", f"{TERMS}; and the allowance, which a permit writes"),
        ("open, prompt job", f"{TERMS}; two more for what the proof must carry"),
        (
            "voucher, first",
            "the counter of what is acknowledged, in a word that every later voucher changes",
        ),
        ("claim, first", "the word of the claim: it must be contestable, so it must be on chain"),
        ("claim, first, with an arbiter", "the word of the claim, which the arbiter judges"),
        ("contest", "challenger, bond and deadline, in one word"),
        ("contest, with an arbiter", "challenger, bond and deadline, in one word"),
        (
            "resolve a dispute",
            "the credit of the bond, which nobody's refusal can stop, in a fresh word of the ledger",
        ),
        (
            "close with agreement",
            "the agreed count, written down before it is paid, so that the closing reads one truth",
        ),
        ("whole session, vouchers", TERMS),
        ("worker registration", "the worker's profile, in two words"),
        ("post a job, ERC-20", JOB),
        ("post a job, ETH", JOB),
        ("post a job, ERC-20, with an evaluator", f"{JOB}; one more for the evaluator"),
        ("post a job by signature", JOB),
        (
            "post a job by EIP-3009",
            f"{JOB}; and the token's own mark that the authorization is used",
        ),
        ("post a job by permit", f"{JOB}; and the allowance, which a permit writes"),
        (
            "submit work, bond back",
            "the credit of the bond that comes back, in a fresh word of the ledger",
        ),
        ("one-shot job, post to release", JOB),
        ("one-shot job, post to release, by signature", JOB),
        ("one-shot job, and withdrawn", JOB),
    ),
    LOOKS: (
        ("top-up", MOVED),
        (
            "extend",
            "the session's three words, all of which decide whether it may still be extended",
        ),
        (
            "voucher, steady",
            "the session's words: who must have signed, whether it is open, what was acknowledged before",
        ),
        ("voucher that settles an interval", ASKED),
        ("vouchers in a batch of ten", "three words of each of ten sessions"),
        ("one more voucher in a batch", "three words of one more session"),
        (
            "claim, steady",
            "four words of the session and the circuit, which must still be able to judge the claim",
        ),
        ("claim, steady, with an arbiter", "four words of the session"),
        ("checkpoint", ASKED),
        ("close with voucher", MOVED),
        ("close by the host", MOVED),
        ("ask to close", "the session's words"),
        ("finalize", MOVED),
        ("time out", MOVED),
        ("whole session, ten checkpoints", "the session's words, once in each of its transactions"),
        ("claim a job", "the job's words, and the registry's word that the worker is active"),
        ("submit work", JOB_READ),
        (
            "claim a job by signature",
            "the job's words, the registry's word, and the worker's nonce",
        ),
        ("submit work by signature", JOB_READ),
        (
            "claim a job with a bond",
            "the job's words, and the registry's word that the worker is active",
        ),
        ("claim a job as its payee", JOB_READ),
        ("give a job back", JOB_READ),
        ("approve", JOB_READ),
        ("approve by signature", f"{JOB_READ}; and whether the intent was revoked"),
        ("send back", JOB_READ),
        ("split", JOB_READ),
        ("reject", JOB_READ),
        ("have silence paid", JOB_READ),
        ("cancel a job", JOB_READ),
        ("cancel a job by signature", f"{JOB_READ}; and whether the intent was revoked"),
        ("expire a job", JOB_READ),
    ),
    CHANGED: (
        (
            "withdraw",
            "the ledger set to zero, the treasury's share, and the token's balances of both sides",
        ),
        ("withdraw, ETH", "the ledger set to zero and the treasury's share"),
        (
            "withdraw what a job earned",
            "the ledger set to zero, the treasury's share, the token's balances of both sides",
        ),
    ),
    COMPUTING: (
        (
            "close with voucher, ETH",
            "the refund, pushed to the user with a bounded share of the gas, and the signature check",
        ),
        ("EZKL proof of 64 tokens, first", "the proof's verification on chain"),
        ("EZKL proof of 64 tokens, steady", "the proof's verification on chain"),
        ("EZKL proof of 1,024 tokens, first", "the proof's verification on chain"),
        ("EZKL proof of 1,024 tokens, steady", "the proof's verification on chain"),
        (
            "tiny_lm/16's bare verifier",
            "the verification of a language model's sixteen words, by itself",
        ),
        ("prompt job, proved by tiny_lm/16", "the proof's verification on chain"),
    ),
}
PURCHASES: dict[str, tuple[str, str]] = {
    operation: (part, purchase) for part, pairs in _BY_PART.items() for operation, purchase in pairs
}
