"""Everything that can be not well: how grave it is, in which words, and which button mends it. Data, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

Severity = Literal["critical", "warning", "notice"]
"""critical: guests or money are affected now; warning: they will be; notice: good to know."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


class Button(Struct, frozen=True):
    """What mends it with one press: its words, and where a form (post) or a link (get) leads; the path has places."""

    label: str
    path: str
    verb: Literal["get", "post"] = "get"


class Counted(Struct, frozen=True):
    """A message about so many things, in the form for one and the form for more; the place `by` holds the number."""

    one: str
    many: str
    by: Literal["count", "waiting"]


class Kind(Struct, frozen=True, kw_only=True):
    """One way of being not well. `what` and `mend` are English messages with `{named}` places.

    `person`: whether it stays until a person does something. `stops_service`: whether a host must know at once.
    """

    severity: Severity
    what: str | Counted
    mend: str
    button: Button | None = None
    person: bool = True
    stops_service: bool = False
    at_once: bool = False
    """A notice, alerting nobody, that needs a person all the same: somebody is probably at it."""


def _(message: str) -> str:
    """Mark a message for the catalogues."""
    return message


def ngettext(one: str, many: str) -> tuple[str, str]:
    """Mark a message about several things for the catalogues."""
    return one, many


_TO_CONNECTION = Button(_("Open the connection"), "/connections/{connection_id}")
ENTER_AGAIN = Button(_("Enter it again"), "/connections/{connection_id}/credentials")
"""For an error that names the setting at fault."""
_READ_NOW = Button(_("Try now"), "/connections/{connection_id}/read", "post")

_UNFINISHED = _("Setting up {connection} is not finished: nothing is written to it.")
_FINISH = _(
    "Go through the steps that are left, or say from when on it is written to: servery connections pace NAME --from now"
)
_GO_ON = Button(_("Finish setting up"), "/connections/{connection_id}/set-up")

