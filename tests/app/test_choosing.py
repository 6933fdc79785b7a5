"""Choosing who owns a field: told first, carried out for everybody concerned, and taken back."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from servery.app import catching_up, choosing
from servery.errors import Invalid, NotFound, Refuse
from servery.model.viewer import SYSTEM, Viewer
from servery.storage.pool import open_pool
from tests.app.both import House, house, known
from tests.app.test_both_ways import booking

pytestmark = pytest.mark.anyio
INTEGRATOR = Viewer("person", 1, "Ida", "integrator")


@pytest.fixture
async def nord(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    known(monkeypatch)
    async with open_pool(database) as pool:
        made = await house(pool)
        await peopled(made)
        yield made


async def peopled(nord: House) -> None:
    """Two guests whom both systems know; of one the till says another allergy."""
    for number, allergies in ((1, ("nuts",)), (2, ())):
        name, email = f"Guest No{'x' * number}", f"g{number}@x.dk"
        nord.book.says(f"b{number}", name=name, email=email, allergies=("fish",))
        nord.till.says(f"t{number}", name=name, email=email, allergies=allergies)
    await nord.till.tells()
    await nord.book.tells(booking())
    await nord.rounds()


async def ask(nord: House, work: Any, *given: Any) -> Any:
    async with nord.pool.connection() as db:
        return await work(db, *given)


async def anew(nord: House) -> None:
    while await catching_up.make_anew(nord.pool):
        pass


def allergies(golden: list[dict[str, Any]]) -> list[list[str]]:
    return [[one["value"] for one in each.get("allergies", ())] for each in golden]


async def test_what_a_choice_does_is_told_and_done_and_taken_back(nord):
    assert allergies(await nord.golden()) == [["fish", "nuts"], ["fish"]]
    [effect] = await ask(nord, choosing.effect, SYSTEM, nord.till.id, {"allergies": "out", "name": "both"})
    assert (effect.field, effect.before, effect.after) == ("allergies", "both", "out")
    assert (effect.written, effect.changed) == (None, 1)
    assert [(one.name, one.before, one.after) for one in effect.examples] == [("Guest Nox", "fish, nuts", "fish")]
    assert await nord.rows("select count(*) from field_rule") == [(0,)]

    assert await ask(nord, choosing.choose, SYSTEM, nord.till.id, {"allergies": "out"}) == 1
    told = await ask(nord, choosing.fields, nord.till.id)
    assert (told.progress.done, told.progress.total) == (0, 2)
    await anew(nord)
    assert (await ask(nord, choosing.fields, nord.till.id)).progress is None
    assert allergies(await nord.golden()) == [["fish"], ["fish"]]
    await nord.rounds()
    assert nord.book.people["b1"][1].allergies == ("fish",)

    await ask(nord, choosing.undo, SYSTEM, nord.till.id)
    await anew(nord)
    assert allergies(await nord.golden()) == [["fish", "nuts"], ["fish"]]
    assert await nord.rows("select count(*) from field_rule") == [(0,)]


async def test_what_may_not_go_there_any_more_is_taken_from_there(nord):
    [effect] = await ask(nord, choosing.effect, SYSTEM, nord.till.id, {"allergies": "in"})
    assert (effect.written, effect.changed) == (2, None)
    assert nord.till.people["t2"][1].allergies == ("fish",)
    await ask(nord, choosing.choose, SYSTEM, nord.till.id, {"allergies": "in"})
    await nord.rounds()
    assert nord.till.people["t2"][1].allergies == ()
    assert nord.till.people["t1"][1].allergies == ("nuts",)


async def test_what_is_not_taken_from_a_book_is_not_told_to_the_till(nord):
    await nord.book.tells(booking(revision=2, requests="By the window"))
    await nord.rounds()
    assert [one.requests for one in nord.till.parties.values()] == ["By the window"]
    await ask(nord, choosing.choose, SYSTEM, nord.book.id, {"requests": "none"})
    await anew(nord)
    await nord.rounds()
    await catching_up.sweep(nord.pool)
    await nord.rounds()
    assert [one.requests for one in nord.till.parties.values()] == [None]


async def test_who_may_not_see_allergies_is_given_figures_alone(nord):
    [effect] = await ask(nord, choosing.effect, INTEGRATOR, nord.till.id, {"allergies": "out"})
    assert (effect.changed, effect.examples) == (1, ())


async def test_what_cannot_be_is_refused(nord):
    with pytest.raises(Invalid, match="cannot go this way"):
        await ask(nord, choosing.choose, SYSTEM, nord.till.id, {"figures": "sideways"})
    with pytest.raises(Invalid, match="no field colour"):
        await ask(nord, choosing.effect, SYSTEM, nord.till.id, {"colour": "in"})
    with pytest.raises(Refuse, match="taken back"):
        await ask(nord, choosing.undo, SYSTEM, nord.book.id)
    with pytest.raises(NotFound):
        await ask(nord, choosing.fields, 99)


async def test_choosing_what_is_so_already_changes_nothing(nord):
    assert await ask(nord, choosing.choose, SYSTEM, nord.till.id, {"allergies": "both"}) == 0
    assert (await ask(nord, choosing.fields, nord.till.id)).progress is None
