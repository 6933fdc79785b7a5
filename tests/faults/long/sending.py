"""kill -9 of senders, three hundred times, at every point of sending, for systems that know our ids and those asked."""

from pathlib import Path
from tempfile import TemporaryDirectory

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from tests.faults.sending import rounds
from tests.outbox.fake import Safe

KILLS: dict[Safe, int] = {"key": 150, "look_up": 150}


def run() -> bool:
    """Kill, and tell what came of it; True where nothing was lost or doubled."""
    well = True
    for safe, kills in KILLS.items():
        with TemporaryDirectory() as folder, embedded_server(Path(folder) / "home") as dsn:
            migrate(dsn)
            verdict = rounds(dsn, safe, kills)
        print(f"sending, {safe}: {verdict}", flush=True)
        well = well and not verdict.lost and not verdict.doubled
    return well


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
