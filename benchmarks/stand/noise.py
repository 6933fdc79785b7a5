"""How steady this machine is: the same piece of work again and again, so that a figure can be read with its doubt."""

import os
import platform
import statistics
import time
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

_ROUNDS = 15


class Noise(NamedTuple):
    """Seconds that one piece of work took, many times over."""

    seconds: tuple[float, ...]

    @property
    def spread(self) -> float:
        """Within how many per cent of one another the middle half lies."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return 100 * (high / low - 1)

    def beside(self, after: "Noise") -> str:
        """The noise before and after a measurement, in words."""
        drift = 100 * (statistics.median(after.seconds) / statistics.median(self.seconds) - 1)
        changed = f"{abs(drift):.0f} % {'slower' if drift > 0 else 'quicker'} afterwards"
        spread = max(self.spread, after.spread)
        return f"noise: half of equal pieces of work within {spread:.0f} %, {changed}; {load()}"


def noise() -> Noise:
    """Time the same work a number of times."""
    return Noise(tuple(_work() for _ in range(_ROUNDS)))


def _work() -> float:
    began = time.perf_counter()
    digest = b""
    for number in range(20_000):
        digest = blake2b(digest + number.to_bytes(4, "big"), digest_size=16).digest()
    return time.perf_counter() - began


def load() -> str:
    """How many processes want a processor, by the mean of the last minute."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"Python {platform.python_version()}, {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB; {load()}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
