// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// What tests/assurance/test_coverage.py measures: every kind of decision, and a library that two contracts contain.

library Shared {
    function half(uint256 n) internal pure returns (uint256) {
        if (n % 2 == 1) {
            return n / 2 + 1;
        }
        return n / 2;
    }

    function nobodyCalls(uint256 n) internal pure returns (uint256) {
        return n + 1;
    }
}

contract Decisions {
    error Odd(uint256 n);

    uint256 public immutable LIMIT;

    constructor(uint256 limit) {
        if (limit == 0) revert Odd(limit);
        LIMIT = limit;
    }

    modifier below(uint256 n) {
        if (n >= LIMIT) revert Odd(n);
        _;
    }

    function choose(uint256 n) external view below(n) returns (uint256) {
        return n == 3 ? 30 : Shared.half(n);
    }

    function both(bool a, bool b) external pure returns (uint256 n) {
        if (a && b) n = 1;
        if (a || b) n = n + 2;
    }

    function sum(uint256 n) external pure returns (uint256 total) {
        for (uint256 i = 0; i < n; ++i) {
            total += i;
        }
    }

    function compare(uint256 a, uint256 b, uint256 c) external pure returns (uint256) {
        // The compiler has a zero at hand for the `case 0` of the inner decision: it has no place in the source.
        unchecked {
            if (a - b != c) revert Odd(a > b ? a - b : 0);
        }
        return c;
    }

    function attempt(uint256 n) external view returns (uint256) {
        try this.checked(n) returns (uint256 m) {
            return m;
        } catch {
            return 0;
        }
    }

    function checked(uint256 n) external pure returns (uint256 m) {
        if (n == 7) revert Odd(n);
        assembly {
            if eq(n, 8) {
                mstore(0x00, n)
                revert(0x00, 0x20)
            }
            m := add(n, 1)
        }
    }
}

contract Other {
    function halve(uint256 n) external pure returns (uint256) {
        return Shared.half(n);
    }
}
