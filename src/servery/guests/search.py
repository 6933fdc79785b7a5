"""Finding a guest by what somebody typed: a name with slips of the pen, an address, the end of a number.

Candidates come from the search keys (`guests.rows.found_by`) in steps, each asked only while the ones before found too
little: words as typed, words that begin so, words one slip away. They are then scored against the text.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Literal

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from servery.errors import Forbidden
from servery.guests.keys import email_key
from servery.guests.rows import Db, email_begins
from servery.model.guest import Golden
from servery.model.viewer import Viewer
from servery.storage.names import fold, query_keys

By = Literal["reference", "email", "phone", "name"]

_CANDIDATES = 300
"""Names scored in one step. More would cost time and change little: they match the text equally well."""
_ENOUGH = 5
"""So many found as they were typed, and nobody need have slipped."""
_GOOD = 75.0
"""From this score on a name is what was meant, give or take a slip of the pen."""


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


async def find(db: Db, viewer: Viewer, text: str, limit: int = 20) -> list[Found]:
    """The guests that `text` may mean, the likeliest first; Forbidden for who may not see guests.

    By e-mail (from three letters on) and phone (at least the last four digits) only for who may see those.
    """
    if not viewer.may("see_guests"):
        raise Forbidden("The role {role} does not see guests.", role=viewer.role)
    text = text.strip()
    if not text:
        return []
    found = await _by_reference(db, text, limit)
    if viewer.may("see_contact"):
        found += await _by_email(db, text, limit)
        found += await _by_phone(db, text, limit)
    found += await _by_name(db, text, limit)
    return [_cut(one, viewer) for one in _each_once(found)[:limit]]


def _each_once(found: Iterable[Found]) -> list[Found]:
    """Each guest once, by the best of what they were found by."""
    best: dict[int, Found] = {}
    for one in found:
        if one.id not in best or one.score > best[one.id].score:
            best[one.id] = one
    return sorted(best.values(), key=lambda one: (-one.score, fold(one.name or ""), one.id))


def _cut(found: Found, viewer: Viewer) -> Found:
    if viewer.may("see_contact"):
        return found
    return msgspec.structs.replace(found, email=None, phone=None)


def _found(row: DictRow, by: By, score: float) -> Found:
    golden = msgspec.convert(row["golden"], Golden)
    return Found(
        id=row["id"],
        by=by,
        score=round(score, 1),
        name=row["name"],
        reference=row.get("reference"),
        email=golden.email.value if golden.email else None,
        phone=golden.phone.value if golden.phone else None,
    )


async def _by_reference(db: Db, text: str, limit: int) -> list[Found]:
    cursor = await db.execute(
        "select g.id, g.name, g.golden, s.external_id as reference from source_guest s "
        "join guest g on g.id = s.guest_id "
        "where s.connection_id = any(array(select id from connection)) and s.external_id = %s limit %s",
        [text, limit],
    )
    return [_found(row, "reference", 100) for row in await cursor.fetchall()]


async def _by_email(db: Db, text: str, limit: int) -> list[Found]:
    """By the beginning of the golden address, or by any of the guest's addresses in full."""
    typed = text.casefold()
    key = email_begins(typed)
    if key is None or " " in typed:
        return []
    cursor = await db.execute(
        "select id, name, golden from guest where search @> array[%s] and merged_into is null "
        "and starts_with(lower(golden -> 'email' ->> 'value'), %s) limit %s",
        [key, typed, limit],
    )
    rows = await cursor.fetchall()
    if address := email_key(typed):
        cursor = await db.execute(
            "select g.id, g.name, g.golden from source_guest s join guest g on g.id = s.guest_id "
            "where s.email_key = %s and not s.removed limit %s",
            [address, limit],
        )
        return [_found(row, "email", 100) for row in chain(rows, await cursor.fetchall())]
    return [_found(row, "email", 90) for row in rows]


async def _by_phone(db: Db, text: str, limit: int) -> list[Found]:
    digits = "".join(letter for letter in text if letter.isdigit())
    if len(digits) < 4 or any(letter.isalpha() for letter in text):
        return []
    cursor = await db.execute(
        "select id, name, golden from guest where search && %s and merged_into is null limit %s",
        [[f"#{digits}", f"#{digits[-8:]}"], limit],
    )
    return [_found(row, "phone", 100 if len(digits) >= 8 else 92) for row in await cursor.fetchall()]


async def _by_name(db: Db, text: str, limit: int) -> list[Found]:
    words = fold(text).split()
    if not words or not any(letter.isalpha() for letter in text):
        return []
    found: dict[int, Found] = {}
    for keys in (_as_typed(words), _begun(words), _with_a_slip(words)):
        for row in await _candidates(db, keys):
            score = score_of(words, fold(row["name"]).split())
            if score >= _GOOD and row["id"] not in found:
                found[row["id"]] = _found(row, "name", score)
        if len(found) >= min(limit, _ENOUGH):
            break
    return list(found.values())


async def _candidates(db: Db, alternatives: Sequence[Sequence[str]]) -> list[DictRow]:
    """Guests with all the keys of one of the alternatives."""
    if not alternatives:
        return []
    where = " or ".join("search @> %s" for _ in alternatives)
    cursor = await db.execute(
        f"select id, name, golden from guest where merged_into is null and name is not null and ({where}) limit %s",
        [*map(list, alternatives), _CANDIDATES],
    )
    return await cursor.fetchall()


def _as_typed(words: Sequence[str]) -> list[list[str]]:
    return [sorted(set(words))]


def _begun(words: Sequence[str]) -> list[list[str]]:
    return [query_keys(" ".join(words))]


def _with_a_slip(words: Sequence[str]) -> list[list[str]]:
    """One word misspelt in one place: its letter triples hold, but for those around the slip."""
    alternatives: list[list[str]] = []
    for place, word in enumerate(words):
        others = query_keys(" ".join((*words[:place], *words[place + 1 :])))
        triples = [f"^{word}$"[start : start + 3] for start in range(len(word))]
        # A wrong letter is in three of them, two that changed places are in four; a short word has too few for that.
        touched = 4 if len(triples) > 5 else 3
        if len(triples) > touched:
            starts = range(len(triples) - touched + 1)
            alternatives += [[*others, *triples[:start], *triples[start + touched :]] for start in starts]
    return alternatives


def score_of(typed: Sequence[str], name: Sequence[str]) -> float:
    """How well folded words match a folded name, 0 to 100: each typed word takes the name's word it fits best.

    Words may be unfinished; a name that has more words than were typed is a little less likely than one that has not.
    """
    left = list(name)
    scores = []
    for word in sorted(typed, key=len, reverse=True):
        if not left:
            return 0.0
        best = max(left, key=lambda candidate: _alike(word, candidate))
        scores.append((_alike(word, best), len(word)))
        left.remove(best)
    if min(score for score, _ in scores) < 50:
        return 0.0
    mean = sum(score * size for score, size in scores) / sum(size for _, size in scores)
    return mean - min(len(left), 4)


def _alike(word: str, candidate: str) -> float:
    """100 for the same word, less for one that begins so, and less again with slips of the pen."""
    if word == candidate:
        return 100.0
    if candidate.startswith(word):
        return 90.0 + 8.0 * len(word) / len(candidate)
    slips = min(OSA.distance(word, candidate), OSA.distance(word, candidate[: len(word)]) + 1)
    return fuzz.ratio(word, candidate) if slips <= (1 if len(word) < 8 else 2) else 0.0
