"""A verification in words: what each step looks for, and what came of it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from servery.sync.proof import Step, StepName
from servery.web.frame import Frame
from servery.web.set_up.answers import speech
from servery.web.set_up.page import Joined, Proof


class Said(Struct, frozen=True, kw_only=True):
    """One step as a person reads it. `guests` are pairs of id and name, with the reason they are one."""

    step: Step
    title: str
    told: str
    delay: str | None
    guests: tuple[tuple[int, str, str], ...]


def proof_words(frame: Frame, joined: Joined, proof: Proof) -> list[Said]:
    """The steps of the latest verification; none where there was none yet."""
    if proof.verification is None:
        return []
    return [_said(frame, joined, proof, step) for step in proof.verification.steps]


def _said(frame: Frame, joined: Joined, proof: Proof, step: Step) -> Said:
    return Said(
        step=step,
        title=_title(frame, step.name),
        told=told(frame, joined, step),
        delay=_delay(frame, step),
        guests=tuple((one.guest_id, proof.names.get(one.guest_id, ""), _by(frame, one.by)) for one in step.guests),
    )


def told(frame: Frame, joined: Joined, step: Step) -> str:
    """What came of a step, in the language of the page."""
    if not step.template:
        return ""
    say = speech(frame, joined.connector)
    params = dict(step.params)
    if "at" in params and joined.venues:
        local = frame.notation_of(joined.venues[0].venue.time_zone)
        params["at"] = local.clock(datetime.fromisoformat(params["at"]))
    sentences = (say(text) for text in (step.template, step.mend) if text)
    return " ".join(text.format_map(params) if params else text for text in sentences)


def _title(frame: Frame, name: StepName) -> str:
    _ = frame.words.gettext
    return {
        "access": _("The credentials open it"),
        "newest": _("Its records are read"),
        "writes": _("What we write is there"),
        "arrives": _("What happens there comes here"),
        "profile": _("It stands on the guest's page"),
        "guests": _("Guests of both systems are one"),
        "webhook": _("It sends its news by itself"),
        "clean": _("Everything is put away"),
    }[name]


def _delay(frame: Frame, step: Step) -> str | None:
    if step.seconds is None:
        return None
    return frame.words.gettext("{seconds} s").format(seconds=frame.notation.number(max(round(step.seconds, 1), 0.1)))


def _by(frame: Frame, key: str) -> str:
    _ = frame.words.gettext
    return {
        "email": _("same e-mail"),
        "phone": _("same phone"),
        "email and phone": _("same e-mail and phone"),
        "": "",
    }.get(key, key)
