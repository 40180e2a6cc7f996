// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures
/// @notice Who signed a digest, for keys and for contracts.
///
/// ECDSA comes first, whatever code the signer has: an account gives itself code by EIP-7702, and what
/// its key signed must keep counting.
library Signatures {
    /// @notice The account whose key signed a digest, or zero for anything malformed.
    ///
    /// @dev Strict: exactly 65 bytes, `v` of 27 or 28, `s` in the lower half. It never reverts.
    function recoverStrict(
        bytes32 digest,
        bytes calldata signature
    ) internal pure returns (address signer) {
        // Zero comes with every error, so the error itself tells nothing more.
        // slither-disable-next-line unused-return
        (signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
    }

    /// @notice Whether an account signed a digest: with its key, or by ERC-1271 if it has code.
    ///
    /// @dev It never reverts for what a contract answers, reads one word of the answer, and changes no
    /// state. The contract may use up to 63/64 of the remaining gas: ask only those whom the caller
    /// chose or trusts.
    ///
    /// Warning: what a contract says today it may deny tomorrow.
    function isValid(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        address recovered = recoverStrict(digest, signature);
        if (recovered == signer && recovered != address(0)) return true;
        return
            signer.code.length != 0 &&
            SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
