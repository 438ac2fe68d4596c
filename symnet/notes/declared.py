r"""What a document declares: forward equations, costs, activations, errors, widths.

A definition is recorded and not judged. Where something is defined twice the first holds; the
second is a claim.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.statements import statements
>>> text = r"z^l = W^l a^{l-1} + b^l, \quad a^l = \sigma(z^l), \quad C = \frac12 \|a^L - y\|^2"
>>> found = declared(statements(Formula(Source("", text, text), 0, len(text))), "by tanh units")
>>> list(found.forward), found.costs, found.activations
(['z^l', 'a^l'], ('C = \\frac12 \\|a^L - y\\|^2',), ('tanh',))
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from symnet.errors import SymnetError
from symnet.notes.numbering import first_layer, of_layers
from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.books import context_words, inferred
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import spelled_out

COSTS = frozenset({
    "C", "J", "E", "L", "mathcal:L", "mathcal:C", "mathcal:E", "mathcal:J", r"\ell", "hat:C",
    "bar:C",
})  # fmt: skip
FUNCTIONS = frozenset({
    r"\sigma", "f", "g", "h", r"\varphi", r"\phi", r"\psi", "s", "sigmoid", "tanh", "relu", "ReLU",
    "softplus", "S",
})  # fmt: skip
SAMPLES = frozenset({"i", "k", "m", "n", "p", "q", "r", "t", "x", r"\mu"})  # as in C^x, L^{(i)}
WEIGHTS = frozenset({"w", "W", r"\omega", r"\theta", r"\Theta", r"\Omega"})
QUANTITIES = WEIGHTS | {
    "b", "z", "a", r"\delta", "A", "Z", r"\Delta", "h", "H", "o", "net", "y", "x", "u", "s", "v",
    "dW", "db", "dZ", "dA", "dw", "dz", "da", "B", "hat:y", "X", "Y", r"\beta",
}  # fmt: skip

# Functions by the names under which forward equations print them.
NAMES = {
    "tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu", "ReLU": "relu", "softplus": "softplus",
    "softmax": "softmax", "Softmax": "softmax", "sigm": "sigmoid", "logistic": "sigmoid",
}  # fmt: skip

# Words that name an activation or a cost, and how a context says it. What is only mentioned is not
# taken for declared: a claim may hold under it, and none is refuted by it.
NAMED_ACTIVATIONS: tuple[tuple[str, str], ...] = (
    (r"sigmoid|logistic", "sigmoid"),
    (r"tanh|hyperbolic tangent", "tanh"),
    (r"\brelu\b|rectified linear", "relu"),
    (r"softplus", "softplus"),
    (r"leaky", "leaky_relu"),
    (r"\belu\b", "elu"),
)
NAMED_OUTPUTS: tuple[tuple[str, str], ...] = (
    (r"softmax", "softmax"),
    (r"linear output|(output|last) (layer|unit|neuron)s?[^.;]{0,30}(linear|identity)", "identity"),
    (r"sigmoid|logistic|binary", "sigmoid"),
)
NAMED_COSTS: tuple[tuple[str, str], ...] = (
    (
        r"binary cross.?entropy|log.?loss|logistic loss|cross.?entropy|log.?likelihood",
        "cross_entropy",
    ),
    (r"softmax|log.?likelihood|categorical|multi.?class|cross.?entropy", "log_likelihood"),
    (r"quadratic|squared|mean.square|\bmse\b|least squares|euclidean|sum of squares", "quadratic"),
    (r"squared|mean.square|\bmse\b|least squares", "squared_error"),
)


PENALISED = re.compile(
    r"(cost|loss|objective|error)[^.]{0,60}(penalt|weight decay|regulari[sz])"
    r"|(add|with|include)[^.]{0,30}(weight decay|penalt|regulari[sz])", re.IGNORECASE,
)  # fmt: skip
AVERAGED = re.compile(
    r"(averag|mean)\w*[^.]{0,40}(over|of|across)[^.]{0,30}(example|sample|batch|data|observation)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a document declares, each by the LaTeX of its left side, and which statements do so."""

    forward: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)  # δ as a derivative
    functions: Mapping[str, str] = field(default_factory=dict)  # \sigma(z): its formula
    costs: tuple[str, ...] = ()  # C = …
    cost_letter: str = ""  # what is derived most often
    widths: tuple[int, ...] = ()
    first: int | None = None  # the number of the layer of inputs, where it is said
    last: int = 0  # the highest number of a layer, where layers have numbers and no letter
    letters: tuple[str, ...] = ()  # of the activation, in the forward equations: f, \\sigma
    hidden: str = ""  # the activation that the forward equations name: tanh
    output: str = ""  # the same of the last layer, if it has another
    activations: tuple[str, ...] = ()  # that are mentioned
    cost_names: tuple[str, ...] = ()
    penalised: bool = False  # whether words say that the cost has a penalty
    averaged: bool = False  # whether words say that the cost is a mean over examples
    outputs: tuple[str, ...] = ()  # activations that are mentioned of the last layer
    anchors: tuple[Statement, ...] = ()  # the statements that are forward equations
    defining: frozenset[tuple[str, int]] = frozenset()  # (file, start) of all that define
    slopes: tuple[Statement, ...] = ()  # the statements that say what δ is
    formulas: tuple[tuple[str, str, str], ...] = ()  # of activations: letter, argument, formula
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what these are called
    aliases: Mapping[str, str] = field(default_factory=dict)  # other letters for a^L and y
    signed: bool = False  # whether gradients are said to be products of δ: then δ is no -∂C/∂z
    # What is declared otherwise than it can be judged here: "δ", "network", "penalty".
    odd: frozenset[str] = frozenset()
    cost_places: tuple[tuple[str, tuple[str, int]], ...] = ()  # costs, and where each is declared
    above: int = 0  # how many of the costs, which are the first, are above what is judged

    def near(self, place: tuple[str, int]) -> "Declared":
        """What is declared, for a claim at this place: the cost last above it is the first."""
        path, at = place
        above = [cost for cost, (file, start) in self.cost_places if file == path and start < at]
        costs = dict.fromkeys((*reversed(above), *self.costs))
        return replace(self, costs=tuple(costs), above=len(set(above)))

    @property
    def cost_is_read(self) -> bool:
        """Whether the cost that stands last above a claim is understood, if there is one."""
        above = [x for x in self.costs[: self.above] if _is_of_targets(x)]
        return not above or cost_name(above[0]) != ""

    @property
    def anchored(self) -> frozenset[tuple[str, int]]:
        """The places of the forward equations."""
        return frozenset(each.place for each in self.anchors)

    @property
    def bases(self) -> frozenset[str]:
        """The letters that stand on the left of a definition."""
        return frozenset(re.match(r"\\?[A-Za-z]*", key)[0] for key in (*self.forward, *self.errors))  # type: ignore[index]

    @property
    def kinds(self) -> frozenset[str]:
        """Whether it is known what σ is, what that of the last layer, and what C is.

        An activation of which nothing is said at all is any.
        """
        named = self.functions or self.hidden or self.output
        # Of several costs one that is not understood may be meant anywhere below it.
        of_targets = [x for x in self.costs[: self.above] if _is_of_targets(x)]
        of_targets = of_targets or [x for x in self.costs if _is_of_targets(x)]
        costs = [bool(cost_name(x)) for x in of_targets]
        found = {"cost"} if costs and all(costs) else set()
        if named or not self.activations:
            found.add("activation")
        if self.output or not (named or self.activations or self.outputs):
            found.add("output")
        return frozenset(found)


