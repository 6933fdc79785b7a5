"""Posts what is to leave, as Standard Webhooks 1.0 has it: identified, stamped, signed, and never redirected.

The receiver knows a repeat by its `webhook-id`, which is made of our id and the version of the state: an attempt with
an unknown end may be made again.
"""

from datetime import UTC, datetime

import httpx
import msgspec

from servery.connectors.answers import retry_after
from servery.connectors.contract import Account, Sent, Session, Target
from servery.connectors.standard_webhooks import request, signed
from servery.connectors.webhook.client import destination, key_of
from servery.errors import LookUpFirst, NeedsPerson, Refuse, Retry
from servery.model.commands import Command, ErasureTold, GuestCard, MergeTold, PartyCard

VERSION = "1"
"""Of the payload: it changes when a member is taken away or means something else, never when one is added."""
_PAUSE = 30.0


async def send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    """Post one state. LookUpFirst where nobody knows whether it arrived: then the same may be posted again."""
    if not session.settings.get("url"):
        return Sent(external_id=None)
    body = payload(command, target)
    keys = _keys(session.settings.get("sending_secret", ""))
    headers = signed(f"{target.our_id}.{target.version}", body, keys)
    _judge(await _post(session, body, headers))
    return Sent(external_id=target.our_id)


async def look_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    """Nobody can be asked; the receiver drops a repeat by its id, so it is safe to post again."""
    return None


def payload(command: Command, target: Target) -> bytes:
    """The body: an event's name, when it was written, and the state as it is to be."""
    data = {"id": target.our_id, "state": target.version, **msgspec.to_builtins(command)}
    told = {"type": event(command), "version": VERSION, "timestamp": datetime.now(UTC), "data": data}
    return msgspec.json.encode(told)


def event(command: Command) -> str:
    """What the receiver sees the event called."""
    if isinstance(command, GuestCard):
        return "guest.updated"
    if isinstance(command, ErasureTold):
        return "guest.erased"
    if isinstance(command, MergeTold):
        return "guest.merged" if command.merged else "guest.unmerged"
    return "party.updated" if isinstance(command, PartyCard) else "visit.closed"


def _keys(secrets: str) -> list[bytes]:
    keys = [key_of(secret, "sending_secret") for secret in secrets.split()]
    if not keys:
        raise NeedsPerson("What goes out must be signed.", field="sending_secret", mend="Enter a secret for it.")
    return keys


async def _post(session: Session, body: bytes, headers: dict[str, str]) -> httpx.Response:
    asked, address = await destination(session)
    try:
        answer = await session.http.send(
            request(session.http, asked, address, body, headers), stream=True, follow_redirects=False
        )
        # What a stranger answers is not read: it may be endless.
        await answer.aclose()
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Retry("{host} cannot be reached.", retry_after=_PAUSE, host=asked.host) from error
    except httpx.TransportError as error:
        raise LookUpFirst("{host} broke off: it may have what was sent.", host=asked.host) from error
    return answer


def _judge(answer: httpx.Response) -> None:
    """Nothing for a success; what to do otherwise, by Standard Webhooks 1.0."""
    status = answer.status_code
    if answer.is_success:
        return
    if status == httpx.codes.GONE:
        raise NeedsPerson(
            "The other system wants nothing more to be sent here (410).", field="url", code="gone",
            mend="Ask whoever runs it; enter its new address, or none.",
        )  # fmt: skip
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise NeedsPerson(
            "The other system does not accept our signature ({status}).", field="sending_secret", status=status,
            mend="Enter the same secret on both sides.",
        )  # fmt: skip
    if answer.is_redirect:
        raise NeedsPerson(
            "The other system answers from another address ({status}).", field="url", status=status,
            mend="Enter that address: a redirect is not followed.",
        )  # fmt: skip
    if status == httpx.codes.TOO_MANY_REQUESTS:
        asked = retry_after(answer.headers.get("Retry-After"))
        pause = _PAUSE if asked is None else asked
        raise Retry("The other system asks for a pause.", retry_after=pause, asked=asked is not None)
    if answer.is_server_error or status == httpx.codes.REQUEST_TIMEOUT:
        raise LookUpFirst("The other system is out of order (it answered {status}).", status=status)
    raise Refuse("The other system refuses this ({status}).", status=status)
