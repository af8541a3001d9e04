from __future__ import annotations

import pytest

from manyeyes_tools.documents.comments import read_comment
from manyeyes_tools.documents.foreign import Unreadable, read_foreign

TYPESCRIPT = """\
// Money and who has it.

/**
 * Pays.
 * @param {number} amount - How much.
 * @param note What for.
 * @returns The receipt.
 * @throws {RangeError} It is too much.
 * @example
 * pay(3)
 */
export function pay(amount: number, note?: string, ...tags: string[]): Receipt {
  if (amount > 9) throw new RangeError("too much")
  function inner() {}
}
export function pay(amount: bigint): Receipt
export interface Receipt { total: number; print(): string }
export class Book<T> { #hidden = 1; private owner = ""; size = 2; add(x: T = 1): void {} private drop() {} }
const local = 1
function aside() {}
export { aside }
"""


def test_typescript_is_indexed() -> None:
    module, incomplete = read_foreign("src/pay.ts", TYPESCRIPT, "typescript")
    assert incomplete == ""
    assert module.itself.docstring == "Money and who has it."
    assert [(s.kind, s.name) for s in module.public] == [
        ("function", "pay"), ("interface", "Receipt"), ("method", "Receipt.print"), ("class", "Book"),
        ("method", "Book.add"), ("function", "aside"),
    ]  # fmt: skip
    pay = module.named("pay")
    assert pay
    assert pay.signature.count("\n") == 1  # both overloads
    assert (pay.returns, pay.raises, pay.parameters) == ("Receipt", ("RangeError",), None)
    assert {s.name for s in module.symbols if s.kind == "attribute"} == {"Receipt.total", "Book.size"}
    doc = read_comment(pay.docstring)
    assert (doc.summary, dict(doc.parameters), doc.returns, dict(doc.raises), doc.examples) == (
        "Pays.", {"amount": "How much.", "note": "What for."}, "The receipt.", {"RangeError": "It is too much."},
        ("pay(3)",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "code", "name", "parameters", "returns", "raises"),
    [
        ("go", "package p\nfunc Pay(a, b int, c string) (int, error) { return 0, nil }", "Pay",
         [("a", "int", None), ("b", "int", None), ("c", "string", None)], "(int, error)", ()),
        ("rust", "pub fn pay(amount: u64) -> Result<(), E> { todo!() }", "pay", [("amount", "u64", None)],
         "Result<(), E>", ()),
        ("java", "public class A { public int pay(String to) throws IOException { throw new BadCall(); } }", "A.pay",
         [("to", "String", None)], "int", ("IOException", "BadCall")),
        ("c", "int pay(const char *to, long n) { return 0; }", "pay", [("to", "const char *", None),
         ("n", "long", None)], "int", ()),
        ("csharp", "class A { public int Pay(string to, int n = 3) { throw new BadCall(); } }", "A.Pay",
         [("to", "string", None), ("n", "int", "3")], "int", ("BadCall",)),
        ("ruby", "def pay(to, n = 3, *rest)\n  raise ArgumentError, 'no'\nend", "pay",
         [("to", "", None), ("n", "", "3"), ("rest", "", None)], "", ("ArgumentError",)),
        ("php", "<?php\nfunction pay(string $to, int $n = 3): int { throw new BadCall(); }", "pay",
         [("$to", "string", None), ("$n", "int", "3")], "int", ("BadCall",)),
        ("kotlin", "fun pay(to: String, n: Int = 3): Int { throw BadCall() }", "pay",
         [("to", "String", None), ("n", "Int", "3")], "Int", ("BadCall",)),
    ],
)  # fmt: skip
def test_heads_are_read(  # noqa: PLR0917 -- a table of six columns
    language, code, name, parameters, returns, raises
) -> None:
    module, _ = read_foreign("x", code, language)
    symbol = module.named(name)
    assert symbol, [one.name for one in module.symbols]
    assert symbol.public
    assert [(p.name, p.annotation, p.default) for p in symbol.parameters or ()] == parameters
    assert (symbol.returns, symbol.raises) == (returns, raises)


@pytest.mark.parametrize(
    ("comment", "summary", "parameters"),
    [
        ('<summary>Pays <see cref="X"/>.</summary>\n<param name="to">Whom.</param>', "Pays `X`.", {"to": "Whom."}),
        ("\\brief Pays.\n\\param to Whom.", "Pays.", {"to": "Whom."}),
        ("Pays.\n\n@param $to Whom.", "Pays.", {"to": "Whom."}),
        ("Pays {@link X}.", "Pays `X`.", {}),
        ("Mail a@b.example now.", "Mail a@b.example now.", {}),
        ("", "", {}),
    ],
)  # fmt: skip
def test_comments_are_taken_apart(comment, summary, parameters) -> None:
    doc = read_comment(comment)
    assert (doc.summary, dict(doc.parameters)) == (summary, parameters)


def test_what_has_no_grammar_is_said() -> None:
    with pytest.raises(Unreadable, match="no grammar for elm"):
        read_foreign("a.elm", "a = 1", "elm")
