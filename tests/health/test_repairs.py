"""Repairs open and close by themselves, once for each cause; people put them off and take that back."""

from datetime import timedelta
from uuid import uuid4

import pytest

from servery.errors import Invalid, NeedsPerson, NotFound, Retry
from servery.health import repairs, watch
from servery.health.kinds import KINDS, Counted
from servery.health.repairs import Repair
from servery.language.words import words
from servery.sync import connections
from tests.health.conftest import NOW
from tests.health.house import arrives, fails, kept_aside, recovers, to_send

pytestmark = pytest.mark.anyio
AWAY = Retry("Square does not answer.", retry_after=5)


async def open_now(db, now=NOW) -> list[Repair]:
    await watch.look(db, now)
    return await repairs.repairs(db)


async def kinds(db, now=NOW) -> list[str]:
    return [one.kind for one in await open_now(db, now)]


async def test_all_is_well(db, till):
    assert await kinds(db) == []


async def test_an_outage_opens_once_keeps_its_beginning_and_closes(db, till):
    await to_send(db, till, 212, NOW)
    await fails(db, till, AWAY, NOW - timedelta(seconds=9))
    assert await kinds(db) == [], "what is so short mends itself unseen"
    (first,) = await open_now(db, NOW + timedelta(seconds=5))
    assert (first.kind, first.severity, first.params["waiting"]) == ("unreachable", "critical", 212)
    (later,) = await open_now(db, NOW + timedelta(minutes=5))
    assert (later.id, later.since, later.opened_at) == (first.id, NOW - timedelta(seconds=9), first.opened_at)
    await recovers(db, till, NOW + timedelta(minutes=6))
    assert "unreachable" not in await kinds(db, NOW + timedelta(minutes=6))


@pytest.mark.parametrize(
    ("language", "one", "more"),
    [
        ("en", "1 record from Till could", "2 records from Till could"),
        ("da", "1 post fra Till", "2 poster fra Till"),
        ("de", "1 Datensatz von Till konnte", "2 Datensätze von Till konnten"),
        ("es", "1 registro de Till no se pudo", "2 registros de Till no se pudieron"),
    ],
)
async def test_one_thing_is_told_as_one(db, till, language, one, more):
    spoken = words(language)
    for told in (one, more):
        await kept_aside(db, till, "no-date", NOW)
        (found,) = await open_now(db)
        assert repairs.said(found, spoken.gettext, form=spoken.form)[0].startswith(told)


async def test_what_comes_back_at_once_is_the_same_repair(db, till):
    await fails(db, till, AWAY, NOW - timedelta(minutes=1))
    (first,) = await open_now(db)
    await recovers(db, till, NOW)
    assert await kinds(db) == []
    await fails(db, till, AWAY, NOW)
    (again,) = await open_now(db, NOW + timedelta(minutes=1))
    assert again.id == first.id
    await recovers(db, till, NOW)
    assert await kinds(db, NOW + timedelta(minutes=1)) == []
    await fails(db, till, AWAY, NOW)
    (other,) = await open_now(db, NOW + timedelta(minutes=9))
    assert other.id != first.id


async def test_unreachable_that_becomes_a_persons_matter_stays_one_notice(db, till):
    await fails(db, till, AWAY, NOW - timedelta(minutes=1))
    (first,) = await open_now(db)
    await fails(db, till, NeedsPerson("The key is refused.", field="access_token"), NOW - timedelta(minutes=1))
    (second,) = await open_now(db)
    assert (second.id, second.kind) == (first.id, "needs_person")
    assert second.trouble is not None
    assert second.trouble["template"] == "The key is refused."


async def test_many_of_one_reason_are_one_notice(db, till):
    for _ in range(3):
        await kept_aside(db, till, "no-date", NOW)
    await kept_aside(db, till, "no-total", NOW)
    found = await open_now(db)
    assert sorted((one.kind, one.params["count"]) for one in found) == [("quarantine", 1), ("quarantine", 3)]
    await db.execute("update quarantine set resolved_at = now(), resolution = 'replayed'")
    assert await kinds(db) == []


async def test_events_of_nobody_are_told_until_somebody_connects_their_account(db, till):
    await kept_aside(db, till, "merchant-unknown", NOW)
    await db.execute("update quarantine set connection_id = null")
    (one,) = await open_now(db)
    assert (one.kind, one.params["system"], one.params["count"]) == ("strayed", "square", 1)
    await db.execute("update quarantine set resolved_at = now(), resolution = 'dismissed'")
    assert await kinds(db) == []


async def test_refused_objects_poison_and_backlogs(db, till):
    error = {"code": "bad-phone", "template": "The phone number is refused.", "params": {}}
    await to_send(db, till, 2, NOW, state="refused", error=error)
    await to_send(db, await connections.add_connection(db, "Restored", "square", {}, None), 3, NOW, state="held")
    await arrives(db, till, NOW - timedelta(minutes=11), outcome=None)
    await db.execute("update inbox_work set attempts = 4, lane = 'order:1'")
    other = await connections.add_connection(db, "Other", "square", {}, None)
    await recovers(db, other, NOW)
    await to_send(db, other, 5, NOW - timedelta(minutes=31))
    assert sorted(await kinds(db)) == ["backlog_in", "backlog_out", "held", "poison", "refused"]


