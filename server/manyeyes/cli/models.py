"""`manyeyes models`: the catalogue with prices and what is at hand here."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from manyeyes.cli.exits import DONE, IN_PART
from manyeyes.cli.screen import complain, folded, paint, show, table, wants_colour
from manyeyes.errors import ManyEyesError
from manyeyes.types import Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manyeyes.catalog import ModelSpec
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.model import Provider
    from manyeyes.settings import Settings

ASKING_S = 10.0
"""How long a vendor may take to say what it serves."""
ASKING_HERE_S = 2.0
"""The same for a server on this machine, once it has taken the connection."""
NOBODY = "nothing answers there: is it running?"


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "models",
        help="list the models with their prices, and which can be asked here",
        description="List the models known, with tier, window, price per million tokens and whether they can be asked "
        "here. With keys the vendors are asked which models they serve.",
        epilog="examples:\n  manyeyes models\n  manyeyes models --offline --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--offline", action="store_true", help="do not ask the vendors which models they serve")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Print the catalogue."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    async def look(desk: Desk) -> int:
        asked = {} if options.offline else desk.providers
        served, failed = await ask(asked.values(), desk.settings)
        rows = [_row(desk, spec, served) for spec in desk.catalog.models]
        if options.json:
            shown: Json = {"models": list[Json](rows), "failed": dict[str, Json](failed)}
            show(json.dumps(shown))
        else:
            show(_table(rows), colour=wants_colour(sys.stdout, refused=options.no_color))
            known = {spec.ref.model for spec in desk.catalog.models}
            for name, there in served.items():
                others = [model for model in there if model not in known]
                if others:
                    also = f"{name} also serves: {', '.join(others[:20])}{', …' if others[20:] else ''}"
                    show(f"\n{folded(also)}")
            if not desk.providers:
                none = "No key is set and no endpoint named, so none can be asked. `manyeyes doctor` says how to."
                show(f"\n{folded(none)}")
        for name, reason in failed.items():
            complain(f"{name} did not say what it serves: {reason}")
        return IN_PART if failed else DONE

    return with_desk(look)


async def ask(providers: Iterable[Provider], settings: Settings) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """What the providers serve, all asked at once; and of those that did not say, why.

    A server on this machine takes a connection at once or is not there, and need not reach across a network to answer.
    """
    import anyio.to_thread  # not needed to read the command line

    from manyeyes.local_models import listens

    served: dict[str, Sequence[str]] = {}
    failed: dict[str, str] = {}

    async def one(provider: Provider) -> None:
        endpoint = settings.endpoints.get(provider.name)
        limit = ASKING_S
        try:
            if endpoint is not None and provider.local:
                if not await anyio.to_thread.run_sync(listens, endpoint.url):
                    failed[provider.name] = NOBODY
                    return
                await provider.warm()  # the import is not the server's fault
                limit = ASKING_HERE_S
            with anyio.fail_after(limit):
                served[provider.name] = await provider.served()
        except TimeoutError:
            failed[provider.name] = f"no answer within {limit:g} s"
        except ManyEyesError as error:
            failed[provider.name] = str(error)

    async with anyio.create_task_group() as tasks:
        for provider in providers:
            tasks.start_soon(one, provider)
    return dict(sorted(served.items())), dict(sorted(failed.items()))


def _row(desk: Desk, spec: ModelSpec, served: Mapping[str, Sequence[str]]) -> dict[str, Json]:
    rates = desk.prices.rates(spec.ref)
    there = served.get(spec.provider)
    return {
        "ref": str(spec.ref),
        "family": spec.family,
        "tier": spec.tier.value,
        "default": spec.default,
        "available": spec.provider in desk.providers,
        "served": None if there is None else spec.model in there,
        "window": spec.window,
        "modalities": list[Json](sorted(spec.modalities)),
        "aliases": list[Json](spec.aliases),
        "usd_per_million_input": rates.input[0][1] if rates else None,
        "usd_per_million_output": rates.output[0][1] if rates else None,
        "retires": spec.retires.isoformat() if spec.retires else None,
    }


def _table(rows: Iterable[Mapping[str, Json]]) -> str:
    return table(
        ("model", "tier", "window", "$/M in", "$/M out", "here", "aliases"),
        [
            (
                str(row["ref"]),
                f"{row['tier']}{' *' if row['default'] else ''}",
                _tokens(row["window"]),
                _price(row["usd_per_million_input"]),
                _price(row["usd_per_million_output"]),
                _here(row),
                ", ".join(map(str, row["aliases"])) if isinstance(row["aliases"], list) else "",
            )
            for row in rows
        ],
        least=("aliases",),
    ) + "\n\n* the one the router takes for its vendor and tier"  # fmt: skip


def _here(row: Mapping[str, Json]) -> str:
    if not row["available"]:
        return paint("-", "2")
    if row["served"] is None:
        return paint("yes", "32")
    return paint("served", "32") if row["served"] else paint("not served", "33")


def _price(usd: Json) -> str:
    return f"{usd:.2f}" if isinstance(usd, float) else "unknown"


def _tokens(count: Json) -> str:
    number = count if isinstance(count, int) else 0
    if number >= 1_000_000:  # noqa: PLR2004  # a million
        return f"{round(number / 1_000_000, 2):g}M"
    return f"{round(number / 1_000, 2):g}k"
