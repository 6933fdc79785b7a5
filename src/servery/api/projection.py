"""Cutting an answer to what the viewer's role may see.

A resource's struct lists under `rights` which of its fields need a right of their own. A field that the viewer may not
see is left out of the answer altogether; one that may be seen and is not known is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Struct, structs

from servery.model.viewer import Right, Viewer

Value = TypeVar("Value")
Rights = Mapping[Right, tuple[str, ...]]


def seen_by(viewer: Viewer, value: Value) -> Value:
    """The same struct, or tuple of structs, without what this viewer may not see, at any depth."""
    return _seen(viewer, value)  # type: ignore[no-any-return]


def _seen(viewer: Viewer, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_seen(viewer, one) for one in value)
    if not isinstance(value, Struct):
        return value
    hidden = hidden_fields(viewer, type(value))
    return structs.replace(
        value,
        **{name: UNSET if name in hidden else _seen(viewer, getattr(value, name)) for name in value.__struct_fields__},
    )


def hidden_fields(viewer: Viewer, struct: type[Struct]) -> frozenset[str]:
    """The fields of this struct that the viewer may not see."""
    rights: Rights = getattr(struct, "rights", {})
    return frozenset(name for right, names in rights.items() if not viewer.may(right) for name in names)
