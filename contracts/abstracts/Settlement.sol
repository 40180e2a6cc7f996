// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Payments} from "../libraries/Payments.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {Claim, Evidence, FLAG_ABANDONED, FLAG_CLAIM, FLAG_PROMPT, Head, Rules} from "../types/SessionWords.sol";
import {DisputeEndings} from "./DisputeEndings.sol";

/// @title How evidence becomes money: checkpoints, and the one body of every closing
abstract contract Settlement is IJobMarketplaceMain, DisputeEndings {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    /// @inheritdoc IJobMarketplaceMain
    function checkpoint(uint256 jobId) external nonReentrant returns (uint256 paid) {
        (Session storage s, Head head) = _openSession(jobId);
        Sessions.Snapshot memory x = s.read(head);
        // Check: something is due. A few tokens can cost nothing; they wait for more.
        uint256 tokens = x.payableTokens(CHALLENGE_WINDOW);
        if (x.dueRoundedDown(tokens) == x.dueRoundedDown(x.head.settledOf())) revert JobMarketplace_NothingDue(jobId);
        // Effect and log.
        return _settle(jobId, s, x, tokens);
    }

    /// @dev Credits the host up to `tokens`, which must be payable and no fewer than were settled.
    function _settle(uint256 jobId, Session storage s, Sessions.Snapshot memory x, uint256 tokens)
        internal
        returns (uint256 payment)
    {
        Head head = x.head;
        payment = x.dueRoundedDown(tokens) - x.dueRoundedDown(head.settledOf());
        s.head = head.withSettled(tokens);
        _earned[x.rules.hostOf()][_tokenAt(head)] += payment;
        emit CheckpointProcessed(jobId, tokens - head.settledOf(), payment);
    }

    /// @dev After any evidence: answers an open dispute that it decides, and settles once an interval is due.
    function _afterEvidence(uint256 jobId, Session storage s, Head head, Rules rules, Evidence evidence) internal {
        if (head.isDisputed()) head = _answerDispute(jobId, s, head, evidence);
        _settleInterval(jobId, s, head, rules, evidence);
    }

    /// @dev Of a session in dispute. Past the deadline nothing answers it: it waits for {expireDispute}.
    /// @return The head as it is afterwards.
    function _answerDispute(uint256 jobId, Session storage s, Head head, Evidence evidence)
        internal
        returns (Head)
    {
        if (block.timestamp > s.dispute.deadlineOf() || evidence.witnessed() < s.claim.claimedOf()) return head;
        _endAnswered(jobId, s);
        return s.head;
    }

    function _settleInterval(uint256 jobId, Session storage s, Head head, Rules rules, Evidence evidence) private {
        // Without a claim, what is covered is what was witnessed.
        // Zero is no claim.
        // slither-disable-next-line uninitialized-local
        Claim claim;
        uint256 covered = evidence.witnessed();
        if (head.has(FLAG_CLAIM)) {
            claim = s.claim;
            covered = Sessions.covered(head, evidence, claim, CHALLENGE_WINDOW);
        }
        _settleCovered(jobId, s, head, rules, evidence, claim, covered);
    }

    /// @dev Settles if at least one interval is payable. The first comparison spares most calls the second one's look at
    /// the money. A prompt job is settled when it closes.
    function _settleCovered(
        uint256 jobId,
        Session storage s,
        Head head,
        Rules rules,
        Evidence evidence,
        Claim claim,
        uint256 covered
    ) internal {
        uint256 threshold;
        // 64 bits and 16.
        unchecked {
            threshold = head.settledOf() + rules.proofIntervalOf();
        }
        if (covered < threshold || head.has(FLAG_PROMPT)) return;
        Sessions.Snapshot memory x = Sessions.Snapshot(head, rules, s.stake, evidence, claim);
        uint256 tokens = Math.min(covered, x.limit(evidence.ackedOf()));
        if (tokens >= threshold) _settle(jobId, s, x, tokens);
    }

    /// @dev Ends a dispute whose time is over, or whose circuit was revoked within it.
    function _expireDisputeIfDue(uint256 jobId, Session storage s, Head head) internal returns (bool expired) {
        return head.isDisputed() && _expireIfDue(jobId, s);
    }

    /// @dev The label of a closing that the parties made, rather than the clock.
    function _closedStatus(Head head) internal pure returns (SessionStatus) {
        return head.has(FLAG_ABANDONED) ? SessionStatus.Abandoned : SessionStatus.Completed;
    }

    /// @dev The body of every closing: pays the host for `tokens`, refunds the user, and is final.
    /// @param x The session as it stands.
    /// @param status The final status.
    /// @param tokens What is paid for in total: payable, and no fewer than were settled.
    function _close(
        uint256 jobId,
        Session storage s,
        Sessions.Snapshot memory x,
        SessionStatus status,
        uint256 tokens
    ) internal {
        // Effect: a claim that is still contested is dropped, and its bond goes back.
        if (x.head.isDisputed()) _endDropped(jobId, s, x);
        uint256 settled = x.head.settledOf();
        uint256 due = x.dueRoundedDown(tokens);
        uint256 payment = due - x.dueRoundedDown(settled);
        uint256 refund = x.stake.depositOf() - due;
        address token = _tokenAt(x.head);
        s.head = x.head.withSettled(tokens).withStatus(status);
        if (payment != 0) _earned[x.rules.hostOf()][token] += payment;
        // Log.
        if (status == SessionStatus.Completed) emit SessionCompleted(jobId, tokens - settled, payment, refund);
        else if (status == SessionStatus.TimedOut) emit SessionTimedOut(jobId, tokens - settled, payment, refund);
        else emit SessionAbandoned(jobId, tokens - settled, payment, refund);
        // Interaction: what the user gets back; what cannot be pushed becomes a credit.
        address user = x.head.userOf();
        if (refund != 0 && !Payments.push(token, user, refund)) _credit(user, token, refund);
    }
}
