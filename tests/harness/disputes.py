"""How disputes end, as events."""

from typing import Any

from tests.harness.escrow import ETHER, Session
from tests.harness.events import Event, event


def ended(
    session: Session,
    outcome: int,
    challenger: Any,
    bond: int,
    *,
    to_host: int = 0,
    matured: int = 0,
) -> list[Event]:
    """The end of a dispute, and the credits that the bond becomes: the host's part first."""
    marketplace = session.marketplace
    parts = [(session.host, to_host), (challenger, bond - to_host)]
    return [
        event(
            marketplace.DisputeResolved,
            jobId=session.id,
            outcome=outcome,
            maturedTokens=matured,
            challenger=challenger,
            bondToHost=to_host,
            bondToChallenger=bond - to_host,
        ),
        *(
            event(marketplace.Credited, account=account, token=ETHER, amount=part)
            for account, part in parts
            if part
        ),
    ]
