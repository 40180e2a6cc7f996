// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

import {ICircuitVerifier} from "../interfaces/ICircuitVerifier.sol";
import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {Circuit, CircuitFields} from "./libraries/Circuit.sol";
import {OwnCode} from "./libraries/OwnCode.sol";
import {ProofEncoding} from "./libraries/ProofEncoding.sol";
import {SessionTag} from "./libraries/SessionTag.sol";

/// @title ProofSystem
/// @notice See the documentation in {IProofSystem}.
contract ProofSystem is IProofSystem, Ownable2Step {
    /// @dev The order of BN254's scalar field, in which the instances live.
    uint256 private constant FIELD_ORDER =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    uint256 private constant TAG_LIMBS = 8;
    uint256 private constant LIMB_BITS = 16;
    uint256 private constant MAX_INSTANCES = 32;
    uint256 private constant MAX_SCALE = 32;
    uint256 private constant MAX_TOKENS = 16_384;
    uint256 private constant MAX_BATCH = 16;

    mapping(uint256 circuitId => Circuit circuit) private _circuits;

    /// @inheritdoc IProofSystem
    mapping(bytes32 modelId => uint32 circuitId) public override modelCircuit;

    mapping(bytes32 key => bool verified) private _verified;

    constructor(address initialOwner) Ownable(initialOwner) {}

    /// @inheritdoc IProofSystem
    function registerCircuit(
        uint32 circuitId,
        address verifier,
        CircuitLayout calldata layout
    ) external override onlyOwner {
        // Check: a fresh id, a contract, and a layout in which everything has a place of its own.
        if (circuitId == 0) revert ProofSystem_ZeroCircuitId();
        if (_circuits[circuitId].exists()) revert ProofSystem_CircuitExists(circuitId);
        if (!OwnCode.has(verifier)) revert ProofSystem_VerifierWithoutCode(verifier);
        _checkLayout(layout);

        // Effect: one slot, for good.
        _circuits[circuitId] = CircuitFields.pack(verifier, layout);

        // Log: all of it.
        emit CircuitRegistered(circuitId, verifier, layout);
    }

    /// @inheritdoc IProofSystem
    function revokeCircuit(uint32 circuitId) external override onlyOwner {
        // Check: a circuit that still counts.
        Circuit known = _checkUsable(circuitId);

        // Effect: no proof of it is accepted from here on.
        _circuits[circuitId] = known.revoked(block.timestamp);

        // Log: which one.
        emit CircuitRevoked(circuitId);
    }

    /// @inheritdoc IProofSystem
    function setModelCircuit(bytes32 modelId, uint32 circuitId) external override onlyOwner {
        // Check: a model, and a circuit that counts.
        if (modelId == 0) revert ProofSystem_ZeroModelId();
        if (circuitId != 0) _checkUsable(circuitId);

        // Effect: whoever opens a session may look it up.
        uint32 previous = modelCircuit[modelId];
        modelCircuit[modelId] = circuitId;

        // Log: from which to which.
        emit ModelCircuitSet(modelId, previous, circuitId);
    }

    /// @inheritdoc IProofSystem
    function cacheProof(
        uint32 circuitId,
        uint128 tag,
        bytes calldata proof,
        uint256 tokens
    ) external override returns (bytes32 instancesHash) {
        // Check: what the proof says, before anyone looks up whether it was verified.
        address verifier;
        (verifier, instancesHash) = _checkContent(circuitId, tag, 0, proof, tokens);
        bytes32 key = _cacheKey(circuitId, tag, tokens, instancesHash);
        if (_verified[key]) return instancesHash;

        // Interaction: the verifier, which can change no state.
        _checkVerified(circuitId, verifier, proof);

        // Effect: it need not be asked again.
        _verified[key] = true;

        // Log: what is known from here on.
        emit ProofCached(circuitId, tag, tokens, instancesHash);
    }

    /// @inheritdoc IProofSystem
    function verifySessionProof(
        uint32 circuitId,
        uint128 tag,
        uint256 inputCommitment,
        bytes calldata proof,
        uint256 tokens
    ) external view override returns (bytes32 instancesHash) {
        return _verify(circuitId, tag, inputCommitment, proof, tokens);
    }

    /// @inheritdoc IProofSystem
    function verifyEKZL(
        bytes calldata proof,
        address prover,
        uint256 claimedTokens
    ) external view override returns (bool) {
        (ProofEncoding.Statement memory statement, bytes calldata sessionProof) = ProofEncoding
            .decodeStatement(proof);
        uint128 tag = SessionTag.derive(
            statement.marketplace,
            statement.jobId,
            prover,
            statement.firstToken
        );
        _verify(statement.circuitId, tag, 0, sessionProof, claimedTokens);
        return true;
    }

    /// @inheritdoc IProofSystem
    function verifyBatch(
        bytes[] calldata proofs,
        address prover,
        uint256[] calldata claimedTokens
    ) external view override returns (bool) {
        if (proofs.length == 0 || proofs.length > MAX_BATCH) {
            revert ProofSystem_BatchSizeOutOfRange(proofs.length, MAX_BATCH);
        }
        if (proofs.length != claimedTokens.length) {
            revert ProofSystem_BatchLengthMismatch(proofs.length, claimedTokens.length);
        }
        for (uint256 i = 0; i < proofs.length; ++i) {
            // A call of its own, so that the reason of a failure can be given with its index.
            // slither-disable-next-line unused-return
            try this.verifyEKZL(proofs[i], prover, claimedTokens[i]) returns (bool) {
                continue;
            } catch (bytes memory reason) {
                revert ProofSystem_BatchItemRejected(i, reason);
            }
        }
        return true;
    }

    /// @inheritdoc IProofSystem
    function isProofCached(
        uint32 circuitId,
        uint128 tag,
        uint256 tokens,
        bytes32 instancesHash
    ) external view override returns (bool) {
        return
            _verified[_cacheKey(circuitId, tag, tokens, instancesHash)] &&
            _circuits[circuitId].revokedAt() == 0;
    }

    /// @inheritdoc IProofSystem
    function circuitInfo(
        uint256 circuitId
    ) external view override returns (uint256 maxTokens, bool bindsInput, uint256 revokedAt) {
        Circuit known = _circuits[circuitId];
        return (known.maxTokens(), known.bindsInput(), known.revokedAt());
    }

    /// @inheritdoc IProofSystem
    function circuit(
        uint32 circuitId
    )
        external
        view
        override
        returns (address verifier, uint256 revokedAt, CircuitLayout memory layout)
    {
        Circuit known = _circuits[circuitId];
        return (known.verifier(), known.revokedAt(), known.layout());
    }

    /// @inheritdoc IProofSystem
    function sessionTag(
        address marketplace,
        uint256 jobId,
        address host,
        uint64 firstToken
    ) external view override returns (uint128) {
        return SessionTag.derive(marketplace, jobId, host, firstToken);
    }

    /// @notice Refused: without an owner no circuit could be revoked.
    function renounceOwnership() public pure override {
        revert ProofSystem_OwnershipCannotBeRenounced();
    }

    /// @dev All but the zero-knowledge proof itself: the circuit counts, the encoding is canonical, and
    /// the instances say what they are said to say.
    function _checkContent(
        uint32 circuitId,
        uint128 tag,
        uint256 inputCommitment,
        bytes calldata proof,
        uint256 tokens
    ) private view returns (address verifier, bytes32 instancesHash) {
        Circuit known = _checkUsable(circuitId);
        if (tokens == 0 || tokens > known.maxTokens()) {
            revert ProofSystem_TokensOutOfRange(tokens, known.maxTokens());
        }
        uint256[] calldata instances = ProofEncoding.instancesOf(proof, known.instanceCount());
        for (uint256 i = 0; i < instances.length; ++i) {
            if (instances[i] >= FIELD_ORDER) {
                revert ProofSystem_InstanceNotInField(i, instances[i]);
            }
        }
        _checkTag(tag, instances[known.tagIndex():]);
        uint256 expected = tokens << known.scale();
        uint256 actual = instances[known.countIndex()];
        if (actual != expected) revert ProofSystem_CountMismatch(expected, actual);
        if (inputCommitment != 0) {
            if (!known.bindsInput()) revert ProofSystem_InputNotBound(circuitId);
            actual = instances[known.commitmentIndex()];
            if (actual != inputCommitment) {
                revert ProofSystem_CommitmentMismatch(inputCommitment, actual);
            }
        }
        return (known.verifier(), keccak256(abi.encodePacked(instances)));
    }

    function _verify(
        uint32 circuitId,
        uint128 tag,
        uint256 inputCommitment,
        bytes calldata proof,
        uint256 tokens
    ) private view returns (bytes32 instancesHash) {
        address verifier;
        (verifier, instancesHash) = _checkContent(circuitId, tag, inputCommitment, proof, tokens);
        _checkVerified(circuitId, verifier, proof);
    }

    /// @dev The proof is in the canonical encoding, so it is forwarded as it came. Only one word of the
    /// answer is looked at, and it must be all of it.
    function _checkVerified(
        uint32 circuitId,
        address verifier,
        bytes calldata proof
    ) private view {
        bytes4 selector = ICircuitVerifier.verifyProof.selector;
        bool verified;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            calldatacopy(add(data, 4), proof.offset, proof.length)
            verified := staticcall(gas(), verifier, data, add(proof.length, 4), 0, 32)
            verified := and(verified, and(eq(returndatasize(), 32), eq(mload(0), 1)))
        }
        if (!verified) revert ProofSystem_ProofRejected(circuitId, verifier);
    }

    function _checkLayout(CircuitLayout calldata layout) private pure {
        uint256 instanceCount = layout.instanceCount;
        if (instanceCount > MAX_INSTANCES) {
            revert ProofSystem_TooManyInstances(instanceCount, MAX_INSTANCES);
        }
        uint256 tagIndex = layout.tagIndex;
        uint256 lastLimb = tagIndex + TAG_LIMBS - 1;
        _checkIndex(lastLimb, instanceCount);
        _checkIndex(layout.countIndex, instanceCount);
        _checkNotOnTag(layout.countIndex, tagIndex, lastLimb);
        if (layout.bindsInput) {
            _checkIndex(layout.commitmentIndex, instanceCount);
            _checkNotOnTag(layout.commitmentIndex, tagIndex, lastLimb);
            if (layout.commitmentIndex == layout.countIndex) {
                revert ProofSystem_IndexTaken(layout.commitmentIndex);
            }
        } else if (layout.commitmentIndex != 0) {
            revert ProofSystem_UnusedCommitmentIndex(layout.commitmentIndex);
        }
        if (layout.scale > MAX_SCALE) revert ProofSystem_ScaleTooLarge(layout.scale, MAX_SCALE);
        if (layout.maxTokens == 0 || layout.maxTokens > MAX_TOKENS) {
            revert ProofSystem_MaxTokensOutOfRange(layout.maxTokens, MAX_TOKENS);
        }
    }

    function _checkIndex(uint256 index, uint256 instanceCount) private pure {
        if (index >= instanceCount) revert ProofSystem_IndexOutOfRange(index, instanceCount);
    }

    function _checkNotOnTag(uint256 index, uint256 tagIndex, uint256 lastLimb) private pure {
        if (index >= tagIndex && index <= lastLimb) revert ProofSystem_IndexTaken(index);
    }

    function _checkTag(uint128 tag, uint256[] calldata limbs) private pure {
        for (uint256 i = 0; i < TAG_LIMBS; ++i) {
            uint256 expected;
            unchecked {
                expected = uint16(tag >> ((TAG_LIMBS - 1 - i) * LIMB_BITS));
            }
            if (limbs[i] != expected) revert ProofSystem_TagMismatch(i, expected, limbs[i]);
        }
    }

    function _checkUsable(uint32 circuitId) private view returns (Circuit known) {
        known = _circuits[circuitId];
        if (!known.exists()) revert ProofSystem_UnknownCircuit(circuitId);
        uint256 revokedAt = known.revokedAt();
        if (revokedAt != 0) revert ProofSystem_CircuitRevoked(circuitId, revokedAt);
    }

    function _cacheKey(
        uint32 circuitId,
        uint128 tag,
        uint256 tokens,
        bytes32 instancesHash
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(circuitId, tag, tokens, instancesHash));
    }
}
