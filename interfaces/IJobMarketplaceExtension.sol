// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IJobMarketplaceTypes} from "./IJobMarketplaceTypes.sol";

/// @title The half of the session escrow that is called rarely: two ways to open, disputes, administration, views
/// @notice The words are defined in IJobMarketplace.
interface IJobMarketplaceExtension is IJobMarketplaceTypes {
    // ---------------------------------------------------------------------------------------------------------- opening

    /// @notice Opens a session with an EIP-2612 permit instead of an earlier approval.
    /// @dev Emits {SessionCreated} and, if others are named, {SessionRoles}.
    /// The permit is tried, then the allowance decides: one that was
    /// used by somebody else in between changes nothing. The payer is the caller.
    ///
    /// Requirements:
    /// - The terms must be such as {IJobMarketplaceMain-openSession} accepts, in a token.
    ///
    /// @param terms Everything the session will hold to.
    /// @param deadline The permit's deadline.
    /// @param v The permit's signature.
    /// @param r The permit's signature.
    /// @param s The permit's signature.
    /// @return jobId The new session.
    function openSessionWithPermit(Terms calldata terms, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint256 jobId);

    /// @notice Opens a prompt job: one unit that costs the deposit. A voucher of 1, a matured claim of 1, or one proof
    /// at token 0 that carries the commitment and counts at least `minTokens` is that unit. It cannot be topped up.
    /// @dev Emits {SessionCreated} and {PromptTerms}.
    ///
    /// Requirements:
    /// - The host, arbiter, token, payment, duration and circuit must be such as {IJobMarketplaceMain-openSession} accepts.
    /// - The circuit, if named, must bind its input.
    /// - The commitment must be a non-zero field element with a circuit, and zero without.
    /// - The least number of tokens must lie in [1, the circuit's most] with a circuit, and be zero without.
    /// - The value sent must be the payment for ETH, and zero for a token.
    /// - The token must deliver the whole payment.
    ///
    /// @param host Who is paid.
    /// @param token The payment token, or the address zero for ETH.
    /// @param payment The price of the unit, in base units.
    /// @param circuitId The circuit that judges the proof; 0 for none.
    /// @param inputCommitment The commitment to the prompt that the proof must carry.
    /// @param minTokens The fewest AI tokens that the proof must count.
    /// @param maxDuration Seconds until the job ends by itself.
    /// @param arbiter Who judges a contested claim; the address zero leaves it to the circuit.
    /// @return jobId The new job.
    function createPromptJob(
        address host,
        address token,
        uint256 payment,
        uint256 circuitId,
        uint256 inputCommitment,
        uint256 minTokens,
        uint256 maxDuration,
        address arbiter
    ) external payable returns (uint256 jobId);

    // ------------------------------------------------------------------------------------------ seldom in a session

    /// @notice Moves the session's end.
    /// @dev Emits {SessionExtended}.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the user.
    /// - The session must not be closing.
    /// - The session must not have ended.
    /// - The new end must be later than the old one and at most 365 days after the opening.
    ///
    /// @param jobId The session.
    /// @param endsAt The new end.
    function extend(uint256 jobId, uint256 endsAt) external;

    /// @notice {completeSession} by the user of a session whose host brought no evidence for the abandonment period. It
    /// differs in the label only: vouchers live off chain, so silence proves nothing.
    /// @dev Emits {SessionClosing}.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be active or disputed.
    /// - The caller must be the user.
    /// - The session must not be closing already.
    /// - The session must not have ended.
    /// - The abandonment period must have passed without evidence.
    ///
    /// @param jobId The session.
    function claimAbandonedSession(uint256 jobId) external;

    // --------------------------------------------------------------------------------------------------------- disputes

    /// @notice The arbiter's ruling: `tokens` of the contested claim are granted, never less than what is covered.
    /// @dev Emits {DisputeResolved}. The bond is the host's only if the whole claim was granted.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be disputed.
    /// - The caller must be the arbiter.
    /// - The arbiter's time must not be over.
    /// - The ruling must not exceed the claim.
    ///
    /// @param jobId The session.
    /// @param tokens The position up to which the claim stands.
    function resolveDispute(uint256 jobId, uint64 tokens) external;

    /// @notice Ends a dispute that nobody answered in time: the claim is void, the bond goes back, claims are off for the
    /// rest of the session. Where the circuit was revoked within the time and there is no arbiter, the claim stands.
    /// @dev Emits {DisputeResolved}. Every closing does this first.
    ///
    /// Requirements:
    /// - The session must exist.
    /// - The session must be disputed.
    /// - The time to answer must be over, or the circuit revoked within it.
    ///
    /// @param jobId The session.
    function expireDispute(uint256 jobId) external;

    // ----------------------------------------------------------------------------------------------- administration

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

