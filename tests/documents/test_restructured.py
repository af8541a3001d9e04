"""Docstrings in reStructuredText, as the Markdown they would be."""

import pytest

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.restructured import as_markdown

SESSION = """Adds.

>>> add(1, 2)
3
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use :func:`print` or :py:meth:`~a.b.Shop.sell`.", "Use `print` or `sell`."),
        ("See :ref:`the guide <guide>` and :class:`!Gone`.", "See the guide and `Gone`."),
        ("See `the docs <https://e.org/a_b>`_.", "See the docs (https://e.org/a_b)."),
        ("Plain text, a ``literal`` and a: colon.", "Plain text, a ``literal`` and a: colon."),
        ("Do so::\n\n    x = f(1)\n\nThen.", "Do so:\n\n```python\nx = f(1)\n```\n\nThen."),
        ("::\n\n    $ run it\n", "```\n$ run it\n```"),
        (".. code-block:: rust\n    :linenos:\n\n    let x = 1;", "```rust\nlet x = 1;\n```"),
        (".. note:: Take care\n    of it.", "**Note:** Take care\nof it."),
        (".. warning::\n\n    Hot :class:`Oven`.\n\nText", "**Warning:** Hot `Oven`.\n\nText"),
        ("Says.\n\n.. versionadded:: 2.0", "Says.\n\nAdded in version 2.0."),
        (".. image:: x.png\n    :alt: y\n\nText", "Text"),
        ("A slice a[::2] stays::\nas it is", "A slice a[::2] stays::\nas it is"),
        (SESSION, SESSION),
    ],
)
def test_text(text: str, expected: str) -> None:
    assert as_markdown(text).strip("\n") == expected.strip("\n")


def test_what_changed_is_no_part_of_the_last_parameter() -> None:
    read = read_docstring(
        "Sell.\n\n:param item: What.\n:param price: How much.\n\n.. versionchanged:: 3.1\n    Added ``price``.\n"
    )
    assert read.parameters == {"item": "What.", "price": "How much."}
    assert read.details == "Changed in version 3.1: Added ``price``."


def test_a_code_block_that_holds_a_fence_is_closed_by_a_longer_one() -> None:
    assert as_markdown(".. code-block:: md\n\n    ```\n    x\n    ```\n").strip().splitlines() == [
        "````md",
        "```",
        "x",
        "```",
        "````",
    ]
