"""Build, set up and prove the EZKL circuits.

What a `token_count` proof shows: its host bound N token ids to this place of this session. What it does **not** show: that
a model ran, or that the user received them.

What a `tiny_lm` proof shows: these are the tokens that one small language model says after this prompt. See
circuits/README.md.
"""

from provenwork.circuits._build import build, differences
from provenwork.circuits._circuit import (
    Circuit,
    Layout,
    artefacts_folder,
    circuit_names,
    load_circuit,
)
from provenwork.circuits._keys import Keys, cache_folder, setup
from provenwork.circuits._poseidon import FIELD, poseidon_hash
from provenwork.circuits._proof import Proof
from provenwork.circuits._prover import Prover, prove, verify
from provenwork.circuits._statement import expected_instances, instances_hash
from provenwork.circuits._tag import limbs_to_tag, session_tag, tag_to_limbs
from provenwork.circuits._tiny_lm import LanguageModel, language_model
from provenwork.circuits._transcript import (
    MAX_TOKEN_ID,
    encode_prompt,
    encode_tokens,
    prompt_commitment,
    transcript_commitment,
)

__all__ = [
    "FIELD",
    "MAX_TOKEN_ID",
    "Circuit",
    "Keys",
    "LanguageModel",
    "Layout",
    "Proof",
    "Prover",
    "artefacts_folder",
    "build",
    "cache_folder",
    "circuit_names",
    "differences",
    "encode_prompt",
    "encode_tokens",
    "expected_instances",
    "instances_hash",
    "language_model",
    "limbs_to_tag",
    "load_circuit",
    "poseidon_hash",
    "prompt_commitment",
    "prove",
    "session_tag",
    "setup",
    "tag_to_limbs",
    "transcript_commitment",
    "verify",
]
