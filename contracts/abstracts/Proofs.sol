// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {SessionTag} from "../libraries/SessionTag.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {Evidence, FLAG_PROMPT, Head, Rules} from "../types/SessionWords.sol";
import {Settlement} from "./Settlement.sol";

/// @title Tokens that the host proved
abstract contract Proofs is Settlement {
    using SafeCast for uint256;
    using Sessions for Session;

    uint256 internal constant MAX_BATCH = 16;

    /// @inheritdoc IJobMarketplaceMain
    function submitProofsAt(
        uint256 jobId,
        uint64 firstToken,
        bytes[] calldata proofs,
        uint256[] calldata tokenCounts
    ) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        Rules rules = s.rules;
        Evidence evidence = _proveBatch(jobId, s, head, rules, s.evidence, firstToken, proofs, tokenCounts);
        _afterEvidence(jobId, s, head, rules, evidence);
    }

    /// @inheritdoc IJobMarketplaceMain
    function submitBatchProofs(uint256 jobId, bytes[] calldata proofs, uint256[] calldata tokenCounts)
        external
        nonReentrant
    {
        (Session storage s, Head head) = _openSession(jobId);
        Rules rules = s.rules;
        Evidence evidence = s.evidence;
        evidence = _proveBatch(jobId, s, head, rules, evidence, evidence.provenOf(), proofs, tokenCounts);
        _afterEvidence(jobId, s, head, rules, evidence);
    }

    /// @inheritdoc IJobMarketplaceMain
    function submitProofOfWork(uint256 jobId, bytes calldata proof, uint256 tokensInBatch)
        external
        nonReentrant
        returns (bool verified)
    {
        (Session storage s, Head head) = _openSession(jobId);
        Rules rules = s.rules;
        Evidence evidence = s.evidence;
        uint256 firstToken = evidence.provenOf();
        // Check.
        bool late = _requireProvable(jobId, s, head, rules);
        _requirePosition(s, head, evidence, firstToken);
        // Effect.
        (bytes32 digest, uint256 next) = _accept(
            jobId, s, head, rules, evidence.proofCountOf(), 0, firstToken, s.aggregateProofHash, proof, tokensInBatch
        );
        evidence = _record(s, head, evidence, late, digest, next, 1);
        _afterEvidence(jobId, s, head, rules, evidence);
        return true;
    }

    /// @dev Verifies and records a batch that chains on from `firstToken`.
    /// @return The evidence as it is afterwards.
    function _proveBatch(
        uint256 jobId,
        Session storage s,
        Head head,
        Rules rules,
        Evidence evidence,
        uint256 firstToken,
        bytes[] calldata proofs,
        uint256[] calldata tokenCounts
    ) internal returns (Evidence) {
        // Check.
        bool late = _requireProvable(jobId, s, head, rules);
        uint256 max = head.has(FLAG_PROMPT) ? 1 : MAX_BATCH;
        if (proofs.length == 0 || proofs.length > max) {
            revert JobMarketplace_BatchSizeOutOfRange(1, max, proofs.length);
        }
        if (proofs.length != tokenCounts.length) {
            revert JobMarketplace_LengthMismatch(proofs.length, tokenCounts.length);
        }
        _requirePosition(s, head, evidence, firstToken);
        // Effect.
        bytes32 digest = s.aggregateProofHash;
        uint256 proofCount = evidence.proofCountOf();
        for (uint256 i = 0; i < proofs.length; ++i) {
            (digest, firstToken) =
                _accept(jobId, s, head, rules, proofCount, i, firstToken, digest, proofs[i], tokenCounts[i]);
        }
        return _record(s, head, evidence, late, digest, firstToken, proofs.length);
    }

    /// @dev The host, in time or answering a dispute, with a circuit to verify by.
    /// @return late Whether the time for evidence is over, and only the contested claim is answered.
    function _requireProvable(uint256 jobId, Session storage s, Head head, Rules rules)
        private
        view
        returns (bool late)
    {
        _requireHost(rules);
        uint256 evidenceEnd = _evidenceEnd(s, head, rules);
        late = block.timestamp > evidenceEnd;
        if (late) {
            bool answering = head.isDisputed() && block.timestamp <= s.dispute.deadlineOf();
            if (!answering) revert JobMarketplace_EvidenceClosed(evidenceEnd, block.timestamp);
        }
        if (rules.circuitIdOf() == 0) revert JobMarketplace_NoCircuit(jobId);
    }

    /// @dev A proof continues what is proven, or starts anywhere up to what is covered.
    function _requirePosition(Session storage s, Head head, Evidence evidence, uint256 firstToken) private view {
        uint256 min = evidence.provenOf();
        uint256 max = 0;
        if (!head.has(FLAG_PROMPT)) {
            // What is proven is covered.
            if (firstToken == min) return;
            max = Sessions.covered(head, evidence, s.readClaim(head), CHALLENGE_WINDOW);
        }
        if (firstToken < min || firstToken > max) revert JobMarketplace_FirstTokenOutOfRange(min, max, firstToken);
    }

    /// @dev Verifies one proof and writes it into the history.
    /// @param proofCount How many proofs of the session came before the batch.
    /// @param index Its place in the batch, for the error and the history.
    /// @return The running digest and the position after this proof.
    function _accept(
        uint256 jobId,
        Session storage s,
        Head head,
        Rules rules,
        uint256 proofCount,
        uint256 index,
        uint256 firstToken,
        bytes32 digest,
        bytes calldata proof,
        uint256 tokens
    ) private returns (bytes32, uint256) {
        uint256 inputCommitment = 0;
        if (head.has(FLAG_PROMPT)) {
            if (tokens < s.minTokens) revert JobMarketplace_TokensBelowMinimum(s.minTokens, tokens);
            inputCommitment = s.inputCommitment;
        }
        uint128 tag = SessionTag.derive(address(this), jobId, msg.sender, firstToken.toUint64());
        // Set by the call below, or it reverts.
        // slither-disable-next-line uninitialized-local
        bytes32 proofHash;
        try PROOF_SYSTEM.verifySessionProof(rules.circuitIdOf(), tag, inputCommitment, proof, tokens) returns (
            bytes32 instancesHash
        ) {
            proofHash = instancesHash;
        } catch (bytes memory reason) {
            revert JobMarketplace_ProofRejected(index, reason);
        }
        s.proofs[proofCount + index] = (proofHash >> 96 << 96) | bytes32(block.timestamp << 56 | tokens);
        emit ProofSubmitted(jobId, msg.sender, tokens, proofHash, true, firstToken);
        return (keccak256(abi.encode(digest, proofHash)), firstToken + tokens);
    }

    /// @dev Moves the counters over a verified batch.
    /// @return The evidence as it is afterwards.
    function _record(
        Session storage s,
        Head head,
        Evidence evidence,
        bool late,
        bytes32 digest,
        uint256 next,
        uint256 count
    ) private returns (Evidence) {
        uint256 proven = head.has(FLAG_PROMPT) ? 1 : next.toUint64();
        // Once evidence is over, proofs answer the contested claim and bring no more than it.
        if (late) proven = Math.min(proven, s.claim.claimedOf());
        evidence = evidence.withProven(proven, count, block.timestamp);
        s.evidence = evidence;
        s.aggregateProofHash = digest;
        return evidence;
    }
}
