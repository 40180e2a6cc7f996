// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title ISessionLens
/// @notice Finds the open sessions of a host or a user of one marketplace. It reads only, holds nothing, and nobody has a
/// role in it.
///
/// Sessions are numbered from 1 in the order of their opening, and the marketplace keeps no lists of them. So both
/// functions look at the sessions one by one, from `cursor` on, and a call is bounded by how many it looks at, not by how
/// many it finds: page on with `nextCursor` until that is larger than the marketplace's `jobCount`.
///
/// Notes:
/// - Open are the sessions that are Active or Disputed, asked to close or not.
/// - The last `nextCursor` may be kept: from there on, the sessions opened since are found.
/// - A session costs about 7,000 gas to look at; where nodes bound a call's gas, choose the limit accordingly.
interface ISessionLens {
    /// @notice There is no contract at the marketplace's address.
    error SessionLens_NotAContract(address marketplace);

    /// @notice A page would look at nothing, and never come to an end.
    error SessionLens_LimitZero();

    /// @notice The open sessions of a host among `limit` sessions from `cursor` on.
    ///
    /// Requirements:
    /// - The limit must be positive.
    ///
    /// @param host Whose sessions.
    /// @param cursor The first session to look at; 0 is as good as 1.
    /// @param limit How many sessions to look at, at most.
    /// @return jobIds The open ones of that host, the oldest first.
    /// @return nextCursor The first session that was not looked at.
    function getActiveSessionsForHost(address host, uint256 cursor, uint256 limit)
        external
        view
        returns (uint256[] memory jobIds, uint256 nextCursor);

    /// @notice The open sessions of a user among `limit` sessions from `cursor` on.
    ///
    /// Requirements:
    /// - The limit must be positive.
    ///
    /// @param user Whose sessions.
    /// @param cursor The first session to look at; 0 is as good as 1.
    /// @param limit How many sessions to look at, at most.
    /// @return jobIds The open ones of that user, the oldest first.
    /// @return nextCursor The first session that was not looked at.
    function getActiveSessionsForUser(address user, uint256 cursor, uint256 limit)
        external
        view
        returns (uint256[] memory jobIds, uint256 nextCursor);

    /// @notice The marketplace whose sessions are looked at.
    function marketplace() external view returns (address);
}
