// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Pausable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

// Tokens that do as they should until `setTrouble(true)`, and again after `setTrouble(false)`.

/// @notice A sound token of any number of decimals, of which there can be more than 128 bits hold.
contract DecimalsToken is ERC20 {
    uint8 private immutable DECIMALS;

    constructor(uint8 decimals_) ERC20("Any decimals", "ANY") {
        DECIMALS = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }
}

/// @notice Its issuer can stop all transfers.
contract PausingToken is ERC20Pausable {
    constructor() ERC20("Can be paused", "PAUSE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setTrouble(bool trouble) external {
        trouble ? _pause() : _unpause();
    }
}

/// @notice Takes half of everything that one account holds: what a rebase downwards does to it.
contract ShrinkingToken is ERC20 {
    address private constant LOST = address(0xdead);

    constructor() ERC20("Rebases", "HALF") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice A rebase: downwards it takes half of an account's balance, upwards it doubles the balance.
    function rebase(address account, bool upwards) external {
        if (upwards) _mint(account, balanceOf(account));
        else _update(account, LOST, balanceOf(account) / 2);
    }
}

/// @notice Pays, and then says that it did not.
contract TwoFacedToken is ERC20 {
    bool private _trouble;

    constructor() ERC20("Two faces", "TWO") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setTrouble(bool trouble) external {
        _trouble = trouble;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return super.transfer(to, value) && !_trouble;
    }
}

/// @notice Spends all the gas that a transfer is given.
contract GuzzlingToken is ERC20 {
    bool private _trouble;

    constructor() ERC20("Spends all gas", "GAS") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setTrouble(bool trouble) external {
        _trouble = trouble;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (_trouble) {
            assembly {
                invalid()
            }
        }
        super._update(from, to, value);
    }
}

/// @notice Answers a transfer, which it makes, with 100 kB that begin with "true".
contract FloodingToken is ERC20 {
    bool private _trouble;

    constructor() ERC20("Says a lot", "LONG") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setTrouble(bool trouble) external {
        _trouble = trouble;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _transfer(msg.sender, to, value);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _spendAllowance(from, msg.sender, value);
        _transfer(from, to, value);
        return _answer();
    }

    function _answer() private view returns (bool) {
        if (_trouble) {
            assembly {
                mstore(0, 1)
                return(0, 100000)
            }
        }
        return true;
    }
}
