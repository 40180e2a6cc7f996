// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IWorkerRegistry
/// @notice Who may work: a worker registers with the signature of a backend that checked it.
///
/// Two roles, never held by one address. The *registration signer* signs who may register and can do
/// nothing else. The *admin* replaces or disables the signer and removes workers; it cannot register
/// anyone. Both are handed over in two steps.
interface IWorkerRegistry {
    /*//////////////////////////////////////////////////////////////////////////
                                       ERRORS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice The worker has an active profile already.
    error WorkerRegistry_AlreadyActive(address worker);

    /// @notice The worker has no active profile.
    error WorkerRegistry_NotActive(address worker);

    /// @notice The profile's hash is zero.
    error WorkerRegistry_EmptyProfile(address worker);

    /// @notice The hourly rate does not fit its storage.
    error WorkerRegistry_RateTooHigh(uint256 hourlyRate, uint256 maxHourlyRate);

    /// @notice The signature's deadline has passed.
    error WorkerRegistry_DeadlinePassed(uint256 deadline, uint256 currentTime);

    /// @notice The signature's deadline is too far away.
    error WorkerRegistry_DeadlineTooFar(uint256 deadline, uint256 maxDeadline);

    /// @notice Nobody is the registration signer.
    error WorkerRegistry_SignerIsDisabled();

    /// @notice The registration signer did not sign this digest.
    error WorkerRegistry_InvalidSignature(address registrationSigner, bytes32 digest);

    /// @notice The caller is not the admin.
    error WorkerRegistry_NotAdmin(address caller, address admin);

    /// @notice The caller is not the proposed admin.
    error WorkerRegistry_NotPendingAdmin(address caller, address pendingAdmin);

    /// @notice The caller is not the proposed registration signer.
    error WorkerRegistry_NotPendingSigner(address caller, address pendingSigner);

    /// @notice There is no hand-over to cancel.
    error WorkerRegistry_NothingPending();

    /// @notice One address would be both admin and registration signer.
    error WorkerRegistry_AdminIsSigner(address account);

    /// @notice An address that must name someone is zero.
    error WorkerRegistry_ZeroAddress();

    /*//////////////////////////////////////////////////////////////////////////
                                       EVENTS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice A worker registered; the block's time is its `registeredAt`.
    /// @param nextNonce The worker's nonce from now on.
    event WorkerRegistered(
        address indexed worker,
        bytes32 ipfsHash,
        uint256 hourlyRate,
        uint256 nextNonce
    );

    /// @notice A worker replaced its profile.
    event ProfileUpdated(address indexed worker, bytes32 ipfsHash, uint256 hourlyRate);

    /// @notice A worker left; its nonce stays.
    event WorkerDeregistered(address indexed worker);

    /// @notice The admin removed a worker and voided what was signed for it.
    /// @param nextNonce The worker's nonce from now on.
    event WorkerDeactivated(address indexed worker, uint256 nextNonce);

    /// @notice The admin proposed a registration signer.
    event SignerUpdateProposed(address indexed currentSigner, address indexed pendingSigner);

    /// @notice The admin withdrew its proposal.
    event SignerUpdateCancelled(address indexed pendingSigner);

    /// @notice The registration signer changed.
    event SignerUpdated(address indexed previousSigner, address indexed newSigner);

    /// @notice The admin left the registry without a registration signer, proposed or acting.
    event SignerDisabled(address indexed previousSigner, address indexed droppedSigner);

    /// @notice The admin proposed its successor.
    event AdminTransferStarted(address indexed currentAdmin, address indexed pendingAdmin);

    /// @notice The admin withdrew its proposal.
    event AdminTransferCancelled(address indexed pendingAdmin);

    /// @notice The admin changed.
    event AdminTransferred(address indexed previousAdmin, address indexed newAdmin);

    /*//////////////////////////////////////////////////////////////////////////
                                   WORKERS' FUNCTIONS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Registers the caller with the registration signer's consent.
    ///
    /// @dev Emits {WorkerRegistered}.
    ///
    /// Notes:
    /// - The consent is the EIP-712 message `RegisterWorker(address worker,bytes32 ipfsHash,uint256
    ///   hourlyRate,uint256 nonce,uint256 deadline)` in the domain ("Provenwork WorkerRegistry", "1"),
    ///   where `worker` is the caller and `nonce` is `nonces(worker)`.
    /// - A signature is 65 bytes of strict ECDSA; if the signer has code and ECDSA does not name it,
    ///   it is asked by ERC-1271.
    /// - A signature counts until its deadline, that second included.
    ///
    /// Requirements:
    /// - The caller must not be active.
    /// - The profile's hash must not be zero.
    /// - The hourly rate must fit 96 bits.
    /// - The deadline must not have passed.
    /// - The deadline must be at most seven days away.
    /// - There must be a registration signer.
    /// - The registration signer must have signed exactly this registration.
    ///
    /// @param ipfsHash The sha2-256 digest of the profile's CID.
    /// @param hourlyRate What the worker asks per hour, in units of 10^-6 USDC.
    /// @param deadline The last second at which the signature counts, in Unix seconds.
    /// @param signature The registration signer's signature.
    function registerProfile(
        bytes32 ipfsHash,
        uint256 hourlyRate,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Replaces the caller's profile.
    ///
    /// @dev Emits {ProfileUpdated}.
    ///
    /// Requirements:
    /// - The caller must be active.
    /// - The profile's hash must not be zero.
    /// - The hourly rate must fit 96 bits.
    ///
    /// @param ipfsHash The sha2-256 digest of the profile's CID.
    /// @param hourlyRate What the worker asks per hour, in units of 10^-6 USDC.
    function updateProfile(bytes32 ipfsHash, uint256 hourlyRate) external;

    /// @notice Removes the caller's profile.
    ///
    /// @dev Emits {WorkerDeregistered}.
    ///
    /// Notes:
    /// - The nonce stays, so no signature that was used counts again.
    /// - Sessions and jobs that are open are not touched.
    ///
    /// Requirements:
    /// - The caller must be active.
    function deregister() external;

    /*//////////////////////////////////////////////////////////////////////////
                                   ADMIN'S FUNCTIONS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Removes a worker and voids every signature made for it so far.
    ///
    /// @dev Emits {WorkerDeactivated}.
    ///
    /// Notes:
    /// - The worker need not be active: one that was signed for and has not registered yet, or that
    ///   left ahead of this call, could otherwise come back with the signature it holds.
    /// - Sessions and jobs that are open are not touched.
    /// - The registration signer may sign for the worker again.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    /// - The worker must not be the zero address.
    ///
    /// @param worker Whom to remove.
    function deactivate(address worker) external;