KINDS: Mapping[str, Kind] = {
    "needs_person": Kind(
        severity="critical",
        what=_("{connection} waits for somebody since {since}."),
        mend=_("Mend what it says, then try now."),
        button=_READ_NOW,
        stops_service=True,
    ),
    "unreachable": Kind(
        severity="critical",
        what=_("{connection} is unreachable since {since}."),
        mend=_("It is tried again by itself, and nothing is lost. See whether the system and its network are up."),
        button=_READ_NOW,
        person=False,
        stops_service=True,
    ),
    "sending_stopped": Kind(
        severity="critical",
        what=Counted(
            *ngettext(
                "Nothing can be sent to {connection} since {since}: {waiting} update waits.",
                "Nothing can be sent to {connection} since {since}: {waiting} updates wait.",
            ),
            "waiting",
        ),
        mend=_("They are sent by themselves when it answers again. See whether the system and its network are up."),
        button=_TO_CONNECTION,
        person=False,
        stops_service=True,
    ),
    "no_worker": Kind(
        severity="critical",
        what=_("Nothing is read or sent since {since}: no worker runs."),
        mend=_("Start it: servery worker, or servery up."),
        stops_service=True,
    ),
    "backlog_in": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{waiting} event from {connection} waits to be taken in, since {since}.",
                "{waiting} events from {connection} wait to be taken in, the oldest since {since}.",
            ),
            "waiting",
        ),
        mend=_("If the number grows, start another worker: servery worker."),
        button=_TO_CONNECTION,
        person=False,
    ),
    "unread": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{waiting} event from {connection} is kept unread since {since}, for it is paused.",
                "{waiting} events from {connection} are kept unread, the oldest since {since}, for it is paused.",
            ),
            by="waiting",
        ),
        mend=_("Resume it: they are then taken in. If nobody needs it any more, remove it."),
        button=_TO_CONNECTION,
    ),
    "backlog_out": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{waiting} update to {connection} waits, since {since}.",
                "{waiting} updates to {connection} wait, the oldest since {since}.",
            ),
            "waiting",
        ),
        mend=_("The system may allow fewer requests than there are changes. It catches up by itself in quiet hours."),
        button=_TO_CONNECTION,
        person=False,
    ),
    "refused": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{connection} refuses {count} update: {reason}",
                "{connection} refuses {count} updates: {reason}",
            ),
            "count",
        ),
        mend=_("Open the connection to see which, and correct them where they were entered."),
        button=_TO_CONNECTION,
    ),
    "held": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{count} update to {connection} is held back since {since}.",
                "{count} updates to {connection} are held back since {since}.",
            ),
            "count",
        ),
        mend=_("Look at them: servery outbox list --state held. Then let them go: servery outbox release."),
    ),
    "quarantine": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{count} record from {connection} could not be taken in: {reason}",
                "{count} records from {connection} could not be taken in: {reason}",
            ),
            "count",
        ),
        mend=_("Mend the reason, then take them in again on the page Events."),
        button=Button(_("Look at them"), "/events?connection={connection_id}&state=quarantined&code={code}"),
    ),
    "poison": Kind(
        severity="notice",
        what=Counted(
            *ngettext(
                "{count} event from {connection} fails again and again. Only what it is about waits.",
                "{count} events from {connection} fail again and again. Only what they are about waits.",
            ),
            "count",
        ),
        mend=_("They are tried a few more times, then kept aside."),
        button=Button(_("Look at them"), "/events?connection={connection_id}&state=retrying"),
        person=False,
    ),
    "webhooks_silent": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{connection} has sent no event since {since}, though {count} change was found by asking.",
                "{connection} has sent no event since {since}, though {count} changes were found by asking.",
            ),
            "count",
        ),
        mend=_("Look in the system whether its webhooks still point here. Until then changes come some minutes late."),
        button=_TO_CONNECTION,
    ),
    "strayed": Kind(
        severity="warning",
        what=Counted(
            *ngettext(
                "{count} event of {system} is of an account that nobody connected.",
                "{count} events of {system} are of an account that nobody connected.",
            ),
            "count",
        ),
        mend=_("Connect it: they are then taken in by themselves. Or lay them aside on the page Events."),
        button=Button(_("Look at them"), "/events?state=quarantined"),
    ),
    "unpaired": Kind(
        severity="notice",
        what=Counted(
            *ngettext(
                "{count} table of {connection} is not paired with a table of the venue: {names}",
                "{count} tables of {connection} are not paired with tables of the venue: {names}",
            ),
            "count",
        ),
        mend=_("Pair them, so that checks find their bookings."),
        button=Button(_("Pair tables"), "/connections/{connection_id}/tables"),
    ),
    "unfinished": Kind(
        severity="notice",
        what=_UNFINISHED,
        mend=_FINISH,
        button=_GO_ON,
        at_once=True,
    ),
    "unfinished_long": Kind(
        severity="warning",
        what=_UNFINISHED,
        mend=_FINISH,
        button=_GO_ON,
    ),
    "disk": Kind(
        severity="critical",
        what=_("The disk is nearly full: {free} left of {size}. When it is full, nothing can be stored."),
        mend=_("Make room, or give the data folder a larger disk."),
    ),
    "disk_low": Kind(
        severity="warning",
        what=_("The disk fills up: {free} left of {size}."),
        mend=_("Make room, or give the data folder a larger disk."),
    ),
    "clock": Kind(
        severity="warning",
        what=_("The clock of {host} is {seconds} s off the database's: signed webhooks may be refused."),
        mend=_("Set the clock by the network (NTP)."),
    ),
    "alert_failed": Kind(
        severity="warning",
        what=_("Alerts to receiver {number} do not arrive: {reason}"),
        mend=_("Correct it on the page Alerts, then send a test."),
        button=Button(_("Open the alerts"), "/alerts"),
    ),
    "backup_old": Kind(
        severity="warning",
        what=_("The last backup was made {since}."),
        mend=_("Make one: servery backup FILE. Better, have the machine do so every night."),
    ),
    "backup_never": Kind(
        severity="notice",
        what=_("No backup was ever made."),
        mend=_("Make one: servery backup FILE. Better, have the machine do so every night."),
    ),
}
"""By name. The names stand in the database and in alerts: they never change."""
