// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IProofSystem
/// @notice Which EZKL circuits count, and whether a proof shows what a session says it shows.
///
/// A *circuit* is a verifier contract together with the places of its public instances. A *session
/// proof* is `abi.encode(bytes zk, uint256[] instances)`. It speaks of one place of one session
/// because eight of its instances are the limbs of that place's *tag* (see {sessionTag}), and one is
/// its number of tokens. Nothing is stored when a proof is verified: a proof cannot be used up.
interface IProofSystem {
    /*//////////////////////////////////////////////////////////////////////////
                                       STRUCTS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Where a circuit's public instances stand, and how much one proof may count.
    /// @param instanceCount How many instances there are, at most 32.
    /// @param tagIndex Where the tag's eight limbs begin; limb 0 is the most significant 16 bits.
    /// @param countIndex Where the number of tokens stands.
    /// @param bindsInput Whether an instance commits to the input.
    /// @param commitmentIndex Where that commitment stands; zero if there is none.
    /// @param scale The number of tokens is shifted left by this many bits, at most 32.
    /// @param maxTokens The most tokens that one proof may count, from 1 to 16,384.
    struct CircuitLayout {
        uint8 instanceCount;
        uint8 tagIndex;
        uint8 countIndex;
        bool bindsInput;
        uint8 commitmentIndex;
        uint8 scale;
        uint16 maxTokens;
    }

    /*//////////////////////////////////////////////////////////////////////////
                                       ERRORS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Zero names no circuit.
    error ProofSystem_ZeroCircuitId();

    /// @notice The id has been given away.
    error ProofSystem_CircuitExists(uint32 circuitId);

    /// @notice No circuit has this id.
    error ProofSystem_UnknownCircuit(uint32 circuitId);

    /// @notice The circuit was revoked.
    error ProofSystem_CircuitRevoked(uint32 circuitId, uint256 revokedAt);

    /// @notice The verifier has no code.
    error ProofSystem_VerifierWithoutCode(address verifier);

    /// @notice A circuit may not have that many instances.
    error ProofSystem_TooManyInstances(uint256 instanceCount, uint256 maxInstances);

    /// @notice Something would stand behind the last instance.
    error ProofSystem_IndexOutOfRange(uint256 index, uint256 instanceCount);

    /// @notice Two things would stand at the same instance.
    error ProofSystem_IndexTaken(uint256 index);

    /// @notice A place is named for a commitment that the circuit does not make.
    error ProofSystem_UnusedCommitmentIndex(uint256 commitmentIndex);

    /// @notice The scale is larger than allowed.
    error ProofSystem_ScaleTooLarge(uint256 scale, uint256 maxScale);

    /// @notice One proof of the circuit would count nothing, or too much.
    error ProofSystem_MaxTokensOutOfRange(uint256 maxTokens, uint256 limit);

    /// @notice Zero names no model.
    error ProofSystem_ZeroModelId();

    /// @notice The proof counts nothing, or more than the circuit may.
    error ProofSystem_TokensOutOfRange(uint256 tokens, uint256 maxTokens);

    /// @notice The proof is too short, too long, or not made of whole words.
    error ProofSystem_InvalidProofLength(uint256 length, uint256 instanceCount);

    /// @notice A word of the proof's encoding is not what the canonical encoding has there.
    /// @param position The word's first byte, counted from the proof's.
    error ProofSystem_NonCanonicalProof(uint256 position, uint256 expected, uint256 actual);

    /// @notice An instance is not below the field's order.
    error ProofSystem_InstanceNotInField(uint256 index, uint256 instance);

    /// @notice The proof was made for another place, session, host, marketplace or chain.
    /// @param limb Which of the tag's limbs differs first.
    error ProofSystem_TagMismatch(uint256 limb, uint256 expected, uint256 actual);

    /// @notice The proof counts another number of tokens (both scaled as in the instance).
    error ProofSystem_CountMismatch(uint256 expected, uint256 actual);

    /// @notice A commitment was asked for that the circuit does not make.
    error ProofSystem_InputNotBound(uint32 circuitId);

    /// @notice The proof commits to another input.
    error ProofSystem_CommitmentMismatch(uint256 expected, uint256 actual);

    /// @notice The verifier did not confirm the proof.
    error ProofSystem_ProofRejected(uint32 circuitId, address verifier);

    /// @notice The bytes are not the canonical encoding of a statement.
    /// @param position The first byte of the word that is wrong; the length if that is.
    error ProofSystem_MalformedStatement(uint256 position);

    /// @notice The batch is empty or too large.
    error ProofSystem_BatchSizeOutOfRange(uint256 size, uint256 maxSize);

