// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Whether an address has code that it cannot exchange for other code at will
library OwnCode {
    /// @dev What stands as the code of an account that borrows another's (EIP-7702): this, then the other's address.
    bytes3 private constant DELEGATION = 0xef0100;
    uint256 private constant DELEGATION_SIZE = 23;

    /// @notice True for a contract, false for an account without code and for one that borrows it: its key can choose other
    /// code tomorrow.
    /// @dev Warning: a proxy has code of its own, and may change its program all the same.
    function has(address account) internal view returns (bool) {
        uint256 size = account.code.length;
        return size != 0 && !(size == DELEGATION_SIZE && bytes3(account.code) == DELEGATION);
    }
}
