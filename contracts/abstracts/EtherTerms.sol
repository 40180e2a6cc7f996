// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title On what terms ETH is taken
/// @dev Apart from the tokens' terms for gas: inherited right before Pausable, these start the slot that its flag and the
/// job counter are in, which every opening reads anyway. (128 bits do not fit beside what comes before.)
abstract contract EtherTerms {
    // Slither does not see what the other half of the marketplace writes.
    // slither-disable-start uninitialized-state
    uint128 internal _etherMinimum;
    bool internal _etherAllowed;
    // slither-disable-end uninitialized-state
}
