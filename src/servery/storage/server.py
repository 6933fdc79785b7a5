"""The database that the settings ask for: the embedded one, or one that somebody else runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg

from servery.errors import NeedsPerson, Retry
from servery.settings import Settings
from servery.storage.embedded import embedded_server

OLDEST = 150000
"""The oldest PostgreSQL we support, as libpq writes versions."""
_VARIABLE = "SERVERY_DATABASE_URL"


@contextlib.contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Lend a DSN. The embedded server stops with its last user; the one of SERVERY_DATABASE_URL is only checked.

    Raises NeedsPerson where that one is too old, of another encoding or refuses us, Retry where it is silent.
    """
    if settings.database_url is None:
        with embedded_server(settings.home) as dsn:
            yield dsn
    else:
        _check(settings.database_url)
        yield settings.database_url


def _check(url: str) -> None:
    with _connect(url) as connection:
        version = connection.info.server_version
        encoding = connection.info.parameter_status("server_encoding")
    if version < OLDEST:
        raise _mend("The server is PostgreSQL {found}, and Servery needs 15 or later.", found=version // 10000)
    if encoding != "UTF8":
        raise _mend("The database is encoded in {found}, and Servery needs UTF8.", found=encoding)


def _connect(url: str) -> psycopg.Connection:
    # Never with libpq's own words for a bad URL, nor chained to them: they repeat it with the password.
    try:
        return psycopg.connect(url, connect_timeout=10)
    except psycopg.OperationalError as error:
        words = str(error)
    except psycopg.ProgrammingError:
        words = "invalid"
    # A server that answers with a reason has one that a person must see to; silence may pass.
    if "FATAL:" in words:
        raise _mend("PostgreSQL refuses us: {words}", words=words.rsplit("FATAL:", 1)[1].strip())
    if "invalid" in words:
        raise _mend("This is not the address of a PostgreSQL database.")
    raise Retry("The database server does not answer.", where=_VARIABLE, retry_after=10)


def _mend(template: str, **params: Any) -> NeedsPerson:
    return NeedsPerson(
        template,
        field=_VARIABLE,
        where=_VARIABLE,
        mend="Set it to an address such as postgresql://user:password@host/database.",
        **params,
    )
