"""Training as the command line asks for it: examples in, a classifier and its figures out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.errors import BadCall, SettingsError
from manyeyes.state.location import prepare
from manyeyes_tools.support.classifier import Classifier
from manyeyes_tools.support.examples_file import read_examples
from manyeyes_tools.support.model import PACKAGED
from manyeyes_tools.support.training import TooFewExamples, train

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def train_file(source: Path, target: Path) -> Mapping[str, float]:
    """Train the classifier of intents from a file or folder of examples, and put it where it is told.

    Returns:
        What was measured: `examples`, `accuracy`, `sure_share`, `sure_accuracy` and, with examples of what is out
        of scope, `outside_caught`; each on examples that were not learned from.

    Raises:
        BadCall: the examples cannot be read, or are too few.
        SettingsError: the extra for training is not installed, or the target cannot be written.
    """
    examples = read_examples(source)
    try:
        made = train(examples)
    except TooFewExamples as error:
        raise BadCall(str(error)) from None
    except ImportError:
        raise SettingsError("Training needs a library more: in a clone pip install -e '.[train]'.") from None
    data = made.pack()
    Classifier.unpack(data)  # what is put in the place of a good one must be readable
    beside = target.with_name(f"{target.name}.new")
    try:
        prepare(beside)
        beside.write_bytes(data)
        beside.replace(target)
    except OSError as error:
        raise SettingsError(f"{target} cannot be written: {error.strerror}.") from None
    figures = {name: value for name, value in made.measured.items() if name != "confidence_p20"}
    return {**figures, "intents": float(len(made.intents)), "bytes": float(len(data))}


def train_shipped(folder: Path) -> Classifier:
    """Train what is shipped from its published examples: more careful, since it will meet messages of any trade.

    Raises:
        BadCall: the examples cannot be read.
        ImportError: the extra for training is not installed.
    """
    return train(read_examples(folder), apart=True)


if __name__ == "__main__":
    import pathlib

    examples = pathlib.Path(__file__).with_name("examples")
    (examples / PACKAGED).write_bytes(train_shipped(examples).pack())
