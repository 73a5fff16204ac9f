"""Stop strings in streamed text, found by one automaton for all of them (Aho & Corasick 1975)."""

from collections.abc import Sequence

_CHARACTERS = 0x110000


class Stops:
    """The automaton. A node stands for a beginning of stop strings: the longest that the text read ends with."""

    def __init__(self, stops: Sequence[str]) -> None:
        """Build it for stop strings of any number; empty ones stop nothing."""
        self._next: dict[int, int] = {}  # from a node and a character
        self.depth = [0]
        parents, symbols = [0], [0]
        ends: set[int] = set()
        for stop in stops:
            node = 0
            for symbol in map(ord, stop):
                edge = node * _CHARACTERS + symbol
                below = self._next.setdefault(edge, len(self.depth))
                if below == len(self.depth):
                    parents.append(node)
                    symbols.append(symbol)
                    self.depth.append(self.depth[node] + 1)
                node = below
            if node:
                ends.add(node)
        self._shorter = [0] * len(self.depth)  # the longest end of a node's text that is a node too
        self.found = [0] * len(self.depth)  # length of the longest stop string that a node's text ends with
        for node in sorted(range(1, len(self.depth)), key=self.depth.__getitem__):
            if self.depth[node] > 1:
                self._shorter[node] = self.after(self._shorter[parents[node]], symbols[node])
            self.found[node] = self.depth[node] if node in ends else self.found[self._shorter[node]]

    def after(self, node: int, symbol: int) -> int:
        """The node after one more character."""
        while True:
            below = self._next.get(node * _CHARACTERS + symbol)
            if below is not None:
                return below
            if node == 0:
                return 0
            node = self._shorter[node]


class StopScanner:
    """Passes text on until the first stop string is complete; holds back an end that may be the beginning of one.

    What is shown does not depend on how the text is cut into pieces.
    """

    def __init__(self, stops: Stops | Sequence[str]) -> None:
        self._stops = stops if isinstance(stops, Stops) else Stops(stops)
        self._node = 0
        self._held = ""
        self.stopped = False

    def push(self, text: str) -> str:
        """Text that can be shown now; the stop string itself and all after it are dropped."""
        if self.stopped:
            return ""
        if len(self._stops.depth) == 1:  # there is nothing to look for
            return text
        text, held = self._held + text, len(self._held)
        for place in range(held, len(text)):
            self._node = self._stops.after(self._node, ord(text[place]))
            if length := self._stops.found[self._node]:
                self.stopped, self._held = True, ""
                return text[: place + 1 - length]
        shown = len(text) - self._stops.depth[self._node]
        self._held = text[shown:]
        return text[:shown]

    def flush(self) -> str:
        """What was held back, when no more text comes."""
        held, self._held, self._node = self._held, "", 0
        return held
