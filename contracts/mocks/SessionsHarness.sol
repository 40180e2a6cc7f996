// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Sessions} from "../libraries/Sessions.sol";

/// @notice Lets the tests ask an internal library about many sessions at once.
contract SessionsHarness {
    using Sessions for Sessions.Snapshot;

    struct Answers {
        uint256 covered;
        bool live;
        uint256 limit;
        uint256 payableTokens;
        uint256 due;
    }

    function answers(Sessions.Snapshot[] memory sessions, uint256 challengeWindow)
        external
        view
        returns (Answers[] memory found)
    {
        found = new Answers[](sessions.length);
        for (uint256 i = 0; i < sessions.length; ++i) {
            Sessions.Snapshot memory x = sessions[i];
            uint256 payableTokens = x.payableTokens(challengeWindow);
            found[i] = Answers({
                covered: x.covered(challengeWindow),
                live: x.hasLiveClaim(challengeWindow),
                limit: x.limit(x.evidence.ackedOf()),
                payableTokens: payableTokens,
                due: x.dueRoundedDown(payableTokens)
            });
        }
    }
}
