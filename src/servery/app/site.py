"""The web application: pages and API on one pool."""

from datetime import UTC, datetime
from typing import Any

from litestar import Litestar, Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation
from psycopg import Error as PsycopgError
from psycopg_pool import PoolTimeout

from servery.api.plugin import Api
from servery.app.arrivals import RoomArrivals
from servery.app.comparing import RoomSamePerson
from servery.app.fields import RoomChoosing, RoomFields
from servery.app.hygiene import RoomHygiene
from servery.app.key_files import forms_key
from servery.app.metrics import Requests, metrics
from servery.app.overview import RoomHealth
from servery.app.privacy import RoomPrivacy
from servery.app.same_person import RoomEditing, RoomMerging, RoomSaying
from servery.app.set_up.pages import RoomSetUp
from servery.app.set_up.programs import RoomJoining
from servery.app.shown_runs import RoomRuns
from servery.app.sources import RoomSources
from servery.app.tag_rules import RoomTagRules
from servery.app.values import RoomSurvivorship
from servery.health.ready import lacking
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.web.door import AccountsDoor
from servery.web.live import Live
from servery.web.site import Site

_READY_SECONDS = 3.0
"""How long the database may take to answer."""


def create(settings: Settings, pool: Pool, live: Live, requests: Requests | None = None) -> Litestar:
    """The application over an open pool. `requests` is what /metrics tells of this process's own answers.

    Whoever serves it calls `live.stop()` before it stops: open streams would hold it for ever.
    """
    site = Site(
        public_url=settings.public_url,
        csrf_secret=forms_key(settings.home),
        sources=RoomSources(pool),
        house=RoomHealth(pool, settings),
        door=AccountsDoor(pool),
        live=live,
        set_up=RoomSetUp(pool, settings),
        arrivals=RoomArrivals(pool),
        fields=RoomFields(pool),
        who=RoomSamePerson(pool),
        saying=RoomSaying(pool),
        privacy=RoomPrivacy(pool, settings),
        tag_rules=RoomTagRules(pool),
        values=RoomSurvivorship(pool),
        hygiene=RoomHygiene(pool),
        runs=RoomRuns(pool),
    )
    return Litestar(
        [healthz, readyz, metrics],
        plugins=[site, api(pool, settings)],
        dependencies={
            "pool": _given(pool),
            "requests": _given(requests or Requests()),
            "metrics_token": _given(settings.metrics_token),
        },
        logging_config=None,
    )


def api(pool: Pool, settings: Settings) -> Api:
    """The API with all that it asks the house for."""
    return Api(
        pool,
        joining=RoomJoining(pool, settings),
        choosing=RoomChoosing(pool),
        merging=RoomMerging(pool),
        editing=RoomEditing(pool),
        private=RoomPrivacy(pool, settings),
        ruling=RoomTagRules(pool),
        surviving=RoomSurvivorship(pool),
        tidying=RoomHygiene(pool),
        over_all=RoomRuns(pool),
    )


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


@get("/healthz", sync_to_thread=False, include_in_schema=False)
def healthz() -> Response[str]:
    """Whether the process answers."""
    return Response("ok", media_type="text/plain")


@get("/readyz", include_in_schema=False)
async def readyz(pool: NamedDependency[SkipValidation[Pool]]) -> Response[dict[str, Any]]:
    """Whether it can take in and answer just now: 503 with what is missing where it cannot."""
    try:
        async with pool.connection(timeout=_READY_SECONDS) as db:
            missing = await lacking(db, datetime.now(UTC))
    except (PsycopgError, PoolTimeout) as error:
        missing = [f"database:{type(error).__name__}"]
    return Response({"ready": not missing, "missing": missing}, status_code=503 if missing else 200)
