"""YAML that strangers wrote: plain values alone, and no more of them than were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from manyeyes.types import Json

_MOST_CHARACTERS = 600_000
_MOST_VALUES = 200_000
_MOST_ALIASES = 1_000
_DEEPEST = 100


def read_yaml(text: str) -> Json:
    """What a document holds; None where it is none, is too large, or repeats itself without end.

    Nothing but texts, numbers, truth values, lists and tables is made of it.  Blocking: to be called in a worker thread
    where the text may be long.
    """
    import yaml  # type: ignore[import-untyped]  # not needed before a description is met

    if len(text) > _MOST_CHARACTERS:
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = aliases = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > _DEEPEST or aliases > _MOST_ALIASES:
                return None
        return _plain(yaml.load(text, Loader=_without_merging(loader)), [_MOST_VALUES], 0)  # noqa: S506  a safe loader
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _without_merging(loader: Any) -> Any:
    """The loader, leaving `<<` a key like others: merged tables of merged tables grow without bound."""
    return type("_Loader", (loader,), {"flatten_mapping": lambda _self, _node: None})


def _plain(value: object, left: list[int], depth: int) -> Json:
    """As JSON would have it: keys are texts, dates are too; what is shared is copied until the room is up."""
    left[0] -= 1
    if left[0] < 0 or depth > _DEEPEST:
        raise ValueError("too much")
    if isinstance(value, dict):
        return {str(key): _plain(one, left, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one, left, depth + 1) for one in value]
    if value is None or isinstance(value, str | int | float | bool):
        return cast("Json", value)
    return str(value)
