// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Those to whom money is sent, and what they do about it.

/// @notice Takes no ETH, and says so.
contract RefusingReceiver {
    error RefusingReceiver_NotToday();

    receive() external payable {
        revert RefusingReceiver_NotToday();
    }
}

/// @notice Uses up all the gas it gets.
contract GuzzlingReceiver {
    receive() external payable {
        assembly {
            invalid()
        }
    }
}

/// @notice Uses a given amount of gas, then takes the ETH.
contract HungryReceiver {
    uint256 private immutable APPETITE;

    constructor(uint256 appetite) {
        APPETITE = appetite;
    }

    receive() external payable {
        uint256 before = gasleft();
        while (before - gasleft() < APPETITE) {}
    }
}

/// @notice Takes no ETH, with 100 kB of reasons, about as many as a pushed refund's gas can make.
contract BombingReceiver {
    receive() external payable {
        assembly {
            revert(0, 100000)
        }
    }
}

/// @notice Takes ETH with 100 kB of thanks.
contract ThankfulReceiver {
    receive() external payable {
        assembly {
            return(0, 100000)
        }
    }
}

/// @notice Calls back when it is paid, keeps how that was answered, and takes the ETH whatever the answer.
contract ReentrantReceiver {
    address private _target;
    bytes4 public answer = 0xffffffff;
    bytes private _call;

    function prepare(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    receive() external payable {
        (, bytes memory answered) = _target.call(_call);
        answer = bytes4(answered);
    }
}
