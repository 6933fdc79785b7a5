"""The words that guests are found by: one that was typed wrongly, or not to its end, leads to those that there are.

Of every word the hashes are kept of what is left of it without a letter, or two where it is long: two words that are a
slip of the pen apart have one of these in common. How far they really are apart is measured after. A word goes with the
last guest who was found by it: the database sees to that, whoever deletes or changes the guest.
"""

from collections.abc import Collection, Sequence
from itertools import islice
from zlib import crc32

from msgspec import Struct

from servery.guests.fitting import alike
from servery.guests.rows import Db, as_json

_LETTERS = 7
"""So many letters of a word are looked up; a slip beyond them changes nothing there."""
_LONG = 7
"""From so many letters on a word may have two slips."""
_MOST_LIKE = 24
"""Words that are tried in place of a typed one."""
_MOST_BEGUN = 40
_LOOKED_AT = 3_000


def near(word: str) -> list[int]:
    """The hashes by which a word without a mark finds those like it; none for numbers and the shortest words."""
    if len(word) < 3 or any(map(str.isdigit, word)):
        return []
    found = {word[:_LETTERS]}
    for _ in range(2 if len(word) >= _LONG else 1):
        found |= {one[:place] + one[place + 1 :] for one in found for place in range(len(one))}
    # PostgreSQL's integers have a sign.
    return sorted({crc32(one.encode()) - 2**31 for one in found})


async def learn(db: Db, words: Collection[str]) -> None:
    """Keep the words that are not known yet."""
    if not words:
        return
    cursor = await db.execute(
        "select w.word from json_array_elements_text(%s::json) as w(word) "
        "where not exists (select from search_word k where k.word = w.word) order by 1",
        [as_json(words)],
    )
    new = [row["word"] for row in await cursor.fetchall()]
    if new:
        await db.execute(
            "insert into search_word (word, near) select word, near "
            "from json_to_recordset(%s::json) as i(word text, near integer[]) on conflict do nothing",
            [as_json([{"word": word, "near": near(bare(word))} for word in new])],
        )


class Begun(Struct, frozen=True):
    """The words that begin with what was typed: those of names, or None where they are too many, and those of texts."""

    names: Sequence[str] | None
    texts: Sequence[str]


async def begun(db: Db, word: str, marks: Sequence[str]) -> Begun:
    """The words that begin with what was typed, of names and of the texts with these marks."""
    cursor = await db.execute(
        "select k.word, exists (select from search_filling) as filling from unnest(%s::text[]) as m(mark) "
        "left join lateral (select word from search_word where word >= m.mark || %s and word < m.mark || %s "
        "order by word limit %s) k on true",
        [["", *marks], word, word + "\U0010ffff", _MOST_BEGUN],
    )
    rows = await cursor.fetchall()
    words = [row["word"] for row in rows if row["word"]]
    names = [one for one in words if one == bare(one)]
    # Nor are all of them known before each guest was looked through once.
    known = len(names) < _MOST_BEGUN and not any(row["filling"] for row in rows)
    return Begun(names if known else None, [one for one in words if one != bare(one)])


async def like(db: Db, word: str, marks: Collection[str]) -> list[str]:
    """The words with these marks, or none, that may have been meant, the likeliest first."""
    hashes = near(word)
    if not hashes:
        return []
    cursor = await db.execute(
        "with k as materialized (select word from search_word where near && %s::integer[]) select word from k limit %s",
        [hashes, _LOOKED_AT],
    )
    known = [row["word"] for row in await cursor.fetchall()]
    scored = [(alike(word, bare(one)), one) for one in known if bare(one) == one or one[0] in marks]
    return [one for _, one in islice(sorted((-score, one) for score, one in scored if score), _MOST_LIKE)]


def bare(word: str) -> str:
    """A word without its mark."""
    return word if word[:1].isalnum() else word[1:]
