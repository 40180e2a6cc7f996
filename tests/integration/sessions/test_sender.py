"""Every transaction settles, fails or stays unknown; nothing is ever signed twice because an answer was lost."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from web3 import Web3

from provenwork.chain import Call, Marketplace, Node, Sender, Transaction
from provenwork.core.errors import (
    ContractReverted,
    NodeUnavailable,
    SignatureInvalid,
    TransactionFailed,
    TransactionRefused,
    TransactionUnknown,
    WrongChain,
)
from provenwork.crypto import LocalSigner, to_address
from tests.harness.execution import rpc, set_base_fee

KEY = b"\x11" * 32


class FaultyNode(Node):
    """A node between which and us things get lost."""

    sent: list[bytes]
    lose: str = ""  # the request, or the answer
    blind: bool = False  # sees no receipts
    gas: int | None = None  # says this whatever is asked

    def broadcast(self, raw):
        """Loses what it is told to lose."""
        self.sent.append(raw)
        if self.lose == "request":
            raise NodeUnavailable("lost on the way there")
        answer = super().broadcast(raw)
        if self.lose == "answer":
            raise NodeUnavailable("lost on the way back")
        return answer

    def receipt(self, hash):  # noqa: A002
        """Sees nothing if it is blind."""
        return None if self.blind else super().receipt(hash)

    def estimate(self, call, sender):
        """Estimates without looking if it is told what to say."""
        return super().estimate(call, sender) if self.gas is None else self.gas


@pytest.fixture
def faulty(node) -> FaultyNode:
    """The chain, through a connection that can fail."""
    found = FaultyNode(node.web3)
    found.sent = []
    return found


@pytest.fixture
def sending(faulty, keys) -> Sender:
    """Sends for the stranger, and waits only a moment for receipts."""
    return Sender(faulty, keys["stranger"], timeout=0.05, poll=0.005)


@pytest.fixture
def gift(keys) -> Call:
    """A thousand wei for the relayer."""
    return Call(keys["relayer"].address, b"", 1_000, "a gift")


def test_settled(sending, faulty, gift, keys):
    """A transaction that is mined is a receipt, and what it was to do is done."""
    before = faulty.balance(keys["relayer"].address)
    receipt = sending.send(gift)
    assert receipt.succeeded
    assert faulty.balance(keys["relayer"].address) == before + 1_000


def test_refused_by_the_contract_before_it_is_sent(sending, faulty, market):
    """What the contract would refuse is never signed, and the reason is spelled out."""
    with pytest.raises(ContractReverted) as caught:
        sending.send(market.checkpoint(10**9))
    assert caught.value.name == "JobMarketplace_SessionUnknown"
    assert caught.value.arguments == {"jobId": 10**9}
    assert faulty.sent == []


def test_an_error_within_an_error_is_spelled_out(both, provider, market, sender):
    """A refused proof's message names the proof system's own reason."""
    _, theirs = both
    with pytest.raises(ContractReverted) as caught:
        sender("host").send(market.submit_proofs(theirs.job_id, 0, [b"no proof"], [5]))
    assert caught.value.name == "JobMarketplace_ProofRejected"
    assert "ProofSystem_InvalidProofLength(length=8" in str(caught.value)


def test_a_lost_answer_is_found_by_the_receipt(sending, faulty, gift, keys):
    """If the node took the transaction and its answer was lost, it still settles, once."""
    faulty.lose = "answer"
    before = faulty.balance(keys["relayer"].address)
    assert sending.send(gift).succeeded
    assert faulty.balance(keys["relayer"].address) == before + 1_000


def test_unknown_blocks_everything_until_it_is_reconciled(sending, faulty, gift, keys):
    """While an outcome is unknown nothing else is signed; reconciling sends the very same bytes, and it settles once."""
    before = faulty.balance(keys["relayer"].address)
    faulty.lose = "request"
    with pytest.raises(TransactionUnknown) as caught:
        sending.send(gift)
    faulty.lose = ""
    with pytest.raises(TransactionUnknown):
        sending.send(gift)
    assert len(faulty.sent) == 1
    (outcome,) = sending.reconcile()
    assert outcome.settled
    assert outcome.transaction.hash == caught.value.hash
    assert faulty.sent[0] == faulty.sent[1]
    assert faulty.balance(keys["relayer"].address) == before + 1_000
    assert sending.reconcile() == []


def test_unknown_stays_unknown_while_the_node_is_silent(sending, faulty, gift):
    """Reconciling without an answer raises again instead of guessing."""
    faulty.lose = "request"
    with pytest.raises(TransactionUnknown):
        sending.send(gift)
    with pytest.raises(TransactionUnknown):
        sending.reconcile()


def test_a_transaction_whose_nonce_is_gone_has_failed(sending, faulty, gift, sender, keys):
    """If another transaction took its nonce, it can never happen: that is known, and the way is free."""
    faulty.lose = "request"
    with pytest.raises(TransactionUnknown):
        sending.send(gift)
    faulty.lose = ""
    sender("stranger").send(Call(keys["relayer"].address, b"", 7))
    (outcome,) = sending.reconcile()
    assert (outcome.settled, outcome.receipt) == (False, None)
    assert sending.send(gift).succeeded


def test_mined_before_the_answer_came(sending, faulty, gift):
    """A transaction that was mined while nobody could see it is found settled, without sending anything again."""
    faulty.blind = True
    with pytest.raises(TransactionUnknown):
        sending.send(gift)
    faulty.blind = False
    (outcome,) = sending.reconcile()
    assert outcome.settled
    assert len(faulty.sent) == 1


def stuck(faulty, sending, gift):
    """A transaction that was taken and pays less than what is asked since."""
    rpc("evm_setAutomine", False)
    with pytest.raises(TransactionUnknown):
        sending.send(gift)
    set_base_fee(10**12)
    rpc("evm_mine")
    rpc("evm_setAutomine", True)


@pytest.fixture
def automine(faulty):
    """Mining by itself, and the base fee from before, which the chain's snapshots do not keep, whatever a test left."""
    before = faulty.block().base_fee
    yield
    rpc("evm_setAutomine", True)
    set_base_fee(before)


