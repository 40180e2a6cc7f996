// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IERC3009} from "../../interfaces/IERC3009.sol";

/// @title A stand-in for USDC on local chains: six decimals, EIP-2612 permits, EIP-3009 authorizations, free for all
contract MockUSDC is ERC20, EIP712, Nonces, IERC3009 {
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    mapping(address authorizer => mapping(bytes32 nonce => bool used)) public authorizationState;

    error MockUSDC_SignatureInvalid(address signer);
    error MockUSDC_DeadlinePassed(uint256 deadline);
    error MockUSDC_CallerNotPayee(address payee, address caller);
    error MockUSDC_OutsideValidity(uint256 validAfter, uint256 validBefore);
    error MockUSDC_AuthorizationUsed(address authorizer, bytes32 nonce);

    constructor() ERC20("USD Coin", "USDC") EIP712("USD Coin", "2") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        if (block.timestamp > deadline) revert MockUSDC_DeadlinePassed(deadline);
        bytes32 structHash = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, _useNonce(owner), deadline));
        if (ECDSA.recover(_hashTypedDataV4(structHash), v, r, s) != owner) revert MockUSDC_SignatureInvalid(owner);
        _approve(owner, spender, value);
    }

    /// @inheritdoc IERC3009
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external {
        if (msg.sender != to) revert MockUSDC_CallerNotPayee(to, msg.sender);
        if (block.timestamp <= validAfter || block.timestamp >= validBefore) {
            revert MockUSDC_OutsideValidity(validAfter, validBefore);
        }
        if (authorizationState[from][nonce]) revert MockUSDC_AuthorizationUsed(from, nonce);
        bytes32 structHash = keccak256(
            abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
        );
        if (!SignatureChecker.isValidSignatureNowCalldata(from, _hashTypedDataV4(structHash), signature)) {
            revert MockUSDC_SignatureInvalid(from);
        }
        authorizationState[from][nonce] = true;
        _transfer(from, to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function version() external pure returns (string memory) {
        return "2";
    }

    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
