"""Names for what argparse hands around."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from typing import TypeAlias

Verbs: TypeAlias = "_SubParsersAction[ArgumentParser]"
"""Where a verb adds its parser."""

Options: TypeAlias = Namespace
"""What was given on the command line; each verb knows its own."""
