"""Which pairs are looked at at all: records that agree on one of these, on arrival and for a whole base alike."""

from hashlib import blake2b

from servery.guests.matching.features import Features

Rule = tuple[str, ...]

RULES: tuple[Rule, ...] = (
    ("email",),
    ("phone",),
    ("loyalty",),
    ("given_root", "family"),
    ("birthday", "given_first"),
    ("birthday", "family_sound"),
    ("family_sound", "postcode"),
    ("birthday", "postcode"),
    ("email_local",),
)
"""Columns on all of which both records say the same. Each finds pairs that the others miss by one mistake."""


def keys_of(features: Features) -> list[int]:
    """One number (64 bits, signed) for each rule under which a record can be found, to be kept and looked up.

    A number and not the text: it tells a reader of the table nothing. Two records may share one by chance; the score
    tells.
    """
    columns = features.columns()
    found = []
    for rule in RULES:
        said = [columns[name] for name in rule]
        if None not in said:
            found.append(_number("\x1f".join([*rule, *map(str, said)])))
    return sorted(set(found))


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
