// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobFactoryTypes} from "./IJobFactoryTypes.sol";

/// @title One-shot jobs: an issuer posts a funded job, a worker claims it and submits, the verifier approves, splits, sends
/// back or rejects
/// @notice A party that must act has until `<=` its deadline; everyone else acts from `>`.
///
/// Whatever a party does by a call of its own it can also do by signature, relayed by anyone (`...BySig`). Signatures are EIP-712 in
/// the domain ("Provenwork JobFactory", "1"): 65 bytes of strict ECDSA, whatever code the signer has; where that does not
/// name the signer and it has code, it is asked by ERC-1271. A signature counts until its deadline, that second included, and
/// for the job's present round, or the signer's present nonce, only.
///
/// Only posting can be paused. Every function that touches jobs or money is guarded against re-entrance. Errors that begin
/// with `Payments` are those of moving money; see the library of that name.
interface IJobFactory is IJobFactoryTypes {
    // ----------------------------------------------------------------------------------------------------- posting

    /// @notice Posts a job and locks its amount. The caller is the issuer.
    /// @dev Emits {JobPosted}.
    ///
    /// Notes:
    /// - A job in a token needs an allowance for the amount.
    /// - Whoever claims an open job can submit anything: its bond comes back, and so does the reject fee. Name a payee, or no
    ///   reject fee, where that is too much.
    ///
    /// Requirements:
    /// - The contract must not be paused.
    /// - The payee, if named, must be neither the issuer nor the evaluator.
    /// - The token must be allowed.
    /// - The amount must be at least the token's minimum and fit 96 bits.
    /// - The time to claim must lie in [the contract's least, 30 days].
    /// - The time to work must lie in [the contract's least, 30 days].
    /// - The time to review must lie in [the contract's least, 14 days].
    /// - Every duration must be whole minutes.
    /// - The claim bond must fit 48 bits of gwei.
    /// - The claim bond must be whole gwei.
    /// - The reject fee must be at most 5,000 basis points.
    /// - The value sent must be the amount for ETH, and zero for a token.
    /// - The token must deliver the whole amount.
    ///
    /// @param terms Everything the job will hold to.
    /// @return jobId The new job, counted from 1.
    function postJob(Terms calldata terms) external payable returns (uint256 jobId);

    /// @notice {postJob} with an EIP-2612 permit instead of an earlier approval.
    /// @dev Emits {JobPosted}.
    ///
    /// Notes:
    /// - The permit is tried, then the allowance decides: one that somebody else used in between changes nothing.
    ///
    /// Requirements:
    /// - The terms must be such as {postJob} accepts, in a token.
    ///
    /// @param terms Everything the job will hold to.
    /// @param deadline The permit's deadline.
    /// @param v The permit's signature.
    /// @param r The permit's signature.
    /// @param s The permit's signature.
    /// @return jobId The new job.
    function postJobWithPermit(Terms calldata terms, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 jobId);

