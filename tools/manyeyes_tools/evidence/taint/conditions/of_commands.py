"""When a value in a command does harm."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.conditions.mattering import OUTSIDE, REQUESTED, outside
from manyeyes_tools.evidence.taint.values import NO_ATOMS, Value, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_SHELLS = frozenset({
    "sh", "bash", "/bin/sh", "/bin/bash", "zsh", "cmd", "cmd.exe", "powershell", "ksh", "dash", "/usr/bin/env",
    "/bin/zsh", "pwsh", "powershell.exe",
})  # fmt: skip
_RUNNERS = frozenset({"python", "python3", "perl", "ruby", "node", "php", "ssh", "su", "sudo"})


def command(frame: Frame, site: Site, value: Value) -> Value | None:
    """A command for a shell."""
    if site.method in {"exec_command", "run_command", "send_command"}:
        return (
            value
            if site.receiver.kind.startswith("paramiko")
            or "paramiko" in frame.module.frameworks
            or "netmiko" in frame.module.frameworks
            or value.built is not None
            or "ssh" in site.written
            else None
        )
    if value.kind == "~list" and site.full == "anyio.run_process":
        return None
    return value if value.built is not None or outside(value, OUTSIDE | {"param", "store", "environ", "file"}) else None


def shell(frame: Frame, site: Site, value: Value) -> Value | None:
    """A command, where `shell=True` hands it to a shell."""
    node = site.node_of("shell")
    on = node is not None and not (isinstance(node, ast.Constant) and not node.value)
    if not on:
        return shell_program(frame, site, value)
    if value.kind == "~list" and value.fields:
        first = value.fields.get("0")
        return first if first is not None and first.atoms else Value(value.atoms)
    return command(frame, site, value)


def shell_program(_frame: Frame, site: Site, value: Value) -> Value | None:
    """`["sh", "-c", value]`."""
    parts = list((value.fields or {}).values()) if value.fields and value.kind == "~list" else site.values
    if len(parts) < 3:  # noqa: PLR2004  # a shell, its option and the command
        return None
    program = str(parts[0].const[0]) if parts[0].const else ""
    options = [str(one.const[0]) for one in parts[1:4] if one.const]
    if program in _SHELLS and any(one in {"-c", "/c", "-lc", "-Command", "/C", "-ic", "sh"} for one in options):
        atoms = NO_ATOMS
        built = None
        for one in parts[1:]:
            atoms = join_atoms(atoms, one.atoms)
            built = built or one.built
        return Value(atoms, built=built)
    if program.rpartition("/")[2] == "ssh" and parts[-1].built is not None:
        return parts[-1]
    return None


def program(frame: Frame, site: Site, value: Value) -> Value | None:  # noqa: C901, PLR0911  # each reason why a value does no harm
    """A list of arguments whose program or options come from outside."""
    node = site.node_of("shell")
    if node is not None and not (isinstance(node, ast.Constant) and not node.value):
        return None
    if value.kind == "~list" and value.fields:
        if shell_program(frame, site, value) is not None:
            return None
        parts = list(value.fields.values())
        first = parts[0]
        if first.atoms and not first.constant and outside(first, REQUESTED | {"remote"}):
            return outside(first)
        program = str(first.const[0]).rpartition("/")[2] if first.const else ""
        if (
            program in _RUNNERS
            and any(one.atoms for one in parts[1:])
            and any(one.const and one.const[0] in {"-c", "-e", "-r"} for one in parts[1:])
        ):
            return outside(Value(value.atoms))
        if program in {
            "git",
            "curl",
            "wget",
            "tar",
            "find",
            "rsync",
            "ssh",
            "scp",
            "zip",
            "sed",
            "awk",
            "convert",
            "ffmpeg",
            "hg",
            "sort",
            "man",
            "nmap",
            "tcpdump",
            "gdb",
            "psql",
            "mysql",
            "sendmail",
            "grep",
            "dig",
            "sqlmap",
            "pip",
            "npm",
            "docker",
            "kubectl",
            "xargs",
        }:
            ended = False
            for one in parts[1:]:
                if one.const and one.const[0] == "--":
                    ended = True
                if not ended and one.atoms and not one.prefix and one.built is None:
                    return outside(one)
        return None
    if value.built is not None and value.prefix:
        return None
    if value.kind == "~split":
        return None
    return outside(value)
