// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Questions} from "../libraries/Questions.sol";
import {Sessions} from "../libraries/Sessions.sol";
import {FLAG_ARBITER, MASK_40} from "../types/SessionWords.sol";
import {Ledger} from "./Ledger.sol";

/// @title What contesting a claim costs
abstract contract Bonds is Ledger {
    /// @dev What verifying one proof costs in a transaction, measured and rounded up.
    uint256 internal constant GAS_PER_PROOF = 700_000;

    /// @dev Twice the gas of the proofs that would answer the claim, at this block's base fee, with a floor for each
    /// proof. An arbiter's answer counts as one proof.
    /// @return bond In wei.
    /// @return proofs That the bond is for; at most 16, since the interval of a claim is provable in one batch.
    /// @return revokedAt When the judging circuit was revoked; 0 if it was not, or an arbiter judges.
    function _bondFor(Sessions.Snapshot memory x)
        internal
        view
        returns (uint256 bond, uint256 proofs, uint256 revokedAt)
    {
        proofs = 1;
        if (!x.head.has(FLAG_ARBITER)) {
            uint256 maxTokens;
            // The terms that are left out do not matter here.
            // slither-disable-next-line unused-return
            (maxTokens,, revokedAt) = Questions.circuitInfo(PROOF_SYSTEM, x.rules.circuitIdOf());
            proofs = Math.ceilDiv(x.claim.claimedOf() - Sessions.standing(x.evidence, x.claim), maxTokens);
        }
        bond = proofs * Math.max(BOND_PER_PROOF, 2 * GAS_PER_PROOF * block.basefee);
        // Whole gwei in 40 bits, as it is stored: at most 1,099 ETH.
        bond = Math.min(Math.ceilDiv(bond, 1 gwei), MASK_40) * 1 gwei;
    }
}
