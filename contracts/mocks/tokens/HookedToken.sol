// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Whoever is called when an account sends or receives a {HookedToken}.
interface ITransferHook {
    function onTransfer() external;
}

/// @notice Calls whom the sender named before a transfer, and whom the receiver named after it, as ERC-777 does.
contract HookedToken is ERC20 {
    mapping(address account => ITransferHook) public hookOf;

    constructor() ERC20("Hooks on transfer", "HOOK") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setHook(ITransferHook hook) external {
        hookOf[msg.sender] = hook;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (address(hookOf[from]) != address(0)) hookOf[from].onTransfer();
        super._update(from, to, value);
        if (address(hookOf[to]) != address(0)) hookOf[to].onTransfer();
    }
}
