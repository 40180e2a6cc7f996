"""ProofSystem.sessionTag: one name per place, the same on and off the chain."""

from hypothesis import given
from hypothesis import strategies as st

from provenwork.circuits import session_tag
from tests.harness.execution import ask, rpc
from tests.unit.proof_system.encoding import place_tag

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
places = st.tuples(addresses, st.integers(0, 2**256 - 1), addresses, st.integers(0, 2**64 - 1))

PLACE = ("0x" + "a7" * 20, 7, "0x" + "b8" * 20, 1_024)


@given(place=places)
def test_definition(proofs, chain, place):
    """It should be the upper half of the hash of chain, marketplace, session, host and position."""
    assert ask(proofs.sessionTag, *place) == place_tag(chain.chain_id, *place)


@given(place=places)
def test_prover(proofs, chain, place):
    """It should be what the prover's software computes."""
    assert ask(proofs.sessionTag, *place) == session_tag(chain.chain_id, *place)


@given(place=places, other=places, index=st.integers(0, 3))
def test_difference(proofs, place, other, index):
    """It should be another tag."""
    changed = (*place[:index], other[index], *place[index + 1 :])
    same = changed == place
    assert (ask(proofs.sessionTag, *changed) == ask(proofs.sessionTag, *place)) == same


def test_fork(proofs, chain):
    """It should be another tag there."""
    here = chain.chain_id
    tag = ask(proofs.sessionTag, *PLACE)
    try:
        rpc("anvil_setChainId", here + 1)
        forked = ask(proofs.sessionTag, *PLACE)
    finally:
        rpc("anvil_setChainId", here)
    assert forked == place_tag(here + 1, *PLACE) != tag