    /// @notice The batch's lists differ in length.
    error ProofSystem_BatchLengthMismatch(uint256 proofs, uint256 claimedTokens);

    /// @notice A statement of the batch fails.
    /// @param index Which one.
    /// @param reason The error that {verifyEKZL} gives for it, encoded.
    error ProofSystem_BatchItemRejected(uint256 index, bytes reason);

    /// @notice The owner may hand over, not vanish: someone must be able to revoke.
    error ProofSystem_OwnershipCannotBeRenounced();

    /*//////////////////////////////////////////////////////////////////////////
                                       EVENTS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice A circuit counts from now on.
    event CircuitRegistered(
        uint32 indexed circuitId,
        address indexed verifier,
        CircuitLayout layout
    );

    /// @notice A circuit counts no longer; the block's time is its `revokedAt`.
    event CircuitRevoked(uint32 indexed circuitId);

    /// @notice A model is proved by another circuit, or by none (0).
    event ModelCircuitSet(
        bytes32 indexed modelId,
        uint32 indexed previousCircuitId,
        uint32 indexed circuitId
    );

    /// @notice A proof was verified, and this is remembered.
    event ProofCached(
        uint32 indexed circuitId,
        uint128 indexed tag,
        uint256 tokens,
        bytes32 instancesHash
    );

    /*//////////////////////////////////////////////////////////////////////////
                                   OWNER'S FUNCTIONS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Registers a circuit for good.
    ///
    /// @dev Emits {CircuitRegistered}.
    ///
    /// Notes:
    /// - Nothing of a circuit ever changes but that it may be revoked; its id is never given again.
    ///
    /// Warning: the verifier is trusted. It must be immutable code, written by EZKL for this circuit.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The id must not be zero.
    /// - The id must not have been given away.
    /// - The verifier must have code of its own.
    /// - There must be at most 32 instances.
    /// - The tag's eight limbs must stand among the instances.
    /// - The count must stand among the instances.
    /// - The count must not stand on the tag.
    /// - The commitment must stand among the instances.
    /// - The commitment must not stand on the tag.
    /// - The commitment must not stand on the count.
    /// - The commitment's index must be zero if no input is bound.
    /// - The scale must be at most 32.
    /// - The tokens per proof must be from 1 to 16,384.
    ///
    /// @param circuitId The circuit's number.
    /// @param verifier The contract that checks its proofs, an {ICircuitVerifier}.
    /// @param layout What its instances mean.
    function registerCircuit(
        uint32 circuitId,
        address verifier,
        CircuitLayout calldata layout
    ) external;

    /// @notice Ends a circuit: from here on none of its proofs is accepted.
    ///
    /// @dev Emits {CircuitRevoked}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The circuit must exist.
    /// - The circuit must not have been revoked.
    ///
    /// @param circuitId The circuit.
    function revokeCircuit(uint32 circuitId) external;

    /// @notice Says which circuit proves a model, or that none does (0).
    ///
    /// @dev Emits {ModelCircuitSet}.
    ///
    /// Notes:
    /// - It is a directory for whoever opens sessions; sessions that are open are not touched.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The model's id must not be zero.
    /// - The circuit must exist, or be 0.
    /// - The circuit must not have been revoked.
    ///
    /// @param modelId The model, named as its users agree (for example a hash of its weights).
    /// @param circuitId The circuit, or 0.
    function setModelCircuit(bytes32 modelId, uint32 circuitId) external;

