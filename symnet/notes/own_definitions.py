r"""What the statements of a document say that its symbols are, with their formulas.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.statements import statements
>>> text = r"z_1 = W_1 x + b_1, \quad \delta_1 = \frac{\partial L}{\partial z_1}, \quad w = w - g"
>>> found = definitions(statements(Formula(Source("", text, text), 0, len(text))))
>>> [(each.key, each.said) for each in found]
[('z_1', 'W_1 x + b_1'), ('\\delta_1', '\\frac{\\partial L}{\\partial z_1}')]
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from symnet.notes.about import RATES
from symnet.notes.declared import COSTS, NAMES, base_of, is_partial, slope_of
from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.definitions.names import index_letters, key_of
from symnet.paper.formula import syntax as s
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose, mapped

COUNTS = frozenset({"m", "N"})  # of samples
FACTORS = RATES | {r"\lambda"}  # numbers that no formula gives
SIGNS = frozenset({
    r"\partial", r"\nabla", "d", "e", "T", r"\top", r"\infty", r"\pi", r"\cdot", "I", "exp", "log",
    "ln", "max", "min", "sqrt", "det", "tr", "diag", "argmax", "argmin", r"\text", "np.sum", "sum",
})  # fmt: skip
ELEMENTARY = frozenset({"exp", "log", "ln", "sqrt", "max", "min", "tanh"})
LETTERS = frozenset({r"\sigma", "f", "g", r"\varphi", r"\phi", r"\psi", "S", "h", "act", r"\Phi"})
BIASES = frozenset({"b", r"\beta", "c", "B", r"\theta_0", "w_0"})
WEIGHTS = frozenset({"w", "W", r"\theta", r"\Theta", "V", "U", "v", "u", r"\omega", r"\Omega"})
ERRORS = frozenset({r"\delta", r"\Delta"})
WEIGHTED = ("z", "Z", "s", "net", "v", "u", "in", "h", "a")  # by which δ may be a slope
COUNTING = frozenset("ijklmnpqrstcd")  # letters that may count entries
MOST = 60  # definitions of one system


@dataclass(frozen=True, slots=True)
class Definition:
    """A symbol, and what a statement says that it is."""

    number: int  # of the statement
    key: str
    left: s.Node
    right: s.Node
    printed: str
    said: str


def definitions(said: Sequence[Statement]) -> tuple[Definition, ...]:
    """All statements that say what a symbol is: not what is derived, and not what is changed."""
    found = [
        each for at, x in enumerate(said) for each in (*definitions_in(at, x), *_function(at, x))
    ]
    if not any(_is_raised(x.left) for x in found):
        return tuple(found)
    # z^2 is that of layer 2, where it is said what z^1 is.
    return tuple(
        replace(x, key=key_of(x.left) or x.key, left=raised(x.left), right=raised(x.right))
        for x in found
    )


def has_raised(node: s.Node) -> bool:
    """Whether a number in brackets is raised."""
    return (
        isinstance(node, s.Scripted)
        and isinstance(node.sup, s.Bracketed)
        and isinstance(node.sup.body, s.Number)
    )


def _is_raised(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and isinstance(node.sup, s.Number)


def raised(node: s.Node) -> s.Node:
    """A formula in which raised numbers are parts of names, and no powers."""
    made = mapped(node, raised)
    if (
        isinstance(made, s.Scripted)
        and isinstance(made.sup, s.Number)
        and isinstance(made.base, s.Name)
    ):
        return replace(
            made, sup=s.Bracketed("(", made.sup, ")", start=made.sup.start, end=made.sup.end)
        )
    return made


def _function(number: int, statement: Statement) -> Iterator[Definition]:
    """What a = f(z) = 1/(1 + e^{-z}) says of f."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES | {r"\approx"}:
        return
    for side in chain.sides:
        match side:
            case s.Product(
                factors=(s.Name() as name, s.Bracketed(body=(s.Name() | s.Scripted()) as given)),
                operators=("", ""),
            ) if name.text in LETTERS:
                argument = statement.said(given).strip()
                for formula in chain.sides:
                    said = statement.said(formula).replace(argument, "u")
                    if formula is not side and "u" in said and _OF_U.fullmatch(said):
                        key = spelled_out(name)
                        yield Definition(number, key, side, formula, f"{name.text}(u)", said)
                        return


