// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {Job, JobHead, JobStake} from "../../types/JobWords.sol";
import {Intents} from "./Intents.sol";
import {JobLedger} from "./JobLedger.sol";
import {Operators} from "./Operators.sol";

/// @title What becomes of submitted work: four verdicts, or silence
abstract contract Verdicts is JobLedger, Intents, Operators {
    uint256 internal constant MAX_ROUNDS = 3;
    uint256 internal constant MAX_SPLIT_BPS = BPS - 1;

    /// @inheritdoc IJobFactory
    function verifyJob(uint256 jobId, bool approved, bool reopen, uint16 splitBps) external override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Submitted, jobId);
        JobStake stake = job.stake;
        // Check: the evaluator by itself, the issuer by itself or through an operator that does not judge its own work.
        address verifier = _verifierOf(job, head);
        if (msg.sender != verifier) {
            address issuer = head.issuerOf();
            bool mayJudge = approved || verifier == issuer;
            if (!mayJudge || !_actsFor(issuer) || msg.sender == stake.workerOf()) {
                revert JobFactory_NotVerifier(verifier, msg.sender);
            }
        }
        _judge(jobId, job, head, stake, msg.sender, approved, reopen, splitBps);
    }

    /// @inheritdoc IJobFactory
    function verifyJobBySig(
        uint256 jobId,
        bytes32 workHash,
        bool approved,
        bool reopen,
        uint16 splitBps,
        address signer,
        uint256 deadline,
        bytes calldata signature
    ) external override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Submitted, jobId);
        // Check: who may say so, of this work, and did.
        address verifier = _verifierOf(job, head);
        if (signer != verifier && !(approved && signer == head.issuerOf())) {
            revert JobFactory_NotVerifier(verifier, signer);
        }
        bytes32 submitted = job.rules.workHashOf();
        if (bytes20(workHash) != bytes20(submitted)) revert JobFactory_WorkHashMismatch(submitted, workHash);
        bytes32 digest = verifyJobDigest(jobId, head.roundOf(), workHash, approved, reopen, splitBps, deadline);
        _requireSigned(signer, digest, deadline, signature);
        _judge(jobId, job, head, job.stake, signer, approved, reopen, splitBps);
    }

    /// @inheritdoc IJobFactory
    function claimByDefault(uint256 jobId) external override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Submitted, jobId);
        // Check.
        _requireOver(head.deadlineOf());
        // Effect and log.
        _complete(jobId, job, head, job.stake, address(0));
    }

    function _judge(
        uint256 jobId,
        Job storage job,
        JobHead head,
        JobStake stake,
        address verifier,
        bool approved,
        bool reopen,
        uint16 splitBps
    ) private {
        // Check: one verdict, not several at once.
        if (approved ? (reopen || splitBps != 0) : (reopen && splitBps != 0)) {
            revert JobFactory_VerdictContradictory(approved, reopen, splitBps);
        }
        if (splitBps > MAX_SPLIT_BPS) revert JobFactory_SplitOutOfRange(1, MAX_SPLIT_BPS, splitBps);
        // Effect and log: an approval is never too late, since silence means the same.
        if (approved) return _complete(jobId, job, head, stake, verifier);
        _requireInTime(head.deadlineOf());
        uint256 rejectFee = _shareRoundedDown(stake.amountOf(), head.rejectFeeBpsOf());
        if (reopen) return _reopen(jobId, job, head, stake, verifier, rejectFee);
        uint256 payment = Math.max(rejectFee, _shareRoundedDown(stake.amountOf(), splitBps));
        _divide(jobId, job, head, stake, verifier, splitBps != 0, payment);
    }

    function _complete(uint256 jobId, Job storage job, JobHead head, JobStake stake, address completer) private {
        // Effect.
        address worker = stake.workerOf();
        uint256 payment = stake.amountOf();
        job.head = head.at(JobStatus.Completed, 0);
        _earn(worker, _tokenAt(head), payment);
        // Log.
        emit JobCompleted(jobId, worker, completer, payment);
    }

    function _reopen(
        uint256 jobId,
        Job storage job,
        JobHead head,
        JobStake stake,
        address verifier,
        uint256 rejectFee
    ) private {
        // Check.
        if (head.roundOf() == MAX_ROUNDS) revert JobFactory_RoundsExhausted(MAX_ROUNDS);
        // Effect: the next round is about what is left.
        address worker = stake.workerOf();
        uint256 amount = stake.amountOf() - rejectFee;
        uint256 claimBy = block.timestamp + job.rules.claimDurationOf();
        if (rejectFee != 0) job.stake = stake.withAmount(amount);
        _earn(worker, _tokenAt(head), rejectFee);
        head = head.at(JobStatus.Open, claimBy).withNextRound();
        job.head = head;
        // Log.
        emit JobReopened(jobId, worker, verifier, rejectFee, head.roundOf(), amount, claimBy);
    }

    /// @dev Split or rejected: a part for the worker, the rest back.
    function _divide(
        uint256 jobId,
        Job storage job,
        JobHead head,
        JobStake stake,
        address verifier,
        bool split,
        uint256 payment
    ) private {
        // Effect.
        address token = _tokenAt(head);
        address worker = stake.workerOf();
        uint256 refund = stake.amountOf() - payment;
        job.head = head.at(split ? JobStatus.Split : JobStatus.Rejected, 0);
        _earn(worker, token, payment);
        // Log.
        if (split) emit JobSplit(jobId, worker, verifier, payment, refund);
        else emit JobRejected(jobId, worker, verifier, payment, refund);
        // Interaction.
        _refund(head.issuerOf(), token, refund);
    }

    /// @dev Basis points of an amount of at most 96 bits.
    function _shareRoundedDown(uint256 amount, uint256 bps) private pure returns (uint256) {
        return amount * bps / BPS;
    }
}
