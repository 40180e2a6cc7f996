// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The types, events and errors of the session escrow
/// @notice "Tokens" are AI tokens unless a text says "payment token". Amounts are base units of the session's payment
/// token (wei for ETH, which is the address zero). Prices are base units per million AI tokens. Times are Unix seconds. Errors
/// that begin with `Payments` are those of moving money; see the library of that name.
interface IJobMarketplaceTypes {
    // ------------------------------------------------------------------------------------------------------- types

    /// @notice A prompt job is one unit that costs the whole deposit; a session is metered.
    enum JobType {
        SinglePrompt,
        Session
    }

    /// @notice A session exists when it has a user. "Closing" is not a status but a flag on Active and Disputed.
    enum SessionStatus {
        Active,
        Completed,
        TimedOut,
        Disputed,
        Abandoned
    }

    /// @notice How a dispute ended: answered by evidence, ruled on by the arbiter, the circuit was revoked (the claim
    /// stands), nobody answered in time (the claim is void), or the session was closed (the claim was dropped).
    enum DisputeOutcome {
        Answered,
        Ruled,
        Stands,
        Voided,
        Dropped
    }

    /// @notice Everything a user fixes when opening a session: who is paid, who acts for the user, who judges, what it costs,
    /// how fast it goes.
    /// @dev In this order the selectors of both openings come first in the contract's search for them: 300 to 500 gas.
    /// @param host Who is paid. An active worker of the registry at the time of opening.
    /// @param watcher Who may contest claims besides the user; the address zero for nobody.
    /// @param voucherSigner The account whose ECDSA signature acknowledges tokens; the address zero for the user.
    /// @param voucherCap The most tokens that vouchers can acknowledge; 0 for no cap. A larger voucher counts up to it.
    /// @param arbiter Who judges contested claims; the address zero leaves it to the circuit.
    /// @param circuitId The circuit that judges the host's proofs; 0 for none.
    /// @param token The payment token, or the address zero for ETH.
    /// @param deposit What is locked, in base units.
    /// @param pricePerToken Base units per million AI tokens.
    /// @param maxDuration Seconds until the session ends by itself.
    /// @param proofInterval The most AI tokens that may be claimed, or paid beyond the rate, without proof.
    /// @param maxTokensPerSecond Bounds what is payable without the user's acknowledgement.
    struct Terms {
        address host;
        address watcher;
        address voucherSigner;
        uint256 voucherCap;
        address arbiter;
        uint256 circuitId;
        address token;
        uint256 deposit;
        uint256 pricePerToken;
        uint256 maxDuration;
        uint256 proofInterval;
        uint256 maxTokensPerSecond;
    }

    /// @notice A voucher as it travels in a batch: `Voucher(jobId, host, cumulativeTokens)` and its signature.
    struct VoucherItem {
        uint256 jobId;
        uint64 cumulativeTokens;
        bytes signature;
    }

    /// @notice What the constructor fixes for ever. Windows and periods in seconds, the fee in basis points, the bond in wei.
    struct Parameters {
        uint256 closeWindow;
        uint256 challengeWindow;
        uint256 answerWindow;
        uint256 arbiterWindow;
        uint256 abandonmentPeriod;
        uint256 bondPerProof;
        uint256 feeBps;
    }

    /// @notice One proof of a session's history.
    /// @param proofHash The upper 160 bits of the hash of the proof's public instances, left-aligned.
    /// @param tokensClaimed The AI tokens that the proof counted.
    /// @param timestamp When it was accepted.
    /// @param verified Always true: what does not verify is never recorded.
    struct ProofSubmission {
        bytes32 proofHash;
        uint256 tokensClaimed;
        uint256 timestamp;
        bool verified;
    }

    /// @notice A session as its parties want to read it.
    struct SessionDetails {
        uint256 depositAmount;
        uint256 pricePerToken;
        uint256 maxDuration;
        uint256 sessionStartTime;
        address assignedHost;
        SessionStatus status;
        uint256 provenTokens;
        uint256 lastProofSubmission;
        bytes32 aggregateProofHash;
        uint256 checkpointInterval;
        JobType jobType;
        address user;
        address token;
        uint256 ackedTokens;
        uint256 maturedTokens;
        uint256 claimedTokens;
        uint256 claimedAt;
        uint256 settledTokens;
        uint256 coveredTokens;
        uint256 payableTokens;
        uint256 endsAt;
        uint256 closingAt;
        uint256 evidenceEnd;
        uint256 maxTokensPerSecond;
        uint256 circuitId;
        address voucherSigner;
        uint256 voucherCap;
        address watcher;
        address arbiter;
        address challenger;
        uint256 bond;
        uint256 disputeDeadline;
        bool claimsOff;
        bool abandoned;
        uint256 proofCount;
        uint256 inputCommitment;
        uint256 minTokens;
    }

