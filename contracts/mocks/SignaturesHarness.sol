// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Signatures} from "../libraries/Signatures.sol";

/// @notice Lets the tests call an internal library.
contract SignaturesHarness {
    function recoverStrict(
        bytes32 digest,
        bytes calldata signature
    ) external pure returns (address) {
        return Signatures.recoverStrict(digest, signature);
    }

    function isValid(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bool) {
        return Signatures.isValid(signer, digest, signature);
    }
}