# A formula of u alone.
_OF_U = re.compile(
    r"(?:\\(?:[dt]?frac|exp|tanh|left|right|mathrm|max|,|;|!)|exp|[eu\d\s{}()\[\]+\-^.*/,&])+"
)


def definitions_in(number: int, statement: Statement) -> Iterator[Definition]:
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES | {r"\approx"}:
        return
    left = chain.sides[0]
    key = symbol(left)
    if key is None or is_counter(left):
        return
    slope = next((x for x in chain.sides[1:] if slope_of(x) is not None), None)
    if slope is not None:
        # Whatever else is said of it is a claim, as δ = ∂C/∂z = a - y.
        yield Definition(number, key, left, slope, statement.said(left), statement.said(slope))
        return
    if base_of(left) in ERRORS or (key[:1] == "d" and len(key) > 1):
        return  # δ = a - y is a claim about δ
    for side in chain.sides[1:]:
        if _is_formula(side, left):
            yield Definition(number, key, left, side, statement.said(left), statement.said(side))
            return


def unclear(said: Sequence[Statement], given: Sequence[Definition]) -> dict[str, set[str]]:
    """The symbols of which a formula is given that was not taken, each with what stands in it.

    They depend on that in some way: nothing is known of slopes by it.
    """
    known = {x.key for x in given}
    found: dict[str, set[str]] = {}
    for statement in said:
        chain = statement.node
        if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES | {r"\approx"}:
            continue
        key = symbol(chain.sides[0])
        if key is None or key in known or base_of(chain.sides[0]) in COSTS | ERRORS:
            continue
        for side in chain.sides[1:]:
            # A step, w := w - η g, says nothing of what w is made of.
            step = any(s.spell(x) == s.spell(chain.sides[0]) for x in s.walk(side))
            if slope_of(side) is None and not step:
                found.setdefault(key, set()).update(set(keys_in(side)) - {key})
    return {key: parts for key, parts in found.items() if parts}


def _is_formula(side: s.Node, left: s.Node) -> bool:
    """Whether a side may say what a symbol is: in letters, and not in terms of itself."""
    if not is_symbolic(side) or is_partial(side):
        return False
    if has_decimals(side) and base_of(left) not in COSTS:
        return False  # of a cost 0.5 is the factor; elsewhere it is an example's number
    if isinstance(side, s.Name | s.Scripted) and base_of(side) in COSTS and base_of(left) in COSTS:
        return False
    for part in s.walk(side):
        if isinstance(part, s.Array | s.Cases | s.Dots | s.Annotated | s.Text) or is_partial(part):
            return False
        if isinstance(part, s.Bracketed) and part.open == "[" and isinstance(part.body, s.Listed):
            return False
        if s.spell(part) == s.spell(left):
            return False
    return True


def symbol(node: s.Node) -> str | None:
    """The key of what may be defined: a name with its scripts, a function of a name, a cost."""
    match node:
        case s.Name() | s.Scripted(primes=0) if base_of(node) not in SIGNS:
            return key_of(whole_of(node))
        case s.Product(
            factors=(s.Name(text="d"), s.Name() | s.Scripted(primes=0)), operators=("", "")
        ):
            return key_of(node)
        case s.Product(factors=(s.Name() as name, s.Bracketed()), operators=("", "")):
            return spelled_out(name) if name.text not in SIGNS else None
        case s.Product(factors=(s.Scripted() as name, s.Bracketed()), operators=("", "")):
            return key_of(name) if base_of(name) in COSTS else None
    return None


