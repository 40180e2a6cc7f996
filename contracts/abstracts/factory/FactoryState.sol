// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {IWorkerRegistry} from "../../../interfaces/IWorkerRegistry.sol";
import {FLAG_EVALUATOR, Job, JobHead} from "../../types/JobWords.sol";

/// @title What every part of the job factory stands on: storage, immutables and the look-up of a job
/// @dev The order of the bases matters for gas: the counters share a slot with `_paused`.
abstract contract FactoryState is IJobFactory, EIP712, Ownable2Step, Pausable, ReentrancyGuardTransient {
    uint256 internal constant MAX_CLAIM_DURATION = 30 days;
    uint256 internal constant MAX_WORK_DURATION = 30 days;
    uint256 internal constant MAX_REVIEW_DURATION = 14 days;
    uint256 internal constant MAX_FEE_BPS = 1000;
    uint256 internal constant BPS = 10_000;

    IWorkerRegistry internal immutable REGISTRY;
    uint256 internal immutable MIN_CLAIM_DURATION;
    uint256 internal immutable MIN_WORK_DURATION;
    uint256 internal immutable MIN_REVIEW_DURATION;
    uint256 internal immutable FEE_BPS;

    // One slot with Ownable2Step's pending owner and Pausable's flag.
    uint40 internal _jobCount;
    uint8 internal _tokenCount; // id 0 is ETH

    // Slither does not see that its fields are written through a storage pointer.
    // slither-disable-next-line uninitialized-state
    mapping(uint256 jobId => Job) internal _jobs;

    constructor(IWorkerRegistry registry_, address owner, Parameters memory params)
        EIP712("Provenwork JobFactory", "1")
        Ownable(owner)
    {
        if (address(registry_) == address(0)) revert JobFactory_ZeroAddress();
        _wholeMinutes(params.minClaimDuration, 1 minutes, MAX_CLAIM_DURATION);
        _wholeMinutes(params.minWorkDuration, 1 minutes, MAX_WORK_DURATION);
        _wholeMinutes(params.minReviewDuration, 1 minutes, MAX_REVIEW_DURATION);
        if (params.feeBps > MAX_FEE_BPS) revert JobFactory_FeeTooHigh(MAX_FEE_BPS, params.feeBps);

        REGISTRY = registry_;
        MIN_CLAIM_DURATION = params.minClaimDuration;
        MIN_WORK_DURATION = params.minWorkDuration;
        MIN_REVIEW_DURATION = params.minReviewDuration;
        FEE_BPS = params.feeBps;
    }

    /// @dev A duration as it is stored.
    function _wholeMinutes(uint256 duration, uint256 min, uint256 max) internal pure returns (uint256) {
        if (duration < min || duration > max) revert JobFactory_DurationOutOfRange(min, max, duration);
        if (duration % 1 minutes != 0) revert JobFactory_DurationNotWholeMinutes(duration);
        return duration / 1 minutes;
    }

    /// @dev A job in that status, and its first word.
    function _jobIn(JobStatus status, uint256 jobId) internal view returns (Job storage job, JobHead head) {
        job = _jobs[jobId];
        head = job.head;
        if (head.statusOf() != status) revert JobFactory_WrongStatus(jobId, status, head.statusOf());
    }

    function _verifierOf(Job storage job, JobHead head) internal view returns (address) {
        return head.has(FLAG_EVALUATOR) ? job.evaluator : head.issuerOf();
    }

    /// @dev Whoever must act has until `<=` its deadline.
    function _requireInTime(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert JobFactory_TooLate(deadline, block.timestamp);
    }

    /// @dev Everybody else acts from `>`.
    function _requireOver(uint256 deadline) internal view {
        if (block.timestamp <= deadline) revert JobFactory_TooEarly(deadline + 1, block.timestamp);
    }
}
