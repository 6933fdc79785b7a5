"""How names of people sort and are found, alike on every PostgreSQL because neither is left to it.

Sorting: `sort_key` is stored beside the name as bytea, which every server orders by bytes. Searching: `search_keys`
is stored as text[] under a GIN index, and `query_keys` is what to look for in it:

    WHERE keys @> query_keys     names that begin so
    WHERE keys && query_keys     names that look alike, to be scored against `fold` of what was typed
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import icu

# Letters that Unicode does not take apart into a letter and a mark.
_WHOLE_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ħ": "h", "ŋ": "n"}
)
_SPELT_OUT = {"aa": "a", "ae": "a", "oe": "o", "ue": "u"}
"""How å, ä and æ, ö and ø, ü are written where the keyboard lacks them."""
_ANY_SPELT_OUT = re.compile("|".join(_SPELT_OUT))


def sort_key(text: str, locale: str) -> bytes:
    """Bytes that sort as a reader of `locale` (such as "da" or "de_AT") expects: in Danish Æ, Ø, Å and Aa come last.

    Keys compare only with keys of the same locale and of the same release of ICU.
    """
    return bytes(_collator(locale).getSortKey(text))


@cache
def _collator(locale: str) -> icu.Collator:
    return icu.Collator.createInstance(icu.Locale(locale))


def fold(text: str) -> str:
    """The words of `text`, one space apart, without case, marks and the ways of spelling the same name.

    Jørgensen, Jörgensen, Joergensen and Jorgensen are one; so are Müller and Mueller, Aagaard and Ågård. It takes
    apart what is none of these as well (Manuel becomes manul): for comparing, never for showing.
    """
    # Taken apart twice: case hides in composed letters, and letters without case may be composed.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    if not plain.isascii():
        plain = "".join(char for char in plain if not unicodedata.combining(char)).translate(_WHOLE_LETTERS)
    return " ".join(_without_digraphs(word) for word in _WORDS.findall(plain))


_WORDS = re.compile(r"[^\W_]+")


def _without_digraphs(word: str) -> str:
    if not _ANY_SPELT_OUT.search(word):
        return word
    letters = ""
    for letter in word:
        # One by one, so that folding what is folded changes nothing.
        pair = letters[-1:] + letter
        letters = letters[:-1] + _SPELT_OUT[pair] if pair in _SPELT_OUT else letters + letter
    return letters


def search_keys(text: str) -> list[str]:
    """What to store for `text`: for each word the word itself, its first letter and each three letters in a row.

    `^` stands for the beginning of a word and `$` for its end.
    """
    words = fold(text).split()
    keys = {key for word in words for key in (word, f"^{word[0]}", *_trigrams(f"^{word}$"))}
    return sorted(keys)


def query_keys(text: str) -> list[str]:
    """What to look for when a person has typed `text`, whose words may not be finished yet."""
    begun = [f"^{word}" for word in fold(text).split()]
    return sorted({key for word in begun for key in (_trigrams(word) or [word])})


def _trigrams(word: str) -> list[str]:
    return [word[start : start + 3] for start in range(len(word) - 2)]
