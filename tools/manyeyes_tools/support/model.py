"""Which classifier of intents is used: the operator's own, else the packaged one."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from manyeyes.errors import SettingsError
from manyeyes_tools.support.classifier import Classifier, UnusableClassifier

if TYPE_CHECKING:
    from pathlib import Path

PACKAGED = "default.intents"
TRAINED = "support.intents"
"""The operator's own, beside the state: where training puts it and answering looks for it."""


@lru_cache(maxsize=1)
def packaged() -> Classifier:
    """The classifier that comes with the program, trained on the examples beside it."""
    return Classifier.unpack(files("manyeyes_tools.support").joinpath("examples", PACKAGED).read_bytes())


def chosen(own: Path | None) -> Classifier:
    """The classifier in that file; the packaged one for None.  A changed file is read anew.

    Raises:
        SettingsError: the file cannot be read, or holds no classifier.
    """
    if own is None:
        return packaged()
    try:
        return _read(own, own.stat().st_mtime_ns)
    except OSError as error:
        raise SettingsError(f"The classifier of intents {own} cannot be read: {error.strerror}.") from None
    except UnusableClassifier as error:
        raise SettingsError(f"The classifier of intents {own} cannot be used: {error}.") from None


@lru_cache(maxsize=2)
def _read(path: Path, _changed_ns: int) -> Classifier:
    return Classifier.unpack(path.read_bytes())
