"""The tools that the conformance suite calls by name.

The suite can only look at what a server does with images, progress, elicitation and the like through tools that do
just that.  They say nothing about Many Eyes; they run over its transport, session and error handling.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA=="
STEP_S = 0.05
"""The pause that the suite asks for between two notifications."""

NO_ARGUMENTS: dict[str, Any] = {"type": "object"}
Answer = types.CallToolResult | types.InputRequiredResult
Handler = Callable[[ServerRequestContext[Any], types.CallToolRequestParams], Awaitable[Answer]]


def text(*lines: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=line) for line in lines])


def ask(message: str, field: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(text=prompt))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


# --- content ---------------------------------------------------------------------------------------------------------


async def simple_text(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    return text("This is a simple text response for testing.")


async def image(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    return types.CallToolResult(content=[types.ImageContent(data=PNG, mime_type="image/png")])


async def audio(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    return types.CallToolResult(content=[types.AudioContent(data=WAV, mime_type="audio/wav")])


def embedded(uri: str, mime_type: str, body: str) -> types.EmbeddedResource:
    return types.EmbeddedResource(resource=types.TextResourceContents(uri=uri, mime_type=mime_type, text=body))


async def embedded_resource(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    body = embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    return types.CallToolResult(content=[body])


async def mixed(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    return types.CallToolResult(
        content=[
            types.TextContent(text="Multiple content types test:"),
            types.ImageContent(data=PNG, mime_type="image/png"),
            embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
        ]
    )


async def error(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    message = types.TextContent(text="This tool intentionally returns an error for testing")
    return types.CallToolResult(content=[message], is_error=True)


# --- notifications during a call -------------------------------------------------------------------------------------


async def progress(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    for done in (0, 50, 100):
        await ctx.session.report_progress(done, 100)
        await anyio.sleep(STEP_S)
    return text("Tool with progress executed.")


async def logging(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.session.send_log_message("info", line, related_request_id=ctx.request_id)
        await anyio.sleep(STEP_S)
    return text("Tool with logging executed.")


# --- requests to the client, handshake era: in the middle of a call --------------------------------------------------


async def sampling(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    request = sample((params.arguments or {})["prompt"])
    related = ServerMessageMetadata(related_request_id=ctx.request_id)
    reply = await ctx.session.send_request(request, types.CreateMessageResult, metadata=related)
    return text(f"LLM response: {reply.content.model_dump_json()}")


async def _elicit(ctx: ServerRequestContext[Any], message: str, schema: dict[str, Any]) -> Answer:
    reply = await ctx.session.elicit_form(message, schema, related_request_id=ctx.request_id)
    return text(f"Elicitation completed: action={reply.action}, content={reply.content}")


async def elicitation(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    fields = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    schema = {"type": "object", "properties": fields, "required": ["username", "email"]}
    return await _elicit(ctx, (params.arguments or {})["message"], schema)


async def elicitation_defaults(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    fields: dict[str, Any] = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await _elicit(ctx, "Please check the defaults", {"type": "object", "properties": fields})


async def elicitation_enums(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    options = ["option1", "option2", "option3"]
    titled = [{"const": f"value{i}", "title": title} for i, title in enumerate(("First", "Second", "Third"), 1)]
    legacy = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]}
    fields: dict[str, Any] = {
        "untitledSingle": {"type": "string", "enum": options},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", **legacy},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": options}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return await _elicit(ctx, "Please choose", {"type": "object", "properties": fields})


# --- requests to the client, stateless era: an answer that asks for input, and a second call -------------------------


def _responses(params: types.CallToolRequestParams) -> types.InputResponses:
    return params.input_responses or {}


async def input_elicitation(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    reply = _responses(params).get("user_name")
    if not isinstance(reply, types.ElicitResult):
        return types.InputRequiredResult(input_requests={"user_name": ask("What is your name?", "name")})
    return text(f"Hello, {(reply.content or {}).get('name')}!")


async def input_sampling(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    reply = _responses(params).get("capital_question")
    if reply is None:
        return types.InputRequiredResult(input_requests={"capital_question": sample("What is the capital of France?")})
    return text(reply.model_dump_json())


async def input_roots(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    reply = _responses(params).get("client_roots")
    if not isinstance(reply, types.ListRootsResult):
        return types.InputRequiredResult(input_requests={"client_roots": types.ListRootsRequest()})
    return text(*(f"root: {root.uri}" for root in reply.roots))


async def input_state(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    if params.request_state != "asked" or "confirm" not in _responses(params):
        question = ask("Please confirm", "ok", "boolean")
        return types.InputRequiredResult(input_requests={"confirm": question}, request_state="asked")
    return text("state-ok")


async def input_multiple(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    questions: dict[str, types.InputRequest] = {
        "user_name": ask("What is your name?", "name"),
        "greeting": sample("Generate a greeting", 50),
        "client_roots": types.ListRootsRequest(),
    }
    if params.request_state != "asked" or not questions.keys() <= _responses(params).keys():
        return types.InputRequiredResult(input_requests=questions, request_state="asked")
    return text("All inputs received.")


async def input_rounds(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    replies = _responses(params)
    if params.request_state == "round 2" and "step2" in replies:
        return text("All rounds done.")
    if params.request_state == "round 1" and "step1" in replies:
        question = ask("Step 2: What is your favorite color?", "color")
        return types.InputRequiredResult(input_requests={"step2": question}, request_state="round 2")
    question = ask("Step 1: What is your name?", "name")
    return types.InputRequiredResult(input_requests={"step1": question}, request_state="round 1")


async def input_by_capability(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    """Ask only for what the client declared."""
    offers = ctx.session.client_capabilities or types.ClientCapabilities()
    questions: dict[str, types.InputRequest] = {}
    if offers.elicitation is not None:
        questions["user_name"] = ask("What is your name?", "name")
    if offers.sampling is not None:
        questions["greeting"] = sample("Generate a greeting")
    if _responses(params).keys() >= questions.keys():
        return text("Nothing more to ask.")
    return types.InputRequiredResult(input_requests=questions)


async def missing_capability(ctx: ServerRequestContext[Any], params: types.CallToolRequestParams) -> Answer:
    """Needs sampling, and refuses by the protocol's error where the client has none."""
    offers = ctx.session.client_capabilities
    if offers is None or offers.sampling is None:
        needed = types.ClientCapabilities(sampling=types.SamplingCapability())
        data = types.MissingRequiredClientCapabilityErrorData(required_capabilities=needed)
        raise MCPError(
            code=types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="The client did not declare the sampling capability.",
            data=data.model_dump(by_alias=True, mode="json", exclude_none=True),
        )
    return text("The client can sample.")


