"""Authorising at a vendor, keeping the access from ending, and authorising anew without losing anything."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from servery.accounts.links import invite
from servery.app import authorise, connect, credentials, tokens
from servery.connectors import registry
from servery.errors import Invalid, NeedsPerson, Refuse
from servery.model.viewer import SYSTEM, Viewer
from servery.settings import Settings
from servery.sync import connections, state
from tests.app.vendor import Orchid, known, serving

pytestmark = pytest.mark.anyio
PUBLIC = "https://servery.example.com"
OWNER = Viewer("person", 1, "Rosa", "owner")


@pytest.fixture
def orchid():
    return Orchid()


@pytest.fixture
def url(orchid, tmp_path, monkeypatch):
    known(tmp_path, monkeypatch)
    yield from serving(orchid)


@pytest.fixture
async def house(tmp_path, pool, url):
    home = tmp_path / "home"
    home.mkdir()
    async with pool.connection() as db:
        await invite(db, SYSTEM, name="Rosa", email="rosa@example.com", role="owner")
        await credentials.set_application(db, home, "orchid", {"client_id": "servery", "client_secret": "app-secret"})
    return Settings(home=home, port=8420, public_url=PUBLIC, database_url=None)


async def _way(pool, house, url, **more):
    async with pool.connection() as db:
        return await authorise.begin(
            db, house, "orchid", {"base_url": url}, **{"who": OWNER, "session": "my session", **more}
        )


async def _connected(pool, house, url, orchid):
    way = await _way(pool, house, url)
    brought = await authorise.bring_back(
        pool, house, orchid.agree(urlsplit(way.url).query), viewer=OWNER, session="my session"
    )
    async with pool.connection() as db:
        choices: dict[str, connect.VenueChoice] = {}
        for one in brought.account.locations:
            venue = await connect.suggested(db, one)
            assert venue is not None
            choices[one.external_id] = venue
        made = await connect.join(
            db, house.home, "orchid", brought.granted.settings, brought.account, name=None, choices=choices
        )
        return await connections.connection(db, made.id)


async def test_the_way_asks_for_what_the_manifest_says_and_tells_no_secret(pool, house, url):
    way = await _way(pool, house, url)
    assert way.url.startswith(f"{url}/authorize?")
    asks = dict(parse_qsl(urlsplit(way.url).query))
    assert asks["redirect_uri"] == f"{PUBLIC}/connections/authorised"
    assert (asks["scope"], asks["code_challenge_method"], asks["client_id"]) == ("READ WRITE", "S256", "servery")
    assert "app-secret" not in way.url
    async with pool.connection() as db:
        (row,) = await (await db.execute("select * from authorisation")).fetchall()
    assert way.state not in repr(row)


async def test_an_agreement_opens_the_account_and_is_kept_sealed(pool, house, url, orchid):
    made = await _connected(pool, house, url, orchid)
    assert made.account["name"] == "Nord"
    assert "access_token" not in made.settings
    assert "refresh_token" not in made.settings
    settings = credentials.all_settings(house.home, made)
    assert settings["access_token"] in orchid.tokens
    assert datetime.fromisoformat(settings["expires_at"]) > datetime.now(UTC) + timedelta(minutes=50)


@pytest.mark.parametrize("turn", ["again", "another session", "another person", "late", "invented"])
async def test_a_state_opens_once_in_time_to_one_person_and_session(pool, house, url, orchid, turn):
    way = await _way(pool, house, url)
    answer = orchid.agree(urlsplit(way.url).query)
    viewer, session = OWNER, "my session"
    if turn == "again":
        await authorise.bring_back(pool, house, answer, viewer=viewer, session=session)
    elif turn == "another session":
        session = "another"
    elif turn == "another person":
        viewer = Viewer("person", 2, "Eve", "owner")
    elif turn == "late":
        async with pool.connection() as db:
            await db.execute("update authorisation set expires_at = now()")
    else:
        answer["state"] = "x" * 43
    codes = len(orchid.asked)
    with pytest.raises(Refuse) as refused:
        await authorise.bring_back(pool, house, answer, viewer=viewer, session=session)
    assert refused.value.code == "state-unknown"
    assert len(orchid.asked) == codes, "the vendor is not asked for somebody else's code"


async def test_who_does_not_agree_changes_nothing(pool, house, url):
    way = await _way(pool, house, url)
    with pytest.raises(Refuse) as refused:
        await authorise.bring_back(
            pool, house, {"error": "access_denied", "state": way.state}, viewer=OWNER, session="my session"
        )
    assert refused.value.code == "not-authorised"


async def test_without_the_application_it_is_told_what_to_enter(pool, house, url):
    async with pool.connection() as db:
        await db.execute("delete from application")
    with pytest.raises(NeedsPerson) as lacking:
        await _way(pool, house, url)
    assert lacking.value.code == "application-missing"


async def test_a_wrong_application_secret_is_told(pool, house, url, orchid):
    async with pool.connection() as db:
        with pytest.raises(Invalid) as unknown:
            await credentials.set_application(db, house.home, "orchid", {"colour": "red"})
        assert unknown.value.field == "colour"
        await credentials.set_application(db, house.home, "orchid", {"client_secret": "wrong"})
    way = await _way(pool, house, url)
    with pytest.raises(NeedsPerson) as refused:
        await authorise.bring_back(
            pool, house, orchid.agree(urlsplit(way.url).query), viewer=OWNER, session="my session"
        )
    assert "wrong" not in str(refused.value)


async def test_an_access_is_renewed_before_it_ends(pool, house, url, orchid):
    orchid.expires_in = 30
    made = await _connected(pool, house, url, orchid)
    first = credentials.all_settings(house.home, made)["access_token"]
    orchid.expires_in = 3600
    async with tokens.using(pool, house.home, made) as session:
        account = await registry.connector("orchid").check(session)
        assert account.name == "Nord"
        assert session.settings["access_token"] != first
    async with pool.connection() as db:
        kept = credentials.all_settings(house.home, await connections.connection(db, made.id))
    assert kept["access_token"] in orchid.tokens - {first}
    assert [form["grant_type"] for form in orchid.asked] == ["authorization_code", "refresh_token"]


async def test_a_refused_access_is_renewed_once_though_many_find_it_refused(pool, house, url, orchid):
    made = await _connected(pool, house, url, orchid)
    orchid.tokens.clear()

    async def ask():
        async with tokens.using(pool, house.home, made) as session:
            return (await registry.connector("orchid").check(session)).name

    assert await asyncio.gather(*(ask() for _ in range(5))) == ["Nord"] * 5
    assert [form["grant_type"] for form in orchid.asked].count("refresh_token") == 1


async def test_without_the_lock_each_would_renew_and_all_but_one_be_refused(pool, house, url, orchid, monkeypatch):
    made = await _connected(pool, house, url, orchid)
    orchid.tokens.clear()
    together = asyncio.Barrier(3)
    asked = tokens.asked

    async def at_once(*given):
        await together.wait()
        return await asked(*given)

    monkeypatch.setattr(tokens, "asked", at_once)

    async def unlocked():
        async with pool.connection() as db:
            found = await connections.connection(db, made.id)
            settings = credentials.all_settings(house.home, found)
            grant = {"grant_type": "refresh_token", "refresh_token": settings["refresh_token"]}
            manifest = registry.manifest("orchid")
            application = await credentials.application(db, house.home, "orchid")
            return await tokens.asked(manifest, application, settings, grant)

    ends = await asyncio.gather(*(unlocked() for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, NeedsPerson) for one in ends) == 2


async def test_a_withdrawn_access_needs_a_person_and_says_how(pool, house, url, orchid):
    made = await _connected(pool, house, url, orchid)
    orchid.tokens.clear()
    orchid.refreshes.clear()
    with pytest.raises(NeedsPerson) as withdrawn:
        async with tokens.using(pool, house.home, made) as session:
            await registry.connector("orchid").check(session)
    assert (withdrawn.value.code, withdrawn.value.field) == (tokens.AUTHORISE_AGAIN, "access_token")
    async with pool.connection() as db:
        assert (await connections.connection(db, made.id)).sealed == made.sealed


async def test_authorising_again_loses_nothing(pool, house, url, orchid):
    made = await _connected(pool, house, url, orchid)
    now = datetime.now(UTC)
    async with pool.connection() as db:
        await state.begin(db, made.id, "orders")
        await state.polled(db, made.id, "orders", now)
        await db.execute("insert into field_rule values (%s, 'name', 'in')", [made.id])
        before = await state.states(db, made.id)
        linked = await connections.places(db, made.id)
    orchid.tokens.clear()
    way = await _way(pool, house, url, connection=made)
    brought = await authorise.bring_back(
        pool, house, orchid.agree(urlsplit(way.url).query), viewer=OWNER, session="my session"
    )
    assert brought.connection_id == made.id
    async with pool.connection() as db:
        found = await connections.connection(db, made.id)
        after = await state.states(db, made.id)
        assert (found.id, found.name, found.created_at) == (made.id, made.name, made.created_at)
        assert after["orders"].polled_until == before["orders"].polled_until == now
        assert await connections.places(db, made.id) == linked
        (rule,) = await (await db.execute("select direction from field_rule")).fetchall()
    assert rule["direction"] == "in"
    async with tokens.using(pool, house.home, found) as session:
        assert (await registry.connector("orchid").check(session)).name == "Nord"


async def test_another_account_does_not_take_the_place_of_the_one_that_is_read(pool, house, url, orchid):
    made = await _connected(pool, house, url, orchid)
    orchid.name = "Elsewhere"
    way = await _way(pool, house, url, connection=made)
    with pytest.raises(Invalid) as other:
        await authorise.bring_back(
            pool, house, orchid.agree(urlsplit(way.url).query), viewer=OWNER, session="my session"
        )
    assert "Elsewhere" in str(other.value)
    async with pool.connection() as db:
        found = await connections.connection(db, made.id)
    assert msgspec.json.encode(found) == msgspec.json.encode(made)
