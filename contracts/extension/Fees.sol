// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {Ledger} from "../abstracts/Ledger.sol";
import {Payments} from "../libraries/Payments.sol";

/// @title What the treasury gets
abstract contract Fees is IJobMarketplaceExtension, Ledger {
    /// @inheritdoc IJobMarketplaceExtension
    function withdrawFees(address token) external nonReentrant returns (uint256 amount) {
        // Check: something to send.
        amount = _feesOwed[token];
        address to = _treasury;
        if (amount == 0) revert JobMarketplace_NothingToWithdraw(to, token);
        // Effect.
        _feesOwed[token] = 0;
        // Log.
        emit FeesWithdrawn(token, to, amount);
        // Interaction.
        Payments.send(token, to, amount);
    }
}
