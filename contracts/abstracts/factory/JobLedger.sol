// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IJobFactory} from "../../../interfaces/IJobFactory.sol";
import {OwnCode} from "../../libraries/OwnCode.sol";
import {Payments} from "../../libraries/Payments.sol";
import {JobHead} from "../../types/JobWords.sol";
import {FactoryState} from "./FactoryState.sol";

/// @title The books of the job factory: which tokens, what is owed to whom, and how it is paid
/// @dev Only refunds are pushed, and what cannot be pushed becomes a credit; everybody else pulls.
abstract contract JobLedger is FactoryState {
    /// @dev A payment token's terms, in one slot.
    struct TokenTerms {
        uint96 minimumAmount;
        uint8 id;
        bool allowed;
    }

    /// @inheritdoc IJobFactory
    address public override treasury;

    mapping(address token => TokenTerms) internal _tokenTerms;
    mapping(uint256 tokenId => address) private _tokenById;

    /// @inheritdoc IJobFactory
    mapping(address worker => mapping(address token => uint256)) public override earned;
    /// @inheritdoc IJobFactory
    mapping(address account => mapping(address token => uint256)) public override credits;
    /// @inheritdoc IJobFactory
    mapping(address token => uint256) public override feesOwed;

    constructor(address treasury_) {
        _setTreasury(treasury_);
    }

    // ------------------------------------------------------------------------------------------------------- paying

    /// @inheritdoc IJobFactory
    function withdraw(address token, address to) external override nonReentrant returns (uint256 amount) {
        // Check: somewhere to send it, and something to send.
        if (to == address(0) || to == address(this)) revert JobFactory_ReceiverInvalid(to);
        uint256 gross = earned[msg.sender][token];
        uint256 credit = credits[msg.sender][token];
        if (gross == 0 && credit == 0) revert JobFactory_NothingToWithdraw(msg.sender, token);
        // Effect: the whole balance leaves the books; the treasury's share is cut from earnings only.
        uint256 fee = Math.ceilDiv(gross * FEE_BPS, BPS);
        if (gross != 0) earned[msg.sender][token] = 0;
        if (credit != 0) credits[msg.sender][token] = 0;
        if (fee != 0) feesOwed[token] += fee;
        amount = gross - fee + credit;
        // Log.
        emit Withdrawn(msg.sender, token, to, gross, fee, credit);
        // Interaction.
        Payments.send(token, to, amount);
    }

    /// @inheritdoc IJobFactory
    function withdrawFees(address token) external override nonReentrant returns (uint256 amount) {
        // Check: something to send.
        amount = feesOwed[token];
        address to = treasury;
        if (amount == 0) revert JobFactory_NothingToWithdraw(to, token);
        // Effect.
        feesOwed[token] = 0;
        // Log.
        emit FeesWithdrawn(token, to, amount);
        // Interaction.
        Payments.send(token, to, amount);
    }

    function _earn(address worker, address token, uint256 amount) internal {
        if (amount != 0) earned[worker][token] += amount;
    }

    /// @dev What waits for an account to withdraw it, free of fee.
    function _credit(address account, address token, uint256 amount) internal {
        if (amount == 0) return;
        credits[account][token] += amount;
        emit Credited(account, token, amount);
    }

    /// @dev The last thing that a call does.
    function _refund(address issuer, address token, uint256 amount) internal {
        if (amount != 0 && !Payments.push(token, issuer, amount)) _credit(issuer, token, amount);
    }

    // ------------------------------------------------------------------------------------------------------- tokens

    /// @inheritdoc IJobFactory
    function setToken(address token, bool allowed, uint256 minimumAmount) external override onlyOwner {
        // Check.
        if (token != address(0) && !OwnCode.has(token)) revert JobFactory_TokenHasNoCode(token);
        if (minimumAmount == 0 || minimumAmount > type(uint96).max) {
            revert JobFactory_AmountOutOfRange(1, type(uint96).max, minimumAmount);
        }
        // Effect: a token keeps the id it once got, since jobs in storage name it by that.
        uint8 id = _tokenTerms[token].id;
        if (id == 0 && token != address(0)) {
            if (_tokenCount == type(uint8).max) revert JobFactory_TooManyTokens(type(uint8).max);
            id = ++_tokenCount;
            _tokenById[id] = token;
        }
        _tokenTerms[token] = TokenTerms(uint96(minimumAmount), id, allowed);
        // Log.
        emit TokenSet(token, id, allowed, minimumAmount);
    }

    /// @inheritdoc IJobFactory
    function tokenTerms(address token)
        external
        view
        override
        returns (bool allowed, uint256 minimumAmount, uint256 tokenId)
    {
        TokenTerms storage terms = _tokenTerms[token];
        return (terms.allowed, terms.minimumAmount, terms.id);
    }

    /// @dev The payment token of a job; ETH has the id 0.
    function _tokenAt(JobHead head) internal view returns (address) {
        uint256 tokenId = head.tokenIdOf();
        return tokenId == 0 ? address(0) : _tokenById[tokenId];
    }

    // ----------------------------------------------------------------------------------------------------- treasury

    /// @inheritdoc IJobFactory
    function setTreasury(address newTreasury) external override onlyOwner {
        _setTreasury(newTreasury);
    }

    function _setTreasury(address newTreasury) private {
        if (newTreasury == address(0) || newTreasury == address(this)) revert JobFactory_TreasuryInvalid(newTreasury);
        treasury = newTreasury;
        emit TreasurySet(newTreasury);
    }
}
