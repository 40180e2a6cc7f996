// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title SessionTag
/// @notice The name of one place of one session, which a proof carries among its instances.
library SessionTag {
    /// @notice The upper 128 bits of the hash of chain, marketplace, session, host and position.
    /// @param marketplace The contract that pays the session.
    /// @param jobId The session.
    /// @param host Who proves.
    /// @param firstToken How many tokens of the session come before the proof's first.
    function derive(
        address marketplace,
        uint256 jobId,
        address host,
        uint64 firstToken
    ) internal view returns (uint128) {
        bytes32 place = keccak256(abi.encode(block.chainid, marketplace, jobId, host, firstToken));
        return uint128(uint256(place) >> 128);
    }
}
