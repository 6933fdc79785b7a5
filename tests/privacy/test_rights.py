"""What guests may ask for: everything told, consent by line, a clock, and nothing kept longer than chosen."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servery.app.elsewhere import tell_one
from servery.app.erasing import erase_guest
from servery.app.retaining import keep_to_rules
from servery.connectors import registry
from servery.errors import Invalid, Refuse
from servery.language.words import LANGUAGES, words
from servery.model.viewer import SYSTEM
from servery.privacy import consent, receipts, requests, retention
from servery.privacy.export import export
from servery.privacy.register import register
from servery.profile.story import story
from servery.settings import read_settings
from servery.web.privacy.paper import export_html, notice_html, register_html
from tests.privacy.planted import EMAIL, NAME, PERSON, PHONE, Planted

pytestmark = pytest.mark.anyio


async def test_everything_is_told(planted: Planted) -> None:
    guest = await planted.known_guest()
    await planted.everywhere(guest)
    async with planted.pool.connection() as db:
        whole = await export(db, guest)
    text = msgspec.json.encode(whole).decode()
    assert all(each in text for each in (NAME, EMAIL, PHONE, "A quiet table", "Sole", "granted"))
    assert len(whole.records) == 2 and len(whole.bookings) == 1 and len(whole.checks) == 1 and whole.received
    html = export_html(whole, words("da"))
    assert NAME in html and "<script" not in html


async def test_html_of_an_export_says_what_was_written_and_does_nothing(planted: Planted) -> None:
    guest = await planted.guest(name="<script>alert(1)</script> Berg")
    assert guest
    async with planted.pool.connection() as db:
        html = export_html(await export(db, guest), words("en"))
    assert "<script>" not in html and "&lt;script&gt;" in html


async def test_a_source_and_then_the_guest_have_their_word(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        lines = await consent.ledger(db, guest)
        assert [one.source for one in lines] == ["Book", "Till"] and consent.standing(lines) == "granted"
        await consent.write(db, SYSTEM, guest, consent.Said(state="denied", channel="email", text_version="2026-01"))
        lines = await consent.ledger(db, guest)
        assert consent.standing(lines, "email") == "denied" and consent.standing(lines, "sms") == "granted"
        await consent.write(db, SYSTEM, guest, consent.Said(state="unknown"))
        assert consent.standing(await consent.ledger(db, guest)) == "unknown"
    await planted.arrives(planted.book, *planted.booked(msgspec.structs.replace(PERSON, marketing="denied")))
    async with planted.pool.connection() as db:
        assert consent.standing(await consent.ledger(db, guest)) == "denied"


async def test_who_said_no_is_told_so_everywhere(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        assert (await story(db, SYSTEM, guest)).marketing == "granted"
        await consent.write(db, SYSTEM, guest, consent.Said(state="denied"))
        assert (await story(db, SYSTEM, guest)).marketing == "denied"


async def test_a_ledger_line_is_never_changed(planted: Planted) -> None:
    await planted.known_guest()
    async with planted.pool.connection() as db:
        with pytest.raises(Exception, match="never changed"):
            async with db.transaction():
                await db.execute("update consent set state = 'granted'")
        with pytest.raises(Exception, match="never changed"):
            async with db.transaction():
                await db.execute("delete from consent")


def test_what_nobody_said_is_no_consent() -> None:
    assert consent.standing([]) == "unknown"


@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_a_month_is_never_longer_than_a_month(day: date) -> None:
    due = requests.months_after(day, 1)
    assert 28 <= (due - day).days <= 31 and (due.day == day.day or due.day >= 28)
    assert requests.months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)


async def test_the_clock_of_a_request(planted: Planted) -> None:
    today = datetime.now(UTC).date()
    async with planted.pool.connection() as db:
        with pytest.raises(Invalid):
            await requests.open_request(db, SYSTEM, "access", today + timedelta(days=2))
        one = await requests.open_request(db, SYSTEM, "access", today)
        assert one.due_on == requests.months_after(today, 1)
        with pytest.raises(Invalid):
            await requests.extend(db, one.id, "  ", today)
        more = await requests.extend(db, one.id, "Two systems answer slowly.", today)
        assert more.due_on == requests.months_after(today, 3)
        with pytest.raises(Refuse):
            await requests.extend(db, one.id, "Again.", today)
        late = await requests.open_request(db, SYSTEM, "erasure", today - timedelta(days=40))
        with pytest.raises(Refuse, match="within"):
            await requests.extend(db, late.id, "Late.", today)
        assert [each.id for each in await requests.requests(db)] == [late.id, one.id]
        await requests.close(db, late.id, "done")
        assert [each.id for each in await requests.requests(db, closed=True)] == [late.id]


async def test_what_is_too_old_goes_as_chosen(planted: Planted) -> None:
    guest = await planted.known_guest()
    async with planted.pool.connection() as db:
        await db.execute("update guest set created_at = now() - interval '5 years'")
        await db.execute("update reservation set starts_at = now() - interval '5 years', business_date = '2020-01-01'")
        await db.execute("update checks set opened_at = now() - interval '5 years', business_date = '2020-01-01'")
        await db.execute("update visit set starts_at = now() - interval '5 years'")
        for kind in retention.KINDS:
            await retention.choose(db, kind, 36)
        assert [await retention.preview(db, kind, 36) for kind in retention.KINDS] == [1, 1, 1, 0, 0]
    settings = read_settings({"SERVERY_HOME": str(planted.home)})
    assert await keep_to_rules(planted.pool, settings, at_once=True) == 1
    assert await planted.guest_of(planted.book, "b7") is None
    async with planted.pool.connection() as db:
        assert {one.kind: one.done for one in await retention.runs(db)}["guests"] == 1
    assert guest


async def test_receipts_for_each_record(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    guest = await planted.known_guest()
    told: list[str] = []

    async def erase(session: object, account: object, external_id: str) -> str:
        told.append(external_id)
        return "deleted"

    square = msgspec.structs.replace(registry.connector("square"), erase=erase)
    others = registry.connector
    monkeypatch.setattr(registry, "connector", lambda name: square if name == "square" else others(name))
    async with planted.pool.connection() as db:
        await db.execute("""update connection set account = '{"name": "Till", "locations": []}'""")
    erased = await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert await tell_one(planted.pool, planted.home) and not await tell_one(planted.pool, planted.home)
    async with planted.pool.connection() as db:
        [one] = await receipts.erasures(db, erasure_id=erased.id)
        states = {each.connection: (each.state, each.outcome, each.external_id) for each in one.receipts}
        assert states == {"Till": ("done", "deleted", None), "Book": ("by_hand", None, "b7")} and told == ["t7"]
        await receipts.done(db, next(each.id for each in one.receipts if each.state == "by_hand"), "by_hand")
        [one] = await receipts.erasures(db, erasure_id=erased.id)
    assert {each.external_id for each in one.receipts} == {None}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_notice_and_the_register_tell_what_is_connected(planted: Planted, language: str) -> None:
    async with planted.pool.connection() as db:
        found = await register(db, {one.name: one for one in registry.manifests()})
    assert {one.title for one in found.systems} == {"Square", "resOS"} and "allergies" in found.categories
    notice = notice_html(found, words(language))
    assert "Havnen" in notice and "Square" in notice and f'lang="{language}"' in notice
    told = register_html(found, words(language))
    assert "Book" in told and ("The customer is deleted" in told) == (language == "en")


async def test_a_log_that_cannot_be_written_stops_the_erasure(planted: Planted) -> None:
    guest = await planted.known_guest()
    (Path(planted.home) / "erasures.log").mkdir()
    with pytest.raises(Exception, match="nothing was done"):
        await erase_guest(planted.pool, planted.home, SYSTEM, guest)
    assert await planted.guest_of(planted.book, "b7") == guest
