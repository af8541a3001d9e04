"""Logs on stderr, one JSON object a line, secrets masked.

Of events only names, kinds, numbers and times are logged; neither prompts nor answers.  An exception is logged by
its type and place: its message may quote what was being worked on, so it is left out unless the level is `debug`.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from manyeyes.events import AskEvent, CallEvent, RunEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from manyeyes.events import Event
    from manyeyes.types import Json

_FIELDS = "manyeyes_fields"
logger = logging.getLogger("manyeyes.events")


def log_to_stderr(level: str, mask: Callable[[str], str], *, stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process written as JSON lines.

    Args:
        level: `debug`, `info`, `warning` or `error`, for our own logs.  Other libraries' logs are written from
            `warning` on whatever the level: at `debug` some of them log the requests they send, with key and prompt.
        mask: Puts placeholders for secrets into a text; each text of a line goes through it.
        stream: Where to write; stderr by default.  stdout belongs to the protocol.
    """
    chosen = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(mask, messages_of_exceptions=chosen <= logging.DEBUG))
    root, ours = logging.getLogger(), logging.getLogger("manyeyes")
    for old in root.handlers[:]:
        if isinstance(old.formatter, JsonLines):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(chosen, logging.WARNING))
    ours.setLevel(chosen)


class JsonLines(logging.Formatter):
    """Writes a record as one JSON object on one line.

    Args:
        mask: Puts placeholders for secrets into a text.
        messages_of_exceptions: Whether an exception's message is written, beside its type and place.
    """

    def __init__(self, mask: Callable[[str], str], *, messages_of_exceptions: bool) -> None:
        super().__init__()
        self._mask = mask
        self._messages = messages_of_exceptions

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, Json] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._mask(record.getMessage()),
        }
        for key, value in getattr(record, _FIELDS, {}).items():
            line[key] = self._mask(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = [self._mask(part) for part in self._exception(record.exc_info[1])]
        return json.dumps(line)

    def _exception(self, error: BaseException) -> list[str]:
        """Its type, then where it was raised, the innermost place last, then the same of what it came from."""
        told = f"{type(error).__qualname__}: {error}" if self._messages else type(error).__qualname__
        places = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
        inner = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
        if (cause := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
            inner.append(cause)
        return [told, *places, *(part for one in inner for part in self._exception(one))]


@dataclass(frozen=True, slots=True)
class Logs:
    """Logs every event, as a `Listener`: what failed and each run at `info`, what went well at `debug`."""

    def note(self, event: Event) -> None:
        """Log it."""
        if isinstance(event, CallEvent):
            level = logging.INFO if event.error else logging.DEBUG
            if logger.isEnabledFor(level):
                logger.log(level, "call failed" if event.error else "call answered", extra={_FIELDS: _of_call(event)})
        elif isinstance(event, AskEvent):
            level = logging.INFO if event.error else logging.DEBUG
            if logger.isEnabledFor(level):
                logger.log(level, "no answer" if event.error else "answer", extra={_FIELDS: _of_ask(event)})
        elif isinstance(event, RunEvent) and logger.isEnabledFor(logging.INFO):
            logger.info("run ended", extra={_FIELDS: _of_run(event)})


def _of_call(call: CallEvent) -> Mapping[str, Json]:
    return {
        "run": call.run_id,
        "tool": call.tool,
        "role": call.role,
        "model": str(call.ref),
        "error": call.error,
        "seconds": round(call.seconds, 3),
        "first_token_s": None if call.first_token_s is None else round(call.first_token_s, 3),
        "input_tokens": call.usage.input_tokens if call.usage else None,
        "output_tokens": call.usage.output_tokens if call.usage else None,
        "cost_usd": call.cost_usd,
        "estimated": call.estimated,
    }


def _of_ask(ask: AskEvent) -> Mapping[str, Json]:
    return {
        "run": ask.run_id,
        "tool": ask.tool,
        "role": ask.role,
        "first": str(ask.first),
        "model": str(ask.ref) if ask.ref else None,
        "error": ask.error,
        "seconds": round(ask.seconds, 3),
        "cache": "hit" if ask.cached else "miss",
        "fallback": ask.fallback,
        "hedge": str(ask.hedge) if ask.hedge else None,
    }


def _of_run(run: RunEvent) -> Mapping[str, Json]:
    return {
        "run": run.run_id,
        "tool": run.tool,
        "status": run.status,
        "seconds": round(run.seconds, 3),
        "cost_usd": run.cost_usd,
    }
