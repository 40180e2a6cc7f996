// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Payments} from "../libraries/Payments.sol";
import {Session} from "../libraries/Sessions.sol";
import {FLAG_PROMPT, Head, Rules, Stake} from "../types/SessionWords.sol";
import {Openings} from "./Openings.sol";

/// @title Every way a session starts, grows and lengthens; what an opening checks and writes stands in Openings
abstract contract Opening is IJobMarketplaceMain, Openings {
    uint256 internal constant MAX_EXTENDED_DURATION = 365 days;

    // ----------------------------------------------------------------------------------------------------- starting

    /// @inheritdoc IJobMarketplaceMain
    function createSessionJob(
        address host,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) external payable returns (uint256 jobId) {
        return _openAndCollect(_seedTerms(host, address(0), deposit, pricePerToken, maxDuration, proofInterval));
    }

    /// @inheritdoc IJobMarketplaceMain
    function createSessionJobWithToken(
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) external payable returns (uint256 jobId) {
        return _openAndCollect(_seedTerms(host, token, deposit, pricePerToken, maxDuration, proofInterval));
    }

    /// @inheritdoc IJobMarketplaceMain
    function openSession(Terms calldata terms) external payable returns (uint256 jobId) {
        return _openAndCollect(terms);
    }

    function _openAndCollect(Terms memory terms) private nonReentrant returns (uint256 jobId) {
        jobId = _openMetered(msg.sender, terms);
        Payments.collect(terms.token, msg.sender, terms.deposit);
    }

    /// @dev The seed forms' terms: the owner's defaults of this moment, copied.
    function _seedTerms(
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) private view returns (Terms memory terms) {
        terms.host = host;
        terms.token = token;
        terms.deposit = deposit;
        terms.pricePerToken = pricePerToken;
        terms.maxDuration = maxDuration;
        terms.proofInterval = proofInterval;
        terms.maxTokensPerSecond = _defaultRate;
        terms.circuitId = _defaultCircuit;
    }

    // ------------------------------------------------------------------------------------------------------ growing

    /// @inheritdoc IJobMarketplaceMain
    function topUp(uint256 jobId, uint256 amount) external payable nonReentrant whenNotPaused {
        (Session storage s, Head head) = _openSession(jobId);
        // Check: the user, of a metered session that still runs.
        _requireUser(head);
        if (head.has(FLAG_PROMPT)) revert JobMarketplace_NotMetered(jobId);
        Stake stake = s.stake;
        _requireRunning(jobId, s.rules, stake);
        if (amount == 0) revert JobMarketplace_AmountZero();
        uint256 deposit = stake.depositOf();
        // What is stored fits 96 bits, and what is added is at most the rest of them.
        unchecked {
            uint256 max = type(uint96).max - deposit;
            if (amount > max) revert JobMarketplace_DepositOutOfRange(1, max, amount);
            deposit += amount;
        }
        // Effect.
        s.stake = stake.withDeposit(deposit);
        // Log.
        emit SessionToppedUp(jobId, amount, deposit);
        // Interaction.
        Payments.collect(_tokenAt(head), msg.sender, amount);
    }

    /// @inheritdoc IJobMarketplaceMain
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
}
