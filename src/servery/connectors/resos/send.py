"""What resOS is to hold of a visit: a remark for staff on its booking.

A remark can be added and, as far as is known, neither changed nor taken away. So one is added only where the last of
ours says something else, and an attempt with an unknown end is looked up by reading the booking again.
"""

from urllib.parse import quote

import msgspec

from servery.connectors.contract import Account, Sent, Session, Target
from servery.connectors.resos import wire
from servery.connectors.resos.client import booking, write
from servery.connectors.resos.note import is_ours, line, withdrawn
from servery.connectors.resos.words import WORDS, Words
from servery.connectors.spoken import language
from servery.errors import Refuse
from servery.model.commands import Command, VisitReport


async def send(session: Session, account: Account, command: Command, target: Target) -> Sent:
    """Leave the remark of a visit on its booking. Raises as `contract.Send` says."""
    report = _report(command)
    last = _last(await booking(session, report.reservation))
    text = _text(report, last, WORDS[language(session, account)])
    if text is None or text == last:
        return _sent(report, last)
    path = f"/bookings/{quote(report.reservation, safe='')}/restaurantNote"
    await write(session, path, msgspec.json.encode({"text": text}))
    return _sent(report, text)


async def look_up(session: Session, account: Account, command: Command, target: Target) -> Sent | None:
    """Whether the last remark of ours on the booking says what it should."""
    report = _report(command)
    last = _last(await booking(session, report.reservation))
    wanted = _text(report, last, WORDS[language(session, account)])
    return _sent(report, last) if wanted in (None, last) else None


def _report(command: Command) -> VisitReport:
    if not isinstance(command, VisitReport):
        raise Refuse("resOS takes what a visit came to, and nothing else.", code="not-taken")
    return command


def _text(report: VisitReport, last: str | None, words: Words) -> str | None:
    """What should stand there last; None where nothing need. Said already in another language it is not said anew."""
    told = {each: line(report, each) or (withdrawn(each) if last else None) for each in WORDS.values()}
    return last if last in told.values() else told[words]


def _last(found: wire.Booking) -> str | None:
    """The last of the remarks on a booking that are ours."""
    texts = [one if isinstance(one, str) else one.restaurant_note or one.text for one in found.restaurant_notes or ()]
    return next((text for text in reversed(texts) if is_ours(text)), None)


def _sent(report: VisitReport, text: str | None) -> Sent:
    return Sent(external_id=report.reservation, written={"visit_notes": text} if text else {})
