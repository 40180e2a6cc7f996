// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {FLAG_ARBITER, FLAG_WATCHER, Head, packDispute} from "../types/SessionWords.sol";
import {Bonds} from "./Bonds.sol";

/// @title The beginning of a dispute; it ends in Disputes
/// @dev Bonds are in ETH, and what becomes of them are credits.
abstract contract Contests is IJobMarketplaceMain, Bonds {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    /// @inheritdoc IJobMarketplaceMain
    function raiseDispute(uint256 jobId, bytes32 evidenceHash) external payable nonReentrant {
        (Session storage s, Head head) = _knownSession(jobId);
        // Check: by a party, of a live claim, before a judge, with enough of a bond.
        if (head.statusOf() != SessionStatus.Active) revert JobMarketplace_SessionNotActive(jobId, head.statusOf());
        if (msg.sender != head.userOf() && !(head.has(FLAG_WATCHER) && msg.sender == s.watcher)) {
            revert JobMarketplace_CallerNotParty(msg.sender);
        }
        // Its words are filled in the next line, but for the stake, which nobody reads.
        // slither-disable-next-line uninitialized-local
        Sessions.Snapshot memory x;
        (x.head, x.rules, x.evidence, x.claim) = (head, s.rules, s.evidence, s.claim);
        if (!x.hasLiveClaim(CHALLENGE_WINDOW)) revert JobMarketplace_NoLiveClaim(jobId);
        (uint256 required, uint256 proofs, uint256 revokedAt) = _bondFor(x);
        if (revokedAt != 0) revert JobMarketplace_CircuitRevoked(x.rules.circuitIdOf(), revokedAt);
        if (msg.value < required) revert JobMarketplace_BondTooLow(required, msg.value);
        // Effect: the claimed delta is frozen, what was sent too much is the challenger's.
        uint256 deadline = block.timestamp + (head.has(FLAG_ARBITER) ? ARBITER_WINDOW : ANSWER_WINDOW);
        s.head = head.withStatus(SessionStatus.Disputed);
        s.dispute = packDispute(msg.sender, required, deadline, x.evidence.proofCountOf(), proofs);
        // Log.
        emit DisputeRaised(jobId, msg.sender, required, deadline, evidenceHash);
        _credit(msg.sender, address(0), msg.value - required);
    }
}
