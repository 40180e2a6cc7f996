// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Payments} from "../libraries/Payments.sol";
import {Ledger} from "./Ledger.sol";

/// @title Everybody is paid by pulling
abstract contract Withdrawals is IJobMarketplaceMain, Ledger {
    uint256 internal constant BPS = 10_000;

    /// @inheritdoc IJobMarketplaceMain
    function withdraw(address token, address to) external nonReentrant returns (uint256 amount) {
        // Check: somewhere to send it, and something to send.
        if (to == address(0) || to == address(this)) revert JobMarketplace_ReceiverInvalid(to);
        uint256 gross = _earned[msg.sender][token];
        uint256 credit = _credits[msg.sender][token];
        if (gross == 0 && credit == 0) revert JobMarketplace_NothingToWithdraw(msg.sender, token);
        // Effect: the whole balance leaves the books; the treasury's share is cut from earnings only.
        uint256 fee = Math.ceilDiv(gross * FEE_BPS, BPS);
        if (gross != 0) _earned[msg.sender][token] = 0;
        if (credit != 0) _credits[msg.sender][token] = 0;
        if (fee != 0) _feesOwed[token] += fee;
        amount = gross - fee + credit;
        // Log.
        emit Withdrawn(msg.sender, token, to, gross, fee, credit);
        // Interaction.
        Payments.send(token, to, amount);
    }
}
