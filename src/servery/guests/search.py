"""Finding a guest by what somebody typed: a name with slips of the pen, an address, the end of a number, what is noted.

Candidates come from the search keys (`found_by`) in steps, each asked only while the ones before found too little:
words as typed, words that begin so, words that may have been meant. They are then scored against the text (`fitting`).
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal

from msgspec import Struct, structs
from psycopg.rows import DictRow

from servery.errors import Forbidden
from servery.guests.by_words import Fit, by_words, typed_words
from servery.guests.finding import goldens, last_visits
from servery.guests.fitting import Quote, quote
from servery.guests.found_by import email_begins
from servery.guests.keys import email_key
from servery.guests.rows import Db
from servery.model.guest import Golden
from servery.model.viewer import Viewer

By = Literal["reference", "email", "phone", "name", "tag", "preference", "allergy", "note"]

LONGEST = 200
"""Characters of what was typed that are looked at."""
_COMPARED = 150
"""Guests of whom it is asked when they came last; where more fit equally well, those who came lately are among them."""
_LOOKED_AT = 200
"""Guests of one address or number among whom those who came last are chosen."""


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guest found `by` one of their details; `score` up to 100. Contact details only where the viewer sees them."""

    id: int
    by: By
    score: float
    name: str | None = None
    reference: str | None = None
    """The id at the source by which they were found."""
    email: str | None = None
    phone: str | None = None
    quote: Quote | None = None
    """What they were found by, where it is not the name they go by: a tag, some of a note, another name."""


async def find(db: Db, viewer: Viewer, text: str, limit: int = 20) -> list[Found]:
    """The guests that `text` may mean, the likeliest first, of equals who came last; Forbidden for who sees no guests.

    By e-mail (from three letters on) and phone (at least the last four digits) only for who may see those, and by
    what is noted only for who may read it. Of a text that is too long, only the beginning counts.
    """
    if not viewer.may("see_guests"):
        raise Forbidden("The role {role} does not see guests.", role=viewer.role)
    text = _readable(text)
    if not text:
        return []
    found = await _by_reference(db, text, limit)
    contacts = viewer.may("see_contact")
    if contacts:
        found += await _by_phone(db, text)
    found += [_of_words(fit) for fit in await by_words(db, viewer, text, limit)]
    # What fits a name fits as well as the beginning of an address, and is meant more often.
    if contacts and (len(found) < limit or "@" in text):
        found += await _by_email(db, text, limit)
    best = await _best(db, found, limit)
    known = await goldens(db, [one.id for one in best])
    words = [word for each in typed_words(text) for word in each]
    return [_shown(one, known[one.id], viewer, words) for one in best]


def _readable(text: str) -> str:
    """What was typed without what PostgreSQL cannot hold, not longer than it is looked at."""
    return text[:LONGEST].replace("\0", "").encode("utf-8", "ignore").decode().strip()


async def _best(db: Db, found: Iterable[Found], limit: int) -> list[Found]:
    """Each guest once, by the best of what they were found by; of equals those who came last come first."""
    best: dict[int, Found] = {}
    for one in found:
        if one.id not in best or one.score > best[one.id].score:
            best[one.id] = one
    likeliest = sorted(best.values(), key=lambda one: -one.score)[: max(limit, _COMPARED)]
    came = await last_visits(db, [one.id for one in likeliest]) if len(best) > 1 else {}
    ordered = sorted(likeliest, key=lambda one: ((one.name or "").casefold(), one.id))
    ordered.sort(key=lambda one: (one.score, came[one.id].timestamp() if one.id in came else 0), reverse=True)
    return ordered[:limit]


def _of_words(fit: Fit) -> Found:
    told = Quote(fit.text) if fit.text else None
    return Found(id=fit.id, name=fit.name, by=fit.kind or "name", score=round(fit.score, 1), quote=told)


def _shown(found: Found, golden: Golden, viewer: Viewer, words: Sequence[str]) -> Found:
    if found.quote:
        found = structs.replace(found, quote=quote(found.quote.text, words))
    if not viewer.may("see_contact"):
        return found
    email, phone = golden.email and golden.email.value, golden.phone and golden.phone.value
    return structs.replace(found, email=email, phone=phone)


def _found(rows: Sequence[DictRow], by: By, score: float) -> list[Found]:
    return [Found(id=row["id"], name=row["name"], by=by, score=score, reference=row.get("reference")) for row in rows]


async def _by_reference(db: Db, text: str, limit: int) -> list[Found]:
    cursor = await db.execute(
        "select g.id, g.name, s.external_id as reference from source_guest s join guest g on g.id = s.guest_id "
        "where s.connection_id = any(array(select id from connection)) and s.external_id = %s limit %s",
        [text, limit],
    )
    return _found(await cursor.fetchall(), "reference", 100)


async def _by_email(db: Db, text: str, limit: int) -> list[Found]:
    """By the beginning of the golden address, or by any of the guest's addresses in full."""
    typed = text.casefold()
    key = email_begins(typed)
    if key is None or " " in typed:
        return []
    cursor = await db.execute(
        "with begun as materialized (select id, name from guest where search @> array[%s] and merged_into is null "
        "and starts_with(lower(golden -> 'email' ->> 'value'), %s)) select * from begun limit %s",
        [key, typed, _LOOKED_AT],
    )
    rows = await cursor.fetchall()
    if address := email_key(typed):
        cursor = await db.execute(
            "select g.id, g.name from source_guest s join guest g on g.id = s.guest_id "
            "where s.email_key = %s and not s.removed limit %s",
            [address, limit],
        )
        return _found(list(chain(rows, await cursor.fetchall())), "email", 100)
    return _found(rows, "email", 90)


async def _by_phone(db: Db, text: str) -> list[Found]:
    digits = "".join(letter for letter in text if letter.isdigit())
    if len(digits) < 4 or any(letter.isalpha() for letter in text):
        return []
    cursor = await db.execute(
        "with ending as materialized (select id, name from guest where search && %s and merged_into is null) "
        "select * from ending limit %s",
        [[f"#{digits}", f"#{digits[-8:]}"], _LOOKED_AT],
    )
    return _found(await cursor.fetchall(), "phone", 100 if len(digits) >= 8 else 92)
