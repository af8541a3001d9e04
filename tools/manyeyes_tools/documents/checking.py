"""Where a Markdown document says what the code does not: it is read as people read it, and each claim is looked up."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes_tools.documents.disagreement import Disagreement
from manyeyes_tools.documents.entries import chapters
from manyeyes_tools.documents.examples import Example, check_example, plain_example
from manyeyes_tools.documents.markdown import BY_MODEL, GENERATED, render_markdown
from manyeyes_tools.documents.statements import SENTENCE, Topic, default_agrees, exception_agrees, faults
from manyeyes_tools.documents.symbols import Parameter, import_name, parameters_of, read_module
from manyeyes_tools.documents.told_types import contradicts, differs
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from manyeyes_tools.documents.entries import Chapter, Entry, Row
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Module, Symbol

_KINDS = (
    "module", "class", "function", "method", "property", "interface", "struct", "enum", "type", "macro", "namespace",
    "table", "view", "coroutine", "exception", "attribute", "constant",
)  # fmt: skip
_KIND = re.compile(rf"^(?:{'|'.join(_KINDS)})\b", re.IGNORECASE)
_NAME = re.compile(r"^[A-Za-z_$~][\w$.~:/-]*$")
_CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)\s?(?P<code>.+?)\s?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
_LABEL = re.compile(r"^\*\*([\w ]+?):?\*\*:?\s*(.*)$", re.DOTALL)
_SOURCE = re.compile(r"^Source: `(.+?)(?::(\d+))?`$")
_ITEM = re.compile(
    r"^`\*{0,2}(?P<name>[\w$.]+)`\s*(?:\((?P<in>[^)]*)\))?\s*(?::|-|\u2013|\u2014)?\s*(?P<text>.*)$", re.DOTALL
)
_IN_BRACKETS = re.compile(r"default[s:= ]+(?:to )?`?([^`)]+)`?")
_CONTENTS = re.compile(r"^\[`([^`]+)`\]\(#([^)]*)\)(?::\s*(.*))?$", re.DOTALL)
_COLUMNS = {
    "name": "name", "parameter": "name", "argument": "name", "param": "name", "attribute": "name", "field": "name",
    "constant": "name", "option": "name", "type": "type", "default": "default", "value": "default",
    "description": "description", "meaning": "description",
}  # fmt: skip
_ABOUT_PARAMETERS = frozenset(
    {"parameters", "arguments", "args", "keyword arguments", "options", "attributes", "fields"}
)
_DEFINES = re.compile(r"^(?:@.*\n)*\s*(?:async\s+def|def|class)\s", re.MULTILINE)
_TYPES = frozenset({"class", "interface", "struct", "enum", "table", "type"})
_PAST = re.compile(
    r"\b(?:version(?:changed|added)|deprecated|previously|no longer|removed|renamed|formerly)\b", re.IGNORECASE
)
_NOT_OF_A_GUIDE = ("names something", "does not", "imports a module", "leaves out")
"""What is no fault in a guide: its examples go on from each other and leave out what goes without saying."""


@dataclass(slots=True)
class _Reader:
    """Where in a document the reading is."""

    path: str
    facts: Facts
    generated: bool
    known: frozenset[str]
    expected: dict[tuple[str, str], Entry]
    constants: dict[tuple[str, str], Row]
    texts: frozenset[str]
    blocks: frozenset[str]
    definitions: frozenset[str]
    found: list[Disagreement] = field(default_factory=list)
    checked: int = 0
    stack: list[tuple[int, Symbol | None]] = field(default_factory=list)
    unknown: int = 0
    label: str = ""
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def symbol(self) -> Symbol | None:
        """What the text at this place is about."""
        if self.unknown:
            return None
        return next((symbol for _, symbol in reversed(self.stack) if symbol is not None), None)

    @property
    def entry(self) -> Entry | None:
        """What a generated document has to say of it."""
        symbol = self.symbol
        return self.expected.get((symbol.path, symbol.name)) if symbol is not None and self.generated else None

    def topic(self, parameter: Parameter | None = None) -> Topic:
        """What sentences at this place are about."""
        symbol = self.symbol
        home = self.facts.homes[symbol.path] if symbol is not None else None
        return Topic(symbol, home, parameter, self.known, lenient=not self.generated)

    def disagree(self, line: int, said: str, instead: str) -> None:
        """Note a place."""
        self.found.append(Disagreement(path=self.path, line=line, said=_short(said), instead=_short(instead)))


def check_markdown(path: str, text: str, facts: Facts) -> list[Disagreement]:
    """Where a document disagrees with the code, in its order.

    A document that this program wrote is held against all that would be written now; of any other, only what it
    claims of this code is judged.
    """
    from markdown_it import MarkdownIt

    generated = GENERATED in text
    reference = chapters(facts.modules, {}) if generated else ()
    evidence = render_markdown(reference, by_model=False) if generated else ""
    if generated and text == evidence:
        return []
    reader = _Reader(
        path=path,
        facts=facts,
        generated=generated,
        known=frozenset(re.findall(r"[A-Za-z_]\w*", "\n".join(_fences(text)))) if not generated else frozenset(),
        expected={
            (entry.symbol.path, entry.symbol.name): entry for c in reference for entry in (c.overview, *c.entries)
        },
        constants={(c.module.path, row.name): row for c in reference for row in c.constants},
        texts=frozenset(_paragraphs(evidence)),
        blocks=frozenset(one.strip() for one in _fences(evidence)),
        definitions=frozenset(entry.definition.strip() for c in reference for entry in c.entries),
    )
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    _read(tokens, reader)
    if generated:
        _completeness(reader, reference, text)
        if not reader.found and BY_MODEL not in text:
            _first_difference(reader, text, evidence)
    return reader.found


def check_docstrings(facts: Facts) -> list[Disagreement]:  # noqa: C901, PLR0912 -- one flat loop over what a docstring says
    """Where docstrings and comments speak of parameters that are not there, or of other defaults and types."""
    from manyeyes_tools.documents.docstrings import reader as reader_of

    found: list[Disagreement] = []
    for module in facts.modules:
        read = reader_of(module)
        for symbol in module.symbols:
            if not symbol.docstring or symbol.kind in {"attribute", "constant"}:
                continue
            doc = read(symbol.docstring)
            at = Topic(symbol, module, lenient=True)

            def tell(said: str, instead: str, symbol: Symbol = symbol) -> None:
                found.append(
                    Disagreement(path=symbol.path, line=symbol.line, said=_short(said), instead=_short(instead))
                )

            there = facts.parameters(symbol)
            own = {one.name.lstrip("$&") for one in there or ()} | facts.members.get((symbol.path, symbol.name), set())
            for name, text in doc.parameters.items():
                plain = name.lstrip("*$&").partition(".")[0]
                parameter = facts.named(symbol, plain)
                if there is not None and symbol.callable and re.fullmatch(r"\w+", plain) and plain not in own:
                    tell(f"{symbol.name}: the documentation describes the parameter {plain}", _has(symbol))
                    continue
                for sentence in SENTENCE.split(text):
                    for fault in faults(sentence, replace(at, parameter=parameter), facts):
                        if fault.what in {"default", "type"} and parameter is not None:
                            tell(f"{symbol.name}: {sentence}", _written(parameter))
            for example in doc.examples if module.language == "python" else ():
                wrong = check_example(Example(plain_example(example), symbol), module, facts.modules, guide=True)
                if wrong.startswith("gives"):
                    tell(f"{symbol.name}: an example {wrong}", _has(symbol))
            for sentence in SENTENCE.split(" ".join(doc.text.split())):
                for fault in faults(sentence, at, facts):
                    if fault.what in {"default", "type", "member", "route"}:
                        tell(f"{symbol.name}: {sentence}", fault.instead or f"no {fault.said}")
    return found


def _read(tokens: Sequence[Token], reader: _Reader) -> None:
    place = 0
    while place < len(tokens):
        token = tokens[place]
        line = (token.map[0] if token.map else 0) + 1
        if token.type == "heading_open":
            _heading(int(token.tag[1:]), tokens[place + 1].content, line, reader)
        elif token.type in {"fence", "code_block"}:
            _code(token, line, reader)
        elif token.type == "table_open":
            place = _table(tokens, place, reader)
        elif token.type == "inline" and tokens[place - 1].type == "paragraph_open":
            in_list = place > 1 and tokens[place - 2].type == "list_item_open"
            _paragraph(token.content, line, reader, in_list=in_list)
        place += 1


def _heading(level: int, text: str, line: int, reader: _Reader) -> None:
    while reader.stack and reader.stack[-1][0] >= level:
        reader.stack.pop()
    reader.label = text.strip().rstrip(":").lower()
    if level <= reader.unknown:
        reader.unknown = 0
    quoted = _CODE.search(text)
    name = (quoted["code"] if quoted else text).strip()
    bare = name.partition("(")[0].strip()
    symbol = None
    if _NAME.match(bare) and (quoted or "(" in name or "_" in bare):
        symbol = _find(bare, reader)
        claimed = bool(_KIND.match(text.strip())) or (
            quoted is not None and name.endswith(")") and text.strip() == quoted[0]
        )
        if symbol is None and claimed and (reader.generated or _near(reader)):
            reader.disagree(line, text, f"no {bare} in the code")
            reader.unknown = level  # what is told of it has nothing to be held against
        elif symbol is not None and reader.generated:
            kind = text.strip().partition(" ")[0].lower()
            if kind in _KINDS and kind != symbol.kind:
                reader.disagree(line, text, f"{symbol.name} is a {symbol.kind}")
            reader.seen.add((symbol.path, symbol.name))
    reader.stack.append((level, symbol))
    if symbol is not None and "(" in name and not reader.generated:
        _call_in_heading(name, line, symbol, reader)


def _near(reader: _Reader) -> bool:
    """Whether the document speaks of this code at this place."""
    return reader.symbol is not None or any(symbol is not None for _, symbol in reader.stack) or bool(reader.seen)


def _find(name: str, reader: _Reader) -> Symbol | None:
    """The symbol that a heading names: by its full name in the module at hand, in any, or by the end of its name."""
    name = name.removeprefix("await ").strip()
    facts = reader.facts
    around = reader.symbol
    if around is not None:
        home = facts.homes[around.path]
        near = home.named(name) or (home.named(f"{around.name}.{name}") if around.kind != "module" else None)
        if near is not None:
            reader.seen.add((near.path, near.name))
            return near
    for module in facts.modules:
        if name in {module.itself.name, module.path}:
            return module.itself
    head, _, last = name.rpartition(".")
    candidates = facts.by_name.get(last, [])
    exact = [one for one in candidates if one.name == name]
    tails = [one for one in candidates if f"{facts.homes[one.path].itself.name}.{one.name}".endswith(f".{name}")]
    public = [one for one in exact or tails if one.public] or exact or tails
    if public:
        reader.seen.add((public[0].path, public[0].name))
        return public[0]
    tail = facts.module_names.get(name) or facts.module_names.get(import_name(name))
    return tail.itself if tail is not None and (head or reader.generated) else None


def _call_in_heading(name: str, line: int, symbol: Symbol, reader: _Reader) -> None:
    """A heading such as `get(url, *, timeout=5)`: its parameters are those of the function."""
    told = _told_parameters(f"def {name.partition('(')[0].rpartition('.')[2]}({name.partition('(')[2]}: ...")
    if told is not None and symbol.parameters is not None and symbol.callable:
        _compare(told, "", symbol, line, reader, whole=False)


def _told_parameters(code: str) -> tuple[tuple[Parameter, ...], str] | None:
    for form in (code, f"{code}:\n    ...", f"{code}\n    ..."):
        try:
            tree = parse_module(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        node = next((one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)), None)
        if node is not None:
            every = parameters_of(node)
            if every and every[0].name in {"self", "cls"}:
                every = every[1:]
            return every, ast.unparse(node.returns) if node.returns else ""
    return None


def _code(token: Token, line: int, reader: _Reader) -> None:  # noqa: C901 -- one branch for each use of a block
    code = token.content.rstrip("\n")
    language = token.info.strip().partition(" ")[0].lower()
    symbol, entry = reader.symbol, reader.entry
    if code.strip() in reader.blocks and code.strip() not in reader.definitions:
        return  # it stands in a docstring
    if entry is not None and (code in {entry.definition.rstrip("\n"), *(one.rstrip("\n") for one in entry.examples)}):
        return
    if (
        reader.generated
        and reader.label not in {"example", "examples"}
        and entry is not None
        and entry.symbol.kind != "module"
    ):
        before = len(reader.found)
        told = _told_parameters(code) if _DEFINES.search(code) else None
        if told is not None:
            _compare(told[0], told[1], entry.symbol, line, reader, whole=True)
        if len(reader.found) == before:
            reader.disagree(line, code, entry.definition)
        return
    if language not in {"python", "py", "python3", "pycon", "", "py3"} or not (language or ">>>" in code):
        return
    if _DEFINES.match(code) and (told := _told_parameters(code)) is not None:
        name = re.search(r"def\s+(\w+)", code)
        about = symbol if symbol is not None and name and symbol.name.rpartition(".")[2] == name[1] else None
        if about is not None:
            _compare(told[0], told[1], about, line, reader, whole=False)
        return
    home = reader.facts.homes[symbol.path] if symbol is not None else None
    plain = plain_example(code)
    if home is None or symbol is None:
        home, symbol = _standalone(reader)
    if home is not None and symbol is not None and home.language == "python":
        fault = check_example(Example(plain, symbol), home, reader.facts.modules, guide=not reader.generated)
        if fault and not (not reader.generated and fault.startswith(_NOT_OF_A_GUIDE)):
            reader.disagree(line, f"example that {fault}", "what the signatures allow")


def _standalone(reader: _Reader) -> tuple[Module | None, Symbol | None]:
    """An empty module, in which an example has only what it imports."""
    if not reader.facts.modules:
        return None, None
    home = read_module("", "")
    return home, home.itself


def _compare(  # noqa: C901 -- one branch for each part of a signature
    told: tuple[Parameter, ...] | tuple[tuple[Parameter, ...], str],
    returns: str,
    symbol: Symbol,
    line: int,
    reader: _Reader,
    *,
    whole: bool,
) -> None:
    """A signature as told against the one of the source."""
    if told and isinstance(told[0], tuple):
        told, returns = told[0], str(told[1])
    there = {one.name: one for one in symbol.parameters or ()}
    topic = reader.topic()
    for one in told:
        assert isinstance(one, Parameter)  # noqa: S101 -- the other form was unpacked above
        written = there.get(one.name)
        if written is None:
            if symbol.parameters is not None and one.kind not in {"variadic", "keywords"} and one.name != "_":
                reader.disagree(line, f"{symbol.name}({one.shown})", _has(symbol))
            continue
        told_default = one.default is not None or whole
        if (
            told_default
            and one.default != written.default
            and (whole or not default_agrees(one.default or "", written, topic, reader.facts))
        ):
            reader.disagree(line, f"{one.name} = {one.default}", _written(written))
        both = one.annotation and written.annotation
        if (both and differs(one.annotation, written.annotation)) or (whole and one.annotation and not both):
            reader.disagree(line, f"{one.name}: {one.annotation}", _written(written))
    if whole:
        for name in there:
            if all(isinstance(one, Parameter) and one.name != name for one in told):
                reader.disagree(line, f"{symbol.name} without {name}", _has(symbol))
    if (returns or whole) and differs(returns, symbol.returns) and (whole or symbol.returns):
        reader.disagree(line, f"{symbol.name} returns {returns}", symbol.returns or "no type in the source")


def _table(tokens: Sequence[Token], place: int, reader: _Reader) -> int:
    """Read a table; returns the place of its end."""
    head: list[str] = []
    row: list[str] = []
    line = 1
    while tokens[place].type != "table_close":
        token = tokens[place]
        if token.type == "tr_open":
            row, line = [], (token.map[0] if token.map else 0) + 1
        elif token.type == "inline":
            row.append(token.content)
        elif token.type == "tr_close":
            if not head:
                head = [_COLUMNS.get(cell.strip().strip("*").lower(), "") for cell in row]
            elif "name" in head:
                cells = {column: cell for column, cell in zip(head, row, strict=False) if column}
                _row(cells, line, reader, shown="default" in head)
        place += 1
    return place


def _row(cells: dict[str, str], line: int, reader: _Reader, *, shown: bool) -> None:  # noqa: C901 -- one branch a column
    quoted = _CODE.search(cells["name"])
    name = (quoted["code"] if quoted else cells["name"]).strip()
    symbol = reader.symbol
    if symbol is None or not re.fullmatch(r"\*{0,2}[$&]?[\w.]+", name):
        return
    plain = name.lstrip("*")
    constants = reader.label == "constants" and symbol.kind == "module"
    parameter, found = _described(plain, symbol, reader, constants=constants)
    if not found:
        if quoted and (reader.generated or reader.label in _ABOUT_PARAMETERS or constants):
            reader.disagree(line, f"{symbol.name}: {name}", _has(symbol))
        return
    if constants:
        reader.seen.add((symbol.path, plain))
    if parameter is None:
        return
    typed = _CODE.search(cells.get("type", ""))
    said = typed["code"] if typed else ""
    if typed and parameter.annotation:
        wrong = (
            differs(said, parameter.annotation)
            if reader.generated
            else contradicts(said, parameter.annotation, lambda one: reader.facts.class_named(one, None) is not None)
        )
        if wrong:
            reader.disagree(line, f"{name}: {said}", _written(parameter))
    elif typed and reader.generated:
        reader.disagree(line, f"{name}: {said}", "no type in the source")
    value = _CODE.search(cells.get("default", ""))
    if value and not _same_cell(value["code"], parameter, reader):
        reader.disagree(line, f"{name} = {value['code']}", _written(parameter))
    elif not value and shown and reader.generated and parameter.default not in {None, ""}:
        reader.disagree(line, f"{name} without a default", _written(parameter))
    _sentences(cells.get("description", ""), line, reader, parameter)


def _same_cell(said: str, parameter: Parameter, reader: _Reader) -> bool:
    written = parameter.default
    if reader.generated:
        flat = " ".join((written or "").split())
        said = said.replace("\\|", "|")
        return said == flat or (said.endswith("…") and flat.startswith(said[:-1]))
    if said.endswith("…"):
        return " ".join((written or "").split()).startswith(said[:-1])
    return default_agrees(said, parameter, reader.topic(parameter), reader.facts)


def _described(  # noqa: PLR0911 -- the first place that knows the name answers
    name: str, symbol: Symbol, reader: _Reader, *, constants: bool
) -> tuple[Parameter | None, bool]:
    """What a row is about, and whether there is such a thing."""
    home = reader.facts.homes[symbol.path]
    if constants:
        one = home.named(name)
        return (
            (Parameter(name=name, annotation=one.annotation, default=one.value or None), True) if one else (None, False)
        )
    found = reader.facts.named(symbol, name)
    if reader.label not in {"attributes", "fields"} and found is not None:
        return found, True
    member = home.named(f"{symbol.name}.{name}")
    if member is not None and symbol.kind in _TYPES:
        if member.kind == "attribute":
            return Parameter(name=name, annotation=member.annotation, default=member.value or None), True
        return None, True
    if found is not None:
        return found, True
    entry = reader.entry
    if entry is not None and any(row.name.lstrip("*") == name for row in (*entry.parameters, *entry.attributes)):
        return None, True
    return None, not reader.generated and reader.facts.parameters(symbol) is None


def _paragraph(  # noqa: C901, PLR0912 -- one branch for each form that a statement may have
    text: str, line: int, reader: _Reader, *, in_list: bool
) -> None:
    text = text.strip()
    if not in_list and (label := _LABEL.match(text)):
        reader.label = label[1].lower()
        if reader.label in {"returns", "yields"}:
            _result(label[2], line, reader)
        elif label[2]:
            _sentences(label[2], line, reader)
        return
    if reader.generated and (source := _SOURCE.match(text)):
        _source(source, line, reader)
        return
    if in_list and (contents := _CONTENTS.match(text)):
        if reader.generated and _find(contents[1], reader) is None:
            reader.disagree(line, contents[1], "no such symbol in the code")
        _sentences(contents[3] or "", line, reader)
        return
    item = _ITEM.match(text) if in_list else None
    if item and reader.label in {"raises", "throws", "exceptions"}:
        entry = reader.entry
        named = {row.name for row in entry.raises} if entry is not None else None
        if (named is not None and item["name"] not in named) or not exception_agrees(
            item["name"], reader.topic(), reader.facts
        ):
            reader.disagree(line, f"raises {item['name']}", _raising(reader.symbol))
        _sentences(item["text"], line, reader)
    elif item and reader.label in _ABOUT_PARAMETERS and reader.symbol is not None:
        parameter, found = _described(item["name"], reader.symbol, reader, constants=False)
        if not found:
            reader.disagree(line, f"{reader.symbol.name}: {item['name']}", _has(reader.symbol))
            return
        typed = (item["in"] or "").split(", default")[0].removesuffix(", optional").strip("` ")
        if (
            parameter is not None
            and typed
            and parameter.annotation
            and contradicts(typed, parameter.annotation, lambda one: reader.facts.class_named(one, None) is not None)
        ):
            reader.disagree(line, f"{item['name']}: {typed}", _written(parameter))
        given = _IN_BRACKETS.search(item["in"] or "")
        if (
            parameter is not None
            and given
            and not default_agrees(given[1], parameter, reader.topic(parameter), reader.facts)
        ):
            reader.disagree(line, f"{item['name']} = {given[1]}", _written(parameter))
        _sentences(item["text"], line, reader, parameter)
    else:
        _sentences(text, line, reader)


def _result(text: str, line: int, reader: _Reader) -> None:
    symbol = reader.symbol
    if symbol is None:
        return
    typed = re.match(r"^`([^`]+)`(?::\s*(.*))?$", text.strip(), re.DOTALL)
    if typed is None:
        _sentences(text, line, reader)
        return
    wrong = (
        differs(typed[1], symbol.returns)
        if reader.generated
        else bool(symbol.returns)
        and contradicts(typed[1], symbol.returns, lambda one: reader.facts.class_named(one, None) is not None)
    )
    if wrong:
        reader.disagree(line, f"{symbol.name} returns {typed[1]}", symbol.returns or "no type in the source")
    _sentences(typed[2] or "", line, reader)


def _source(source: re.Match[str], line: int, reader: _Reader) -> None:
    symbol = reader.symbol
    if symbol is None:
        return
    said = int(source[2]) if source[2] else None
    if source[1] != symbol.path or (said is not None and symbol.kind != "module" and said != symbol.line):
        reader.disagree(line, f"{symbol.name} is in {source[1]}:{said}", f"{symbol.path}:{symbol.line}")


def _sentences(text: str, line: int, reader: _Reader, parameter: Parameter | None = None) -> None:
    flat = " ".join(text.split())
    if not flat or flat in reader.texts:
        return
    for sentence in SENTENCE.split(flat):
        if sentence in reader.texts or (not reader.generated and _PAST.search(sentence)):
            continue
        reader.checked += 1
        wrong = faults(sentence.replace("\\|", "|").replace("&lt;", "<"), reader.topic(parameter), reader.facts)
        if wrong:
            fault = next((one for one in wrong if one.instead), wrong[0])
            instead = fault.instead or f"no such {fault.what} in the code"
            reader.disagree(line, sentence, f"{fault.said}: {instead}")


def _completeness(reader: _Reader, reference: Sequence[Chapter], text: str) -> None:
    """What the code has and the document does not."""
    last = text.count("\n")
    for chapter in reference:
        for entry in (chapter.overview, *chapter.entries):
            key = (entry.symbol.path, entry.symbol.name)
            if key not in reader.seen:
                reader.disagree(
                    max(last, 1), f"nothing of {entry.symbol.name}", f"{entry.symbol.path}:{entry.symbol.line}"
                )
        for row in chapter.constants:
            if (chapter.module.path, row.name) not in reader.seen:
                reader.disagree(
                    max(last, 1), f"nothing of {row.name}", f"{chapter.module.path}: {row.name} = {row.value}"
                )


def _first_difference(reader: _Reader, text: str, expected: str) -> None:
    ours, theirs = text.split("\n"), expected.split("\n")
    place = next(
        (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(len(ours), len(theirs)),
    )
    reader.disagree(
        place + 1,
        ours[place] if place < len(ours) else "the document ends here",
        theirs[place] if place < len(theirs) else "nothing more",
    )


def _paragraphs(text: str) -> Iterator[str]:
    """Every text of a document and each of its sentences, so that what the source says is not judged again."""
    for line in text.split("\n"):
        for cell in line.strip().strip("|").split(" | ") if line.startswith("|") else [line]:
            bare = re.sub(
                r"^(?:\s*- (?:\[`[^`]*`\]\([^)]*\): |`[^`]*`: )?|\*\*\w+\*\* (?:`[^`]*`: )?)", "", cell.strip()
            )
            flat = " ".join(bare.split())
            yield flat
            yield from SENTENCE.split(flat)
    for block in text.split("\n\n"):
        flat = " ".join(block.split())
        yield flat
        yield from SENTENCE.split(flat)


def _fences(text: str) -> Iterator[str]:
    from markdown_it import MarkdownIt

    yield from (
        token.content for token in MarkdownIt("commonmark").parse(text) if token.type in {"fence", "code_block"}
    )


def _has(symbol: Symbol) -> str:
    if symbol.parameters is None:
        return f"{symbol.name} as its base class defines it"
    names = ", ".join(one.shown for one in symbol.parameters)
    return f"{symbol.name}({names})" if symbol.callable else symbol.name


def _written(parameter: Parameter) -> str:
    typed = f"{parameter.shown}: {parameter.annotation}" if parameter.annotation else parameter.shown
    return typed if parameter.default is None else f"{typed} = {parameter.default}"


def _raising(symbol: Symbol | None) -> str:
    names = ", ".join(symbol.raises) if symbol is not None else ""
    return f"raises {names}" if names else "no exception is raised by name there"


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 240 else f"{flat[:239]}…"  # noqa: PLR2004 -- as much as one line of a report takes
