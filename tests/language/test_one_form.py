"""Whoever reads the pages is spoken to in one form: Sie in German, usted in Spanish, du (one person) in Danish."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).parents[2] / "src" / "servery"
OTHER = {
    # Written small "ihr" is hers and theirs too, before what is owned or behind a preposition; the rest is said to
    # friends alone.
    "de": r"\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]ein\w*|[Ee]uch|[Ee]uer|[Ee]ure\w*)\b"
    r"|(?<!von )(?<!mit )(?<!zu )\bihr\b(?! (?:[A-ZÄÖÜ]|eigen))",
    "es": r"(?i)\b(?:tú|tus?|ti|contigo|vosotr[oa]s|vuestr[oa]s?)\b",
    "da": r"\b(?:[Jj]er|[Jj]eres)\b",
}


def sentences(language: str) -> Iterator[str]:
    """Everything that is said in a language, by the pages and by each connector."""
    for file in sorted(CATALOGUES.rglob(f"{language}/LC_MESSAGES/*.po")):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=language):
                yield from [message.string] if isinstance(message.string, str) else message.string or ()


@pytest.mark.parametrize("language", OTHER)
def test_one_form_throughout(language: str) -> None:
    told = list(sentences(language))
    assert len(told) > 1000
    assert [one for one in told if re.search(OTHER[language], one)] == []


@pytest.mark.parametrize(
    ("language", "wrong", "right"),
    [
        ("de", "Wie viel ihr wisst", "durch ihr System"),
        ("de", "Was du schreibst", "nichts von ihr gelesen"),
        ("de", "von euren Gästen", "Schreiben Sie ihr Kürzel"),
        ("es", "Lo que dicen tus sistemas", "Lo que dicen sus sistemas"),
        ("da", "dem, der beder jer om det", "dem, der beder dig om det"),
    ],
)
def test_it_tells_the_forms_apart(language: str, wrong: str, right: str) -> None:
    assert re.search(OTHER[language], wrong)
    assert not re.search(OTHER[language], right)
