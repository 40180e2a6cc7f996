// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TokenTerms} from "../libraries/Sessions.sol";
import {Head} from "../types/SessionWords.sol";
import {MarketplaceState} from "./MarketplaceState.sol";

/// @title The books: which tokens, and what is owed to whom
abstract contract Ledger is MarketplaceState {
    uint16 internal _tokenCount; // id 0 is ETH
    address internal _treasury;
    // Slither does not see what the other half of the contract writes, or what is written through a storage pointer.
    // slither-disable-start uninitialized-state
    mapping(address token => TokenTerms) internal _tokenTerms;
    mapping(uint256 tokenId => address) internal _tokenById;

    mapping(address host => mapping(address token => uint256)) internal _earned;
    mapping(address account => mapping(address token => uint256)) internal _credits;
    mapping(address token => uint256) internal _feesOwed;
    // slither-disable-end uninitialized-state

    /// @dev The payment token of a session; ETH has the id 0.
    function _tokenAt(Head head) internal view returns (address) {
        uint256 tokenId = head.tokenIdOf();
        return tokenId == 0 ? address(0) : _tokenById[tokenId];
    }

    /// @dev On what terms a token is taken; what was never set is not allowed. ETH has the id 0.
    function _termsOf(address token) internal view returns (bool allowed, uint256 minimumDeposit, uint256 tokenId) {
        if (token == address(0)) return (_etherAllowed, _etherMinimum, 0);
        TokenTerms storage terms = _tokenTerms[token];
        return (terms.allowed, terms.minimumDeposit, terms.id);
    }

    /// @dev What waits for an account to withdraw it, free of fee.
    function _credit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        _credits[account][token] += amount;
        emit Credited(account, token, amount);
    }

    function _setTreasury(address newTreasury) internal {
        if (newTreasury == address(0) || newTreasury == address(this)) {
            revert JobMarketplace_TreasuryInvalid(newTreasury);
        }
        _treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }

    function _setDefaults(uint256 circuitId, uint256 maxTokensPerSecond) internal {
        _defaultCircuit = uint32(circuitId);
        _defaultRate = uint16(maxTokensPerSecond);
        emit DefaultsSet(circuitId, maxTokensPerSecond);
    }
}
