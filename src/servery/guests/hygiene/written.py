"""Names as people write them, where a keyboard or a system left them all in capitals or all in small letters. Pure.

What somebody typed with care stays as it is: a name in both capitals and small letters, of another script, with digits.
The record that says it keeps its own spelling.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files

_PIECE = re.compile(r"([^\W\d_]+)")
_APOSTROPHES = "'’ʼ"
_NO_NAMES = frozenset("@=<>()[]{}#*_|\\:;")
_TURKISH = frozenset("İıĞğ")
_ROMAN = frozenset(("ii", "iii", "iv"))
_VOWELS = frozenset("aeiouyæøåäöüéèêáàíóúœ")
_JOINED = frozenset(("and", "og", "und", "y", "&", "+", "/"))
_MOST_WORDS = 3
"""Words on each side of a comma with which a name is still one person's, the family name first."""


@cache
def listed() -> Mapping[str, frozenset[str]]:
    """Words of names by what is known of them: `names.toml`."""
    text = files("servery.guests.hygiene").joinpath("names.toml").read_text()
    return {name: frozenset(words) for name, words in tomllib.loads(text).items()}


@lru_cache(maxsize=16_384)
def as_written(name: str) -> str:
    """A name as its owner would write it: Jens Hansen for JENS HANSEN, jens hansen and "Hansen, Jens".

    What a person may have meant so stays: Van Dyke, Jean DUPONT, bell Hooks. Nothing is ever left out.
    """
    if not _is_latin(name):
        return name.strip()
    plain = _turned(" ".join(unicodedata.normalize("NFC", name).split()))
    if any(letter.isdigit() or letter in _NO_NAMES for letter in plain) or not (plain.isupper() or plain.islower()):
        return plain
    words = _small(plain).split(" ")
    own = words[0] in listed()["with_given_particles"]
    turkish = bool(_TURKISH & set(plain))
    return " ".join(
        word if 0 < place < len(words) - 1 and not own and _is_particle(word, words) else _capital(word, turkish)
        for place, word in enumerate(words)
    )


def _is_latin(name: str) -> bool:
    letters = [letter for letter in name if letter.isalpha()]
    return bool(letters) and all(letter.isascii() or _latin_letter(letter) for letter in letters)


@lru_cache(maxsize=4096)
def _latin_letter(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN") or letter in _APOSTROPHES


def _turned(name: str) -> str:
    """Hansen, Jens as Jens Hansen; what stands behind a comma otherwise stays there."""
    family, comma, given = (part.strip() for part in name.partition(","))
    sides = family.split(), given.split()
    if not (comma and all(1 <= len(side) <= _MOST_WORDS for side in sides)) or "," in given:
        return name
    words = {word.casefold().strip(".") for side in sides for word in side}
    if words & (_JOINED | listed()["not_given"]) or not all(_is_name(word) for side in sides for word in side):
        return name
    return f"{given} {family}"


def _is_name(word: str) -> bool:
    return any(letter.isalpha() for letter in word) and all(
        letter.isalpha() or letter in ".-" + _APOSTROPHES or unicodedata.combining(letter) for letter in word
    )


def _is_particle(word: str, words: Sequence[str]) -> bool:
    # Between two family names y joins them; a single Y beside a single name is an initial.
    return word in listed()["particles"] and (word != "y" or len(words) > 3)


def _capital(word: str, turkish: bool) -> str:
    """A word in small letters with capitals where its pieces begin: Müller-Lüdenscheidt, O'Neill, J.R., McDonald."""
    if word.strip(".") in _ROMAN or _are_initials(word):
        return word.upper()
    joints_and_pieces = _PIECE.split(word)
    before = ""
    for place in range(1, len(joints_and_pieces), 2):
        piece = joints_and_pieces[place]
        if not before or _begins_anew(joints_and_pieces[place - 1], before):
            joints_and_pieces[place] = _inner(_upper(piece[0], turkish) + piece[1:])
        before = piece
    return "".join(joints_and_pieces)


def _begins_anew(joint: str, before: str) -> bool:
    return joint not in _APOSTROPHES or len(before) == 1 or before in listed()["before_apostrophe"]


def _inner(piece: str) -> str:
    """McDonald, MacLeod and IJsbrand have a second capital."""
    small = piece.casefold()
    if small.startswith("mc") and len(small) > 3:
        return piece[:2] + piece[2].upper() + piece[3:]
    if small in listed()["mac"]:
        return piece[:3] + piece[3].upper() + piece[4:]
    return "IJ" + piece[2:] if small.startswith("ij") and len(small) > 3 else piece


def _are_initials(word: str) -> bool:
    """JP and AJ are initials, Bo and Ng are names."""
    if len(word) != 2 or not word.isalpha() or word in listed()["short_names"]:
        return False
    return word.endswith("j") or not _VOWELS & set(word)


def _small(text: str) -> str:
    return text.replace("İ", "i").replace("I", "ı").lower() if _TURKISH & set(text) else text.lower()


def _upper(letter: str, turkish: bool) -> str:
    return "İ" if turkish and letter == "i" else letter.upper()
