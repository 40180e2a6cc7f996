// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Claim, Dispute, Evidence, FLAG_CLAIM, FLAG_PROMPT, Head, Rules, Stake} from "../types/SessionWords.sol";

/// @dev A session in storage, packed by which call touches what: a closing writes slot 0 only, a voucher slot 3, a claim
/// slot 4. Slots beyond are written only where they are needed; the head's flags say which are in use.
struct Session {
    Head head; // slot 0
    Rules rules; // slot 1
    Stake stake; // slot 2
    Evidence evidence; // slot 3
    Claim claim; // slot 4
    Dispute dispute; // slot 5
    // slot 6: if FLAG_SIGNER
    address voucherSigner;
    uint64 voucherCap;
    // slot 7: if FLAG_WATCHER
    address watcher;
    // slot 8: if FLAG_ARBITER, or a prompt job with a circuit
    address arbiter;
    uint64 minTokens;
    // slot 9: a prompt job with a circuit
    uint256 inputCommitment;
    // slot 10: keccak256(previous, instances hash) over the accepted proofs: a digest, not a verification
    bytes32 aggregateProofHash;
    // slot 11: one word per proof: tokens 56 | time 40 | upper 160 bits of the instances hash
    mapping(uint256 index => bytes32) proofs;
}

/// @dev A payment token's terms, in one slot.
struct TokenTerms {
    uint96 minimumDeposit;
    uint16 id;
    bool allowed;
}

/// @title The definitions of IJobMarketplace, over the words of a session
library Sessions {
    /// @dev The words of a session, read once.
    struct Snapshot {
        Head head;
        Rules rules;
        Stake stake;
        Evidence evidence;
        Claim claim;
    }

    /// @dev Prices are base units per this many tokens.
    uint256 internal constant PRICE_UNIT = 1e6;

    function read(Session storage s) internal view returns (Snapshot memory) {
        return read(s, s.head);
    }

    /// @dev The same for a caller that holds the head as it stands.
    function read(Session storage s, Head head) internal view returns (Snapshot memory) {
        return Snapshot(head, s.rules, s.stake, s.evidence, readClaim(s, head));
    }

    /// @notice Slot 4, which is zero and not worth reading before the first claim.
    function readClaim(Session storage s, Head head) internal view returns (Claim) {
        return head.has(FLAG_CLAIM) ? s.claim : Claim.wrap(0);
    }

    /// @notice What stands whatever becomes of the last claim: max(proven, acked, matured).
    function standing(Evidence evidence, Claim claim) internal pure returns (uint256) {
        return Math.max(evidence.witnessed(), claim.maturedOf());
    }

    /// @notice All tokens that evidence covers now; a position, never clamped by the deposit.
    function covered(Head head, Evidence evidence, Claim claim, uint256 challengeWindow)
        internal
        view
        returns (uint256 tokens)
    {
        tokens = standing(evidence, claim);
        if (!head.isDisputed() && block.timestamp > claim.claimedAtOf() + challengeWindow) {
            tokens = Math.max(tokens, claim.claimedOf());
        }
    }

    function covered(Snapshot memory x, uint256 challengeWindow) internal view returns (uint256) {
        return covered(x.head, x.evidence, x.claim, challengeWindow);
    }

    /// @notice Whether the last claim is undecided: beyond the evidence, and in its window or contested.
    function hasLiveClaim(Snapshot memory x, uint256 challengeWindow) internal view returns (bool) {
        return x.claim.claimedOf() > standing(x.evidence, x.claim)
            && (x.head.isDisputed() || block.timestamp <= x.claim.claimedAtOf() + challengeWindow);
    }

    /// @notice When the session stops, or stopped: closingAt, or else endsAt.
    function endTime(Snapshot memory x) internal pure returns (uint256) {
        uint256 closingAt = x.stake.closingAtOf();
        return closingAt != 0 ? closingAt : x.rules.endsAtOf();
    }

    /// @notice The most tokens that can be paid now if `acked` of them are acknowledged.
    function limit(Snapshot memory x, uint256 acked) internal view returns (uint256) {
        if (x.head.has(FLAG_PROMPT)) return 1;
        Stake stake = x.stake;
        // Sums and products of fields far narrower than a word: nothing can overflow, and the opening is in the past.
        unchecked {
            uint256 elapsed = Math.min(block.timestamp, endTime(x)) - stake.openedAtOf();
            uint256 exposed = Math.max(acked, stake.maxTokensPerSecondOf() * elapsed) + x.rules.proofIntervalOf();
            return Math.min(stake.depositOf() * PRICE_UNIT / stake.priceOf(), exposed);
        }
    }

    /// @notice The tokens that can be paid now: covered, within the limit.
    function payableTokens(Snapshot memory x, uint256 challengeWindow) internal view returns (uint256) {
        return Math.min(covered(x, challengeWindow), limit(x, x.evidence.ackedOf()));
    }

    /// @notice What the first `tokens` cost in total, rounded down, so that rounding favours the payer and never adds up.
    function dueRoundedDown(Snapshot memory x, uint256 tokens) internal pure returns (uint256) {
        if (x.head.has(FLAG_PROMPT)) return tokens == 0 ? 0 : x.stake.depositOf();
        // Tokens and price fit 64 bits each.
        unchecked {
            return tokens * x.stake.priceOf() / PRICE_UNIT;
        }
    }
}
