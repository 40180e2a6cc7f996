// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactoryTypes} from "../../interfaces/IJobFactoryTypes.sol";

// The packed words of a one-shot job. Each is read from storage once, taken apart on the stack, and written whole. Fields are
// named from the lowest bits up, as Solidity packs.

/// @dev Slot 0, where the job stands: issuer 160 | deadline 40 | claimLeft 22 | rejectFeeBps 14 | tokenId 8 | status 4 |
/// round 2 | flags 6. The deadline is that of the present status; claimLeft is how many seconds were left to claim when the
/// job was claimed, for a worker that gives it back.
type JobHead is uint256;

/// @dev Slot 1: worker 160 | amount 96. The worker is the payee if one is named; if not, it means nothing until
/// the job is claimed.
type JobStake is uint256;

/// @dev Slot 2: claim, work and review durations in minutes, 16 each | bond in gwei 48 | upper 160 bits of the work's hash.
type JobRules is uint256;

/// @dev A job in storage, packed by which call touches what. Slots beyond the third are written only where they are needed; the
/// head's flags say which are in use.
struct Job {
    JobHead head; // slot 0
    JobStake stake; // slot 1
    JobRules rules; // slot 2
    address evaluator; // slot 3: if FLAG_EVALUATOR
    address bondFunder; // slot 4: if FLAG_FUNDER
}

using {issuerOf, deadlineOf, claimLeftOf, rejectFeeBpsOf, tokenIdOf, statusOf, roundOf, has, at, withClaimLeft, withNextRound, withFlag, withoutFlag} for JobHead global;
using {workerOf, amountOf, withWorker, withAmount} for JobStake global;
using {claimDurationOf, workDurationOf, reviewDurationOf, bondOf, workHashOf, withWorkHash} for JobRules global;

uint256 constant MASK_2 = 0x3;
uint256 constant MASK_4 = 0xf;
uint256 constant MASK_8 = type(uint8).max;
uint256 constant MASK_14 = 0x3fff;
uint256 constant MASK_16 = type(uint16).max;
uint256 constant MASK_22 = 0x3fffff;
uint256 constant MASK_40 = type(uint40).max;
uint256 constant MASK_48 = type(uint48).max;
uint256 constant MASK_96 = type(uint96).max;

// ------------------------------------------------------------------------------------------------------------- flags

uint256 constant FLAG_PAYEE = 1 << 250; // only the worker of slot 1 may claim
uint256 constant FLAG_EVALUATOR = 1 << 251; // slot 3 is in use
uint256 constant FLAG_FUNDER = 1 << 252; // slot 4 is in use: the bond is not the worker's

// -------------------------------------------------------------------------------------------------------------- head

/// @dev An open job in its first round.
function packJobHead(address issuer, uint256 claimBy, uint256 rejectFeeBps, uint256 tokenId, uint256 flags)
    pure
    returns (JobHead)
{
    uint256 place = uint256(IJobFactoryTypes.JobStatus.Open) << 244 | 1 << 248;
    return JobHead.wrap(uint160(issuer) | claimBy << 160 | rejectFeeBps << 222 | tokenId << 236 | place | flags);
}

function issuerOf(JobHead head) pure returns (address) {
    return address(uint160(JobHead.unwrap(head)));
}

/// @dev The last second to claim, to submit or to judge; 0 once the job is final.
function deadlineOf(JobHead head) pure returns (uint256) {
    return JobHead.unwrap(head) >> 160 & MASK_40;
}

function claimLeftOf(JobHead head) pure returns (uint256) {
    return JobHead.unwrap(head) >> 200 & MASK_22;
}

function rejectFeeBpsOf(JobHead head) pure returns (uint256) {
    return JobHead.unwrap(head) >> 222 & MASK_14;
}

function tokenIdOf(JobHead head) pure returns (uint256) {
    return JobHead.unwrap(head) >> 236 & MASK_8;
}

