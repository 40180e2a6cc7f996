"""The SDK of session escrow: user and host sides.

A session is metered: the user locks a deposit, the host streams AI tokens, and is paid for those that the user acknowledged
by signed voucher, that were proven, or that were claimed without contradiction. Prices are base units of the payment token
per **million** AI tokens.

The user::

    user = User(marketplace, LocalSigner(key))
    session = user.open(Terms(host=host, token=usdc, deposit=5_000_000, price_per_million=200_000))
    for tokens in stream:
        voucher = session.receive(tokens)     # now and then a voucher, to be handed to the host
    send(session.voucher())                   # after each prompt: everything so far
    session.close_with(agreement)             # or session.close(), and session.finalize() after the close window

The host::

    with Host(marketplace, LocalSigner(key), "host.sqlite", policy=HostPolicy(...), proof_system=..., provers=...) as host:
        session = host.accept(job_id)         # refuses unsafe terms, with every reason
        send(session.serve(tokens))           # on disk first, never beyond what can be paid
        session.accept(voucher)               # verified, and on disk
        host.tick()                           # now and then: answers, claims, proofs, closing
        host.withdraw(usdc)

One prompt, one proven answer::

    job = user.ask(PromptTerms(host=host, token=usdc, payment=100_000, circuit_id=3, min_tokens=8), circuit, prompt)
    theirs = host.accept_prompt(job.job_id, prompt)   # refuses another prompt than the job commits to
    answer = theirs.serve(model.generate(theirs.prompt, theirs.min_tokens))
    host.tick()                                       # now and then: has it proven, brings the proof, is paid
    job.check(answer.tokens)                          # is what arrived what was proven?

Calls block; from asyncio, use `asyncio.to_thread`. How tokens and vouchers travel is the caller's choice.
"""

from provenwork.chain import PromptTerms, Terms
from provenwork.sessions._host import Host, Ticked
from provenwork.sessions._host_prompt_job import HostPromptJob
from provenwork.sessions._host_session import HostSession, Served
from provenwork.sessions._plan import Action, Plan, Step
from provenwork.sessions._policy import HostPolicy, Refusal, SessionFacts
from provenwork.sessions._queue import ProofQueue, TokenProver
from provenwork.sessions._store import HostStore, Place, ProofTask, StoredPrompt, StoredSession
from provenwork.sessions._terms import Quote, check_terms, deposit_for, quote
from provenwork.sessions._user import OpeningAuthorization, User, relay_opening
from provenwork.sessions._user_prompt_job import UserPromptJob
from provenwork.sessions._user_session import TopUpQuote, UserSession
from provenwork.sessions._wire import (
    SignedAgreement,
    SignedVoucher,
    pack_tokens,
    transcript_hash,
)

__all__ = [
    "Action",
    "Host",
    "HostPolicy",
    "HostPromptJob",
    "HostSession",
    "HostStore",
    "OpeningAuthorization",
    "Place",
    "Plan",
    "PromptTerms",
    "ProofQueue",
    "ProofTask",
    "Quote",
    "Refusal",
    "Served",
    "SessionFacts",
    "SignedAgreement",
    "SignedVoucher",
    "Step",
    "StoredPrompt",
    "StoredSession",
    "Terms",
    "Ticked",
    "TokenProver",
    "TopUpQuote",
    "User",
    "UserPromptJob",
    "UserSession",
    "check_terms",
    "deposit_for",
    "pack_tokens",
    "quote",
    "relay_opening",
    "transcript_hash",
]
