// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Session} from "../libraries/Sessions.sol";
import {FLAG_ABANDONED, Head, Stake} from "../types/SessionWords.sol";
import {MarketplaceState} from "./MarketplaceState.sol";

/// @title How the user asks to close: evidence gets one more window
abstract contract ClosingStart is MarketplaceState {
    function _startClosing(uint256 jobId, Session storage s, Head head, uint256 flags) internal {
        // Check: not asked before, not ended.
        Stake stake = s.stake;
        _requireRunning(jobId, s.rules, stake);
        // Effect.
        s.head = head.withFlags(flags);
        s.stake = stake.withClosingAt(block.timestamp);
        // Log.
        emit SessionClosing(jobId, block.timestamp, block.timestamp + CLOSE_WINDOW, flags & FLAG_ABANDONED != 0);
    }
}
