"""Whether an e-mail address is one, and reaches the person it stands for. Pure."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

from rapidfuzz.distance import OSA

from servery.guests.domains import Domain, kind_of

Fault = Literal["email_malformed", "email_is_phone", "email_relay", "email_one_time", "email_dead", "email_slip"]

_LOCAL = re.compile(r"[^@\s,;:<>()\[\]\\\"]{1,64}")
_LABEL = re.compile(r"[^\W_](?:[^\W_]|-)*")
_PHONE = re.compile(r"[+(]?[\d\s()./-]{6,}")
_LONGEST = 254
"""Characters of an address, by RFC 5321."""
_KINDS: Mapping[Domain, Fault] = {"relay": "email_relay", "one_time": "email_one_time", "dead": "email_dead"}
_LEAST_LETTERS = 5
"""Of a service's name: a shorter one is too near to too many others."""


@lru_cache(maxsize=65_536)
def fault(address: str) -> Fault | None:
    """What is wrong with an address, the worst first; None for one that looks good."""
    text = address.strip()
    if _PHONE.fullmatch(text):
        return "email_is_phone"
    domain = _domain(text)
    if domain is None:
        return "email_malformed"
    # Slips of big domains are owned by people who take what comes in, and listed as such.
    if _meant(domain):
        return "email_slip"
    kind = kind_of(domain)
    return _KINDS[kind] if kind else None


def suggestion(address: str) -> str | None:
    """The address that was probably meant: anna@gmail.com for anna@gmial.com. None where no slip is seen."""
    domain = _domain(address.strip())
    meant = _meant(domain) if domain is not None else None
    return f"{address.strip().rpartition('@')[0]}@{meant}" if meant else None


def reaches(address: str | None) -> bool:
    """Whether marketing may be written there: to a well-formed address of their own, neither dead nor slipped."""
    return address is not None and fault(address) is None


def _domain(text: str) -> str | None:
    """The domain of an address in small letters; None where it has not the form of an address."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > _LONGEST or not _LOCAL.fullmatch(local) or _misplaced_dot(local):
        return None
    labels = domain.casefold().split(".")
    formed = len(labels) > 1 and all(len(one) < 64 and _LABEL.fullmatch(one) for one in labels)
    return ".".join(labels) if formed and len(labels[-1]) > 1 and not labels[-1].isdigit() else None


def _misplaced_dot(local: str) -> bool:
    return local.startswith(".") or local.endswith(".") or ".." in local


@cache
def _services() -> Mapping[str, Any]:
    return tomllib.loads(files("servery.guests.hygiene").joinpath("mail_domains.toml").read_text())


@cache
def _real() -> frozenset[str]:
    named = {f"{name}.{end}" for name, ends in _services()["services"].items() for end in ends}
    return frozenset(named | set(_services()["others"]["domains"]))


@lru_cache(maxsize=65_536)
def _meant(domain: str) -> str | None:
    """The big service's domain that was meant, where exactly one is a slip away."""
    if domain in _real():
        return None
    found = {f"{name}.{end}" for name, ends in _services()["services"].items() for end in _slipped(domain, name, ends)}
    return found.pop() if len(found) == 1 else None


def _slipped(domain: str, name: str, ends: Sequence[str]) -> Iterator[str]:
    given, _, end = domain.partition(".")
    near = given == name or (len(name) >= _LEAST_LETTERS and OSA.distance(given, name) == 1)
    if near and end in ends and given != name:
        yield end
    elif near and "com" in ends and (end in _services()["endings"]["com"] or (given == name and ends == ["com"])):
        yield "com"
    elif not end and given.startswith(name) and given[len(name) :] in ends:
        yield given[len(name) :]