    /*//////////////////////////////////////////////////////////////////////////
                                    VERIFICATION
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Verifies that a proof counts `tokens` at the place that `tag` names.
    ///
    /// @dev Notes:
    /// - Whether the place is free is the marketplace's to know: the same proof verifies every time.
    /// - The hash is of the instances, which a prover cannot vary; never key anything on the bytes of
    ///   a proof, of which there are arbitrarily many for the same instances.
    ///
    /// Requirements:
    /// - The circuit must exist.
    /// - The circuit must not have been revoked.
    /// - The tokens must be from 1 to what one proof of the circuit may count.
    /// - The proof's length must be that of the instances and 1 to 1,024 words.
    /// - The proof must be in the canonical ABI encoding.
    /// - Every instance must be below the field's order.
    /// - The limbs must be the tag's.
    /// - The count must be that of the tokens.
    /// - The circuit must bind an input if a commitment is asked for.
    /// - The commitment must be the one asked for.
    /// - The verifier must return true, and nothing else.
    ///
    /// @param circuitId The circuit.
    /// @param tag The place's tag, see {sessionTag}.
    /// @param inputCommitment What the proof must commit to as its input; 0 asks for nothing.
    /// @param proof `abi.encode(bytes zk, uint256[] instances)`.
    /// @param tokens How many tokens the proof is said to count.
    /// @return instancesHash The hash of the instances' words.
    function verifySessionProof(
        uint32 circuitId,
        uint128 tag,
        uint256 inputCommitment,
        bytes calldata proof,
        uint256 tokens
    ) external view returns (bytes32 instancesHash);

    /// @notice Verifies a self-contained statement: which circuit, which place, and the session proof.
    ///
    /// @dev Notes:
    /// - It is for information; no money moves on it. It reverts with the reason instead of
    ///   returning false: those of {verifySessionProof} and the one below.
    ///
    /// Requirements:
    /// - The statement must be in the canonical ABI encoding.
    ///
    /// @param proof `abi.encode(uint32 circuitId, address marketplace, uint256 jobId, uint64
    /// firstToken, bytes sessionProof)`.
    /// @param prover The session's host.
    /// @param claimedTokens How many tokens the proof is said to count.
    /// @return True.
    function verifyEKZL(
        bytes calldata proof,
        address prover,
        uint256 claimedTokens
    ) external view returns (bool);

    /// @notice Verifies up to 16 statements of one prover, as {verifyEKZL} does one.
    ///
    /// @dev Requirements:
    /// - The batch must have from 1 to 16 statements.
    /// - The lists must be equally long.
    /// - Every statement must hold.
    ///
    /// @param proofs The statements.
    /// @param prover The sessions' host.
    /// @param claimedTokens How many tokens each is said to count.
    /// @return True.
    function verifyBatch(
        bytes[] calldata proofs,
        address prover,
        uint256[] calldata claimedTokens
    ) external view returns (bool);

    /// @notice Verifies a proof once, so that {isProofCached} can tell later.
    ///
    /// @dev Emits {ProofCached} the first time.
    ///
    /// Notes:
    /// - Anyone may call it, again too: then nothing happens, and nobody can spoil it for another.
    /// - No money depends on it.
    ///
    /// Requirements:
    /// - The proof must hold.
    ///
    /// @param circuitId The circuit.
    /// @param tag The place's tag, see {sessionTag}.
    /// @param proof `abi.encode(bytes zk, uint256[] instances)`.
    /// @param tokens How many tokens the proof is said to count.
    /// @return instancesHash The hash of the instances' words.
    function cacheProof(
        uint32 circuitId,
        uint128 tag,
        bytes calldata proof,
        uint256 tokens
    ) external returns (bytes32 instancesHash);

    /*//////////////////////////////////////////////////////////////////////////
                                  READ-ONLY FUNCTIONS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Whether a proof with these instances was verified, by a circuit that still counts.
    /// @param circuitId The circuit.
    /// @param tag The place's tag.
    /// @param tokens How many tokens the proof counted.
    /// @param instancesHash What {cacheProof} returned.
    function isProofCached(
        uint32 circuitId,
        uint128 tag,
        uint256 tokens,
        bytes32 instancesHash
    ) external view returns (bool);

    /// @notice What a session needs to know of a circuit; it does not revert for an unknown one.
    /// @param circuitId The circuit; any number, also one that no circuit can have.
    /// @return maxTokens The most tokens that one proof may count; 0 if there is no such circuit.
    /// @return bindsInput Whether a proof commits to its input.
    /// @return revokedAt When the circuit was revoked, in Unix seconds; 0 while it counts.
    function circuitInfo(
        uint256 circuitId
    ) external view returns (uint256 maxTokens, bool bindsInput, uint256 revokedAt);

    /// @notice All of a circuit; all zero if there is no such circuit.
    /// @param circuitId The circuit.
    /// @return verifier The contract that checks its proofs.
    /// @return revokedAt When the circuit was revoked, in Unix seconds; 0 while it counts.
    /// @return layout What its instances mean.
    function circuit(
        uint32 circuitId
    ) external view returns (address verifier, uint256 revokedAt, CircuitLayout memory layout);

    /// @notice The circuit that proves a model, or 0. It may have been revoked since it was named.
    function modelCircuit(bytes32 modelId) external view returns (uint32 circuitId);

    /// @notice The tag of one place: the upper 128 bits of the hash of `abi.encode(chain id,
    /// marketplace, jobId, host, firstToken)`.
    /// @param marketplace The contract that pays the session.
    /// @param jobId The session.
    /// @param host Who proves.
    /// @param firstToken How many tokens of the session come before the proof's first.
    function sessionTag(
        address marketplace,
        uint256 jobId,
        address host,
        uint64 firstToken
    ) external view returns (uint128);
}