async def test_dropped_webhooks_are_noticed(db, till):
    await arrives(db, till, NOW - timedelta(hours=7))
    for hour in range(4):
        await arrives(db, till, NOW - timedelta(hours=hour), via="poll")
    assert await kinds(db) == []
    await arrives(db, till, NOW, via="poll")
    (found,) = await open_now(db)
    assert (found.kind, found.since, found.params["count"]) == ("webhooks_silent", NOW - timedelta(hours=7), 5)


async def test_a_paused_or_removed_connection_needs_nothing(db, till):
    await fails(db, till, NeedsPerson("The key is refused."), NOW - timedelta(hours=1))
    await kept_aside(db, till, "no-date", NOW)
    await connections.pause(db, till, True)
    assert await kinds(db) == []


async def test_the_machine(db, till):
    now = await watch.clock(db)
    web, worker = uuid4(), uuid4()
    await watch.lives(db, web, "web", "front", now, (900_000_000_000, 1_000_000_000_000))
    assert await kinds(db, now) == ["no_worker"]
    await watch.lives(db, worker, "worker", "back", now + timedelta(seconds=40), (1_000_000_000, 10_000_000_000))
    assert sorted(await kinds(db, now)) == ["clock", "disk_low"]
    await watch.lives(db, worker, "worker", "back", now, (100_000_000, 10_000_000_000))
    found = await open_now(db, now)
    assert [(one.kind, one.severity, one.params["free"]) for one in found] == [("disk", "critical", "0.1 GB")]
    await watch.ends(db, worker)
    await watch.ends(db, web)
    assert await kinds(db, now) == [], "what ended in order is missed by nobody"


async def test_a_killed_worker_is_missed(db, till):
    now = await watch.clock(db)
    await watch.lives(db, uuid4(), "worker", "back", now, None)
    assert await kinds(db, now + timedelta(seconds=50)) == []
    assert await kinds(db, now + timedelta(seconds=70)) == ["no_worker"]


async def test_backups(db, till):
    await db.execute("update connection set created_at = %s", [NOW - timedelta(days=8)])
    assert await kinds(db) == ["backup_never"]
    await db.execute(
        "insert into action (at, viewer_kind, viewer_id, action, subject) values (%s, 'system', 0, 'backup-made', 'x')",
        [NOW],
    )
    assert await kinds(db) == []
    assert await kinds(db, NOW + timedelta(days=8)) == ["backup_old"]


async def test_a_repair_is_put_off_ignored_and_heeded_again(db, till):
    await fails(db, till, NeedsPerson("The key is refused."), NOW - timedelta(hours=1))
    (one,) = await open_now(db)
    assert repairs.needs_person([one], NOW)
    put_off = await repairs.snooze(db, one.id, NOW + timedelta(hours=2), NOW)
    assert not repairs.needs_person([put_off], NOW)
    assert repairs.needs_person([put_off], NOW + timedelta(hours=3))
    ignored = await repairs.ignore(db, one.id, NOW)
    assert repairs.loud([ignored], NOW + timedelta(days=99)) == []
    assert repairs.loud([await repairs.heed(db, one.id)], NOW)
    for until in (NOW, NOW + timedelta(days=31)):
        with pytest.raises(Invalid):
            await repairs.snooze(db, one.id, until, NOW)
    with pytest.raises(NotFound):
        await repairs.ignore(db, one.id + 1, NOW)


async def test_only_one_of_several_looks_at_a_time(db, till):
    await fails(db, till, AWAY, NOW - timedelta(minutes=1))
    assert await watch.look_in_turn(db, NOW)
    await recovers(db, till, NOW)
    assert not await watch.look_in_turn(db, NOW + timedelta(seconds=1)), "another looked a moment ago"
    assert await watch.look_in_turn(db, NOW + timedelta(seconds=5))
    assert await repairs.repairs(db) == []


async def test_the_words_of_every_kind_have_their_places(db, till):
    given = {
        "code",
        "connection",
        "since",
        "waiting",
        "count",
        "reason",
        "free",
        "size",
        "host",
        "seconds",
        "names",
        "number",
        "system",
    }
    for kind in KINDS.values():
        forms = (kind.what.one, kind.what.many) if isinstance(kind.what, Counted) else (kind.what,)
        assert all("{" not in form.format_map({name: name for name in given}) for form in forms)
        assert kind.button is None or "{" not in kind.button.path.format(connection_id=1, code="x")


async def test_a_row_of_an_older_version_breaks_no_page(db, till):
    await kept_aside(db, till, "no-date", NOW)
    (one,) = await open_now(db)
    assert one.leads("/events?connection={connection_id}&code={code}") == f"/events?connection={till}&code=no-date"
    await db.execute("update repair set params = params - 'code' - 'count'")
    (one,) = await repairs.repairs(db)
    assert one.leads("/events?code={code}") == "/events?code=–"
    assert repairs.said(one)[0].startswith("– records from Till could not be taken in")


async def test_what_a_paused_connection_sent_is_told_after_a_day(db, till):
    await connections.pause(db, till, True)
    await arrives(db, till, NOW - timedelta(hours=20), outcome=None)
    assert "unread" not in await kinds(db)
    await arrives(db, till, NOW, outcome=None)
    (found,) = [one for one in await open_now(db, NOW + timedelta(hours=5)) if one.kind == "unread"]
    assert (found.severity, found.params["waiting"], found.connection_id) == ("warning", 2, till)
    await connections.pause(db, till, False)
    assert "unread" not in await kinds(db, NOW + timedelta(hours=5))
