"""The web application: pages and API on one pool."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from litestar import Litestar, Response, get

from servery.api.plugin import Api
from servery.app.sources import RoomSources
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.web.door import AccountsDoor
from servery.web.live import Live
from servery.web.site import Site


def create(settings: Settings, pool: Pool, live: Live) -> Litestar:
    """The application over an open pool.

    Whoever serves it calls `live.stop()` before it stops: open streams would hold it for ever.
    """
    site = Site(
        public_url=settings.public_url,
        csrf_secret=_csrf_secret(settings.home),
        sources=RoomSources(pool),
        door=AccountsDoor(pool),
        live=live,
    )
    return Litestar(
        [healthz],
        plugins=[site, Api(pool)],
        logging_config=None,
    )


@get("/healthz", sync_to_thread=False, include_in_schema=False)
def healthz() -> Response[str]:
    """Whether the process answers."""
    return Response("ok", media_type="text/plain")


def _csrf_secret(home: Path) -> str:
    """The secret that signs the tokens of forms: kept, so that a restart does not spoil a page somebody has open."""
    path = home / "forms.key"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text()