    // ------------------------------------------------------------------------------------------------------ events

    /// @notice A session or prompt job was opened, on these terms; a prompt job has no price and no rate.
    event SessionCreated(
        uint256 indexed jobId,
        address indexed user,
        address indexed host,
        address token,
        uint256 deposit,
        uint256 pricePerToken,
        uint256 endsAt,
        uint256 proofInterval,
        uint256 maxTokensPerSecond,
        uint256 circuitId
    );
    /// @notice Those whom the opening named beside user and host, if it named any or capped the vouchers.
    event SessionRoles(
        uint256 indexed jobId, address voucherSigner, uint256 voucherCap, address watcher, address arbiter
    );
    /// @notice The opened job is a prompt job, with these conditions on its proof.
    event PromptTerms(uint256 indexed jobId, uint256 inputCommitment, uint256 minTokens);
    event SessionToppedUp(uint256 indexed jobId, uint256 amount, uint256 deposit);
    event SessionExtended(uint256 indexed jobId, uint256 endsAt);

    /// @notice A proof was verified and counted. `proofHash` is the hash of its public instances; `verified` is always true.
    /// The proof begins at `firstToken`: without it nobody could tell from the events where `proven` stands.
    event ProofSubmitted(
        uint256 indexed jobId,
        address indexed host,
        uint256 tokensClaimed,
        bytes32 proofHash,
        bool verified,
        uint256 firstToken
    );
    /// @notice Tokens were acknowledged, by a voucher or by an agreement; `ackedTokens` is the new total.
    event VoucherRedeemed(uint256 indexed jobId, uint256 ackedTokens);
    /// @notice An item of a batch of vouchers did not count; `reason` is the selector of the error it would have met alone.
    event VoucherSkipped(uint256 indexed jobId, uint256 indexed index, bytes4 reason);
    /// @notice The host claims tokens up to `claimedTokens`; `maturedTokens` is what earlier claims have brought.
    event ClaimMade(uint256 indexed jobId, uint256 claimedTokens, uint256 maturedTokens, bytes32 commitment);

    /// @notice The host was credited. Both figures are deltas: tokens and gross amount since the settlement before.
    event CheckpointProcessed(uint256 indexed jobId, uint256 tokensSettled, uint256 paymentAmount);

    event DisputeRaised(
        uint256 indexed jobId, address indexed challenger, uint256 bond, uint256 deadline, bytes32 evidenceHash
    );
    /// @notice A dispute ended. `maturedTokens` is the session's counter afterwards; the bond went in two parts to the
    /// credits of host and challenger.
    event DisputeResolved(
        uint256 indexed jobId,
        DisputeOutcome outcome,
        uint256 maturedTokens,
        address challenger,
        uint256 bondToHost,
        uint256 bondToChallenger
    );

    /// @notice The user asked to close; evidence is accepted until `evidenceEnd`.
    event SessionClosing(uint256 indexed jobId, uint256 closingAt, uint256 evidenceEnd, bool abandoned);
    /// @notice The session is final. `tokens` and `payment` are what this closing settled, gross; `refund` went to the user.
    event SessionCompleted(uint256 indexed jobId, uint256 tokens, uint256 payment, uint256 refund);
    event SessionTimedOut(uint256 indexed jobId, uint256 tokens, uint256 payment, uint256 refund);
    event SessionAbandoned(uint256 indexed jobId, uint256 tokens, uint256 payment, uint256 refund);

    /// @notice An amount waits for `account` to withdraw it, free of fee.
    event Credited(address indexed account, address indexed token, uint256 amount);
    /// @notice `gross` earnings became `fee` for the treasury and the rest for `account`; `credit` was paid out with it.
    event Withdrawn(
        address indexed account, address indexed token, address to, uint256 gross, uint256 fee, uint256 credit
    );
    event FeesWithdrawn(address indexed token, address indexed treasury, uint256 amount);

