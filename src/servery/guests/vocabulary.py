"""The words that guests are found by: one that was typed wrongly, or not to its end, leads to those that there are.

Of every word the hashes are kept of what is left of it without a letter, or two where it is long: two words that are a
slip of the pen apart have one of these in common. How far they really are apart is measured after. A word goes with the
last guest who was found by it: the database sees to that, whoever deletes or changes the guest.
"""

from collections.abc import Collection, Iterable
from itertools import islice
from zlib import crc32

import msgspec

from servery.guests.fitting import alike
from servery.guests.rows import Db

_LETTERS = 7
"""So many letters of a word are looked up; a slip beyond them changes nothing there."""
_LONG = 7
"""From so many letters on a word may have two slips."""
_MOST_LIKE = 24
"""Words that are tried in place of a typed one."""
_MOST_BEGUN = 300
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
    cursor = await db.execute(
        "select w.word from unnest(%s::text[]) as w(word) "
        "where not exists (select from search_word k where k.word = w.word) order by 1",
        [list(words)],
    )
    new = [row["word"] for row in await cursor.fetchall()]
    if new:
        await db.execute(
            "insert into search_word (word, near) select i.word, array(select jsonb_array_elements_text(i.near::jsonb)"
            "::integer) from unnest(%s::text[], %s::text[]) as i(word, near) on conflict do nothing",
            [new, [msgspec.json.encode(near(bare(word))).decode() for word in new]],
        )


async def begun(db: Db, word: str, marks: Iterable[str]) -> list[str]:
    """The words with these marks that begin with what was typed."""
    found: list[str] = []
    for mark in marks:
        cursor = await db.execute(
            "select word from search_word where word >= %s and word < %s order by word limit %s",
            [mark + word, mark + word + "\U0010ffff", _MOST_BEGUN],
        )
        found += [row["word"] for row in await cursor.fetchall()]
    return found


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
