"""The resources and prompts that the conformance suite asks for by name."""

from __future__ import annotations

import json
import re
from typing import Any

import mcp_types as types
from fixture_tools import PNG, ask, embedded

TEMPLATE = "test://template/{id}/data"
_TEMPLATED = re.compile(r"test://template/([^/]+)/data\Z")

RESOURCES = [
    types.Resource(uri=uri, name=uri.removeprefix("test://"), description=about, mime_type=mime_type)
    for uri, about, mime_type in (
        ("test://static-text", "A text that never changes.", "text/plain"),
        ("test://static-binary", "A picture of one pixel.", "image/png"),
        ("test://watched-resource", "A text that can be subscribed to.", "text/plain"),
    )
]
TEMPLATES = [
    types.ResourceTemplate(
        uri_template=TEMPLATE, name="template", description="Data of an id.", mime_type="application/json"
    )
]


def read(uri: str) -> types.ReadResourceResult | None:
    """The fixture at `uri`, or None where there is none."""
    content: types.TextResourceContents | types.BlobResourceContents
    if uri == "test://static-text":
        body = "This is the content of the static text resource."
        content = types.TextResourceContents(uri=uri, mime_type="text/plain", text=body)
    elif uri == "test://static-binary":
        content = types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PNG)
    elif uri == "test://watched-resource":
        content = types.TextResourceContents(uri=uri, mime_type="text/plain", text="Watched.")
    elif found := _TEMPLATED.match(uri):
        body = json.dumps({"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"})
        content = types.TextResourceContents(uri=uri, mime_type="application/json", text=body)
    else:
        return None
    return types.ReadResourceResult(contents=[content])


PROMPTS = [
    types.Prompt(
        name=name,
        description=f"Fixture of the conformance suite: {name}.",
        arguments=[types.PromptArgument(name=argument, required=True) for argument in arguments],
    )
    for name, arguments in (
        ("test_simple_prompt", ()),
        ("test_prompt_with_arguments", ("arg1", "arg2")),
        ("test_prompt_with_embedded_resource", ("resourceUri",)),
        ("test_prompt_with_image", ()),
        ("test_input_required_result_prompt", ()),
    )
]


def prompt(  # noqa: PLR0911  # a return for each fixture reads best
    params: types.GetPromptRequestParams,
) -> types.GetPromptResult | types.InputRequiredResult | None:
    """The fixture named in `params`, or None where there is none."""
    arguments = params.arguments or {}
    match params.name:
        case "test_simple_prompt":
            return _messages(types.TextContent(text="This is a simple prompt for testing."))
        case "test_prompt_with_arguments":
            body = f"Prompt with arguments: arg1='{arguments['arg1']}', arg2='{arguments['arg2']}'"
            return _messages(types.TextContent(text=body))
        case "test_prompt_with_embedded_resource":
            resource = embedded(arguments["resourceUri"], "text/plain", "Embedded resource content for testing.")
            return _messages(resource, types.TextContent(text="Please process the embedded resource above."))
        case "test_prompt_with_image":
            picture = types.ImageContent(data=PNG, mime_type="image/png")
            return _messages(picture, types.TextContent(text="Please analyze the image above."))
        case "test_input_required_result_prompt":
            reply = (params.input_responses or {}).get("user_context")
            if not isinstance(reply, types.ElicitResult):
                question = ask("What context should the prompt use?", "context")
                return types.InputRequiredResult(input_requests={"user_context": question})
            return _messages(types.TextContent(text=f"In the context of {(reply.content or {}).get('context')}."))
    return None


def _messages(*contents: Any) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content) for content in contents])
