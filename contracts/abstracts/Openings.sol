// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Questions} from "../libraries/Questions.sol";
import {Session, Sessions} from "../libraries/Sessions.sol";
import {FLAG_ARBITER, FLAG_SIGNER, FLAG_WATCHER, packHead, packRules, packStake} from "../types/SessionWords.sol";
import {Ledger} from "./Ledger.sol";

/// @title What a new session or prompt job must satisfy, and how it is written down
/// @dev The terms come one by one, on the stack: a struct in memory cost an opening 340 gas more.
abstract contract Openings is Ledger {
    uint256 internal constant MIN_DURATION = 10 minutes;
    uint256 internal constant MAX_DURATION = 90 days;
    uint256 internal constant MAX_PROOF_INTERVAL = 16_384;
    uint256 internal constant MAX_RATE = 10_000;

    /// @dev Opens a metered session; the deposit is still to be collected.
    /// @return jobId The new session.
    /// @return token The payment token, as checked.
    function _openMetered(address user, Terms calldata terms) internal returns (uint256 jobId, address token) {
        address host;
        address voucherSigner;
        address watcher;
        address arbiter;
        (host, token, voucherSigner, watcher, arbiter) = _accounts(terms);
        jobId = _openMetered(
            user,
            host,
            token,
            terms.deposit,
            terms.pricePerToken,
            terms.maxDuration,
            terms.proofInterval,
            terms.maxTokensPerSecond,
            terms.circuitId,
            voucherSigner,
            terms.voucherCap,
            watcher,
            arbiter
        );
    }

    /// @dev The accounts that the terms name, checked at once, as the compiler would one by one, to be addresses.
    function _accounts(Terms calldata terms)
        private
        pure
        returns (address host, address token, address voucherSigner, address watcher, address arbiter)
    {
        assembly ("memory-safe") {
            host := calldataload(terms)
            watcher := calldataload(add(terms, 0x20))
            voucherSigner := calldataload(add(terms, 0x40))
            arbiter := calldataload(add(terms, 0x80))
            token := calldataload(add(terms, 0xc0))
            if shr(160, or(or(host, token), or(or(voucherSigner, watcher), arbiter))) { revert(0x00, 0x00) }
        }
    }

    /// @dev The same for terms that were not sent as one struct, or that are taken apart.
    function _openMetered(
        address user,
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval,
        uint256 maxTokensPerSecond,
        uint256 circuitId,
        address voucherSigner,
        uint256 voucherCap,
        address watcher,
        address arbiter
    ) internal returns (uint256 jobId) {
        // Check: the terms' ranges.
        if (_isOutside(pricePerToken, 1, type(uint64).max)) {
            revert JobMarketplace_PriceOutOfRange(1, type(uint64).max, pricePerToken);
        }
        if (_isOutside(proofInterval, 1, MAX_PROOF_INTERVAL)) {
            revert JobMarketplace_ProofIntervalOutOfRange(1, MAX_PROOF_INTERVAL, proofInterval);
        }
        _requireRate(maxTokensPerSecond);
        if (circuitId != 0) _requireCircuit(circuitId);
        // Most sessions name nobody beside user and host.
        uint256 named;
        assembly ("memory-safe") {
            named := or(or(voucherSigner, voucherCap), or(watcher, arbiter))
        }
        uint256 flags = named != 0 ? _checkedRoles(user, host, voucherSigner, voucherCap, watcher, arbiter) : 0;
        // Effect and log.
        jobId = _open(
            user, host, token, deposit, pricePerToken, maxDuration, proofInterval, maxTokensPerSecond, circuitId, flags
        );
        // Check: the deposit, whose bounds the writing checked, is enough to begin with.
        // 96 bits times a million, and 64 bits times 16,384.
        unchecked {
            uint256 buys = deposit * Sessions.PRICE_UNIT;
            if (buys < proofInterval * pricePerToken) {
                revert JobMarketplace_DepositBuysTooLittle(proofInterval, buys / pricePerToken);
            }
        }
        // Effect and log: the optional slots.
        if (flags != 0) _writeRoles(jobId, user, voucherSigner, voucherCap, watcher, arbiter);
    }

    /// @dev Nobody acknowledges, watches or judges its own work.
    /// @return flags Which of the optional slots are in use.
    function _checkedRoles(
        address user,
        address host,
        address voucherSigner,
        uint256 voucherCap,
        address watcher,
        address arbiter
    ) internal pure returns (uint256 flags) {
        address signer = voucherSigner == address(0) ? user : voucherSigner;
        if (host == signer || host == watcher) revert JobMarketplace_RolesCollide(host);
        if (arbiter != address(0)) {
            if (arbiter == user || arbiter == host || arbiter == signer || arbiter == watcher) {
                revert JobMarketplace_RolesCollide(arbiter);
            }
            flags = FLAG_ARBITER;
        }
        if (watcher != address(0)) flags |= FLAG_WATCHER;
        if (voucherCap > type(uint64).max) {
            revert JobMarketplace_VoucherCapOutOfRange(0, type(uint64).max, voucherCap);
        }
        if (signer != user || voucherCap != 0) flags |= FLAG_SIGNER;
    }

    function _writeRoles(
        uint256 jobId,
        address user,
        address voucherSigner,
        uint256 voucherCap,
        address watcher,
        address arbiter
    ) internal {
        Session storage s = _sessions[jobId];
        address signer = voucherSigner == address(0) ? user : voucherSigner;
        if (signer != user || voucherCap != 0) (s.voucherSigner, s.voucherCap) = (signer, uint64(voucherCap));
        if (watcher != address(0)) s.watcher = watcher;
        if (arbiter != address(0)) s.arbiter = arbiter;
        emit SessionRoles(jobId, voucherSigner, voucherCap, watcher, arbiter);
    }

    /// @dev Checks what sessions and prompt jobs have in common, and writes the slots that every one of them has.
    function _open(
        address user,
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval,
        uint256 maxTokensPerSecond,
        uint256 circuitId,
        uint256 flags
    ) internal returns (uint256 jobId) {
        // Check: not paused. The modifier would read the slot once more.
        if (paused()) revert EnforcedPause();
        // Effect: one more of 2^40 sessions. It stands here, beside the look at the pause, to read their slot once.
        unchecked {
            jobId = ++_jobCount;
        }
        // Check: who, with what, for how long.
        if (host == user) revert JobMarketplace_RolesCollide(host);
        (bool allowed, uint256 minimumDeposit, uint256 tokenId) = _termsOf(token);
        if (!allowed) revert JobMarketplace_TokenNotAllowed(token);
        if (_isOutside(deposit, minimumDeposit, type(uint96).max)) {
            revert JobMarketplace_DepositOutOfRange(minimumDeposit, type(uint96).max, deposit);
        }
        if (_isOutside(maxDuration, MIN_DURATION, MAX_DURATION)) {
            revert JobMarketplace_DurationOutOfRange(MIN_DURATION, MAX_DURATION, maxDuration);
        }
        if (!Questions.isActiveWorker(REGISTRY, host)) revert JobMarketplace_HostNotActive(host);
        Session storage s = _sessions[jobId];
        // Effect: three slots, each written whole.
        s.head = packHead(user, tokenId, flags);
        // The present and 90 days.
        unchecked {
            maxDuration += block.timestamp;
        }
        s.rules = packRules(host, maxDuration, proofInterval, circuitId);
        s.stake = packStake(pricePerToken, deposit, block.timestamp, maxTokensPerSecond);
        // Log.
        emit SessionCreated(
            jobId,
            user,
            host,
            token,
            deposit,
            pricePerToken,
            maxDuration,
            proofInterval,
            maxTokensPerSecond,
            circuitId
        );
    }

    /// @dev keccak256(abi.encode(chain, this contract, terms, user, salt)), EIP-3009's nonce for an opening. The encoding's
    /// 16 words are put together here: the terms as they were sent, which whoever opens has checked.
    function _authorizationNonce(Terms calldata terms, address user, bytes32 salt) internal view returns (bytes32 nonce) {
        assembly ("memory-safe") {
            // Beyond what is allocated, and hashed at once.
            let data := mload(0x40)
            mstore(data, chainid())
            mstore(add(data, 0x20), address())
            calldatacopy(add(data, 0x40), terms, 0x180)
            mstore(add(data, 0x1c0), user)
            mstore(add(data, 0x1e0), salt)
            nonce := keccak256(data, 0x200)
        }
    }

    function _requireErc20(address token) internal pure {
        if (token == address(0)) revert JobMarketplace_TokenNotAllowed(token);
    }

    /// @dev Whether a value is below `min` or above `max`: one comparison, since below zero is above everything.
    function _isOutside(uint256 value, uint256 min, uint256 max) private pure returns (bool) {
        unchecked {
            return value - min > max - min;
        }
    }

    function _requireRate(uint256 maxTokensPerSecond) internal pure {
        if (_isOutside(maxTokensPerSecond, 1, MAX_RATE)) {
            revert JobMarketplace_RateOutOfRange(1, MAX_RATE, maxTokensPerSecond);
        }
    }

    function _requireCircuit(uint256 circuitId)
        internal
        view
        returns (uint256 maxTokens, bool bindsInput)
    {
        uint256 revokedAt;
        (maxTokens, bindsInput, revokedAt) = Questions.circuitInfo(PROOF_SYSTEM, circuitId);
        if (maxTokens == 0) revert JobMarketplace_CircuitUnknown(circuitId);
        if (revokedAt != 0) revert JobMarketplace_CircuitRevoked(circuitId, revokedAt);
    }
}
