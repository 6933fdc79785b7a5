"""What a guest agreed to: worked out from the ledger alone, whoever asks."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from servery.api.guests import read_guest
from servery.app.compose import told_as_one
from servery.app.lists import _guest
from servery.errors import Invalid, NotFound
from servery.model.consent import Line, by_channel, standing
from servery.model.viewer import ROLES, SYSTEM, Viewer
from servery.privacy import consent
from servery.privacy.consent import Said
from servery.profile.story import story
from tests.privacy.planted import EMAIL, NAME, PERSON, PHONE, Planted

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def line(number: int, state: str, source: str = "till", **more: Any) -> Line:
    facts = {
        "id": number, "at": AT, "channel": "any", "purpose": "marketing", "state": state, "text_version": None,
        "source": source, "by_guest": False, "viewer_kind": "system", "viewer_id": 0,
    }  # fmt: skip
    return Line(**(facts | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ([], "unknown"),
        ([line(1, "granted")], "granted"),
        ([line(1, "granted"), line(2, "denied", "book")], "denied"),
        ([line(1, "granted"), line(2, "denied"), line(3, "granted")], "granted"),
        ([line(1, "denied"), line(2, "granted", "guest", by_guest=True)], "granted"),
        ([line(1, "granted", "guest", by_guest=True), line(2, "denied", "book")], "denied"),
        ([line(1, "denied", "guest", by_guest=True), line(2, "granted", "book")], "denied"),
        # Where and how the guest said it does not make two guests of one.
        ([line(1, "denied", "by phone", by_guest=True), line(2, "granted", "at the table", by_guest=True)], "granted"),
        ([line(1, "denied", heard=False), line(2, "granted", "book")], "granted"),
        ([line(1, "granted", gone=True)], "unknown"),
        ([line(1, "denied", gone=True), line(2, "granted", "book")], "denied"),
        ([line(1, "granted", purpose="allergies")], "unknown"),
    ],
)
def test_what_holds(lines: list[Line], holds: str) -> None:
    assert standing(lines) == holds


def test_a_channel_has_its_own_word() -> None:
    lines = [line(1, "granted"), line(2, "denied", "guest", by_guest=True, channel="sms")]
    held = by_channel(lines)
    assert held["any"] == held["email"] == "granted" and held["sms"] == "denied"
    assert by_channel([line(1, "denied"), line(2, "granted", "book", channel="email")])["email"] == "denied"


@pytest.mark.anyio
async def test_one_truth_for_pages_lists_and_other_systems(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        told = await story(db, SYSTEM, guest)
        assert told.marketing == "granted" and _guest(told).email == EMAIL and _guest(told).phone
        await consent.write(db, SYSTEM, guest, Said(state="denied", channel="sms"))
        told = await story(db, SYSTEM, guest)
        assert told.marketing == "granted" and told.channels == {"sms": "denied"}
        assert _guest(told).email == EMAIL and _guest(told).phone is None and told_as_one(told) == "denied"
        await consent.write(db, SYSTEM, guest, Said(state="unknown", channel="sms"))
        await consent.write(db, SYSTEM, guest, Said(state="denied", channel="email"))
        told = await story(db, SYSTEM, guest)
        assert _guest(told).email is None and _guest(told).marketing == "granted"
        ledger = await consent.opened(db, guest)
        assert {name: one for name, one in ledger.by_channel().items() if one != told.marketing} == told.channels
        assert told.marketing_by_channel == ledger.by_channel()


@pytest.mark.anyio
async def test_who_agreed_to_e_mail_alone_is_written_to_by_e_mail_alone(planted: Planted) -> None:
    guest = await planted.guest(marketing="unknown")
    assert guest
    async with planted.pool.connection() as db:
        await consent.write(db, SYSTEM, guest, Said(state="granted", channel="email", text_version="v1"))
        told, shown = await story(db, SYSTEM, guest), await read_guest(db, SYSTEM, guest)
    only = {"any": "unknown", "email": "granted", "sms": "unknown", "phone": "unknown", "post": "unknown"}
    assert told.marketing_by_channel == shown.marketing_by_channel == only
    # Where a system or a reader knows no channels, that is no consent.
    assert told.marketing == shown.marketing == told_as_one(told) == "unknown"
    assert _guest(told).email == EMAIL and _guest(told).phone is None


@pytest.mark.anyio
async def test_a_system_that_may_not_speak_of_consent_is_written_down_and_not_counted(planted: Planted) -> None:
    guest = await planted.known_guest()
    await planted.arrives(planted.book, *planted.booked(msgspec.structs.replace(PERSON, marketing="denied")))
    async with planted.pool.connection() as db:
        assert (await story(db, SYSTEM, guest)).marketing == "denied"
        await db.execute(
            "insert into field_rule (connection_id, field, direction) values (%s, 'consent', 'out')", [planted.book]
        )
        assert (await story(db, SYSTEM, guest)).marketing == "granted"
        assert "denied" in {one.state for one in await consent.ledger(db, guest)}


@pytest.mark.anyio
async def test_consent_needs_a_text_and_a_guest(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        with pytest.raises(Invalid, match="Which text"):
            await consent.write(db, SYSTEM, guest, Said(state="granted", text_version="  "))
        with pytest.raises(NotFound):
            await consent.write(db, SYSTEM, 999, Said(state="denied"))
        with pytest.raises(NotFound):
            await consent.opened(db, 999)
        with pytest.raises(Exception, match="never changed"):
            async with db.transaction():
                await db.execute("truncate consent")


@pytest.mark.anyio
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_sees_what_it_is_for(planted: Planted, role: Any) -> None:
    guest = await planted.known_guest()
    viewer = Viewer("person", 1, "Somebody", role)
    async with planted.pool.connection() as db:
        told = await story(db, viewer, guest)
    assert told.name == NAME
    assert bool(told.email and told.phone) == viewer.may("see_contact")
    assert bool(told.notes) == viewer.may("see_notes")
    written = msgspec.json.encode(told).decode()
    for text, right in ((EMAIL, "see_contact"), (PHONE, "see_contact"), ("likes the window", "see_notes")):
        assert text not in written or viewer.may(right)  # type: ignore[arg-type]
