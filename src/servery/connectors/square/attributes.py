"""A guest's facts as custom attributes of a Square customer, for tills and reports that read them one by one."""

from collections.abc import Collection, Mapping
from urllib.parse import quote

from servery.connectors.contract import Session
from servery.connectors.square import wire
from servery.connectors.square.calls import write
from servery.connectors.square.words import Words
from servery.errors import Refuse
from servery.model.commands import GuestCard

_TEXT = "https://developer-production-s.squarecdn.com/schemas/v1/common.json#squareup.common.String"
_LARGEST = 1000


def _names(words: Words) -> dict[str, str]:
    """The attributes by key, with the names that staff read in Square: in the language when each is first made."""
    return {
        "servery_allergies": words.allergies,
        "servery_preferences": words.preferences,
        "servery_usual": words.usually_has,
        "servery_visits": words.visits,
        "servery_last_visit": words.last_visit,
    }


def values(card: GuestCard) -> dict[str, str]:
    """The attributes of a guest; what is not known has none."""
    usual, figures = card.usual, card.figures
    had = [usual.dish, usual.drink] if usual else []
    told = {
        "servery_allergies": ", ".join(card.allergies),
        "servery_preferences": ", ".join(card.preferences),
        "servery_usual": ", ".join(one for one in had if one),
        "servery_visits": str(figures.visits) if figures and figures.visits else "",
        "servery_last_visit": figures.last_visit.isoformat() if figures and figures.last_visit else "",
    }
    return {key: value[:_LARGEST] for key, value in told.items() if value}


async def write_all(
    session: Session, customer_id: str, card: GuestCard, before: Collection[str], words: Words
) -> list[str]:
    """Write a customer's attributes and take away those of `before` (keys) that are not any more; the keys written.

    To write one again as it is changes nothing, so this is safe to repeat.
    """
    wanted = values(card)
    for key in sorted(set(before) - wanted.keys()):
        await _take_away(session, customer_id, key)
    if wanted and not await _written(session, customer_id, wanted):
        await _define(session, words)
        if not await _written(session, customer_id, wanted):
            raise Refuse("Square does not take the custom attributes of this customer.", code="attributes-refused")
    return sorted(wanted)


async def _written(session: Session, customer_id: str, wanted: Mapping[str, str]) -> bool:
    """Write them; False where Square does not know one of the attributes yet."""
    one = {
        key: {"customer_id": customer_id, "custom_attribute": {"key": key, "value": value}}
        for key, value in wanted.items()
    }
    path = "/v2/customers/custom-attributes/bulk-upsert"
    answer = await write(session, "POST", path, {"values": one}, wire.AttributesAnswer)
    return not any(each.errors for each in (answer.values or {}).values())


async def _define(session: Session, words: Words) -> None:
    for key, name in _names(words).items():
        definition = {
            "key": key,
            "name": name,
            "description": "Written by Servery.",
            "schema": {"$ref": _TEXT},
            "visibility": "VISIBILITY_READ_ONLY",
        }
        path = "/v2/customers/custom-attribute-definitions"
        try:
            await write(session, "POST", path, {"custom_attribute_definition": definition}, wire.Nothing)
        except Refuse as error:
            # CONFLICT: it is there already, for another connection of this application or from an earlier try.
            if error.params.get("reason") != "CONFLICT":
                raise


async def _take_away(session: Session, customer_id: str, key: str) -> None:
    path = f"/v2/customers/{quote(customer_id, safe='')}/custom-attributes/{key}"
    try:
        await write(session, "DELETE", path, {}, wire.Nothing)
    except Refuse as error:
        if error.params.get("reason") != "NOT_FOUND":
            raise
