from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from anyio.from_thread import start_blocking_portal
from litestar import Litestar
from litestar.testing import TestClient

from servery.testing.served import free_port
from tests.web.preview import Preview


class Served:
    """A preview that answers over a real socket."""

    def __init__(self) -> None:
        self.preview = Preview()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._running = ExitStack()
        self._portal = self._running.enter_context(start_blocking_portal())
        self._running.enter_context(self._portal.wrap_async_context_manager(self.preview.serving(port)))

    def tell(self, *topics: str) -> None:
        self._portal.call(self.preview.live.tell, topics)

    def stop(self) -> None:
        self._running.close()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def preview() -> Preview:
    return Preview()


@pytest.fixture
def client(preview: Preview) -> Iterator[TestClient[Litestar]]:
    """Asks the preview as its owner."""
    with TestClient(preview.app, base_url="http://servery.test") as client:
        client.cookies.set("servery_session", "owner")
        yield client
