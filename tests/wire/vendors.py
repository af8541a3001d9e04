"""The same things said in each vendor's words, so that one test can speak of all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from manyeyes.providers import anthropic, compatible, google, openai
from manyeyes.providers.sdk import Timeouts
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
from wire.doubles import (
    Reply,
    anthropic_stream,
    body,
    chat_stream,
    google_stream,
    responses_stream,
    responses_text,
)

if TYPE_CHECKING:
    from manyeyes.model import Provider

Json = Any
KEY = "sk-canary-0123456789abcdef"
QUICK = Timeouts(connect=2.0, stall=5.0)


class VendorWords(Protocol):
    """A vendor, spoken to and spoken for."""

    model: str

    def settings(self, url: str) -> Settings: ...
    def provider(self, url: str, timeouts: Timeouts = QUICK) -> Provider: ...
    def says(self, text: str) -> Reply: ...
    def asks(self, *calls: tuple[str, str, Json]) -> Reply: ...
    def refuses(self, why: str) -> Reply: ...
    def cuts(self, text: str) -> Reply: ...
    def counts(self) -> Reply: ...
    def error(self, status: int, words: str, code: str = "", **headers: str) -> Reply: ...
    def lists(self, *names: str) -> Reply: ...
    def system(self, sent: Json) -> str: ...


class AnthropicWords:
    model = "claude-opus-4-7"

    def settings(self, url: str) -> Settings:
        return Settings(anthropic=Vendor(key=KEY, base_url=url))

    def provider(self, url: str, timeouts: Timeouts = QUICK) -> Provider:
        return anthropic.providers(self.settings(url), timeouts=timeouts)[0]

    def says(self, text: str) -> Reply:
        return anthropic_stream({"type": "text", "text": text})

    def asks(self, *calls: tuple[str, str, Json]) -> Reply:
        blocks = [{"type": "tool_use", "id": id_, "name": name, "input": args} for id_, name, args in calls]
        return anthropic_stream({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, *blocks, stop="tool_use")

    def refuses(self, why: str) -> Reply:
        return anthropic_stream(stop="refusal", details={"type": "refusal", "category": "cyber", "explanation": why})

    def cuts(self, text: str) -> Reply:
        return anthropic_stream({"type": "text", "text": text}, stop="max_tokens")

    def counts(self) -> Reply:
        return anthropic_stream(
            {"type": "text", "text": "counted"},
            usage={"input_tokens": 50, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 10},
            output={"output_tokens": 30, "output_tokens_details": {"thinking_tokens": 20}},
        )

    def error(self, status: int, words: str, code: str = "invalid_request_error", **headers: str) -> Reply:
        return body({"type": "error", "error": {"type": code, "message": words}}, status, **headers)

    def lists(self, *names: str) -> Reply:
        data = [
            {"id": name, "type": "model", "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names
        ]
        return body({"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]})

    def system(self, sent: Json) -> str:
        return "".join(block["text"] for block in sent.get("system", ()))


class ResponsesWords:
    model = "gpt-5.5"

    def settings(self, url: str) -> Settings:
        return Settings(openai=OpenAI(key=KEY, base_url=f"{url}/v1", api="responses"))

    def provider(self, url: str, timeouts: Timeouts = QUICK) -> Provider:
        return openai.providers(self.settings(url), timeouts=timeouts)[0]

    def says(self, text: str) -> Reply:
        return responses_stream(responses_text(text))

    def asks(self, *calls: tuple[str, str, Json]) -> Reply:
        reasoning = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "ZW5j"}
        items = [
            {"type": "function_call", "id": f"fc_{id_}", "call_id": id_, "name": name, "arguments": json.dumps(args)}
            for id_, name, args in calls
        ]
        return responses_stream(reasoning, *items)

    def refuses(self, why: str) -> Reply:
        content = [{"type": "refusal", "refusal": why}]
        return responses_stream({"type": "message", "id": "m", "role": "assistant", "content": content})

    def cuts(self, text: str) -> Reply:
        return responses_stream(responses_text(text), status="incomplete", reason="max_output_tokens")

    def counts(self) -> Reply:
        usage = {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 20},
            "total_tokens": 130,
        }
        return responses_stream(responses_text("counted"), usage=usage)

    def error(self, status: int, words: str, code: str = "", **headers: str) -> Reply:
        return body({"error": {"message": words, "type": "error", "code": code or None}}, status, **headers)

    def lists(self, *names: str) -> Reply:
        data = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in names]
        return body({"object": "list", "data": data})

    def system(self, sent: Json) -> str:
        return sent.get("instructions", "")


class ChatWords(ResponsesWords):
    def settings(self, url: str) -> Settings:
        return Settings(openai=OpenAI(key=KEY, base_url=f"{url}/v1"))

    def says(self, text: str) -> Reply:
        return chat_stream(text)

    def asks(self, *calls: tuple[str, str, Json]) -> Reply:
        return chat_stream(calls=[(id_, name, json.dumps(args)) for id_, name, args in calls], finish="tool_calls")

    def refuses(self, why: str) -> Reply:
        return chat_stream(refusal=why)

    def cuts(self, text: str) -> Reply:
        return chat_stream(text, finish="length")

    def counts(self) -> Reply:
        usage = {
            "prompt_tokens": 100,
            "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 10},
            "completion_tokens": 30,
            "completion_tokens_details": {"reasoning_tokens": 20},
            "total_tokens": 130,
        }
        return chat_stream("counted", usage=usage)

    def system(self, sent: Json) -> str:
        return "".join(message["content"] for message in sent["messages"] if message["role"] == "system")


class CompatibleWords(ChatWords):
    model = "qwen3-coder"

    def __init__(self, schema_mode: str = "json_schema", *, key: str | None = KEY) -> None:
        self.schema_mode = schema_mode
        self.key = key

    def settings(self, url: str) -> Settings:
        endpoint = Endpoint(
            url=f"{url}/v1", key=self.key, schema_mode=self.schema_mode, modalities=("text", "image", "pdf")
        )
        return Settings(endpoints={"ollama": endpoint})

    def provider(self, url: str, timeouts: Timeouts = QUICK) -> Provider:
        return compatible.providers(self.settings(url), timeouts=timeouts)[0]


class GoogleWords:
    model = "gemini-2.5-pro"

    def settings(self, url: str) -> Settings:
        return Settings(google=Google(key=KEY, base_url=url, api_version="v1beta"))

    def provider(self, url: str, timeouts: Timeouts = QUICK) -> Provider:
        return google.providers(self.settings(url), timeouts=timeouts)[0]

    def says(self, text: str) -> Reply:
        half = len(text) // 2
        return google_stream({"text": "thinking…", "thought": True}, {"text": text[:half]}, {"text": text[half:]})

    def asks(self, *calls: tuple[str, str, Json]) -> Reply:
        parts = [{"functionCall": {"id": id_, "name": name, "args": args}} for id_, name, args in calls]
        parts[0]["thoughtSignature"] = "c2ln"
        return google_stream(*parts)

    def refuses(self, why: str) -> Reply:
        return google_stream(finish="SAFETY")  # the SDK drops the vendor's words

    def cuts(self, text: str) -> Reply:
        return google_stream({"text": text}, finish="MAX_TOKENS")

    def counts(self) -> Reply:
        usage = {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 40,
            "candidatesTokenCount": 10,
            "thoughtsTokenCount": 20,
        }
        return google_stream({"text": "counted"}, usage=usage)

    def error(self, status: int, words: str, code: str = "INVALID_ARGUMENT", **headers: str) -> Reply:
        return body({"error": {"code": status, "message": words, "status": code}}, status, **headers)

    def lists(self, *names: str) -> Reply:
        models = [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in names]
        embedder = {"name": "models/embedder", "supportedGenerationMethods": ["embedContent"]}
        return body({"models": [*models, embedder]})

    def system(self, sent: Json) -> str:
        return "".join(part["text"] for part in sent.get("systemInstruction", {}).get("parts", ()))


VENDORS: dict[str, VendorWords] = {
    "anthropic": AnthropicWords(),
    "openai-responses": ResponsesWords(),
    "openai-chat": ChatWords(),
    "google": GoogleWords(),
    "compatible": CompatibleWords(),
}
