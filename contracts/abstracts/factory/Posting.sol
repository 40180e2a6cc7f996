// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IERC3009} from "../../../interfaces/IERC3009.sol";
import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {Payments} from "../../libraries/Payments.sol";
import {FLAG_EVALUATOR, FLAG_PAYEE, Job, MASK_48, packJobHead, packJobRules, packJobStake} from "../../types/JobWords.sol";
import {Intents} from "./Intents.sol";
import {JobLedger} from "./JobLedger.sol";

/// @title Every way to post a job
abstract contract Posting is JobLedger, Intents {
    /// @dev Half of what a round is about, at most: a job that is sent back must still be worth doing.
    uint256 internal constant MAX_REJECT_FEE_BPS = 5000;

    /// @inheritdoc IJobFactory
    function postJob(Terms calldata terms) external payable override nonReentrant returns (uint256 jobId) {
        jobId = _post(msg.sender, terms);
        Payments.collect(terms.token, msg.sender, terms.amount);
    }

    /// @inheritdoc IJobFactory
    function postJobWithPermit(Terms calldata terms, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        override
        nonReentrant
        returns (uint256 jobId)
    {
        _requireErc20(terms.token);
        jobId = _post(msg.sender, terms);
        // Interaction: a permit that somebody used first has still set the allowance, which decides.
        try IERC20Permit(terms.token).permit(msg.sender, address(this), terms.amount, deadline, v, r, s) {} catch {}
        Payments.collect(terms.token, msg.sender, terms.amount);
    }

    /// @inheritdoc IJobFactory
    function postJobWithAuthorization(
        Terms calldata terms,
        address issuer,
        bytes32 salt,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external override nonReentrant returns (uint256 jobId) {
        _requireErc20(terms.token);
        // Check: nobody's job could be judged by nobody.
        if (issuer == address(0)) revert JobFactory_ZeroAddress();
        jobId = _post(issuer, terms);
        // Interaction: the token checks the signature, the times and that the nonce is unused.
        bytes32 nonce = authorizationNonce(terms, issuer, salt);
        uint256 before = Payments.balance(terms.token);
        IERC3009(terms.token).receiveWithAuthorization(
            issuer, address(this), terms.amount, validAfter, validBefore, nonce, signature
        );
        Payments.requireReceived(terms.token, before, terms.amount);
    }

    /// @inheritdoc IJobFactory
    function postJobBySig(Terms calldata terms, address issuer, uint256 deadline, bytes calldata signature)
        external
        override
        nonReentrant
        returns (uint256 jobId)
    {
        _requireErc20(terms.token);
        bytes32 digest = postJobDigest(terms, issuer, _takeNonce(issuer), deadline);
        _requireSigned(issuer, digest, deadline, signature);
        jobId = _post(issuer, terms);
        Payments.collect(terms.token, issuer, terms.amount);
    }

    /// @inheritdoc IJobFactory
    function authorizationNonce(Terms calldata terms, address issuer, bytes32 salt)
        public
        view
        override
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), terms, issuer, salt));
    }

    /// @dev Checks the terms and writes them down; the amount is still to be collected.
    function _post(address issuer, Terms calldata terms) private whenNotPaused returns (uint256 jobId) {
        // Check: who, for how much, how long.
        address payee = terms.payee;
        address evaluator = terms.evaluator;
        if (payee != address(0) && (payee == issuer || payee == evaluator)) revert JobFactory_RolesCollide(payee);
        TokenTerms storage token = _tokenTerms[terms.token];
        if (!token.allowed) revert JobFactory_TokenNotAllowed(terms.token);
        if (terms.amount < token.minimumAmount || terms.amount > type(uint96).max) {
            revert JobFactory_AmountOutOfRange(token.minimumAmount, type(uint96).max, terms.amount);
        }
        uint256 claim = _wholeMinutes(terms.claimDuration, MIN_CLAIM_DURATION, MAX_CLAIM_DURATION);
        uint256 work = _wholeMinutes(terms.workDuration, MIN_WORK_DURATION, MAX_WORK_DURATION);
        uint256 review = _wholeMinutes(terms.reviewDuration, MIN_REVIEW_DURATION, MAX_REVIEW_DURATION);
        if (terms.claimBond > MASK_48 * 1 gwei) revert JobFactory_BondOutOfRange(MASK_48 * 1 gwei, terms.claimBond);
        if (terms.claimBond % 1 gwei != 0) revert JobFactory_BondNotWholeGwei(terms.claimBond);
        if (terms.rejectFeeBps > MAX_REJECT_FEE_BPS) {
            revert JobFactory_RejectFeeTooHigh(MAX_REJECT_FEE_BPS, terms.rejectFeeBps);
        }
        // Effect: three slots, each written whole.
        jobId = ++_jobCount;
        Job storage job = _jobs[jobId];
        uint256 flags = 0;
        if (payee != address(0)) flags |= FLAG_PAYEE;
        if (evaluator != address(0) && evaluator != issuer) {
            flags |= FLAG_EVALUATOR;
            job.evaluator = evaluator;
        }
        job.head = packJobHead(issuer, block.timestamp + terms.claimDuration, terms.rejectFeeBps, token.id, flags);
        job.stake = packJobStake(payee, terms.amount);
        job.rules = packJobRules(claim, work, review, terms.claimBond / 1 gwei);
        // Log.
        emit JobPosted(
            jobId,
            issuer,
            payee,
            evaluator,
            terms.token,
            terms.amount,
            terms.claimDuration,
            terms.workDuration,
            terms.reviewDuration,
            terms.claimBond,
            terms.rejectFeeBps,
            terms.specHash
        );
    }

    /// @dev A signature can move tokens only.
    function _requireErc20(address token) private pure {
        if (token == address(0)) revert JobFactory_TokenNotAllowed(token);
    }
}
