"""Which language is spoken where: for what staff read in their own systems, and for how a list of names is sorted."""

from babel import Locale
from babel.core import get_global, parse_locale

WRITTEN = ("en", "da", "de", "es")
"""The languages in which Servery writes."""

# The languages that Servery writes, and those whose alphabet it sorts by.
_OF = {
    **dict.fromkeys(("DK", "GL", "FO"), "da"),
    **dict.fromkeys(("DE", "AT", "CH", "LI", "LU"), "de"),
    **dict.fromkeys(("ES", "MX", "AR", "CL", "CO", "PE", "UY"), "es"),
    "NO": "nb",
    "SE": "sv",
}
_NO_LANGUAGE = {"und", "mul", "zxx"}
"""Codes that ISO 639 keeps for: undetermined, several, none."""


def language_tag(text: str) -> str | None:
    """A language tag (RFC 5646) in its usual letters: da, en-GB, zh-Hant-TW; None where CLDR knows no such language."""
    try:
        language, territory, script, variant, *_ = parse_locale(text.replace("-", "_"))
    except ValueError:
        return None
    known = Locale("en")
    parts = ((language, known.languages), (script, known.scripts), (territory, known.territories))
    strange = any(part and part not in names for part, names in parts) or variant or language in _NO_LANGUAGE
    return None if strange else "-".join(part for part, _ in parts if part)


def locale_in(time_zone: str | None) -> str:
    """The locale of the country that a time zone is in, such as da_DK; en where it is in none."""
    country = get_global("zone_territories").get(time_zone) if time_zone else None
    return f"{_OF.get(country, 'en')}_{country}" if country else "en"


def language_in(time_zone: str | None) -> str:
    """The language of WRITTEN that staff read in a time zone; English where Servery does not write theirs."""
    language = locale_in(time_zone).partition("_")[0]
    return language if language in WRITTEN else "en"
