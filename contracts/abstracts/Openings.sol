// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Session, Sessions, TokenTerms} from "../libraries/Sessions.sol";
import {FLAG_ARBITER, FLAG_PROMPT, FLAG_SIGNER, FLAG_WATCHER, packHead, packRules, packStake} from "../types/SessionWords.sol";
import {Ledger} from "./Ledger.sol";

/// @title What a new session or prompt job must satisfy, and how it is written down
abstract contract Openings is Ledger {
    uint256 internal constant MIN_DURATION = 10 minutes;
    uint256 internal constant MAX_DURATION = 90 days;
    uint256 internal constant MAX_PROOF_INTERVAL = 16_384;
    uint256 internal constant MAX_RATE = 10_000;

    /// @dev Opens a metered session; the deposit is still to be collected.
    function _openMetered(address user, Terms memory terms) internal returns (uint256 jobId) {
        // Check: the terms' ranges.
        if (terms.pricePerToken == 0 || terms.pricePerToken > type(uint64).max) {
            revert JobMarketplace_PriceOutOfRange(1, type(uint64).max, terms.pricePerToken);
        }
        if (terms.proofInterval == 0 || terms.proofInterval > MAX_PROOF_INTERVAL) {
            revert JobMarketplace_ProofIntervalOutOfRange(
                1, MAX_PROOF_INTERVAL, terms.proofInterval
            );
        }
        _requireRate(terms.maxTokensPerSecond);
        // Check: nobody acknowledges, watches or judges its own work.
        address host = terms.host;
        address signer = terms.voucherSigner == address(0) ? user : terms.voucherSigner;
        if (host == signer || host == terms.watcher) revert JobMarketplace_RolesCollide(host);
        if (terms.arbiter != address(0) && (terms.arbiter == signer || terms.arbiter == terms.watcher)) {
            revert JobMarketplace_RolesCollide(terms.arbiter);
        }
        if (terms.circuitId != 0) _requireCircuit(terms.circuitId);
        // Effect and log.
        uint256 flags = 0;
        if (terms.watcher != address(0)) flags |= FLAG_WATCHER;
        if (signer != user || terms.voucherCap != 0) flags |= FLAG_SIGNER;
        Session storage s;
        (jobId, s) = _open(user, terms, flags);
        // Check: the deposit, whose bounds the writing checked, is enough to begin with.
        uint256 bought;
        // 96 bits times a million, by what is not zero.
        unchecked {
            bought = terms.deposit * Sessions.PRICE_UNIT / terms.pricePerToken;
        }
        if (bought < terms.proofInterval) {
            revert JobMarketplace_DepositBuysTooLittle(terms.proofInterval, bought);
        }
        // Effect: the optional slots.
        if (flags & FLAG_SIGNER != 0) (s.voucherSigner, s.voucherCap) = (signer, terms.voucherCap);
        if (flags & FLAG_WATCHER != 0) s.watcher = terms.watcher;
    }

    /// @dev Checks what sessions and prompt jobs have in common, and writes the slots that every one of them has.
    function _open(address user, Terms memory terms, uint256 flags)
        internal
        whenNotPaused
        returns (uint256 jobId, Session storage s)
    {
        // Check: who, with what, for how long.
        address host = terms.host;
        if (host == user) revert JobMarketplace_RolesCollide(host);
        if (!REGISTRY.isActiveWorker(host)) revert JobMarketplace_HostNotActive(host);
        TokenTerms storage token = _tokenTerms[terms.token];
        if (!token.allowed) revert JobMarketplace_TokenNotAllowed(terms.token);
        if (terms.deposit < token.minimumDeposit || terms.deposit > type(uint96).max) {
            revert JobMarketplace_DepositOutOfRange(
                token.minimumDeposit, type(uint96).max, terms.deposit
            );
        }
        if (terms.maxDuration < MIN_DURATION || terms.maxDuration > MAX_DURATION) {
            revert JobMarketplace_DurationOutOfRange(
                MIN_DURATION, MAX_DURATION, terms.maxDuration
            );
        }
        jobId = ++_jobCount;
        s = _sessions[jobId];
        if (terms.arbiter != address(0)) {
            if (terms.arbiter == user || terms.arbiter == host) {
                revert JobMarketplace_RolesCollide(terms.arbiter);
            }
            flags |= FLAG_ARBITER;
            s.arbiter = terms.arbiter;
        }
        // Effect: three slots, each written whole.
        uint256 endsAt = block.timestamp + terms.maxDuration;
        s.head = packHead(user, token.id, flags);
        s.rules = packRules(host, endsAt, terms.proofInterval, terms.circuitId);
        s.stake = packStake(terms.pricePerToken, terms.deposit, block.timestamp, terms.maxTokensPerSecond);
        // Log.
        emit SessionCreated(jobId, user, host, terms.deposit, terms.pricePerToken);
        emit SessionTerms(
            jobId, terms.token, endsAt, terms.proofInterval, terms.maxTokensPerSecond, terms.circuitId
        );
        if (flags != 0 && flags != FLAG_PROMPT) {
            emit SessionRoles(jobId, terms.voucherSigner, terms.voucherCap, terms.watcher, terms.arbiter);
        }
    }

    function _requireRate(uint256 maxTokensPerSecond) internal pure {
        if (maxTokensPerSecond == 0 || maxTokensPerSecond > MAX_RATE) {
            revert JobMarketplace_RateOutOfRange(1, MAX_RATE, maxTokensPerSecond);
        }
    }

    function _requireCircuit(uint32 circuitId)
        internal
        view
        returns (uint256 maxTokens, bool bindsInput)
    {
        uint256 revokedAt;
        (maxTokens, bindsInput, revokedAt) = PROOF_SYSTEM.circuitTerms(circuitId);
        if (maxTokens == 0) revert JobMarketplace_CircuitUnknown(circuitId);
        if (revokedAt != 0) revert JobMarketplace_CircuitRevoked(circuitId, revokedAt);
    }
}
