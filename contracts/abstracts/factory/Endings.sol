// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {Job, JobHead} from "../../types/JobWords.sol";
import {Intents} from "./Intents.sol";
import {JobLedger} from "./JobLedger.sol";
import {Operators} from "./Operators.sol";

/// @title How a job ends without a verdict: the issuer takes it back, or time is over
abstract contract Endings is JobLedger, Intents, Operators {
    /// @inheritdoc IJobFactory
    function cancelJob(uint256 jobId) external override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Open, jobId);
        address issuer = head.issuerOf();
        if (!_actsFor(issuer)) revert JobFactory_NotIssuer(issuer, msg.sender);
        _cancel(jobId, job, head, msg.sender);
    }

    /// @inheritdoc IJobFactory
    function cancelJobBySig(uint256 jobId, uint256 deadline, bytes calldata signature) external override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Open, jobId);
        address issuer = head.issuerOf();
        _requireSigned(issuer, cancelJobDigest(jobId, head.roundOf(), deadline), deadline, signature);
        _cancel(jobId, job, head, issuer);
    }

    /// @inheritdoc IJobFactory
    function expireJob(uint256 jobId) external override nonReentrant {
        (Job storage job, JobHead head) = _expirable(jobId);
        _expire(jobId, job, head);
    }

    /// @inheritdoc IJobFactory
    function expireJobBySig(uint256 jobId, uint256 deadline, bytes calldata signature) external override nonReentrant {
        (Job storage job, JobHead head) = _expirable(jobId);
        bytes32 digest = expireJobDigest(jobId, head.roundOf(), deadline);
        _requireSigned(head.issuerOf(), digest, deadline, signature);
        _expire(jobId, job, head);
    }

    function _cancel(uint256 jobId, Job storage job, JobHead head, address canceller) private {
        // Effect.
        uint256 refund = job.stake.amountOf();
        job.head = head.at(JobStatus.Cancelled, 0);
        // Log.
        emit JobCancelled(jobId, canceller, head.roundOf(), refund);
        // Interaction.
        _refund(head.issuerOf(), _tokenAt(head), refund);
    }

    /// @dev A job that waits to be claimed, or for its work.
    function _expirable(uint256 jobId) private view returns (Job storage job, JobHead head) {
        job = _jobs[jobId];
        head = job.head;
        JobStatus status = head.statusOf();
        if (status != JobStatus.Open && status != JobStatus.Claimed) revert JobFactory_NotExpirable(jobId, status);
    }

    function _expire(uint256 jobId, Job storage job, JobHead head) private {
        // Check.
        _requireOver(head.deadlineOf());
        // Effect, log and interaction; only a claim has brought a bond.
        _endExpired(jobId, job, head, head.statusOf() == JobStatus.Claimed ? job.rules.bondOf() : 0);
    }

    /// @param bond What is still locked of the worker's, and becomes the issuer's.
    function _endExpired(uint256 jobId, Job storage job, JobHead head, uint256 bond) internal {
        // Effect.
        uint256 refund = job.stake.amountOf();
        job.head = head.at(JobStatus.Expired, 0);
        // Log.
        emit JobExpired(jobId, head.roundOf(), refund, bond);
        // Effect.
        _credit(head.issuerOf(), address(0), bond);
        // Interaction.
        _refund(head.issuerOf(), _tokenAt(head), refund);
    }
}
