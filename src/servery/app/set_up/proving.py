"""Proving that a connection works: each step tried, told in plain words, and everything put away at the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from servery.app import credentials
from servery.app.arrive import tell_pages
from servery.app.set_up import planting, watched
from servery.app.set_up.watched import Arrived, FirstRead
from servery.app.tokens import using
from servery.connectors import registry
from servery.connectors.contract import Connector, Session
from servery.errors import ServeryError
from servery.settings import Settings
from servery.storage.pool import Pool
from servery.sync import connections, proof
from servery.sync.connections import Connection
from servery.sync.proof import Step, StepName, Verification

FIRST_READ = 60.0
"""Seconds in which a connection that works has been read for the first time."""
LOOK = 1.0
"""Seconds between looks for what is waited for."""

Tell = Callable[[Step], None]


class Proving(Struct):
    """One verification at work. `arrived` is what a person was asked to make, once it is here."""

    pool: Pool
    house: Settings
    connection: Connection
    connector: Connector
    session: Session
    asked: Verification
    steps: dict[StepName, Step]
    tell: Tell
    arrived: Arrived | None = None

    @property
    def title(self) -> str:
        """What the system is called."""
        return self.connector.manifest.title

    async def note(self, step: Step) -> None:
        """Write a step down and show it."""
        self.steps[step.name] = step
        async with self.pool.connection() as db:
            await proof.keep_steps(db, self.asked.id, list(self.steps.values()))
            await tell_pages(db, ["connections"])
        self.tell(step)


async def prove(pool: Pool, house: Settings, asked: Verification, tell: Tell = lambda _: None) -> Verification:
    """Carry out what is left of a verification, clear up whatever came of it, and give it as it ended."""
    async with pool.connection() as db:
        connection = await connections.connection(db, asked.connection_id)
    connector = registry.connector(connection.connector)
    async with using(pool, house.home, connection) as session:
        steps = {step.name: step for step in asked.steps}
        one = Proving(pool, house, connection, connector, session, asked, steps, tell)
        try:
            for name, prove_it in _STEPS.items():
                await _try(one, name, prove_it)
        finally:
            await one.note(await _clean(one))
    async with pool.connection() as db:
        found = await proof.verification(db, asked.id)
        assert found is not None
        await proof.end(db, found)
        await tell_pages(db, ["connections"])
    return found


async def _try(one: Proving, name: StepName, prove_it: Callable[[Proving], Awaitable[Step]]) -> None:
    if one.steps[name].state not in ("waits", "runs"):
        return
    if name != "access" and one.steps["access"].state == "failed":
        await one.note(Step(name=name, state="skipped"))
        return
    await one.note(Step(name=name, state="runs"))
    try:
        await one.note(await prove_it(one))
    except ServeryError as error:
        await one.note(_failed(name, error))


def _failed(name: StepName, error: ServeryError) -> Step:
    params: Mapping[str, Any] = {key: str(value) for key, value in error.params.items()}
    field = getattr(error, "field", None)
    return Step(name=name, state="failed", template=error.template, params=params, mend=error.mend, field=field)


def _(message: str) -> str:
    """Marks a message for the catalogues; it is translated where it is shown."""
    return message


async def _access(one: Proving) -> Step:
    begun = time.monotonic()
    account = await one.connector.check(one.session)
    return Step(
        name="access",
        state="ok",
        template=_("{title} answers, and opens {account}."),
        params={"title": one.title, "account": account.name},
        seconds=time.monotonic() - begun,
    )


async def _newest(one: Proving) -> Step:
    until = time.monotonic() + FIRST_READ
    while True:
        async with one.pool.connection() as db:
            first = await watched.first_read(db, one.connection.id, one.connector.manifest)
        if first.trouble:
            raise first.trouble
        if first.read or time.monotonic() > until:
            break
        await _look_again(one)
    if not first.read:
        return Step(name="newest", state="failed", template=_("Nothing was read within a minute."),
                    mend=_("See that Servery is up, and that the connection is not paused."))  # fmt: skip
    if not first.records:
        return Step(name="newest", state="ok", template=_("{title} was read, and holds nothing yet."),
                    params={"title": one.title})  # fmt: skip
    return Step(
        name="newest",
        state="ok",
        template=_how_much(first),
        params={"count": first.records, "minutes": first.minutes},
    )


async def _look_again(one: Proving) -> bool:
    """Wait a little; whether the person still waits."""
    await asyncio.sleep(LOOK)
    async with one.pool.connection() as db:
        return await proof.still_at_it(db, one.asked.id)


def _how_much(first: FirstRead) -> str:
    if first.records == 1:
        return _("One record is read.")
    if not first.minutes:
        return _("{count} records are read, the newest within the last minute.")
    if first.minutes == 1:
        return _("{count} records are read, the newest a minute ago.")
    return _("{count} records are read, the newest {minutes} minutes ago.")


async def _writes(one: Proving) -> Step:
    if not one.connector.manifest.outgoing:
        return Step(name="writes", state="skipped", template=_("Nothing is written to {title}: it is only read."),
                    params={"title": one.title})  # fmt: skip
    command = planting.test_of(one.connector, planting.account_of(one.connection))
    if command is None:
        return Step(
            name="writes",
            state="by_hand",
            template=_("A test could not be taken away from {title} again, so none is made."),
            mend=_("Change something about a guest of today, and look for it there a minute later."),
            params={"title": one.title},
        )
    if not one.asked.write:
        return Step(
            name="writes",
            state="by_hand",
            template=_("No test was put into {title}, for nobody has allowed it."),
            mend=_("Verify again and allow it, or change something about a guest of today and look for it there."),
            params={"title": one.title},
        )
    sent, seconds = await planting.plant(one.pool, one.connector, one.connection, one.session, one.asked.id, command)
    return Step(
        name="writes",
        state="ok",
        template=_("A test called “{name}” was put into {title} and read back there as {external_id}."),
        params={"title": one.title, "name": planting.NAME, "external_id": str(sent.external_id)},
        seconds=seconds,
    )


async def _arrives(one: Proving) -> Step:
    ask = watched.what_to_do(one.connector.manifest)
    if ask is None:
        return Step(name="arrives", state="skipped", template=_("Nothing happens there that could be waited for."))
    await one.note(Step(name="arrives", state="runs", template=ask, params={"title": one.title}))
    async with one.pool.connection() as db:
        since = await watched.so_far(db, one.connection.id)
    until = time.monotonic() + one.asked.wait
    while time.monotonic() < until:
        async with one.pool.connection() as db:
            one.arrived = await watched.arrived(db, one.connection.id, since)
        if one.arrived is not None:
            return _seen(one, one.arrived)
        if not await _look_again(one):
            break
    return Step(
        name="arrives",
        state="by_hand",
        template=_("Nothing new came while it was waited for."),
        mend=ask,
        params={"title": one.title},
    )


def _seen(one: Proving, arrived: Arrived) -> Step:
    template = _("The check of {at} came.") if arrived.check_id else _("The booking for {at} came.")
    return Step(
        name="arrives",
        state="ok",
        template=template,
        params={"title": one.title, "at": arrived.at.isoformat()},
        seconds=arrived.delay,
        check_id=arrived.check_id,
        reservation_id=arrived.reservation_id,
    )


async def _profile(one: Proving) -> Step:
    if one.arrived is None:
        return Step(
            name="profile",
            state="by_hand",
            template=_("Nothing new came that could be looked for on a guest's page."),
            mend=_("Open the page of a guest who was here lately, and look for the visit and what was paid."),
        )
    async with one.pool.connection() as db:
        return await watched.on_a_profile(db, one.arrived)


async def _guests(one: Proving) -> Step:
    async with one.pool.connection() as db:
        return await watched.merged_guests(db, one.connection.id)


async def _webhook(one: Proving) -> Step:
    settings = credentials.all_settings(one.house.home, one.connection)
    async with one.pool.connection() as db:
        application = await credentials.application(db, one.house.home, one.connector.manifest.name)
        return await watched.webhook(
            db, one.connection, one.connector.manifest, one.house.public_url, settings, application
        )


async def _clean(one: Proving) -> Step:
    failed = await planting.clear(one.pool, one.connector, one.connection, one.session)
    if failed:
        return Step(
            name="clean",
            state="failed",
            template=_("The test still stands in {title}. Taking it away is tried again by itself."),
            mend=_("It is called “{name}”, should you want to delete it there yourself."),
            params={"title": one.title, "name": planting.NAME},
        )
    return Step(name="clean", state="ok", template=_("Nothing of the test is left."))


_STEPS: dict[StepName, Callable[[Proving], Awaitable[Step]]] = {
    "access": _access,
    "newest": _newest,
    "writes": _writes,
    "arrives": _arrives,
    "profile": _profile,
    "guests": _guests,
    "webhook": _webhook,
}


async def clear_left(pool: Pool, house: Settings) -> None:
    """Take away the tests that a verification left behind, because it died or the other system was away."""
    async with pool.connection() as db:
        left = await proof.planted(db)
    for connection_id in {one.connection_id for one in left}:
        try:
            async with pool.connection() as db:
                connection = await connections.connection(db, connection_id)
            async with using(pool, house.home, connection) as session:
                await planting.clear(pool, registry.connector(connection.connector), connection, session)
        except ServeryError as error:
            # The connection was removed, or its credentials cannot be opened: nothing can be asked there now.
            async with pool.connection() as db:
                for one in left:
                    if one.connection_id == connection_id:
                        await proof.not_cleared(db, one.our_id, error)
