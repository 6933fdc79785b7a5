"""The controller (GDPR, article 4): who answers for what is held of guests, and how to reach them.

Guests are told of it in the notice (articles 13 and 14), authorities in the register (article 30).
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import LiteralString
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, structs
from psycopg.types.json import Jsonb

from servery.errors import Invalid, Refuse
from servery.storage.pool import Connection as Db

LONGEST: Mapping[str, int] = {
    "name": 200, "address": 500, "email": 254, "phone": 40, "website": 300, "officer": 500, "authority": 200,
    "authority_website": 300,
}  # fmt: skip
"""Characters that each field may have; of an e-mail address by RFC 5321."""
_SEVERAL_LINES = frozenset({"address", "officer"})
_NO_TEXT = frozenset({"Cc", "Cs"})
"""Unicode's categories of characters that nobody can read: controls, and halves of characters."""
_LEAST_DIGITS = 5
_IN_PHONES = frozenset("0123456789 +()-./")


class Controller(Struct, frozen=True, kw_only=True):
    """Who answers for guests' data.

    `address` is the postal one, `officer` says how to reach the data protection officer, where there is one; both may
    have several lines. `authority` is the supervisory one, that guests may complain to.
    """

    name: str
    address: str
    email: str
    phone: str | None = None
    website: str | None = None
    officer: str | None = None
    authority: str | None = None
    authority_website: str | None = None


class Written(Struct, frozen=True, kw_only=True):
    """What stands there now, None for nobody yet; `revision` is how many changes led to it, `changed_at` the last."""

    controller: Controller | None
    revision: int
    changed_at: datetime | None


async def written(db: Db, *, keep: bool = False) -> Written:
    """Who is written down. `keep` lets nobody else change it before this transaction ends."""
    return (await _row(db, " for update" if keep else ""))[0]


async def write(db: Db, controller: Controller | None) -> Written:
    """Write down who it is, as `checked` gave it, or with None that it is nobody; it can be taken back."""
    await db.execute(
        "update controller set before = body, body = %s, revision = revision + 1, changed_at = now()",
        [Jsonb(structs.asdict(controller)) if controller else None],
    )
    return await written(db)


async def take_back(db: Db, revision: int) -> Written:
    """Let stand what stood there before a change. Refuse where somebody has changed it since."""
    now, before = await _row(db, " for update")
    if now.revision != revision:
        raise Refuse("Somebody has changed it since, so nothing was taken back.", code="changed-meanwhile")
    return await write(db, before)


async def _row(db: Db, lock: LiteralString) -> tuple[Written, Controller | None]:
    """What stands there, and what stood there before."""
    cursor = await db.execute("select body as controller, before, revision, changed_at from controller" + lock)
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.convert(row, Written), msgspec.convert(row["before"], Controller | None)


def checked(given: Controller, is_email: Callable[[str], bool]) -> Controller:
    """The same as it can be kept, without blanks that say nothing. Invalid, with the field at fault."""
    texts = {name: _text(name, value or "") for name, value in structs.asdict(given).items()}
    if not texts["name"]:
        raise Invalid("Write the name of the company or person that runs the house.", field="name")
    if not texts["address"]:
        raise Invalid("Write the postal address.", field="address")
    if not is_email(texts["email"]):
        raise Invalid("This is no e-mail address.", field="email", mend="Write one such as privacy@example.com.")
    if texts["phone"] and not _is_phone(texts["phone"]):
        raise Invalid("This is no phone number.", field="phone", mend="Write it such as +45 33 12 34 56.")
    for name in ("website", "authority_website"):
        if texts[name] and not _is_web_address(texts[name]):
            raise Invalid("This is no web address.", field=name, mend="Write it whole, such as https://example.com.")
    if texts["authority_website"] and not texts["authority"]:
        raise Invalid("Write the name of the authority, too.", field="authority")
    return Controller(**{name: text or None for name, text in texts.items()})  # type: ignore[arg-type]


def _text(name: str, value: str) -> str:
    """A field as it is kept: lines stay lines, runs of blanks become one."""
    lines = [" ".join(line.split()) for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    text = ("\n" if name in _SEVERAL_LINES else " ").join(line for line in lines if line)
    if len(text) > LONGEST[name]:
        raise Invalid("This is too long: at most {most} characters.", field=name, most=LONGEST[name])
    if any(unicodedata.category(one) in _NO_TEXT for one in text.replace("\n", "")):
        raise Invalid("There are characters in it that nobody can read.", field=name)
    return text


def _is_phone(text: str) -> bool:
    return _IN_PHONES.issuperset(text) and sum(one.isdigit() for one in text) >= _LEAST_DIGITS


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and parts.scheme in {"http", "https"} and "@" not in parts.netloc and " " not in text
