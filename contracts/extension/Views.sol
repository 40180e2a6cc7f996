// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {Ledger} from "../abstracts/Ledger.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {
    FLAG_ABANDONED,
    FLAG_CLAIMS_OFF,
    FLAG_PROMPT,
    FLAG_SIGNER
} from "../types/SessionWords.sol";

/// @title What one asks about a session
abstract contract Views is IJobMarketplaceExtension, Ledger {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    /// @inheritdoc IJobMarketplaceExtension
    function getSessionDetails(uint256 jobId) external view returns (SessionDetails memory details) {
        Session storage s = _sessions[jobId];
        Sessions.Snapshot memory x = s.read();
        if (x.head.userOf() == address(0)) return details;
        details.depositAmount = x.stake.depositOf();
        details.pricePerToken = x.stake.priceOf();
        details.maxDuration = x.rules.endsAtOf() - x.stake.openedAtOf();
        details.sessionStartTime = x.stake.openedAtOf();
        details.assignedHost = x.rules.hostOf();
        details.status = x.head.statusOf();
        details.provenTokens = x.evidence.provenOf();
        details.lastProofSubmission = x.evidence.lastEvidenceAtOf();
        details.aggregateProofHash = s.aggregateProofHash;
        details.checkpointInterval = x.rules.proofIntervalOf();
        details.jobType = x.head.has(FLAG_PROMPT) ? JobType.SinglePrompt : JobType.Session;
        details.user = x.head.userOf();
        details.token = _tokenAt(x.head);
        details.ackedTokens = x.evidence.ackedOf();
        details.maturedTokens = x.claim.maturedOf();
        details.claimedTokens = x.claim.claimedOf();
        details.claimedAt = x.claim.claimedAtOf();
        details.settledTokens = x.head.settledOf();
        details.coveredTokens = x.head.isOpen() ? x.covered(CHALLENGE_WINDOW) : x.head.settledOf();
        details.payableTokens = _payable(x);
        details.endsAt = x.rules.endsAtOf();
        details.closingAt = x.stake.closingAtOf();
        details.evidenceEnd = _evidenceEnd(s, x.head, x.rules);
        details.maxTokensPerSecond = x.stake.maxTokensPerSecondOf();
        details.circuitId = x.rules.circuitIdOf();
        details.voucherSigner = x.head.has(FLAG_SIGNER) ? s.voucherSigner : x.head.userOf();
        details.voucherCap = s.voucherCap;
        details.watcher = s.watcher;
        details.arbiter = s.arbiter;
        details.challenger = s.dispute.challengerOf();
        details.bond = s.dispute.bondOf();
        details.disputeDeadline = s.dispute.deadlineOf();
        details.claimsOff = x.head.has(FLAG_CLAIMS_OFF);
        details.abandoned = x.head.has(FLAG_ABANDONED);
        details.proofCount = x.evidence.proofCountOf();
        details.inputCommitment = s.inputCommitment;
        details.minTokens = s.minTokens;
    }

    /// @inheritdoc IJobMarketplaceExtension
    function getProofHistory(uint256 jobId, uint256 cursor, uint256 limit)
        external
        view
        returns (ProofSubmission[] memory proofs)
    {
        Session storage s = _sessions[jobId];
        uint256 count = s.evidence.proofCountOf();
        if (cursor >= count) return proofs;
        proofs = new ProofSubmission[](Math.min(limit, count - cursor));
        for (uint256 i = 0; i < proofs.length; ++i) {
            uint256 word = uint256(s.proofs[cursor + i]);
            proofs[i] = ProofSubmission({
                proofHash: bytes32(word >> 96 << 96),
                tokensClaimed: uint56(word),
                timestamp: uint40(word >> 56),
                verified: true
            });
        }
    }

    /// @inheritdoc IJobMarketplaceExtension
    function calculateCurrentEarnings(uint256 jobId) external view returns (uint256 amount) {
        Sessions.Snapshot memory x = _sessions[jobId].read();
        return x.head.userOf() == address(0) ? 0 : x.dueRoundedDown(_payable(x));
    }

    /// @inheritdoc IJobMarketplaceExtension
    function getRequiredProofInterval(uint256 jobId) external view returns (uint256 tokens) {
        return _sessions[jobId].rules.proofIntervalOf();
    }

    /// @inheritdoc IJobMarketplaceExtension
    function isSessionAbandoned(uint256 jobId) external view returns (bool abandoned) {
        Sessions.Snapshot memory x = _sessions[jobId].read();
        return x.head.userOf() != address(0) && x.head.isOpen() && x.stake.closingAtOf() == 0
            && block.timestamp > _abandonedFrom(x.stake, x.evidence, x.claim);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function parameters() external view returns (Parameters memory) {
        return Parameters({
            closeWindow: CLOSE_WINDOW,
            challengeWindow: CHALLENGE_WINDOW,
            answerWindow: ANSWER_WINDOW,
            arbiterWindow: ARBITER_WINDOW,
            abandonmentPeriod: ABANDONMENT_PERIOD,
            bondPerProof: BOND_PER_PROOF,
            feeBps: FEE_BPS
        });
    }

    /// @dev What is payable now; once final, what was paid.
    function _payable(Sessions.Snapshot memory x) private view returns (uint256) {
        return x.head.isOpen() ? x.payableTokens(CHALLENGE_WINDOW) : x.head.settledOf();
    }
}
