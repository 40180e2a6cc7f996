// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC3009} from "../../interfaces/IERC3009.sol";
import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Payments} from "../libraries/Payments.sol";
import {Session} from "../libraries/Sessions.sol";
import {FLAG_PROMPT, Head, Stake} from "../types/SessionWords.sol";
import {Openings} from "./Openings.sol";

/// @title The usual ways a session starts, and how it grows; what an opening checks and writes stands in Openings
abstract contract Opening is IJobMarketplaceMain, Openings {
    // ----------------------------------------------------------------------------------------------------- starting

    /// @inheritdoc IJobMarketplaceMain
    function createSessionJob(
        address host,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) external payable returns (uint256 jobId) {
        return _openOnDefaults(host, address(0), deposit, pricePerToken, maxDuration, proofInterval);
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
        return _openOnDefaults(host, token, deposit, pricePerToken, maxDuration, proofInterval);
    }

    /// @inheritdoc IJobMarketplaceMain
    function openSession(Terms calldata terms) external payable nonReentrant returns (uint256 jobId) {
        address token;
        (jobId, token) = _openMetered(msg.sender, terms);
        Payments.collect(token, msg.sender, terms.deposit);
    }

    /// @inheritdoc IJobMarketplaceMain
    function openSessionWithAuthorization(
        Terms calldata terms,
        address user,
        bytes32 salt,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant returns (uint256 jobId) {
        // Check: nobody's session could be closed by nobody.
        if (user == address(0)) revert JobMarketplace_ZeroAddress();
        address token;
        (jobId, token) = _openMetered(user, terms);
        _requireErc20(token);
        // Interaction: the token checks the signature, the times and that the nonce is unused.
        bytes32 nonce = _authorizationNonce(terms, user, salt);
        uint256 before = Payments.balance(token);
        IERC3009(token).receiveWithAuthorization(
            user, address(this), terms.deposit, validAfter, validBefore, nonce, signature
        );
        Payments.requireReceived(token, before, terms.deposit);
    }

    /// @dev The seed's forms: the owner's defaults of this moment, copied; vouchers by the user, no watcher, no arbiter.
    function _openOnDefaults(
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) private nonReentrant returns (uint256 jobId) {
        address none = address(0);
        jobId = _openMetered(
            msg.sender,
            host,
            token,
            deposit,
            pricePerToken,
            maxDuration,
            proofInterval,
            _defaultRate,
            _defaultCircuit,
            none,
            0,
            none,
            none
        );
        Payments.collect(token, msg.sender, deposit);
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
}
