"""The verb `check`: the right credentials open the account, and any others are told beside the setting at fault."""

from typing import Any, get_args
from uuid import uuid4

import httpx
import pytest

from servery.connectors.contract import Target
from servery.errors import NeedsPerson, Retry, ServeryError
from servery.model.commands import Field
from servery.testing.evening import Evening
from servery.testing.faults import PASSING, STRANGE, UNAUTHORIZED, in_seconds, too_many
from servery.testing.rehearsal import Opened
from servery.testing.suite.base import Part
from servery.testing.wanted import command

_IMPATIENT = 0.4


class Checking(Part):
    """Signing in."""

    def test_the_right_credentials_open_the_account(self) -> None:
        """`check` tells an account with at least one location, each with an id and a name."""
        with self.rehearsal.playing(Evening(1).stage) as play:
            account = play.check()
        assert account.name
        assert account.locations, "an account without a location is of no use: raise NeedsPerson"
        assert all(place.external_id and place.name for place in account.locations)
        assert len({place.external_id for place in account.locations}) == len(account.locations)

    def test_wrong_credentials_are_told_beside_the_setting(self) -> None:
        """Each secret in turn is wrong: NeedsPerson names it, and tells it to nobody."""
        secrets = {one.name for one in self.manifest.settings if one.secret} & set(self.rehearsal.settings)
        if not secrets:
            pytest.skip("does not apply: it signs in without a secret")
        with self.rehearsal.playing(Evening(1).stage) as play:
            for name in secrets:
                for wrong in ("wr0ng-secret", "two words", "clé"):
                    with pytest.raises(NeedsPerson) as told:
                        play.check(changed={name: wrong})
                    assert told.value.field == name, f"a wrong {name} is told beside {told.value.field}"
                    assert wrong not in str(told.value), "the error tells the secret"

    def test_a_wrong_address_is_told(self) -> None:
        """Nothing there at all passes by itself, perhaps; what is no address, or no such API, is told beside it."""
        addresses = [name for name, value in self.rehearsal.settings.items() if "{url}" in value]
        with self.rehearsal.playing(Evening(1).stage) as play:
            for name in addresses:
                for wrong in ("nowhere", "ftp://example.org", "http://me:s3cret@127.0.0.1:1"):
                    with pytest.raises(ServeryError) as told:
                        play.check(changed={name: wrong})
                    assert "s3cret" not in str(told.value), "the error tells a password"
                    assert isinstance(told.value, Retry) or getattr(told.value, "field", "") == name
            if not self.manifest.resources:
                return
            play.front.spoil_all(STRANGE["HTML instead"])
            with pytest.raises((NeedsPerson, Retry)):
                play.check()

    @pytest.mark.parametrize("name", [*PASSING])
    def test_a_passing_fault_is_tried_again(self, name: str) -> None:
        """While it lasts, `check` raises Retry with a sensible wait; a connector asks nobody to mend what passes."""
        self.needs_resources()
        with self.rehearsal.playing(Evening(1).stage) as play:
            play.front.spoil_all(PASSING[name])
            with pytest.raises(Retry) as told:
                play.check(patience=_IMPATIENT)
            assert 0 < told.value.retry_after <= 3600
            assert "{" not in told.value.told(), f"a place was left unfilled: {told.value.told()}"

    @pytest.mark.parametrize("name", [*PASSING, *STRANGE])
    def test_a_fault_in_the_middle_changes_no_account(self, name: str) -> None:
        """Whichever of its answers is spoilt, `check` fails or tells the same account as without faults."""
        fault = (PASSING | STRANGE)[name]
        with self.rehearsal.playing(Evening(1).stage) as play:
            right = play.check()
            for after in range(len(play.front.asked)):
                play.front.recover()
                play.front.spoil(fault, after)
                try:
                    account = play.check(patience=_IMPATIENT)
                except (Retry, NeedsPerson):
                    continue
                assert account == right, f"with answer {after + 1} spoilt, another account was told"

    def test_the_wait_that_is_asked_for_is_kept(self) -> None:
        """429 with Retry-After in the vendor's unit or as a date; advice nobody can read gives a wait of our own."""
        self.needs_resources()
        unit = 1000 if self.rehearsal.retry_after == "milliseconds" else 1
        told = self._turned_away(str(7 * unit))
        assert told.retry_after == pytest.approx(7, abs=2), "the vendor asked for 7 seconds"
        assert told.asked, "the vendor named the time: say so (asked), or retries may come before it"
        if unit == 1:
            assert 30 <= self._turned_away(in_seconds(60)).retry_after <= 90, "the vendor asked for a minute, by a date"
        for unreadable in ("soon", "-5", "", "Thu, 01 Jan 2015 00:00:00 GMT", "9" * 400):
            assert 0 <= self._turned_away(unreadable).retry_after <= 7 * 86_400, f"Retry-After: {unreadable[:40]}"
        assert not self._turned_away("soon").asked, "a wait of our own is no wish of the vendor's"

    def _turned_away(self, advice: str) -> Retry:
        with self.rehearsal.playing(Evening(0).stage) as play:
            play.front.spoil_all(too_many(advice))
            with pytest.raises(Retry) as told:
                play.check()
            return told.value

    def test_credentials_that_end_are_told_while_reading(self) -> None:
        """401 in the middle of reading asks a person, beside the setting that holds the token."""
        self.needs_resources()
        secrets = {one.name for one in self.manifest.settings if one.secret}
        oauth2 = self.manifest.oauth2
        if not secrets and oauth2 is None:
            pytest.skip("does not apply: it signs in without a secret")
        expected = secrets | ({oauth2.token} if oauth2 else set())
        with self.rehearsal.playing(Evening(1).stage) as play:
            account = play.check()
            play.front.spoil_all(UNAUTHORIZED)
            for resource in self.manifest.resources:
                with pytest.raises(NeedsPerson) as told:
                    play.first_page(resource, account)
                assert told.value.field in expected

    def test_every_request_goes_where_limits_are_kept(self) -> None:
        """All is asked by the session's client, one request each time: what passes it by, no limit holds back."""
        counted = 0

        async def all_that_is_asked(opened: Opened) -> None:
            send = opened.session.http.send

            async def counting(request: httpx.Request, **options: Any) -> httpx.Response:
                nonlocal counted
                counted += 1
                return await send(request, **options)

            opened.session.http.send = counting  # type: ignore[method-assign]
            account = await opened.account()
            await opened.everything()
            for outgoing in self.manifest.outgoing:
                target = Target(our_id=str(uuid4()), version=1, fields=frozenset(get_args(Field)))
                await opened.send(command(outgoing.kind, account, 1, target.fields), target)

        with self.rehearsal.playing(Evening(3).stage) as play:
            play.run(all_that_is_asked)
            assert len(play.front.asked) == counted, "something is asked past the client that keeps the limits"
