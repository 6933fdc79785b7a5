"""What is told to staff inside Odoo, in the language that the owner chose for it."""

from collections.abc import Iterable
from typing import NamedTuple
from zoneinfo import ZoneInfo

from servery.model.commands import GuestCard, PartyCard


class Words(NamedTuple):
    """The few words of a card, in one language."""

    allergies: str
    people: str
    visit: str
    last: str
    usual: str
    table: str
    likes: str
    occasion: str


WORDS = {
    "en": Words("ALLERGIES", "guests", "Visit", "last", "Usually", "table", "Likes", "Occasion"),
    "da": Words("ALLERGIER", "gæster", "Besøg", "sidst", "Plejer", "bord", "Foretrækker", "Anledning"),
    "de": Words("ALLERGIEN", "Gäste", "Besuch", "zuletzt", "Meist", "Tisch", "Wünscht", "Anlass"),
    "es": Words("ALERGIAS", "comensales", "Visita", "última", "Suele tomar", "mesa", "Prefiere", "Ocasión"),
}


def of_party(card: PartyCard, language: str, time_zone: str | None) -> tuple[str, ...]:
    """What a host would tell the server of a party: what may hurt first, then who they are, then what they asked for.

    `visit` counts the one of tonight: the figures are those from before it.
    """
    words, guest = WORDS[language], card.guest
    about = _known(guest, words, visits_more=1) if guest else ()
    told = (
        _titled(words.allergies, guest.allergies if guest else ()),
        _arrival(card, words, time_zone),
        *about,
        f"{words.occasion}: {_flat(card.occasion)}" if card.occasion else "",
        _flat(card.requests),
        _flat(card.visit_notes),
    )
    return tuple(dict.fromkeys(each for each in told if each))


def of_guest(card: GuestCard, language: str) -> tuple[str, ...]:
    """What is to be known of a guest, for the notes of a partner."""
    words = WORDS[language]
    told = (
        _titled(words.allergies, card.allergies),
        *_known(card, words, visits_more=0),
        *(_flat(each.text) for each in card.notes),
    )
    return tuple(dict.fromkeys(each for each in told if each))


def _arrival(card: PartyCard, words: Words, time_zone: str | None) -> str:
    at = f"{card.starts_at.astimezone(ZoneInfo(time_zone)):%H:%M}" if time_zone else ""
    name = card.guest.name if card.guest else None
    people = f"{card.party_size} {words.people}" if card.party_size else ""
    return " · ".join(each for each in (at, _flat(name), people) if each)


def _known(card: GuestCard, words: Words, visits_more: int) -> Iterable[str]:
    yield "VIP" if card.vip else ""
    if card.figures and card.figures.visits:
        last = f", {words.last} {card.figures.last_visit:%Y-%m-%d}" if card.figures.last_visit else ""
        yield f"{words.visit} {card.figures.visits + visits_more}{last}"
    if card.usual:
        table = f"{words.table} {card.usual.table}" if card.usual.table else None
        yield _titled(words.usual, tuple(each for each in (card.usual.dish, card.usual.drink, table) if each))
    yield _titled(words.likes, card.preferences)


def _titled(title: str, entries: Iterable[str]) -> str:
    listed = ", ".join(_flat(each) for each in entries)
    return f"{title}: {listed}" if listed else ""


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