def is_counter(node: s.Node) -> bool:
    """Whether a letter only counts: l = 1, m = 3."""
    return isinstance(node, s.Name) and node.text in frozenset("ijklnmtNK") and not node.style


def is_symbolic(node: s.Node) -> bool:
    """Whether a side is made of symbols, and not of numbers and functions of numbers alone."""
    return any(
        isinstance(x, s.Name) and x.text not in SIGNS | NAMES.keys() | LETTERS for x in s.walk(node)
    ) or not _has_numbers(node)


def _has_numbers(node: s.Node) -> bool:
    return any(isinstance(x, s.Number) for x in s.walk(node))


def has_decimals(node: s.Node) -> bool:
    """Whether a side has numbers put in, 0.25, as an example has."""
    return any(isinstance(x, s.Number) and "." in x.text for x in s.walk(node))


def is_plain(node: s.Node) -> bool:
    """Whether a side is a whole number alone: the slope by a bias is 1."""
    match node:
        case s.Number(text=text):
            return text.isdigit()
        case s.Additive(terms=(s.Number(text=text),)):
            return text.isdigit()
    return False


def keys_in(node: s.Node) -> Iterator[str]:
    """The keys of the symbols that stand in a formula, each with its scripts; p for p_i."""
    for part in symbols_in(node):
        key = key_of(whole_of(part))
        if key is not None:
            yield key


def whole_of(node: s.Name | s.Scripted) -> s.Name | s.Scripted:
    """The quantity of which a symbol is an entry, p of p_i; else the symbol itself."""
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Name) and counting(node.sub):
        return node.base if node.sup is None else replace(node, sub=None)
    return node


def counting(sub: s.Node | None) -> tuple[str, ...]:
    """The letters of a subscript, if they count entries: j, k of w_{jk}, and no name as in b_h."""
    letters = tuple(index_letters(sub) or ())
    return letters if set(letters) <= COUNTING else ()


def symbols_in(node: s.Node) -> Iterator[s.Name | s.Scripted]:
    """The symbols of a formula, without transposes; what stands in scripts is part of a name."""
    match node:
        case s.Name():
            if node.text not in SIGNS:
                yield node
        case s.Scripted(base=s.Name() as name):
            if name.text == r"\nabla" and node.sub is not None:
                yield from symbols_in(node.sub)
            elif name.text not in SIGNS:
                yield bare(node)
        case s.Scripted(base=base):
            yield from symbols_in(base)
        case s.Big():
            return
        case s.Product(
            factors=(s.Name(text="d"), (s.Name() | s.Scripted()) as of), operators=("", "")
        ):
            yield from symbols_in(of)
        case _:
            for child in s.children(node):
                yield from symbols_in(child)


def bare(node: s.Scripted) -> s.Name | s.Scripted:
    """A symbol without its transpose, powers and primes."""
    sup = node.sup
    if isinstance(sup, s.Product) and len(sup.factors) == 2 and is_transpose(sup.factors[1]):
        sup = sup.factors[0]
    if sup is not None and (is_transpose(sup) or isinstance(sup, s.Number)):
        sup = None
    if node.sub is None and sup is None and isinstance(node.base, s.Name):
        return node.base
    return replace(node, sup=sup, primes=0)


_SCRIPT = re.compile(r"([_^])(\{(?:[^{}]|\{[^{}]*\})*\}|\w+|\\[A-Za-z]+)")


def printed(key: str) -> str:
    r"""A key as it may be printed: \hat{y} for hat:y.

    >>> print(printed("hat:y_1"), printed("w_11"), printed("b_1^{{l + 1}}"))
    \hat{y}_{1} w_{11} b_{1}^{l + 1}
    """
    scripts = _SCRIPT.search(key)
    head = key[: scripts.start()] if scripts is not None else key
    *styles, base = head.split(":")
    for style in reversed(styles):
        base = rf"\{style}{{{base}}}"
    found = _SCRIPT.findall(key[len(head) :])
    return base + "".join(f"{sign}{{{re.sub('[{}]', '', text)}}}" for sign, text in found)
