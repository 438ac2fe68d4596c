r"""Formulas of methods that go step by step: members of sequences, and terms in them.

x_{t-1}, x^{(t+1)}, x' (the next one) are members; \nabla C(w_t), ∂C/∂w and their like are one
function of the parameters, of which nothing is known; c^t is a member of the sequence of powers.
Everything is read entry by entry, so that g ⊙ g is g² and ‖w‖² stands for w².

>>> from symnet.paper.formula.reader import read
>>> from symnet.term import spell
>>> (chain,) = read(r"m_t = \beta_1 m_{t-1} + g_t").statements
>>> spell(Signs(frozenset({"m", "g"})).term(chain.sides[1]))
'\\beta_1·mt-1 + gt'
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from symnet.calculus.recurrences import (
    COUNT,
    COUNTED,
    MINUS,
    SUMMED,
    TIME,
    TOTAL,
    System,
    Total,
    power_of,
    powers,
)
from symnet.paper.formula import syntax as s
from symnet.paper.signs.misfits import Unclear
from symnet.paper.signs.notation import SAME_MARK
from symnet.term import (
    ONE,
    Apply,
    LayerNumber,
    Number,
    ScalarFunction,
    Symbol,
    Term,
    add,
    at_layer,
    mul,
    power,
    spell,
    walk,
)

STEPS = ("t", "k", r"\tau", "n", "s", "i", "j")  # letters that count steps, the likely ones first
MARKS = ("hat", "tilde", "bar", "widehat", "widetilde", "overline", "dot", "check")
OBJECTIVES = {
    "C", "J", "f", "L", "E", "F", r"\ell", "Q", "l", r"\mathcal{L}", r"\mathcal{J}", r"\Phi",
    "R", "S", "loss",
}  # fmt: skip
GRADIENT = "∇"
PLAIN_PRODUCTS = {"", r"\cdot", r"\times", "*", r"\odot", r"\circ", ".*"}
ROOTS = {"sqrt"}


def key_of(node: s.Node) -> str | None:
    r"""How a letter is called here, without bold type: \hat{m}, v, \beta_1."""
    if isinstance(node, s.Scripted) and node.sup is None and not node.primes:
        base = key_of(node.base)
        sub = _plain(node.sub)
        return f"{base}_{sub}" if base is not None and sub is not None else None
    if not isinstance(node, s.Name):
        return None
    text = node.text
    for style in reversed(node.style):
        if style in MARKS:
            text = rf"\{SAME_MARK.get(style, style)}{{{text}}}"
        if style in ("mathcal", "mathscr"):
            text = rf"\mathcal{{{text}}}"
    return text


def _plain(node: s.Node | None) -> str | None:
    """A script that is part of a name: the 1 of β_1, the dW of v_{dW}."""
    match node:
        case s.Number(text=text) | s.Name(text=text):
            return text
        case s.Text(words=words):
            return words
        case s.Product(factors=factors):
            parts = [_plain(x) for x in factors]
            return None if None in parts else "".join(x for x in parts if x)
    return None


def step_of(node: s.Node | None, letters: Mapping[str, str]) -> LayerNumber | None:
    """t, t+1, i, 0: the step that a script says; `letters` are those that count steps."""
    match node:
        case s.Bracketed(body=body):
            return step_of(body, letters)
        case s.Number(text=text) if text.isdigit():
            return LayerNumber("", int(text))
        case s.Name(text=text, style=()) if text in letters:
            return LayerNumber(letters[text], 0)
        case s.Additive(terms=terms, signs=signs):
            found = LayerNumber("", 0)
            for term, sign in zip(terms, signs, strict=True):
                step = step_of(term, letters)
                if step is None or (step.name and (found.name or sign != "+")):
                    return None
                by = step.offset if sign == "+" else -step.offset
                found = LayerNumber(step.name or found.name, found.offset + by)
            return found
    return None


@dataclass(frozen=True)
class Signs:
    """How formulas are read: which letters are sequences, and what is meant without a step.

    `letters` says which letters count steps; `now` what of a sequence is meant by its letter alone;
    `renamed` has other names for letters; `argument` is where a gradient without an argument is
    taken. What is met on the way is kept: sums in `totals`, bases of powers in `bases`.
    """

    sequences: frozenset[str]
    letters: Mapping[str, str] = field(default_factory=lambda: {"t": TIME.name})
    now: Callable[[str], int | None] = lambda key: 0
    renamed: Mapping[str, str] = field(default_factory=dict)
    argument: Term | None = None
    objective: str | None = None
    total: list[Total] = field(default_factory=list)
    bases: list[Term] = field(default_factory=list)
    replaced: Mapping[Symbol, Symbol] = field(default_factory=dict)
    shifts: Mapping[str, int] = field(default_factory=dict)  # θ_{t+1} for θ_t
    mean: Callable[[Term], Term] | None = None  # what E[…] makes of a term
    gradient: str | None = None  # the letter that is the gradient itself, without a rule

    @property
    def system(self) -> System:
        """The rules of the sums, powers and numbers of steps that have been met."""
        totals = {_total_name(total): total for total in self.total}
        return System({}, {}, totals).joined(powers(self.bases)).joined(COUNTED)

    def term(self, node: s.Node) -> Term:
        """What a formula means. Raises Unclear."""
        match node:
            case s.Number(text=text):
                return Number(Fraction(text))
            case s.Name() | s.Scripted():
                return self._quantity(node)
            case s.Bracketed(open="(" | "[" | r"\{", body=body, close=")" | "]" | r"\}"):
                return self.term(body)
            case s.Additive(terms=terms, signs=signs):
                if not set(signs) <= {"+", "-"}:
                    raise Unclear("a sign that is both", node)
                parts = [self.term(x) for x in terms]
                signed = zip(parts, signs, strict=True)
                return add(*(x if sign == "+" else mul(MINUS, x) for x, sign in signed))
            case s.Fraction(above=above, below=below):
                gradient = self._slope(node, None)
                if gradient is not None:
                    return gradient
                return mul(self.term(above), power(self.term(below), -1))
            case s.Root(body=body, degree=None):
                return power(self.term(body), Fraction(1, 2))
            case s.Product():
                return self._product(node.factors, node.operators, node)
            case s.Evaluated(body=s.Fraction() as body, at=at):
                place = at.sides[1] if isinstance(at, s.Chain) and len(at.sides) == 2 else at
                gradient = self._slope(body, place)
                if gradient is not None:
                    return gradient
            case s.Annotated(body=body):
                return self.term(body)
        raise Unclear("this is not read as a formula of steps", node)

    # --- quantities ------------------------------------------------------------------------

    def _quantity(self, node: s.Name | s.Scripted) -> Term:
        if isinstance(node, s.Name):
            return self._bare(node, 0)
        member = self.member(node)
        if member is not None:
            return self.replaced.get(member, member) if isinstance(member, Symbol) else member
        if node.primes and node.sup is None and node.sub is None:
            return self._bare(node.base, node.primes)
        if node.sup is None and not node.primes:
            return self._bare(node, 0)
        if node.sup is not None and not node.primes:
            base = replace(node, sup=None) if node.sub is not None else node.base
            return self._power(base, node.sup)
        raise Unclear("what this stands for is not said", node)

    def _bare(self, node: s.Node, primes: int) -> Term:
        key = key_of(node)
        if key is None:
            raise Unclear("what this stands for is not said", node)
        if key in self.letters and not primes:
            return Symbol(COUNT, LayerNumber(self.letters[key]))
        if key in self.sequences:
            now = self.now(key)
            if now is None:
                raise Unclear(f"which step of {key} is meant is not said", node)
            symbol = Symbol(self._name(key), TIME.shift(now + primes))
            return self._gradient_itself(key, None) or self.replaced.get(symbol, symbol)
        return Symbol(self._name(key) + "'" * primes)

    def _name(self, key: str) -> str:
        return self.renamed.get(key, key)

    def _gradient_itself(self, key: str, step: LayerNumber | None) -> Term | None:
        """g of which nothing else is said: the gradient where it is taken.

        That of the step from w_t to w_{t+1} is g_t or g_{t+1}, as books have it.
        """
        if key != self.gradient or not isinstance(self.argument, Symbol):
            return None
        place = self.argument.layer
        if step is not None and place is not None and step.offset - place.offset not in (0, 1):
            raise Unclear("of which step this gradient is is not said", s.Empty(start=0, end=0))
        return Apply(ScalarFunction(self.objective or GRADIENT, None), self.argument)

    def member(self, node: s.Node) -> Term | None:
        """x_{t-1}, x^{(t+1)}, \\hat{m}_t: a member of a sequence, if this is one."""
        if not isinstance(node, s.Scripted) or node.primes:
            return None
        for script, base in _scripts(node):
            key, step = key_of(base), step_of(script, self.letters)
            if key is None or step is None or key not in self.sequences:
                continue
            if script is node.sup and not isinstance(script, s.Bracketed) and not step.name:
                continue  # a power
            if isinstance(base, s.Scripted) and base.primes:
                continue
            step = step.shift(self.shifts.get(key, 0) if step.name else 0)
            found = Symbol(self._name(key), step)
            return self._gradient_itself(key, step) or found
        return None

    def objective_at(self, place: Term) -> Term:
        """The gradient of the objective at a place."""
        return Apply(ScalarFunction(self.objective or GRADIENT, None), place)

    def _power(self, base: s.Node, exponent: s.Node) -> Term:
        if isinstance(base, s.Scripted) and base.primes:
            inner = self._quantity(base)
        elif isinstance(base, s.Bracketed) and (base.open, base.close) == ("‖", "‖"):
            if not isinstance(exponent, s.Number) or exponent.text != "2":
                raise Unclear("a norm that is not squared", base)
            inner = self.term(base.body)  # the square of a norm, of one entry
        else:
            inner = self.term(base)
        match exponent:
            case s.Number(text=text):
                return power(inner, Fraction(text))
            case s.Fraction(above=s.Number(text=one), below=s.Number(text=two)) if two != "0":
                return power(inner, Fraction(one) / Fraction(two))
            case s.Product(
                factors=(s.Number(text=one), s.Number(text=two)), operators=("", "/")
            ) if two != "0":
                return power(inner, Fraction(one) / Fraction(two))
        if isinstance(exponent, s.Additive) and len(exponent.terms) == 1:
            (only,) = exponent.terms
            if isinstance(only, s.Number) and exponent.signs == ("-",):
                return power(inner, -Fraction(only.text))
        return self._raised(inner, exponent)

    def _raised(self, base: Term, exponent: s.Node) -> Term:
        """c^{t - i + 1}, for a c that stays what it is."""
        steps, offset = _exponents(exponent, self.letters)
        if steps is None or any(isinstance(x, Symbol) and x.layer for x in walk(base)):
            raise Unclear("a power that is not read", exponent)
        self.bases.append(base)
        found = [power(power_of(base, LayerNumber(at)), times) for at, times in steps.items()]
        return mul(power(base, offset), *found)

    # --- products --------------------------------------------------------------------------

    def _product(self, factors: Sequence[s.Node], operators: Sequence[str], node: s.Node) -> Term:
        found: list[Term] = []
        at = 0
        while at < len(factors):
            factor, operator = factors[at], operators[at]
            if operator not in PLAIN_PRODUCTS | {"/", r"\oslash"}:
                raise Unclear("a product that is not read", node)
            if isinstance(factor, s.Big):
                if operator == "/":
                    raise Unclear("a quotient by a sum", node)
                found.append(self._summed(factor, factors[at + 1 :], operators[at + 1 :], node))
                break
            value, used = self._factor(factors, operators, at)
            found.append(value if operator not in ("/", r"\oslash") else power(value, -1))
            at += used
        return mul(*found)

    def _factor(
        self, factors: Sequence[s.Node], operators: Sequence[str], at: int
    ) -> tuple[Term, int]:
        """The value of what stands at a place, and how many factors that takes."""
        factor = factors[at]
        after = factors[at + 1] if at + 1 < len(factors) and operators[at + 1] == "" else None
        last = factors[at + 2] if at + 2 < len(factors) and operators[at + 2] == "" else None
        name = factor.base if isinstance(factor, s.Scripted) else factor
        if isinstance(name, s.Name) and name.text == r"\nabla" and after is not None:
            if isinstance(factor, s.Scripted) and (factor.sup is not None or factor.primes):
                raise Unclear("a derivative that is not read", factor)
            if isinstance(last, s.Bracketed) and last.open in "([":
                return self._gradient(after, last.body), 3
            return self._gradient(after, None), 2
        if isinstance(factor, s.Name) and factor.text == r"\Delta" and after is not None:
            return self.change(after), 2
        if self.mean is not None and is_expectation(factor, after):
            if isinstance(after, s.Scripted):
                assert isinstance(after.base, s.Bracketed)
                return power(self.mean(self.term(after.base.body)), 2), 2
            assert isinstance(after, s.Bracketed)
            return self.mean(self.term(after.body)), 2
        if isinstance(factor, s.Fraction) and isinstance(after, s.Bracketed):
            gradient = self._slope(factor, after.body)
            if gradient is not None:
                return gradient, 2
        if isinstance(factor, s.Name) and factor.text in ROOTS and isinstance(after, s.Bracketed):
            return power(self.term(after.body), Fraction(1, 2)), 2
        if isinstance(factor, s.Name) and factor.text in ("E", r"\Delta") and after is not None:
            found = self.bracketed_mean(factor, after)  # E[g^2]_t
            if found is not None:
                return found, 2
        if isinstance(after, s.Bracketed) and self._is_sequence(factor) and after.open == "(":
            step = step_of(after, self.letters)  # w(t+1)
            key = key_of(factor)
            if step is not None and key is not None:
                by = self.shifts.get(key, 0) if step.name else 0
                return Symbol(self._name(key), step.shift(by)), 2
        return self.term(factor), 1

    def _is_sequence(self, node: s.Node) -> bool:
        return isinstance(node, s.Name) and key_of(node) in self.sequences

    def change(self, node: s.Node) -> Term:
        r"""\Delta w_t: a sequence with a name of two letters."""
        if isinstance(node, s.Scripted) and node.sub is not None and node.sup is not None:
            if not isinstance(node.sup, s.Number):
                raise Unclear("a change that is not read", node)
            return power(self.change(replace(node, sup=None)), Fraction(node.sup.text))
        if isinstance(node, s.Scripted):
            base, step = key_of(node.base), step_of(node.sub or node.sup, self.letters)
            if base is not None and step is not None and not node.primes:
                return Symbol(self._name(rf"\Delta {base}"), step)
            if base is not None and node.primes and node.sub is None and node.sup is None:
                return Symbol(self._name(rf"\Delta {base}"), TIME.shift(node.primes))
        key = key_of(node)
        if key is not None and rf"\Delta {key}" in self.sequences:
            now = self.now(rf"\Delta {key}")
            if now is not None:
                return Symbol(self._name(rf"\Delta {key}"), TIME.shift(now))
        raise Unclear("a change that is not read", node)

    def bracketed_mean(self, name: s.Node, after: s.Node) -> Term | None:
        """E[g^2]_t, a running mean, as a sequence of that name."""
        key = mean_key(name, after)
        if key is None or not isinstance(after, s.Scripted):
            return None
        step = step_of(after.sub, self.letters)
        if step is None:
            return None
        if after.sup is not None and not isinstance(after.sup, s.Number):
            raise Unclear("a power that is not read", after)
        found = Symbol(self._name(key), step)
        return found if after.sup is None else power(found, Fraction(after.sup.text))

    # --- gradients -------------------------------------------------------------------------

    def _gradient(self, of: s.Node, place: s.Node | None) -> Term:
        base = of.base if isinstance(of, s.Scripted) else of
        key = key_of(base)
        if key is None or key.replace(r"\mathcal{L}", "L") not in OBJECTIVES:
            raise Unclear("of what the gradient is taken is not read", of)
        step = None
        if isinstance(of, s.Scripted):
            step = step_of(of.sub, self.letters)
            if (step is None and of.sub is not None) or of.sup is not None or of.primes:
                raise Unclear("of what the gradient is taken is not read", of)
        if isinstance(place, s.Listed):
            place = place.items[0]  # J(θ; x, y)
        argument = self.term(place) if place is not None else self.argument
        if argument is None:
            raise Unclear("where the gradient is taken is not said", of)
        name = self.objective or GRADIENT
        return Apply(ScalarFunction(name, None, step if step and step.name else None), argument)

    def _slope(self, node: s.Fraction, place: s.Node | None) -> Term | None:
        """∂C/∂w as a gradient, if this is one."""
        match node.above, node.below:
            case (
                s.Product(factors=(s.Name(text=r"\partial" | "d"), of), operators=("", "")),
                s.Product(factors=(s.Name(text=r"\partial" | "d"), by), operators=("", "")),
            ):
                if place is None and isinstance(by, s.Scripted):
                    place = by  # ∂C/∂w_t
                return self._gradient(of, place)
            case (
                s.Product(
                    factors=(s.Name(text=r"\partial" | "d"), of, s.Bracketed(body=body)),
                    operators=("", "", ""),
                ),
                s.Product(factors=(s.Name(text=r"\partial" | "d"), _), operators=("", "")),
            ) if place is None:
                return self._gradient(of, body)
        return None

    # --- sums ------------------------------------------------------------------------------

    def _summed(
        self, big: s.Big, factors: Sequence[s.Node], operators: Sequence[str], node: s.Node
    ) -> Term:
        match big:
            case s.Big(
                operator="sum",
                sub=s.Chain(sides=(s.Name(text=letter), s.Number(text=first)), relations=("=",)),
                sup=sup,
            ) if sup is not None and first.isdigit() and letter not in self.letters:
                last = step_of(sup, self.letters)
                if last is None or last.name != TIME.name:
                    raise Unclear("where the sum ends is not read", big)
                inner = replace(self, letters={**self.letters, letter: SUMMED})
                body = inner._product(factors, ("", *operators[1:]), node) if factors else ONE
                total = Total(int(first), last.offset, body)
                self.total.append(total)
                return Symbol(_total_name(total), TIME)
        raise Unclear("a sum that is not read", big)


def is_expectation(node: s.Node, after: s.Node | None) -> bool:
    """E[…] or E[…]²: the E of an expectation and what it is of."""
    if isinstance(after, s.Scripted) and isinstance(after.sup, s.Number) and after.sub is None:
        after = after.base if after.sup.text == "2" else None
    plain = isinstance(node, s.Scripted) and node.sup is None and not node.primes
    base = node.base if isinstance(node, s.Scripted) and plain else node
    if not isinstance(base, s.Name) or base.text != "E" or not isinstance(after, s.Bracketed):
        return False
    return after.open == "[" or bool({"mathbb", "mathbf", "operatorname"} & set(base.style))


def mean_key(name: s.Node, after: s.Node) -> str | None:
    """E[g^2] of E[g^2]_t."""
    match name, after:
        case (
            s.Name(text="E"),
            s.Scripted(base=s.Bracketed(open="[", body=body), sub=sub, primes=0),
        ) if sub is not None:
            return f"E[{s.spell(body)}]"
    return None


def _total_name(total: Total) -> str:
    return f"{TOTAL}{total.first} to {total.last} of {spell(total.body)}"


def _scripts(node: s.Scripted) -> list[tuple[s.Node, s.Node]]:
    """What may say the step, and what is left: x_t; β_1 of β_1^{(t)}; x of x^{(t)}."""
    found: list[tuple[s.Node, s.Node]] = []
    if node.sub is not None and node.sup is None:
        found.append((node.sub, node.base))
    if node.sup is not None:
        base = replace(node, sup=None, primes=0) if node.sub is not None else node.base
        found.append((node.sup, base))
    return found


def _exponents(
    node: s.Node, letters: Mapping[str, str]
) -> tuple[dict[str, Fraction] | None, Fraction]:
    """t - i + 1 as how often each step stands there, and a number."""
    match node:
        case s.Bracketed(body=body):
            return _exponents(body, letters)
        case s.Number(text=text):
            return {}, Fraction(text)
        case s.Name(text=text) if text in letters:
            return {letters[text]: Fraction(1)}, Fraction(0)
        case s.Product(factors=(s.Number(text=text), other), operators=("", _)):
            steps, offset = _exponents(other, letters)
            times = Fraction(text)
            if steps is not None:
                return {at: times * x for at, x in steps.items()}, times * offset
        case s.Additive(terms=terms, signs=signs):
            total: dict[str, Fraction] = {}
            whole = Fraction(0)
            for term, sign in zip(terms, signs, strict=True):
                steps, offset = _exponents(term, letters)
                if steps is None or sign not in "+-":
                    return None, whole
                by = 1 if sign == "+" else -1
                whole += by * offset
                for at, x in steps.items():
                    total[at] = total.get(at, Fraction(0)) + by * x
            return total, whole
    return None, Fraction(0)


def shift_to_now(equation: tuple[Symbol, Term]) -> tuple[Symbol, Term]:
    """x_{t+1} = … as a rule of x_t."""
    left, right = equation
    assert left.layer is not None
    to = {TIME.name: TIME.shift(-left.layer.offset)}
    shifted = at_layer(left, to)
    assert isinstance(shifted, Symbol)
    return shifted, at_layer(right, to)
