// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {Signatures} from "../../libraries/Signatures.sol";
import {FactoryState} from "./FactoryState.sol";

/// @title What a party can sign instead of calling: each struct, once, and when a signature counts
/// @dev What a job's state makes single-use carries no nonce: round and status move on. Who claims or posts can do so again in
/// the same state, so those intents carry one; and a worker's intents name the worker, which can change within a round.
abstract contract Intents is FactoryState {
    uint256 internal constant MAX_INTENT_TIME = 7 days;

    bytes32 private constant POST_JOB_TYPEHASH = keccak256(
        "PostJob(address issuer,address payee,address evaluator,address token,uint256 amount,uint256 claimDuration,uint256 workDuration,uint256 reviewDuration,uint256 claimBond,uint256 rejectFeeBps,bytes32 specHash,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant CANCEL_JOB_TYPEHASH = keccak256("CancelJob(uint256 jobId,uint256 round,uint256 deadline)");
    bytes32 private constant CLAIM_JOB_TYPEHASH =
        keccak256("ClaimJob(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)");
    bytes32 private constant RELEASE_CLAIM_TYPEHASH =
        keccak256("ReleaseClaim(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)");
    bytes32 private constant SUBMIT_WORK_TYPEHASH =
        keccak256("SubmitWork(uint256 jobId,uint256 round,address worker,bytes32 workHash,uint256 deadline)");
    bytes32 private constant VERIFY_JOB_TYPEHASH = keccak256(
        "VerifyJob(uint256 jobId,uint256 round,bytes32 workHash,bool approved,bool reopen,uint16 splitBps,uint256 deadline)"
    );
    bytes32 private constant EXPIRE_JOB_TYPEHASH = keccak256("ExpireJob(uint256 jobId,uint256 round,uint256 deadline)");

    /// @inheritdoc IJobFactory
    mapping(address account => uint256) public override nonces;
    /// @inheritdoc IJobFactory
    mapping(address account => mapping(bytes32 digest => bool)) public override isIntentRevoked;

    /// @inheritdoc IJobFactory
    function revokeIntent(bytes32 digest) external override {
        isIntentRevoked[msg.sender][digest] = true;
        emit IntentRevoked(msg.sender, digest);
    }

    /// @dev The signer's word for what the digest says, in time and not taken back.
    function _requireSigned(address signer, bytes32 digest, uint256 deadline, bytes calldata signature) internal view {
        uint256 max = block.timestamp + MAX_INTENT_TIME;
        if (deadline < block.timestamp || deadline > max) {
            revert JobFactory_DeadlineOutOfRange(block.timestamp, max, deadline);
        }
        if (isIntentRevoked[signer][digest]) revert JobFactory_IntentRevoked(signer, digest);
        if (!Signatures.isValid(signer, digest, signature)) revert JobFactory_SignatureInvalid(signer, digest);
    }

    /// @dev The nonce that an account's next intent must carry, used up. If the signature turns out wrong, all is undone.
    function _takeNonce(address account) internal returns (uint256 nonce) {
        nonce = nonces[account];
        nonces[account] = nonce + 1;
        emit NonceUsed(account, nonce);
    }

    // ------------------------------------------------------------------------------------------------------ digests

    /// @inheritdoc IJobFactory
    function getDomainSeparator() external view override returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @inheritdoc IJobFactory
    function postJobDigest(Terms calldata terms, address issuer, uint256 nonce, uint256 deadline)
        public
        view
        override
        returns (bytes32)
    {
        // The terms have no part of varying size, so they are encoded word by word, in place.
        return _hashTypedDataV4(keccak256(abi.encode(POST_JOB_TYPEHASH, issuer, terms, nonce, deadline)));
    }

    /// @inheritdoc IJobFactory
    function cancelJobDigest(uint256 jobId, uint256 round, uint256 deadline) public view override returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CANCEL_JOB_TYPEHASH, jobId, round, deadline)));
    }

    /// @inheritdoc IJobFactory
    function claimJobDigest(uint256 jobId, uint256 round, address worker, uint256 nonce, uint256 deadline)
        public
        view
        override
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(CLAIM_JOB_TYPEHASH, jobId, round, worker, nonce, deadline)));
    }

    /// @inheritdoc IJobFactory
    function releaseClaimDigest(uint256 jobId, uint256 round, address worker, uint256 nonce, uint256 deadline)
        public
        view
        override
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(RELEASE_CLAIM_TYPEHASH, jobId, round, worker, nonce, deadline)));
    }

    /// @inheritdoc IJobFactory
    function submitWorkDigest(uint256 jobId, uint256 round, address worker, bytes32 workHash, uint256 deadline)
        public
        view
        override
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(SUBMIT_WORK_TYPEHASH, jobId, round, worker, workHash, deadline)));
    }

    /// @inheritdoc IJobFactory
    function verifyJobDigest(
        uint256 jobId,
        uint256 round,
        bytes32 workHash,
        bool approved,
        bool reopen,
        uint16 splitBps,
        uint256 deadline
    ) public view override returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(abi.encode(VERIFY_JOB_TYPEHASH, jobId, round, workHash, approved, reopen, splitBps, deadline))
        );
    }

    /// @inheritdoc IJobFactory
    function expireJobDigest(uint256 jobId, uint256 round, uint256 deadline) public view override returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(EXPIRE_JOB_TYPEHASH, jobId, round, deadline)));
    }
}
