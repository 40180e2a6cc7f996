// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title ICircuitVerifier
/// @notice What EZKL writes for one circuit: a contract that checks one kind of proof.
interface ICircuitVerifier {
    /// @notice Tells whether a proof shows its public instances to be the circuit's.
    ///
    /// @dev Warning: EZKL's verifiers are declared non-view, revert rather than return false, and
    /// accept bytes behind the instances. Call them with STATICCALL, and check the encoding first.
    ///
    /// @param proof The zero-knowledge proof.
    /// @param instances The circuit's public values, each below the BN254 scalar field's order.
    /// @return Whether the proof holds.
    function verifyProof(
        bytes calldata proof,
        uint256[] calldata instances
    ) external view returns (bool);
}
