"""What becomes of an object after a try: pure, from how the try ended."""

from typing import Any

import msgspec

from servery.connectors.contract import Sent
from servery.errors import LookUpFirst, NeedsPerson, NotYet, Retry, ServeryError
from servery.outbox.hold import State
from servery.outbox.retry import LONGEST, Jitter, as_kept, jitter, wait_after
from servery.outbox.rows import Claimed, Settled


def sent(claim: Claimed, digest: bytes, result: Sent, milliseconds: int) -> Settled:
    """It is there now."""
    return Settled(
        id=claim.id, fence=claim.fence, state="rests", outcome="sent", milliseconds=milliseconds, tried=claim.version,
        done=True, version=claim.version, digest=digest, external_id=result.external_id, written=_written(result),
        skipped=result.skipped,
    )  # fmt: skip


def found(claim: Claimed, result: Sent, milliseconds: int) -> Settled:
    """A try with an unknown end had gone through.

    What it made is as it was sent. What it was to change may be as it was before: that it stands there proves nothing,
    so its state is sent once more, which ends the same. So is one whose content nobody kept.
    """
    assert claim.tried_version is not None
    made = claim.external_id is None and claim.tried_digest is not None
    behind = claim.version > claim.tried_version
    return Settled(
        id=claim.id, fence=claim.fence, state="rests" if made and not behind else "due", outcome="found",
        milliseconds=milliseconds, tried=claim.tried_version, done=made, version=claim.tried_version,
        digest=claim.tried_digest if made else None, external_id=result.external_id, written=_written(result),
        skipped=result.skipped, attempts=claim.attempts,
    )  # fmt: skip


def absent(claim: Claimed, milliseconds: int) -> Settled:
    """A try with an unknown end had not gone through: it is sent again."""
    return Settled(
        id=claim.id, fence=claim.fence, state="due", outcome="absent", milliseconds=milliseconds,
        tried=claim.tried_version or claim.version, attempts=claim.attempts,
    )  # fmt: skip


def unchanged(claim: Claimed) -> Settled:
    """What is there already is what is wanted."""
    return Settled(id=claim.id, fence=claim.fence, state="rests", done=True, version=claim.version)


def nothing(claim: Claimed) -> Settled:
    """Nothing of it is to be held there. Where a try has an unknown end, that is not forgotten."""
    unknown = claim.tried_version is not None
    return Settled(id=claim.id, fence=claim.fence, state="rests", version=claim.version, keep_tried=unknown)


def returned(claim: Claimed) -> Settled:
    """It was not tried after all."""
    unknown = claim.tried_version is not None
    state: State = "ambiguous" if unknown else "due"
    wait = None if claim.early else 0.0
    return Settled(id=claim.id, fence=claim.fence, state=state, keep_tried=unknown, attempts=claim.attempts, wait=wait)


def failed(
    claim: Claimed,
    error: ServeryError,
    milliseconds: int,
    *,
    looking_up: bool,
    paused: bool = False,
    spread: Jitter = jitter,
) -> Settled:
    """It did not go well.

    `looking_up`: it was an earlier try that was asked for. `paused`: the other side asked all of the connection to
    wait. A try that came early, or that was turned away only because there were too many, does not count.
    """
    unknown = looking_up or isinstance(error, LookUpFirst)
    common: dict[str, Any] = {
        "id": claim.id, "fence": claim.fence, "milliseconds": milliseconds, "tried": claim.version,
        "version": claim.version, "keep_tried": unknown,
    }  # fmt: skip
    waiting: State = "ambiguous" if unknown else "due"
    if isinstance(error, NeedsPerson):
        return Settled(**common, state=waiting, outcome="needs_person", error=_kept(error), attempts=claim.attempts)
    if not isinstance(error, Retry | LookUpFirst):
        return Settled(**common, state="refused", outcome="refused", error=_kept(error), attempts=claim.attempts)
    if isinstance(error, NotYet):
        wait = None if claim.early else min(error.retry_after, LONGEST)
        return Settled(**common, state=waiting, error=_kept(error), attempts=claim.attempts, wait=wait)
    outcome = "ambiguous" if isinstance(error, LookUpFirst) else "retry"
    if claim.early or paused:
        wait = None if claim.early else 0.0
        return Settled(**common, state=waiting, outcome=outcome, error=_kept(error), attempts=claim.attempts, wait=wait)
    attempts = claim.attempts + 1
    next_wait = wait_after(attempts, error, spread)
    if next_wait is None:
        kept = _kept(error, gave_up=True)
        return Settled(**common, state="refused", outcome=outcome, error=kept, attempts=attempts)
    return Settled(**common, state=waiting, outcome=outcome, error=_kept(error), attempts=attempts, wait=next_wait)


def _kept(error: ServeryError, **more: Any) -> bytes:
    return msgspec.json.encode(as_kept(error) | more)


def _written(result: Sent) -> bytes:
    return msgspec.json.encode(result.written)