def declared(statements: Iterable[Statement], prose: str) -> Declared:
    """What the statements of a document and its words declare."""
    statements = tuple(statements)
    forward: dict[str, str] = {}
    errors: dict[str, str] = {}
    functions: dict[str, str] = {}
    costs: list[str] = []
    cost_places: list[tuple[str, tuple[str, int]]] = []
    anchors: list[tuple[str, Statement]] = []
    defining: set[tuple[str, int]] = set()
    used: list[str] = []
    same: list[tuple[inferred.Seen, inferred.Seen]] = []
    slopes: list[Statement] = []
    derived = _derived(statements)
    differences = _differences(statements)
    for statement in statements:
        if statement.node is not None and _is_bare_cost(statement.node):
            said = plainly(statement.said(statement.node))
            costs.append(f"{cost_letter(statements) or 'C'} = {said}")
            cost_places.append((costs[-1], statement.place))
        for left, right in _pairs(statement):
            key, said = plainly(statement.said(left)), plainly(statement.said(right))
            place = statement.place
            if len(said) > LONGEST or len(key) > LONGEST:
                continue
            slope = slope_of(right)
            if slope is not None and _is_error_symbol(left):
                sign, above, below = (
                    x if isinstance(x, str) else plainly(statement.said(x)) for x in slope
                )
                if len(getattr(statement.node, "sides", ())) == 2:
                    slopes.append(statement)
                if key not in errors:
                    errors[key] = rf"{sign}\frac{{\partial {above}}}{{\partial {below}}}"
                    defining.add(place)
            elif (
                _is_cost(left, derived)
                and not _is_derivative(right)
                and not _is_cost(right, derived)
                and not isinstance(right, s.Number)  # L = 3 is a number of layers
            ):
                costs.append(f"{_of_all(key)} = {_squares_put_in(said, differences)}")
                cost_places.append((costs[-1], place))
                defining.add(place)
            elif _is_function_of_letter(left) and _is_function_of(right, left):
                functions.setdefault(key, said)
                defining.add(place)
            elif _is_forward(left, right, key, said):
                said = _summed(key, said)
                anchors.append((key, statement))
                used.append(_function(key, said))
                if forward.setdefault(key, said) == said:
                    defining.add(place)
            else:
                one, other = inferred.seen(left), inferred.seen(right)
                if one is not None and other is not None:
                    same.append((_plain(one), _plain(other)))
    odd = _odd(statements, forward, errors, costs)
    cyclic = _cyclic(forward)
    forward = {k: v for k, v in forward.items() if k not in cyclic}
    whole, layers = forward, of_layers(forward)
    defining |= {x.place for key, x in anchors if key in forward and key not in layers}
    anchors = [(key, x) for key, x in anchors if key in layers or key not in forward]
    forward = layers
    used = list(dict.fromkeys(name for name in used if name))
    if any(map(_is_softmax, statements)):
        used.append("softmax")
    named = [NAMES[name] for name in used if name in NAMES]
    letters = tuple(name for name in used if name not in NAMES)
    return Declared(
        forward=forward,
        errors=errors,
        functions=functions,
        costs=tuple(dict.fromkeys(costs)),
        cost_places=tuple(cost_places),
        cost_letter=cost_letter(statements),
        widths=widths(statements),
        first=first_layer(whole, same),
        last=last_layer(statements),
        letters=letters,
        hidden=next((x for x in named if x != "softmax"), ""),
        output="softmax" if "softmax" in named else named[1] if len(named) == 2 else "",
        activations=_mentioned(prose, NAMED_ACTIVATIONS),
        cost_names=_mentioned(prose, NAMED_COSTS),
        penalised=PENALISED.search(prose) is not None,
        averaged=AVERAGED.search(prose) is not None,
        outputs=_mentioned(prose, NAMED_OUTPUTS),
        anchors=tuple(dict.fromkeys(x for _, x in anchors)),
        defining=frozenset(defining),
        slopes=tuple(slopes),
        formulas=tuple(_formulas(statements)),
        aliases=_aliases(statements),
        signed=any(map(_is_gradient, statements)),
        odd=odd,
    )


