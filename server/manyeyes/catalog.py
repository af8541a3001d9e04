"""The models there are: what each can take in, how much, and under which names people ask for it.

The facts lie in `catalog.toml`; prices do not, see `manyeyes.prices`.  The operator's settings add the models of
their endpoints and may choose other defaults.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from manyeyes.errors import SettingsError
from manyeyes.types import ModelRef, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from manyeyes.settings import Endpoint, Settings
    from manyeyes.types import Modality

SCRIPTED = ModelRef("scripted", "scripted")
"""The model of the scripted provider, there when the operator names a file of answers."""

EVERYTHING: frozenset[Modality] = frozenset({"text", "image", "pdf", "audio", "video"})
"""All modalities there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What is known of one model.  Sizes are in tokens.

    Attributes:
        provider: The prefix of its reference.
        model: The vendor's name for it.
        family: `claude`, `gpt`, `gemini`; the endpoint's name for an endpoint's models.
        tier: How capable and expensive it is among its vendor's models.
        default: Whether the router takes this one for its vendor and tier.
        window: What fits into one call, question and answer together.
        max_input: What the question alone may have; the window unless the vendor says less.
        max_output: The longest answer to one request.
        modalities: What it takes in.
        strengths: What it is good at, for people.
        search: It can search the web by the vendor's own tool.
        tools: It can ask for tools.
        structured: It can answer in a given shape.
        aliases: Other names that people use for it.
        retires: The vendor's announced last day, where there is one.
        successor: The model that takes its place then.
        endpoint: It belongs to an endpoint of the operator's.
    """

    provider: str
    model: str
    family: str
    tier: Tier
    window: int
    max_input: int
    max_output: int
    modalities: frozenset[Modality]
    default: bool = False
    strengths: tuple[str, ...] = ()
    search: bool = True
    tools: bool = True
    structured: bool = True
    aliases: tuple[str, ...] = ()
    retires: date | None = None
    successor: str = ""
    endpoint: bool = False

    @property
    def ref(self) -> ModelRef:
        """Its reference, `provider:model`."""
        return ModelRef(self.provider, self.model)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All models that can be asked for, in the order people see them."""

    models: tuple[ModelSpec, ...]
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    """The operator's endpoints; a model of theirs need not be listed to be asked for by its full reference."""
    _by_name: Mapping[str, ModelSpec] = field(init=False, repr=False, compare=False)
    _by_ref: Mapping[ModelRef, ModelSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_ref", {spec.ref: spec for spec in self.models})
        by_name: dict[str, ModelSpec] = {}
        # Names before aliases, so that no alias can hide a model; vendors come before endpoints, so that
        # an endpoint that serves a model of the same name has to be asked for by its full reference.
        for spec in self.models:
            by_name.setdefault(_folded(str(spec.ref)), spec)
            by_name.setdefault(_folded(spec.model), spec)
        for spec in self.models:
            for alias in spec.aliases:
                by_name.setdefault(_folded(alias), spec)
                by_name.setdefault(_folded(f"{spec.provider}:{alias}"), spec)
        object.__setattr__(self, "_by_name", by_name)

    @classmethod
    def load(cls) -> Catalog:
        """The catalogue as it is shipped; read once for the life of the process."""
        return _shipped()

    def with_settings(self, settings: Settings) -> Catalog:
        """This catalogue with the operator's endpoints and defaults.

        Raises:
            SettingsError: `models` names a vendor or tier that does not exist.
        """
        models = self.models
        for key, name in settings.models.items():
            models = tuple(_with_default(models, key, name))
        added = [
            _of_endpoint(provider, name, endpoint, default=index == 0)
            for provider, endpoint in settings.endpoints.items()
            for index, name in enumerate(endpoint.models)
        ]
        if settings.scripted.file is not None:
            added.append(_SCRIPTED_SPEC)
        return Catalog((*models, *added), settings.endpoints)

    def find(self, text: str) -> ModelSpec | None:
        """The model meant by a reference, a name or an alias, in any case, spaces for hyphens; None when unknown.

        A full reference to one of the operator's endpoints is taken at its word.
        """
        folded = _folded(text)
        if not folded.isprintable():
            return None
        found = self._by_name.get(folded)
        if found is None and "/" in folded:
            found = self._by_name.get(folded.replace("/", ":", 1))
        if found is None and ":" in folded:
            provider, _, name = text.strip().partition(":")
            endpoint = self.endpoints.get(provider)
            if endpoint is not None and name:
                return _of_endpoint(provider, name, endpoint, default=False)
        return found

    def get(self, ref: ModelRef) -> ModelSpec | None:
        """The model of exactly this reference; None when it is not listed."""
        return self._by_ref.get(ref)

    def default(self, provider: str, tier: Tier) -> ModelSpec | None:
        """The model to take for a provider and tier; None when it has none there."""
        return next((s for s in self.models if s.default and s.provider == provider and s.tier is tier), None)

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers that models are listed of, in the order of the list."""
        return tuple(dict.fromkeys(spec.provider for spec in self.models))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, alias and reference that `find` knows, for suggestions."""
        return tuple(self._by_name)


def _folded(text: str) -> str:
    return "-".join(text.strip().lower().split())


@cache
def _shipped() -> Catalog:
    tables = tomllib.loads(files("manyeyes").joinpath("catalog.toml").read_text(encoding="utf-8"))
    return Catalog(tuple(_read(table) for table in tables["models"]))


def _read(table: Mapping[str, object]) -> ModelSpec:
    """One entry of the file.  It is ours and a test checks every entry's types, so they are not checked here."""
    values = dict(table)
    values["tier"] = Tier(cast("str", values["tier"]))
    values["modalities"] = frozenset(cast("list[Modality]", values["modalities"]))
    for name in ("strengths", "aliases"):
        values[name] = tuple(cast("list[str]", values.get(name, [])))
    values.setdefault("max_input", values["window"])
    return ModelSpec(**values)  # type: ignore[arg-type]  # see the docstring


def _with_default(models: Iterable[ModelSpec], key: str, name: str) -> Iterator[ModelSpec]:
    """The models with another default for the vendor and tier that `key` names.

    A model that the catalogue does not know is the operator's word: it is added with the most cautious figures
    of its vendor's models, and its price stays unknown until genai-prices knows it.
    """
    models = tuple(models)
    provider, _, tier_name = key.partition(".")
    vendors = dict.fromkeys(spec.provider for spec in models)
    if provider not in vendors or tier_name not in set(Tier):
        raise SettingsError(
            f'`models` has the key "{key}"; write VENDOR.TIER with a vendor of {", ".join(vendors)} '
            f"and a tier of {', '.join(Tier)}."
        )
    tier = Tier(tier_name)
    siblings = [spec for spec in models if spec.provider == provider]
    wanted = name.strip().removeprefix(f"{provider}:")
    chosen = Catalog(tuple(siblings)).find(wanted)
    for spec in models:
        if chosen is not None and spec.ref == chosen.ref:
            continue
        mine = spec.provider == provider and spec.tier is tier
        yield replace(spec, default=False) if mine else spec
    if chosen is None:
        chosen = replace(
            siblings[0],
            model=wanted,
            window=min(spec.window for spec in siblings),
            max_input=min(spec.max_input for spec in siblings),
            max_output=min(spec.max_output for spec in siblings),
            modalities=frozenset.intersection(*(spec.modalities for spec in siblings)),
            strengths=(),
            aliases=(),
            retires=None,
            successor="",
        )
    yield replace(chosen, default=True, tier=tier)


def _of_endpoint(provider: str, name: str, endpoint: Endpoint, *, default: bool) -> ModelSpec:
    return ModelSpec(
        provider=provider,
        model=name,
        family=provider,
        tier=endpoint.tier,
        default=default,
        window=endpoint.window,
        max_input=endpoint.window,
        max_output=endpoint.max_output,
        modalities=frozenset(endpoint.modalities),
        search=False,
        endpoint=True,
    )


_SCRIPTED_SPEC = ModelSpec(
    provider=SCRIPTED.provider,
    model=SCRIPTED.model,
    family="scripted",
    tier=Tier.BALANCED,
    default=True,
    window=1_000_000,
    max_input=1_000_000,
    max_output=128_000,
    modalities=EVERYTHING,
    endpoint=True,
)
