// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceExtension} from "./IJobMarketplaceExtension.sol";
import {IJobMarketplaceMain} from "./IJobMarketplaceMain.sol";

/// @title Session escrow: a user locks ETH or a token, a host streams AI tokens and is paid for those that are
/// proven (EZKL), acknowledged (signed voucher) or claimed without challenge; the rest goes back
/// @notice The words used throughout, with `now` the block's time. A party that must act has until `<=` its deadline;
/// everyone else acts from `>`.
///
/// - `covered` = max(proven, acked, matured, claimed if uncontested and now > claimedAt + challengeWindow): positions.
/// - `live` claim: claimed > max(proven, acked, matured), and in its challenge window or contested.
/// - `elapsed` = min(now, closingAt or endsAt) - openedAt.
/// - `limit` = min(deposit x 1e6 / price, max(acked, maxTokensPerSecond x elapsed) + proofInterval); 1 in a prompt job.
/// - `payable` = min(covered, limit); `due(n)` = n x price / 1e6 rounded down; in a prompt job the deposit, for its one unit.
/// - `evidenceEnd` = (closingAt or endsAt) + closeWindow.
///
/// Evidence beyond `limit` is never an error: a top-up or time makes it payable. Evidence calls settle by themselves
/// once a `proofInterval` is due. Every function that touches sessions or money is guarded against re-entrance.
///
/// One address answers all of it. What does not fit the 24,576 bytes of one contract, and is called rarely, stands in
/// IJobMarketplaceExtension and runs from a second contract on the storage of the first.
interface IJobMarketplace is IJobMarketplaceMain, IJobMarketplaceExtension {}
