// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IWorkerRegistry} from "../../interfaces/IWorkerRegistry.sol";

/// @title RegistryRoles
/// @notice The worker registry's admin and registration signer, and how each is handed over.
abstract contract RegistryRoles is IWorkerRegistry {
    /// @inheritdoc IWorkerRegistry
    address public override admin;

    /// @inheritdoc IWorkerRegistry
    address public override pendingAdmin;

    /// @inheritdoc IWorkerRegistry
    address public override pendingSigner;

    /// @inheritdoc IWorkerRegistry
    /// @dev Last, so that what the heir declares first shares its slot: a registration reads both.
    address public override registrationSigner;

    modifier onlyAdmin() {
        _checkAdmin();
        _;
    }

    constructor(address initialSigner, address initialAdmin) {
        // Check: two roles, two holders.
        if (initialSigner == address(0) || initialAdmin == address(0)) {
            revert WorkerRegistry_ZeroAddress();
        }
        if (initialSigner == initialAdmin) revert WorkerRegistry_AdminIsSigner(initialAdmin);

        // Effect: both hold office from the start.
        registrationSigner = initialSigner;
        admin = initialAdmin;

        // Log: the first holders follow on nobody.
        emit SignerUpdated(address(0), initialSigner);
        emit AdminTransferred(address(0), initialAdmin);
    }

    /// @inheritdoc IWorkerRegistry
    function proposeSignerUpdate(address newSigner) external override onlyAdmin {
        // Check: someone, and not the admin.
        if (newSigner == address(0)) revert WorkerRegistry_ZeroAddress();
        if (newSigner == admin) revert WorkerRegistry_AdminIsSigner(newSigner);

        // Effect: the proposal stands until it is accepted, replaced or dropped.
        pendingSigner = newSigner;

        // Log: who is to follow whom.
        emit SignerUpdateProposed(registrationSigner, newSigner);
    }

    /// @inheritdoc IWorkerRegistry
    function cancelSignerUpdate() external override onlyAdmin {
        // Check: something to cancel.
        address dropped = pendingSigner;
        if (dropped == address(0)) revert WorkerRegistry_NothingPending();

        // Effect: nobody can accept.
        pendingSigner = address(0);

        // Log: who was dropped.
        emit SignerUpdateCancelled(dropped);
    }

    /// @inheritdoc IWorkerRegistry
    function acceptSignerRole() external override {
        // Check: the proposed one, who may have become the admin since.
        address proposed = pendingSigner;
        if (msg.sender != proposed) revert WorkerRegistry_NotPendingSigner(msg.sender, proposed);
        if (msg.sender == admin) revert WorkerRegistry_AdminIsSigner(msg.sender);

        // Effect: the old signer's signatures count no more.
        address previous = registrationSigner;
        registrationSigner = msg.sender;
        pendingSigner = address(0);

        // Log: who followed whom.
        emit SignerUpdated(previous, msg.sender);
    }

    /// @inheritdoc IWorkerRegistry
    function disableSigner() external override onlyAdmin {
        // Effect: nobody signs, and nobody can accept to.
        address previous = registrationSigner;
        address dropped = pendingSigner;
        registrationSigner = address(0);
        pendingSigner = address(0);

        // Log: who was dropped.
        emit SignerDisabled(previous, dropped);
    }

    /// @inheritdoc IWorkerRegistry
    function transferAdmin(address newAdmin) external override onlyAdmin {
        // Check: someone, and not the signer.
        if (newAdmin == address(0)) revert WorkerRegistry_ZeroAddress();
        if (newAdmin == registrationSigner) revert WorkerRegistry_AdminIsSigner(newAdmin);

        // Effect: the proposal stands until it is accepted, replaced or dropped.
        pendingAdmin = newAdmin;

        // Log: who is to follow whom.
        emit AdminTransferStarted(msg.sender, newAdmin);
    }

    /// @inheritdoc IWorkerRegistry
    function cancelAdminTransfer() external override onlyAdmin {
        // Check: something to cancel.
        address dropped = pendingAdmin;
        if (dropped == address(0)) revert WorkerRegistry_NothingPending();

        // Effect: nobody can accept.
        pendingAdmin = address(0);

        // Log: who was dropped.
        emit AdminTransferCancelled(dropped);
    }

    /// @inheritdoc IWorkerRegistry
    function acceptAdmin() external override {
        // Check: the proposed one, who may have become the signer since.
        address proposed = pendingAdmin;
        if (msg.sender != proposed) revert WorkerRegistry_NotPendingAdmin(msg.sender, proposed);
        if (msg.sender == registrationSigner) revert WorkerRegistry_AdminIsSigner(msg.sender);

        // Effect: the old admin has no power left.
        address previous = admin;
        admin = msg.sender;
        pendingAdmin = address(0);

        // Log: who followed whom.
        emit AdminTransferred(previous, msg.sender);
    }

    function _checkAdmin() private view {
        if (msg.sender != admin) revert WorkerRegistry_NotAdmin(msg.sender, admin);
    }
}
