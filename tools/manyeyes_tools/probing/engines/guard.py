"""Put before another program's own code: it may open connections to one port of this machine, and to nothing else.

The file is copied into a folder of its own as `sitecustomize.py`, which Python runs before anything else.  It imports
nothing of ours.  An audit hook cannot be taken away again; where the kernel has Landlock, the same holds for code that
is not Python's.  That it is in force is told by a file, and without that file the program is not used.

The key of that port comes in the environment and is put into the arguments here: those that a program is started with
can be read by everyone on the machine.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KNOWS_PORTS = 4
"""The version of Landlock that can tell ports apart."""
_PORT = int(os.environ.get("MANYEYES_GATE_PORT", "0"))
_KEY = os.environ.pop("MANYEYES_GATE_KEY", "")
_NAMES = frozenset({"127.0.0.1", "localhost", "", None})
_STARTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"}
    | {"os.fork", "os.forkpty", "webbrowser.open"}
)
_LOOKS_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def _hook(event: str, arguments: "tuple[Any, ...]") -> None:
    if event == "socket.connect":
        address = arguments[1]
        if not (isinstance(address, tuple) and address[0] == "127.0.0.1" and address[1] == _PORT):
            raise PermissionError(1, "this program may only reach its proxy")
    elif event in {"socket.sendto", "socket.sendmsg"}:
        if len(arguments) > 1 and arguments[1] is not None:
            raise PermissionError(1, "this program may only reach its proxy")
    elif event in _LOOKS_UP:
        name = arguments[0]
        if (name.decode("latin-1") if isinstance(name, bytes) else name) not in _NAMES:
            raise PermissionError(1, "this program may look up no names")
    elif event in _STARTS:
        raise PermissionError(1, "this program may start no other")


def _take_key() -> None:
    proxy = f"127.0.0.1:{_PORT}"
    sys.argv[:] = [f"http://manyeyes:{_KEY}@{proxy}" if one == f"http://{proxy}" else one for one in sys.argv]


def _landlock() -> str:
    """Bind the whole process, where the kernel can: TCP to one port alone (Linux 6.7 and newer)."""
    import ctypes

    class Rules(ctypes.Structure):
        _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64)]

    class Port(ctypes.Structure):
        _fields_ = [("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64)]

    create, add, restrict = 444, 445, 446
    bind, connect = 1, 2
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(create, None, 0, 1) < _KNOWS_PORTS:
        return "no"
    rules, port = Rules(0, bind | connect), Port(connect, _PORT)
    held = libc.syscall(create, ctypes.byref(rules), ctypes.sizeof(rules), 0)
    if held < 0:
        return "no"
    added = libc.syscall(add, held, 2, ctypes.byref(port), 0)
    bound = added == 0 and libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(restrict, held, 0) == 0
    os.close(held)
    return "yes" if bound else "no"


def _begin() -> None:
    told = os.environ.get("MANYEYES_GUARD_TOLD")
    if not _PORT or not told:
        return
    kernel = "no"
    if sys.platform == "linux":
        try:
            kernel = _landlock()
        except (ImportError, OSError, AttributeError):
            kernel = "no"
    sys.addaudithook(_hook)
    _take_key()
    with open(told, "w", encoding="utf-8") as file:  # noqa: PTH123  nothing is imported that need not be
        file.write(kernel)


_begin()
