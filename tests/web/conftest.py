import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.web.preview import Preview, free_port, serve


class Served:
    """A preview that answers over a real socket."""

    def __init__(self) -> None:
        self.preview = Preview()
        self.url = f"http://127.0.0.1:{free_port()}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(serve(self.preview, int(self.url.rsplit(":", 1)[1])))
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.close()

    def start(self) -> None:
        self._thread.start()
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport) as client:
            client.get(f"{self.url}/sign-in")

    def tell(self, *topics: str) -> None:
        self._loop.call_soon_threadsafe(self.preview.live.tell, topics)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    served.start()
    yield served
    if served._thread.is_alive():
        served.stop()
