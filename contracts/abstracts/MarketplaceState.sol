// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobMarketplaceTypes} from "../../interfaces/IJobMarketplaceTypes.sol";
import {IProofSystem} from "../../interfaces/IProofSystem.sol";
import {IWorkerRegistry} from "../../interfaces/IWorkerRegistry.sol";
import {Session} from "../libraries/Sessions.sol";
import {Claim, Evidence, FLAG_CLOSING, Head, Rules, Stake} from "../types/SessionWords.sol";
import {EtherTerms} from "./EtherTerms.sol";

/// @title What every part of the session escrow stands on: storage, immutables and the look-up of a session
/// @dev The order of the bases matters for gas: ETH's terms, `_paused`, the job counter and the defaults share a slot.
/// Marketplace and extension both start from here and from Ledger, so their storage is laid out alike.
abstract contract MarketplaceState is
    IJobMarketplaceTypes,
    EIP712,
    Ownable2Step,
    EtherTerms,
    Pausable,
    ReentrancyGuardTransient
{
    uint256 internal constant MAX_WINDOW = 30 days;
    uint256 internal constant MAX_FEE_BPS = 1000;
    uint256 internal constant MAX_BOND = 1 ether;

    IWorkerRegistry internal immutable REGISTRY;
    IProofSystem internal immutable PROOF_SYSTEM;
    uint256 internal immutable CLOSE_WINDOW;
    uint256 internal immutable CHALLENGE_WINDOW;
    uint256 internal immutable ANSWER_WINDOW;
    uint256 internal immutable ARBITER_WINDOW;
    uint256 internal immutable ABANDONMENT_PERIOD;
    uint256 internal immutable BOND_PER_PROOF;
    uint256 internal immutable FEE_BPS;

    // One slot with ETH's terms and Pausable's flag.
    uint40 internal _jobCount;
    uint32 internal _defaultCircuit;
    uint16 internal _defaultRate;

    // Slither does not see what is written from the other half of the contract, or through a storage pointer.
    // slither-disable-next-line uninitialized-state
    mapping(uint256 jobId => Session) internal _sessions;

    /// @dev What both contracts are built from.
    struct Setup {
        IWorkerRegistry registry;
        IProofSystem proofSystem;
        address owner;
        Parameters params;
    }

    constructor(Setup memory setup) EIP712("Provenwork JobMarketplace", "1") Ownable(setup.owner) {
        Parameters memory params = setup.params;
        if (address(setup.registry) == address(0) || address(setup.proofSystem) == address(0)) {
            revert JobMarketplace_ZeroAddress();
        }
        _requireWindow(params.closeWindow, MAX_WINDOW);
        // What is claimed when evidence ends waits one challenge window more, and no longer than a closing does.
        _requireWindow(params.challengeWindow, params.closeWindow);
        _requireWindow(params.answerWindow, MAX_WINDOW);
        _requireWindow(params.arbiterWindow, MAX_WINDOW);
        _requireWindow(params.abandonmentPeriod, MAX_WINDOW);
        if (params.feeBps > MAX_FEE_BPS) revert JobMarketplace_FeeTooHigh(MAX_FEE_BPS, params.feeBps);
        if (params.bondPerProof == 0 || params.bondPerProof > MAX_BOND) {
            revert JobMarketplace_BondOutOfRange(1, MAX_BOND, params.bondPerProof);
        }

        REGISTRY = setup.registry;
        PROOF_SYSTEM = setup.proofSystem;
        CLOSE_WINDOW = params.closeWindow;
        CHALLENGE_WINDOW = params.challengeWindow;
        ANSWER_WINDOW = params.answerWindow;
        ARBITER_WINDOW = params.arbiterWindow;
        ABANDONMENT_PERIOD = params.abandonmentPeriod;
        BOND_PER_PROOF = params.bondPerProof;
        FEE_BPS = params.feeBps;
    }

    function _requireWindow(uint256 window, uint256 max) private pure {
        if (window == 0 || window > max) revert JobMarketplace_WindowOutOfRange(1, max, window);
    }

    /// @dev A session that exists, and its first word.
    function _knownSession(uint256 jobId) internal view returns (Session storage s, Head head) {
        s = _sessions[jobId];
        head = s.head;
        if (head.userOf() == address(0)) revert JobMarketplace_SessionUnknown(jobId);
    }

    /// @dev A session that exists and is Active or Disputed, and its first word.
    function _openSession(uint256 jobId) internal view returns (Session storage s, Head head) {
        (s, head) = _knownSession(jobId);
        if (!head.isOpen()) revert JobMarketplace_SessionNotOpen(jobId, head.statusOf());
    }

    function _requireHost(Rules rules) internal view {
        if (msg.sender != rules.hostOf()) revert JobMarketplace_CallerNotHost(rules.hostOf(), msg.sender);
    }

    function _requireUser(Head head) internal view {
        if (msg.sender != head.userOf()) revert JobMarketplace_CallerNotUser(head.userOf(), msg.sender);
    }

    /// @dev The user may change a session's course until it ends or was asked to close.
    function _requireRunning(uint256 jobId, Rules rules, Stake stake) internal view {
        if (stake.closingAtOf() != 0) revert JobMarketplace_SessionClosing(jobId, stake.closingAtOf());
        if (block.timestamp > rules.endsAtOf()) revert JobMarketplace_SessionEnded(rules.endsAtOf(), block.timestamp);
    }

    /// @dev Until when evidence is accepted. Slot 2 says it only if the session was asked to close.
    function _evidenceEnd(Session storage s, Head head, Rules rules) internal view returns (uint256) {
        return (head.has(FLAG_CLOSING) ? s.stake.closingAtOf() : rules.endsAtOf()) + CLOSE_WINDOW;
    }

    /// @dev The last moment at which the session does not count as abandoned.
    function _abandonedFrom(Stake stake, Evidence evidence, Claim claim) internal view returns (uint256) {
        uint256 lastEvidenceAt = Math.max(evidence.lastEvidenceAtOf(), claim.claimedAtOf());
        return Math.max(stake.openedAtOf(), lastEvidenceAt) + ABANDONMENT_PERIOD;
    }
}
