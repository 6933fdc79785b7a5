"""Finds connectors: every folder beside this file with a manifest, and every installed entry point of their group."""

from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path

from servery.connectors.contract import Connector, Manifest, connector_in, manifest_in
from servery.errors import NotFound

ENTRY_POINTS = "servery.connectors"
"""The entry-point group by which a package outside this repository offers a connector: name = its package."""


@cache
def packages() -> dict[str, str]:
    """Each known connector's name and the package that holds it."""
    ours = files("servery.connectors")
    found = {folder.name: f"servery.connectors.{folder.name}" for folder in ours.iterdir() if _has_manifest(folder)}
    return found | {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}


def _has_manifest(folder: object) -> bool:
    return folder.is_dir() and folder.joinpath("manifest.toml").is_file()  # type: ignore[attr-defined, no-any-return]


@cache
def manifest(name: str) -> Manifest:
    """A connector's manifest, without loading its code. NotFound names those that can be connected."""
    if name not in packages():
        raise NotFound("There is no connector {name}. There are: {known}.", name=name, known=", ".join(connectable()))
    return manifest_in(packages()[name])


def locale(name: str) -> Path:
    """The folder of a connector's own messages, one catalogue for each language; it need not exist."""
    manifest(name)
    return Path(str(files(packages()[name]).joinpath("locale")))


def manifests() -> list[Manifest]:
    """Every connector's manifest, by title."""
    return sorted((manifest(name) for name in packages()), key=lambda each: each.title.casefold())


def connectable() -> list[str]:
    """The names of the connectors that have settings to connect with, by name: files have none."""
    return sorted(one.name for one in manifests() if one.settings)


@cache
def connector(name: str) -> Connector:
    """A connector ready for use."""
    manifest(name)
    return connector_in(packages()[name])
