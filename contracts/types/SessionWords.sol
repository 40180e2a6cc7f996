// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceTypes} from "../../interfaces/IJobMarketplaceTypes.sol";

// The packed words of a session. Each is read from storage once, taken apart on the stack, and written whole: the fields
// of a storage struct would be read and masked one by one. Fields are named from the lowest bits up, as Solidity packs.

/// @dev Slot 0, all that a closing writes: user 160 | settled 64 | tokenId 16 | status 8 | flags 8.
type Head is uint256;

/// @dev Slot 1, what evidence is judged by: host 160 | endsAt 40 | proofInterval 16 | unused 8 | circuitId 32.
type Rules is uint256;

/// @dev Slot 2, what bounds the money: price 64 | deposit 96 | openedAt 40 | closingAt 40 | maxTokensPerSecond 16. Evidence
/// that settles nothing need not read it.
type Stake is uint256;

/// @dev Slot 3, from the first evidence on: proven 64 | acked 64 | lastEvidenceAt 40 | proofCount 32 | unused 56.
type Evidence is uint256;

/// @dev Slot 4, from the first claim on: matured 64 | claimed 64 | claimedAt 40 | unused 88.
type Claim is uint256;

/// @dev Slot 5, while a claim is contested: challenger 160 | bond in gwei 40 | deadline 40 | the proof count when it was
/// contested, modulo 2^11 | the number of proofs that the bond was asked for 5.
type Dispute is uint256;

using {userOf, settledOf, tokenIdOf, statusOf, has, isOpen, isDisputed, withSettled, withStatus, withFlags} for Head global;
using {hostOf, endsAtOf, proofIntervalOf, circuitIdOf, withEndsAt} for Rules global;
using {priceOf, depositOf, openedAtOf, closingAtOf, maxTokensPerSecondOf, withDeposit, withClosingAt} for Stake global;
using {provenOf, ackedOf, lastEvidenceAtOf, proofCountOf, witnessed, withProven, withAcked} for Evidence global;
using {maturedOf, claimedOf, claimedAtOf, withMatured, withClaimed} for Claim global;
using {challengerOf, bondOf, deadlineOf, paidProofs} for Dispute global;

// Compared as raw numbers: converting to the enum would check a range that the writes guarantee.
uint256 constant STATUS_ACTIVE = 0;
uint256 constant STATUS_DISPUTED = 3;

uint256 constant MASK_11 = 0x7ff;
uint256 constant MASK_16 = type(uint16).max;
uint256 constant MASK_32 = type(uint32).max;
uint256 constant MASK_40 = type(uint40).max;
uint256 constant MASK_64 = type(uint64).max;
uint256 constant MASK_96 = type(uint96).max;

// ------------------------------------------------------------------------------------------------------------- flags

uint256 constant FLAG_PROMPT = 1 << 0; // one unit for the whole deposit
uint256 constant FLAG_CLOSING = 1 << 1; // closingAt is set
uint256 constant FLAG_CLAIM = 1 << 2; // slot 4 is in use
uint256 constant FLAG_ABANDONED = 1 << 3; // closes as Abandoned
uint256 constant FLAG_CLAIMS_OFF = 1 << 4; // a claim went unanswered
uint256 constant FLAG_SIGNER = 1 << 5; // slot 6 is in use
uint256 constant FLAG_WATCHER = 1 << 6; // slot 7 is in use
uint256 constant FLAG_ARBITER = 1 << 7; // slot 8 names an arbiter

// -------------------------------------------------------------------------------------------------------------- head

function packHead(address user, uint256 tokenId, uint256 flags) pure returns (Head) {
    // Settled nothing; SessionStatus.Active is 0.
    return Head.wrap(uint160(user) | tokenId << 224 | flags << 248);
}

function userOf(Head head) pure returns (address) {
    return address(uint160(Head.unwrap(head)));
}

function settledOf(Head head) pure returns (uint256) {
    return Head.unwrap(head) >> 160 & MASK_64;
}

