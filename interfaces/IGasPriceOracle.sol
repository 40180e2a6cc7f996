// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The part of the OP Stack's predeployed gas price oracle (since Fjord) that a dispute asks
interface IGasPriceOracle {
    /// @notice The most that a transaction of this size pays for its place on Ethereum, in wei.
    function getL1FeeUpperBound(uint256 unsignedTransactionSize) external view returns (uint256);
}
