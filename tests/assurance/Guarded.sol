// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// What tests/assurance/test_mutation.py changes.
contract Guarded {
    error No(uint256 n);

    event Moved(address from, address to, uint256 n);

    uint256 public total;

    modifier positive(uint256 n) {
        if (n == 0) revert No(n);
        _;
    }

    function move(address from, address to, uint256 n) external positive(n) returns (bool) {
        if (n > 9 && from != to) total += n - 1;
        emit Moved(from, to, n);
        return n < total;
    }

    function low(uint256 n) external pure returns (uint256 bit) {
        assembly {
            if lt(n, 2) { revert(0, 0) }
            bit := and(n, 1)
        }
    }
}