def test_too_cheap_to_be_mined_is_outbid_under_the_same_nonce(
    sending, faulty, gift, keys, automine
):
    """The call is signed again for more, and happens once: its first transaction can never be mined any more."""
    before = faulty.balance(keys["relayer"].address)
    stuck(faulty, sending, gift)
    first, second = sending.reconcile(outbid=True)
    assert (first.settled, second.settled) == (False, True)
    assert first.transaction.nonce == second.transaction.nonce
    assert first.transaction.content.data == second.transaction.content.data
    assert second.transaction.content.max_fee_per_gas >= 10**12
    assert faulty.balance(keys["relayer"].address) == before + 1_000
    assert sending.reconcile() == []


def test_nothing_is_outbid_unless_it_is_asked_for(sending, faulty, gift, automine):
    """Without that, only the very same bytes are sent again."""
    stuck(faulty, sending, gift)
    with pytest.raises(TransactionUnknown):
        sending.reconcile()
    assert len(set(faulty.sent)) == 1


def test_outbidding_keeps_to_the_limit(faulty, gift, keys, automine):
    """Above the fee that is allowed nothing is signed, and the outcome stays unknown."""
    thrifty = Sender(faulty, keys["stranger"], timeout=0.05, poll=0.005, max_fee_per_gas=5 * 10**11)
    stuck(faulty, thrifty, gift)
    with pytest.raises(TransactionRefused, match="more than the"):
        thrifty.reconcile(outbid=True)
    with pytest.raises(TransactionUnknown):
        thrifty.send(gift)


class Wallet:
    """Signs transactions only, as a hardware wallet does."""

    def __init__(self, signer, also=None) -> None:
        self.address = signer.address
        self._signer = also or signer

    def sign_transaction(self, transaction):
        """As it is shown."""
        return self._signer.sign_digest(transaction.digest)


