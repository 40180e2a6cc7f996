// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProofSystem} from "../../interfaces/IProofSystem.sol";

/// @title ProofEncoding
/// @notice Reads the two encodings of {IProofSystem}, and accepts only the canonical form of each.
///
/// One sequence of bytes per content: nothing can hide between or behind the parts, and a session
/// proof is word for word the arguments of the verifier's call.
library ProofEncoding {
    /// @notice What a self-contained proof is about.
    struct Statement {
        uint32 circuitId;
        address marketplace;
        uint256 jobId;
        uint64 firstToken;
    }

    uint256 private constant WORD = 32;

    /// @dev The longest zero-knowledge proof; EZKL's have 3 to 5 kB.
    uint256 private constant MAX_ZK_LENGTH = 1_024 * WORD;

    /// @dev A session proof without its zk bytes and instances: two offsets and two lengths.
    uint256 private constant PROOF_FRAME = 4 * WORD;

    /// @dev A statement without its session proof: four values, an offset and a length.
    uint256 private constant STATEMENT_FRAME = 6 * WORD;

    /// @notice The instances of `abi.encode(bytes zk, uint256[] instances)`.
    /// @param proof The encoded session proof.
    /// @param instanceCount How many instances there must be.
    function instancesOf(
        bytes calldata proof,
        uint256 instanceCount
    ) internal pure returns (uint256[] calldata instances) {
        // The total length leaves one possible length of the zk bytes, and with it every other word.
        uint256 rest = PROOF_FRAME + instanceCount * WORD;
        if (
            proof.length <= rest ||
            proof.length > rest + MAX_ZK_LENGTH ||
            proof.length % WORD != 0
        ) {
            revert IProofSystem.ProofSystem_InvalidProofLength(proof.length, instanceCount);
        }
        uint256 zkLength = proof.length - rest;
        uint256 instancesAt = 3 * WORD + zkLength;
        _requireWord(proof, 0, 2 * WORD);
        _requireWord(proof, WORD, instancesAt);
        _requireWord(proof, 2 * WORD, zkLength);
        _requireWord(proof, instancesAt, instanceCount);
        assembly ("memory-safe") {
            instances.offset := add(proof.offset, add(instancesAt, WORD))
            instances.length := instanceCount
        }
    }

    /// @notice The parts of `abi.encode(uint32 circuitId, address marketplace, uint256 jobId, uint64
    /// firstToken, bytes sessionProof)`.
    function decodeStatement(
        bytes calldata encoded
    ) internal pure returns (Statement memory statement, bytes calldata sessionProof) {
        // A session proof is made of whole words, so there is no padding to allow.
        if (encoded.length < STATEMENT_FRAME || encoded.length % WORD != 0) {
            revert IProofSystem.ProofSystem_MalformedStatement(encoded.length);
        }
        statement.circuitId = uint32(_boundedWord(encoded, 0, type(uint32).max));
        statement.marketplace = address(uint160(_boundedWord(encoded, WORD, type(uint160).max)));
        statement.jobId = _word(encoded, 2 * WORD);
        statement.firstToken = uint64(_boundedWord(encoded, 3 * WORD, type(uint64).max));
        sessionProof = encoded[STATEMENT_FRAME:];
        _requireStatementWord(encoded, 4 * WORD, 5 * WORD);
        _requireStatementWord(encoded, 5 * WORD, sessionProof.length);
    }

    function _boundedWord(
        bytes calldata encoded,
        uint256 position,
        uint256 max
    ) private pure returns (uint256 word) {
        word = _word(encoded, position);
        if (word > max) revert IProofSystem.ProofSystem_MalformedStatement(position);
    }

    function _requireStatementWord(
        bytes calldata encoded,
        uint256 position,
        uint256 expected
    ) private pure {
        if (_word(encoded, position) != expected) {
            revert IProofSystem.ProofSystem_MalformedStatement(position);
        }
    }

    function _requireWord(
        bytes calldata encoded,
        uint256 position,
        uint256 expected
    ) private pure {
        uint256 actual = _word(encoded, position);
        if (actual != expected) {
            revert IProofSystem.ProofSystem_NonCanonicalProof(position, expected, actual);
        }
    }

    /// @dev The caller has checked that the word lies inside.
    function _word(bytes calldata encoded, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(encoded.offset, position))
        }
    }
}
