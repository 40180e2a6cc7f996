// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ITransferHook} from "./HookedToken.sol";

/// @notice Makes one call from within a transfer, and keeps the answer.
contract Reentering is ITransferHook {
    address private _target;
    bytes private _data;

    uint256 public calls;
    bool public succeeded;
    bytes public answer;

    /// @notice Says whom to call next time, and with what.
    function arm(address target, bytes calldata data) external {
        _target = target;
        _data = data;
        calls = 0;
    }

    /// @inheritdoc ITransferHook
    function onTransfer() external override {
        if (_target != address(0) && calls++ == 0) (succeeded, answer) = _target.call(_data);
    }
}
