"""The server as a client: tools of other MCP servers, lent to whichever vendor's model is asked.

`connection` holds one server, `servers` all that the operator named, `borrowed` what one run may use of them.
"""

from __future__ import annotations

from manyeyes.mcp_servers.borrowed import Borrowed
from manyeyes.mcp_servers.servers import Servers

__all__ = ["Borrowed", "Servers"]