    /// @notice Allows a payment token for new sessions, or stops doing so. Open sessions are not affected.
    /// @dev Emits {TokenSet}.
    ///
    /// Notes:
    /// - The list holds 65,535 tokens; one more overflows its counter (Panic 0x11).
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The token must have code of its own, unless it is the address zero for ETH.
    /// - The minimum deposit must fit 96 bits.
    ///
    /// @param token The payment token, or the address zero for ETH.
    /// @param allowed Whether new sessions may use it.
    /// @param minimumDeposit The least deposit of a session, in base units.
    function setToken(address token, bool allowed, uint256 minimumDeposit) external;

    /// @notice Sets what {IJobMarketplaceMain-createSessionJob} and {IJobMarketplaceMain-createSessionJobWithToken} copy into new sessions.
    /// @dev Emits {DefaultsSet}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The circuit must be registered, or 0 for none.
    /// - The circuit must not be revoked.
    /// - The rate must lie in [1, 10,000] tokens per second.
    ///
    /// @param circuitId The circuit of such sessions.
    /// @param maxTokensPerSecond The rate of such sessions.
    function setDefaults(uint256 circuitId, uint256 maxTokensPerSecond) external;

    /// @notice Sets who receives the fees.
    /// @dev Emits {TreasurySet}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The treasury must be neither the address zero nor this contract.
    ///
    /// @param newTreasury The receiver of {IJobMarketplaceMain-withdrawFees} from now on.
    function setTreasury(address newTreasury) external;

    /// @notice Stops new sessions and top-ups. Evidence, closings and withdrawals go on.
    /// @dev Emits {Paused}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The contract must not be paused.
    function pause() external;

    /// @notice Allows new sessions and top-ups again.
    /// @dev Emits {Unpaused}.
    ///
    /// Requirements:
    /// - The caller must be the owner.
    /// - The contract must be paused.
    function unpause() external;

    // ------------------------------------------------------------------------------------------------------------ views

    /// @notice The nonce that a user's EIP-3009 authorization must carry to open a session on these terms: keccak256 of
    /// `abi.encode(chainId, this contract, terms, user, salt)`.
    function authorizationNonce(Terms calldata terms, address user, bytes32 salt) external view returns (bytes32);

    /// @notice Everything about a session. All zero when it does not exist (its user is then the address zero).
    function getSessionDetails(uint256 jobId) external view returns (SessionDetails memory details);

    /// @notice The proofs of a session from `cursor` on, at most `limit` of them; fewer when the history ends.
    function getProofHistory(uint256 jobId, uint256 cursor, uint256 limit)
        external
        view
        returns (ProofSubmission[] memory proofs);

    /// @notice What the host would have earned in this session if it were settled now, settled part included: base
    /// units, gross.
    function calculateCurrentEarnings(uint256 jobId) external view returns (uint256 amount);

    /// @notice The session's proof interval, in tokens.
    function getRequiredProofInterval(uint256 jobId) external view returns (uint256 tokens);

    /// @notice Whether {claimAbandonedSession} would find the abandonment period passed in an open session.
    function isSessionAbandoned(uint256 jobId) external view returns (bool abandoned);

    /// @notice The bond, in wei, that {raiseDispute} asks for in this block. Zero when no claim is live.
    /// @dev In whole gwei, rounded up, and at most 2^40 - 1 of them (some 1,099 ETH).
    function disputeBond(uint256 jobId) external view returns (uint256 bond);

    /// @notice The immutable parameters.
    function parameters() external view returns (Parameters memory);

    /// @notice What the proof of this session that begins at `firstToken` must carry in its public instances.
    function sessionTag(uint256 jobId, uint64 firstToken) external view returns (uint128 tag);

    /// @notice Who takes part in a session, for scans; the user is the address zero when it does not exist.
    function sessionParties(uint256 jobId) external view returns (address user, address host, SessionStatus status);

    /// @notice The EIP-712 domain separator of vouchers and agreements.
    function getDomainSeparator() external view returns (bytes32);

    /// @notice How many sessions and prompt jobs were opened; the latest has this id.
    function jobCount() external view returns (uint256);

    /// @notice What a host earned and did not yet withdraw, gross.
    function earned(address host, address token) external view returns (uint256);

    /// @notice What waits for an account, free of fee.
    function credits(address account, address token) external view returns (uint256);

    /// @notice What waits for the treasury.
    function feesOwed(address token) external view returns (uint256);

    /// @notice Whether new sessions may use a token, the least deposit, and its id in packed storage.
    function tokenTerms(address token) external view returns (bool allowed, uint256 minimumDeposit, uint256 tokenId);

    /// @notice What the seed forms copy into new sessions.
    function defaults() external view returns (uint256 circuitId, uint256 maxTokensPerSecond);

    /// @notice Who receives the fees.
    function treasury() external view returns (address);
}
