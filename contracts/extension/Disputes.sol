// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {DisputeEndings} from "../abstracts/DisputeEndings.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {Dispute, FLAG_ARBITER, Head} from "../types/SessionWords.sol";

/// @title Rulings and silence: how a dispute is brought to its end by a call of its own
/// @dev Bonds are in ETH, and what becomes of them are credits.
abstract contract Disputes is IJobMarketplaceExtension, DisputeEndings {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    /// @inheritdoc IJobMarketplaceExtension
    function resolveDispute(uint256 jobId, uint64 tokens) external nonReentrant {
        Session storage s = _disputedSession(jobId);
        Sessions.Snapshot memory x = s.read();
        // Check: the arbiter, in time, within the claim.
        address arbiter = x.head.has(FLAG_ARBITER) ? s.arbiter : address(0);
        if (msg.sender != arbiter) revert JobMarketplace_CallerNotArbiter(arbiter, msg.sender);
        Dispute dispute = s.dispute;
        uint256 deadline = dispute.deadlineOf();
        if (block.timestamp > deadline) revert JobMarketplace_DisputeExpired(deadline, block.timestamp);
        uint256 claimed = x.claim.claimedOf();
        if (tokens > claimed) revert JobMarketplace_RulingTooHigh(claimed, tokens);
        // Effect and log: a ruling never takes away what is covered.
        x.claim = x.claim.withMatured(Math.max(tokens, x.covered(CHALLENGE_WINDOW))).withClaimed(0);
        _end(jobId, s, x, DisputeOutcome.Ruled, tokens == claimed ? dispute.bondOf() : 0);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function expireDispute(uint256 jobId) external nonReentrant {
        Session storage s = _disputedSession(jobId);
        if (!_expireIfDue(jobId, s)) revert JobMarketplace_DisputeOpen(s.dispute.deadlineOf(), block.timestamp);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function disputeBond(uint256 jobId) external view returns (uint256 bond) {
        Sessions.Snapshot memory x = _sessions[jobId].read();
        if (x.head.statusOf() == SessionStatus.Active && x.hasLiveClaim(CHALLENGE_WINDOW)) (bond,,) = _bondFor(x);
    }

    function _disputedSession(uint256 jobId) private view returns (Session storage s) {
        Head head;
        (s, head) = _knownSession(jobId);
        if (!head.isDisputed()) revert JobMarketplace_NotDisputed(jobId, head.statusOf());
    }
}
