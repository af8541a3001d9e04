"""The prompts that clients offer to people: requests worked out once, with blanks to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mcp_types as types

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXTS = {
    "review_my_changes": """\
Review my uncommitted changes{of}. Call `code_review` with git="{range}"{focus}. Then tell me, worst first, what to \
mend before I commit: each with file and line, why it matters, and the patch where `applies` is true. Say which \
models were heard and what it cost. Leave out what I would not act on. If `status` is \
not `complete`, say what was not done.""",
    "audit_dependencies": """\
Audit the dependencies of this project{of}. Call `security_scan` with scan_type="sca" and the folder as `paths` \
("." for the whole project). Tell me first what is vulnerable and used here: package, version, advisory, where it \
comes from, and the version that mends it; then the order in which to upgrade. Say how many dependencies are clean and \
how many unchecked, and why (`checked`, `problems`, `notes`). Call nothing clean that the result does not.""",
    "document_module": """\
Document {path}. Call `doc_generator` with paths=["{path}"] and format="{format}". Show me the document, then the \
symbols that are still undocumented. Do not add anything that the tool did not find in the code.""",
}

PROMPTS = (
    types.Prompt(
        name="review_my_changes",
        title="Review my changes",
        description="Have the changes I have not committed yet reviewed by another vendor's model.",
        arguments=[
            types.PromptArgument(name="range", description="working (default), staged, or a range like main..HEAD"),
            types.PromptArgument(name="focus", description="what to look at most, e.g. concurrency"),
        ],
    ),
    types.Prompt(
        name="audit_dependencies",
        title="Audit dependencies",
        description="Check this project's dependencies for known weaknesses.",
        arguments=[types.PromptArgument(name="folder", description="where the manifests are; the project by default")],
    ),
    types.Prompt(
        name="document_module",
        title="Document a module",
        description="Write documentation of a module from its code.",
        arguments=[
            types.PromptArgument(name="path", description="file or folder", required=True),
            types.PromptArgument(name="format", description="markdown (default), openapi or html"),
        ],
    ),
)

_VALUES = {
    ("review_my_changes", "range"): ["working", "staged", "main..HEAD", "HEAD~1"],
    ("document_module", "format"): ["markdown", "openapi", "html"],
}


def complete(prompt: str, argument: str) -> list[str]:
    """Values a client may propose for a prompt's argument; none where anything goes."""
    return _VALUES.get((prompt, argument), [])


def fill(name: str, values: Mapping[str, str]) -> types.GetPromptResult:
    """The prompt of that name with its blanks filled in.

    Raises:
        BadCall: there is no such prompt, or an argument is unknown or missing.
    """
    prompt = next((prompt for prompt in PROMPTS if prompt.name == name), None)
    if prompt is None:
        raise BadCall(f"Unknown prompt: {name[:60]}. There are: {', '.join(prompt.name for prompt in PROMPTS)}")
    known = {argument.name for argument in prompt.arguments or ()}
    for argument in prompt.arguments or ():
        if argument.required and not values.get(argument.name, "").strip():
            raise BadCall(f"{name}: `{argument.name}` is missing. It takes: {', '.join(sorted(known))}")
    if unknown := sorted(set(values) - known):
        raise BadCall(f"{name}: there is no argument `{unknown[0][:60]}`. It takes: {', '.join(sorted(known))}")
    given = {key: value.strip() for key, value in values.items()}
    folder, focus = given.get("folder", ""), given.get("focus", "")
    text = _TEXTS[name].format(
        of=f" in {folder}" if folder else "",
        range=given.get("range") or "working",
        focus=f' and focus="{focus}"' if focus else "",
        path=given.get("path", ""),
        format=given.get("format") or "markdown",
    )
    message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.GetPromptResult(description=prompt.description, messages=[message])