function tokenIdOf(Head head) pure returns (uint256) {
    return Head.unwrap(head) >> 224 & MASK_16;
}

function statusOf(Head head) pure returns (IJobMarketplaceTypes.SessionStatus) {
    return IJobMarketplaceTypes.SessionStatus(uint8(Head.unwrap(head) >> 240));
}

function has(Head head, uint256 flag) pure returns (bool) {
    return Head.unwrap(head) & flag << 248 != 0;
}

/// @dev Active or Disputed.
function isOpen(Head head) pure returns (bool) {
    uint256 status = Head.unwrap(head) >> 240 & 0xff;
    return status == STATUS_ACTIVE || status == STATUS_DISPUTED;
}

function isDisputed(Head head) pure returns (bool) {
    return Head.unwrap(head) >> 240 & 0xff == STATUS_DISPUTED;
}

function withSettled(Head head, uint256 settled) pure returns (Head) {
    return Head.wrap(Head.unwrap(head) & ~(MASK_64 << 160) | settled << 160);
}

function withStatus(Head head, IJobMarketplaceTypes.SessionStatus status) pure returns (Head) {
    return Head.wrap(Head.unwrap(head) & ~(uint256(0xff) << 240) | uint256(status) << 240);
}

function withFlags(Head head, uint256 flags) pure returns (Head) {
    return Head.wrap(Head.unwrap(head) | flags << 248);
}

// ------------------------------------------------------------------------------------------------------------- rules

function packRules(address host, uint256 endsAt, uint256 proofInterval, uint256 circuitId) pure returns (Rules) {
    return Rules.wrap(uint160(host) | endsAt << 160 | proofInterval << 200 | circuitId << 224);
}

function hostOf(Rules rules) pure returns (address) {
    return address(uint160(Rules.unwrap(rules)));
}

/// @dev When the session stops by itself.
function endsAtOf(Rules rules) pure returns (uint256) {
    return Rules.unwrap(rules) >> 160 & MASK_40;
}

function proofIntervalOf(Rules rules) pure returns (uint256) {
    return Rules.unwrap(rules) >> 200 & MASK_16;
}

function circuitIdOf(Rules rules) pure returns (uint32) {
    return uint32(Rules.unwrap(rules) >> 224);
}

function withEndsAt(Rules rules, uint256 endsAt) pure returns (Rules) {
    return Rules.wrap(Rules.unwrap(rules) & ~(MASK_40 << 160) | endsAt << 160);
}

// ------------------------------------------------------------------------------------------------------------- stake

function packStake(uint256 price, uint256 deposit, uint256 openedAt, uint256 maxTokensPerSecond) pure returns (Stake) {
    // Nobody asked to close: closingAt is 0.
    return Stake.wrap(price | deposit << 64 | openedAt << 160 | maxTokensPerSecond << 240);
}

function priceOf(Stake stake) pure returns (uint256) {
    return Stake.unwrap(stake) & MASK_64;
}

function depositOf(Stake stake) pure returns (uint256) {
    return Stake.unwrap(stake) >> 64 & MASK_96;
}

function openedAtOf(Stake stake) pure returns (uint256) {
    return Stake.unwrap(stake) >> 160 & MASK_40;
}

/// @dev When the user asked to close; 0 before.
function closingAtOf(Stake stake) pure returns (uint256) {
    return Stake.unwrap(stake) >> 200 & MASK_40;
}

function maxTokensPerSecondOf(Stake stake) pure returns (uint256) {
    return Stake.unwrap(stake) >> 240;
}

function withDeposit(Stake stake, uint256 deposit) pure returns (Stake) {
    return Stake.wrap(Stake.unwrap(stake) & ~(MASK_96 << 64) | deposit << 64);
}

function withClosingAt(Stake stake, uint256 closingAt) pure returns (Stake) {
    return Stake.wrap(Stake.unwrap(stake) & ~(MASK_40 << 200) | closingAt << 200);
}

// ---------------------------------------------------------------------------------------------------------- evidence

function provenOf(Evidence evidence) pure returns (uint256) {
    return Evidence.unwrap(evidence) & MASK_64;
}

