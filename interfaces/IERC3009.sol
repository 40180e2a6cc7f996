// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The part of EIP-3009 that a payee uses, in the form that takes a contract's signature too
interface IERC3009 {
    /// @notice Pays `value` from `from` to the caller, who must be `to`, on the payer's signature.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
