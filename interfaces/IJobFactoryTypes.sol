// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The types, events and errors of one-shot jobs
/// @notice Amounts are base units of the job's payment token (wei for ETH, which is the address zero). Bonds are wei. Shares are
/// basis points: 10,000 are the whole. Times are Unix seconds, durations seconds.
///
/// The *issuer* pays, the *worker* is paid. The *verifier* judges the work: the evaluator if the terms name one, else the issuer.
interface IJobFactoryTypes {
    // ------------------------------------------------------------------------------------------------------- types

    /// @notice Where a job stands. The first three after `None` hold money, the others are final.
    /// @dev `None` is a job that does not exist. Open, Submitted, Completed, Rejected and Expired are ERC-8183's words.
    enum JobStatus {
        None,
        Open,
        Claimed,
        Submitted,
        Completed,
        Split,
        Rejected,
        Cancelled,
        Expired
    }

    /// @notice Everything an issuer fixes when posting a job.
    /// @param payee Who may claim the job; the address zero for any active worker of the registry.
    /// @param evaluator Who judges the work; the address zero for the issuer.
    /// @param token The payment token, or the address zero for ETH.
    /// @param amount What is locked, in base units.
    /// @param claimDuration How long the job can be claimed in each round, from the posting or reopening on. Whole minutes.
    /// @param workDuration How long the worker has, from its claim on. Whole minutes.
    /// @param reviewDuration How long the verifier has, from the submission on; then silence pays the worker. Whole minutes.
    /// @param claimBond What comes with a claim, in wei, whole gwei: back at the submission, else the issuer's.
    /// @param rejectFeeBps The least share, of what the job still holds, that a worker gets for work that is submitted and
    /// rejected, split or sent back.
    /// @param specHash To the description of the work. It stands in the event only.
    struct Terms {
        address payee;
        address evaluator;
        address token;
        uint256 amount;
        uint256 claimDuration;
        uint256 workDuration;
        uint256 reviewDuration;
        uint256 claimBond;
        uint256 rejectFeeBps;
        bytes32 specHash;
    }

    /// @notice What the constructor fixes for ever: the least durations, whole minutes in seconds, and the fee in basis points.
    struct Parameters {
        uint256 minClaimDuration;
        uint256 minWorkDuration;
        uint256 minReviewDuration;
        uint256 feeBps;
    }

    /// @notice A job as its parties want to read it; all zero if it does not exist.
    /// @param payee Who was named to do the work, or the address zero.
    /// @param worker Who does or did the work; the address zero of a job that is open, was cancelled or has expired.
    /// @param verifier Who judges: the evaluator, or the issuer if none was named.
    /// @param round 1 to 3; each reopening begins another.
    /// @param amount What this round is about: less than was posted by the reject fees of earlier rounds. Of a final job, what was
    /// divided at its end.
    /// @param deadline The last second to claim, to submit or to judge, whichever the job waits for; 0 of a final job.
    /// @param bondFunder Whom the bond goes back to, while a bond is locked.
    /// @param workHash The upper 160 bits of the work's hash, left-aligned, of the last submission.
    struct JobDetails {
        address issuer;
        address payee;
        address worker;
        address verifier;
        address token;
        JobStatus status;
        uint256 round;
        uint256 amount;
        uint256 deadline;
        uint256 claimDuration;
        uint256 workDuration;
        uint256 reviewDuration;
        uint256 claimBond;
        address bondFunder;
        uint256 rejectFeeBps;
        bytes32 workHash;
    }

    // ------------------------------------------------------------------------------------------------------ events

