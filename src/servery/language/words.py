"""The messages in the reader's language, read from the gettext catalogues when a process first needs them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES: tuple[str, ...] = ("en", "da", "de", "es")
"""The languages of the pages; English is the language of the source."""

CATALOGUES: Traversable = files("servery.language").joinpath("catalogues")


class Words:
    """The messages of one language. Named `{places}` in a message are filled after it is translated."""

    def __init__(self, language: str, translations: Translations) -> None:
        self.language = language
        self._translations = translations

    def gettext(self, message: str, **places: object) -> str:
        """A message in this language."""
        return _filled(self._translations.ugettext(message), places)

    def ngettext(self, one: str, many: str, n: int, **places: object) -> str:
        """A message about `n` things, in the form this language has for that many; `{n}` is a place."""
        return _filled(self.form(one, many, n), {"n": n, **places})

    def form(self, one: str, many: str, n: int) -> str:
        """The form of a message for `n` things, its places unfilled."""
        return self._translations.ungettext(one, many, n)

    def pgettext(self, context: str, message: str, **places: object) -> str:
        """A message whose English is ambiguous, told apart by its context."""
        found: str | object = self._translations.upgettext(context, message)
        return _filled(str(found), places)


def _filled(message: str, places: Mapping[str, object]) -> str:
    # Without places a message may hold braces of its own.
    return message.format_map(places) if places else message


@cache
def words(language: str, *locales: Traversable) -> Words:
    """The words of a language (one of LANGUAGES), joined by those in further folders such as a connector's."""
    translations = Translations()
    for folder in (CATALOGUES, *locales):
        catalogue = folder.joinpath(language, "LC_MESSAGES", "messages.po")
        if catalogue.is_file():
            translations.add(_read(catalogue, language))
    return Words(language, translations)


def _read(catalogue: Traversable, language: str) -> Translations:
    compiled = BytesIO()
    with catalogue.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def choose(settled: str | None, accepted: str | None) -> str:
    """The language to speak: what a person settled on, else the best of an Accept-Language header, else English."""
    wanted = [settled or "", *_by_preference(accepted or "")]
    primary = (tag.strip().split("-")[0].casefold() for tag in wanted)
    return next((language for language in primary if language in LANGUAGES), LANGUAGES[0])


def _by_preference(accepted: str) -> list[str]:
    weighed = [(_weight(part), part.partition(";")[0]) for part in accepted.split(",")]
    return [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0]


def _weight(part: str) -> float:
    given = part.partition(";")[2].strip().removeprefix("q=")
    try:
        return float(given) if given else 1.0
    except ValueError:
        return 0.0


def name_of(language: str) -> str:
    """A language's name in itself, as it stands by itself: Dansk, Deutsch, Español."""
    name = Locale.parse(language).get_language_name(language) or language
    return name[0].upper() + name[1:]
