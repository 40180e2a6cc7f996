"""What ProofSystem is asked and told: circuits that come and go, models, and proofs that anybody may have checked."""

from eth_abi import encode
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.harness.escrow import COMMITMENT, INSTANCES, stub_proof
from tests.stateful.officers import Officers, Whim
from tests.stateful.opening_rules import UNREGISTERED
from tests.stateful.stage import WHAT, WHICH, WHO, pick
from tests.stateful.world_setup import session_tag

SIZES = (16, 32, 1_024)
"""How many tokens a proof of a new circuit counts at most."""
MODEL = b"\x77" * 32
STATEMENT = ["uint32", "address", "uint256", "uint64", "bytes"]
flaws = st.sampled_from(["", "", "", "count", "tag", "commitment", "zero", "length"])


class CircuitRules(Officers):
    """The proof system's functions."""

    accepting_verifier: str
    extension: str

    # ---------------------------------------------------------------------------- its owner

    def register_circuit(self, w: Whim) -> None:
        sender, broken = self.owner("circuits", w.pick, w.rude)
        size = SIZES[w.number % len(SIZES)]
        wrong = bool(w.rude & WHICH)
        # A verifier must have code of its own, and what an account borrows is not.
        verifier = self.address("host") if wrong else self.accepting_verifier
        binds = w.circuit % 2 == 0
        layout = (INSTANCES, 2, INSTANCES - 1, binds, 0, 0, 0 if w.rude & WHAT else size)
        broken |= {
            "ProofSystem_ZeroCircuitId": w.circuit == 0,
            "ProofSystem_CircuitExists": w.circuit in self.books.circuits,
            "ProofSystem_VerifierWithoutCode": wrong,
            "ProofSystem_MaxTokensOutOfRange": bool(w.rude & WHAT),
        }
        if w.circuit != UNREGISTERED:
            arguments = (w.circuit, verifier, layout)
            self.act("circuits", "registerCircuit", arguments, sender, broken)

    def revoke_circuit(self, w: Whim) -> None:
        sender, broken = self.owner("circuits", w.pick, w.rude | (WHO if w.pick % 4 != 3 else 0))
        broken["ProofSystem_CircuitRevoked"] = self.books.is_revoked(w.circuit)
        broken["ProofSystem_UnknownCircuit"] = w.circuit not in self.books.circuits
        self.act("circuits", "revokeCircuit", (w.circuit,), sender, broken)

    def set_model(self, w: Whim) -> None:
        sender, broken = self.owner("circuits", w.pick, w.rude)
        model = MODEL if w.number else bytes(32)
        broken |= {
            "ProofSystem_ZeroModelId": model == bytes(32),
            "ProofSystem_CircuitRevoked": self.books.is_revoked(w.circuit),
            "ProofSystem_UnknownCircuit": w.circuit not in (0, *self.books.circuits),
        }
        self.act("circuits", "setModelCircuit", (model, w.circuit), sender, broken)

    # ------------------------------------------------------------------------------- anybody

    @precondition(lambda self: self.books.sessions)
    @rule(
        pick=pick,
        count=st.integers(1, 40),
        flaw=flaws,
        how=st.sampled_from(["one", "cache", "batch"]),
    )
    def have_checked(self, pick, count, flaw, how):
        """Anybody has proofs checked, by themselves, in a batch or to be remembered; it pays nobody."""
        sessions = [x for x in self.books.sessions.values() if x.circuit]
        if not sessions:
            return
        x = sessions[pick % len(sessions)]
        circuit = self.books.circuits[x.circuit]
        tag = session_tag(self.world.faces["market"].address, x.id, x.host, x.proven)
        said = 0 if flaw == "zero" else count
        proof = stub_proof(tag + (flaw == "tag"), count + (flaw == "count"))
        proof = proof[:-32] if flaw == "length" else proof
        broken = {
            "ProofSystem_CircuitRevoked": self.books.is_revoked(x.circuit),
            "ProofSystem_TokensOutOfRange": not 1 <= said <= circuit.max_tokens,
            "ProofSystem_InvalidProofLength": flaw == "length",
            "ProofSystem_TagMismatch": flaw == "tag",
            "ProofSystem_CountMismatch": flaw == "count",
        }
        if how == "cache":
            arguments = (x.circuit, tag, proof, said)
            self.attempt("circuits", "cacheProof", arguments, self.anyone(pick), broken)
        elif how == "batch":
            self.batch_is_checked_as_its_singles(
                x.circuit, x.id, x.host, x.proven, proof, said, broken
            )
        else:
            # Whoever has no commitment to compare says zero.
            unbound = not circuit.binds_input and flaw != "commitment"
            commitment = 0 if unbound else COMMITMENT + (flaw == "commitment")
            broken |= {
                "ProofSystem_InputNotBound": not circuit.binds_input and not unbound,
                "ProofSystem_CommitmentMismatch": circuit.binds_input and flaw == "commitment",
            }
            arguments = (x.circuit, tag, commitment, proof, said)
            self.ask("circuits", "verifySessionProof", arguments, broken)

    def batch_is_checked_as_its_singles(
        self,
        circuit: int,
        job: int,
        host: str,
        first: int,
        proof: bytes,
        said: int,
        broken: dict[str, bool],
    ) -> None:
        """A batch passes exactly if each of its proofs does, and names the first that does not (invariant 21)."""
        market = self.world.faces["market"].address
        statement = encode(STATEMENT, [circuit, market, job, first, proof])
        self.ask("circuits", "verifyEKZL", (statement, host, said), broken)
        tag = session_tag(market, job, host, first)
        sound = encode(STATEMENT, [circuit, market, job, first, stub_proof(tag, 1)])
        spoilt = any(broken.values())
        revoked = self.books.is_revoked(circuit)
        arguments = ([sound, statement], host, [1, said])
        request = self.world.request(
            "circuits", "verifyBatch", arguments, self.address("stranger"), 0
        )
        refusal = self.world.refusal(request)
        assert (refusal is not None) == spoilt, refusal
        if refusal is not None:
            assert refusal.error == "ProofSystem_BatchItemRejected"
            assert refusal.arguments[0] == (0 if revoked else 1)
        self.tally["circuits.verifyBatch refused" if spoilt else "circuits.verifyBatch"] += 1

    def is_cached(self, circuit: int, tag: int, tokens: int, instances: int) -> bool:
        """Whether the proof system should say that it knows a proof."""
        known = (circuit, tag, tokens, instances) in self.books.cached
        return known and not self.books.is_revoked(circuit)
