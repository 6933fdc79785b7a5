"""Which stretches of time to read, and in which order. Pure."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from servery.connectors.contract import Resource, Span

STRIDE = timedelta(days=7)
"""How much of the past one step of a backfill reads: little enough that a kill costs little, and that a page of a
small venue is filled."""
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Older than any record a vendor of today holds."""


class Stretch(Struct, frozen=True, order=True):
    """A stretch of the past still to be read or read already: `since` included, `until` excluded, UTC."""

    since: datetime
    until: datetime

    def holds(self, days: Collection[date]) -> bool:
        """Whether any of these days lies in the stretch, a day's width of time zones allowed for."""
        first, last = self.since.date() - timedelta(days=1), self.until.date() + timedelta(days=1)
        return any(first <= day <= last for day in days)


def poll_span(resource: Resource, polled_until: datetime | None, now: datetime) -> Span | None:
    """What the next poll reads; None: all of it, for the vendor knows no other way.

    A poll by modification overlaps the one before by the resource's lateness, because vendors show records late.
    The first one looks back just so far where a backfill reads the rest, and over everything where none does.
    """
    if resource.poll_by is None:
        return None
    lateness = timedelta(seconds=resource.lateness)
    if resource.poll_by == "occurred":
        return Span("occurred", now - lateness, now + timedelta(seconds=resource.ahead))
    first = now if resource.backfill_by else EPOCH
    return Span("modified", max((polled_until or first) - lateness, EPOCH), now)


def stretches(since: datetime, until: datetime) -> list[Stretch]:
    """The past between two instants cut into strides, newest first."""
    found = []
    while until > since:
        found.append(Stretch(max(since, until - STRIDE), until))
        until -= STRIDE
    return found


def next_stretch(todo: Iterable[Stretch], done: Collection[Stretch], wanted_days: Collection[date]) -> Stretch | None:
    """The next stretch to read: those in which wanted days lie first, then newest first; None when all is read."""
    left = [stretch for stretch in todo if stretch not in done]
    wanted = [stretch for stretch in left if stretch.holds(wanted_days)]
    return max(wanted or left, default=None)


def was_read(since: datetime, until: datetime, planned: Collection[Stretch], done: Collection[Stretch]) -> bool:
    """Whether nothing between two instants is still to be read of the past that is planned to be."""
    return not any(one.since < until and since < one.until for one in planned if one not in done)


class Past(Struct, frozen=True):
    """How far the past of one resource is read: stretches done of all. `timed` of them took `seconds` of reading."""

    done: int
    of: int
    timed: int
    seconds: float


def seconds_left(pasts: Collection[Past]) -> int | None:
    """Seconds of reading that are left of a connection's past; None: nobody can tell yet.

    Each resource goes on at its own mean pace, one after another. Told once a tenth of all is done, and some of each.
    """
    unfinished = [one for one in pasts if one.done < one.of]
    done, of = sum(one.done for one in pasts), sum(one.of for one in pasts)
    if done * 10 < of or not all(one.timed for one in unfinished):
        return None
    return round(sum(one.seconds / one.timed * (one.of - one.done) for one in unfinished))
