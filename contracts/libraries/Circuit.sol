// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProofSystem} from "../../interfaces/IProofSystem.sol";

/// @notice All of one circuit in one word, so that knowing it costs one read. Zero is no circuit.
///
/// From the most significant bit: scale 8 | commitmentIndex 8 | countIndex 8 | tagIndex 8 |
/// instanceCount 8 | revokedAt 40 | maxTokens 16 | verifier 160.
type Circuit is uint256;

using CircuitFields for Circuit global;

/// @title CircuitFields
/// @notice Packs a circuit, and reads what was packed.
library CircuitFields {
    /// @dev Stands for "no commitment", and is above every real index.
    uint256 private constant NO_COMMITMENT = type(uint8).max;

    uint256 private constant MAX_TOKENS_AT = 160;
    uint256 private constant REVOKED_AT = 176;
    uint256 private constant INSTANCE_COUNT_AT = 216;
    uint256 private constant TAG_INDEX_AT = 224;
    uint256 private constant COUNT_INDEX_AT = 232;
    uint256 private constant COMMITMENT_INDEX_AT = 240;
    uint256 private constant SCALE_AT = 248;

    /// @notice A circuit that has not been revoked.
    function pack(
        address verifier_,
        IProofSystem.CircuitLayout calldata layout_
    ) internal pure returns (Circuit) {
        uint256 commitment = layout_.bindsInput ? layout_.commitmentIndex : NO_COMMITMENT;
        return
            Circuit.wrap(
                uint256(uint160(verifier_)) |
                    (uint256(layout_.maxTokens) << MAX_TOKENS_AT) |
                    (uint256(layout_.instanceCount) << INSTANCE_COUNT_AT) |
                    (uint256(layout_.tagIndex) << TAG_INDEX_AT) |
                    (uint256(layout_.countIndex) << COUNT_INDEX_AT) |
                    (commitment << COMMITMENT_INDEX_AT) |
                    (uint256(layout_.scale) << SCALE_AT)
            );
    }

    /// @notice The same circuit, revoked at a time. It must not have been.
    function revoked(Circuit self, uint256 time) internal pure returns (Circuit) {
        return Circuit.wrap(Circuit.unwrap(self) | (uint256(uint40(time)) << REVOKED_AT));
    }

    /// @notice Whether there is such a circuit.
    function exists(Circuit self) internal pure returns (bool) {
        return Circuit.unwrap(self) != 0;
    }

    /// @notice The contract that checks its proofs.
    function verifier(Circuit self) internal pure returns (address) {
        return address(uint160(Circuit.unwrap(self)));
    }

    /// @notice The most tokens that one proof may count.
    function maxTokens(Circuit self) internal pure returns (uint256) {
        return uint16(Circuit.unwrap(self) >> MAX_TOKENS_AT);
    }

    /// @notice When it was revoked, or zero.
    function revokedAt(Circuit self) internal pure returns (uint256) {
        return uint40(Circuit.unwrap(self) >> REVOKED_AT);
    }

    /// @notice How many instances a proof has.
    function instanceCount(Circuit self) internal pure returns (uint256) {
        return uint8(Circuit.unwrap(self) >> INSTANCE_COUNT_AT);
    }

    /// @notice Where the tag begins.
    function tagIndex(Circuit self) internal pure returns (uint256) {
        return uint8(Circuit.unwrap(self) >> TAG_INDEX_AT);
    }

    /// @notice Where the count stands.
    function countIndex(Circuit self) internal pure returns (uint256) {
        return uint8(Circuit.unwrap(self) >> COUNT_INDEX_AT);
    }

    /// @notice Where the commitment to the input stands, if there is one.
    function commitmentIndex(Circuit self) internal pure returns (uint256) {
        return uint8(Circuit.unwrap(self) >> COMMITMENT_INDEX_AT);
    }

    /// @notice How far the count is shifted.
    function scale(Circuit self) internal pure returns (uint256) {
        return Circuit.unwrap(self) >> SCALE_AT;
    }

    /// @notice Whether a proof commits to its input.
    function bindsInput(Circuit self) internal pure returns (bool) {
        return exists(self) && commitmentIndex(self) != NO_COMMITMENT;
    }

    /// @notice The layout that was packed.
    function layout(Circuit self) internal pure returns (IProofSystem.CircuitLayout memory) {
        bool binds = bindsInput(self);
        return
            IProofSystem.CircuitLayout({
                instanceCount: uint8(instanceCount(self)),
                tagIndex: uint8(tagIndex(self)),
                countIndex: uint8(countIndex(self)),
                bindsInput: binds,
                commitmentIndex: binds ? uint8(commitmentIndex(self)) : 0,
                scale: uint8(scale(self)),
                maxTokens: uint16(maxTokens(self))
            });
    }
}
