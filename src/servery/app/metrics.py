"""What Prometheus reads: how each connection is, what waits, and how quickly the pages answer."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import SkipValidation
from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from servery.health import hours, watch
from servery.health.kinds import SEVERITIES
from servery.health.repairs import loud, repairs
from servery.health.report import STATES, ConnectionHealth, report
from servery.health.rows import open_errors
from servery.storage.pool import Connection as Db
from servery.storage.pool import Pool

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_OF = ("connection", "name")


class Requests:
    """How long this process took to answer, by route."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._seconds = Histogram(
            "servery_request_seconds",
            "Seconds from a request to the end of its answer.",
            ("method", "route", "status"),
            buckets=_BOUNDS,
            registry=self.registry,
        )

    def seen(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one. A stream of changes lasts as long as its page and is none."""
        if route != "/live":
            self._seconds.labels(method, route, str(status)).observe(seconds)


class Scraped(Iterable[Metric]):
    """What one scrape is given."""

    def __init__(self, requests: Requests, told: list[Metric]) -> None:
        self._requests = requests
        self._told = told

    def collect(self) -> Iterator[Metric]:
        """All metrics, as prometheus_client asks for them."""
        yield from self._requests.registry.collect()
        yield from self._told

    __iter__ = collect


async def of_database(db: Db, now: datetime, pool: Pool) -> list[Metric]:
    """What the database knows at this moment."""
    rows = await report(db, now)
    return [
        *_events(await hours.totals(db), {row.id: row.name for row in rows}),
        *_connections(rows, now),
        await _errors(db),
        _repairs([one.severity for one in loud(await repairs(db), now)]),
        _gauge("servery_processes", "Processes that live, by kind.", ("kind",), (await watch.living(db)).items()),
        _pool(pool),
        await _size(db),
    ]


def _events(totals: list[hours.Totals], names: dict[int, str]) -> Iterator[Metric]:
    known = [(one, (str(one.connection_id), names[one.connection_id])) for one in totals if one.connection_id in names]
    for field, what in (
        ("received", "Events that arrived, by webhook, poll, backfill or file."),
        ("applied", "Events that were taken in."),
        ("quarantined", "Events that were kept aside."),
    ):
        family = CounterMetricFamily(f"servery_events_{field}", what, labels=_OF)
        for one, labels in known:
            family.add_metric(labels, getattr(one, field))
        yield family
    deliveries = CounterMetricFamily("servery_deliveries", "Updates sent.", labels=(*_OF, "outcome"))
    for one, labels in known:
        deliveries.add_metric((*labels, "sent"), one.sent)
        deliveries.add_metric((*labels, "failed"), one.failed)
    yield deliveries


def _connections(rows: list[ConnectionHealth], now: datetime) -> Iterator[Metric]:
    def each(name: str, what: str, field: str) -> Metric:
        values = ((_labels(row), getattr(row, field)) for row in rows)
        return _gauge(name, what, _OF, ((labels, value) for labels, value in values if value is not None))

    yield each("servery_lag_seconds", "From the arrival of the newest event to its being taken in.", "lag")
    waits = ((_labels(row), (now - row.oldest_in).total_seconds()) for row in rows if row.oldest_in)
    yield _gauge("servery_waiting_seconds", "How long the oldest event waits to be taken in.", _OF, waits)
    yield each("servery_queue_in", "Events that wait to be taken in.", "queue_in")
    yield each("servery_queue_out", "Updates that wait to be sent.", "queue_out")
    yield each("servery_quarantine", "Records kept aside that nobody has dealt with.", "quarantine")
    yield each("servery_refused", "Objects that the other side does not take.", "refused")
    yield each("servery_error_ratio", "Share of the last 24 hours' events and deliveries that failed.", "error_share")
    since = (((_labels(row)), (now - row.last_event).total_seconds()) for row in rows if row.last_event)
    yield _gauge("servery_last_event_seconds", "Seconds since something last came.", _OF, since)
    states = (((*_labels(row), state), float(row.state == state)) for row in rows for state in STATES)
    yield _gauge("servery_connection_state", "1 for the state that a connection is in.", (*_OF, "state"), states)


def _labels(row: ConnectionHealth) -> tuple[str, str]:
    return str(row.id), row.name


async def _errors(db: Db) -> Metric:
    found = ((str(one["connection_id"]), one["code"], one["n"]) for one in await open_errors(db))
    values = (((connection, code), number) for connection, code, number in found)
    return _gauge("servery_open_errors", "What failed and is not mended, by code.", ("connection", "code"), values)


def _repairs(severities: list[str]) -> Metric:
    values = (((severity,), severities.count(severity)) for severity in SEVERITIES)
    return _gauge("servery_repairs", "Repairs that wait and that nobody put off.", ("severity",), values)


def _pool(pool: Pool) -> Metric:
    stats = pool.get_stats()
    names = {"size": "pool_size", "available": "pool_available", "waiting": "requests_waiting", "most": "pool_max"}
    values = (((name,), stats.get(key, 0)) for name, key in names.items())
    return _gauge("servery_db_pool", "Connections of this process to the database.", ("kind",), values)


async def _size(db: Db) -> Metric:
    cursor = await db.execute("select pg_database_size(current_database()) as size")
    row = await cursor.fetchone()
    assert row is not None
    return GaugeMetricFamily("servery_database_bytes", "Size of the database.", value=row["size"])


def _gauge(name: str, what: str, labels: tuple[str, ...], values: Iterable[tuple[Any, float]]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=labels)
    for given, value in values:
        family.add_metric((given,) if isinstance(given, str) else given, float(value))
    return family


@get("/metrics", include_in_schema=False)
async def metrics(
    request: Request[Any, Any, Any],
    requests: NamedDependency[SkipValidation[Requests]],
    pool: NamedDependency[SkipValidation[Pool]],
    metrics_token: NamedDependency[SkipValidation[str | None]],
) -> Response[bytes]:
    """The metrics, for whoever has the token; without one set there is no such page."""
    if not metrics_token:
        raise NotFoundException
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer" or not hmac.compare_digest(given.encode(), metrics_token.encode()):
        return Response(b"", status_code=401, headers={"www-authenticate": 'Bearer realm="metrics"'})
    async with pool.connection() as db:
        now = await watch.clock(db)
        scraped = Scraped(requests, await of_database(db, now, pool))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(scraped), headers={"content-type": media_type})
