// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceTypes} from "./IJobMarketplaceTypes.sol";

/// @title The half of the session escrow that is called often
/// @notice The words are defined in IJobMarketplace.
interface IJobMarketplaceMain is IJobMarketplaceTypes {
    // ----------------------------------------------------------------------------------------------------- opening

    /// @notice Opens a metered session paid in ETH, on the owner's default circuit and rate, copied now.
    /// @dev Emits {SessionCreated} and, if others are named, {SessionRoles}.
    ///
    /// Requirements:
    /// - The terms must be such as {openSession} accepts.
    ///
    /// @param host Who is paid.
    /// @param deposit What is locked, in wei; must equal the value sent.
    /// @param pricePerToken Wei per million AI tokens.
    /// @param maxDuration Seconds until the session ends by itself.
    /// @param proofInterval The most AI tokens payable without proof, beyond the rate.
    /// @return jobId The new session.
    function createSessionJob(
        address host,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) external payable returns (uint256 jobId);

    /// @notice Opens a metered session paid in an allowed token, on the owner's default circuit and rate, copied now.
    /// @dev Emits {SessionCreated} and, if others are named, {SessionRoles}.
    /// The allowance must cover the deposit.
    ///
    /// Requirements:
    /// - The terms must be such as {openSession} accepts.
    ///
    /// @param host Who is paid.
    /// @param token The payment token.
    /// @param deposit What is locked, in base units.
    /// @param pricePerToken Base units per million AI tokens.
    /// @param maxDuration Seconds until the session ends by itself.
    /// @param proofInterval The most AI tokens payable without proof, beyond the rate.
    /// @return jobId The new session.
    function createSessionJobWithToken(
        address host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 maxDuration,
        uint256 proofInterval
    ) external payable returns (uint256 jobId);

    /// @notice Opens a metered session on the terms given.
    /// @dev Emits {SessionCreated} and, if others are named, {SessionRoles}.
    ///
    /// Requirements:
    /// - The contract must not be paused.
    /// - The host must be an active worker.
    /// - The host must be none of user, voucher signer and watcher.
    /// - The arbiter, if named, must be none of user, host, voucher signer and watcher.
    /// - The token must be allowed.
    /// - The deposit must be at least the token's minimum and fit 96 bits.
    /// - The price must be positive and fit 64 bits.
    /// - The duration must lie in [10 minutes, 90 days].
    /// - The proof interval must lie in [1, 16,384].
    /// - The rate must lie in [1, 10,000] tokens per second.
    /// - The deposit must pay for at least one proof interval.
    /// - The voucher cap must fit 64 bits.
    /// - The circuit, if named, must be registered.
    /// - The circuit, if named, must not be revoked.
    /// - The value sent must be the deposit for ETH, and zero for a token.
    /// - The token must deliver the whole deposit.
    ///
    /// @param terms Everything the session will hold to.
    /// @return jobId The new session.
    function openSession(Terms calldata terms) external payable returns (uint256 jobId);

    /// @notice Opens a session for `user`, relayed by anyone, with an EIP-3009 authorization.
    /// @dev Emits {SessionCreated} and, if others are named, {SessionRoles}.
    /// The authorization's nonce is {authorizationNonce} of these
    /// arguments, so a relayer can change nothing.
    ///
    /// Requirements:
    /// - The terms must be such as {IJobMarketplaceMain-openSession} accepts, in a token.
    /// - The user must not be the zero address.
    /// - The authorization must be the user's, for these terms, unused and in its time.
    ///
    /// @param terms Everything the session will hold to.
    /// @param user Who pays and owns the session.
    /// @param salt Tells apart two openings on the same terms.
    /// @param validAfter The authorization is valid after this time.
    /// @param validBefore The authorization is valid before this time.
    /// @param signature The authorization's signature, as the token wants it.
    /// @return jobId The new session.
    function openSessionWithAuthorization(
        Terms calldata terms,
        address user,
        bytes32 salt,
        uint256 validAfter,
        uint256 validBefore,
        bytes calldata signature
    ) external returns (uint256 jobId);

    /// @notice Adds to the deposit.
    /// @dev Emits {SessionToppedUp}.
    ///
    /// Requirements:
    /// - The contract must not be paused.
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the user.
    /// - The job must be metered.
    /// - The session must not be closing.
    /// - The session must not have ended.
    /// - The amount must be positive.
    /// - The new deposit must fit 96 bits.
    /// - The value sent must be the amount for ETH, and zero for a token.
    /// - The token must deliver the whole amount.
    ///
    /// @param jobId The session.
    /// @param amount What is added, in base units.
    function topUp(uint256 jobId, uint256 amount) external payable;

