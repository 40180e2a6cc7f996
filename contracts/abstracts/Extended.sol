// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {JobMarketplaceExtension} from "../JobMarketplaceExtension.sol";
import {MarketplaceState} from "./MarketplaceState.sol";

/// @title The way from the marketplace into its extension
/// @dev The extension is made by the constructor, from the same setup, and never changes. It runs by DELEGATECALL: on
/// the marketplace's storage, balance and address. Called directly it finds no session, no token and no
/// owner. Whatever it offers anybody can call on the marketplace: it must hold complete functions only, never a step of one.
abstract contract Extended is IJobMarketplaceMain, MarketplaceState {
    address internal immutable EXTENSION;

    constructor(Setup memory setup) {
        EXTENSION = address(new JobMarketplaceExtension(setup));
    }

    /// @inheritdoc IJobMarketplaceMain
    function extension() external view returns (address) {
        return EXTENSION;
    }

    /// @dev Answers the running call from the extension: the same calldata, its answer or its error.
    function _extend() internal {
        address target = EXTENSION;
        assembly ("memory-safe") {
            // Nothing is allocated afterwards: either way the call ends here.
            let data := mload(0x40)
            calldatacopy(data, 0x00, calldatasize())
            let success := delegatecall(gas(), target, data, calldatasize(), 0x00, 0x00)
            returndatacopy(data, 0x00, returndatasize())
            if iszero(success) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }
}
