"""The verb `hear`: webhooks may be dropped, doubled, shuffled or late; with the polls beside them all comes right."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec import Raw

from servery.connectors.contract import Heard, Resource
from servery.errors import Quarantine
from servery.model.changes import Change
from servery.testing.evening import NOW, Evening
from servery.testing.rehearsal import Events, Opened, folded, listed, poll_span, standing
from servery.testing.suite.base import Part

Event = tuple[str, bytes]
_SEED = 7


class Hearing(Part):
    """Webhooks."""

    @pytest.mark.parametrize("fate", ["as sent", "doubled", "shuffled", "dropped", "late"])
    def test_webhooks_and_polls_together_lose_nothing(self, fate: str) -> None:
        """Whatever becomes of the deliveries: after the next poll the state is what stands at the vendor."""
        events = self._events()
        if fate == "dropped" and not self.manifest.resources:
            pytest.skip("does not apply: it reads nothing by itself, so what is dropped must be sent again")
        evening = Evening(6)
        with self.rehearsal.playing(evening.stage) as play:
            sent = list(events(evening.stage))
            for number in range(3):
                evening.change(number, NOW + timedelta(seconds=number + 1))
            sent += list(events(evening.stage))
            delivered = _fated(sent, fate)
            told = play.run(lambda opened: _taken_in(opened, delivered))
            in_order = folded(play.run(lambda opened: _taken_in(opened, sent)))
            right = standing(play.everything()) if self.manifest.resources else in_order
            polled = play.run(lambda opened: opened.poll(NOW))
        # Late: the poll came before what the webhooks tell.
        found = folded([*polled, *told] if fate == "late" else [*told, *polled])
        news = folded(polled)
        other = {key for key, change in found.items() if key in right and right[key] != change}
        assert not other, f"not as it stands at the vendor: {listed(other)}"
        assert set(news) <= set(found)

    def test_a_webhook_tells_news_at_once(self) -> None:
        """What a delivery brings, names or announces is what changed: a host need not wait for the poll."""
        events = self._events()
        evening = Evening(2)
        with self.rehearsal.playing(evening.stage) as play:
            sent = list(events(evening.stage))
            told = play.run(lambda opened: _taken_in(opened, sent))
        assert sent, "the simulator sends no webhook of what stands there"
        assert told, "no webhook led to anything"

    def test_hear_is_pure_and_total(self) -> None:
        """The same delivery says the same; one that is spoilt raises Quarantine and nothing else."""
        hear = self.rehearsal.connector.hear
        assert hear or not self.manifest.webhook, "the manifest declares a webhook: webhooks.py must hold hear"
        events = self._events()
        chance = random.Random(_SEED)
        for kind, body in events(Evening(2).stage):
            assert hear is not None
            assert hear(kind, Raw(body)) == hear(kind, Raw(body))
            assert hear(kind, Raw(body)).lane, "name the object that it is about: its lane keeps the order"
            for spoilt in (b"", b"{}", b"null", b"[]", b"[" * 10_000, body[: chance.randrange(len(body))]):
                try:
                    hear(kind, Raw(spoilt))
                except Quarantine:
                    continue

    def _events(self) -> Events:
        if self.manifest.webhook is None:
            pytest.skip("does not apply: it has no webhooks")
        assert self.rehearsal.events, "it has webhooks: tell the suite what the vendor would send, with events="
        return self.rehearsal.events


def _fated(sent: Sequence[Event], fate: str) -> list[Event]:
    chance = random.Random(_SEED)
    delivered = list(sent)
    if fate == "doubled":
        delivered += sent
    if fate in ("shuffled", "doubled"):
        chance.shuffle(delivered)
    if fate == "dropped":
        delivered = delivered[::3]
    return delivered


async def _taken_in(opened: Opened, events: Sequence[Event]) -> list[Change]:
    """What deliveries come to, as the engine takes them: records at once, ids by fetching, news by polling."""
    hear = opened.connector.hear
    assert hear is not None
    said: list[Change] = []
    for kind, body in events:
        heard = hear(kind, Raw(body))
        said += [change for resource, record in heard.records for change in opened.translated(resource, [record])]
        said += await _fetched(opened, heard)
        for name in heard.news:
            resource = _resource(opened, name)
            said += await opened.said(resource, poll_span(resource, NOW))
    return said


async def _fetched(opened: Opened, heard: Heard) -> list[Change]:
    fetch, account = opened.connector.fetch, await opened.account()
    said: list[Change] = []
    for name, external_id in heard.wanted:
        assert fetch, "hear names records to be fetched: client.py must hold fetch"
        resource = _resource(opened, name)
        page = await fetch(opened.session, resource, account, [external_id, "no-such-record"])
        said += opened.translated(name, page.records)
    return said


def _resource(opened: Opened, name: str) -> Resource:
    found = {one.name: one for one in opened.connector.manifest.resources}
    assert name in found, f"hear names {name}, which is no resource of the manifest"
    return found[name]