function statusOf(JobHead head) pure returns (IJobFactoryTypes.JobStatus) {
    return IJobFactoryTypes.JobStatus(JobHead.unwrap(head) >> 244 & MASK_4);
}

function roundOf(JobHead head) pure returns (uint256) {
    return JobHead.unwrap(head) >> 248 & MASK_2;
}

function has(JobHead head, uint256 flag) pure returns (bool) {
    return JobHead.unwrap(head) & flag != 0;
}

/// @dev The head in another status, with that status's deadline.
function at(JobHead head, IJobFactoryTypes.JobStatus status, uint256 deadline) pure returns (JobHead) {
    uint256 kept = JobHead.unwrap(head) & ~(MASK_40 << 160 | MASK_4 << 244);
    return JobHead.wrap(kept | deadline << 160 | uint256(status) << 244);
}

function withClaimLeft(JobHead head, uint256 claimLeft) pure returns (JobHead) {
    return JobHead.wrap(JobHead.unwrap(head) & ~(MASK_22 << 200) | claimLeft << 200);
}

/// @dev The caller makes sure that the round is not the third.
function withNextRound(JobHead head) pure returns (JobHead) {
    unchecked {
        return JobHead.wrap(JobHead.unwrap(head) + (1 << 248));
    }
}

function withFlag(JobHead head, uint256 flag) pure returns (JobHead) {
    return JobHead.wrap(JobHead.unwrap(head) | flag);
}

function withoutFlag(JobHead head, uint256 flag) pure returns (JobHead) {
    return JobHead.wrap(JobHead.unwrap(head) & ~flag);
}

// ------------------------------------------------------------------------------------------------------------- stake

function packJobStake(address worker, uint256 amount) pure returns (JobStake) {
    return JobStake.wrap(uint160(worker) | amount << 160);
}

function workerOf(JobStake stake) pure returns (address) {
    return address(uint160(JobStake.unwrap(stake)));
}

function amountOf(JobStake stake) pure returns (uint256) {
    return JobStake.unwrap(stake) >> 160;
}

function withWorker(JobStake stake, address worker) pure returns (JobStake) {
    return packJobStake(worker, amountOf(stake));
}

function withAmount(JobStake stake, uint256 amount) pure returns (JobStake) {
    return packJobStake(workerOf(stake), amount);
}

// ------------------------------------------------------------------------------------------------------------- rules

/// @dev Durations in minutes, the bond in gwei.
function packJobRules(uint256 claimMinutes, uint256 workMinutes, uint256 reviewMinutes, uint256 bondGwei)
    pure
    returns (JobRules)
{
    return JobRules.wrap(claimMinutes | workMinutes << 16 | reviewMinutes << 32 | bondGwei << 48);
}

/// @dev In seconds, as the other two.
function claimDurationOf(JobRules rules) pure returns (uint256) {
    return (JobRules.unwrap(rules) & MASK_16) * 1 minutes;
}

function workDurationOf(JobRules rules) pure returns (uint256) {
    return (JobRules.unwrap(rules) >> 16 & MASK_16) * 1 minutes;
}

function reviewDurationOf(JobRules rules) pure returns (uint256) {
    return (JobRules.unwrap(rules) >> 32 & MASK_16) * 1 minutes;
}

/// @dev In wei.
function bondOf(JobRules rules) pure returns (uint256) {
    return (JobRules.unwrap(rules) >> 48 & MASK_48) * 1 gwei;
}

/// @dev The upper 160 bits, in their place; the others are zero.
function workHashOf(JobRules rules) pure returns (bytes32) {
    return bytes32(JobRules.unwrap(rules) & ~MASK_96);
}

function withWorkHash(JobRules rules, bytes32 workHash) pure returns (JobRules) {
    return JobRules.wrap(JobRules.unwrap(rules) & MASK_96 | uint256(workHash) & ~MASK_96);
}
