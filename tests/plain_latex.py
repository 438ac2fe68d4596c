r"""A small reader of LaTeX for the tests of `verify`: the formulas of test_verify_mutants.py.

It shares no code with symnet's own reader. Trees are tuples whose first item says what they are:
("sum", letter, low, high, body), ("symbol", name, layer, letters), ("layer", letter, offset) …
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from chance_networks import UnclearError

# --- reading ----------------------------------------------------------------------------------

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+|[A-Za-z]|\S")
IGNORED = {r"\,", r"\;", r"\!", r"\:", r"\ ", r"\left", r"\right", r"\bigl", r"\bigr"}
TRANSPOSES = ({"T"}, {r"\top"})
Tree = tuple[Any, ...]


class Reader:
    """Tuples from the text of one side: ("sum", letter, low, high, body), ("symbol", name, …)."""

    def __init__(self, text: str) -> None:
        self.tokens = [t for t in TOKEN.findall(text) if t not in IGNORED]
        self.at = 0
        self.in_norm = False

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        token = self.next
        if not token or (wanted is not None and token != wanted):
            raise UnclearError(f"{token!r} where {wanted!r} is wanted")
        self.at += 1
        return token

    def taken(self, *tokens: str) -> bool:
        if self.next in tokens:
            self.at += 1
            return True
        return False

    def whole(self) -> Tree:
        found = self.additive()
        if self.next:
            raise UnclearError(f"{self.next!r} is left over")
        return found

    def additive(self) -> Tree:
        terms: list[Tree] = []
        negative = self.taken("-")
        while True:
            term = self.entrywise()
            terms.append(("negative", term) if negative else term)
            if self.taken("+"):
                negative = False
            elif self.taken("-"):
                negative = True
            else:
                return ("plus", *terms) if len(terms) > 1 else terms[0]

    def entrywise(self) -> Tree:
        factors = [self.juxtaposed()]
        while self.taken(r"\odot", r"\circ"):
            factors.append(self.juxtaposed())
        return ("entrywise", *factors) if len(factors) > 1 else factors[0]

    def juxtaposed(self) -> Tree:
        factors = [self.factor()]
        while self.taken(r"\cdot") or self.starts():
            factors.append(self.factor())
        return ("times", *factors) if len(factors) > 1 else factors[0]

    def starts(self) -> bool:
        stops = {"", "+", "-", r"\odot", r"\circ", ")", "]", "}", "=", "&", r"\\", r"\end", ","}
        return self.next not in stops and not (self.in_norm and self.next == r"\|")

    def factor(self) -> Tree:
        token = self.take()
        if token in (r"\sum", r"\prod"):
            return self.repeated(token[1:])
        if token.isdigit():
            return self.scripts(("number", int(token)))
        if token in ("(", "["):
            found = self.additive()
            self.take({"(": ")", "[": "]"}[token])
            return self.scripts(("group", found))
        if token == "{":
            found = self.additive()
            self.take("}")
            return self.scripts(("group", found))
        if token == r"\|":
            self.in_norm = True
            found = self.additive()
            self.take(r"\|")
            self.in_norm = False
            for needed in ("^", "2"):
                self.take(needed)
            return ("norm", found)
        if token == r"\frac":
            return self.fraction()
        if token == r"\nabla":
            self.take("_")
            by = self.braced(self.additive)
            self.take("C")
            return (
                "derivative",
                ("symbol", "C", None, ()),
                by if by[1:] != ("a", None, ()) else ("symbol", "a", ("layer", "L", 0), ()),
            )
        if token == r"\operatorname":
            name = "".join(iter(lambda: self.take(), "}")).strip("{")
            self.take("(")
            found = self.additive()
            self.take(")")
            return self.scripts((name, found))
        if token in (r"\sigma", r"\tanh"):
            return self.function(token)
        if token == r"\begin":
            return self.matrix()
        if token in ("w", "W", "b", "z", "a", "x", "y", "n", "C", r"\delta", r"\eta"):
            return self.symbol({"W": "w", r"\delta": "δ", r"\eta": "η"}.get(token, token))
        raise UnclearError(f"{token!r} is not known here")

    def braced(self, what: Callable[[], Tree]) -> Tree:
        if not self.taken("{"):
            inner = Reader("")
            inner.tokens = [self.take()]
            return inner.whole()
        found = what()
        self.take("}")
        return found

    def raw(self) -> list[str]:
        """The tokens of a script."""
        if not self.taken("{"):
            return [self.take()]
        found, depth = [], 1
        while depth:
            token = self.take()
            depth += {"{": 1, "}": -1}.get(token, 0)
            found.append(token)
        return found[:-1]

    def layer(self, tokens: Sequence[str]) -> Tree:
        text = "".join(tokens).strip("()[]")
        fit = re.fullmatch(r"([lLm]?)(?:([+-])(\d+))?|(\d+)", text)
        if not fit or not text:
            raise UnclearError(f"{text!r} is no layer")
        if fit[4]:
            return ("layer", "", int(fit[4]))
        return ("layer", fit[1], int((fit[2] or "") + (fit[3] or "0")))

    def symbol(self, name: str) -> Tree:
        layer: Tree | None = None
        letters: tuple[str, ...] = ()
        turned = False
        while self.next in ("_", "^"):
            if self.take() == "_":
                tokens = self.raw()
                if name == "n":
                    layer = self.layer(tokens)
                else:
                    letters = tuple("".join(t for t in tokens if t != ","))
            else:
                tokens = self.raw()
                if set(tokens) in TRANSPOSES:
                    turned = True
                else:
                    layer = self.layer(tokens)
        found: Tree = ("symbol", name, layer, letters)
        return ("transpose", found) if turned else found

    def scripts(self, base: Tree) -> Tree:
        while self.taken("^"):
            tokens = self.raw()
            if set(tokens) in TRANSPOSES:
                base = ("transpose", base)
            elif tokens == ["2"]:
                base = ("square", base)
            else:
                raise UnclearError(f"the power {tokens}")
        if self.taken("_"):
            base = ("entry", base, tuple("".join(self.raw())))
        return base

    def function(self, token: str) -> Tree:
        order = 0
        while self.taken("'"):
            order += 1
        squared = False
        if self.taken("^"):
            self.take("2")
            squared = True
        self.take("(")
        found: Tree = ("function", token[1:], order, self.additive())
        self.take(")")
        return self.scripts(("square", found) if squared else found)

    def repeated(self, kind: str) -> Tree:
        low: list[str] = []
        high: list[str] | None = None
        while self.next in ("_", "^"):
            if self.take() == "_":
                low = self.raw()
            else:
                high = self.raw()
        letter, start = low[0], low[2:] if len(low) > 1 else None
        body = self.entrywise()  # up to the next + or -
        return (kind, letter, start, high, body)

    def fraction(self) -> Tree:
        start = self.at
        top, bottom = self.raw(), self.raw()
        if r"\partial" not in bottom:
            self.at = start
            above = self.braced(self.additive)
            return ("over", above, self.braced(self.additive))
        inner = Reader("")
        inner.tokens = [t for t in top if t != r"\partial"]
        if top[:2] == [r"\partial", "^"]:
            inner.tokens = inner.tokens[2:]
        of = inner.whole() if inner.tokens else self.factor()
        inner = Reader("")
        inner.tokens = bottom
        found = of
        while inner.next:
            inner.take(r"\partial")
            grouped = inner.taken("(")
            by = inner.factor()
            found = ("derivative", found, by)
            if grouped:
                inner.take(")")
                if inner.taken("^"):
                    inner.take("2")
                    found = ("derivative", found, by)
        return found

    def matrix(self) -> Tree:
        name = self.raw()
        rows: list[list[Tree]] = [[]]
        while True:
            rows[-1].append(self.additive())
            if self.taken(r"\\"):
                rows.append([])
            elif not self.taken("&"):
                break
        self.take(r"\end")
        if self.raw() != name:
            raise UnclearError("another environment ends")
        return self.scripts(("matrix", tuple(tuple(row) for row in rows)))