    /// @notice Proposes a registration signer, which takes over when it accepts.
    ///
    /// @dev Emits {SignerUpdateProposed}.
    ///
    /// Notes:
    /// - A second proposal replaces the first. The acting signer stays until the new one accepts.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    /// - The proposed signer must not be the zero address.
    /// - The proposed signer must not be the admin.
    ///
    /// @param newSigner Who is to sign.
    function proposeSignerUpdate(address newSigner) external;

    /// @notice Withdraws the proposal of a registration signer.
    ///
    /// @dev Emits {SignerUpdateCancelled}.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    /// - A signer must have been proposed.
    function cancelSignerUpdate() external;

    /// @notice Makes the caller, which was proposed, the registration signer.
    ///
    /// @dev Emits {SignerUpdated}.
    ///
    /// Notes:
    /// - Signatures of the replaced signer are worth nothing from here on.
    ///
    /// Requirements:
    /// - The caller must be the proposed signer.
    /// - The caller must not be the admin.
    function acceptSignerRole() external;

    /// @notice Stops registrations at once: drops the registration signer and any proposed one.
    ///
    /// @dev Emits {SignerDisabled}.
    ///
    /// Notes:
    /// - It never fails for the admin, whatever was dropped before.
    /// - Registrations resume when a proposed signer accepts.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    function disableSigner() external;

    /// @notice Proposes an admin, which takes over when it accepts.
    ///
    /// @dev Emits {AdminTransferStarted}.
    ///
    /// Notes:
    /// - A second proposal replaces the first.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    /// - The proposed admin must not be the zero address.
    /// - The proposed admin must not be the registration signer.
    ///
    /// @param newAdmin Who is to administer.
    function transferAdmin(address newAdmin) external;

    /// @notice Withdraws the proposal of an admin.
    ///
    /// @dev Emits {AdminTransferCancelled}.
    ///
    /// Requirements:
    /// - The caller must be the admin.
    /// - An admin must have been proposed.
    function cancelAdminTransfer() external;

    /// @notice Makes the caller, which was proposed, the admin.
    ///
    /// @dev Emits {AdminTransferred}.
    ///
    /// Warning: a signer that the old admin proposed can still accept. Look at {pendingSigner}, and cancel.
    ///
    /// Requirements:
    /// - The caller must be the proposed admin.
    /// - The caller must not be the registration signer.
    function acceptAdmin() external;

    /*//////////////////////////////////////////////////////////////////////////
                                  READ-ONLY FUNCTIONS
    //////////////////////////////////////////////////////////////////////////*/

    /// @notice Whether a worker is registered now.
    function isActiveWorker(address worker) external view returns (bool);

    /// @notice How many workers are registered now.
    function activeWorkerCount() external view returns (uint256);

    /// @notice A worker's profile; all zero unless the worker is active.
    /// @return ipfsHash The sha2-256 digest of the profile's CID.
    /// @return hourlyRate What the worker asks per hour, in units of 10^-6 USDC.
    /// @return registeredAt When the worker registered last, in Unix seconds.
    /// @return active Whether the worker is registered now.
    function profiles(
        address worker
    )
        external
        view
        returns (bytes32 ipfsHash, uint256 hourlyRate, uint256 registeredAt, bool active);

    /// @notice The nonce that the next signature for a worker must carry; it only grows.
    function nonces(address worker) external view returns (uint256);

    /// @notice The EIP-712 domain separator of this chain and this contract.
    function getDomainSeparator() external view returns (bytes32);

    /// @notice Who replaces the signer and removes workers.
    function admin() external view returns (address);

    /// @notice Who may become the admin by accepting, or zero.
    function pendingAdmin() external view returns (address);

    /// @notice Who signs registrations, or zero while nobody may.
    function registrationSigner() external view returns (address);

    /// @notice Who may become the registration signer by accepting, or zero.
    function pendingSigner() external view returns (address);
}
