// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceExtension} from "../../interfaces/IJobMarketplaceExtension.sol";
import {SessionTag} from "../libraries/SessionTag.sol";
import {Session} from "../libraries/Sessions.sol";
import {Ledger} from "../abstracts/Ledger.sol";

/// @title What the books and the settings say
abstract contract Getters is IJobMarketplaceExtension, Ledger {
    /// @inheritdoc IJobMarketplaceExtension
    function sessionTag(uint256 jobId, uint64 firstToken) external view returns (uint128 tag) {
        return SessionTag.derive(address(this), jobId, _sessions[jobId].rules.hostOf(), firstToken);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function sessionParties(uint256 jobId) external view returns (address user, address host, SessionStatus status) {
        Session storage s = _sessions[jobId];
        return (s.head.userOf(), s.rules.hostOf(), s.head.statusOf());
    }

    /// @inheritdoc IJobMarketplaceExtension
    function getDomainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IJobMarketplaceExtension
    function jobCount() external view returns (uint256) {
        return _jobCount;
    }

    /// @inheritdoc IJobMarketplaceExtension
    function earned(address host, address token) external view returns (uint256) {
        return _earned[host][token];
    }

    /// @inheritdoc IJobMarketplaceExtension
    function credits(address account, address token) external view returns (uint256) {
        return _credits[account][token];
    }

    /// @inheritdoc IJobMarketplaceExtension
    function feesOwed(address token) external view returns (uint256) {
        return _feesOwed[token];
    }

    /// @inheritdoc IJobMarketplaceExtension
    function tokenTerms(address token) external view returns (bool allowed, uint256 minimumDeposit, uint256 tokenId) {
        return _termsOf(token);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function defaults() external view returns (uint256 circuitId, uint256 maxTokensPerSecond) {
        return (_defaultCircuit, _defaultRate);
    }

    /// @inheritdoc IJobMarketplaceExtension
    function treasury() external view returns (address) {
        return _treasury;
    }
}
