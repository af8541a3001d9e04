"""`manyeyes support`: train the classifier of intents, try a message, forget a conversation."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.cli.exits import DONE, code_for
from manyeyes.cli.flags import in_flags
from manyeyes.cli.screen import complain, show
from manyeyes.errors import BadCall, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.results import Result

_TOOL = "customer_service"
_TRAINED = "support.intents"
"""As the tool looks for it beside the state."""


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "support",
        help="customer service: train intents, try a message, forget a conversation",
        description="Customer service from the command line. The tool itself is `customer_service`, of the toolset "
        "`support`: set MANYEYES_TOOLSETS=default,support to offer it to clients.",
        epilog="examples:\n  manyeyes support train examples.csv\n  manyeyes support try 'My parcel is late'\n"
        "  manyeyes support forget c-Jw0s…",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=lambda _options: _help(parser))
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    train = actions.add_parser(
        "train",
        help="learn intents from your own examples",
        description="Learn intents from your own examples: CSV with the columns message and intent, JSON lines with "
        "the same names, or TOML with a list of messages for each intent under [intents]. Each needs at least five. "
        "Needs the extra `train`: in a clone pip install -e '.[train]'.",
        epilog="examples:\n  manyeyes support train examples.csv\n"
        "  manyeyes support train examples --output my.intents",
    )
    train.add_argument("file", type=Path, metavar="FILE", help="examples as .toml, .csv or .jsonl, or a folder of them")
    train.add_argument("--output", type=Path, metavar="FILE", help="where to put the classifier instead")
    train.add_argument("--json", action="store_true", help="print one JSON object")
    train.set_defaults(run=_train)
    tried = actions.add_parser(
        "try",
        help="answer one message",
        description="Answer one message as a customer would get it, from the pages under MANYEYES_SUPPORT_KNOWLEDGE.",
        epilog="examples:\n  manyeyes support try 'My parcel is late'\n"
        "  manyeyes support try 'Since Monday' --conversation c-Jw0s…",
    )
    tried.add_argument("message", metavar="MESSAGE", help="what a customer may write")
    tried.add_argument("--conversation", metavar="ID", help="go on with a conversation")
    tried.add_argument("--model", metavar="MODEL", help="ask this model: provider:model, a name or an alias")
    tried.add_argument("--json", action="store_true", help="print one JSON object")
    tried.set_defaults(run=_try)
    forget = actions.add_parser(
        "forget",
        help="delete a conversation and all that was kept of it",
        description="Delete a conversation, its personal data and the kept results of its runs.",
        epilog="example:\n  manyeyes support forget c-Jw0s…",
    )
    forget.add_argument("id", metavar="ID", help="its conversation_id")
    forget.set_defaults(run=_forget)


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return DONE


def _train(options: Options) -> int:
    from manyeyes.plugins import trainer
    from manyeyes.settings import load
    from manyeyes.state.location import locate, prepare

    if not options.file.exists():
        raise BadCall(
            f"There is no {options.file}. Name a .toml, .csv or .jsonl file of examples, or a folder of them."
        )
    settings = load()
    target = options.output or settings.support.classifier
    if target is None:
        state = locate(settings, os.environ)
        if state is None:
            raise SettingsError("The state is kept in memory, so say where to put the classifier: --output FILE.")
        prepare(state)
        target = state.with_name(_TRAINED)
    figures: Mapping[str, float] = trainer("support")(options.file, target.expanduser())
    if options.json:
        show(json.dumps({"classifier": str(target), **figures}))
        return DONE
    show(
        f"Learned {figures['intents']:.0f} intents from {figures['examples']:.0f} examples: {target} "
        f"({figures['bytes'] / 1000:,.0f} kB).\n"
        f"On examples that were not learned from {figures['accuracy']:.1%} are right. {figures['sure_share']:.1%} are "
        f"answered without asking a model, {figures['sure_accuracy']:.1%} of those rightly."
    )
    if "outside_caught" in figures:
        show(f"Of messages about something else {figures['outside_caught']:.1%} are noticed.")
    if options.output is not None and settings.support.classifier != options.output:
        show(f"To use it set MANYEYES_SUPPORT_CLASSIFIER={target}")
    return DONE


def _try(options: Options) -> int:
    from manyeyes.cli.session import with_desk
    from manyeyes.settings import load

    settings = load()
    if not {"support", "all"} & set(settings.toolsets):
        settings = settings.model_copy(update={"toolsets": (*settings.toolsets, "support")})
    values = {"message": options.message, "conversation_id": options.conversation, "model": options.model}

    async def work(desk: Desk) -> tuple[Result, str, bool]:
        try:
            result = await desk.call(_TOOL, {name: value for name, value in values.items() if value is not None})
        except BadCall as error:
            raise BadCall(in_flags(str(error))) from None
        return result, desk.tool(_TOOL).export(result, "terminal"), bool(desk.providers)

    result, text, at_hand = with_desk(work, settings)
    show(result.model_dump_json() if options.json else text)
    return code_for(result.model_dump(mode="json"), fail_on=None, models_at_hand=at_hand)


def _forget(options: Options) -> int:
    from manyeyes.cli.session import with_desk
    from manyeyes.errors import ManyEyesError
    from manyeyes.state.database import StateBusy

    async def work(desk: Desk) -> bool:
        import anyio.to_thread  # loaded by now

        try:
            return await anyio.to_thread.run_sync(desk.conversations.forget, options.id)
        except StateBusy as error:
            raise ManyEyesError(f"Nothing was deleted: {error} Try again.") from None

    if not with_desk(work):
        raise BadCall("There is no conversation of that id, or no longer.")
    show("The conversation is deleted.")
    complain("What models' vendors have kept of it is theirs to delete.")
    return DONE
