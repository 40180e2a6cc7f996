// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IGasPriceOracle} from "../../interfaces/IGasPriceOracle.sol";
import {Questions} from "../libraries/Questions.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {Dispute, FLAG_ARBITER, FLAG_CLAIMS_OFF} from "../types/SessionWords.sol";
import {Bonds} from "./Bonds.sol";

/// @title How a dispute ends otherwise than by the arbiter: answered, void, or closed over
abstract contract DisputeEndings is Bonds {
    using Sessions for Session;
    using Sessions for Sessions.Snapshot;

    /// @dev What one proof adds to a transaction, rounded up. Fixed, because a caller can make its calldata as long as it likes.
    uint256 internal constant BYTES_PER_PROOF = 3000;
    IGasPriceOracle internal constant GAS_PRICE_ORACLE = IGasPriceOracle(0x420000000000000000000000000000000000000F);

    /// @dev Evidence has reached the contested claim. The challenger pays for the proofs that it asked for, also when a
    /// voucher came in before the last of them.
    function _endAnswered(uint256 jobId, Session storage s) internal {
        Sessions.Snapshot memory x = s.read();
        uint256 toHost = 0;
        uint256 proofs = s.dispute.paidProofs(x.evidence.proofCountOf());
        if (proofs != 0) {
            uint256 cost = proofs * GAS_PER_PROOF * block.basefee + _l1Fee(proofs * BYTES_PER_PROOF);
            toHost = Math.min(s.dispute.bondOf(), cost);
        }
        _end(jobId, s, x, DisputeOutcome.Answered, toHost);
    }

    /// @dev The session closes over the head of a contested claim.
    function _endDropped(uint256 jobId, Session storage s, Sessions.Snapshot memory x) internal {
        x.claim = x.claim.withClaimed(0);
        _end(jobId, s, x, DisputeOutcome.Dropped, 0);
    }

    /// @dev Nobody answered in time: the claim is void and claims are off. A claim whose circuit was revoked within the
    /// time, and that no arbiter judges, could not be answered: it stands.
    function _expireIfDue(uint256 jobId, Session storage s) internal returns (bool expired) {
        Sessions.Snapshot memory x = s.read();
        uint256 deadline = s.dispute.deadlineOf();
        uint256 revokedAt = 0;
        // The terms that are left out do not matter here.
        // slither-disable-next-line unused-return
        if (!x.head.has(FLAG_ARBITER)) (,, revokedAt) = Questions.circuitInfo(PROOF_SYSTEM, x.rules.circuitIdOf());
        if (revokedAt != 0 && revokedAt <= deadline) {
            x.claim = x.claim.withMatured(x.claim.claimedOf()).withClaimed(0);
            _end(jobId, s, x, DisputeOutcome.Stands, 0);
            return true;
        }
        if (block.timestamp <= deadline) return false;
        x.claim = x.claim.withClaimed(0);
        x.head = x.head.withFlags(FLAG_CLAIMS_OFF);
        _end(jobId, s, x, DisputeOutcome.Voided, 0);
        return true;
    }

    /// @dev Writes head and claim back, Active again, with `toHost` of the bond for the host and the rest for the
    /// challenger.
    function _end(
        uint256 jobId,
        Session storage s,
        Sessions.Snapshot memory x,
        DisputeOutcome outcome,
        uint256 toHost
    ) internal {
        address challenger = s.dispute.challengerOf();
        uint256 toChallenger = s.dispute.bondOf() - toHost;
        s.head = x.head.withStatus(SessionStatus.Active);
        s.claim = x.claim;
        s.dispute = Dispute.wrap(0);
        emit DisputeResolved(jobId, outcome, x.claim.maturedOf(), challenger, toHost, toChallenger);
        _credit(x.rules.hostOf(), address(0), toHost);
        _credit(challenger, address(0), toChallenger);
    }

    /// @dev What the answering proofs cost at most for their place on Ethereum. Zero on a chain without the oracle; an
    /// oracle that fails is worth zero too, and never stops an answer.
    function _l1Fee(uint256 transactionBytes) private view returns (uint256 fee) {
        (bool success, bytes memory answer) = address(GAS_PRICE_ORACLE).staticcall{gas: 100_000}(
            abi.encodeCall(IGasPriceOracle.getL1FeeUpperBound, (transactionBytes))
        );
        if (success && answer.length == 32) fee = Math.min(abi.decode(answer, (uint256)), type(uint96).max);
    }
}
