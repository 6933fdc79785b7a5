"""The routes of the connections."""

from __future__ import annotations

from litestar import Response, get

from servery.language.words import Words
from servery.web.connections.page import ConnectionRow
from servery.web.connections.reasons import why
from servery.web.download import csv_file
from servery.web.frame import TheFrame
from servery.web.guard import needs
from servery.web.render import Asked, page
from servery.web.sources import TheSources


@get("/connections", guards=[needs("see_connections")])
async def connections(request: Asked, frame: TheFrame, sources: TheSources) -> Response[str]:
    """Each outside system with its state, and the checks that were not placed."""
    health = await sources.health(frame.viewer)
    return page(request, frame, "connections/page.html", tab="connections", health=health, why=why)


@get("/connections.csv", guards=[needs("see_connections"), needs("export_lists")])
async def connections_csv(frame: TheFrame, sources: TheSources) -> Response[bytes]:
    """The connections as a file."""
    found = await sources.connections(frame.viewer)
    _ = frame.words.gettext
    header = [_("Name"), _("System"), _("State"), _("Last sync (UTC)"), _("Records"), _("Unread"),
              _("Last trouble")]  # fmt: skip
    return csv_file("connections", header, (_cells(row, frame.words) for row in found))


def _cells(row: ConnectionRow, words: Words) -> list[object]:
    return [
        row.name,
        row.title,
        row.state,
        row.last_sync.strftime("%Y-%m-%d %H:%M:%S") if row.last_sync else None,
        sum(row.records.values()),
        row.unread,
        row.trouble.told(words.language, row.connector) if row.trouble else None,
    ]