def test_a_wallet_that_signs_transactions_only(faulty, gift, keys):
    """It sends as any other account does."""
    assert Sender(faulty, Wallet(keys["stranger"])).send(gift).succeeded


def test_a_wallet_that_signs_as_another(faulty, gift, keys):
    """A signature that is not the account's is never sent."""
    with pytest.raises(SignatureInvalid):
        Sender(faulty, Wallet(keys["stranger"], keys["user"])).send(gift)
    assert faulty.sent == []


def test_mined_and_reverted_is_failed(sending, faulty, market):
    """A transaction that passed when it was asked about and reverts when it is mined has failed, with the reason."""
    faulty.gas = 200_000
    with pytest.raises(TransactionFailed, match="JobMarketplace_SessionUnknown"):
        sending.send(market.checkpoint(10**9))
    faulty.gas = None
    assert sending.reconcile() == []


def test_refused_by_the_node(faulty, gift):
    """Without funds the node says no, and it is certain that nothing was sent."""
    faulty.gas = 21_000
    poor = Sender(faulty, LocalSigner(b"\x77" * 32), timeout=0.05)
    with pytest.raises(TransactionRefused):
        poor.send(gift)
    assert poor.reconcile() == []


def test_too_expensive(faulty, gift, keys):
    """Above the fee that is allowed nothing is signed."""
    thrifty = Sender(faulty, keys["stranger"], max_fee_per_gas=1)
    with pytest.raises(TransactionRefused, match="more than the 1 allowed"):
        thrifty.send(gift)
    assert faulty.sent == []


def test_too_much_gas(sending, faulty, gift):
    """More gas than Base gives one transaction is refused here."""
    faulty.gas = 2**24 + 1
    with pytest.raises(TransactionRefused, match="more than one transaction may have"):
        sending.send(gift)
    assert faulty.sent == []


def test_a_silent_node_before_anything_is_signed(keys, gift):
    """A node that does not answer at all is said to be unavailable."""
    with pytest.raises(NodeUnavailable):
        Node("http://127.0.0.1:9", timeout=0.2)


def test_the_wrong_chain(node):
    """A node of another chain is refused at once."""
    with pytest.raises(WrongChain, match="not 8453"):
        Node(node.web3, chain_id=8453)


def test_the_wrong_contract(node, escrow, keys):
    """An address without a marketplace is refused at once."""
    with pytest.raises(WrongChain):
        Marketplace(node, keys["user"].address)
    with pytest.raises(WrongChain):
        Marketplace(node, escrow.usdc.address)


@given(
    nonce=st.integers(0, 2**63),
    gas=st.integers(21_000, 2**24),
    value=st.integers(0, 2**96),
    data=st.binary(max_size=200),
    fee=st.integers(0, 2**60),
)
def test_transactions_are_signed_as_others_sign_them(nonce, gas, value, data, fee):
    """Bytes and hash are those of eth-account, for every transaction."""
    transaction = Transaction(
        chain_id=8453,
        nonce=nonce,
        max_priority_fee_per_gas=fee // 2,
        max_fee_per_gas=fee,
        gas=gas,
        to=to_address("0x" + "ab" * 20),
        value=value,
        data=data,
    )
    expected = Account.sign_transaction(
        {
            "type": 2,
            "chainId": 8453,
            "nonce": nonce,
            "maxPriorityFeePerGas": fee // 2,
            "maxFeePerGas": fee,
            "gas": gas,
            "to": transaction.to,
            "value": value,
            "data": data,
        },
        KEY,
    )
    signed = transaction.sign(LocalSigner(KEY))
    assert signed.content == transaction
    assert signed.raw == bytes(expected.raw_transaction)
    assert signed.hash == Web3.to_hex(expected.hash)


def test_the_shipped_abi_is_the_compiled_one():
    """The ABIs in the package are those of the contracts as compiled now."""
    from scripts.export_abi import rendered, shipped_file

    assert shipped_file().read_text(encoding="utf-8") == rendered(), "run `ape run export_abi`"
