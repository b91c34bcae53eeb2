"""Strongly connected components of a graph, by Tarjan's algorithm without recursion."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(edges: Mapping[Node, Collection[Node]]) -> Iterator[list[Node]]:
    """Yields the components of a graph in reverse topological order.

    Args:
        edges: maps every node to its successors.
    """
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}  # the smallest index that a back edge reaches
    stack: list[Node] = []
    stacked: set[Node] = set()
    for root in edges:
        path = [] if root in index else [(root, iter(edges[root]))]
        while path:
            node, rest = path[-1]
            if node not in index:
                index[node] = low[node] = len(index)
                stack.append(node)
                stacked.add(node)
            following = next((one for one in rest if one not in index or one in stacked), None)
            if following is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == index[node]:
                    component = stack[(at := _last(stack, node)) :]
                    del stack[at:]
                    stacked.difference_update(component)
                    yield component
            elif following in index:
                low[node] = min(low[node], index[following])
            else:
                path.append((following, iter(edges[following])))


def _last(stack: list[Node], node: Node) -> int:
    """Returns the position of a node, searched from the end of the stack."""
    at = len(stack) - 1
    while stack[at] != node:
        at -= 1
    return at
