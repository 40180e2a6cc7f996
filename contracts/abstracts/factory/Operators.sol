// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {FactoryState} from "./FactoryState.sol";

/// @title Who may act for an issuer without a signature each time
abstract contract Operators is FactoryState {
    uint256 internal constant MAX_OPERATOR_TERM = 365 days;

    /// @inheritdoc IJobFactory
    mapping(address issuer => mapping(address operator => uint256)) public override operatorUntil;

    /// @inheritdoc IJobFactory
    function setOperator(address operator, uint256 until) external override {
        // Check: an end that will be lived to see.
        uint256 max = block.timestamp + MAX_OPERATOR_TERM;
        if (until > max) revert JobFactory_OperatorTermTooLong(max, until);
        // Effect.
        operatorUntil[msg.sender][operator] = until;
        // Log.
        emit OperatorSet(msg.sender, operator, until);
    }

    /// @dev Whether the caller is the issuer, or its operator of this moment.
    function _actsFor(address issuer) internal view returns (bool) {
        return msg.sender == issuer || block.timestamp <= operatorUntil[issuer][msg.sender];
    }
}
