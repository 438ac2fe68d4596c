r"""Claims about expectations and variances, of what a page declares to be random.

A page says in words or by a sign how a quantity is distributed: Bernoulli(p), uniform, normal, with
a mean or a variance, symmetric; and by formulas what is made of it. Both sides become formulas of
the moments of these laws.

>>> from symnet.paper.formula.reader import read
>>> about = {"declared": {"r_j": "independent Bernoulli(p)", r"\tilde a_j": r"\frac{r_j}{p}a_j"}}
>>> for text in (r"\mathbb{E}[\tilde a_j] = a_j", r"\mathbb{E}[\tilde a_j] = p a_j"):
...     print(chances_page(about, read(text)).verdict().verdict)
proved
refuted
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symnet.calculus.moments import (
    MINUS,
    RELU,
    Law,
    Numeric,
    Points,
    at,
    bernoulli,
    expectation,
    gaussian,
    law_of_sum,
    mean_at_points,
    some,
    uniform,
    variance,
)
from symnet.calculus.recurrences import vanishes
from symnet.calculus.runs import differ
from symnet.calculus.total import GiveUpError
from symnet.errors import SymnetError
from symnet.paper.claims.verdicts import PROVED, REFUTED, UNKNOWN, Counterexample, Verdict
from symnet.paper.context.declarations import is_prose
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.misfits import Unclear
from symnet.term import (
    ONE,
    Apply,
    Number,
    ScalarFunction,
    Symbol,
    Term,
    add,
    children,
    map_children,
    mul,
    power,
    walk,
)

MEANS, SPREADS = {"E"}, {"Var", "V", "var"}
SEEDS = (1, 2, 3, 4)
COPIES = "sum of "  # begins the name of a sum of so many copies
MOST_COPIES = 9
MEAN, SPREAD = "expectation of", "variance of"


@dataclass(frozen=True)
class Chances:
    """A claim about expectations, the laws of what is random, and what is made of it."""

    claims: tuple[tuple[s.Node, s.Node], ...]
    laws: Mapping[str, Law]
    made: Mapping[str, s.Node]  # what a quantity is, by a formula
    unread: frozenset[str]  # quantities of which something is said that was not read
    independent: bool = False  # whether the page says so

    def verdict(self) -> Verdict:
        """What is said of it."""
        for left, right in self.claims:
            span = (left.start, right.end)
            try:
                one, other = self._term(left), self._term(right)
                found = self._judged(one, other)
            except SymnetError as error:
                return Verdict(UNKNOWN, str(error), None, span)
            if found.verdict != PROVED:
                return replace(found, span=span)
        return Verdict(PROVED, "it holds for all laws of this kind")

    # --- reading ---------------------------------------------------------------------------

    def _term(self, node: s.Node, depth: int = 0) -> Term:
        """A side, in which E and Var stand for what they are of."""
        if depth > 20:
            raise GiveUpError("what is declared turns in a circle")
        match node:
            case s.Number(text=text):
                return Number(Fraction(text))
            case s.Name() | s.Scripted() if (key := spelled(node)) in self.made:
                return self._term(self.made[key], depth + 1)
            case s.Scripted(sup=s.Number(text=text), primes=0) as whole:
                base = replace(whole, sup=None) if whole.sub is not None else whole.base
                return power(self._term(base, depth), Fraction(text))
            case s.Name() | s.Scripted(sup=None, primes=0):
                key = spelled(node)
                if key in self.unread:
                    raise Unclear(f"what is said of {key} was not read", node)
                return Symbol(key)
            case s.Bracketed(open="(" | "[" | r"\{", body=body):
                return self._term(body, depth)
            case s.Additive(terms=terms, signs=signs) if set(signs) <= {"+", "-"}:
                parts = [self._term(x, depth) for x in terms]
                return add(
                    *(x if g == "+" else mul(MINUS, x) for x, g in zip(parts, signs, strict=True))
                )
            case s.Fraction(above=above, below=below):
                return mul(self._term(above, depth), power(self._term(below, depth), -1))
            case s.Root(body=body, degree=None):
                return power(self._term(body, depth), Fraction(1, 2))
            case s.Product(factors=factors, operators=operators):
                return self._product(factors, operators, depth)
        raise Unclear("this is not read in a claim about expectations", node)

    def _product(self, factors: Sequence[s.Node], operators: Sequence[str], depth: int) -> Term:
        found: list[Term] = []
        at = 0
        while at < len(factors):
            factor, operator = factors[at], operators[at]
            after = factors[at + 1] if at + 1 < len(factors) else None
            taken = 1
            if after is not None and is_operator(factor):
                value, taken = self._applied(factor, after, depth), 2
            elif _is_maximum(factor) and isinstance(after, s.Bracketed):
                value, taken = self._maximum(after, depth), 2
            elif isinstance(factor, s.Big) and not at:
                return self._copies(factor, factors[1:], operators[1:], depth)
            elif isinstance(factor, s.Big | s.Text):
                raise Unclear("this is not read in a claim about expectations", factor)
            elif self._is_function(factor, after, operators[at + 1 : at + 2]):
                raise Unclear("this function is not read in a claim about expectations", factor)
            elif operator in ("", r"\cdot", r"\times", "*", r"\odot", "/"):
                value = self._term(factor, depth)
            else:
                raise Unclear("a product that is not read", factor)
            found.append(power(value, -1) if operator == "/" else value)
            at += taken
        return mul(*found)

    def _is_function(self, node: s.Node, after: s.Node | None, operator: Sequence[str]) -> bool:
        """Whether a name is that of a function: f(x), tanh x; p(1 - p) is a product."""
        base = node.base if isinstance(node, s.Scripted) else node
        if not isinstance(base, s.Name) or after is None or spelled(node) in self.made:
            return False
        if base.text.isalpha() and base.text.isascii() and len(base.text) > 1:
            return True
        argument = after.base if isinstance(after, s.Scripted) else after
        return (
            tuple(operator) == ("",)
            and isinstance(argument, s.Bracketed)
            and argument.open == "("
            and (
                base.text in FUNCTIONS
                or (isinstance(node, s.Name) and not isinstance(argument.body, s.Additive))
            )
        )

    def _applied(self, operator: s.Node, after: s.Node, depth: int) -> Term:
        """E[x²], E[x]², Var(x)."""
        times = 1
        if isinstance(after, s.Scripted) and isinstance(after.sup, s.Number):
            times, after = int(after.sup.text), after.base
        if not isinstance(after, s.Bracketed):
            raise Unclear("of what this is is not read", after)
        inside = self._term(after.body, depth)
        if any(isinstance(x, Symbol) and x.name.startswith((MEAN, SPREAD)) for x in walk(inside)):
            raise Unclear("an expectation in another", after)
        names = {x.name for x in walk(inside) if isinstance(x, Symbol)}
        chance = names & self.laws.keys()
        if not chance:
            raise Unclear("whether this is random is not said", after)
        if chance != names and not all(self.laws[name].is_mask for name in chance):
            raise Unclear("whether all of this is random is not said", after)
        return power(Apply(ScalarFunction(is_operator(operator), None), inside), times)

    def _copies(
        self, big: s.Big, factors: Sequence[s.Node], operators: Sequence[str], depth: int
    ) -> Term:
        """Σ_{i=1}^n w_i x_i: n independent copies of one term, added up."""
        match big:
            case s.Big(
                operator="sum",
                sub=s.Chain(sides=(s.Name(text=letter), s.Number(text="1")), relations=("=",)),
                sup=s.Name() | s.Scripted() as sup,
            ) if self.independent and factors:
                body = self._product(factors, ("", *operators[1:]), depth)
                names = {x.name for x in walk(body) if isinstance(x, Symbol)}
                if all(name in self.laws and name.endswith(f"_{{{letter}}}") for name in names):
                    return Apply(ScalarFunction(COPIES + spelled(sup), None), body)
        raise Unclear("a sum that is not read in a claim about expectations", big)

    def _maximum(self, after: s.Bracketed, depth: int) -> Term:
        """max(0, x)."""
        items = after.body.items if isinstance(after.body, s.Listed) else ()
        zero = [x for x in items if isinstance(x, s.Number) and x.text == "0"]
        other = [x for x in items if x not in zero]
        if len(items) != 2 or len(zero) != 1:
            raise Unclear("a maximum that is not read", after)
        return Apply(RELU, self._term(other[0], depth))

    # --- judging ---------------------------------------------------------------------------

    def _judged(self, left: Term, right: Term) -> Verdict:
        met = self._example(left, right)
        if met is not None:
            return Verdict(REFUTED, "it fails for one law of this kind", "other",
                           counterexample=met)  # fmt: skip
        difference = add(self._worked_out(left), mul(MINUS, self._worked_out(right)))
        why = vanishes(difference)
        if why:
            return Verdict(UNKNOWN, f"no counterexample was found, and no proof: {why}")
        return Verdict(PROVED, "")

    def _worked_out(self, term: Term) -> Term:
        """E and Var by the moments of the laws."""
        match term:
            case Apply(function, Apply(copies, inside)) if copies.name.startswith(COPIES):
                of = expectation if function.name == MEAN else variance
                count = Symbol(copies.name.removeprefix(COPIES))
                return mul(count, of(inside, self.laws, self.independent))
            case Apply(function, inside) if function.name in (MEAN, SPREAD):
                of = expectation if function.name == MEAN else variance
                return of(inside, self.laws, self.independent)
        if isinstance(term, Symbol) and term.name in self.laws:
            raise GiveUpError(f"{term.name} is random")
        return map_children(term, self._worked_out)

    def _example(self, left: Term, right: Term) -> Counterexample | None:
        """Both sides with laws of a few points, or by moments where a law has more."""
        for seed in SEEDS:
            value = _Numbers(seed)
            points: dict[str, Points] = {}
            try:
                for name, law in self.laws.items():
                    if law.points is not None:
                        points[name] = law.points(value, seed)
                one, other = (self._at(x, points, value) for x in (left, right))
            except (SymnetError, ArithmeticError):
                continue
            if differ(one, other):
                drawn = {key: str(number) for key, number in value.drawn.items()}
                return Counterexample((), drawn, str(one), str(other))
        return None

    def _at(self, term: Term, points: Mapping[str, Points], value: "_Numbers") -> Numeric:
        match term:
            case Apply(function, Apply(copies, inside)) if copies.name.startswith(COPIES):
                count = value(Symbol(copies.name.removeprefix(COPIES)))
                if count.denominator != 1 or count > MOST_COPIES:
                    raise GiveUpError("a number of copies that is not tried")
                law = law_of_sum(inside, points, value, int(count))
                mean = sum(x * weight for x, weight in law.items())
                if function.name == MEAN:
                    return mean
                return sum(x * x * weight for x, weight in law.items()) - mean * mean
            case Apply(function, inside) if function.name in (MEAN, SPREAD):
                named = {x.name for x in walk(inside) if isinstance(x, Symbol)} & self.laws.keys()
                if not named <= points.keys():
                    # A law with more than a few points: its moments, as numbers.
                    return mean_at_points(self._worked_out(term), {}, value)
                mean = mean_at_points(inside, points, value)
                if function.name == MEAN:
                    return mean
                return mean_at_points(mul(inside, inside), points, value) - mean * mean
            case Symbol(name) if name in self.laws:
                raise GiveUpError(f"{name} is random")
        if not children(term):
            return mean_at_points(term, {}, value)
        return self._of_parts(term, points, value)

    def _of_parts(self, term: Term, points: Mapping[str, Points], value: "_Numbers") -> Numeric:
        known: dict[str, Numeric] = {}

        def put(part: Term) -> Term:
            if isinstance(part, Apply) and part.function.name in (MEAN, SPREAD):
                name = f"value {len(known)}"
                known[name] = self._at(part, points, value)
                return Symbol(name)
            if isinstance(part, Symbol) and part.name in self.laws:
                raise GiveUpError(f"{part.name} is random")
            return map_children(part, put)

        return at(put(term), known, value)


class _Numbers:
    """The number of each symbol: a square between 0 and 1; a whole one for numbers of units."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.drawn: dict[str, Fraction] = {}

    def __call__(self, term: Term) -> Fraction:
        assert isinstance(term, Symbol)
        if term.name not in self.drawn:
            chance = random.Random(f"{self.seed} {term.name}")
            if re.match(r"[nmNd]|fan", term.name):  # a number of units
                self.drawn[term.name] = Fraction(chance.randrange(2, 9))
                return self.drawn[term.name]
            self.drawn[term.name] = Fraction(chance.randrange(1, 9), chance.randrange(9, 13)) ** 2
        return self.drawn[term.name]


