"""kill -9 of the worker three hundred times, in the middle of taking in what arrived."""

from pathlib import Path
from tempfile import TemporaryDirectory

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from tests.faults.taking import rounds

KILLS = 300


def run() -> bool:
    """Kill, and tell what came of it; True where nothing was lost or doubled."""
    with TemporaryDirectory() as folder, embedded_server(Path(folder) / "server") as dsn:
        migrate(dsn)
        verdict = rounds(dsn, KILLS)
    print(f"taking in: {verdict}", flush=True)
    return not verdict.lost and not verdict.doubled and not verdict.unanswered


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
