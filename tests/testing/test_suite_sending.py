"""The suite finds a connector that writes twice, or that calls undone what may be done."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from servery.connectors.contract import Connector, Sent
from servery.connectors.square.simulator import events
from servery.errors import LookUpFirst, Retry
from servery.testing import contract_suite

SQUARE: Any = contract_suite(
    "servery.connectors.square", settings={"access_token": "sandbox-token"}, events=events, parties=3
)


def with_verbs(**verbs: Callable[..., Any]) -> Any:
    connector: Connector = msgspec.structs.replace(SQUARE.rehearsal.connector, **verbs)
    suite = SQUARE()
    suite.rehearsal = msgspec.structs.replace(SQUARE.rehearsal, connector=connector)
    return suite


async def forgetful(session: Any, account: Any, command: Any, target: Any) -> Sent:
    """Knows neither its own earlier tries nor what it made."""
    import uuid

    other = msgspec.structs.replace(target, our_id=str(uuid.uuid4()), external_id=None, before={})
    sent: Sent = await SQUARE.rehearsal.connector.send(session, account, nameless(command), other)
    return sent


def nameless(command: Any) -> Any:
    import uuid

    mail = f"{uuid.uuid4().hex}@example.org"
    return msgspec.structs.replace(command, email=mail, phone=None) if hasattr(command, "email") else command


async def sure(session: Any, account: Any, command: Any, target: Any) -> Sent:
    """Takes an unknown end for certainly not done, and begins anew as somebody else."""
    try:
        return await forgetful(session, account, command, target)
    except LookUpFirst as error:
        raise Retry("It was not done.", retry_after=0.1) from error


async def blind(*_: Any) -> None:
    """Finds nothing, whatever is there."""


@pytest.mark.parametrize(
    ("verbs", "test", "given"),
    [
        ({"send": forgetful}, "test_the_same_state_twice_is_there_once", ()),
        ({"send": forgetful}, "test_the_next_state_changes_the_same_object", ()),
        ({"send": sure}, "test_an_unknown_end_is_looked_up", ("done, then cut",)),
        ({"send": forgetful, "look_up": blind}, "test_an_unknown_end_is_looked_up", ("done, then 502",)),
    ],
    ids=["repeated", "next state", "sure", "blind"],
)
def test_a_connector_that_writes_twice_is_found(verbs: dict[str, Any], test: str, given: tuple[str, ...]):
    getattr(SQUARE(), test)(*given)
    with pytest.raises(AssertionError):
        getattr(with_verbs(**verbs), test)(*given)
