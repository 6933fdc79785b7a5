"""Which language is spoken where: for what staff read in their own systems, and for how a list of names is sorted."""

from babel.core import get_global

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


def locale_in(time_zone: str | None) -> str:
    """The locale of the country that a time zone is in, such as da_DK; en where it is in none."""
    country = get_global("zone_territories").get(time_zone) if time_zone else None
    return f"{_OF.get(country, 'en')}_{country}" if country else "en"


def language_in(time_zone: str | None) -> str:
    """The language of WRITTEN that staff read in a time zone; English where Servery does not write theirs."""
    language = locale_in(time_zone).partition("_")[0]
    return language if language in WRITTEN else "en"
