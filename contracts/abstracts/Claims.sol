// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Questions} from "../libraries/Questions.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {
    Claim,
    Evidence,
    FLAG_ARBITER,
    FLAG_CLAIM,
    FLAG_CLAIMS_OFF,
    FLAG_PROMPT,
    Head,
    Rules,
    packClaim
} from "../types/SessionWords.sol";
import {Proofs} from "./Proofs.sol";

/// @title Tokens for which the host gives its word
abstract contract Claims is Proofs {
    using Sessions for Session;

    /// @inheritdoc IJobMarketplaceMain
    function claimTokens(uint256 jobId, uint64 cumulativeTokens, bytes32 commitment) external nonReentrant {
        (Session storage s, Head head) = _knownSession(jobId);
        // Check: the host, in time, with no other claim pending, before a judge, within one interval.
        if (head.statusOf() != SessionStatus.Active) revert JobMarketplace_SessionNotActive(jobId, head.statusOf());
        Rules rules = s.rules;
        _requireHost(rules);
        uint256 evidenceEnd = _evidenceEnd(s, head, rules);
        if (block.timestamp > evidenceEnd) revert JobMarketplace_EvidenceClosed(evidenceEnd, block.timestamp);
        if (head.has(FLAG_CLAIMS_OFF)) revert JobMarketplace_ClaimsOff(jobId);
        Evidence evidence = s.evidence;
        (uint256 covered, uint256 matured) = _requireNoLiveClaim(s.readClaim(head), evidence);
        if (!head.has(FLAG_ARBITER)) _requireCircuitAsJudge(jobId, rules);
        uint256 interval = rules.proofIntervalOf();
        uint256 max = head.has(FLAG_PROMPT) ? 1 : covered + interval;
        if (cumulativeTokens <= covered || cumulativeTokens > max) {
            revert JobMarketplace_ClaimOutOfRange(covered + 1, max, cumulativeTokens);
        }
        // Effect.
        Claim claim = packClaim(matured, cumulativeTokens, block.timestamp);
        s.claim = claim;
        if (!head.has(FLAG_CLAIM)) {
            head = head.withFlags(FLAG_CLAIM);
            s.head = head;
        }
        // Log.
        emit ClaimMade(jobId, cumulativeTokens, matured, commitment);
        // Effect: the claim before, or time, may have brought an interval.
        _settleCovered(jobId, s, head, rules, evidence, claim, covered);
    }

    /// @dev The claim before, which nobody contests, is either decided or still in its window.
    /// @return covered What evidence covers now.
    /// @return matured The counter of that name, into which a claim that has passed is folded.
    function _requireNoLiveClaim(Claim claim, Evidence evidence)
        private
        view
        returns (uint256 covered, uint256 matured)
    {
        matured = claim.maturedOf();
        covered = Sessions.standing(evidence, claim);
        uint256 claimed = claim.claimedOf();
        if (claimed > covered) {
            uint256 until = claim.claimedAtOf() + CHALLENGE_WINDOW;
            if (block.timestamp <= until) revert JobMarketplace_ClaimLive(claimed, until);
            (covered, matured) = (claimed, claimed);
        }
    }

    /// @dev Without an arbiter the circuit judges a contested claim, so it must be able to answer for a whole interval.
    function _requireCircuitAsJudge(uint256 jobId, Rules rules) private view {
        uint256 circuitId = rules.circuitIdOf();
        if (circuitId == 0) revert JobMarketplace_ClaimsNeedJudge(jobId);
        // The terms that are left out do not matter here.
        // slither-disable-next-line unused-return
        (uint256 maxTokens,, uint256 revokedAt) = Questions.circuitInfo(PROOF_SYSTEM, circuitId);
        if (revokedAt != 0) revert JobMarketplace_CircuitRevoked(circuitId, revokedAt);
        uint256 maxProvable = MAX_BATCH * maxTokens;
        if (rules.proofIntervalOf() > maxProvable) {
            revert JobMarketplace_IntervalUnprovable(rules.proofIntervalOf(), maxProvable);
        }
    }
}