# --- what a page says ----------------------------------------------------------------------


def spelled(node: s.Node) -> str:
    """A quantity by how it is printed, bold or not."""
    return re.sub(r"(mathbf|boldsymbol|bm|mathrm):", "", s.spell(node))


FUNCTIONS = frozenset({"f", "g", "h", "F", "G", r"\sigma", r"\phi", r"\varphi", r"\psi"})


def is_operator(node: s.Node) -> str:
    """Which of E and Var a sign is, or nothing."""
    base = node
    if isinstance(node, s.Scripted) and node.sup is None and not node.primes:
        base = node.base
    if not isinstance(base, s.Name):
        return ""
    if base.text in MEANS:
        return MEAN
    return SPREAD if base.text in SPREADS else ""


def _is_maximum(node: s.Node) -> bool:
    big = isinstance(node, s.Big) and node.operator == "max" and node.sub is None
    return big or (isinstance(node, s.Name) and node.text in ("max", "relu", "ReLU"))


def _mentions_chance(display: s.Display) -> bool:
    for node in s.walk(display):
        if isinstance(node, s.Product):
            for one, other in zip(node.factors, node.factors[1:], strict=False):
                base = other.base if isinstance(other, s.Scripted) else other
                if not is_operator(one) or not isinstance(base, s.Bracketed):
                    continue
                if isinstance(other, s.Scripted) and other.sub is not None:
                    continue
                name = one.base if isinstance(one, s.Scripted) else one
                styled = isinstance(name, s.Name) and (name.style or len(name.text) > 1)
                if styled or base.open == "[":
                    return True
    return False


