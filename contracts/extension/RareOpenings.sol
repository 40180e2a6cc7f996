// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {Openings} from "../abstracts/Openings.sol";
import {Payments} from "../libraries/Payments.sol";
import {Session} from "../libraries/Sessions.sol";
import {FLAG_PROMPT} from "../types/SessionWords.sol";

/// @title The rarer ways to open: with a permit, and prompt jobs
abstract contract RareOpenings is IJobMarketplaceExtension, Openings {
    /// @dev The order of BN254's scalar field: commitments are elements of it.
    uint256 internal constant FIELD_ORDER =
        21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @inheritdoc IJobMarketplaceExtension
    function openSessionWithPermit(Terms calldata terms, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        returns (uint256 jobId)
    {
        address token;
        (jobId, token) = _openMetered(msg.sender, terms);
        _requireErc20(token);
        // Interaction: a permit that somebody used first has still set the allowance, which decides.
        try IERC20Permit(token).permit(msg.sender, address(this), terms.deposit, deadline, v, r, s) {} catch {}
        Payments.collect(token, msg.sender, terms.deposit);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function createPromptJob(
        address host,
        address token,
        uint256 payment,
        uint256 circuitId,
        uint256 inputCommitment,
        uint256 minTokens,
        uint256 maxDuration,
        address arbiter
    ) external payable nonReentrant returns (uint256 jobId) {
        // Check: the conditions on the proof are such as one can meet.
        _requirePromptConditions(circuitId, inputCommitment, minTokens);
        // Effect and log: no price and no rate; the unit is the interval.
        address none = address(0);
        uint256 flags = FLAG_PROMPT | _checkedRoles(msg.sender, host, none, 0, none, arbiter);
        jobId = _open(msg.sender, host, token, payment, 0, maxDuration, 1, 0, circuitId, flags);
        if (arbiter != none) _writeRoles(jobId, msg.sender, none, 0, none, arbiter);
        Session storage s = _sessions[jobId];
        if (circuitId != 0) (s.minTokens, s.inputCommitment) = (uint64(minTokens), inputCommitment);
        emit PromptTerms(jobId, inputCommitment, minTokens);
        // Interaction.
        Payments.collect(token, msg.sender, payment);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function authorizationNonce(Terms calldata terms, address user, bytes32 salt) external view returns (bytes32) {
        return _authorizationNonce(terms, user, salt);
    }

    /// @dev With a circuit the proof must carry a commitment and count tokens; without one there is no proof.
    function _requirePromptConditions(uint256 circuitId, uint256 inputCommitment, uint256 minTokens) private view {
        (uint256 maxTokens, uint256 maxCommitment, uint256 min) = (0, 0, 0);
        if (circuitId != 0) {
            bool bindsInput;
            (maxTokens, bindsInput) = _requireCircuit(circuitId);
            if (!bindsInput) revert JobMarketplace_CircuitNotInputBound(circuitId);
            (maxCommitment, min) = (FIELD_ORDER - 1, 1);
        }
        if (inputCommitment < min || inputCommitment > maxCommitment) {
            revert JobMarketplace_CommitmentOutOfRange(min, maxCommitment, inputCommitment);
        }
        if (minTokens < min || minTokens > maxTokens) {
            revert JobMarketplace_MinTokensOutOfRange(min, maxTokens, minTokens);
        }
    }
}
