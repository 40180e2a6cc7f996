// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {ClosingStart} from "../abstracts/ClosingStart.sol";
import {Session} from "../libraries/Sessions.sol";
import {FLAG_ABANDONED, FLAG_CLOSING, Head, Rules, Stake} from "../types/SessionWords.sol";

/// @title What a user seldom does to an open session: lengthen it, give up on its host
abstract contract Steering is IJobMarketplaceExtension, ClosingStart {
    uint256 internal constant MAX_EXTENDED_DURATION = 365 days;

    /// @inheritdoc IJobMarketplaceExtension
    function extend(uint256 jobId, uint256 endsAt) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        // Check: the user, of a session that still runs.
        _requireUser(head);
        Rules rules = s.rules;
        Stake stake = s.stake;
        _requireRunning(jobId, rules, stake);
        uint256 max = stake.openedAtOf() + MAX_EXTENDED_DURATION;
        if (endsAt <= rules.endsAtOf() || endsAt > max) {
            revert JobMarketplace_DurationOutOfRange(rules.endsAtOf() + 1, max, endsAt);
        }
        // Effect.
        s.rules = rules.withEndsAt(endsAt);
        // Log.
        emit SessionExtended(jobId, endsAt);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function claimAbandonedSession(uint256 jobId) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        // Check: the user of a session that still runs, and whose host has been silent for long.
        _requireUser(head);
        Stake stake = s.stake;
        _requireRunning(jobId, s.rules, stake);
        uint256 abandonedFrom = _abandonedFrom(stake, s.evidence, s.claim);
        if (block.timestamp <= abandonedFrom) revert JobMarketplace_TooEarly(abandonedFrom + 1, block.timestamp);
        // Effect and log.
        _startClosing(jobId, s, head, FLAG_CLOSING | FLAG_ABANDONED);
    }
}
