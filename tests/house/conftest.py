"""What the tests of the house share: where it stands, and what lies in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MADE_HERE = {"__pycache__", ".git", ".venv", ".servery", "build", "dist", "node_modules"}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file a person wrote, also in a checkout that came without git."""
    return sorted(_written_files())


@pytest.fixture(scope="session")
def modules(files: list[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".py"]


def _written_files() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in MADE_HERE and not name.endswith("_cache")]
        if Path(folder) == ROOT:
            below[:] = [name for name in below if not name.startswith(".") or name == ".ci"]
        yield from (Path(folder, name) for name in names)