def chances_page(context: Mapping[str, object], display: s.Display) -> Chances | None:
    """A claim about expectations and what its page says; None if it is none."""
    if not _mentions_chance(display):
        return None
    laws: dict[str, Law] = {}
    made: dict[str, s.Node] = {}
    unread: set[str] = set()
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if isinstance(entries, Mapping):
            for key, said in entries.items():
                _declared(str(key), str(said), laws, made, unread)
    claims: list[tuple[s.Node, s.Node]] = []
    for statement in display.statements:
        match statement:
            case s.Chain(sides=(left, right), relations=(r"\sim",)):
                law = law_of_sign(right)
                if law is None:
                    unread.add(spelled(left))
                else:
                    laws[spelled(left)] = law
            case s.Chain(sides=sides, relations=relations) if set(relations) == {"="}:
                claims += [(sides[0], side) for side in sides[1:]]
            case s.Text(words=words) if re.fullmatch(r"\W*(where|and|with|then|so)?\W*", words):
                continue
            case s.Empty():
                continue
            case _:
                return None
    said = " ".join(map(str, _all_said(context)))
    independent = re.search(r"independent|i\.?i\.?d", said, re.IGNORECASE)
    if re.search(r"\bnot (\w+ )?independent|\bdependent|\bnot i\.?i\.?d", said, re.IGNORECASE):
        independent = None
    if not claims:
        return None
    return Chances(tuple(claims), laws, made, frozenset(unread), independent is not None)


