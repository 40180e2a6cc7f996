// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGasPriceOracle} from "../../interfaces/IGasPriceOracle.sol";

// What might stand at the address of the OP Stack's gas price oracle.

/// @notice A gwei for every byte.
contract HonestOracle is IGasPriceOracle {
    /// @inheritdoc IGasPriceOracle
    function getL1FeeUpperBound(uint256 unsignedTransactionSize) external pure override returns (uint256) {
        return unsignedTransactionSize * 1 gwei;
    }
}

/// @notice A gwei for every byte, after much thought.
contract PonderingOracle is IGasPriceOracle {
    uint256 private constant THOUGHT = 60_000;

    /// @inheritdoc IGasPriceOracle
    function getL1FeeUpperBound(uint256 unsignedTransactionSize) external view override returns (uint256) {
        uint256 before = gasleft();
        while (before - gasleft() < THOUGHT) {}
        return unsignedTransactionSize * 1 gwei;
    }
}

/// @notice Answers no question.
contract RefusingOracle is IGasPriceOracle {
    error RefusingOracle_NotToday();

    /// @inheritdoc IGasPriceOracle
    function getL1FeeUpperBound(uint256) external pure override returns (uint256) {
        revert RefusingOracle_NotToday();
    }
}

/// @notice Answers with two words where one is expected.
contract JunkOracle {
    fallback() external {
        assembly {
            mstore(0, 1000000000)
            return(0, 64)
        }
    }
}

/// @notice Finds everything immensely dear.
contract BoundlessOracle is IGasPriceOracle {
    /// @inheritdoc IGasPriceOracle
    function getL1FeeUpperBound(uint256) external pure override returns (uint256) {
        return type(uint256).max;
    }
}

/// @notice Uses up all the gas it gets.
contract GuzzlingOracle {
    fallback() external {
        assembly {
            invalid()
        }
    }
}

/// @notice Answers with 100 kB.
contract BombingOracle {
    fallback() external {
        assembly {
            return(0, 100000)
        }
    }
}