    // ---------------------------------------------------------------------------------------------------- evidence

    /// @notice Records proofs from `firstToken` on, each verified on chain by the session's circuit. A proof carries
    /// {sessionTag} of its own first token; a batch chains on.
    /// @dev Emits {ProofSubmitted} for each, then {DisputeResolved} if they answer a claim and {CheckpointProcessed} if
    /// an interval is due. One bad proof reverts the batch.
    ///
    /// Notes:
    /// - `proven` becomes `firstToken` plus the counts, so a proof counts once, and a voucher that lands first spoils
    ///   no proof in flight. In a prompt job `proven` becomes 1.
    /// - Proofs may arrive after `evidenceEnd` while they answer an open dispute; they then count up to the claim.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the host.
    /// - The time for evidence must not be over.
    /// - The session must have a circuit.
    /// - The batch must hold 1 to 16 proofs, and one in a prompt job.
    /// - There must be one token count for each proof.
    /// - The first token must lie in [proven, covered], and be 0 in a prompt job.
    /// - A prompt job's proof must count at least its least number of tokens.
    /// - Every proof must verify.
    ///
    /// @param jobId The session.
    /// @param firstToken The position of the first proof's first token.
    /// @param proofs `abi.encode(bytes zk, uint256[] instances)` each.
    /// @param tokenCounts What each proof counts.
    function submitProofsAt(
        uint256 jobId,
        uint64 firstToken,
        bytes[] calldata proofs,
        uint256[] calldata tokenCounts
    ) external;

    /// @notice {submitProofsAt} for a single proof at `firstToken` = proven.
    /// @dev Emits as {submitProofsAt}.
    ///
    /// Requirements:
    /// - The proof must be such as {submitProofsAt} accepts.
    ///
    /// @param jobId The session.
    /// @param proof `abi.encode(bytes zk, uint256[] instances)`.
    /// @param tokensInBatch What the proof counts.
    /// @return verified True; what does not verify reverts.
    function submitProofOfWork(uint256 jobId, bytes calldata proof, uint256 tokensInBatch)
        external
        returns (bool verified);

    /// @notice {submitProofsAt} at `firstToken` = proven.
    /// @dev Emits as {submitProofsAt}.
    ///
    /// Requirements:
    /// - The batch must be such as {submitProofsAt} accepts.
    ///
    /// @param jobId The session.
    /// @param proofs `abi.encode(bytes zk, uint256[] instances)` each.
    /// @param tokenCounts What each proof counts.
    function submitBatchProofs(uint256 jobId, bytes[] calldata proofs, uint256[] calldata tokenCounts) external;

    /// @notice Records the user's acknowledgement of all tokens up to `cumulativeTokens`. Anyone may bring it.
    /// @dev Emits {VoucherRedeemed}, {DisputeResolved} if it answers a claim, {CheckpointProcessed} if an interval is due.
    ///
    /// Notes:
    /// - The signature is plain ECDSA, 65 bytes, low s, of the session's voucher signer, whatever code that address has.
    /// - It counts until the session is final, and at most up to the session's voucher cap.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The voucher must acknowledge more than was acknowledged before.
    /// - The signature must be the voucher signer's.
    ///
    /// @param jobId The session.
    /// @param cumulativeTokens All tokens acknowledged so far.
    /// @param signature Of `Voucher(uint256 jobId,address host,uint64 cumulativeTokens)`.
    function redeemVoucher(uint256 jobId, uint64 cumulativeTokens, bytes calldata signature) external;

    /// @notice Redeems vouchers of many sessions. A bad item is skipped and reported; the outcome is that of redeeming
    /// one by one.
    /// @dev Emits as {redeemVoucher} for each good item and {VoucherSkipped} for each bad one.
    ///
    /// Requirements:
    /// - Enough gas must be left before each item that the item cannot run out of it.
    ///
    /// @param items The vouchers.
    function redeemVouchers(VoucherItem[] calldata items) external;

    /// @notice The host's word for tokens up to `cumulativeTokens`. It matures when the challenge window passes
    /// uncontested. One claim can be live at a time; a matured one is folded in first.
    /// @dev Emits {ClaimMade}, and {CheckpointProcessed} if an interval is due.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active.
    /// - The caller must be the host.
    /// - The time for evidence must not be over.
    /// - Claims must not be off.
    /// - No claim may be live.
    /// - There must be a judge: a circuit or an arbiter.
    /// - The circuit, without an arbiter, must not be revoked.
    /// - The proof interval, without an arbiter, must be provable in one batch.
    /// - The claim must lie in (covered, covered + proofInterval], and be 1 in a prompt job.
    ///
    /// @param jobId The session.
    /// @param cumulativeTokens All tokens served so far.
    /// @param commitment To the transcript; it stands in the event only.
    function claimTokens(uint256 jobId, uint64 cumulativeTokens, bytes32 commitment) external;

