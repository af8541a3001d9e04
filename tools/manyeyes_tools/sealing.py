"""Files for secrets as they may be quoted: the names of values stay, and nothing else.

What masks source code looks for secrets.  In a file that exists for secrets everything is one.
"""

from __future__ import annotations

import re

_NAMED = re.compile(r"""(\s*(?:export\s+|-\s+)?(["']?)[A-Za-z_][\w.-]{0,47}\2\s*[:=]\s*)(?=[^\s=:])""")
_FRAME = re.compile(r"\s*(?:[{}\[\](),;]*|\[[\w. -]{1,60}\])\s*")
_BEGIN, _END = re.compile(r"-----BEGIN [A-Z ]+-----"), re.compile(r"-----END [A-Z ]+-----")


def sealed_text(text: str) -> str:
    """The same lines with every value replaced by a placeholder."""
    lines: list[str] = []
    number, in_key = 0, False
    for line in text.split("\n"):
        begins, ends = bool(_BEGIN.search(line)), bool(_END.search(line))
        if not in_key and not begins and _FRAME.fullmatch(line):
            lines.append(line)
            continue
        number += 1
        named = None if in_key else _NAMED.match(line)
        kind = "private-key" if in_key or begins else "sealed"
        lines.append(f"{named[1] if named else ''}<secret:{kind}:{number}>")
        in_key = (in_key or begins) and not ends
    return "\n".join(lines)
