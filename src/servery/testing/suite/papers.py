"""What a connector says of itself: manifest, README, messages, and the quality it claims."""

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, get_args

import msgspec
import pytest

from servery.connectors.contract import Resource, Webhook
from servery.model.commands import Field
from servery.testing import messages, quality
from servery.testing.suite.base import Part

LANGUAGES = ("da", "de", "es")
_README_MOST = 60
"""Words of which a README has at least so many."""


class Papers(Part):
    """The connector's own documents."""

    def test_the_manifest_is_complete(self) -> None:
        """Each setting can be entered, each resource polled, and what does not cross says why."""
        ours = self.manifest
        assert ours.title, "the title is what people see"
        assert ours.capabilities, "say what crosses, field by field and which way"
        assert all(one.label and (one.help or not one.secret) for one in (*ours.settings, *ours.application))
        assert all(one.note for one in ours.capabilities if one.direction == "none"), "say why it does not cross"
        names = [one.name for one in ours.settings]
        assert len(names) == len(set(names)), "two settings have one name"
        for resource in ours.resources:
            _is_sound(resource)

    def test_the_declared_webhook_is_sound(self) -> None:
        """Its secret is one of the settings, and a signature over a timestamp names the header that holds it."""
        webhook = self.manifest.webhook
        if webhook is None:
            pytest.skip("does not apply: it has no webhooks")
        holders = self.manifest.settings if webhook.per == "connection" else self.manifest.application
        secret = next((one for one in holders if one.name == webhook.secret), None)
        assert secret is not None, f"no setting {webhook.secret} holds the secret"
        assert secret.secret, f"the setting {webhook.secret} is a secret: say so"
        _is_signed(webhook)

    def test_what_it_writes_is_declared(self) -> None:
        """A field goes out only with a command that carries it, and a command only with a field."""
        out = {one.field for one in self.manifest.capabilities if one.direction in ("out", "both")} & {*get_args(Field)}
        if self.manifest.outgoing:
            assert out, "it sends, and no capability with a field of model.commands.Field goes out"
            assert self.rehearsal.connector.send, "it declares outgoing commands and has no send.py"
            assert self.rehearsal.connector.look_up, "a send with an unknown end must be looked up: add look_up"
        else:
            assert not out, f"declared as going out, and nothing is sent: {', '.join(sorted(out))}"

    def test_the_readme_tells_what_it_reads_and_how_to_get_credentials(self) -> None:
        """README.md is there, is more than a title, and names every setting that must be entered."""
        text = self._folder().joinpath("README.md").read_text("utf-8")
        assert len(text.split()) >= _README_MOST, "the README says hardly anything"
        for setting in self.manifest.settings:
            if setting.required and setting.default is None:
                assert setting.name in text or setting.label.casefold() in text.casefold(), (
                    f"the README does not say how to come by {setting.label}"
                )
        assert re.search(r"^## .*limit", text, re.IGNORECASE | re.MULTILINE), 'the README has no "Known limits"'

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_everything_said_is_said_in_each_language(self, language: str) -> None:
        """The connector's own catalogue holds each of its messages, with the same places, and none that nobody says."""
        said = messages.said(self._folder(), self.manifest)
        told = messages.told(self._folder(), language)
        assert {text for text in said if not told.get(text)} == set(), "messages without a translation"
        assert set(told) - said - messages.words(self.manifest) == set(), "translations of what nobody says"
        assert {text for text in said if messages.places(text) != messages.places(told[text])} == set()

    def test_the_quality_claimed_is_not_above_what_is_proven(self) -> None:
        """The manifest's level is at most what this suite can prove of it: `python -m servery.testing quality`."""
        verdict = quality.verdict(self.manifest)
        claimed, proven = quality.rank(self.manifest.quality), quality.rank(verdict.proven)
        assert claimed <= proven, f"it claims {self.manifest.quality}: {'; '.join(verdict.lacking)}"

    def test_the_manifest_says_nothing_that_nobody_reads(self) -> None:
        """Every word of manifest.toml is one that the contract knows: a slip of the pen is found here."""
        text = self._folder().joinpath("manifest.toml").read_bytes()
        assert list(_unknown(msgspec.toml.decode(text), self.manifest)) == []

    def _folder(self) -> Traversable:
        return files(self.rehearsal.package)


def _is_sound(resource: Resource) -> None:
    assert resource.poll_seconds > 0, f"{resource.name} is never polled"
    if resource.poll_by is not None:
        assert resource.lateness > 0, f"{resource.name}: say by how much polls overlap (lateness)"
    else:
        assert not resource.lateness and not resource.ahead, f"{resource.name} is read whole: it overlaps with nothing"


def _is_signed(webhook: Webhook) -> None:
    if webhook.by != "hmac":
        return
    assert "{body}" in webhook.signs, "a signature that leaves out the body protects nothing"
    assert ("{timestamp}" in webhook.signs) == (webhook.timestamp_header is not None)
    assert "{id}" not in webhook.signs or webhook.id_header, "{id} is signed: name its header"
    assert 0 < webhook.past <= 3600, "how old a delivery may be"
    assert 0 <= webhook.future <= 3600, "how far ahead a delivery may be"


def _unknown(written: Any, understood: Any) -> Iterator[str]:
    """The words of a manifest that became nothing."""
    if isinstance(written, dict) and isinstance(understood, msgspec.Struct):
        for name, inner in written.items():
            if name not in understood.__struct_fields__:
                yield name
            else:
                yield from _unknown(inner, getattr(understood, name))
    elif isinstance(written, list):
        for inner, member in zip(written, understood, strict=True):
            yield from _unknown(inner, member)
