"""What is known of an e-mail address by its domain: that it is a relay's, used once, or dead. Pure."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

Domain = Literal["relay", "one_time", "dead"]
"""`relay`: forwards for a marketplace or hides whose it is. `one_time`: thrown away after use. `dead`: nobody reads it
any more."""


@cache
def shared() -> Mapping[str, Any]:
    """Contacts that do not tell one person from another: `shared_contacts.toml`."""
    return tomllib.loads(files("servery.guests").joinpath("shared_contacts.toml").read_text())


@cache
def _listed() -> Mapping[str, Domain]:
    lines = files("servery.guests").joinpath("one_time_domains.txt").read_text().splitlines()
    found: dict[str, Domain] = {line: "one_time" for line in lines if line and not line.startswith("#")}
    found |= dict.fromkeys(shared()["dead_domains"], "dead")
    return found | dict.fromkeys(shared()["relay_domains"], "relay")


@lru_cache(maxsize=65_536)
def kind_of(domain: str) -> Domain | None:
    """What a domain in small letters is known for, itself or as a part of another; None for an ordinary one."""
    listed = _listed()
    return next((listed[one] for one in _ends(domain) if one in listed), None)


def _ends(domain: str) -> Iterator[str]:
    while domain:
        yield domain
        domain = domain.partition(".")[2]
