"""What somebody has just done: the next page says so, and offers to undo it. It travels in the address (`?done=`)."""

from __future__ import annotations

from typing import Any, Literal, get_args

from litestar import Request
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from servery.language.words import Words
from servery.web.forms import safe_path

Verb = Literal[
    "linked", "walked-in", "freed", "asked", "paused", "resumed", "fields-chosen", "fields-back",
    "put-off", "heeded", "replayed", "dismissed", "restored", "merged", "kept-apart", "parted", "unstepped",
    "look-again", "pair-later", "pair-now",
    "guest-changed", "entered", "struck", "entered-again", "rule-kept", "rule-removed", "rule-back",
    "values-chosen", "values-back",
    "request-noted", "request-closed", "request-open", "consent-noted", "guest-erased", "let-in",
    "controller-written", "controller-back",
    "looked-over", "ageing-chosen", "facts-aged", "facts-back", "nothing-old",
    "look-begun", "look-left", "run-begun", "run-going-back", "learning", "at-work",
]  # fmt: skip
"""A check linked to a booking, said to be a walk-in's, left to the rules; a connection asked now, paused, resumed,
its fields chosen or back as they were;
a repair put off, told again; an event taken in again, laid aside, back from there; two guests made one, kept apart,
parted, such a step taken back; a pair to be looked at again, put off, asked now;
a guest's field changed, an entry made, struck out, made again; a rule of tags kept,
removed, as it was; a guest's request noted, closed, opened again; a line of consent written; a guest erased, let in
again; who answers for guests' data written down, back as it was;
guests looked over, a rule of ageing chosen, old facts left out, heard again, none found; a look at all guests
begun, left, its guests being joined, a run being taken back, weights being learnt, something at work already."""

_UNDONE_BY: dict[Verb, str] = {
    "linked": "/checks/{id}/unlink",
    "walked-in": "/checks/{id}/unlink",
    "paused": "/connections/{id}/resume",
    "resumed": "/connections/{id}/pause",
    "fields-chosen": "/connections/{id}/fields/undo",
    "put-off": "/repairs/{id}/heed",
    "dismissed": "/events/{id}/restore",
    "merged": "/guest-steps/{id}/undo",
    "kept-apart": "/guest-steps/{id}/undo",
    "parted": "/guest-steps/{id}/undo",
    "pair-later": "/suggestions/{id}/now",
    "guest-changed": "/guest-edits/{id}/undo",
    "entered": "/guest-entries/{id}/strike",
    "struck": "/guest-entries/{id}/again",
    "rule-kept": "/tags/{id}/undo",
    "rule-removed": "/tags/{id}/undo",
    "values-chosen": "/guests/values/undo",
    "request-closed": "/privacy/requests/{id}/reopen",
    "controller-written": "/privacy/controller/{id}/undo",
    "facts-aged": "/hygiene/runs/{id}/undo",
}


class Deed(Struct, frozen=True):
    """Something done to the check, connection or step `id`."""

    verb: Verb
    id: int

    def told(self, words: Words) -> str:
        """What was done, as a sentence."""
        _ = words.gettext
        return {
            "linked": _("The check is with its booking now."),
            "walked-in": _("The check stays a walk-in's."),
            "freed": _("The check is left to the rules again."),
            "asked": _("It is read now."),
            "paused": _("Nothing is read, taken in or sent until somebody resumes it. What arrives is kept."),
            "resumed": _("It is read again."),
            "fields-chosen": _("The fields go as chosen."),
            "fields-back": _("The fields go as before."),
            "put-off": _("Nothing is said of it for now."),
            "heeded": _("It is told again."),
            "replayed": _("It is taken in again."),
            "dismissed": _("It is laid aside."),
            "restored": _("It rests in quarantine again."),
            "merged": _("They are one guest now."),
            "kept-apart": _("They stay two, for ever."),
            "parted": _("The record is another guest's now."),
            "look-again": _("Nothing was done: one of them changed meanwhile. Look at both again."),
            "pair-later": _("The pair is asked again in thirty days."),
            "pair-now": _("The pair is asked again."),
            "unstepped": _("It is as it was before."),
            "guest-changed": _("It is changed."),
            "entered": _("It is written down."),
            "struck": _("It is struck out."),
            "entered-again": _("It stands again."),
            "rule-kept": _("The rule is kept. Guests get and lose the tag within moments."),
            "rule-removed": _("The rule is removed. Its tag is taken off within moments."),
            "rule-back": _("The rule is as it was before."),
            "values-chosen": _("Values are chosen so from now on. Guests are made anew in the background."),
            "values-back": _("Values are chosen as before."),
            "request-noted": _("It is noted."),
            "request-closed": _("The request is closed."),
            "request-open": _("The request is open again, and its clock runs as before."),
            "consent-noted": _("The line stands in the ledger."),
            "guest-erased": _("The guest is erased here. What is to be done elsewhere stands below."),
            "let-in": _("What is new of them comes in again. What was erased does not come back."),
            "controller-written": _("It is written down, and stands in the notice and the register."),
            "controller-back": _("It stands as it did before."),
            "looked-over": _("The lists are as of now."),
            "ageing-chosen": _("The rule is kept. It is done every night."),
            "facts-aged": _("Left out. Guests are as they are now within moments."),
            "facts-back": _("It is heard again within moments."),
            "nothing-old": _("Nothing is that old."),
            "look-begun": _("All guests are being compared. You may leave this page meanwhile."),
            "look-left": _("Nothing was changed."),
            "run-begun": _("They are being joined. You may leave this page meanwhile."),
            "run-going-back": _("The run is being taken back. You may leave this page meanwhile."),
            "learning": _("The weights are being learnt. You may leave this page meanwhile."),
            "at-work": _("Nothing was begun: something is at work over all guests already."),
        }[self.verb]

    @property
    def undo(self) -> str | None:
        """Where a form that undoes it is sent; None for what needs no undoing."""
        path = _UNDONE_BY.get(self.verb)
        return path.format(id=self.id) if path else None


def deed_of(request: Request[Any, Any, Any]) -> Deed | None:
    """What the address says was just done."""
    verb, _, number = request.query_params.get("done", "").rpartition("-")
    known = next((each for each in get_args(Verb) if each == verb), None)
    return Deed(known, int(number)) if known and number.isascii() and number.isdecimal() else None


def after(deed: Deed, back: str | None) -> Redirect:
    """Back to the page that the form stood on, which then tells the deed."""
    place = safe_path(back)
    joint = "&" if "?" in place else "?"
    return Redirect(f"{place}{joint}done={deed.verb}-{deed.id}", status_code=HTTP_303_SEE_OTHER)
