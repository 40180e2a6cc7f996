// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MarketplaceState} from "./abstracts/MarketplaceState.sol";
import {Administration} from "./extension/Administration.sol";
import {Disputes} from "./extension/Disputes.sol";
import {Fees} from "./extension/Fees.sol";
import {Getters} from "./extension/Getters.sol";
import {RareOpenings} from "./extension/RareOpenings.sol";
import {Steering} from "./extension/Steering.sol";
import {Views} from "./extension/Views.sol";

/// @title The half of the session escrow that is called rarely; see IJobMarketplaceExtension
/// @notice Nobody calls it but the marketplace, which made it, by DELEGATECALL.
// ETH that comes to the extension comes to the marketplace, which pays it out.
// slither-disable-next-line locked-ether
contract JobMarketplaceExtension is RareOpenings, Steering, Disputes, Administration, Fees, Views, Getters {
    constructor(Setup memory setup) MarketplaceState(setup) {
        // Nobody owns the books of this contract itself: they stay empty.
        _transferOwnership(address(0));
    }
}