    /// @notice A job was posted and funded: open, round 1. The time to claim counts from this block on.
    event JobPosted(
        uint256 indexed jobId,
        address indexed issuer,
        address indexed payee,
        address evaluator,
        address token,
        uint256 amount,
        uint256 claimDuration,
        uint256 workDuration,
        uint256 reviewDuration,
        uint256 claimBond,
        uint256 rejectFeeBps,
        bytes32 specHash
    );
    /// @notice A worker took the job until `workBy`; `bond` (wei) came from `bondFunder`.
    event JobClaimed(
        uint256 indexed jobId,
        address indexed worker,
        uint256 round,
        uint256 workBy,
        uint256 bond,
        address bondFunder
    );
    /// @notice The worker gave the job back; its bond (wei) became the issuer's. It is open again until `claimBy`, unless
    /// {JobExpired} follows because that is over.
    event ClaimReleased(
        uint256 indexed jobId, address indexed worker, uint256 round, uint256 claimBy, uint256 bond
    );
    /// @notice The worker submitted; its bond (wei) went back. Unless it is judged by `reviewBy`, anybody may have it paid.
    event WorkSubmitted(
        uint256 indexed jobId,
        address indexed worker,
        uint256 round,
        bytes32 workHash,
        uint256 reviewBy,
        uint256 bond
    );
    /// @notice The worker earned the whole amount, gross. `completer` is who approved, by its own call or signature; the address
    /// zero means silence.
    event JobCompleted(
        uint256 indexed jobId, address indexed worker, address indexed completer, uint256 payment
    );
    /// @notice The work was sent back: its worker earned the reject fee, and `round` begins with `amount` and can be claimed
    /// until `claimBy`.
    event JobReopened(
        uint256 indexed jobId,
        address indexed worker,
        address indexed verifier,
        uint256 payment,
        uint256 round,
        uint256 amount,
        uint256 claimBy
    );
    /// @notice The verifier divided the amount: `payment` earned, gross, `refund` to the issuer.
    event JobSplit(
        uint256 indexed jobId, address indexed worker, address indexed verifier, uint256 payment, uint256 refund
    );
    /// @notice The verifier rejected the work: the reject fee was earned, gross, and the rest went to the issuer.
    event JobRejected(
        uint256 indexed jobId, address indexed worker, address indexed verifier, uint256 payment, uint256 refund
    );
    /// @notice The issuer, or its operator `canceller`, took back a job that nobody had claimed.
    event JobCancelled(uint256 indexed jobId, address indexed canceller, uint256 round, uint256 refund);
    /// @notice Nobody claimed the job, or its worker did not submit: `refund` went to the issuer, and the bond (wei), if any was
    /// locked, became the issuer's.
    event JobExpired(uint256 indexed jobId, uint256 round, uint256 refund, uint256 bond);

    /// @notice An account voids what it signed, or may yet sign, with this digest.
    event IntentRevoked(address indexed account, bytes32 indexed digest);
    /// @notice An intent of `account` that carried `nonce` was carried out; the next one carries `nonce + 1`.
    event NonceUsed(address indexed account, uint256 nonce);
    /// @notice The operator may act for the issuer up to and including `until`.
    event OperatorSet(address indexed issuer, address indexed operator, uint256 until);

    /// @notice An amount waits for `account` to withdraw it, free of fee.
    event Credited(address indexed account, address indexed token, uint256 amount);
    /// @notice `gross` earnings became `fee` for the treasury and the rest for `account`; `credit` was paid out with it.
    event Withdrawn(
        address indexed account, address indexed token, address to, uint256 gross, uint256 fee, uint256 credit
    );
    event FeesWithdrawn(address indexed token, address indexed treasury, uint256 amount);

    event TokenSet(address indexed token, uint256 indexed tokenId, bool allowed, uint256 minimumAmount);
    event TreasurySet(address indexed treasury);

    // ------------------------------------------------------------------------------------------------------ errors

    error JobFactory_ZeroAddress();
    error JobFactory_FeeTooHigh(uint256 max, uint256 actual);
    error JobFactory_TreasuryInvalid(address treasury);
    error JobFactory_TokenHasNoCode(address token);
    error JobFactory_TooManyTokens(uint256 max);

    error JobFactory_RolesCollide(address account);
    error JobFactory_TokenNotAllowed(address token);
    error JobFactory_AmountOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobFactory_DurationOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobFactory_DurationNotWholeMinutes(uint256 duration);
    error JobFactory_BondOutOfRange(uint256 max, uint256 actual);
    error JobFactory_BondNotWholeGwei(uint256 bond);
    error JobFactory_RejectFeeTooHigh(uint256 max, uint256 actual);

    /// @dev `actual` is `None` if the job does not exist.
    error JobFactory_WrongStatus(uint256 jobId, JobStatus expected, JobStatus actual);
    /// @dev It is neither open nor claimed; `None` if it does not exist.
    error JobFactory_NotExpirable(uint256 jobId, JobStatus status);
    error JobFactory_TooLate(uint256 deadline, uint256 time);
    error JobFactory_TooEarly(uint256 earliest, uint256 time);
    error JobFactory_NotPayee(address payee, address account);
    error JobFactory_NotWorker(address worker, address account);
    error JobFactory_NotIssuer(address issuer, address account);
    error JobFactory_NotVerifier(address verifier, address account);
    error JobFactory_WorkerNotActive(address worker);
    error JobFactory_WorkHashZero();
    /// @dev `submitted` is the upper 160 bits, left-aligned, of what the worker submitted.
    error JobFactory_WorkHashMismatch(bytes32 submitted, bytes32 actual);
    error JobFactory_VerdictContradictory(bool approved, bool reopen, uint256 splitBps);
    error JobFactory_SplitOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobFactory_RoundsExhausted(uint256 maxRounds);

    error JobFactory_DeadlineOutOfRange(uint256 min, uint256 max, uint256 actual);
    error JobFactory_SignatureInvalid(address signer, bytes32 digest);
    error JobFactory_IntentRevoked(address signer, bytes32 digest);
    error JobFactory_OperatorTermTooLong(uint256 max, uint256 actual);

    error JobFactory_ReceiverInvalid(address to);
    error JobFactory_NothingToWithdraw(address account, address token);
}
