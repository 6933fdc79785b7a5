"""10,000 payloads that are signed and make no sense: taken in or put aside, no crash, no standstill over a second."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from servery.storage.embedded import embedded_server
from servery.storage.migrate import migrate
from tests.faults.malforming import fuzzed

PAYLOADS = 10_000


def run() -> bool:
    """Feed them; True where all were dealt with and nothing stood still."""
    with TemporaryDirectory() as folder, embedded_server(Path(folder) / "server") as dsn:
        migrate(dsn)
        verdict = asyncio.run(fuzzed(dsn, PAYLOADS, seed=5, huge=10_000_000))
    print(f"malformed: {verdict}", flush=True)
    return not verdict.lost and not verdict.crashes and verdict.good == verdict.mingled and verdict.slowest < 1


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
