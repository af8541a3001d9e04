"""What a docstring says of parameters, returns and exceptions, in Google's, NumPy's or Sphinx's style."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.documents.restructured import as_markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes_tools.documents.symbols import Module


@dataclass(frozen=True, slots=True, kw_only=True)
class Docstring:
    """A docstring, taken apart.

    Attributes:
        text: What stands before and between the sections, as Markdown.
        parameters: What it says of each parameter, stars left out of the names.
        attributes: What it says of each attribute of a class.
        returns: What it says of the value returned or yielded.
        raises: What it says of each exception.
        examples: The examples, as source text with prompts.
    """

    text: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""
    raises: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first paragraph on one line."""
        return " ".join(self.text.partition("\n\n")[0].split())

    @property
    def details(self) -> str:
        """What follows the first paragraph."""
        return self.text.partition("\n\n")[2].strip()


def read_docstring(text: str) -> Docstring:  # noqa: C901 -- one flat branch for each kind of section
    """Take a docstring apart; one without sections is all text."""
    if not text.strip():
        return Docstring()
    import griffe

    text = as_markdown(text)

    texts: list[str] = []
    parameters: dict[str, str] = {}
    attributes: dict[str, str] = {}
    raises: dict[str, str] = {}
    returns: list[str] = []
    examples: list[str] = []
    # Complaints about docstrings are not logged, and a colon in the text of a return is no name's end.
    quiet = griffe.PerStyleOptions(
        google=griffe.GoogleOptions(warnings=False, returns_named_value=False, returns_multiple_items=False),
        numpy=griffe.NumpyOptions(warnings=False),
        sphinx=griffe.SphinxOptions(warnings=False),
    )
    for section in griffe.parse_auto(griffe.Docstring(text), per_style_options=quiet):
        if isinstance(section, griffe.DocstringSectionText):
            texts.append(section.value)
        elif isinstance(section, griffe.DocstringSectionParameters | griffe.DocstringSectionOtherParameters):
            parameters.update((item.name.lstrip("*"), _line(item.description)) for item in section.value)
        elif isinstance(section, griffe.DocstringSectionAttributes):
            # `name, other: what they mean` is one entry for several attributes
            attributes.update(
                (name.strip(), _line(item.description)) for item in section.value for name in item.name.split(",")
            )
        elif isinstance(section, griffe.DocstringSectionRaises):
            raises.update((str(item.annotation), _line(item.description)) for item in section.value)
        elif isinstance(section, griffe.DocstringSectionReturns | griffe.DocstringSectionYields):
            returns += [_returned(str(item.annotation or ""), item.description) for item in section.value]
        elif isinstance(section, griffe.DocstringSectionExamples):
            for kind, value in section.value:
                (examples if kind is griffe.DocstringSectionKind.examples else texts).append(value)
        elif isinstance(section, griffe.DocstringSectionAdmonition):
            texts.append(f"**{section.title or str(section.value.annotation).title()}:** {section.value.contents}")
    return Docstring(
        text="\n\n".join(part.strip() for part in texts if part.strip()),
        parameters=parameters,
        attributes=attributes,
        returns=" ".join(filter(None, returns)),
        raises=raises,
        examples=tuple(part for part in examples if part.strip()),
    )


def reader(module: Module) -> Callable[[str], Docstring]:
    """What takes the documentation of a module's symbols apart."""
    if module.language == "python":
        return read_docstring
    from manyeyes_tools.documents.comments import read_comment

    return read_comment


def _returned(annotation: str, description: str) -> str:
    """What is returned; what stands before a colon is a type only if it can be one."""
    try:
        compile(annotation or "None", "", "eval", flags=ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError):
        return _line(f"{annotation}: {description}")
    return _line(description)


def _line(text: str) -> str:
    return " ".join(text.split())