    event TokenSet(address indexed token, uint256 indexed tokenId, bool allowed, uint256 minimumDeposit);
    event DefaultsSet(uint256 circuitId, uint256 maxTokensPerSecond);
    event TreasurySet(address indexed treasury);

    // ------------------------------------------------------------------------------------------------------ errors

    error JobMarketplace_ZeroAddress();
    error JobMarketplace_WindowOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_BondOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_FeeTooHigh(uint256 max, uint256 actual);
    error JobMarketplace_TokenHasNoCode(address token);
    error JobMarketplace_TreasuryInvalid(address treasury);

    error JobMarketplace_SessionUnknown(uint256 jobId);
    error JobMarketplace_SessionNotOpen(uint256 jobId, SessionStatus status);
    error JobMarketplace_SessionNotActive(uint256 jobId, SessionStatus status);
    error JobMarketplace_SessionEnded(uint256 endsAt, uint256 time);
    error JobMarketplace_SessionClosing(uint256 jobId, uint256 closingAt);
    error JobMarketplace_SessionNotClosing(uint256 jobId);
    error JobMarketplace_NotMetered(uint256 jobId);
    error JobMarketplace_CallerNotUser(address user, address caller);
    error JobMarketplace_CallerNotHost(address host, address caller);
    error JobMarketplace_CallerNotParty(address caller);
    error JobMarketplace_CallerNotArbiter(address arbiter, address caller);

    error JobMarketplace_HostNotActive(address host);
    error JobMarketplace_RolesCollide(address account);
    error JobMarketplace_TokenNotAllowed(address token);
    error JobMarketplace_DepositOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_DepositBuysTooLittle(uint256 proofInterval, uint256 tokensBought);
    error JobMarketplace_PriceOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_DurationOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_ProofIntervalOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_RateOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_VoucherCapOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_CircuitUnknown(uint256 circuitId);
    error JobMarketplace_CircuitRevoked(uint256 circuitId, uint256 revokedAt);
    error JobMarketplace_CircuitNotInputBound(uint256 circuitId);
    error JobMarketplace_CommitmentOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_MinTokensOutOfRange(uint256 min, uint256 max, uint256 actual);

    error JobMarketplace_EvidenceClosed(uint256 evidenceEnd, uint256 time);
    error JobMarketplace_NoCircuit(uint256 jobId);
    error JobMarketplace_BatchSizeOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_LengthMismatch(uint256 proofs, uint256 tokenCounts);
    error JobMarketplace_FirstTokenOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_TokensBelowMinimum(uint256 minTokens, uint256 actual);
    error JobMarketplace_ProofRejected(uint256 index, bytes reason);
    error JobMarketplace_VoucherNotNewer(uint256 acked, uint256 tokens);
    error JobMarketplace_VoucherSignatureInvalid(address expected, address recovered);
    error JobMarketplace_GasTooLow(uint256 required, uint256 available);

    error JobMarketplace_ClaimsOff(uint256 jobId);
    error JobMarketplace_ClaimsNeedJudge(uint256 jobId);
    error JobMarketplace_ClaimLive(uint256 claimed, uint256 until);
    error JobMarketplace_ClaimOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_IntervalUnprovable(uint256 proofInterval, uint256 maxProvable);
    error JobMarketplace_NoLiveClaim(uint256 jobId);
    error JobMarketplace_BondTooLow(uint256 required, uint256 actual);
    error JobMarketplace_NotDisputed(uint256 jobId, SessionStatus status);
    error JobMarketplace_RulingTooHigh(uint256 claimed, uint256 tokens);
    error JobMarketplace_DisputeExpired(uint256 deadline, uint256 time);
    error JobMarketplace_DisputeOpen(uint256 deadline, uint256 time);

    error JobMarketplace_NothingDue(uint256 jobId);
    error JobMarketplace_TooEarly(uint256 earliest, uint256 time);
    error JobMarketplace_DeadlineOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobMarketplace_AgreementSignatureInvalid(address host);
    error JobMarketplace_AmountZero();

    error JobMarketplace_ReceiverInvalid(address to);
    error JobMarketplace_NothingToWithdraw(address account, address token);
    error JobMarketplace_EtherUnexpected(address sender, uint256 value);
}
