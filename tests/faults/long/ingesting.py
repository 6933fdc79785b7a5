"""kill -9 of the process that receives webhooks, three hundred times, while a sender goes on."""

from pathlib import Path
from tempfile import TemporaryDirectory

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from tests.faults.ingesting import rounds

KILLS = 300
ACKNOWLEDGED = 300_000


def run() -> bool:
    """Kill, and tell what came of it; True where nothing was lost or doubled."""
    with TemporaryDirectory() as folder, embedded_server(Path(folder) / "server") as dsn:
        migrate(dsn)
        verdict = rounds(dsn, Path(folder), KILLS, ACKNOWLEDGED)
    print(f"ingesting: {verdict}", flush=True)
    return not verdict.lost and not verdict.doubled and verdict.acknowledged >= ACKNOWLEDGED


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
