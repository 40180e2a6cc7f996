// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IERC3009} from "../../interfaces/IERC3009.sol";
import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {Openings} from "../abstracts/Openings.sol";
import {Payments} from "../libraries/Payments.sol";
import {Session} from "../libraries/Sessions.sol";
import {FLAG_PROMPT} from "../types/SessionWords.sol";

/// @title The rarer ways to open: with a permit, with an authorization, and prompt jobs
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
        jobId = _openMetered(msg.sender, terms);
        _requireErc20(terms.token);
        // Interaction: a permit that somebody used first has still set the allowance, which decides.
        try IERC20Permit(terms.token).permit(msg.sender, address(this), terms.deposit, deadline, v, r, s) {} catch {}
        Payments.collect(terms.token, msg.sender, terms.deposit);
    }

    /// @inheritdoc IJobMarketplaceExtension
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
        jobId = _openMetered(user, terms);
        _requireErc20(terms.token);
        // Interaction: the token checks the signature, the times and that the nonce is unused.
        bytes32 nonce = authorizationNonce(terms, user, salt);
        uint256 before = Payments.balance(terms.token);
        IERC3009(terms.token).receiveWithAuthorization(
            user, address(this), terms.deposit, validAfter, validBefore, nonce, signature
        );
        Payments.requireReceived(terms.token, before, terms.deposit);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function createPromptJob(
        address host,
        address token,
        uint256 payment,
        uint32 circuitId,
        uint256 inputCommitment,
        uint256 minTokens,
        uint256 maxDuration,
        address arbiter
    ) external payable nonReentrant returns (uint256 jobId) {
        // Check: the conditions on the proof are such as one can meet.
        _requirePromptConditions(circuitId, inputCommitment, minTokens);
        // Effect and log: no price and no rate; the unit is the interval.
        // What is not set below is zero: no price, rate, signer or watcher.
        // slither-disable-next-line uninitialized-local
        Terms memory terms;
        terms.host = host;
        terms.token = token;
        terms.deposit = payment;
        terms.maxDuration = maxDuration;
        terms.proofInterval = 1;
        terms.circuitId = circuitId;
        terms.arbiter = arbiter;
        Session storage s;
        (jobId, s) = _open(msg.sender, terms, FLAG_PROMPT);
        if (circuitId != 0) (s.minTokens, s.inputCommitment) = (uint64(minTokens), inputCommitment);
        emit PromptTerms(jobId, inputCommitment, minTokens);
        // Interaction.
        Payments.collect(token, msg.sender, payment);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function authorizationNonce(Terms calldata terms, address user, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), terms, user, salt));
    }

    /// @dev With a circuit the proof must carry a commitment and count tokens; without one there is no proof.
    function _requirePromptConditions(uint32 circuitId, uint256 inputCommitment, uint256 minTokens) private view {
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

    function _requireErc20(address token) private pure {
        if (token == address(0)) revert JobMarketplace_TokenNotAllowed(token);
    }
}
