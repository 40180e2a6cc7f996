// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {Payments} from "../../libraries/Payments.sol";
import {FLAG_FUNDER, FLAG_PAYEE, Job, JobHead, JobRules, JobStake} from "../../types/JobWords.sol";
import {Endings} from "./Endings.sol";

/// @title What a worker does: claim, give back, submit
abstract contract Work is Endings {
    // ----------------------------------------------------------------------------------------------------- claiming

    /// @inheritdoc IJobFactory
    function claimJob(uint256 jobId) external payable override nonReentrant {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Open, jobId);
        _claim(jobId, job, head, msg.sender);
    }

    /// @inheritdoc IJobFactory
    function claimJobBySig(uint256 jobId, address worker, uint256 deadline, bytes calldata signature)
        external
        payable
        override
        nonReentrant
    {
        (Job storage job, JobHead head) = _jobIn(JobStatus.Open, jobId);
        bytes32 digest = claimJobDigest(jobId, head.roundOf(), worker, _takeNonce(worker), deadline);
        _requireSigned(worker, digest, deadline, signature);
        _claim(jobId, job, head, worker);
    }

    function _claim(uint256 jobId, Job storage job, JobHead head, address worker) private {
        // Check: in time, by whom the issuer wants, with the bond.
        uint256 claimBy = head.deadlineOf();
        _requireInTime(claimBy);
        JobStake stake = job.stake;
        if (head.has(FLAG_PAYEE)) {
            if (worker != stake.workerOf()) revert JobFactory_NotPayee(stake.workerOf(), worker);
        } else {
            if (worker == head.issuerOf() || worker == _verifierOf(job, head)) revert JobFactory_RolesCollide(worker);
            if (!REGISTRY.isActiveWorker(worker)) revert JobFactory_WorkerNotActive(worker);
            job.stake = stake.withWorker(worker);
        }
        JobRules rules = job.rules;
        uint256 bond = rules.bondOf();
        Payments.collect(address(0), msg.sender, bond);
        // Effect: what is left to claim is kept, in case the worker gives the job back.
        uint256 workBy = block.timestamp + rules.workDurationOf();
        head = head.at(JobStatus.Claimed, workBy).withClaimLeft(claimBy - block.timestamp);
        if (bond != 0 && msg.sender != worker) {
            head = head.withFlag(FLAG_FUNDER);
            job.bondFunder = msg.sender;
        }
        job.head = head;
        // Log.
        emit JobClaimed(jobId, worker, head.roundOf(), workBy, bond, bond == 0 ? address(0) : msg.sender);
    }

    // -------------------------------------------------------------------------------------------------- giving back

    /// @inheritdoc IJobFactory
    function releaseClaim(uint256 jobId) external override nonReentrant {
        (Job storage job, JobHead head, address worker) = _workedOn(jobId);
        if (msg.sender != worker) revert JobFactory_NotWorker(worker, msg.sender);
        _release(jobId, job, head, worker);
    }

    /// @inheritdoc IJobFactory
    function releaseClaimBySig(uint256 jobId, uint256 deadline, bytes calldata signature)
        external
        override
        nonReentrant
    {
        (Job storage job, JobHead head, address worker) = _workedOn(jobId);
        bytes32 digest = releaseClaimDigest(jobId, head.roundOf(), worker, _takeNonce(worker), deadline);
        _requireSigned(worker, digest, deadline, signature);
        _release(jobId, job, head, worker);
    }

    function _release(uint256 jobId, Job storage job, JobHead head, address worker) private {
        // Effect: the round's own time to claim goes on, as if nobody had claimed.
        JobRules rules = job.rules;
        uint256 bond = rules.bondOf();
        uint256 claimedAt = head.deadlineOf() - rules.workDurationOf();
        uint256 claimBy = claimedAt + head.claimLeftOf();
        head = head.at(JobStatus.Open, claimBy).withoutFlag(FLAG_FUNDER);
        // Log.
        emit ClaimReleased(jobId, worker, head.roundOf(), claimBy, bond);
        // Effect.
        _credit(head.issuerOf(), address(0), bond);
        if (block.timestamp > claimBy) _endExpired(jobId, job, head, 0);
        else job.head = head;
    }

    // --------------------------------------------------------------------------------------------------- submitting

    /// @inheritdoc IJobFactory
    function submitWork(uint256 jobId, bytes32 workHash) external override nonReentrant {
        (Job storage job, JobHead head, address worker) = _workedOn(jobId);
        if (msg.sender != worker) revert JobFactory_NotWorker(worker, msg.sender);
        _submit(jobId, job, head, worker, workHash);
    }

    /// @inheritdoc IJobFactory
    function submitWorkBySig(uint256 jobId, bytes32 workHash, uint256 deadline, bytes calldata signature)
        external
        override
        nonReentrant
    {
        (Job storage job, JobHead head, address worker) = _workedOn(jobId);
        bytes32 digest = submitWorkDigest(jobId, head.roundOf(), worker, workHash, deadline);
        _requireSigned(worker, digest, deadline, signature);
        _submit(jobId, job, head, worker, workHash);
    }

    function _submit(uint256 jobId, Job storage job, JobHead head, address worker, bytes32 workHash) private {
        // Check.
        if (workHash == 0) revert JobFactory_WorkHashZero();
        // Effect: the bond has done its work.
        JobRules rules = job.rules;
        uint256 bond = rules.bondOf();
        uint256 reviewBy = block.timestamp + rules.reviewDurationOf();
        job.rules = rules.withWorkHash(workHash);
        job.head = head.at(JobStatus.Submitted, reviewBy).withoutFlag(FLAG_FUNDER);
        // Log.
        emit WorkSubmitted(jobId, worker, head.roundOf(), workHash, reviewBy, bond);
        // Effect.
        if (bond != 0) _credit(head.has(FLAG_FUNDER) ? job.bondFunder : worker, address(0), bond);
    }

    /// @dev A claimed job whose worker is in time.
    function _workedOn(uint256 jobId) private view returns (Job storage job, JobHead head, address worker) {
        (job, head) = _jobIn(JobStatus.Claimed, jobId);
        _requireInTime(head.deadlineOf());
        worker = job.stake.workerOf();
    }
}
