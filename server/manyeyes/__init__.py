"""Many Eyes: an MCP server that lets models of several vendors look at the same code.

The package is the engine: models, routing, money, state and the protocol.  What knows about code,
findings and documents is in `manyeyes_tools`.  Nothing heavy is imported here.
"""

__version__ = "0.1.0"
