"""What is written to Square: one customer for a guest, the staff's words kept, in requests as Square describes them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from servery.connectors.contract import Sent, Session, Target
from servery.connectors.square import client, note, send
from servery.connectors.square.simulator import simulator
from servery.connectors.square.tests import plays
from servery.connectors.square.words import WORDS
from servery.errors import NeedsPerson, Refuse, Retry
from servery.model.commands import Figures, GuestCard, PartyCard, Usual
from servery.model.guest import Note, SourceGuest
from servery.testing.served import served

CARD = GuestCard(
    guest_id=7,
    name="Åse Ødegård",
    email="aase@example.dk",
    phone="+4520304050",
    vip=True,
    allergies=("nuts",),
    preferences=("window",),
    notes=(Note("Proposed here", "Mette", datetime(2025, 5, 1, tzinfo=UTC)),),
    figures=Figures(visits=5, last_visit=date(2026, 3, 1), currency="DKK", spend=245_000, average_check=49_000),
    usual=Usual(dish="Ribeye", drink="Husets røde", table="7"),
)
TARGET = Target(our_id="6f0c2f6e-0000-4000-8000-000000000007", version=1)
NOTE = """[Servery keeps this up to date]
VIP
Allergies: nuts
Preferences: window
Usually: Ribeye, Husets røde, table 7
Visits: 5, last 2026-03-01, 490.00 DKK on average
Note: Proposed here (Mette, 2025-05-01)
[end of Servery]"""
ASKED: dict[tuple[str, str], str] = {
    ("POST", "/v2/customers"): "CreateCustomerRequest",
    ("PUT", "/v2/customers/*"): "UpdateCustomerRequest",
    ("POST", "/v2/customers/search"): "SearchCustomersRequest",
    ("POST", "/v2/customers/bulk-retrieve"): "BulkRetrieveCustomersRequest",
    ("POST", "/v2/orders/batch-retrieve"): "BatchRetrieveOrdersRequest",
    ("POST", "/v2/customers/custom-attributes/bulk-upsert"): "BulkUpsertCustomerCustomAttributesRequest",
    ("POST", "/v2/customers/custom-attribute-definitions"): "CreateCustomerCustomAttributeDefinitionRequest",
}
ANSWERED: dict[tuple[str, str], str] = {
    ("POST", "/v2/customers"): "CreateCustomerResponse",
    ("PUT", "/v2/customers/*"): "UpdateCustomerResponse",
    ("POST", "/v2/customers/bulk-retrieve"): "BulkRetrieveCustomersResponse",
    ("POST", "/v2/customers/custom-attributes/bulk-upsert"): "BulkUpsertCustomerCustomAttributesResponse",
    ("POST", "/v2/customers/custom-attribute-definitions"): "CreateCustomerCustomAttributeDefinitionResponse",
}


class Talk:
    """A stage behind a simulator, and all that was said over the wire."""

    def __init__(self) -> None:
        self.play = plays.stage()
        self.app = simulator(self.play)
        self.language = "en"
        self.said: list[tuple[tuple[str, str], dict[str, Any], int, dict[str, Any]]] = []

    def run(self, work: Callable[[Session], Awaitable[Any]]) -> Any:
        async def within() -> Any:
            async with httpx.AsyncClient(timeout=60, event_hooks={"response": [self._note]}) as http:
                settings = {"access_token": plays.TOKEN, "base_url": self.url, "language": self.language}
                return await work(Session(settings, http))

        with served(self.app) as self.url:
            return asyncio.run(within())

    def send(self, card: Any = CARD, target: Target = TARGET) -> Sent:
        async def work(session: Session) -> Sent:
            return await send.send(session, await client.check(session), card, target)

        sent: Sent = self.run(work)
        return sent

    async def _note(self, response: httpx.Response) -> None:
        request = response.request
        path = request.url.path
        if path.startswith("/v2/customers/") and request.method == "PUT":
            path = "/v2/customers/*"
        await response.aread()
        body = json.loads(request.content) if request.content else {}
        self.said.append(((request.method, path), body, response.status_code, json.loads(response.content or b"{}")))

    def customers(self) -> dict[str, SourceGuest]:
        return {one.external_id: one.record for one in self.play.guests if not one.deleted}

    def note_of(self, customer_id: str | None) -> str:
        return "\n".join(one.text for one in self.customers()[customer_id or ""].notes)


@pytest.fixture
def talk() -> Talk:
    return Talk()


def test_a_guest_becomes_a_customer_with_what_the_till_should_know(talk):
    sent = talk.send()
    assert talk.customers()[sent.external_id].email == "aase@example.dk"
    assert talk.customers()[sent.external_id].name == "Åse Ødegård"
    assert talk.note_of(sent.external_id) == NOTE
    assert {name: sent.written[name] for name in ("name", "email", "phone")} == {
        "name": "Åse Ødegård",
        "email": "aase@example.dk",
        "phone": "+4520304050",
    }


def test_what_we_ask_and_what_the_simulator_answers_is_as_square_describes_it(talk, as_square):
    talk.send()
    talk.send(replace(CARD, name="Åse Holm", allergies=()), replace(TARGET, before={"attributes": ["servery_usual"]}))

    async def fetched(session: Session) -> None:
        account = await client.check(session)
        for one in registry_resources("customers", "orders"):
            await client.fetch(session, one, account, [*talk.customers(), "NONE"])

    talk.run(fetched)
    assert set(ASKED) <= {what for what, *_ in talk.said}
    for what, asked, status, answered in talk.said:
        if what in ASKED:
            as_square(ASKED[what], asked)
        if what in ANSWERED and status == 200:
            as_square(ANSWERED[what], answered)


def registry_resources(*names: str) -> list[Any]:
    from servery.connectors import registry

    return [one for one in registry.manifest("square").resources if one.name in names]


def test_the_words_of_staff_stay_whatever_is_written(talk):
    staff = "Sits by the window.\nAsk about the dog."
    talk.play.guests.put("CUST1", SourceGuest(name="Åse Ødegård", given_name="Åse", family_name="Ødegård",
                                              email="aase@example.dk", notes=(Note(staff),)), plays.DINNER)  # fmt: skip
    sent = talk.send()
    assert sent.external_id == "CUST1"
    assert talk.note_of("CUST1") == f"{staff}\n\n{NOTE}"
    kept = talk.customers()["CUST1"]
    assert (kept.given_name, kept.family_name) == ("Åse", "Ødegård")
    empty = GuestCard(guest_id=7)
    talk.send(empty, replace(TARGET, external_id="CUST1", before=sent.written))
    assert talk.note_of("CUST1") == staff
    assert talk.customers()["CUST1"].email == "aase@example.dk"


def test_what_comes_back_is_the_words_of_staff_alone():
    assert note.own_words(NOTE) is None
    assert note.own_words(f"Ask first\n\n{NOTE}\nthen the dog") == "Ask first\nthen the dog"
    cut = NOTE.removesuffix("[end of Servery]")
    assert note.own_words(f"Ask first\n\n{cut}") == "Ask first"
    assert note.own_words("Ask first") == "Ask first"


def test_a_remark_that_stands_in_the_note_already_is_not_repeated():
    assert note.lines_of(GuestCard(guest_id=1, notes=(Note("Ask first"),)), "Ask first, always", WORDS["en"]) == []


def test_staff_read_the_language_of_the_country_they_are_in(talk):
    talk.language = ""
    sent = talk.send()
    lines = talk.note_of(sent.external_id).splitlines()
    assert (lines[0], lines[-1]) == ("[Servery holder dette ajour]", "[Servery slut]")
    assert "Allergier: nuts" in lines
    assert "Plejer: Ribeye, Husets røde, bord 7" in lines
    assert "Besøg: 5, sidst 2026-03-01, i snit 490.00 DKK" in lines
    defined = [
        asked["custom_attribute_definition"]["name"] for what, asked, *_ in talk.said if "definitions" in what[1]
    ]
    assert "Seneste besøg" in defined


@pytest.mark.parametrize("after", WORDS)
@pytest.mark.parametrize("before", WORDS)
def test_our_part_is_known_again_when_the_language_changes(talk, before, after):
    talk.play.guests.put("CUST1", SourceGuest(name="Åse Ødegård", email="aase@example.dk", notes=(Note("Ask first"),)),
                         plays.DINNER)  # fmt: skip
    talk.language = before
    talk.send()
    assert note.own_words(talk.note_of("CUST1")) == "Ask first"
    talk.language = after
    talk.send(target=replace(TARGET, external_id="CUST1"))
    told = talk.note_of("CUST1")
    assert note.own_words(told) == "Ask first"
    assert [told.count(each.begin) for each in WORDS.values()] == [int(each == WORDS[after]) for each in WORDS.values()]


def test_a_language_that_servery_does_not_write_is_told_beside_its_setting(talk):
    talk.language = "klingon"
    with pytest.raises(NeedsPerson) as told:
        talk.send()
    assert (told.value.field, "en, da, de, es" in str(told.value)) == ("language", True)


def test_a_repeat_makes_no_second_customer_also_where_the_search_is_late(talk, monkeypatch):
    async def blind(*_: Any) -> tuple[()]:
        return ()

    monkeypatch.setattr(send, "_search", blind)
    first, second = talk.send(), talk.send()
    assert first.external_id == second.external_id
    with pytest.raises(Retry, match="does not find it yet"):
        talk.send(replace(CARD, vip=False))
    assert len(talk.customers()) == 1


def test_a_person_who_shares_an_address_is_not_taken_for_the_guest(talk):
    talk.play.guests.put("CUST1", SourceGuest(name="Bo Berg", email="aase@example.dk"), plays.DINNER)
    assert talk.send().external_id != "CUST1"
    assert talk.customers()["CUST1"].name == "Bo Berg"


def test_an_address_that_square_refuses_does_not_keep_the_allergies_from_the_till(talk):
    sent = talk.send(replace(CARD, phone="12"))
    assert sent.skipped == ("contact",)
    assert "Allergies: nuts" in talk.note_of(sent.external_id)
    assert "phone" not in sent.written


def test_a_change_at_the_till_at_the_same_moment_is_read_first(talk, monkeypatch):
    sent = talk.send()
    read = send._by_id

    async def then_changed(session: Session, customer_id: str) -> Any:
        customer = await read(session, customer_id)
        staged = talk.play.guests.get(customer_id)
        talk.play.guests.put(customer_id, replace(staged.record, notes=(Note("New word"),)), plays.DINNER)
        return customer

    monkeypatch.setattr(send, "_by_id", then_changed)
    target = replace(TARGET, external_id=sent.external_id)
    with pytest.raises(Retry, match="at this moment"):
        talk.send(replace(CARD, vip=False), target)
    monkeypatch.setattr(send, "_by_id", read)
    talk.send(replace(CARD, vip=False), target)
    assert talk.note_of(sent.external_id).startswith("New word\n\n[Servery")


def test_a_customer_that_staff_deleted_is_not_made_again(talk):
    sent = talk.send()
    talk.play.guests.delete(sent.external_id, plays.DINNER)
    with pytest.raises(Refuse, match="deleted this customer"):
        talk.send(CARD, replace(TARGET, external_id=sent.external_id))
    assert talk.customers() == {}


def test_a_test_of_ours_is_deleted_once_and_nobody_elses_customer_ever(talk):
    def clear(target: Target) -> None:
        async def work(session: Session) -> None:
            await send.clear(session, await client.check(session), CARD, target)

        talk.run(work)

    ours = replace(TARGET, external_id=talk.send().external_id)
    clear(replace(ours, our_id="6f0c2f6e-0000-4000-8000-000000000008"))
    assert len(talk.customers()) == 1
    clear(ours)
    clear(ours)
    assert talk.customers() == {}


def test_only_guests_can_be_written(talk):
    party = PartyCard(reservation_id=1, location="L", status="booked", starts_at=plays.DINNER)
    with pytest.raises(Refuse, match="guests only"):
        talk.send(party)


def test_attributes_go_when_there_is_nothing_to_say_any_more(talk):
    sent = talk.send()
    assert "servery_allergies" in sent.written["attributes"]
    target = replace(TARGET, external_id=sent.external_id, before=sent.written)
    less = talk.send(replace(CARD, allergies=()), target)
    assert "servery_allergies" not in less.written["attributes"]
    deleted = [what for what, *_ in talk.said if what[0] == "DELETE"]
    assert deleted == [("DELETE", f"/v2/customers/{sent.external_id}/custom-attributes/servery_allergies")]
