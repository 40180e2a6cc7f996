// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {OwnCode} from "../libraries/OwnCode.sol";
import {TokenTerms} from "../libraries/Sessions.sol";
import {Openings} from "../abstracts/Openings.sol";

/// @title What the owner may do: none of it reaches an open session
abstract contract Administration is IJobMarketplaceExtension, Openings {
    /// @inheritdoc IJobMarketplaceExtension
    function setToken(address token, bool allowed, uint256 minimumDeposit) external onlyOwner {
        // Check.
        if (token != address(0) && !OwnCode.has(token)) revert JobMarketplace_TokenHasNoCode(token);
        if (minimumDeposit > type(uint96).max) {
            revert JobMarketplace_DepositOutOfRange(0, type(uint96).max, minimumDeposit);
        }
        // Effect.
        uint16 id = 0;
        if (token == address(0)) (_etherMinimum, _etherAllowed) = (uint128(minimumDeposit), allowed);
        else id = _setErc20(token, allowed, minimumDeposit);
        // Log.
        emit TokenSet(token, id, allowed, minimumDeposit);
    }

    /// @dev A token keeps the id it once got, since sessions in storage name it by that.
    function _setErc20(address token, bool allowed, uint256 minimumDeposit) private returns (uint16 id) {
        id = _tokenTerms[token].id;
        if (id == 0) {
            id = ++_tokenCount;
            _tokenById[id] = token;
        }
        _tokenTerms[token] = TokenTerms(uint96(minimumDeposit), id, allowed);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function setDefaults(uint256 circuitId, uint256 maxTokensPerSecond) external onlyOwner {
        if (circuitId != 0) _requireCircuit(circuitId);
        _requireRate(maxTokensPerSecond);
        _setDefaults(circuitId, maxTokensPerSecond);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function setTreasury(address newTreasury) external onlyOwner {
        _setTreasury(newTreasury);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function pause() external onlyOwner {
        _pause();
    }

    /// @inheritdoc IJobMarketplaceExtension
    function unpause() external onlyOwner {
        _unpause();
    }
}
