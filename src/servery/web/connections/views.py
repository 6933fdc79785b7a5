"""The routes of the connections."""

from __future__ import annotations

from functools import partial

from litestar import Response, get
from litestar.params import FromPath

from servery.connectors import registry
from servery.language.words import Words, words
from servery.web.connections.health import TheHealth
from servery.web.connections.page import ConnectionRow
from servery.web.connections.reasons import why
from servery.web.download import csv_file
from servery.web.fields.words import any_name
from servery.web.frame import TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.sources import TheSources


@get("/connections", guards=[needs("see_connections")])
async def connections(request: Asked, frame: TheFrame, sources: TheSources, house: TheHealth) -> Response[str]:
    """Each outside system with its state, what waits to be mended, and the checks that were not placed."""
    health, repairs = await sources.health(frame.viewer), await house.repairs(frame.viewer)
    return page(request, frame, "connections/page.html", tab="connections", health=health, repairs=repairs, why=why)


@get("/connections/{connection_id:int}", guards=[needs("see_connections")])
async def connection(request: Asked, frame: TheFrame, house: TheHealth, connection_id: FromPath[int]) -> Response[str]:
    """One outside system, with its last day and what crosses."""
    one = await house.connection(frame.viewer, connection_id)
    say = words(frame.words.language, registry.locale(one.row.connector)).gettext
    called = partial(any_name, words=frame.words, say=say)
    return page(request, frame, "connections/detail.html", tab="connections", one=one, t=say, called=called)


@get("/alarms")
async def alarms(request: Asked, frame: TheFrame) -> Response[str]:
    """What everybody must know at once, for the pages that are open."""
    return page(request, frame, "connections/alarms.html")


@get("/connections.csv", guards=[needs("see_connections"), needs("export_lists")])
async def connections_csv(frame: TheFrame, sources: TheSources) -> Response[bytes]:
    """The connections as a file."""
    found = await sources.connections(frame.viewer)
    _ = frame.words.gettext
    header = [_("Name"), _("System"), _("State"), _("Last sync (UTC)"), _("Records"), _("Kept aside"),
              _("Waiting in"), _("Waiting out"), _("Failed in 24 h"), _("Last trouble")]  # fmt: skip
    return csv_file("connections", header, (_cells(row, frame.words) for row in found))


def _cells(row: ConnectionRow, words: Words) -> list[object]:
    return [
        row.name,
        row.title,
        row.state,
        row.last_sync.strftime("%Y-%m-%d %H:%M:%S") if row.last_sync else None,
        sum(row.records.values()),
        row.quarantine,
        row.queue_in,
        row.queue_out,
        None if row.error_share is None else round(row.error_share, 4),
        row.trouble.told(words.language, row.connector) if row.trouble else None,
    ]
