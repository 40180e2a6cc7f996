// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Keeps a share of every transfer for itself, from when one is set.
contract FeeToken is ERC20 {
    uint256 public feeBps;

    constructor() ERC20("Fee on transfer", "FEE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 bps) external {
        feeBps = bps;
    }

    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) ? 0 : value * feeBps / 10_000;
        if (fee != 0) super._update(from, address(this), fee);
        super._update(from, to, value - fee);
    }
}
