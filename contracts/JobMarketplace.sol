// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProofSystem} from "../interfaces/IProofSystem.sol";
import {IWorkerRegistry} from "../interfaces/IWorkerRegistry.sol";
import {Closings} from "./abstracts/Closings.sol";
import {Contests} from "./abstracts/Contests.sol";
import {Extended} from "./abstracts/Extended.sol";
import {MarketplaceState} from "./abstracts/MarketplaceState.sol";
import {Opening} from "./abstracts/Opening.sol";
import {Withdrawals} from "./abstracts/Withdrawals.sol";

/// @title The session escrow; see IJobMarketplace
/// @notice One concern per abstract contract: Opening (checked and written by Openings), Proofs, Claims, Vouchers,
/// Settlement, Closings, Contests, Withdrawals, over the books (Ledger), the storage (MarketplaceState) and the definitions (the
/// library Sessions, over the words of SessionWords). What is called rarely runs from the extension.
contract JobMarketplace is Extended, Opening, Closings, Contests, Withdrawals {
    /// @dev Tokens per second of the seed forms until the owner sets another.
    uint256 internal constant INITIAL_RATE = 200;

    constructor(
        IWorkerRegistry registry,
        IProofSystem proofSystem,
        address treasury_,
        address owner,
        Parameters memory params
    )
        MarketplaceState(Setup(registry, proofSystem, owner, params))
        Extended(Setup(registry, proofSystem, owner, params))
    {
        _setTreasury(treasury_);
        _setDefaults(0, INITIAL_RATE);
    }

    /// @notice ETH comes with a call that says what it is for.
    receive() external payable {
        revert JobMarketplace_EtherUnexpected(msg.sender, msg.value);
    }

    /// @notice What is not found here is asked of the extension, and answered from there.
    fallback() external payable {
        _extend();
    }
}