    /// @notice Contests the live claim, with a bond in ETH. Only the claimed delta is frozen.
    /// @dev Emits {DisputeRaised}; {Credited} for what was sent beyond {disputeBond}.
    ///
    /// Notes:
    /// - Evidence that reaches the claim answers it. The host gets the gas of its proofs out of the bond, of no more proofs
    ///   than the bond was asked for; the rest goes back, and all of it if vouchers alone answer.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active.
    /// - The caller must be the user or the watcher.
    /// - There must be a live claim, in its challenge window.
    /// - The circuit, without an arbiter, must not be revoked.
    /// - The value sent must be at least {disputeBond}.
    ///
    /// @param jobId The session.
    /// @param evidenceHash To whatever the challenger wants on record.
    function raiseDispute(uint256 jobId, bytes32 evidenceHash) external payable;

    // -------------------------------------------------------------------------------------------------- settlement

    /// @notice Credits the host with what is due. Anyone may call it.
    /// @dev Emits {CheckpointProcessed}.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - Something must be due.
    ///
    /// @param jobId The session.
    /// @return paid What was credited, in base units, gross.
    function checkpoint(uint256 jobId) external returns (uint256 paid);

    /// @notice The host redeems its last voucher and closes, at once.
    /// @dev Emits {SessionCompleted} (or {SessionAbandoned}), {DisputeResolved} if a dispute was open.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the host.
    /// - The signature must be the voucher signer's.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    /// @param cumulativeTokens All tokens acknowledged so far.
    /// @param signature Of the voucher.
    function closeWithVoucher(uint256 jobId, uint64 cumulativeTokens, bytes calldata signature) external;

    /// @notice The host submits its last proofs and closes, at once, dropping a live claim.
    /// @dev Emits as {submitProofsAt}, then {SessionCompleted} (or {SessionAbandoned}).
    ///
    /// Requirements:
    /// - The batch must be such as {submitProofsAt} accepts.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    /// @param firstToken The position of the first proof's first token.
    /// @param proofs `abi.encode(bytes zk, uint256[] instances)` each.
    /// @param tokenCounts What each proof counts.
    function claimWithProof(
        uint256 jobId,
        uint64 firstToken,
        bytes[] calldata proofs,
        uint256[] calldata tokenCounts
    ) external;

    /// @notice The user closes at once with the host's signed agreement on the tokens.
    /// @dev Emits {VoucherRedeemed} if the agreement acknowledges more than before, then {SessionCompleted} (or
    /// {SessionAbandoned}). The host's signature is ECDSA, or ERC-1271 where the host is a contract.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the user.
    /// - The deadline must not have passed, nor be more than ten minutes away.
    /// - The signature must be the host's.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    /// @param tokens What both agree on; evidence that covers more stays.
    /// @param deadline The agreement's deadline.
    /// @param hostSignature Of `CloseAgreement(uint256 jobId,address user,address host,uint64 tokens,uint256 deadline)`.
    function closeWithAgreement(uint256 jobId, uint64 tokens, uint256 deadline, bytes calldata hostSignature)
        external;

    /// @notice The host closes at once, dropping a live claim. The user starts the close window, in which the host can
    /// still bring evidence: a payer must not outrun an unredeemed voucher.
    /// @dev Emits {SessionCompleted} (or {SessionAbandoned}) for the host, {SessionClosing} for the user.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the user or the host.
    /// - The session must not be closing already, for the user.
    /// - The session must not have ended, for the user.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    function completeSession(uint256 jobId) external;

    /// @notice Closes a session after the window that its user started. Anyone may call it.
    /// @dev Emits {SessionCompleted} or {SessionAbandoned}; {DisputeResolved} if a dispute had expired.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The session must be closing.
    /// - The time for evidence must be over.
    /// - No claim may be live.
    /// - No dispute may be open.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    function finalizeSession(uint256 jobId) external;

    /// @notice Closes a session that ended by itself. Anyone may call it.
    /// @dev Emits {SessionTimedOut}; {DisputeResolved} if a dispute had expired.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The session must not be closing.
    /// - The time for evidence must be over.
    /// - No claim may be live.
    /// - No dispute may be open.
    /// - Enough gas must be left for the refund.
    ///
    /// @param jobId The session.
    function triggerSessionTimeout(uint256 jobId) external;

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

    // ------------------------------------------------------------------------------------------------------- views

    /// @notice The second contract, from which IJobMarketplaceExtension is answered.
    function extension() external view returns (address);
}
