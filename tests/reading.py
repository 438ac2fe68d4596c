"""A reader of printed mathematics, from the conventions of the page; it shares no code with symnet.

Σ reaches to the end of its product, factors side by side bind tighter than / with blanks, which
binds tighter than ⊙, which binds tighter than + and −; a superscript on a symbol is its layer, on
anything else a power. LaTeX is first put into the text that says the same (`plain`), where each sum
keeps how far it runs.

>>> Reader("Σₖ wₖⱼˡ⁺¹ δₖˡ⁺¹").read()
('Σ', 'k', ('product', ('symbol', 'w', ('k', 'j'), 'l+1'), ('symbol', 'δ', ('k',), 'l+1')))
>>> plain(r"\\sum_{k=1}^{n_{l+1}} w_{kj}^{l+1} \\delta_{k}^{l+1}")
'Σ_(k)^(l+1) w_(kj)^(l+1) δ_(k)^(l+1)'
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Node = tuple[Any, ...]

LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ⱼₖₚᵢᵣₛₜₕₘₗₐₑₙ", "0123456789+-jkpirsthmlaen", strict=True))
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˡᴸⁿ", "0123456789+-lLn", strict=True))
LOW, HIGH = "".join(LOWERED), "".join(RAISED)

NAME = re.compile(r"[A-Za-zδηθπσ∇]+")
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:/\d+)?")
SUB = re.compile(rf"_\(([^)]*)\)|_(\w)|((?:[{LOW}]|′|,(?=[{LOW}]))+)")
SUP = re.compile(rf"\^\(((?:[^()]|\([^()]*\))*)\)|\^(\w)|([{HIGH}′]+)")
RELATION = re.compile(r" ([<>≤≥=≠]) ")
NO_FACTOR = re.compile(r" ([+−⊙/<>≤≥=≠]|if |and |or |else )")


class Reader:
    """One line of printed mathematics, from left to right.

    In a formula of one variable there are no layers: a superscript is a power there everywhere.
    """

    def __init__(self, text: str, formula: bool = False) -> None:
        self.text, self.at, self.formula = text, 0, formula

    def read(self) -> Node:
        node = self.cases()
        assert self.at == len(self.text), f"not understood: {self.text[self.at :]!r}"
        return node

    def next(self, start: str) -> bool:
        return self.text.startswith(start, self.at)

    def take(self, start: str) -> bool:
        found = self.next(start)
        self.at += len(start) * found
        return found

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """What the pattern finds here: its first group that took part, or the whole."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        return next((group for group in found.groups() if group is not None), found[0])

    def expect(self, sign: str) -> None:
        assert self.take(sign), f"expected {sign!r} before {self.text[self.at :]!r} in {self.text}"

    def cases(self) -> Node:
        branches = []
        shown = self.sum()
        while self.take(" if "):
            branches.append((shown, self.condition()))
            self.expect(", ")
            if self.take("else "):
                return "cases", tuple(branches), self.sum()
            shown = self.sum()
        return shown

    def condition(self) -> Node:
        parts = [self.comparison()]
        joined = "and"
        while (joint := next((w for w in ("and", "or") if self.take(f" {w} ")), None)) is not None:
            joined = joint
            parts.append(self.comparison())
        return joined, *parts

    def comparison(self) -> Node:
        left = self.sum()
        sign = self.match(RELATION)
        assert sign, self.text[self.at :]
        return sign, left, self.sum()

    def sum(self) -> Node:
        terms = [(self.take("−"), self.hadamard())]
        while self.next(" + ") or self.next(" − "):
            negative = self.text[self.at + 1] == "−"
            self.at += 3
            terms.append((negative, self.hadamard()))
        return ("add", *terms) if len(terms) > 1 or terms[0][0] else terms[0][1]

    def hadamard(self) -> Node:
        factors = [self.quotient()]
        while self.take(" ⊙ "):
            factors.append(self.quotient())
        return ("hadamard", *factors) if len(factors) > 1 else factors[0]

    def quotient(self) -> Node:
        node = self.product()
        while self.take(" / "):
            node = ("quotient", node, self.factor())
        return node

    def product(self) -> Node:
        factors = [self.factor()]
        while self.next("·") or (self.next(" ") and not NO_FACTOR.match(self.text, self.at)):
            if not self.take("·"):  # as in the entries of a matrix
                self.at += 1
                self.take("· ")
            factors.append(self.factor())
        return ("product", *factors) if len(factors) > 1 else factors[0]

    def factor(self) -> Node:
        if self.take("Σ"):
            (index,) = letters(self.match(SUB))
            limit = self.match(SUP)  # LaTeX says how far a sum runs
            self.expect(" ")
            body = self.quotient()
            return ("Σ", index, body) if limit is None else ("Σ", index, body, limit)
        if self.take("∂"):
            return self.derivative()
        if self.take("√("):
            return "power", self.inside(")"), ("number", Fraction(1, 2))
        if self.take("|"):
            return "call", "abs", 0, self.inside("|")
        if self.take("…"):
            return ("dots",)
        if self.take("["):
            return self.raised(self.bracket())
        if self.take("("):
            return self.raised(self.inside(")"))
        amount = NUMBER.match(self.text, self.at)
        if amount is not None:
            self.at = amount.end()
            return self.raised(("number", Fraction(amount[0])))
        return self.symbol()

    def inside(self, end: str) -> Node:
        node = self.cases()
        self.expect(end)
        return node

    def bracket(self) -> Node:
        """[j = k] or [x > c]."""
        delta = re.compile(r"\w+[′']* = \w+[′']*\]").match(self.text, self.at)
        if delta is not None:
            self.at = delta.end()
            return "delta", *delta[0][:-1].split(" = ")
        left = self.sum()
        self.expect(" > ")
        right = self.sum()
        self.expect("]")
        return "step", left, right

    def derivative(self) -> Node:
        if self.take("/∂"):
            by = self.symbol()
            self.expect(" (")
            return "operator", self.inside(")"), by
        of = self.symbol()
        self.expect("/∂")
        return "partial", of, self.symbol()

    def symbol(self) -> Node:
        name = self.match(NAME)
        assert name, f"expected a factor: {self.text[self.at :]!r} in {self.text!r}"
        primes = self.match(re.compile("'+")) or ""
        if self.take("("):
            arguments = [self.cases()]
            while self.take(", "):
                arguments.append(self.cases())
            self.expect(")")
            return self.raised(("call", name, len(primes), *arguments))
        low = letters(self.match(SUB) or "")
        if self.formula or name == "n":  # the layer of a size stands below it
            return self.raised(("symbol", name, low, ""))
        high = self.match(SUP) or ""
        node = ("symbol", name, low, "".join(RAISED.get(sign, sign) for sign in high))
        return ("transpose", node) if self.take("ᵀ") else node

    def raised(self, node: Node) -> Node:
        if self.take("ᵀ"):
            return "transpose", node
        exponent = self.match(SUP)
        if exponent is None:
            return node
        plain = "".join(RAISED.get(sign, sign) for sign in exponent)
        return "power", node, Reader(plain, self.formula).read()


