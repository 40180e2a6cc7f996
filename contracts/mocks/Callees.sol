// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Contracts that answer any call, for the tests of what becomes of an answer: a verifier's or a wallet's.

/// @notice Answers every call with the same bytes.
contract AnsweringContract {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @notice Reverts every call with the same bytes.
contract RevertingContract {
    bytes private _reason;

    constructor(bytes memory reason) {
        _reason = reason;
    }

    fallback() external {
        bytes memory reason = _reason;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}

/// @notice Answers every call with a mebibyte that begins with the same word.
contract BombingContract {
    bytes32 private immutable FIRST_WORD;

    constructor(bytes32 firstWord) {
        FIRST_WORD = firstWord;
    }

    fallback() external {
        bytes32 firstWord = FIRST_WORD;
        assembly {
            mstore(0, firstWord)
            return(0, 0x100000)
        }
    }
}

/// @notice Gives its answer to exactly one call, byte for byte, and zero to all others.
contract ExactCallee {
    bytes32 private immutable EXPECTED;
    bytes32 private immutable ANSWER;

    constructor(bytes memory expectedCall, bytes32 answer) {
        EXPECTED = keccak256(expectedCall);
        ANSWER = answer;
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        return abi.encode(keccak256(data) == EXPECTED ? ANSWER : bytes32(0));
    }
}
