"""What must change on a partner so that it says of a guest what it should. Pure.

Staff's own words stay: our lines stand in a part of the notes that is marked as ours, and of the tags only those that
we gave are ever taken away.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from servery.connectors.odoo import comment
from servery.connectors.odoo.rpc import Row
from servery.model.commands import GuestCard

VIP = "VIP"
"""The tag by which a partner is one."""
_LINK, _UNLINK = 4, 3
_SAME_DIGITS = 8


class Wanted(Struct, frozen=True, kw_only=True):
    """What a partner is to say; None where we say nothing."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    tags: tuple[str, ...] = ()
    vip: bool | None = None
    note: tuple[str, ...] | None = None


def wanted(card: GuestCard, note: Sequence[str]) -> Wanted:
    """A card in a partner's terms."""
    return Wanted(
        name=card.name,
        email=card.email,
        phone=card.phone,
        tags=card.tags,
        vip=card.vip,
        note=tuple(note),
    )


def all_tags(guest: Wanted) -> tuple[str, ...]:
    """The names of all tags that the partner is to have from us."""
    return (*((VIP,) if guest.vip else ()), *guest.tags)


def written(guest: Wanted, partner: Row, given: frozenset[str]) -> dict[str, Any]:
    """What is ours of what will come back when the partner is read, by the names of a guest's fields.

    `given` are the tags that the partner has from us, in small letters: what staff gave is never ours to take away.
    """
    told: dict[str, Any] = {"name": guest.name, "email": guest.email, "phone": guest.phone}
    ours = {name: value for name, value in told.items() if value and partner.get(name) == value}
    if tags := [each for each in guest.tags if each.casefold() in given]:
        ours["tags"] = tags
    if guest.vip and VIP.casefold() in given:
        ours["vip"] = True
    return ours


def given_tags(partner: Row, guest: Wanted, before: Mapping[str, Any], tags: Mapping[str, int]) -> frozenset[str]:
    """The tags that a partner has from us once it is as wanted, in small letters: those it had not before us."""
    has = set(partner.get("category_id") or ())
    earlier = {each.casefold() for each in before.get("tags", ())} | ({VIP.casefold()} if before.get("vip") else set())
    wanted_ = {each.casefold() for each in all_tags(guest)}
    return frozenset(each for each in wanted_ if each in earlier or tags[each] not in has)


def changes(
    partner: Row, guest: Wanted, before: Mapping[str, Any], tags: Mapping[str, int], there: frozenset[str]
) -> dict[str, Any]:
    """The values to write on a partner. `tags` gives the ids of tags by their names in small letters."""
    values: dict[str, Any] = {}
    if guest.name and guest.name != partner.get("name") and not partner.get("is_company"):
        values["name"] = guest.name
    if guest.email and guest.email.casefold() != str(partner.get("email") or "").casefold():
        values["email"] = guest.email
    if guest.phone and not _same_number(guest.phone, partner.get("phone") or partner.get("mobile")):
        values["phone"] = guest.phone
    if commands := _tag_commands(partner, guest, before, tags):
        values["category_id"] = commands
    if guest.note is not None and comment.ours(partner.get("comment") or None) != guest.note:
        values["comment"] = comment.merged(partner.get("comment") or None, guest.note)
    return {name: value for name, value in values.items() if name in there}


def first(guest: Wanted, name: str, tags: Mapping[str, int], there: frozenset[str]) -> dict[str, Any]:
    """The values of a new partner."""
    values: dict[str, Any] = {"name": name, "email": guest.email or False, "phone": guest.phone or False}
    if guest.note:
        values["comment"] = comment.merged(None, guest.note)
    values["category_id"] = [[_LINK, tags[each.casefold()], 0] for each in all_tags(guest)]
    return {each: value for each, value in values.items() if each in there and value}


def _tag_commands(
    partner: Row, guest: Wanted, before: Mapping[str, Any], tags: Mapping[str, int]
) -> list[tuple[int, int, int]]:
    has = set(partner.get("category_id") or ())
    given = {*before.get("tags", ()), *((VIP,) if before.get("vip") and guest.vip is not None else ())}
    keep = {each.casefold() for each in all_tags(guest)}
    link = [tags[each] for each in dict.fromkeys(each.casefold() for each in all_tags(guest)) if tags[each] not in has]
    ended = sorted({each.casefold() for each in given} - keep)
    unlink = [tags[each] for each in ended if each in tags and tags[each] in has]
    return [*((_LINK, each, 0) for each in link), *((_UNLINK, each, 0) for each in unlink)]


def _same_number(ours: str, theirs: Any) -> bool:
    """Whether two ways of writing a number mean one: staff's way of writing it is left alone."""
    one, other = (_digits(each) for each in (ours, str(theirs or "")))
    return bool(other) and (one == other or (len(other) >= _SAME_DIGITS and one.endswith(other[-_SAME_DIGITS:])))


def _digits(number: str) -> str:
    return "".join(each for each in number if each.isdigit())
