"""The server's own ends of standard input and output, below the protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import anyio
import pytest

from manyeyes.stdio import _Lines, _Out

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        ([b"one\ntwo\nthree\n"], ["one", "two", "three"]),
        ([b"o", b"n", b"e\ntw", b"o\n"], ["one", "two"]),
        ([b"one\n", b"\n", b"two"], ["one", "", "two"]),  # the last without an end
        ([b"caf\xc3", b"\xa9\n\xff\n"], ["café", "\ufffd"]),
        ([], []),
    ],
)
async def test_lines_come_whole_however_they_are_cut(pieces, lines):
    end, wire = os.pipe()

    async def write():
        for piece in pieces:
            os.write(wire, piece)
            await anyio.sleep(0.005)
        os.close(wire)

    async with anyio.create_task_group() as group:
        group.start_soon(write)
        assert [line async for line in _Lines(end)] == lines
    os.close(end)


async def test_who_waits_for_a_line_can_be_cancelled():
    end, wire = os.pipe()
    with anyio.move_on_after(0.05) as scope:
        await anext(_Lines(end))
    assert scope.cancelled_caught
    os.close(wire)  # which ends the thread that still waits


async def test_what_is_larger_than_a_pipe_holds_goes_out_whole_and_in_order():
    end, wire = os.pipe()
    out = _Out(wire)
    sent = [json.dumps({"n": number, "text": "ä" * 300_000}) for number in range(3)]

    async def send(text):
        await out.write(text + "\n")
        await out.flush()

    async with anyio.create_task_group() as group:
        for text in sent:
            group.start_soon(send, text)
        lines = _Lines(end)
        assert [await anext(lines) for _ in sent] == sent
    os.close(wire)
    os.close(end)


@pytest.mark.skipif(sys.platform == "win32", reason="the protocol's library does it there")
def test_what_is_printed_while_serving_is_no_part_of_the_protocol(tmp_path):
    code = (
        "import os, subprocess, sys\n"
        "from manyeyes.stdio import _streams\n"
        "with _streams() as (lines, out):\n"
        "    print('stray', flush=True)\n"
        "    subprocess.run(['echo', 'of a child'])\n"
        "    assert sys.stdin.read() == ''\n"  # nobody else reads from the client
        "    assert os.read(lines.wire, 10) == b'question'\n"
        "    os.write(out.wire, b'answer')\n"
        "print('afterwards', sys.stdin.fileno(), os.read(0, 10))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=b"question", capture_output=True, check=True)
    assert done.stdout == b"answerafterwards 0 b''\n"
    assert done.stderr == b"stray\nof a child\n"


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "client", "version": "1"},
    },
}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}


@pytest.mark.skipif(sys.platform == "win32", reason="the protocol's library does it there")
def test_a_client_that_leaves_while_it_is_answered_is_no_fault_of_the_server(tmp_path):
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "manyeyes", "serve"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=tmp_path, env=environ, **pipes) as server:
        server.stdin.write(json.dumps(HELLO).encode() + b"\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1
        server.stdout.close()
        server.stdin.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n' + json.dumps(LIST).encode())
        server.stdin.close()
        assert server.stderr.read() == b""
        assert server.wait(20) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the protocol's library does it there")
def test_pipes_that_nobody_is_to_wait_at_are_waited_at():
    code = (
        "import anyio, os\n"
        "from manyeyes.stdio import _streams\n"
        "async def serve():\n"
        "    with _streams() as (lines, out):\n"
        "        async def say(text):\n"
        "            await out.write(text)\n"
        "            await out.flush()\n"
        "        await say('ready')\n"
        "        await say(await anext(lines) + 'x' * 500_000)\n"
        "anyio.run(serve)\n"
        "assert not os.get_blocking(0) and not os.get_blocking(1)\n"  # as it was
    )
    asked, ask = os.pipe()
    answered, answer = os.pipe()
    for end in (asked, answer):
        os.set_blocking(end, False)
    with subprocess.Popen([sys.executable, "-c", code], stdin=asked, stdout=answer) as server:
        os.close(asked)
        os.close(answer)
        assert os.read(answered, 100) == b"ready"
        time.sleep(0.05)  # it waits for a line
        os.write(ask, b"question\n")
        with os.fdopen(answered, "rb") as said:
            assert said.read() == b"question" + b"x" * 500_000
        assert server.wait(20) == 0
    os.close(ask)
