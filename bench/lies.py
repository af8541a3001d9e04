"""Does a lie in documentation get through, and does the truth?

    python bench/lies.py [--lies N] [--seed N] [--json]

Installed packages are documented.  Into what is true of them, lies are put, of eight kinds, one at a time: a parameter
that is another function's or nobody's, another default, another type, another return type, an exception that the file
does not name, a symbol that is not there, a route that is not there, an example that calls wrongly.  They are told in
three places, which are counted apart:

- `prose`: sentences and examples as a model writes them, in several wordings; a lie is caught when the sentence is
  left out or put right before anybody reads it.
- `document`: a reference that this program wrote, changed in its tables, definitions, headings and lists.
- `guide`: the same text without the mark that says who wrote it, as somebody may have written it by hand.  There only
  what contradicts the code is told.

`caught` is the share of the lies that are found where they stand.  `false_alarms` is the share of the true statements
that are called wrong: the same sentences before they were made lies, and the sentences and tables of the documents,
with all that the packages' own docstrings say.  A statement nobody could decide from the source is not made a lie of:
a type where the source has none, a default where the source has `None`.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes_tools.documents.checking import check_markdown
from manyeyes_tools.documents.entries import chapters
from manyeyes_tools.documents.facts import Facts
from manyeyes_tools.documents.markdown import BY_MODEL, GENERATED, render_markdown
from manyeyes_tools.documents.prose import NamedDraft, SymbolDraft, ground, identifier
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.statements import SENTENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.symbols import Module, Parameter, Symbol

PACKAGES = ("httpx", "click", "flask", "griffe", "jinja2", "llmock")
BASIC = ("int", "str", "dict", "list", "bool", "bytes", "float")
APART = {"int": ("str", "dict", "list"), "float": ("str", "dict", "list"), "bool": ("str", "dict", "list"),
         "str": ("int", "dict", "list", "bool"), "bytes": ("int", "dict", "list"), "dict": ("int", "str", "list"),
         "list": ("int", "str", "dict"), "tuple": ("int", "str", "dict"), "set": ("int", "str", "dict")}  # fmt: skip
EXCEPTIONS = ("ConnectionResetError", "ZeroDivisionError", "BufferError", "EOFError", "MemoryError", "RecursionError",
              "ChildProcessError", "BlockingIOError", "FloatingPointError", "ProcessLookupError")  # fmt: skip
INVENTED = ("retry_count", "strict_mode", "max_items", "on_failure", "verbose_level", "chunk_limit", "auto_close")
INVENTED_CALLS = ("refresh_all", "open_session", "as_payload", "flush_queue", "to_frame", "from_registry")


@dataclass(frozen=True, slots=True)
class Claim:
    """Something true, the lie that is made of it, and where it goes: a part of a draft."""

    kind: str
    symbol: Symbol
    part: str
    name: str
    truth: str
    lie: str
    lie_name: str = ""


def package(name: str) -> list[Module]:
    spec = find_spec(name)
    assert spec
    assert spec.submodule_search_locations
    root = Path(next(iter(spec.submodule_search_locations)))
    return [
        read_module(str(path.relative_to(root.parent)), path.read_text("utf-8"))
        for path in sorted(root.rglob("*.py"))
        if "tests" not in path.parts
    ]


def claims(facts: Facts, dice: random.Random) -> Iterator[Claim]:
    """True statements of every kind, each with its lie, in changing words."""
    others = [p.name for m in facts.modules for s in m.public for p in s.parameters or () if "_" in p.name]
    for module in facts.modules:
        text = "\n".join(module.lines)
        for symbol in module.public:
            if symbol.kind not in {"function", "method"} or symbol.parameters is None:
                continue
            yield from about_parameters(symbol, others, dice)
            yield from about_results(symbol, text, dice)
            yield from about_names(symbol, module, facts, dice)
            yield from about_examples(symbol, dice)
    for method, path in sorted(facts.routes):
        shown = path.replace("{}", "{id}")
        handler = next((s for m in facts.modules for s in m.public if s.kind == "function"), None)
        if handler:
            wrong = dice.choice([shown + "/archive", shown.rstrip("/") + "s2", "/v9" + shown])
            form = dice.choice(["Call `{}` to get it.", "It answers {}.", "Clients send {} here."])
            yield Claim(
                "route", handler, "details", "", form.format(f"{method} {shown}"), form.format(f"{method} {wrong}")
            )


def about_parameters(symbol: Symbol, others: list[str], dice: random.Random) -> Iterator[Claim]:
    own = {p.name for p in symbol.parameters or ()}
    open_ended = any(p.kind == "keywords" for p in symbol.parameters or ())
    for parameter in symbol.parameters or ():
        if parameter.kind in {"variadic", "keywords"}:
            continue
        name = parameter.name
        wrong = dice.choice([one for one in (*INVENTED, *dice.sample(others, 3)) if one not in own])
        yield Claim("parameter", symbol, "parameter", name, "What it works with.", "What it works with.", wrong)
        form = dice.choice(
            ["The `{}` parameter decides.", "Set the argument `{}` first.", "Callers give the keyword argument `{}`."]
        )
        if not open_ended and wrong.islower():
            yield Claim("parameter", symbol, "details", "", form.format(name), form.format(wrong))
        if other := another_value(parameter.default, dice):
            right = parameter.default or ""
            form = dice.choice(
                [
                    "Defaults to `{v}`.",
                    "`{n}` defaults to `{v}`.",
                    "How much; the default is `{v}`.",
                    "The limit (default: `{v}`).",
                ]
            )
            yield Claim(
                "default", symbol, "parameter", name, form.format(n=name, v=right), form.format(n=name, v=other)
            )
            form = dice.choice(
                ["`{n}` defaults to `{v}`.", "By the way, `{n}` has a default of `{v}`.", "`{n}` is `{v}` by default."]
            )
            yield Claim("default", symbol, "details", "", form.format(n=name, v=right), form.format(n=name, v=other))
        base = parameter.annotation.partition("[")[0].strip("'\"")
        if base in APART:
            lie = dice.choice(APART[base])
            form = dice.choice(["`{n}` is a `{t}`.", "`{n}` must be a {t}.", "`{n}` takes a `{t}`."])
            yield Claim("type", symbol, "details", "", form.format(n=name, t=base), form.format(n=name, t=lie))
            form = dice.choice(["A `{t}` with the content.", "A {t} of what was read."])
            yield Claim("type", symbol, "parameter", name, form.format(t=base), form.format(t=lie))


def about_results(symbol: Symbol, text: str, dice: random.Random) -> Iterator[Claim]:
    base = symbol.returns.partition("[")[0].strip("'\"")
    if base in APART and not symbol.yields:
        lie = dice.choice(APART[base])
        form = dice.choice(["Returns a `{}`.", "It returns a {}.", "Returns `{}`."])
        yield Claim("return", symbol, "details", "", form.format(base), form.format(lie))
        yield Claim("return", symbol, "returns", "", f"A `{base}` with the result.", f"A `{lie}` with the result.")
    for name in symbol.raises[:2]:
        lie = dice.choice([one for one in EXCEPTIONS if one not in text])
        yield Claim("exception", symbol, "raises", name, "It cannot go on.", "It cannot go on.", lie)
        form = dice.choice(
            ["Raises `{}` when it cannot go on.", "It raises a `{}` at the end.", "`{}` is raised for bad input."]
        )
        yield Claim("exception", symbol, "details", "", form.format(name), form.format(lie))


def about_names(symbol: Symbol, module: Module, facts: Facts, dice: random.Random) -> Iterator[Claim]:
    wrong = dice.choice([one for one in INVENTED_CALLS if one not in facts.every_word])
    name = symbol.name.rpartition(".")[2]
    form = dice.choice(["Call `{}()` before.", "See also `{}`.", "It works like {}()."])
    yield Claim("symbol", symbol, "details", "", form.format(name), form.format(wrong))
    owner = module.named(symbol.name.rpartition(".")[0])
    if owner is not None and facts.member(owner, wrong) is False:
        elsewhere = dice.choice(sorted(facts.by_name))  # a real name, and no member of this class
        if facts.member(owner, elsewhere) is False:
            yield Claim(
                "symbol",
                symbol,
                "details",
                "",
                f"Use `{symbol.name}` for it.",
                f"Use `{owner.name}.{elsewhere}` for it.",
            )


def about_examples(symbol: Symbol, dice: random.Random) -> Iterator[Claim]:
    if symbol.kind != "function" or symbol.decorators or not symbol.parameters:
        return
    given = [p for p in symbol.parameters if p.required]
    values = {p.name: sample(p) for p in given}
    if any(value is None for value in values.values()) or any(p.kind == "positional" for p in given):
        return
    words = [f"{name}={value}" for name, value in values.items()]
    truth = f"{symbol.name}({', '.join(words)})"
    kinds = {p.kind for p in symbol.parameters}
    lies = [f"{symbol.name}2({', '.join(words)})\n{symbol.name}({', '.join(words)})"]
    if "keywords" not in kinds:
        lies.append(f"{symbol.name}({', '.join([*words, f'{dice.choice(INVENTED)}=1'])})")
    if "variadic" not in kinds:
        lies.append(f"{symbol.name}({', '.join('0' for _ in range(len(symbol.parameters) + 1))})")
    if words:
        lies.append(f"{symbol.name}({', '.join(words[1:])})")
    typed = next((p for p in given if p.annotation in APART), None)
    if typed:
        wrong = {"int": "3", "str": "'x'", "dict": "{}", "list": "[]", "bool": "True"}[
            dice.choice(APART[typed.annotation])
        ]
        lies.append(f"{symbol.name}({', '.join(f'{n}={wrong if n == typed.name else v}' for n, v in values.items())})")
    yield Claim("example", symbol, "example", "", truth, dice.choice(lies))


def sample(parameter: Parameter) -> str | None:
    plain = parameter.annotation.partition("[")[0].partition("|")[0].strip()
    return {
        "int": "3",
        "str": "'x'",
        "dict": "{}",
        "list": "[]",
        "bool": "True",
        "bytes": "b'x'",
        "float": "1.5",
        "": "None",
    }.get(plain)


def another_value(default: str | None, dice: random.Random) -> str:
    try:
        value = ast.literal_eval(default or "None")
    except (ValueError, SyntaxError):
        return ""
    if isinstance(value, bool):
        return repr(not value)
    if isinstance(value, int | float):
        return repr(value + dice.choice([1, 2, 10, -1]))
    if isinstance(value, str) and value and "`" not in value:
        return repr(dice.choice(["strict", "off", "auto2", "latin-9"]))
    return ""


def told(claim: Claim, *, lie: bool) -> SymbolDraft:
    text = claim.lie if lie else claim.truth
    name = claim.lie_name if lie and claim.lie_name else claim.name
    blank = SymbolDraft(
        symbol=identifier(claim.symbol), summary="", details="", parameters=[], returns="", raises=[], example=""
    )
    if claim.part == "parameter":
        return blank.model_copy(update={"parameters": [NamedDraft(name=name, description=text)]})
    if claim.part == "raises":
        return blank.model_copy(update={"raises": [NamedDraft(name=name, description=text)]})
    return blank.model_copy(update={claim.part: text})


def in_prose(found: list[Claim], facts: Facts) -> tuple[Counter[str], Counter[str], int, list[str]]:
    """Lies by kind, those caught, the truths called wrong, and what went wrong."""
    lies, caught = Counter[str](), Counter[str]()
    alarms, shown = 0, list[str]()
    for claim in found:
        _, quiet = ground([told(claim, lie=False)], [claim.symbol], facts)
        if quiet:
            alarms += 1
            shown.append(
                f"false alarm {dict(quiet)} {claim.symbol.path} {claim.symbol.name} {claim.name}: {claim.truth}"
            )
        lies[claim.kind] += 1
        _, loud = ground([told(claim, lie=True)], [claim.symbol], facts)
        if loud:
            caught[claim.kind] += 1
        else:
            shown.append(f"missed {claim.kind} {claim.symbol.path} {claim.symbol.name}: {claim.lie_name} {claim.lie}")
    return lies, caught, alarms, shown


CELL = re.compile(r"^\| `([\w]+)` \|(?: `([^`|]*)` \|)?")


def changed_lines(  # noqa: C901 -- one branch for each kind of line
    document: str, dice: random.Random, *, guide: bool
) -> dict[int, tuple[str, str]]:
    """By line, the kind of a lie and the line with it; at most one in each entry of the reference."""
    lines = document.split("\n")
    found: dict[int, tuple[str, str]] = {}
    head: list[str] = []
    label, fence, busy = "", False, False
    for place, line in enumerate(lines):
        if line.startswith("```"):
            fence = not fence
        if line.startswith("#"):
            busy, label = False, line.strip("# ").lower()
        if line.startswith("**"):
            label = line.strip("* ").lower()
        if line.startswith("| Name"):
            head = [cell.strip().lower() for cell in line.strip("|").split("|")]
        if fence or busy or dice.random() > 0.5:
            continue
        lie = None
        if line.startswith("| `") and label == "parameters" and "`*" not in line:
            rest = "\n".join(lines[place : place + 40]).partition("\n\n")[0]
            # a function that takes any keyword may have one that only a guide tells
            lie = in_cells(line, head, dice, names=not (guide and "| `**" in rest))
        elif (
            match := re.match(r"^(#+ (?:Class|Function|Method|Property) `)([\w.]+)(`)$", line)
        ) and dice.random() < 0.15:
            lie = ("symbol", f"{match[1]}{match[2]}_{dice.choice(INVENTED_CALLS)}{match[3]}")
        elif label == "raises" and (match := re.match(r"^- `([\w.]+)`", line)):
            lie = ("exception", line.replace(f"`{match[1]}`", f"`{dice.choice(EXCEPTIONS)}`", 1))
        elif (match := re.match(r"^\*\*Returns\*\* `([a-z]+)`(.*)$", line)) and match[1] in APART:
            lie = ("return", f"**Returns** `{dice.choice(APART[match[1]])}`{match[2]}")
        if lie:
            found[place] = lie
            busy = True
    return found


def in_cells(line: str, head: list[str], dice: random.Random, *, names: bool) -> tuple[str, str] | None:
    cells = line.strip().strip("|").split(" | ")
    cells = [cell.strip() for cell in cells]
    if len(cells) != len(head) or "\\|" in line:
        return None
    choices = []
    at = {name: place for place, name in enumerate(head)}
    if "type" in at and cells[at["type"]].strip("`") in APART:
        choices.append(("type", "type", f"`{dice.choice(APART[cells[at['type']].strip('`')])}`"))
    if "default" in at and (other := another_value(cells[at["default"]].strip("`") or None, dice)):
        choices.append(("default", "default", f"`{other}`"))
    if names:
        choices.append(("parameter", "name", f"`{dice.choice(INVENTED)}`"))
    if not choices:
        return None
    kind, column, value = dice.choice(choices)
    cells[at[column]] = value
    return kind, "| " + " | ".join(cells) + " |"


def stated(document: str) -> Iterator[str]:
    """The lines of a document that state something: code and what only structures are left out."""
    fence = False
    for line in document.split("\n"):
        if line.startswith("```"):
            fence = not fence
        elif line.strip() and not fence and not line.startswith(("<a", "|--", "| ---", "#", "Source:")):
            yield line


def in_documents(
    facts: Facts, dice: random.Random, *, guide: bool
) -> tuple[Counter[str], Counter[str], int, int, list[str]]:
    document = render_markdown(chapters(facts.modules, {}), by_model=True)
    if guide:
        document = document.replace(GENERATED, "").replace(BY_MODEL, "")
    statements = sum(len(SENTENCE.split(line)) for line in stated(document))
    quiet = check_markdown("reference.md", document, facts)
    lines = document.split("\n")
    changes = changed_lines(document, dice, guide=guide)
    for place, (_, text) in changes.items():
        lines[place] = text
    loud = {one.line for one in check_markdown("reference.md", "\n".join(lines), facts)} - {one.line for one in quiet}
    lies = Counter(kind for kind, _ in changes.values())
    caught = Counter(kind for place, (kind, _) in changes.items() if place + 1 in loud)
    shown = [f"missed {kind}: {text}" for place, (kind, text) in changes.items() if place + 1 not in loud]
    shown += [f"false alarm at {one.line}: {one.said} => {one.instead}" for one in quiet]
    return lies, caught, len(quiet), statements, shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lies", type=int, default=1000, help="in prose; the documents have as many as they have room")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true", help="also print what was missed and what was a false alarm")
    options = parser.parse_args()
    dice = random.Random(options.seed)  # noqa: S311 -- figures that can be had again
    indexes = {name: Facts(package(name)) for name in PACKAGES}
    rows: list[dict[str, object]] = []
    wrong: list[str] = []

    began = time.perf_counter()
    pool: dict[str, list[tuple[Claim, Facts]]] = defaultdict(list)
    for facts in indexes.values():
        for claim in claims(facts, dice):
            pool[claim.kind].append((claim, facts))
    share = -(-options.lies // len(pool))
    drawn = [one for kind in sorted(pool) for one in dice.sample(pool[kind], min(share, len(pool[kind])))]
    rest = [one for kind in sorted(pool) for one in pool[kind] if one not in drawn] if len(drawn) < options.lies else []
    drawn += dice.sample(rest, min(len(rest), options.lies - len(drawn)))
    lies, caught, alarms = Counter[str](), Counter[str](), 0
    for facts in indexes.values():
        more, seen, false, shown = in_prose([claim for claim, home in drawn if home is facts], facts)
        lies, caught, alarms = lies + more, caught + seen, alarms + false
        wrong += shown
    rows.append(row("prose", lies, caught, alarms, sum(lies.values()), seconds=time.perf_counter() - began))

    for place, guide in (("document", False), ("guide", True)):
        began = time.perf_counter()
        lies, caught, alarms, statements = Counter[str](), Counter[str](), 0, 0
        for facts in indexes.values():
            more, seen, false, total, shown = in_documents(facts, dice, guide=guide)
            lies, caught, alarms, statements = lies + more, caught + seen, alarms + false, statements + total
            wrong += [f"{place}: {one}" for one in shown]
        rows.append(row(place, lies, caught, alarms, statements, seconds=time.perf_counter() - began))
    if options.show:
        print("\n".join(wrong), file=sys.stderr)
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{'place':<10}{'lies':>7}{'caught':>9}{'truths':>9}{'false alarms':>14}{'seconds':>9}  by kind")
    for one in rows:
        print(
            f"{one['place']:<10}{one['lies']:>7}{one['caught']:>9.2%}{one['truths']:>9}{one['false_alarms']:>14.2%}{one['seconds']:>9.1f}"
            f"  {one['by_kind']}"
        )


def row(
    place: str, lies: Counter[str], caught: Counter[str], alarms: int, truths: int, *, seconds: float
) -> dict[str, object]:
    return {
        "place": place,
        "lies": sum(lies.values()),
        "caught": sum(caught.values()) / max(sum(lies.values()), 1),
        "truths": truths,
        "false_alarms": alarms / max(truths, 1),
        "seconds": seconds,
        "by_kind": ", ".join(f"{kind} {caught[kind]}/{lies[kind]}" for kind in sorted(lies)),
    }


if __name__ == "__main__":
    main()