    /// @notice Posts a job for `issuer`, relayed by anyone, paid by an EIP-3009 authorization whose nonce is
    /// {authorizationNonce} of these arguments, so a relayer can change nothing.
    /// @dev Emits {JobPosted}.
    ///
    /// Notes:
    /// - Its times are the authorization's own. It is revoked at the token.
    ///
    /// Requirements:
    /// - The terms must be such as {postJob} accepts, in a token.
    /// - The issuer must not be the zero address.
    /// - The authorization must be the issuer's, for these terms, unused and in its time.
    ///
    /// @param terms Everything the job will hold to.
    /// @param issuer Who pays and owns the job.
    /// @param salt Tells apart two jobs on the same terms.
    /// @param validAfter The authorization is valid after this time.
    /// @param validBefore The authorization is valid before this time.
    /// @param signature The authorization's signature, as the token wants it.
    /// @return jobId The new job.
    function postJobWithAuthorization(
        Terms calldata terms,
        address issuer,
        bytes32 salt,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (uint256 jobId);

    /// @notice Posts a job for `issuer`, relayed by anyone, paid from the issuer's allowance.
    /// @dev Emits {NonceUsed} and {JobPosted}.
    ///
    /// Requirements:
    /// - The terms must be such as {postJob} accepts, in a token.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the issuer's.
    ///
    /// @param terms Everything the job will hold to.
    /// @param issuer Who pays and owns the job.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `PostJob(address issuer,address payee,address evaluator,address token,uint256 amount,uint256
    /// claimDuration,uint256 workDuration,uint256 reviewDuration,uint256 claimBond,uint256 rejectFeeBps,bytes32 specHash,uint256
    /// nonce,uint256 deadline)` with `nonce` = `nonces(issuer)`.
    /// @return jobId The new job.
    function postJobBySig(Terms calldata terms, address issuer, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 jobId);

    /// @notice The issuer takes back a job that nobody has claimed, in any round. Its operator can, too.
    /// @dev Emits {JobCancelled}; {Credited} if the refund could not be pushed.
    ///
    /// Requirements:
    /// - The job must be open.
    /// - The caller must be the issuer or its operator.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The job.
    function cancelJob(uint256 jobId) external;

    /// @notice {cancelJob} by the issuer's signature.
    /// @dev Emits as {cancelJob}.
    ///
    /// Requirements:
    /// - The job must be such as {cancelJob} accepts.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the issuer's.
    ///
    /// @param jobId The job.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `CancelJob(uint256 jobId,uint256 round,uint256 deadline)`.
    function cancelJobBySig(uint256 jobId, uint256 deadline, bytes calldata signature) external;

    // -------------------------------------------------------------------------------------------------------- work

    /// @notice The caller takes the job, and has `workDuration` from now on.
    /// @dev Emits {JobClaimed}.
    ///
    /// Notes:
    /// - A named payee need not be registered. The bond is asked of whoever claims.
    ///
    /// Requirements:
    /// - The job must be open.
    /// - The time to claim must not be over.
    /// - The caller must be the payee, if one is named.
    /// - The caller must be neither the issuer nor the evaluator.
    /// - The caller must be an active worker, if no payee is named.
    /// - The value sent must be the claim bond.
    ///
    /// @param jobId The job.
    function claimJob(uint256 jobId) external payable;

    /// @notice {claimJob} by the worker's signature. The caller funds the bond, and it comes back to the caller.
    /// @dev Emits {NonceUsed} and {JobClaimed}.
    ///
    /// Notes:
    /// - The bond is at the worker's mercy: it is the issuer's if the worker does not submit.
    ///
    /// Requirements:
    /// - The job, the worker and the value sent must be such as {claimJob} accepts.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the worker's.
    ///
    /// @param jobId The job.
    /// @param worker Who claims it.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `ClaimJob(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)` with `nonce` =
    /// `nonces(worker)`.
    function claimJobBySig(uint256 jobId, address worker, uint256 deadline, bytes calldata signature) external payable;

    /// @notice The worker gives the job back; its bond becomes the issuer's. While the round can still be claimed the job is
    /// open again, in the same round and until the same second; else it expires and is refunded.
    /// @dev Emits {ClaimReleased}; {Credited} for the bond; {JobExpired}, and {Credited} if the refund could not be pushed.
    ///
    /// Requirements:
    /// - The job must be claimed.
    /// - The caller must be the worker.
    /// - The time to work must not be over.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The job.
    function releaseClaim(uint256 jobId) external;

    /// @notice {releaseClaim} by the worker's signature.
    /// @dev Emits {NonceUsed}, then as {releaseClaim}.
    ///
    /// Requirements:
    /// - The job must be such as {releaseClaim} accepts.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the worker's.
    ///
    /// @param jobId The job.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `ReleaseClaim(uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline)` with `nonce`
    /// = `nonces(worker)`.
    function releaseClaimBySig(uint256 jobId, uint256 deadline, bytes calldata signature) external;

    /// @notice The worker submits its work, once in a round. Its bond goes back to whoever funded it.
    /// @dev Emits {WorkSubmitted}; {Credited} for the bond.
    ///
    /// Requirements:
    /// - The job must be claimed.
    /// - The caller must be the worker.
    /// - The time to work must not be over.
    /// - The work hash must not be zero.
    ///
    /// @param jobId The job.
    /// @param workHash To what was made, for example the digest of its CID. The event has all of it, the storage 160 bits.
    function submitWork(uint256 jobId, bytes32 workHash) external;

    /// @notice {submitWork} by the worker's signature.
    /// @dev Emits as {submitWork}.
    ///
    /// Requirements:
    /// - The job and the work hash must be such as {submitWork} accepts.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the worker's.
    ///
    /// @param jobId The job.
    /// @param workHash To what was made.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `SubmitWork(uint256 jobId,uint256 round,address worker,bytes32 workHash,uint256 deadline)`.
    function submitWorkBySig(uint256 jobId, bytes32 workHash, uint256 deadline, bytes calldata signature) external;

    // ----------------------------------------------------------------------------------------------------- verdict

    /// @notice The verifier's verdict on the submitted work, one of four:
    /// - approved: the worker earns the whole amount;
    /// - reopen: the worker earns the reject fee, and another round begins with the rest;
    /// - splitBps: the worker earns that share, at least the reject fee, and the issuer is refunded the rest;
    /// - none of them: the work is rejected; the worker earns the reject fee, and the issuer is refunded the rest.
    /// @dev Emits {JobCompleted}, {JobReopened}, {JobSplit} or {JobRejected}; {Credited} if the refund could not be pushed.
    ///
    /// Notes:
    /// - An issuer's operator acts as the issuer, but never on its own work.
    /// - Shares are rounded down, in the issuer's favour.
    ///
    /// Warning: a call names neither round nor work, so it judges whatever is submitted when it is mined. {verifyJobBySig} judges
    /// what it names, also if the verifier brings it itself.
    ///
    /// Requirements:
    /// - The job must be submitted.
    /// - The caller must be the verifier, or the verifying issuer's operator; to approve, the issuer or its operator will do.
    /// - At most one of approved, reopen and a split may be asked for.
    /// - The split must be at most 9,999 basis points.
    /// - The time to review must not be over, unless to approve.
    /// - The round must not be the third, to reopen.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The job.
    /// @param approved Whether the whole amount is earned.
    /// @param reopen Whether the job can be claimed once more.
    /// @param splitBps The worker's share in basis points, or 0 for no split.
    function verifyJob(uint256 jobId, bool approved, bool reopen, uint16 splitBps) external;

    /// @notice {verifyJob} by the verifier's signature, or, to approve, the issuer's.
    /// @dev Emits as {verifyJob}.
    ///
    /// Requirements:
    /// - The job and the verdict must be such as {verifyJob} accepts.
    /// - The signer must be the verifier, or the issuer to approve.
    /// - The work hash must be that of the submitted work.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the signer's.
    ///
    /// @param jobId The job.
    /// @param workHash To the work that is judged.
    /// @param approved Whether the whole amount is earned.
    /// @param reopen Whether the job can be claimed once more.
    /// @param splitBps The worker's share in basis points, or 0 for no split.
    /// @param signer Whose verdict it is.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `VerifyJob(uint256 jobId,uint256 round,bytes32 workHash,bool approved,bool reopen,uint16
    /// splitBps,uint256 deadline)`.
    function verifyJobBySig(
        uint256 jobId,
        bytes32 workHash,
        bool approved,
        bool reopen,
        uint16 splitBps,
        address signer,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Silence pays the worker: completes a job that nobody judged in time. Anyone may call it.
    /// @dev Emits {JobCompleted}.
    ///
    /// Requirements:
    /// - The job must be submitted.
    /// - The time to review must be over.
    ///
    /// @param jobId The job.
    function claimByDefault(uint256 jobId) external;

    /// @notice Refunds a job that nobody claimed in time, or whose worker did not submit in time; then the bond becomes the issuer's.
    /// Anyone may call it.
    /// @dev Emits {JobExpired}; {Credited} for the bond, and if the refund could not be pushed.
    ///
    /// Requirements:
    /// - The job must be open or claimed.
    /// - The time to claim, or to work, must be over.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The job.
    function expireJob(uint256 jobId) external;

    /// @notice {expireJob} by the issuer's signature, for relays that act on nobody's word but a party's. It can do nothing that
    /// {expireJob} cannot.
    /// @dev Emits as {expireJob}.
    ///
    /// Requirements:
    /// - The job must be such as {expireJob} accepts.
    /// - The deadline must not have passed, nor be more than seven days away.
    /// - The intent must not have been revoked by its signer.
    /// - The signature must be the issuer's.
    ///
    /// @param jobId The job.
    /// @param deadline The last second at which the signature counts.
    /// @param signature Of `ExpireJob(uint256 jobId,uint256 round,uint256 deadline)`.
    function expireJobBySig(uint256 jobId, uint256 deadline, bytes calldata signature) external;

    // ------------------------------------------------------------------------------------------ intents and operators

    /// @notice Voids an intent that the caller signed, or may yet sign. There is no way back.
    /// @dev Emits {IntentRevoked}.
    ///
    /// Notes:
    /// - It voids the caller's own signature only, whoever else may have signed the same digest.
    ///
    /// @param digest What was signed; see the functions whose names end in `Digest`.
    function revokeIntent(bytes32 digest) external;

    /// @notice Hands the caller's power as an issuer to an operator, until a time: to cancel its jobs and to judge them in its
    /// place. An operator cannot post, and has no part in what the caller does as an evaluator or a worker.
    /// @dev Emits {OperatorSet}. A time that has passed takes the power back.
    ///
    /// Requirements:
    /// - The term must end within 365 days.
    ///
    /// @param operator Who may act. An issuer can have several.
    /// @param until The last second at which it may.
    function setOperator(address operator, uint256 until) external;

    // ------------------------------------------------------------------------------------------------------- money

    /// @notice Pays the caller's earnings, less the treasury's share, and credits in one token.
    /// @dev Emits {Withdrawn}. The share is rounded up.
    ///
    /// Requirements:
    /// - The receiver must be neither the address zero nor this contract.
    /// - There must be something to withdraw.
    /// - The receiver must accept the ETH.
    /// - The token must accept the transfer.
    ///
    /// @param token The payment token, or the address zero for ETH.
    /// @param to Who receives it.
    /// @return amount What was paid, in base units, net.
    function withdraw(address token, address to) external returns (uint256 amount);

    /// @notice Pays the treasury's fees in one token to the treasury of this moment. Anyone may call it.
    /// @dev Emits {FeesWithdrawn}.
    ///
    /// Requirements:
    /// - There must be fees to withdraw.
    /// - The treasury must accept the ETH.
    ///
    /// @param token The payment token, or the address zero for ETH.
    /// @return amount What was paid, in base units.
    function withdrawFees(address token) external returns (uint256 amount);

    // ----------------------------------------------------------------------------------------------- administration

    /// @notice Allows a payment token for new jobs, or stops doing so. Posted jobs are not affected.
    /// @dev Emits {TokenSet}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The token must have code of its own, unless it is the address zero for ETH.
    /// - The minimum must be positive and fit 96 bits.
    /// - The list holds at most 255 tokens.
    ///
    /// @param token The payment token, or the address zero for ETH.
    /// @param allowed Whether new jobs may use it.
    /// @param minimumAmount The least amount of a job, in base units.
    function setToken(address token, bool allowed, uint256 minimumAmount) external;

    /// @notice Sets who receives the fees.
    /// @dev Emits {TreasurySet}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The treasury must be neither the address zero nor this contract.
    ///
    /// @param newTreasury The receiver of {withdrawFees} from now on.
    function setTreasury(address newTreasury) external;

    /// @notice Stops new jobs. Everything else goes on.
    /// @dev Emits {Paused}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The contract must not be paused.
    function pause() external;

    /// @notice Lets jobs be posted again.
    /// @dev Emits {Unpaused}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The contract must be paused.
    function unpause() external;

    // ------------------------------------------------------------------------------------------------------- views

    /// @notice Everything about a job.
    function getJob(uint256 jobId) external view returns (JobDetails memory);

    /// @notice How many jobs were posted; the latest has this id.
    function jobCount() external view returns (uint256);

    /// @notice The immutable parameters.
    function parameters() external view returns (Parameters memory);

    /// @notice The registry that says who is an active worker.
    function registry() external view returns (address);

    /// @notice What a worker earned and did not yet withdraw, gross.
    function earned(address worker, address token) external view returns (uint256);

    /// @notice What waits for an account, free of fee: bonds, and refunds that could not be pushed.
    function credits(address account, address token) external view returns (uint256);

    /// @notice What waits for the treasury.
    function feesOwed(address token) external view returns (uint256);

    /// @notice Whether new jobs may use a token, the least amount, and its id in packed storage.
    function tokenTerms(address token) external view returns (bool allowed, uint256 minimumAmount, uint256 tokenId);

    /// @notice Who receives the fees.
    function treasury() external view returns (address);

    /// @notice The nonce that an account's next `PostJob`, `ClaimJob` or `ReleaseClaim` must carry; it only grows.
    function nonces(address account) external view returns (uint256);

    /// @notice Whether an account has voided its signature over a digest.
    function isIntentRevoked(address account, bytes32 digest) external view returns (bool);

    /// @notice The last second at which an operator may act for an issuer; 0 if it was never appointed.
    function operatorUntil(address issuer, address operator) external view returns (uint256);

    /// @notice The nonce of the EIP-3009 authorization that {postJobWithAuthorization} takes for these arguments:
    /// `keccak256(abi.encode(chainId, this contract, terms, issuer, salt))`.
    function authorizationNonce(Terms calldata terms, address issuer, bytes32 salt) external view returns (bytes32);

    /// @notice The EIP-712 domain separator of this chain and this contract.
    function getDomainSeparator() external view returns (bytes32);

    /// @notice What an issuer signs for {postJobBySig}.
    function postJobDigest(Terms calldata terms, address issuer, uint256 nonce, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice What an issuer signs for {cancelJobBySig}.
    function cancelJobDigest(uint256 jobId, uint256 round, uint256 deadline) external view returns (bytes32);

    /// @notice What a worker signs for {claimJobBySig}.
    function claimJobDigest(uint256 jobId, uint256 round, address worker, uint256 nonce, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice What a worker signs for {releaseClaimBySig}.
    function releaseClaimDigest(uint256 jobId, uint256 round, address worker, uint256 nonce, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice What a worker signs for {submitWorkBySig}.
    function submitWorkDigest(uint256 jobId, uint256 round, address worker, bytes32 workHash, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice What a verifier, or to approve the issuer, signs for {verifyJobBySig}.
    function verifyJobDigest(
        uint256 jobId,
        uint256 round,
        bytes32 workHash,
        bool approved,
        bool reopen,
        uint16 splitBps,
        uint256 deadline
    ) external view returns (bytes32);

    /// @notice What an issuer signs for {expireJobBySig}.
    function expireJobDigest(uint256 jobId, uint256 round, uint256 deadline) external view returns (bytes32);
}