def _all_said(context: Mapping[str, object]) -> Iterator[object]:
    for table in ("definitions", "declared"):
        entries = context.get(table) or {}
        if isinstance(entries, Mapping):
            yield from entries.values()


def _declared(
    key: str, said: str, laws: dict[str, Law], made: dict[str, s.Node], unread: set[str]
) -> None:
    try:
        names = [
            spelled(x)
            for statement in read(key).statements
            for x in (statement.items if isinstance(statement, s.Listed) else (statement,))
        ]
    except SymnetError:
        return
    law = law_in_words(said)
    if law is not None:
        laws.update({name: law(name) for name in names})
        return
    if is_prose(said):
        if re.search(r"random|distribut|depend|correlat|variance|mean|drawn|sampled", said, re.I):
            unread.update(names)
        return
    try:
        (statement,) = read(said).statements
    except (SymnetError, ValueError):
        return
    made.update(dict.fromkeys(names, statement))


def law_of_sign(node: s.Node) -> Law | None:
    r"""U[-b, b], \mathcal{N}(0, s^2), Bernoulli(p), as a sign of a law."""
    match node:
        case s.Product(factors=(s.Name() as name, s.Bracketed(body=body)), operators=("", _)):
            items = body.items if isinstance(body, s.Listed) else (body,)
            try:
                terms = [Chances((), {}, {}, frozenset())._term(x) for x in items]
            except (SymnetError, AttributeError):
                return None
            kind = name.text.lower()
            if kind in ("u", "unif", "uniform") and len(terms) == 2:
                return uniform(*terms)
            if kind in ("n", "normal") and len(terms) == 2:
                return gaussian(*terms)
            if kind in ("bernoulli", "ber", "bern") and len(terms) == 1:
                return bernoulli(terms[0])
    return None


