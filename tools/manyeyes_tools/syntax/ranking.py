"""PageRank with a preference, by plain power iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DAMPING = 0.85
_ROUNDS = 40
_CLOSE = 1e-6


def page_rank(edges: Mapping[str, Mapping[str, float]], seeds: Mapping[str, float]) -> dict[str, float]:
    """How much each node matters to those who start at the seeds and follow the edges; all together 1.

    Args:
        edges: For each node, the nodes it leads to and the weight of each way.  All nodes are keys.
        seeds: Where to start, and how likely there; all nodes alike when empty.
    """
    nodes = sorted(edges)
    if not nodes:
        return {}
    known = {node: weight for node, weight in seeds.items() if node in edges and weight > 0}
    start: dict[str, float] = known or dict.fromkeys(nodes, 1.0)
    total = sum(start.values())
    start = {node: weight / total for node, weight in start.items()}
    ways: list[tuple[str, list[tuple[str, float]]]] = []
    for node in nodes:
        out = sum(edges[node].values())
        if out > 0:
            ways.append((node, [(to, weight / out) for to, weight in sorted(edges[node].items())]))
    leading = {node for node, _ in ways}
    rank = {node: start.get(node, 0.0) for node in nodes}
    for _ in range(_ROUNDS):
        stuck = sum(value for node, value in rank.items() if node not in leading)
        following = {node: (1 - _DAMPING + _DAMPING * stuck) * start.get(node, 0.0) for node in nodes}
        for node, shares in ways:
            value = _DAMPING * rank[node]
            if value:
                for to, share in shares:
                    following[to] += value * share
        change = sum(abs(following[node] - rank[node]) for node in nodes)
        rank = following
        if change < _CLOSE:
            break
    return rank
