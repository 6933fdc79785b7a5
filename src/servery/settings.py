"""What an installation may set, read once from the environment when a command starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from servery.errors import NeedsPerson

Matching = Literal["duckdb", "spark"]
DEFAULT_PORT = 8420
DEFAULT_KEEP_RAW_DAYS = 90
LEAST_KEEP_RAW_DAYS = 2
"""Today and yesterday are always kept: what arrived is still being taken in."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Servery keeps its data, where it listens, and under which address the world knows it.

    home: data directory (absolute). port: TCP port of the pages and the API. public_url: what links, cookies,
    OAuth redirects and signature checks use, without a slash at the end. database_url: DSN of a PostgreSQL of
    one's own, or None for the embedded one. keep_raw_days: days for which what arrived is kept as it came.
    """

    home: Path
    port: int
    public_url: str
    database_url: str | None
    keep_raw_days: int = DEFAULT_KEEP_RAW_DAYS
    smtp_url: str | None = None
    """The mail server that alerts go by: smtps://user:password@host, or smtp:// for STARTTLS."""
    mail_from: str | None = None
    metrics_token: str | None = None
    """What whoever reads /metrics must send; None: nobody may."""
    inside_addresses: bool = False
    """Whether alerts may be sent to addresses of this machine's own network."""
    learn_weights: bool = True
    """Whether the worker learns the weights of matching anew by itself, at night."""
    matching: Matching = "duckdb"
    """What looks at all guests compute on."""

    def __repr__(self) -> str:
        # The DSN may carry a password, and settings end up in logs.
        database = "embedded" if self.database_url is None else "given"
        return f"Settings(home={self.home}, port={self.port}, public_url={self.public_url}, {database=})"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """What `environ` sets; an empty variable counts as unset. Raises NeedsPerson that names the variable at fault."""
    port = _port(environ)
    return Settings(
        home=_home(environ),
        port=port,
        public_url=_public_url(environ, port),
        database_url=environ.get("SERVERY_DATABASE_URL") or None,
        keep_raw_days=_keep_raw_days(environ),
        smtp_url=_smtp_url(environ),
        mail_from=environ.get("SERVERY_MAIL_FROM") or None,
        metrics_token=environ.get("SERVERY_METRICS_TOKEN") or None,
        inside_addresses=environ.get("SERVERY_INSIDE_ADDRESSES") == "1",
        learn_weights=environ.get("SERVERY_LEARN_WEIGHTS") != "0",
        matching=_matching(environ),
    )


def _matching(environ: Mapping[str, str]) -> Matching:
    given = environ.get("SERVERY_MATCHING") or "duckdb"
    known: Matching | None = next((one for one in get_args(Matching) if one == given), None)
    if known is not None:
        return known
    raise NeedsPerson(
        "Guests are not compared on {given}.",
        field="SERVERY_MATCHING",
        where="SERVERY_MATCHING",
        mend="Take duckdb or spark.",
        given=given,
    )


def _smtp_url(environ: Mapping[str, str]) -> str | None:
    given = environ.get("SERVERY_SMTP_URL") or None
    try:
        known = given is None or (urlsplit(given).scheme in {"smtp", "smtps"} and urlsplit(given).hostname)
    except ValueError:
        known = False
    if known:
        return given
    # Never with the value: it holds a password.
    raise NeedsPerson(
        "This is not the address of a mail server.",
        field="SERVERY_SMTP_URL",
        where="SERVERY_SMTP_URL",
        mend="Set it to an address such as smtps://user:password@mail.example.com.",
    )


def _home(environ: Mapping[str, str]) -> Path:
    given = environ.get("SERVERY_HOME") or "~/.servery"
    try:
        home = Path(given).expanduser().absolute()
    except RuntimeError:
        raise NeedsPerson(
            "The folder {path} cannot be found, for this user has no home folder.",
            field="SERVERY_HOME",
            where="SERVERY_HOME",
            mend="Set SERVERY_HOME to an absolute path.",
            path=given,
        ) from None
    if home.exists() and not home.is_dir():
        raise NeedsPerson(
            "{path} is a file, and Servery needs a folder.",
            field="SERVERY_HOME",
            where="SERVERY_HOME",
            path=str(home),
        )
    return home


def _port(environ: Mapping[str, str]) -> int:
    given = environ.get("SERVERY_PORT") or str(DEFAULT_PORT)
    # isdecimal alone would also let digits of other scripts through.
    if given.isascii() and given.isdecimal() and 1 <= int(given) <= 65535:
        return int(given)
    raise NeedsPerson(
        "{given} is not a port.",
        field="SERVERY_PORT",
        where="SERVERY_PORT",
        mend="Set it to a number from 1 to 65535.",
        given=given,
    )


def _keep_raw_days(environ: Mapping[str, str]) -> int:
    given = environ.get("SERVERY_KEEP_RAW_DAYS") or str(DEFAULT_KEEP_RAW_DAYS)
    if given.isascii() and given.isdecimal() and LEAST_KEEP_RAW_DAYS <= int(given) <= 36_500:
        return int(given)
    raise NeedsPerson(
        "{given} is not a number of days.",
        field="SERVERY_KEEP_RAW_DAYS",
        where="SERVERY_KEEP_RAW_DAYS",
        mend="Set it to a number from {least} up, such as 90.",
        given=given,
        least=LEAST_KEEP_RAW_DAYS,
    )


def _public_url(environ: Mapping[str, str], port: int) -> str:
    given = environ.get("SERVERY_PUBLIC_URL") or f"http://127.0.0.1:{port}"
    if not _is_web_address(given):
        raise NeedsPerson(
            "This is not the address of a site.",
            field="SERVERY_PUBLIC_URL",
            where="SERVERY_PUBLIC_URL",
            mend="Set it to an address such as https://servery.example.com, without query or fragment.",
        )
    if urlsplit(given).path.strip("/"):
        raise NeedsPerson(
            "Servery cannot be served under a path of a site, only under a host of its own.",
            field="SERVERY_PUBLIC_URL",
            where="SERVERY_PUBLIC_URL",
            mend="Set it to an address such as https://servery.example.com, and point that host at Servery.",
        )
    return given.rstrip("/")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and named and plain