_STYLED = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathit|mathsf|pmb|vec|underline)\s*(?:\{\s*(\\?[A-Za-z]+)\s*\}"
    r"|(\\[A-Za-z]+|[A-Za-z])(?![A-Za-z]))"
)
_SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|nolimits|,|;|!|:|quad|qquad)(?![A-Za-z])"
)


_SIGNS = {"∑_": r"\sum_", "∑": r"\sum ", "−": "-", "∂": r"\partial "}


def plainly(latex: str) -> str:
    r"""What is declared without styles and sizes, which say nothing: \mathbf{z} is z.

    >>> plainly(r"\mathbf{a}^{(l)} = \sigma\bigl(\mathbf z^{(l)}\bigr)")
    'a^{(l)} = \\sigma(z^{(l)})'
    """
    for sign, said in _SIGNS.items():
        latex = latex.replace(sign, said)
    text = _STYLED.sub(lambda found: found[1] or found[2], latex)
    text = _SIZES.sub("", text).replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac")
    text = re.sub(r"\\[lr]?Vert(?![A-Za-z])", r"\\|", text)
    return text.replace("&", " ").strip(" .,;~\n")


def _mentioned(prose: str, names: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(name for pattern, name in names if re.search(pattern, prose, re.IGNORECASE))


def _pairs(statement: Statement) -> Iterator[tuple[s.Node, s.Node]]:
    """What is said to be equal: the first side of a chain and each other.

    a = f(z) = f(W x + b) says that z = W x + b as well.
    """
    chain = statement.node
    if not isinstance(chain, s.Chain):
        return
    sides, relations = chain.sides, chain.relations
    if relations[-1] == r"\in":  # and of what shape both are
        sides, relations = sides[:-1], relations[:-1]
    if not set(relations) <= EQUALITIES:
        return
    for side in sides[1:]:
        yield sides[0], side
    for one, other in pairwise(sides[1:]):
        match one, other:
            case (
                s.Product(factors=(first, s.Bracketed(body=inside)), operators=("", "")),
                s.Product(factors=(second, s.Bracketed(body=said)), operators=("", "")),
            ) if base_of(first) == base_of(second) and base_of(inside):
                yield inside, said


def _plain(symbol: inferred.Seen) -> inferred.Seen:
    """A symbol without its style."""
    return replace(symbol, base=symbol.base.rpartition(":")[2])


def base_of(node: s.Node) -> str:
    """The letter of a symbol, its scripts and brackets left out; empty if it is no symbol."""
    match node:
        case s.Name():
            return spelled_out(node)
        case s.Scripted(base=base):
            return base_of(base)
        case s.Bracketed(body=body) | s.Annotated(body=body):
            return base_of(body)
        case s.Product(factors=(first, s.Bracketed()), operators=("", "")):
            return base_of(first)
    return ""


def _is_error_symbol(node: s.Node) -> bool:
    r"""δ^l, e_l, D_2: a symbol that may be defined as a slope of the cost."""
    base = base_of(node)
    if not isinstance(node, s.Name | s.Scripted) or base in COSTS | {r"\partial", r"\nabla", "d"}:
        return False
    return base == r"\delta" or (len(base) == 1 and base not in QUANTITIES - {"D"})


def is_partial(node: s.Node) -> bool:
    """Whether a node is ∂C/∂z, dE/dw or ∇_z C."""
    match node:
        case s.Fraction(above=above, below=below):
            return all(_begins_with_d(part) for part in (above, below))
        case s.Product(factors=(s.Scripted(base=s.Name(text=r"\nabla")), _), operators=("", "")):
            return True
        case s.Product(factors=factors, operators=operators) if "/" in operators:
            at = operators.index("/")
            return len(factors) > at and all(map(_begins_with_d, (factors[0], factors[at])))
    return False


def slope_of(node: s.Node) -> tuple[str, s.Node, s.Node] | None:
    """The sign, what is derived and by what, of a side that is such a derivative and no more."""
    sign = ""
    if isinstance(node, s.Additive) and len(node.terms) == 1:
        sign, node = ("-" if node.signs[0] == "-" else ""), node.terms[0]
    match node:
        case s.Fraction(
            above=s.Product(factors=(first, above), operators=("", "")),
            below=s.Product(factors=(second, below), operators=("", "")),
        ) if _begins_with_d(first) and _begins_with_d(second):
            return sign, above, below
        case s.Product(factors=(first, above, second, below), operators=("", "", "/", "")) if (
            _begins_with_d(first) and _begins_with_d(second)
        ):
            return sign, above, below
        case s.Product(
            factors=(s.Scripted(base=s.Name(text=r"\nabla"), sub=below), above),
            operators=("", ""),
        ) if below is not None:
            return sign, above, below
    return None


def _begins_with_d(node: s.Node) -> bool:
    match node:
        case s.Product(factors=(first, *_)):
            return _begins_with_d(first)
        case s.Name(text=text) | s.Scripted(base=s.Name(text=text)):
            return text in (r"\partial", "d")
    return False


def _is_derivative(node: s.Node) -> bool:
    """Whether a side is a derivative of the cost and nothing more, with its sign."""
    match node:
        case s.Additive(terms=(term,)):
            return is_partial(term)
    return is_partial(node)


def _is_cost(node: s.Node, derived: frozenset[str]) -> bool:
    return base_of(node) in derived and not _has_layer(node)


def _derived(statements: Iterable[Statement]) -> frozenset[str]:
    """The letters of costs: the usual ones, and what is derived by weights and weighted inputs."""
    found = set(COSTS)
    for statement in statements:
        for node in s.walk(statement.node) if statement.node is not None else ():
            slope = slope_of(node)
            if slope is not None and base_of(slope[2]) in WEIGHTS | {"b", "z"}:
                found.add(base_of(slope[1]))
    return frozenset(found - QUANTITIES - {""})


def _has_layer(node: s.Node) -> bool:
    """Whether a symbol is one of a layer; E^q and L^{(i)} are costs of a sample."""
    if not isinstance(node, s.Scripted) or node.sup is None:
        return False
    sample = node.sup.body if isinstance(node.sup, s.Bracketed) else node.sup
    return not isinstance(sample, s.Name) or sample.text not in SAMPLES


def _is_function_of_letter(node: s.Node) -> bool:
    r"""σ(z), f(x): a function of a letter without scripts."""
    match node:
        case s.Product(factors=(s.Name() as name, s.Bracketed(body=s.Name())), operators=("", "")):
            return name.text in FUNCTIONS
    return False


def _is_function_of(node: s.Node, left: s.Node) -> bool:
    """Whether a side is a formula of the letter and of no other."""
    assert isinstance(left, s.Product)
    argument = left.factors[1]
    assert isinstance(argument, s.Bracketed)
    letters = {x.text for x in s.walk(node) if isinstance(x, s.Name)}
    own = {x.text for x in s.walk(argument) if isinstance(x, s.Name)}
    known = {"exp", "e", "tanh", "max", "log", "ln", "sinh", "cosh", r"\pi", "erf"}
    return bool(letters & own) and letters <= own | known


# What goes backward or is no output of a layer.
NOT_FORWARD = WEIGHTS | {r"\delta", r"\Delta", "dW", "db", "dZ", "dA", "dw", "dz", "da", "b", "B"}


def _is_forward(left: s.Node, right: s.Node, key: str, said: str) -> bool:
    found = inferred.forward(key, said)
    if found is None:
        return False
    if found.given.base == "b" and found.function:
        return found.weight is not None  # b_i = f(Σ_j w_{ij} a_j) is no bias
    if found.given.base not in QUANTITIES - NOT_FORWARD:
        return False
    return found.weight is not None or _is_activation(found)


def _summed(key: str, said: str) -> str:
    r"""A forward equation with its sum, where Einstein's convention leaves it out: w_{jk} a_k."""
    found = inferred.forward(key, said)
    if found is None or found.weight is None or found.before is None or _SUMS.search(said):
        return said
    ours = set(found.weight.letters) & set(found.before.letters) - set(found.given.letters)
    unsummed = len(found.weight.letters) == 2 and len(ours) == 1 and not found.function
    return rf"\sum_{{{ours.pop()}}} {said}" if unsummed else said


_SUMS = re.compile(r"\\sum|\\Sigma|∑|Σ")


_SAMPLE = re.compile(r"\^(?:\{[^{}]*\}|\w)$")


def _of_all(key: str) -> str:
    """The cost's letter, without what it is of and of which sample: E of E^q, J of J(W)."""
    return _SAMPLE.sub("", _without_arguments(key))


def _without_arguments(key: str) -> str:
    """The cost's letter alone: J of J(W, b; x, y)."""
    return re.sub(r"\s*\(.*\)\s*$", "", key)


def cost_name(said: str) -> str:
    r"""What a cost is called, by its formula; empty where it is none that has a name.

    >>> cost_name(r"\mathcal{E} = \frac{1}{2} \sum_{k=1}^{n_L} (a_k^L - y_k)^2")
    'quadratic'
    """
    formula = said.partition(" = ")[2]
    try:
        name = context_words.cost("C = " + formula).name
    except SymnetError:
        return ""
    return "" if name in (None, "abstract") else str(name)


def _is_of_targets(said: str) -> bool:
    return cost_name(said) != "" or re.search(r"(?<![A-Za-z\\])[yt](?![A-Za-z])", said) is not None


def _is_bare_cost(node: s.Node) -> bool:
    r"""Whether a formula is a cost without its letter: \sum_i (y_i - a_i)^2, in a display."""
    match node:
        case s.Product(factors=(*numbers, s.Scripted(base=s.Bracketed(body=body), sup=power))):
            pass
        case _:
            return False
    if not (isinstance(body, s.Additive) and len(body.terms) == 2 and "-" in body.signs):
        return False
    square = isinstance(power, s.Number) and power.text == "2"
    summed = any(isinstance(x, s.Big) and x.operator == "sum" for x in numbers)
    plain = all(isinstance(x, s.Big | s.Fraction | s.Number) for x in numbers)
    return square and summed and plain and any(base_of(x) in TARGETS for x in body.terms)


_AT_STEP = re.compile(r"\(\s*[nt]\s*\)")


def _differences(statements: Iterable[Statement]) -> dict[str, str]:
    """Symbols that are differences of two others, e_j = d_j - y_j: what a cost squares."""
    found: dict[str, str] = {}
    for statement in statements:
        for left, right in _pairs(statement):
            if (
                isinstance(right, s.Additive)
                and len(right.terms) == 2
                and base_of(left) not in ("", *QUANTITIES, *COSTS)
                and all(base_of(term) for term in right.terms)
            ):
                key = _AT_STEP.sub("", plainly(statement.said(left)))
                found.setdefault(key, _AT_STEP.sub("", plainly(statement.said(right))))
    return found


def _squares_put_in(said: str, differences: Mapping[str, str]) -> str:
    """A cost with what its squares are of: e_j^2 as (d_j - y_j)^2."""
    for key, difference in differences.items():
        if key in said:
            text = _AT_STEP.sub("", said).replace(key + "^", f"({difference})^")
            said = text.replace(f"({key})", f"({difference})")
    return said


def cost_letter(statements: Iterable[Statement]) -> str:
    """The letter of the cost, with its subscript, as the derivatives of a document have it."""
    counts: Counter[str] = Counter()
    for statement in statements:
        for node in s.walk(statement.node) if statement.node is not None else ():
            slope = slope_of(node)
            if slope is not None and base_of(slope[1]) in COSTS:
                counts[_without_arguments(plainly(statement.said(slope[1])))] += 1
    return counts.most_common(1)[0][0] if counts else ""


LONGEST = 900  # characters; a context has no longer texts
TARGETS = frozenset({"y", "t", "Y"})  # d and T are signs of derivatives and transposes, too


def last_layer(statements: Iterable[Statement]) -> int:
    """The number of the last layer: the one that is compared with the target.

    Else the highest number at weights; 0 where the document speaks of any layer l.
    """
    outputs, weights, general = [0], [0], False
    for statement in statements:
        nodes = tuple(s.walk(statement.node)) if statement.node is not None else ()
        letters = {x.text for x in nodes if isinstance(x, s.Name)}
        for node in nodes:
            if not isinstance(node, s.Scripted):
                continue
            base, number = base_of(node), _layer_number(node.sup)
            if base in WEIGHTS:
                # w_1^2 and w^2 are squares: only of a matrix or of two neurons it is a layer.
                if base in (r"\Theta", "W") or isinstance(node.sub, s.Product | s.Listed):
                    weights.append(number)
                general |= any(
                    isinstance(x, s.Name) and x.text in ("l", r"\ell", "L")
                    for part in (node.sub, node.sup)
                    if part is not None
                    for x in s.walk(part)
                )
            elif base in ("a", "A", "h", "H") and letters & TARGETS:
                outputs.append(number)
    return max(outputs) or (0 if general else max(weights))


def _layer_number(node: s.Node | None) -> int:
    """The number of a layer in a script, [2] or [2](i); 0 where there is none."""
    if isinstance(node, s.Product):
        node = node.factors[0]
    return _number(node) or 0


def _is_softmax(statement: Statement) -> bool:
    r"""Whether a statement is a_j = e^{z_j} / \sum_k e^{z_k}."""
    for _, right in _pairs(statement):
        match right:
            case s.Fraction(above=above, below=s.Product(factors=(s.Big(operator="sum"), *rest))):
                return _is_exponential(above) and bool(rest) and _is_exponential(rest[-1])
    return False


def _is_exponential(node: s.Node) -> bool:
    match node:
        case s.Scripted(base=s.Name(text="e"), sup=sup):
            return sup is not None
        case s.Product(factors=(s.Name(text="exp"), *_)):
            return True
    return False


def _formulas(statements: Iterable[Statement]) -> Iterator[tuple[str, str, str]]:
    """Each formula that a document gives of an activation: its letter, its argument, what it is."""
    for statement in statements:
        for left, right in _pairs(statement):
            match left:
                case s.Product(
                    factors=(s.Name() as name, s.Bracketed(body=s.Name() as argument))
                ) if _is_function_of_letter(left) and _is_function_of(right, left):
                    said = plainly(statement.said(right))
                    if len(said) <= LONGEST:
                        yield name.text, plainly(statement.said(argument)), said


def _aliases(statements: Iterable[Statement]) -> dict[str, str]:
    r"""Letters that everybody has for the output and the target: \hat{y}, and t beside a^L."""
    found: dict[str, str] = {}
    for statement in statements:
        for node in s.walk(statement.node) if statement.node is not None else ():
            if isinstance(node, s.Name) and spelled_out(node) == "hat:y":
                found[r"\hat{y}"] = "a^L"
            if isinstance(node, s.Additive) and len(node.terms) == 2:
                bases = {base_of(term) for term in node.terms}
                if "t" in bases and bases & {"a", "hat:y", "o", "h"}:
                    found["t"] = "y"
    return found


def _is_gradient(statement: Statement) -> bool:
    r"""Whether a statement gives the slope by a weight or a bias as a product with δ."""
    for left, right in _pairs(statement):
        slope = slope_of(left)
        if slope is None or base_of(slope[2]) not in WEIGHTS | {"b", r"\theta"} or slope[0]:
            continue
        product = not isinstance(right, s.Additive)
        if product and any(isinstance(x, s.Name) and x.text == r"\delta" for x in s.walk(right)):
            return True
    return False


_BASE = re.compile(r"\\?[A-Za-z]+")


def _odd(
    statements: Iterable[Statement],
    forward: Mapping[str, str],
    errors: Mapping[str, str],
    costs: Iterable[str],
) -> frozenset[str]:
    """What a document declares otherwise than books do, so that little can be said of it."""
    odd = set()
    inputs = {"z", r"\mathrm", "u", "v", "s", "net"}
    for key, said in forward.items():
        found = inferred.forward(key, said)
        if found is not None and found.weight is not None and not found.function:
            inputs.add(_letter(key))
        if found is not None and found.weighted is not None:
            inputs |= {_letter(said.partition("(")[2]), _letter(key)}
    if any(_letter(said.rpartition(r"\partial ")[2]) not in inputs for said in errors.values()):
        odd.add("δ")  # the slope by something that is neither a weighted input nor an output
    if any(r"\lambda" in cost and "_0" not in cost for cost in costs):
        odd.add("penalty")
    given = {_letter(key) for key in forward}
    for statement in statements:
        if _is_another_network(statement, given, forward):
            odd.add("network")
    return frozenset(odd)


def _letter(text: str) -> str:
    found = _BASE.match(text.strip())
    return found[0] if found else ""


def _is_another_network(statement: Statement, given: set[str], forward: Mapping[str, str]) -> bool:
    """Whether a layer is given by more than a sum and a function of it: a^l = σ(z^l) + a^{l-1}."""
    for left, right in _pairs(statement):
        if not isinstance(right, s.Additive) or not isinstance(left, s.Scripted):
            continue
        base = base_of(left)
        key = plainly(statement.said(left))
        if left.sup is None or key in forward or base not in ("a", "h", "x") or base in given:
            continue
        calls = [x for x in right.terms if isinstance(x, s.Product) and base_of(x) in FUNCTIONS]
        alone = [x for x in right.terms if base_of(x) == base]
        if calls and alone:
            return True
    return False


def _cyclic(forward: Mapping[str, str]) -> set[str]:
    """The forward equations whose sums are no layer below what they give, as z^l = W^l a^l + b^l.

    Where a^{l+1} = σ(z^l) it is right: what counts is the way from a to a.
    """
    sums: dict[str, int] = {}
    ways = set[int]()
    for key, said in forward.items():
        found = inferred.forward(key, said)
        if found is None:
            continue
        below = found.before or found.weighted
        if below is None or found.given.layer is None or below.layer is None:
            continue
        if found.given.layer.name != below.layer.name:
            continue
        step = found.given.layer.offset - below.layer.offset
        if found.weighted is not None:
            ways.add(step)
        else:
            sums[key] = step
    after = min(ways, default=0)
    whole = {
        key: step if _function(key, forward[key]) else step + after for key, step in sums.items()
    }
    return {key for key, step in whole.items() if step != 1}


def _function(key: str, said: str) -> str:
    found = inferred.forward(key, said)
    return found.function if found is not None else ""


def _is_activation(found: inferred.Forward) -> bool:
    """a^l = σ(z^l), h_j = f(net_j)."""
    return found.weighted is not None and found.function in FUNCTIONS | {"softmax"}


def widths(statements: Iterable[Statement]) -> tuple[int, ...]:
    r"""The widths of a network whose neurons are numbered, w_{31}^2 and z_3^2; else none.

    A layer is as wide as the highest number of its neurons' own quantities; of weights, which have
    two numbers to get wrong, only where there is nothing else.
    """
    own: dict[int, int] = defaultdict(int)
    led: dict[int, int] = defaultdict(int)
    for statement in statements:
        for node in s.walk(statement.node) if statement.node is not None else ():
            by_weights = isinstance(node, s.Scripted) and base_of(node) in WEIGHTS
            for layer, neuron in numbered_neurons(node):
                highest = led if by_weights else own
                highest[layer] = max(highest[layer], neuron)
    layers = {*own, *led}
    last = max(layers, default=0)
    if last < 3 or layers != set(range(1, last + 1)):
        return ()
    found = tuple(own.get(layer) or led[layer] for layer in range(1, last + 1))
    return found if max(found) <= 30 else ()


def numbered_neurons(node: s.Node) -> Iterator[tuple[int, int]]:
    """The layer and the number of each neuron that a symbol is about."""
    match node:
        case s.Scripted(base=s.Name() as base, sub=sub, sup=sup) if sub is not None:
            layer, numbers = _number(sup), _digits(sub)
            if base.text in WEIGHTS and layer is not None and len(numbers) == 2:
                yield layer, numbers[0]
                yield layer - 1, numbers[1]
            elif base.text in ("z", "a", "b", r"\delta") and layer is not None and numbers:
                yield layer, numbers[0]
            elif base.text == "x" and sup is None and len(numbers) == 1:
                yield 1, numbers[0]


def _number(node: s.Node | None) -> int | None:
    match node:
        case s.Number(text=text) if text.isdigit():
            return int(text)
        case s.Bracketed(body=body):
            return _number(body)
    return None


def _digits(node: s.Node) -> list[int]:
    """12 as two subscripts of one digit, or 1, 2 with something between them."""
    match node:
        case s.Number(text=text) if text.isdigit():
            return [int(x) for x in text] if len(text) < 3 else []
        case s.Listed(items=items) | s.Product(factors=items):
            found = [_number(each) for each in items]
            return [] if None in found else [x for x in found if x is not None]
    return []
