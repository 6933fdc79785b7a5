"""A quarter of an hour at 300 events a second: the worker's memory stays flat."""

from benchmarks.soak import GROWTH, soak

MINUTES = 15


def run() -> bool:
    """Soak; True where memory stayed flat and nothing was left."""
    soaked = soak(MINUTES)
    held = ", ".join(f"{one:.0f}" for one in soaked.held)
    print(f"soak: {MINUTES} minutes, the worker held {held} MB, {soaked.left} events left", flush=True)
    return soaked.growth < GROWTH and not soaked.left


if __name__ == "__main__":
    raise SystemExit(0 if run() else 1)
