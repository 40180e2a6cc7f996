// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token whose issuer can freeze an account, as those of real dollars can.
contract DenylistToken is ERC20 {
    mapping(address account => bool) public denied;

    error DenylistToken_Denied(address account);

    constructor() ERC20("Denylist Dollar", "DENY") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function deny(address account, bool denied_) external {
        denied[account] = denied_;
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (denied[from]) revert DenylistToken_Denied(from);
        if (denied[to]) revert DenylistToken_Denied(to);
        super._update(from, to, amount);
    }
}
