// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Money in and out of the running contract: ETH (the address zero) and ERC-20 tokens alike
library Payments {
    using SafeERC20 for IERC20;

    error Payments_ValueMismatch(uint256 expected, uint256 actual);
    /// @dev Also when more arrived than was sent: then the token keeps books that cannot be relied on.
    error Payments_TransferShort(uint256 expected, uint256 received);
    error Payments_EtherTransferFailed(address to, uint256 amount);
    error Payments_GasTooLow(uint256 required, uint256 available);

    /// @dev The gas that a pushed refund may use: enough for a smart wallet's fallback or a proxied token, and too little
    /// to be a burden. It must be there, or a closer could starve the push into a credit.
    uint256 private constant ETHER_PUSH_GAS = 50_000;
    uint256 private constant TOKEN_PUSH_GAS = 150_000;
    /// @dev What a closing still does after the push: an event and a credit in a fresh slot.
    uint256 private constant AFTER_PUSH_GAS = 40_000;

    /// @notice Takes exactly `amount` from `from`: the value sent for ETH, an ERC-20 transfer otherwise.
    // Each caller passes who signed or called, and is payable where ETH can come; slither does not see that from the
    // library.
    // slither-disable-next-line arbitrary-send-erc20,msg-value-in-nonpayable
    function collect(address token, address from, uint256 amount) internal {
        if (token == address(0)) {
            if (msg.value != amount) revert Payments_ValueMismatch(amount, msg.value);
            return;
        }
        if (msg.value != 0) revert Payments_ValueMismatch(0, msg.value);
        uint256 before = balance(token);
        IERC20(token).safeTransferFrom(from, address(this), amount);
        requireReceived(token, before, amount);
    }

    /// @notice Refuses a token that keeps a fee for itself, or pays less than it says.
    function requireReceived(address token, uint256 before, uint256 amount) internal view {
        uint256 current = balance(token);
        // A balance that fell wraps round, far above any amount.
        unchecked {
            if (current - before != amount) {
                revert Payments_TransferShort(amount, current > before ? current - before : 0);
            }
        }
    }

    /// @notice What this contract holds of a token.
    /// @dev The same as `IERC20(token).balanceOf(address(this))`, its reverts included, without the compiler's buffers: call
    /// and answer fit the 64 bytes that Solidity leaves for scratch.
    function balance(address token) internal view returns (uint256 amount) {
        bytes4 selector = IERC20.balanceOf.selector;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, address())
            if iszero(staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20)) {
                // The token's own error. Nothing is allocated after a revert, so that memory may be overwritten.
                let data := mload(0x40)
                returndatacopy(data, 0x00, returndatasize())
                revert(data, returndatasize())
            }
            // No word of an answer, as from an address without code.
            if lt(returndatasize(), 0x20) { revert(0x00, 0x00) }
            amount := mload(0x00)
        }
    }

    /// @notice Pays, or reverts.
    function send(address token, address to, uint256 amount) internal {
        if (token != address(0)) {
            IERC20(token).safeTransfer(to, amount);
        } else if (!_call(to, amount, gasleft(), "")) {
            revert Payments_EtherTransferFailed(to, amount);
        }
    }

    /// @notice Tries to pay, with bounded gas and bounded return data.
    /// @return sent Whether it was paid; if not, nothing has moved.
    function push(address token, address to, uint256 amount) internal returns (bool sent) {
        uint256 stipend = token == address(0) ? ETHER_PUSH_GAS : TOKEN_PUSH_GAS;
        // The 63/64 rule of EIP-150: a call gets at most that share of what is left.
        uint256 required = stipend * 64 / 63 + AFTER_PUSH_GAS;
        if (gasleft() < required) revert Payments_GasTooLow(required, gasleft());
        return token == address(0)
            ? _call(to, amount, stipend, "")
            : _call(token, 0, stipend, abi.encodeCall(IERC20.transfer, (to, amount)));
    }

    /// @dev Calls and reads at most one word of the answer, so that a long one costs the callee and not us. With data it
    /// succeeds as an ERC-20 call does: the word 1, or no answer from an address with code.
    function _call(address target, uint256 value, uint256 gasLimit, bytes memory data) private returns (bool success) {
        assembly ("memory-safe") {
            success := call(gasLimit, target, value, add(data, 0x20), mload(data), 0x00, 0x20)
            if mload(data) {
                success := and(success, or(and(iszero(returndatasize()), gt(extcodesize(target), 0)), and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))))
            }
        }
    }
}
