"""Chooses the models for a piece of work: a pure function from a task to an ordered route with reasons.

What does not depend on the task is worked out once: for every kind and tier the possible models in order, each
with its reason ready, and those that are out whatever the task.  A choice then only compares numbers.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol

from manyeyes.catalog import EVERYTHING, ModelSpec
from manyeyes.errors import BadCall, SettingsError
from manyeyes.prices import VENDORS
from manyeyes.routing.rules import DEFAULT, rules
from manyeyes.types import Candidate, ModelRef, Route, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from manyeyes.catalog import Catalog
    from manyeyes.prices import Prices
    from manyeyes.routing.rules import Rules
    from manyeyes.settings import Settings
    from manyeyes.types import Task

_KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "google": "GEMINI_API_KEY"}
_SHOWN_CHARS = 80
_NOTHING_CLOSED: Mapping[ModelRef, str] = {}
_STEPS_DOWN = {
    Tier.FLAGSHIP: (Tier.FLAGSHIP, Tier.BALANCED, Tier.FAST),
    Tier.BALANCED: (Tier.BALANCED, Tier.FAST, Tier.FLAGSHIP),
    Tier.FAST: (Tier.FAST, Tier.BALANCED, Tier.FLAGSHIP),
}
"""For each wanted tier the tiers in the order they are tried: first the next cheaper, a dearer one last."""


class Learned(Protocol):
    """What was learned of models: it may put another first, among those that the rules allow."""

    def order(
        self, task: Task, candidates: Sequence[Candidate], taken: list[Candidate], wanted: Tier | None
    ) -> list[Candidate]:
        """The models that can be asked, in order.

        Args:
            task: What is to be done.
            candidates: All models that the rules name, whether they can do this task or not.
            taken: Those that can, in the order of the rules.
            wanted: The tier that the caller or the operator has named; no other may then be put first.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Option:
    """A possible model.  `spec` is None when it is out whatever the task; `verdict` then says why."""

    verdict: Candidate
    spec: ModelSpec | None


