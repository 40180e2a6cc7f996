// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceExtension} from "../interfaces/IJobMarketplaceExtension.sol";
import {IJobMarketplaceTypes} from "../interfaces/IJobMarketplaceTypes.sol";
import {ISessionLens} from "../interfaces/ISessionLens.sol";

/// @title SessionLens
/// @notice See the documentation in {ISessionLens}.
contract SessionLens is ISessionLens {
    IJobMarketplaceExtension private immutable MARKETPLACE;

    constructor(address marketplace_) {
        if (marketplace_.code.length == 0) revert SessionLens_NotAContract(marketplace_);
        MARKETPLACE = IJobMarketplaceExtension(marketplace_);
    }

    /// @inheritdoc ISessionLens
    function getActiveSessionsForHost(address host, uint256 cursor, uint256 limit)
        external
        view
        override
        returns (uint256[] memory jobIds, uint256 nextCursor)
    {
        return _scan(host, true, cursor, limit);
    }

    /// @inheritdoc ISessionLens
    function getActiveSessionsForUser(address user, uint256 cursor, uint256 limit)
        external
        view
        override
        returns (uint256[] memory jobIds, uint256 nextCursor)
    {
        return _scan(user, false, cursor, limit);
    }

    /// @inheritdoc ISessionLens
    function marketplace() external view override returns (address) {
        return address(MARKETPLACE);
    }

    function _scan(address party, bool asHost, uint256 cursor, uint256 limit)
        private
        view
        returns (uint256[] memory jobIds, uint256 nextCursor)
    {
        if (limit == 0) revert SessionLens_LimitZero();
        uint256 first = Math.max(cursor, 1);
        uint256 end = MARKETPLACE.jobCount() + 1;
        if (first >= end) return (jobIds, first);
        // Without the detour `first + limit` could overflow.
        if (limit < end - first) end = first + limit;

        jobIds = new uint256[](end - first);
        uint256 found = 0;
        for (uint256 jobId = first; jobId < end; ++jobId) {
            (address user, address host, IJobMarketplaceTypes.SessionStatus status) = MARKETPLACE.sessionParties(jobId);
            if (party != (asHost ? host : user) || !_isOpen(status)) continue;
            jobIds[found] = jobId;
            ++found;
        }
        // Cuts off what was not used: the length is the array's first word.
        assembly ("memory-safe") {
            mstore(jobIds, found)
        }
        return (jobIds, end);
    }

    function _isOpen(IJobMarketplaceTypes.SessionStatus status) private pure returns (bool) {
        return
            status == IJobMarketplaceTypes.SessionStatus.Active || status == IJobMarketplaceTypes.SessionStatus.Disputed;
    }
}
