"""What can go wrong, sorted by what the caller should do about it.

    ServeryError              base: catch it only to tell a person
        Retry                 temporary: the same again after `retry_after` seconds
            NotYet            nothing failed: it is not its time, or the other side is not open yet
        LookUpFirst           nobody knows whether it happened: look it up by our id, then decide
        NeedsPerson           no retry will help until a person mends the setting in `field`
        Refuse                the request itself is at fault: tell who asked, change nothing
            NotFound          what was asked for does not exist, or not for this viewer
            Forbidden         this viewer may not do that
            Invalid           the value in `field` cannot be accepted
        Quarantine            an outside record we cannot understand: keep it aside, go on with the next

A message is a template with named places, so that a page can translate it before it fills the places in:

    raise Invalid("There is no time zone {zone}.", field="time_zone", zone="Europe/Kopenhagen",
                  mend="Take a name such as Europe/Copenhagen.")
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar


def _as_written(text: str) -> str:
    return text


class ServeryError(Exception):
    """Something went wrong and we know how to say it.

    `template` and `mend` are English sentences with `{named}` places, `params` what goes into the places (never a
    secret, never personal data), `where` the file, line, URL or setting it happened at, `code` a kebab-case name that
    stays the same when the words change.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        template: str,
        /,
        *,
        code: str | None = None,
        where: str | None = None,
        mend: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(template)
        self.template = template
        self.params = params
        self.code = code or self.default_code
        self.where = where
        self.mend = mend

    @property
    def message(self) -> str:
        """What happened, in English, without how to mend it."""
        return self._filled(self.template)

    def told(self, translate: Callable[[str], str] = _as_written) -> str:
        """What happened and how to mend it, in the language of `translate` (a gettext function)."""
        return " ".join(self._filled(translate(text)) for text in (self.template, self.mend) if text)

    def _filled(self, text: str) -> str:
        # Text without places may hold braces of its own, for example a piece of JSON.
        return text.format_map(self.params) if self.params else text

    def __str__(self) -> str:
        return f"{self.where}: {self.told()}" if self.where else self.told()


class Retry(ServeryError):
    """Temporary: the same call may succeed after `retry_after` seconds.

    `asked`: the other side named that time, which is then waited at the least; otherwise it is a guess of our own.
    """

    default_code = "retry"

    def __init__(
        self,
        template: str,
        /,
        *,
        retry_after: float = 60.0,
        asked: bool = False,
        code: str | None = None,
        where: str | None = None,
        mend: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(template, code=code, where=where, mend=mend, **params)
        self.retry_after = retry_after
        self.asked = asked


class NotYet(Retry):
    """Nothing was tried and nothing failed: to be asked again after `retry_after` seconds, and counted as no try."""

    default_code = "not-yet"


class LookUpFirst(ServeryError):
    """The other side may or may not have done it: look it up by our id before sending again."""

    default_code = "look-up-first"


class _OnField(ServeryError):
    """An error that belongs beside one field of a form, or one option of a command."""

    def __init__(
        self,
        template: str,
        /,
        *,
        field: str | None = None,
        code: str | None = None,
        where: str | None = None,
        mend: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(template, code=code, where=where, mend=mend, **params)
        self.field = field


class NeedsPerson(_OnField):
    """Trying again is useless until a person mends something, in the setting `field` where that is known."""

    default_code = "needs-person"


class Refuse(_OnField):
    """The request is at fault and nothing was changed."""

    default_code = "refused"


class NotFound(Refuse):
    """What was asked for does not exist, or not for this viewer."""

    default_code = "not-found"


class Forbidden(Refuse):
    """This viewer may not do that."""

    default_code = "forbidden"


class Invalid(Refuse):
    """The value in `field` cannot be accepted."""

    default_code = "invalid"


class Quarantine(ServeryError):
    """An outside record that cannot be understood: it is kept aside, and the rest goes on."""

    default_code = "quarantine"
