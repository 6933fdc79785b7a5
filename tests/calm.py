"""Time limits that hold on a busy machine too: only moments count in which no process waited for a processor."""

from pathlib import Path
from time import monotonic

_PRESSURE = Path("/proc/pressure/cpu")


class Calm:
    """A stopwatch of the moments in which everybody had a processor; of all moments where Linux does not tell."""

    def __init__(self) -> None:
        self._began = monotonic() - _waited()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return monotonic() - _waited() - self._began


def _waited() -> float:
    """Seconds in which somebody waited for a processor, since the machine was started."""
    if not _PRESSURE.exists():
        return 0.0
    some = _PRESSURE.read_text().splitlines()[0]
    return int(some.rpartition("total=")[2]) / 1_000_000
