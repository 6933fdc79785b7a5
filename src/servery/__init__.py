"""The room between kitchen and dining room: a restaurant's reservations, till and guests, joined."""

from importlib.metadata import version

__version__: str = version("servery")
"""The installed version, as pyproject.toml states it."""
