"""Nothing of a vendor is loaded before it is needed, and what cannot be loaded is told plainly."""

from __future__ import annotations

import subprocess
import sys
from threading import current_thread, main_thread

import anyio
import pytest

from manyeyes.errors import SdkUnavailable
from manyeyes.model import no_pulse
from manyeyes.providers import anthropic, compatible, google, openai, scripted
from manyeyes.providers.anthropic import Claude
from manyeyes.providers.sdk import Once
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
from manyeyes.types import Message, ModelRef, Request
from wire.vendors import KEY, QUICK, VENDORS

MODULES = (anthropic, compatible, google, openai, scripted)

SCRIPT = """
import sys
from manyeyes.providers import anthropic, compatible, google, openai, scripted
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
settings = Settings(
    anthropic=Vendor(key="k"), openai=OpenAI(key="k"), google=Google(key="k"), endpoints={"o": Endpoint(url="http://o")}
)
made = [p for m in (anthropic, openai, google, compatible, scripted) for p in m.providers(settings)]
[p.model("m") for p in made]
heavy = {"anthropic", "openai", "google", "httpx", "httpx2", "ssl", "jsonschema"} & set(sys.modules)
print(sorted(p.name for p in made), sorted(heavy))
"""


def test_making_providers_loads_no_sdk() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded = ran.stdout.split("] ", 1)
    assert loaded[0] == "['anthropic', 'google', 'o', 'openai'"
    assert not {"anthropic", "openai", "google", "httpx2"} & set(eval(loaded[1]))


def test_nothing_is_made_without_what_it_needs() -> None:
    for settings in (Settings(), Settings(anthropic=Vendor(key=""), openai=OpenAI(key=""), google=Google(key=""))):
        assert [provider for module in MODULES for provider in module.providers(settings)] == []


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        (OpenAI(key="k"), "ResponsesModel"),
        (OpenAI(key="k", base_url="http://x/v1"), "ChatModel"),
        (OpenAI(key="k", base_url="http://x/v1", api="responses"), "ResponsesModel"),
        (OpenAI(key="k", api="chat"), "ChatModel"),
    ],
)
def test_which_of_openais_protocols_is_spoken(settings: OpenAI, kind: str) -> None:
    (provider,) = openai.providers(Settings(openai=settings))
    assert type(provider.model("gpt-5.5")).__name__ == kind


def test_only_loopback_endpoints_are_local() -> None:
    endpoints = {"near": Endpoint(url="http://127.0.0.1:11434/v1"), "far": Endpoint(url="https://openrouter.ai/api/v1")}
    made = compatible.providers(Settings(endpoints=endpoints))
    assert {provider.name: provider.local for provider in made} == {"near": True, "far": False}
    assert [str(provider.model("a:b").ref) for provider in made] == ["near:a:b", "far:a:b"]
    assert not any(VENDORS[name].provider("http://127.0.0.1").local for name in ("anthropic", "google", "openai-chat"))


@pytest.mark.anyio
async def test_a_client_is_built_once_and_off_the_loop() -> None:
    threads = []

    def build() -> object:
        threads.append(current_thread())
        return object()

    once, got = Once(build), []

    async def get() -> None:
        got.append(await once.get(ModelRef("a", "b")))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(get)
    assert len(threads) == 1
    assert threads[0] is not main_thread()
    assert len(set(map(id, got))) == 1


@pytest.mark.anyio
async def test_an_sdk_that_is_not_there_is_told() -> None:
    def build() -> object:
        import anthropic_of_the_future  # noqa: F401  # it does not exist, which is the point

        return object()

    provider = anthropic.Anthropic(Once(build), KEY, QUICK)
    model = provider.model("claude")
    assert isinstance(model, Claude)
    with pytest.raises(SdkUnavailable, match="anthropic_of_the_future"):
        await model.complete(Request(messages=(Message(role="user", text="x"),)), no_pulse)
    with pytest.raises(SdkUnavailable):
        await provider.warm()
    with pytest.raises(SdkUnavailable):
        await provider.served()
    await provider.aclose()
