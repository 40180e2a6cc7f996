// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IWorkerRegistry} from "../interfaces/IWorkerRegistry.sol";
import {RegistryRoles} from "./abstracts/RegistryRoles.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title WorkerRegistry
/// @notice See the documentation in {IWorkerRegistry}.
contract WorkerRegistry is IWorkerRegistry, EIP712, RegistryRoles {
    /// @dev All but the nonce is zero unless the worker is active.
    struct Profile {
        // slot 0
        bytes32 ipfsHash;
        // slot 1
        uint96 hourlyRate;
        uint64 nonce;
        uint40 registeredAt;
        bool active;
    }

    bytes32 private constant REGISTER_WORKER_TYPEHASH =
        keccak256(
            "RegisterWorker(address worker,bytes32 ipfsHash,uint256 hourlyRate,uint256 nonce,uint256 deadline)"
        );

    /// @dev How far away a signature's deadline may be.
    uint256 private constant MAX_DEADLINE_DELAY = 7 days;

    /// @dev In the registration signer's slot.
    uint96 private _activeWorkers;

    mapping(address worker => Profile profile) private _profiles;

    constructor(
        address initialSigner,
        address initialAdmin
    ) EIP712("Provenwork WorkerRegistry", "1") RegistryRoles(initialSigner, initialAdmin) {}

    /// @inheritdoc IWorkerRegistry
    function registerProfile(
        bytes32 ipfsHash,
        uint256 hourlyRate,
        uint256 deadline,
        bytes calldata signature
    ) external override {
        // Check: a newcomer with a sound profile, and a signature of today's signer for exactly this.
        Profile storage profile = _profiles[msg.sender];
        if (profile.active) revert WorkerRegistry_AlreadyActive(msg.sender);
        _checkProfile(ipfsHash, hourlyRate);
        _checkDeadline(deadline);
        uint256 nonce = profile.nonce;
        _checkConsent(ipfsHash, hourlyRate, nonce, deadline, signature);

        // Effect: the worker is active, and the signature is used up.
        profile.ipfsHash = ipfsHash;
        profile.hourlyRate = uint96(hourlyRate);
        profile.nonce = uint64(nonce + 1);
        profile.registeredAt = uint40(block.timestamp);
        profile.active = true;
        ++_activeWorkers;

        // Log: the profile, and the nonce to sign next.
        emit WorkerRegistered(msg.sender, ipfsHash, hourlyRate, nonce + 1);
    }

    /// @inheritdoc IWorkerRegistry
    function updateProfile(bytes32 ipfsHash, uint256 hourlyRate) external override {
        // Check: a worker with a sound new profile.
        Profile storage profile = _profiles[msg.sender];
        if (!profile.active) revert WorkerRegistry_NotActive(msg.sender);
        _checkProfile(ipfsHash, hourlyRate);

        // Effect: the profile is replaced as a whole.
        profile.ipfsHash = ipfsHash;
        profile.hourlyRate = uint96(hourlyRate);

        // Log: the new profile.
        emit ProfileUpdated(msg.sender, ipfsHash, hourlyRate);
    }

    /// @inheritdoc IWorkerRegistry
    function deregister() external override {
        // Check: a worker.
        Profile storage profile = _profiles[msg.sender];
        if (!profile.active) revert WorkerRegistry_NotActive(msg.sender);

        // Effect: all but the nonce goes.
        _clear(profile, profile.nonce);

        // Log: who left.
        emit WorkerDeregistered(msg.sender);
    }

    /// @inheritdoc IWorkerRegistry
    function deactivate(address worker) external override onlyAdmin {
        // Check: someone.
        if (worker == address(0)) revert WorkerRegistry_ZeroAddress();

        // Effect: all but the nonce goes, and no signature made so far fits the new nonce.
        Profile storage profile = _profiles[worker];
        uint64 nextNonce = profile.nonce + 1;
        _clear(profile, nextNonce);

        // Log: who was removed, and the nonce to sign next.
        emit WorkerDeactivated(worker, nextNonce);
    }

    /// @inheritdoc IWorkerRegistry
    function isActiveWorker(address worker) external view override returns (bool) {
        return _profiles[worker].active;
    }

    /// @inheritdoc IWorkerRegistry
    function activeWorkerCount() external view override returns (uint256) {
        return _activeWorkers;
    }

    /// @inheritdoc IWorkerRegistry
    function profiles(
        address worker
    )
        external
        view
        override
        returns (bytes32 ipfsHash, uint256 hourlyRate, uint256 registeredAt, bool active)
    {
        Profile storage profile = _profiles[worker];
        return (profile.ipfsHash, profile.hourlyRate, profile.registeredAt, profile.active);
    }

    /// @inheritdoc IWorkerRegistry
    function nonces(address worker) external view override returns (uint256) {
        return _profiles[worker].nonce;
    }

    /// @inheritdoc IWorkerRegistry
    function getDomainSeparator() external view override returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _clear(Profile storage profile, uint64 nonce) private {
        if (profile.active) --_activeWorkers;
        profile.ipfsHash = 0;
        profile.hourlyRate = 0;
        profile.nonce = nonce;
        profile.registeredAt = 0;
        profile.active = false;
    }

    function _checkConsent(
        bytes32 ipfsHash,
        uint256 hourlyRate,
        uint256 nonce,
        uint256 deadline,
        bytes calldata signature
    ) private view {
        address signer = registrationSigner;
        if (signer == address(0)) revert WorkerRegistry_SignerIsDisabled();
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    REGISTER_WORKER_TYPEHASH,
                    msg.sender,
                    ipfsHash,
                    hourlyRate,
                    nonce,
                    deadline
                )
            )
        );
        if (!Signatures.isValid(signer, digest, signature)) {
            revert WorkerRegistry_InvalidSignature(signer, digest);
        }
    }

    function _checkDeadline(uint256 deadline) private view {
        if (block.timestamp > deadline) {
            revert WorkerRegistry_DeadlinePassed(deadline, block.timestamp);
        }
        uint256 maxDeadline = block.timestamp + MAX_DEADLINE_DELAY;
        if (deadline > maxDeadline) revert WorkerRegistry_DeadlineTooFar(deadline, maxDeadline);
    }

    function _checkProfile(bytes32 ipfsHash, uint256 hourlyRate) private view {
        if (ipfsHash == 0) revert WorkerRegistry_EmptyProfile(msg.sender);
        if (hourlyRate > type(uint96).max) {
            revert WorkerRegistry_RateTooHigh(hourlyRate, type(uint96).max);
        }
    }
}
