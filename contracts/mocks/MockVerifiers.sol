// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ICircuitVerifier} from "../../interfaces/ICircuitVerifier.sol";

// Verifiers that check no proof, for the tests of what is checked around them.

/// @notice Confirms every proof.
contract AcceptingVerifier is ICircuitVerifier {
    /// @inheritdoc ICircuitVerifier
    function verifyProof(
        bytes calldata,
        uint256[] calldata
    ) external pure override returns (bool) {
        return true;
    }
}

/// @notice Confirms every proof, and counts them, which a static call forbids.
contract CountingVerifier {
    uint256 public calls;

    function verifyProof(bytes calldata, uint256[] calldata) external returns (bool) {
        ++calls;
        return true;
    }
}