def law_in_words(said: str) -> Callable[[str], Law] | None:
    """The law that words name, as a function of the quantity's name; None if they do not."""
    plain = said.replace("$", "")
    if re.search(r"correlat|depends|dependent on", plain, re.IGNORECASE):
        return None
    sign = re.search(
        r"(Bernoulli|Unif(?:orm)?|U|\\mathcal\{?\s*[UN]\}?|N)\s*(\(|\[).*?(\)|\])", plain
    )
    if sign is not None:
        named = re.sub(r"^(Bernoulli|Unif(orm)?)", r"\\operatorname{\1}", sign[0])
        try:
            (statement,) = read(named).statements
        except (SymnetError, ValueError):
            return None
        law = law_of_sign(statement)
        return None if law is None else lambda name: law
    symmetric = re.search(r"symmetric", plain, re.I) is not None
    centred = re.search(r"zero[- ]mean|mean (is )?(zero|0)\b(?!\.\d)|centred|centered", plain, re.I)
    named_mean = _moment("mean", plain) if not centred else None
    spread = _spread(plain)
    if not (symmetric or centred or named_mean or spread is not None):
        return None
    if re.search(r"deviation|\bstd\b", plain, re.IGNORECASE):
        return None
    if re.search(r"(?<!finite )(?<!some )(?<!bounded )variance", plain, re.I) and spread is None:
        return None  # a variance that was not read is not just any
    if re.search(r"\b(mean|expectation|expected)\b", plain, re.I) and not (centred or named_mean):
        return None
    around = re.search(r"(around|about) (zero|0|the origin)", plain, re.IGNORECASE)
    if symmetric and not around and not centred:
        return None
    mean: Term | None = Number(Fraction(0)) if centred or symmetric else named_mean
    return lambda name: some(name, symmetric, mean, spread)


def _spread(said: str) -> Term | None:
    if re.search(r"unit variance|variance (is )?(one|1)\b(?![./])", said, re.I):
        return ONE
    return _moment("variance", said)


def _moment(name: str, said: str) -> Term | None:
    """The mean or the variance that words give as a formula, up to a comma or a word."""
    found = re.search(rf"\b{name} (?:is )?((?:\\(?!text)|[A-Za-z](?![a-z])|\d).*)$", said)
    if found is None:
        return None
    formula = re.split(r",|;|\s+(?=[a-z]{2,}\b)|\.\s*$|\.\s", found[1])[0]
    try:
        (statement,) = read(formula).statements
        return Chances((), {}, {}, frozenset())._term(statement)
    except (SymnetError, ValueError):
        return None
