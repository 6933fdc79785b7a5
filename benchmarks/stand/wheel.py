"""Servery as whoever installs it has it: from a wheel, with what the wheel carries and nothing of the checkout."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

CHECKOUT = Path(__file__).parents[2]


def installed(made: Path) -> Mapping[str, str]:
    """Build the wheel and unpack it under `made`; the environment in which `servery` is what was unpacked."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made / "wheels")]
    subprocess.run(command, check=True, cwd=CHECKOUT, capture_output=True)
    (wheel,) = (made / "wheels").glob("*.whl")
    site = made / "site"
    with ZipFile(wheel) as packed:
        packed.extractall(site)
    return {**os.environ, "PYTHONPATH": str(site)}