@dataclass(frozen=True, slots=True)
class Router:
    """Knows the models, who can be reached, and the operator's wishes; remembers nothing.  Made by `build`."""

    catalog: Catalog
    rules: Rules
    prices: Prices
    local: Mapping[str, bool]
    missing: Mapping[str, str]
    local_only: bool
    budget_usd: float | None
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    """The tiers that the operator has named for kinds of work."""
    stated: frozenset[str] = frozenset()
    """The kinds of work for which the operator has said who is asked."""
    _plans: Mapping[tuple[str, Tier | None], tuple[_Option, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        plans: dict[tuple[str, Tier | None], tuple[_Option, ...]] = {}
        for kind, rule in self.rules.items():
            for tier in Tier:
                plans[kind, tier] = tuple(self._plan(kind, tier))
            plans[kind, None] = plans[kind, rule.tier]
        object.__setattr__(self, "_plans", plans)

    @classmethod
    def build(
        cls,
        catalog: Catalog,
        providers: Mapping[str, bool],
        settings: Settings,
        prices: Prices,
        *,
        missing: Mapping[str, str] | None = None,
    ) -> Router:
        """A router for the providers at hand.

        Args:
            catalog: The models, the operator's among them.
            providers: The name of each provider that can be asked, and whether it is on this machine.
            settings: Privacy, the budget of one call, and the operator's rows of the routing table.
            prices: What models cost.
            missing: Why a provider cannot be asked, where it is not just that no key was given.

        Raises:
            SettingsError: a row of the operator's names a vendor that does not exist.
        """
        table = rules(settings.routing)
        known = dict.fromkeys((*catalog.providers, *settings.endpoints, *providers, *_KEYS))
        for kind, rule in table.items():
            for vendor in rule.vendors:
                if vendor not in known:
                    raise SettingsError(f"`routing.{kind}.vendors` names {vendor!r}; there are: {', '.join(known)}.")
        reasons = {vendor: f"no {key} is set" for vendor, key in _KEYS.items()}
        reasons.update(missing or {})
        return cls(
            catalog=catalog,
            rules=table,
            prices=prices,
            local=providers,
            missing=reasons,
            local_only=settings.privacy == "local-only",
            budget_usd=settings.budget.usd_per_call,
            tiers={kind: row.tier for kind, row in settings.routing.items() if row.tier is not None},
            stated=frozenset(settings.routing),
        )

    def wanted(self, task: Task) -> Tier | None:
        """The tier that the caller or the operator has named for a task; None where neither has."""
        return task.tier or self.tiers.get(task.kind)

    def choose(
        self, task: Task, *, closed: Mapping[ModelRef, str] = _NOTHING_CLOSED, learned: Learned | None = None
    ) -> Route:
        """The models to ask for this task, in order, and those passed over, each with its reason.

        A model that the caller insists on is the only one considered: nobody is asked in its place.

        Args:
            task: What is to be done.
            closed: Models that are not to be asked at the moment, and why.
            learned: May put another of the possible models first; None for the rules alone.

        Raises:
            BadCall: the caller insists on a model that nobody knows.
        """
        if task.model is not None:
            options: tuple[_Option, ...] = (self._insisted(task.model),)
        else:
            kind = task.kind if task.kind in self.rules else DEFAULT
            options = self._plans[kind, task.tier]
        taken: list[Candidate] = []
        passed: list[Candidate] = []
        for option in options:
            spec = option.spec
            if spec is None:
                passed.append(option.verdict)
                continue
            reason = self._objection(option.verdict.ref, spec, task, closed)
            if reason is None:
                taken.append(option.verdict)
            else:
                passed.append(Candidate(option.verdict.ref, False, reason))  # noqa: FBT003  # a field, not a switch
        if learned is not None and task.model is None and taken:
            candidates = [one.verdict for one in options if one.spec is not None]
            taken = learned.order(task, candidates, taken, self.wanted(task))
        return Route((*taken, *passed))

    def _objection(self, ref: ModelRef, spec: ModelSpec, task: Task, closed: Mapping[ModelRef, str]) -> str | None:
        """Why this model cannot do this task now; None when it can."""
        if task.providers is not None and spec.provider not in task.providers:
            return f"the caller asked for {' or '.join(sorted(task.providers)) or 'no provider'} only"
        if closed and ref in closed:
            return closed[ref]
        # A shorter answer may still do, so the answer asked for is bounded by what the model can give.
        answer = min(task.output_tokens, spec.max_output)
        if task.input_tokens > spec.max_input or task.input_tokens + answer > spec.window:
            return _too_small(spec, task.input_tokens, answer)
        lacking = _lacking(spec, task)
        if lacking is None and self.budget_usd is not None:
            return self._too_dear(ref, task.input_tokens, answer, self.budget_usd)
        return lacking

    def _too_dear(self, ref: ModelRef, input_tokens: int, output_tokens: int, budget: float) -> str | None:
        most = self.prices.ceiling_usd(ref, input_tokens, output_tokens)
        if most is None:
            return f"its price is not known, and a call may cost no more than ${budget:.4g}"
        if most > budget:
            return f"it may cost ${most:.4g}, and a call may cost no more than ${budget:.4g}"
        return None

    def _plan(self, kind: str, tier: Tier) -> Iterator[_Option]:
        """The possible models for a kind of work at a tier, best first; the task may still rule some out."""
        vendors = self.rules[kind].vendors
        work = "where nothing else is said" if kind == DEFAULT else f"for {kind}"
        endpoints = dict.fromkeys((*self.catalog.endpoints, *(s.provider for s in self.catalog.models if s.endpoint)))
        seen: set[ModelRef] = set()
        wanted, *others = _STEPS_DOWN[tier]
        small = self._marked_fast(kind, endpoints) if tier is Tier.FAST else []
        for provider in dict.fromkeys((*small, *vendors, *endpoints)):
            specs = self._specs(provider, wanted)
            if not specs and provider not in _KEYS:
                yield _Option(Candidate(ModelRef(provider, "*"), taken=False, reason=self._no_model(provider)), None)
            for spec in specs:
                lead = "fallback" if seen or provider != vendors[0] else f"first choice {work}"
                if provider in small:
                    lead = "marked as fast, and the fast tier is asked for"
                seen.add(spec.ref)
                yield self._option(spec, f"{lead}: {provider}, {spec.tier}")
        for other in others:
            for vendor in vendors:
                for spec in self._specs(vendor, other):
                    # An endpoint's models were all named above, and one model may be the default of two tiers.
                    if spec.ref not in seen:
                        seen.add(spec.ref)
                        option = self._option(spec, f"fallback: {vendor}, {spec.tier}")
                        # Why a vendor cannot be asked at all is said once, at its first model.
                        if option.spec is not None:
                            yield option

    def _marked_fast(self, kind: str, endpoints: Iterable[str]) -> list[str]:
        """The endpoints that the operator has marked as fast, where no row of the operator's says who is asked."""
        if kind in self.stated:
            return []
        fast = {spec.provider for spec in self.catalog.models if spec.endpoint and spec.tier is Tier.FAST}
        return [one for one in endpoints if one in fast]

    def _specs(self, provider: str, tier: Tier) -> tuple[ModelSpec, ...]:
        """A vendor's default for the tier; all models of an endpoint, since the operator listed them in order."""
        endpoint = tuple(s for s in self.catalog.models if s.endpoint and s.provider == provider)
        default = self.catalog.default(provider, tier)
        return endpoint or (() if default is None else (default,))

    def _no_model(self, provider: str) -> str:
        if provider in self.catalog.endpoints:
            return f"no model of it is named: set MANYEYES_ENDPOINTS_{provider.upper()}_MODELS"
        return self.missing.get(provider, "no model of it is known; ask for one by its reference")

    def _option(self, spec: ModelSpec, reason: str) -> _Option:
        """The model with the reason for taking it, or out for good when its provider cannot be asked at all."""
        provider = spec.provider
        if provider not in self.local:
            why = self.missing.get(provider, "it is not configured")
            return _Option(Candidate(spec.ref, taken=False, reason=why), None)
        if self.local_only and not self.local[provider]:
            why = "privacy is local-only, and it is not on this machine"
            return _Option(Candidate(spec.ref, taken=False, reason=why), None)
        return _Option(Candidate(spec.ref, taken=True, reason=reason, tier=spec.tier), spec)

    def _insisted(self, text: str) -> _Option:
        """The one model that the caller names.

        Raises:
            BadCall: nobody knows it.
        """
        spec = self.catalog.find(text) or self._at_its_word(text)
        if spec is None:
            raise BadCall(self._unknown(text))
        reason = "asked for by name"
        if spec.retires is not None:
            reason += f"; the vendor retires it on {spec.retires}, {spec.successor} follows it"
        return self._option(spec, reason)

    def _at_its_word(self, text: str) -> ModelSpec | None:
        """A model of a provider whose models nobody lists: a plug-in's, or a further one of the scripted provider."""
        provider, _, model = text.strip().partition(":")
        if not model.isprintable() or not model or provider not in self.local or provider in VENDORS:
            return None
        return ModelSpec(
            provider=provider,
            model=model,
            family=provider,
            tier=Tier.BALANCED,
            window=sys.maxsize,
            max_input=sys.maxsize,
            max_output=sys.maxsize,
            modalities=EVERYTHING,
            endpoint=True,
        )

    def _unknown(self, text: str) -> str:
        shown = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
        close = get_close_matches(text[:_SHOWN_CHARS].strip().lower(), self.catalog.names, n=3, cutoff=0.6)
        # Several spellings may mean one model.
        meant = dict.fromkeys(str(spec.ref) for name in close if (spec := self.catalog.find(name)) is not None)
        here = [str(s.ref) for s in self.catalog.models if s.provider in self.local and (s.default or s.endpoint)]
        hint = f" Close to it: {', '.join(meant)}." if meant else ""
        stock = f"Models at hand: {', '.join(here)}" if here else "No model is at hand, since no provider is configured"
        return f"No model is called {shown!r}.{hint}\n{stock}; leave `model` out to let the router choose."


def _too_small(spec: ModelSpec, input_tokens: int, output_tokens: int) -> str:
    room = max(0, min(spec.max_input, spec.window - output_tokens))
    beside = f" beside an answer of up to {output_tokens:,}" if output_tokens else ""
    return f"window too small: {input_tokens:,} tokens of input{beside}; there is room for {room:,}"


def _lacking(spec: ModelSpec, task: Task) -> str | None:
    """What the task needs and the model has not; None when it has all."""
    if not task.modalities <= spec.modalities:
        return f"it does not take in {', '.join(sorted(task.modalities - spec.modalities))}"
    if task.structured and not spec.structured:
        return "it cannot answer in a given shape"
    if task.tools and not spec.tools:
        return "it cannot ask for tools"
    if task.search and not spec.search:
        return "it cannot search the web"
    return None
