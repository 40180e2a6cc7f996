// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProofSystem} from "../../interfaces/IProofSystem.sol";
import {IWorkerRegistry} from "../../interfaces/IWorkerRegistry.sol";

/// @title What an escrow asks the other contracts
/// @dev The same as the calls through their interfaces, their reverts included, without the compiler's buffers: the
/// question fits the 64 bytes that Solidity leaves for scratch. Both contracts are immutables that a deployment checks.
library Questions {
    /// @notice Whether an account is an active worker.
    function isActiveWorker(IWorkerRegistry registry, address account) internal view returns (bool active) {
        bytes4 selector = IWorkerRegistry.isActiveWorker.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, account)
            if iszero(staticcall(gas(), registry, 0x00, 0x24, 0x00, 0x20)) {
                // Nothing is allocated after a revert, so that memory may be overwritten.
                let data := mload(0x40)
                returndatacopy(data, 0x00, returndatasize())
                revert(data, returndatasize())
            }
            // No word of an answer, as from an address without code.
            if lt(returndatasize(), 0x20) { revert(0x00, 0x00) }
            active := eq(mload(0x00), 1)
        }
    }

    /// @notice A circuit's terms; no tokens at all if there is no such circuit.
    function circuitInfo(IProofSystem proofSystem, uint256 circuitId)
        internal
        view
        returns (uint256 maxTokens, bool bindsInput, uint256 revokedAt)
    {
        bytes4 selector = IProofSystem.circuitInfo.selector;
        assembly ("memory-safe") {
            // The answer's three words go beyond what is allocated, and are read before anything else is.
            let data := mload(0x40)
            mstore(0x00, selector)
            mstore(0x04, circuitId)
            if iszero(staticcall(gas(), proofSystem, 0x00, 0x24, data, 0x60)) {
                returndatacopy(data, 0x00, returndatasize())
                revert(data, returndatasize())
            }
            if lt(returndatasize(), 0x60) { revert(0x00, 0x00) }
            maxTokens := mload(data)
            bindsInput := eq(mload(add(data, 0x20)), 1)
            revokedAt := mload(add(data, 0x40))
        }
    }
}
