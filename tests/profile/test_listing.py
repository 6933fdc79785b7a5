import pytest

from servery.errors import Invalid
from servery.model.guest import SourceGuest
from servery.model.money import Money
from servery.model.viewer import SYSTEM
from servery.profile import listing
from servery.profile.listing import Order, guest_count, guest_list, guest_rows
from tests.profile.house import House, ago, dish, viewer

pytestmark = pytest.mark.anyio


async def all_names(house: House, order: Order, limit: int) -> list[str | None]:
    names: list[str | None] = []
    cursor = None
    while True:
        page = await guest_list(house.db, SYSTEM, cursor=cursor, limit=limit, order=order)
        names += [row.name or row.reference for row in page.rows]
        cursor = page.next
        if cursor is None:
            return names


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
async def test_names_sort_as_danes_expect_and_the_nameless_last(house: House, limit: int):
    for number, name in enumerate(["Østergaard", None, "Ærø", "Zahle", "Åkjær", "Aagaard", "Aagaard", "Andersen"]):
        await house.guest(f"n{number}", name=name)
    assert await all_names(house, "name", limit) == [
        "Andersen", "Zahle", "Ærø", "Østergaard", "Aagaard", "Aagaard", "Åkjær", "n1",
    ]  # fmt: skip
    assert await guest_count(house.db, SYSTEM) == 8


async def test_many_guests_are_not_counted_to_the_last(house: House, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED_TO", 2)
    for name in ("Anna", "Bo", "Carl", "Dan"):
        await house.guest(name, name=name)
    assert await guest_count(house.db, SYSTEM) == 3


async def test_the_latest_changed_come_first(house: House):
    for name in ("Anna", "Bo", "Carl"):
        await house.guest(name, name=name)
    await house.db.execute("update guest set updated_at = updated_at + id * interval '1 second'")
    assert await all_names(house, "updated", 2) == ["Carl", "Bo", "Anna"]


async def test_a_row_has_the_figures_a_list_shows(house: House):
    guest = await house.guest("t1", till=True, name="Anna", email="anna@example.com", vip=True, allergies=("Nuts",))
    await house.check(ago(20), [dish("Ribeye", 30000)], guest="t1", refunded=1000)
    await house.check(ago(10), [dish("Ribeye", 20000)], guest="t1", tip=100)
    await house.check(ago(5), [dish("Schnitzel", 2500)], guest="t1", currency="EUR", location="other")
    await house.guest(name="Anna", email="anna@example.com")
    await house.booking(ago(1), guest_said=SourceGuest(allergies=("Eggs",)))
    row = (await guest_rows(house.db, SYSTEM, [guest]))[guest]
    assert (row.visits, row.last_visit, row.vip, row.allergies) == (4, ago(1).date(), True, ("Eggs", "Nuts"))
    assert row.spend == (Money(49000, "DKK"), Money(2500, "EUR"))
    server = (await guest_rows(house.db, viewer("server"), [guest]))[guest]
    assert (server.email, server.spend, server.allergies, server.visits) == (None, (), ("Eggs", "Nuts"), 4)


async def test_absorbed_guests_are_listed_no_more(house: House):
    await house.guest(name="Anna Holm", email="anna@example.com")
    await house.guest("g2", name="Anna Holm", phone="+4520123456")
    await house.guest("g3", name="Anna Holm", email="anna@example.com", phone="+4520123456")
    assert len((await guest_list(house.db, SYSTEM)).rows) == 1


@pytest.mark.parametrize("cursor", ["nonsense", "!", "bnVsbA", "eyJhIjoxfQ"])
async def test_a_cursor_of_ones_own_making_is_refused(house: House, cursor: str):
    with pytest.raises(Invalid, match=r"This is no cursor of this list\. Begin without one"):
        await guest_list(house.db, SYSTEM, cursor=cursor)


async def test_a_cursor_belongs_to_its_order(house: House):
    for name in ("Anna", "Bo"):
        await house.guest(name, name=name)
    by_name = (await guest_list(house.db, SYSTEM, limit=1)).next
    with pytest.raises(Invalid):
        await guest_list(house.db, SYSTEM, cursor=by_name, order="updated")
