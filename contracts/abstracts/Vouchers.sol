// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IJobMarketplaceMain} from "../../interfaces/IJobMarketplaceMain.sol";
import {Session} from "../libraries/Sessions.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Evidence, FLAG_SIGNER, Head, Rules} from "../types/SessionWords.sol";
import {Settlement} from "./Settlement.sol";

/// @title Tokens that the user acknowledged by signature
/// @dev What is wrong with a voucher is returned, not thrown, so that a batch can skip it.
abstract contract Vouchers is Settlement {
    bytes32 internal constant VOUCHER_TYPEHASH =
        keccak256("Voucher(uint256 jobId,address host,uint64 cumulativeTokens)");

    /// @dev Redeeming one voucher, settling and answering a dispute included, stays below this.
    uint256 internal constant GAS_PER_VOUCHER = 250_000;

    /// @inheritdoc IJobMarketplaceMain
    function redeemVoucher(uint256 jobId, uint64 cumulativeTokens, bytes calldata signature) external nonReentrant {
        bytes memory problem = _redeem(_domainSeparatorV4(), jobId, cumulativeTokens, signature);
        if (problem.length != 0) _revertWith(problem);
    }

    /// @inheritdoc IJobMarketplaceMain
    function redeemVouchers(VoucherItem[] calldata items) external nonReentrant {
        bytes32 domain = _domainSeparatorV4();
        for (uint256 i = 0; i < items.length; ++i) {
            // Check: this item cannot fail for want of gas alone.
            if (gasleft() < GAS_PER_VOUCHER) revert JobMarketplace_GasTooLow(GAS_PER_VOUCHER, gasleft());
            VoucherItem calldata item = items[i];
            bytes memory problem = _redeem(domain, item.jobId, item.cumulativeTokens, item.signature);
            if (problem.length != 0) emit VoucherSkipped(item.jobId, i, bytes4(problem));
        }
    }

    function _redeem(bytes32 domain, uint256 jobId, uint64 cumulativeTokens, bytes calldata signature)
        private
        returns (bytes memory problem)
    {
        Session storage s = _sessions[jobId];
        Head head = s.head;
        // Check: an open session, a newer voucher, the right signature.
        if (head.userOf() == address(0)) return abi.encodeWithSelector(JobMarketplace_SessionUnknown.selector, jobId);
        if (!head.isOpen()) {
            return abi.encodeWithSelector(JobMarketplace_SessionNotOpen.selector, jobId, head.statusOf());
        }
        Rules rules = s.rules;
        uint256 tokens;
        (tokens, problem) = _acknowledged(domain, jobId, s, head, rules, cumulativeTokens, signature);
        if (problem.length != 0) return problem;
        Evidence evidence = s.evidence;
        if (tokens <= evidence.ackedOf()) {
            return abi.encodeWithSelector(JobMarketplace_VoucherNotNewer.selector, evidence.ackedOf(), tokens);
        }
        // Effect and log.
        _afterEvidence(jobId, s, head, rules, _acknowledge(jobId, s, evidence, tokens));
    }

    /// @dev Raises `acked`.
    function _acknowledge(uint256 jobId, Session storage s, Evidence evidence, uint256 tokens)
        internal
        returns (Evidence)
    {
        evidence = evidence.withAcked(tokens, block.timestamp);
        s.evidence = evidence;
        emit VoucherRedeemed(jobId, tokens);
        return evidence;
    }

    /// @dev What a voucher acknowledges: its tokens, up to the session's cap.
    function _acknowledged(
        bytes32 domain,
        uint256 jobId,
        Session storage s,
        Head head,
        Rules rules,
        uint64 cumulativeTokens,
        bytes calldata signature
    ) internal view returns (uint256 tokens, bytes memory problem) {
        tokens = cumulativeTokens;
        address signer = head.userOf();
        if (head.has(FLAG_SIGNER)) {
            signer = s.voucherSigner;
            uint64 cap = s.voucherCap;
            if (cap != 0 && tokens > cap) tokens = cap;
        }
        bytes32 structHash = _voucherHash(jobId, rules.hostOf(), cumulativeTokens);
        address recovered = Signatures.recoverStrict(MessageHashUtils.toTypedDataHash(domain, structHash), signature);
        if (recovered != signer) {
            problem = abi.encodeWithSelector(JobMarketplace_VoucherSignatureInvalid.selector, signer, recovered);
        }
    }

    /// @dev keccak256(abi.encode(VOUCHER_TYPEHASH, jobId, host, cumulativeTokens)), beyond what is allocated.
    function _voucherHash(uint256 jobId, address host, uint256 cumulativeTokens) private pure returns (bytes32 hash) {
        bytes32 typehash = VOUCHER_TYPEHASH;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, typehash)
            mstore(add(data, 0x20), jobId)
            mstore(add(data, 0x40), host)
            mstore(add(data, 0x60), cumulativeTokens)
            hash := keccak256(data, 0x80)
        }
    }

    function _revertWith(bytes memory problem) internal pure {
        assembly ("memory-safe") {
            revert(add(problem, 0x20), mload(problem))
        }
    }
}