# --- the list --------------------------------------------------------------------------------------------------------

JSON_SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def strings(*names: str, **extra: dict[str, Any]) -> dict[str, Any]:
    fields = {name: {"type": "string", **extra.get(name, {})} for name in names}
    return {"type": "object", "properties": fields, "required": list(names)}


SCHEMAS: dict[str, dict[str, Any]] = {
    "test_sampling": strings("prompt"),
    "test_elicitation": strings("message"),
    "json_schema_2020_12_tool": JSON_SCHEMA_2020_12,
    "test_x_mcp_header": strings("region", region={"x-mcp-header": "Region"}),
}

HANDLERS: dict[str, Handler] = {
    "test_simple_text": simple_text,
    "test_image_content": image,
    "test_audio_content": audio,
    "test_embedded_resource": embedded_resource,
    "test_multiple_content_types": mixed,
    "test_error_handling": error,
    "test_tool_with_progress": progress,
    "test_tool_with_logging": logging,
    "test_logging_tool": logging,
    "test_sampling": sampling,
    "test_elicitation": elicitation,
    "test_elicitation_sep1034_defaults": elicitation_defaults,
    "test_elicitation_sep1330_enums": elicitation_enums,
    "json_schema_2020_12_tool": simple_text,
    "test_x_mcp_header": simple_text,
    "test_missing_capability": missing_capability,
    "test_streaming_elicitation": input_elicitation,
    "test_input_required_result_elicitation": input_elicitation,
    "test_input_required_result_sampling": input_sampling,
    "test_input_required_result_list_roots": input_roots,
    "test_input_required_result_request_state": input_state,
    "test_input_required_result_tampered_state": input_state,
    "test_input_required_result_multiple_inputs": input_multiple,
    "test_input_required_result_multi_round": input_rounds,
    "test_input_required_result_capabilities": input_by_capability,
}


def listed() -> list[types.Tool]:
    return [
        types.Tool(
            name=name,
            description=f"Fixture of the conformance suite: {name}.",
            input_schema=SCHEMAS.get(name, NO_ARGUMENTS),
        )
        for name in HANDLERS
    ]
