// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Takes every call that it does not know for a deposit, as WETH9 does: permits and authorizations seem to pass.
contract WrappedEther is ERC20 {
    constructor() ERC20("Wrapped Ether", "WETH") {}

    fallback() external payable {
        _mint(msg.sender, msg.value);
    }

    receive() external payable {
        _mint(msg.sender, msg.value);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