def letters(lowered: str | None) -> tuple[str, ...]:
    """ⱼₖ is two letters, ₁,₁₂ are two numbers, a prime belongs to the letter before it."""
    plain = "".join(LOWERED.get(sign, sign) for sign in lowered or "")
    if "," in plain:
        return tuple(plain.split(","))
    return (
        tuple(re.findall(r"[A-Za-z]′*|\d+", plain)) if re.fullmatch(r"(\w′*)*", plain) else (plain,)
    )


def nodes(node: Node) -> Iterator[Node]:
    """A node and all inside it."""
    yield node
    for part in node:
        if isinstance(part, tuple) and part and isinstance(part[0], str | bool | tuple):
            yield from nodes(part)


def plain(latex: str) -> str:
    """LaTeX as the text that says the same, for the reader."""

    def group(at: int) -> tuple[str, int]:
        """What stands in the braces that open at a place, and where they end."""
        depth = 0
        for end in range(at, len(latex)):
            depth += (latex[end] == "{") - (latex[end] == "}")
            if depth == 0:
                return latex[at + 1 : end], end + 1
        raise AssertionError(f"{latex} lacks a brace")

    text, at = "", 0
    while at < len(latex):
        command = re.compile(r"\\[A-Za-z]+|\\.|.").match(latex, at)[0]
        start, at = at, at + len(command)
        if command == r"\frac":
            above, at = group(at)
            below, at = group(at)
            if above.startswith(r"\partial"):
                above, below = plain(above).strip(), plain(below).strip()
                text += f"{above}/{below}" + (" " if above == "∂" else "")
            else:
                text += f"(({plain(above)}) / ({plain(below)}))"
        elif command == r"\sqrt":
            inside, at = group(at)
            text += f"√({plain(inside)})"
        elif command == r"\sum":
            limits = re.compile(r"\\sum_\{([\w']+)=1\}\^\{n_\{([lL\d+-]+)\}\}").match(latex, start)
            text += f"Σ_({limits[1].replace(chr(39), '′')})^({limits[2]})"
            at = limits.end()
        elif command in ("_", "^"):
            inside, at = group(at) if latex[at] == "{" else (latex[at], at + 1)
            inside = plain(inside).replace("−", "-").replace("'", "′")
            text += "ᵀ" if inside == "T" else f"{command}({inside})"
        elif command == "e" and latex.startswith("^{", at):
            inside, at = group(at + 1)
            text += f"exp({plain(inside)})"
        elif command == r"\ln" and not latex.startswith(r"\left", at):
            argument = re.compile(r" (\\?[A-Za-z]+(_\{[^{}]*\})?(\^\{[^{}]*\})?)").match(latex, at)
            text += f"ln({plain(argument[1])})"
            at = argument.end()
        elif command == r"\partial":
            text += "∂"
            at += latex.startswith(" ", at)
        elif command == r"\begin":
            end = latex.index(r"\end{cases}", at)
            text += cases(latex[at + len("{cases}") : end])
            at = end + len(r"\end{cases}")
        elif command == r"\operatorname":
            name, at = group(at)
            text += name
        else:
            text += TEX.get(command, command.lstrip("\\") if command[1:].isalpha() else command)
    return re.sub(" +", " ", text).replace("( ", "(").strip()


def cases(latex: str) -> str:
    """0 if z ≤ 0, else z: the rows between the beginning and the end of cases."""
    shown = ""
    for row in latex.strip().split(r" \\ "):
        amount, condition = row.split(" & ")
        if condition == r"\text{otherwise}":
            return f"{shown}else {plain(amount)}"
        holds = condition.removeprefix(r"\text{if } ")
        for word in ("and", "or"):
            holds = holds.replace(rf" \text{{ {word} }} ", f" {word} ")
        shown += f"{plain(amount)} if {plain(holds)}, "
    raise AssertionError(f"{latex} does not say what holds otherwise")


TEX = {
    r"\left": "",
    r"\right": "",
    r"\,": " ",
    r"\delta": "δ",
    r"\sigma": "σ",
    r"\nabla": "∇",
    r"\pi": "π",
    r"\odot": "⊙",
    r"\cdot": "·",
    r"\ln": "ln",
    r"\eta": "η",
    r"\dots": "…",
    r"\cdots": "…",
    r"\vdots": "⋮",
    r"\ddots": "⋱",
    r"\leftarrow": "←",
    r"\le": "≤",
    r"\ge": "≥",
    r"\ne": "≠",
    "-": "−",
}
