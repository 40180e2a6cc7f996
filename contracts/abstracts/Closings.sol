// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Evidence, FLAG_CLOSING, Head} from "../types/SessionWords.sol";
import {Claims} from "./Claims.sol";
import {ClosingStart} from "./ClosingStart.sol";
import {Vouchers} from "./Vouchers.sol";

/// @title Every way a session ends
abstract contract Closings is ClosingStart, Claims, Vouchers {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    bytes32 internal constant CLOSE_AGREEMENT_TYPEHASH =
        keccak256("CloseAgreement(uint256 jobId,address user,address host,uint64 tokens,uint256 deadline)");
    uint256 internal constant MAX_AGREEMENT_TIME = 10 minutes;

    // ------------------------------------------------------------------------------------------------ by the parties

    /// @inheritdoc IJobMarketplaceMain
    function closeWithVoucher(uint256 jobId, uint64 cumulativeTokens, bytes calldata signature) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        Sessions.Snapshot memory x = s.read(head);
        // Check: the host, with a voucher.
        _requireHost(x.rules);
        (uint256 tokens, bytes memory problem) = _acknowledged(_domainSeparatorV4(), jobId, s, head, x.rules, cumulativeTokens, signature);
        if (problem.length != 0) _revertWith(problem);
        // Effect: the closing is final, so the voucher need not be written down first.
        if (_expireDisputeIfDue(jobId, s, head)) x = s.read();
        uint256 covered = Math.max(x.covered(CHALLENGE_WINDOW), tokens);
        uint256 limit = x.limit(Math.max(x.evidence.ackedOf(), tokens));
        _close(jobId, s, x, _closedStatus(head), Math.min(covered, limit));
    }

    /// @inheritdoc IJobMarketplaceMain
    function claimWithProof(
        uint256 jobId,
        uint64 firstToken,
        bytes[] calldata proofs,
        uint256[] calldata tokenCounts
    ) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        Evidence evidence = _proveBatch(jobId, s, head, s.rules, s.evidence, firstToken, proofs, tokenCounts);
        if (head.isDisputed()) head = _answerDispute(jobId, s, head, evidence);
        _closeNow(jobId, s, head);
    }

    /// @inheritdoc IJobMarketplaceMain
    function closeWithAgreement(uint256 jobId, uint64 tokens, uint256 deadline, bytes calldata hostSignature)
        external
        nonReentrant
    {
        (Session storage s, Head head) = _openSession(jobId);
        // Check: the user, with the host's word of these ten minutes.
        _requireUser(head);
        if (deadline < block.timestamp || deadline > block.timestamp + MAX_AGREEMENT_TIME) {
            revert JobMarketplace_DeadlineOutOfRange(block.timestamp, block.timestamp + MAX_AGREEMENT_TIME, deadline);
        }
        address host = s.rules.hostOf();
        bytes32 structHash = keccak256(abi.encode(CLOSE_AGREEMENT_TYPEHASH, jobId, msg.sender, host, tokens, deadline));
        if (!Signatures.isValid(host, _hashTypedDataV4(structHash), hostSignature)) {
            revert JobMarketplace_AgreementSignatureInvalid(host);
        }
        // Effect.
        Evidence evidence = s.evidence;
        if (tokens > evidence.ackedOf()) _acknowledge(jobId, s, evidence, tokens);
        _closeNow(jobId, s, head);
    }

    /// @inheritdoc IJobMarketplaceMain
    function completeSession(uint256 jobId) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        if (msg.sender == s.rules.hostOf()) return _closeNow(jobId, s, head);
        if (msg.sender != head.userOf()) revert JobMarketplace_CallerNotParty(msg.sender);
        _startClosing(jobId, s, head, FLAG_CLOSING);
    }

    function _closeNow(uint256 jobId, Session storage s, Head head) private {
        if (_expireDisputeIfDue(jobId, s, head)) head = s.head;
        Sessions.Snapshot memory x = s.read(head);
        _close(jobId, s, x, _closedStatus(head), x.payableTokens(CHALLENGE_WINDOW));
    }

    // --------------------------------------------------------------------------------------------------- by the clock

    /// @inheritdoc IJobMarketplaceMain
    function finalizeSession(uint256 jobId) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        if (!head.has(FLAG_CLOSING)) revert JobMarketplace_SessionNotClosing(jobId);
        _closeByClock(jobId, s, head, _closedStatus(head));
    }

    /// @inheritdoc IJobMarketplaceMain
    function triggerSessionTimeout(uint256 jobId) external nonReentrant {
        (Session storage s, Head head) = _openSession(jobId);
        if (head.has(FLAG_CLOSING)) revert JobMarketplace_SessionClosing(jobId, s.stake.closingAtOf());
        _closeByClock(jobId, s, head, SessionStatus.TimedOut);
    }

    function _closeByClock(uint256 jobId, Session storage s, Head head, SessionStatus status) private {
        // Check: evidence is over, and nothing is undecided.
        uint256 evidenceEnd = _evidenceEnd(s, head, s.rules);
        if (block.timestamp <= evidenceEnd) revert JobMarketplace_TooEarly(evidenceEnd + 1, block.timestamp);
        if (head.isDisputed()) {
            if (!_expireIfDue(jobId, s)) revert JobMarketplace_DisputeOpen(s.dispute.deadlineOf(), block.timestamp);
            head = s.head;
        }
        Sessions.Snapshot memory x = s.read(head);
        if (x.hasLiveClaim(CHALLENGE_WINDOW)) {
            revert JobMarketplace_ClaimLive(x.claim.claimedOf(), x.claim.claimedAtOf() + CHALLENGE_WINDOW);
        }
        // Effect.
        _close(jobId, s, x, status, x.payableTokens(CHALLENGE_WINDOW));
    }
}
