// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactory} from "../interfaces/IJobFactory.sol";
import {IWorkerRegistry} from "../interfaces/IWorkerRegistry.sol";
import {FactoryState} from "./abstracts/factory/FactoryState.sol";
import {JobLedger} from "./abstracts/factory/JobLedger.sol";
import {Posting} from "./abstracts/factory/Posting.sol";
import {Verdicts} from "./abstracts/factory/Verdicts.sol";
import {Work} from "./abstracts/factory/Work.sol";
import {FLAG_FUNDER, FLAG_PAYEE, Job, JobHead, JobRules, JobStake} from "./types/JobWords.sol";

/// @title One-shot jobs; see IJobFactory
/// @notice One concern per abstract contract: Posting, Work (claim, give back, submit), Verdicts, Endings (without a verdict), Intents
/// (signatures), Operators, over the books (JobLedger) and the storage (FactoryState, in the words of JobWords).
contract JobFactory is Posting, Work, Verdicts {
    constructor(IWorkerRegistry registry_, address treasury_, address owner, Parameters memory params)
        FactoryState(registry_, owner, params)
        JobLedger(treasury_)
    {}

    /// @inheritdoc IJobFactory
    function pause() external override onlyOwner {
        _pause();
    }

    /// @inheritdoc IJobFactory
    function unpause() external override onlyOwner {
        _unpause();
    }

    /// @inheritdoc IJobFactory
    function getJob(uint256 jobId) external view override returns (JobDetails memory details) {
        Job storage job = _jobs[jobId];
        JobHead head = job.head;
        JobStake stake = job.stake;
        JobRules rules = job.rules;
        details.issuer = head.issuerOf();
        details.payee = head.has(FLAG_PAYEE) ? stake.workerOf() : address(0);
        details.verifier = _verifierOf(job, head);
        details.token = _tokenAt(head);
        details.status = head.statusOf();
        details.worker = _hasWorker(details.status) ? stake.workerOf() : address(0);
        details.round = head.roundOf();
        details.amount = stake.amountOf();
        details.deadline = head.deadlineOf();
        details.claimDuration = rules.claimDurationOf();
        details.workDuration = rules.workDurationOf();
        details.reviewDuration = rules.reviewDurationOf();
        details.claimBond = rules.bondOf();
        if (details.status == JobStatus.Claimed && details.claimBond != 0) {
            details.bondFunder = head.has(FLAG_FUNDER) ? job.bondFunder : details.worker;
        }
        details.rejectFeeBps = head.rejectFeeBpsOf();
        details.workHash = rules.workHashOf();
    }

    /// @inheritdoc IJobFactory
    function jobCount() external view override returns (uint256) {
        return _jobCount;
    }

    /// @inheritdoc IJobFactory
    function registry() external view override returns (address) {
        return address(REGISTRY);
    }

    /// @inheritdoc IJobFactory
    function parameters() external view override returns (Parameters memory) {
        return Parameters({
            minClaimDuration: MIN_CLAIM_DURATION,
            minWorkDuration: MIN_WORK_DURATION,
            minReviewDuration: MIN_REVIEW_DURATION,
            feeBps: FEE_BPS
        });
    }

    /// @dev Slot 1 may name somebody else: the payee, or who gave an open job back.
    function _hasWorker(JobStatus status) private pure returns (bool) {
        return status >= JobStatus.Claimed && status <= JobStatus.Rejected;
    }
}