function ackedOf(Evidence evidence) pure returns (uint256) {
    return Evidence.unwrap(evidence) >> 64 & MASK_64;
}

function lastEvidenceAtOf(Evidence evidence) pure returns (uint256) {
    return Evidence.unwrap(evidence) >> 128 & MASK_40;
}

function proofCountOf(Evidence evidence) pure returns (uint256) {
    return Evidence.unwrap(evidence) >> 168 & MASK_32;
}

/// @dev What was shown by proof or signature: max(proven, acked).
function witnessed(Evidence evidence) pure returns (uint256) {
    uint256 proven = provenOf(evidence);
    uint256 acked = ackedOf(evidence);
    return proven > acked ? proven : acked;
}

/// @dev `count` more proofs reach `proven` at `time`.
function withProven(Evidence evidence, uint256 proven, uint256 count, uint256 time) pure returns (Evidence) {
    uint256 kept = Evidence.unwrap(evidence) & ~(MASK_64 | MASK_40 << 128);
    return Evidence.wrap((kept | proven | time << 128) + (count << 168));
}

function withAcked(Evidence evidence, uint256 acked, uint256 time) pure returns (Evidence) {
    uint256 kept = Evidence.unwrap(evidence) & ~(MASK_64 << 64 | MASK_40 << 128);
    return Evidence.wrap(kept | acked << 64 | time << 128);
}

// ------------------------------------------------------------------------------------------------------------- claim

function packClaim(uint256 matured, uint256 claimed, uint256 claimedAt) pure returns (Claim) {
    return Claim.wrap(matured | claimed << 64 | claimedAt << 128);
}

function maturedOf(Claim claim) pure returns (uint256) {
    return Claim.unwrap(claim) & MASK_64;
}

function claimedOf(Claim claim) pure returns (uint256) {
    return Claim.unwrap(claim) >> 64 & MASK_64;
}

function claimedAtOf(Claim claim) pure returns (uint256) {
    return Claim.unwrap(claim) >> 128 & MASK_40;
}

function withMatured(Claim claim, uint256 matured) pure returns (Claim) {
    return Claim.wrap(Claim.unwrap(claim) & ~MASK_64 | matured);
}

function withClaimed(Claim claim, uint256 claimed) pure returns (Claim) {
    return Claim.wrap(Claim.unwrap(claim) & ~(MASK_64 << 64) | claimed << 64);
}

// ----------------------------------------------------------------------------------------------------------- dispute

/// @param bond In wei, a whole number of gwei below 2^40.
/// @param quoted The proofs that the bond was asked for, at most 16.
function packDispute(address challenger, uint256 bond, uint256 deadline, uint256 proofCount, uint256 quoted)
    pure
    returns (Dispute)
{
    uint256 counts = (proofCount & MASK_11) << 240 | quoted << 251;
    return Dispute.wrap(uint160(challenger) | bond / 1 gwei << 160 | deadline << 200 | counts);
}

function challengerOf(Dispute dispute) pure returns (address) {
    return address(uint160(Dispute.unwrap(dispute)));
}

/// @dev In wei.
function bondOf(Dispute dispute) pure returns (uint256) {
    return (Dispute.unwrap(dispute) >> 160 & MASK_40) * 1 gwei;
}

function deadlineOf(Dispute dispute) pure returns (uint256) {
    return Dispute.unwrap(dispute) >> 200 & MASK_40;
}

/// @dev For how many proofs the challenger pays: those accepted since, but no more than the bond was asked for, or a host
/// could spend the bond on proofs of one token. Eleven bits are enough: 2,048 proofs fill 60 blocks, and a wrong count
/// only moves the bond's parts.
function paidProofs(Dispute dispute, uint256 proofCount) pure returns (uint256) {
    uint256 quoted = Dispute.unwrap(dispute) >> 251;
    uint256 accepted;
    unchecked {
        accepted = (proofCount - (Dispute.unwrap(dispute) >> 240)) & MASK_11;
    }
    return accepted < quoted ? accepted : quoted;
}
