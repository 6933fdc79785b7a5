"""From what rooms tell of connections and checks to what screens show. Pure."""

from datetime import datetime

from servery.connectors.contract import Manifest
from servery.health.report import ConnectionHealth
from servery.sync.state import HowFar
from servery.sync.status import Status
from servery.visits.link import Decided
from servery.visits.unplaced import Unplaced
from servery.web.connections.page import Backfill, Candidate, ConnectionRow, LooseCheck, Placed, Trouble


def connection_row(one: Status, health: ConnectionHealth, manifest: Manifest) -> ConnectionRow:
    """One connection."""
    far = one.how_far
    return ConnectionRow(
        id=one.connection.id,
        name=one.connection.name,
        connector=one.connection.connector,
        title=manifest.title,
        kind=manifest.kind,
        quality=manifest.quality,
        evidence=manifest.evidence,
        state=health.state,
        last_sync=one.last_sync,
        last_event=health.last_event,
        lag=health.lag,
        error_share=health.error_share,
        queue_in=health.queue_in,
        queue_out=health.queue_out,
        quarantine=health.quarantine,
        refused=health.refused,
        next_attempt=health.next_attempt,
        down_since=health.down_since,
        records={str(kind): number for kind, number in one.records.items()},
        backfill=_backfill(far, one.reached) if far.done < far.of else None,
        trouble=_trouble(health),
        venues=one.venues,
        polled=bool(manifest.resources),
    )


def _backfill(far: HowFar, reached: datetime | None) -> Backfill:
    return Backfill(
        done=far.done, total=far.of, seconds_left=far.seconds_left, reached=reached, goes_on_at=far.goes_on_at
    )


def _trouble(health: ConnectionHealth) -> Trouble | None:
    error = health.trouble
    if error is None:
        return None
    return Trouble(
        template=error.template,
        params=error.params,
        mend=error.mend,
        field=error.field,
        at=health.down_since,
        retry_at=error.next_try_at,
    )


def placed(one: Decided, who: str, at: datetime) -> Placed:
    """One check that a person placed."""
    return Placed(
        id=one.id,
        opened_at=one.opened_at,
        time_zone=one.time_zone,
        venue=one.venue,
        currency=one.currency,
        at=at,
        who=who,
        number=one.number,
        table=one.table,
        label=one.label,
        total=one.total,
        booked=one.reservation_id is not None,
        name=one.name,
        starts_at=one.starts_at,
    )


def loose_check(one: Unplaced) -> LooseCheck:
    """One check that several bookings may own."""
    return LooseCheck(
        id=one.id,
        why="ambiguous",
        opened_at=one.opened_at,
        time_zone=one.time_zone,
        venue=one.venue,
        currency=one.currency,
        number=one.number,
        table=one.table,
        label=one.label,
        covers=one.covers,
        total=one.total,
        candidates=tuple(
            Candidate(
                reservation_id=offer.reservation_id,
                name=offer.name,
                starts_at=offer.starts_at,
                party_size=offer.party_size,
                score=offer.score,
                tables=offer.tables,
                reasons=offer.reasons,
            )
            for offer in one.offered
        ),
    )
