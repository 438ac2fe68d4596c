r"""What a statement of a document is about: a network, an activation alone, or something else.

>>> from symnet.notes.document import Formula
>>> from symnet.notes.source import Source
>>> from symnet.notes.statements import statements
>>> def about(text: str) -> bool:
...     return is_about(statements(Formula(Source("", text, text), 0, len(text)))[0])
>>> about(r"\delta^L = \nabla_a C"), about(r"e^{i\pi} = -1")
(True, False)
"""

import re
from dataclasses import replace

from symnet.errors import SymnetError
from symnet.notes.declared import (
    COSTS,
    FUNCTIONS,
    NAMES,
    QUANTITIES,
    TARGETS,
    WEIGHTS,
    Declared,
    base_of,
    is_partial,
    numbered_neurons,
    plainly,
    slope_of,
)
from symnet.notes.statements import EQUALITIES, UPDATES, Statement, is_said
from symnet.paper.books import inferred
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.function_names import is_of_a_layer

OWN = frozenset({r"\sigma", *NAMES})  # functions that are activations wherever they stand
UNITS = frozenset({"z", "a", "net", r"\delta", "y", "o", "e", "v", "h", "s", "out", "in", "x"})
# Rates, penalties and the like: 0.01 in one experiment says nothing of a formula.
SCALARS = frozenset({
    r"\eta", r"\alpha", r"\lambda", r"\mu", r"\epsilon", r"\varepsilon", r"\tau", r"\gamma",
    r"\beta", r"\rho", r"\kappa", r"\pi", "n", "m", "N", "M", "K", "k", "i", "j", "l", "e",
})  # fmt: skip
MOST_SAID = 500  # characters of what a symbol is said to be


def is_claim(statement: Statement) -> bool:
    return statement.node is not None and is_said(statement.node)


def is_numbered(statement: Statement) -> bool:
    """Whether a statement has neurons or layers with numbers."""
    if statement.node is None:
        return False
    return any(
        isinstance(x, s.Scripted)
        and any(isinstance(y, s.Number) for part in (x.sub, x.sup) if part for y in s.walk(part))
        for x in s.walk(statement.node)
    )


def is_of_one_layer(statement: Statement) -> bool:
    r"""Whether a statement has layers by their numbers, W^2 or a^{[1]}: not l + 1."""
    return statement.node is not None and any(
        isinstance(x, s.Scripted)
        and base_of(x) in QUANTITIES
        and isinstance(x.sup.body if isinstance(x.sup, s.Bracketed) else x.sup, s.Number)
        for x in s.walk(statement.node)
    )


def is_about(statement: Statement) -> bool:
    """Whether a statement is about a network: quantities with layers or units, slopes of C."""
    node = statement.node
    if node is None:
        text = statement.text
        return r"\delta" in text or any(f"{x}^" in text or f"{x}_" in text for x in ("w", "W", "a"))
    letters = {x.text for x in s.walk(node) if isinstance(x, s.Name)}
    scripted = set()
    weights = slopes = errors = changes = False
    for each in s.walk(node):
        if isinstance(each, s.Scripted):
            base = base_of(each)
            errors |= each.primes > 0 and (base in OWN or (base in FUNCTIONS and "z" in letters))
            if base in QUANTITIES and (each.sup is not None or each.sub is not None):
                scripted.add(base)
                changes |= base in ("dW", "db", "dw")
                weights |= base in WEIGHTS
                errors |= base == r"\delta" and not _is_kroneckers(each)
        elif isinstance(each, s.Fraction | s.Product) and is_partial(each):
            slopes |= _is_slope(each)
    layered = {x for x in scripted if x in ("z", "a", "W", "w", "b", r"\delta", "A", "Z", "h", "o")}
    return slopes or errors or changes or (weights and len(scripted) > 1) or len(layered) > 1


def _is_slope(node: s.Node) -> bool:
    """Whether a derivative is one of a cost, or of a quantity with a layer or a neuron."""
    slope = slope_of(node)
    if slope is None:
        return any(
            base_of(x) in COSTS | WEIGHTS
            for x in s.walk(node)
            if isinstance(x, s.Name | s.Scripted)
        )
    _, above, below = slope
    if base_of(above) in COSTS:
        return True
    return any(isinstance(x, s.Scripted) and base_of(x) in UNITS | WEIGHTS for x in (above, below))


def is_activation(statement: Statement) -> bool:
    """Whether a forward equation says no more than a = f(z)."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or len(chain.sides) != 2:
        return False
    found = inferred.forward(*(plainly(statement.said(side)) for side in chain.sides))
    return found is not None and found.weighted is not None


def is_linear_output(statement: Statement, known: Declared) -> bool:
    """Whether a statement says a^L = z^L: that the last layer has no function."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or len(chain.sides) != 2:
        return False
    one, other = map(inferred.seen, chain.sides)
    found = (inferred.forward(*pair) for pair in known.forward.items())
    pairs = {(x.given.base, x.weighted.base) for x in found if x is not None and x.weighted}
    return (
        one is not None
        and other is not None
        and (one.base, other.base) in pairs
        and one.layer == other.layer
        and one.layer is not None
        and one.layer.name == "L"
    )


def at_any_number(statement: Statement) -> Statement | None:
    r"""\sigma'(z^l) = \sigma(z^l)(1 - \sigma(z^l)) as it is said of any number z, entry by entry.

    None where more stands there than functions of one and the same quantity.
    """
    quantities = {}
    for node in s.walk(statement.node) if statement.node is not None else ():
        if isinstance(node, s.Scripted) and base_of(node) in QUANTITIES - WEIGHTS - FUNCTIONS:
            quantities[statement.said(node).strip()] = base_of(node)
    if len(quantities) != 1:
        return None
    ((said, letter),) = quantities.items()
    text = statement.printed
    if not text.startswith(statement.prefix) or len(letter) != 1:
        return None
    plain = text.replace(said, letter)
    if text.count(said) != len(re.findall(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", text)):
        return None
    try:
        (node,) = read(plain).statements
    except (SymnetError, ValueError):
        return None
    return replace(statement, node=node, printed=plain)


def is_variant(statement: Statement) -> bool:
    r"""Whether a statement defines one of several of a kind: \delta_F^L, \delta_{qj}^l."""
    chain = statement.node
    left = chain.sides[0] if isinstance(chain, s.Chain) else None
    match left:
        case s.Scripted(sub=s.Name(text=text)):
            return text.isupper()
        case s.Scripted(sub=s.Product() | s.Listed()):
            return True
    return False


def is_turned(statement: Statement, known: Declared) -> bool:
    """Whether a forward equation has samples in rows where the document has columns, or back."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or len(chain.sides) != 2:
        return False
    own = inferred.forward(*(plainly(statement.said(side)) for side in chain.sides))
    first = next(filter(None, (inferred.forward(*pair) for pair in known.forward.items())), None)
    if own is None or first is None or own.weight is None or own.weight.letters:
        return False
    return own.rows != first.rows


def changed_in(statement: Statement) -> set[str]:
    """The letters of weights by which something is derived, or which are changed by a step."""
    node = statement.node
    assert node is not None
    found = set()
    for each in s.walk(node):
        slope = slope_of(each) if isinstance(each, s.Fraction | s.Product) else None
        if slope is not None:
            found.add(base_of(slope[2]))
    if isinstance(node, s.Chain) and set(node.relations) & UPDATES:
        found.add(base_of(node.sides[0]))
    return found


RATES = frozenset({r"\eta", r"\alpha", r"\epsilon", r"\varepsilon", r"\mu", r"\gamma", r"\rho"})
# Costs by their letters; L and J may be a likelihood or a reward, which one climbs.
DESCENDED = frozenset({"C", "E", "mathcal:C", "mathcal:E"})


def step_of(statement: Statement) -> str:
    r"""The sign of W \leftarrow W - \eta ∂C/∂W, a step along the slope of W; else nothing.

    A plus is none where the letter may be that of something to be made great.
    """
    chain = statement.node
    if not isinstance(chain, s.Chain) or len(chain.sides) != 2:
        return ""
    if not set(chain.relations) <= UPDATES | EQUALITIES | {r"\to", r"\rightarrow"}:
        return ""
    left, right = chain.sides
    match right:
        case s.Additive(
            terms=(before, s.Product(factors=(s.Name(text=rate), first, *rest)) as step),
            signs=("+", sign),
        ) if rate in RATES and step.operators[1] in ("", r"\cdot", r"\times", "*"):
            slope = first
            if rest:
                slope = replace(step, factors=(first, *rest), operators=("", *step.operators[2:]))
            found = slope_of(slope)
            same = s.spell(left) == s.spell(before)
            if not same or found is None or found[0] or s.spell(found[2]) != s.spell(left):
                return ""
            return sign if base_of(found[1]) in (COSTS if sign == "-" else DESCENDED) else ""
    return ""


def is_membership(statement: Statement) -> bool:
    r"""Whether a statement says of what shape something is: W \in \mathbb{R}^{m \times n}."""
    return isinstance(statement.node, s.Chain) and set(statement.node.relations) == {r"\in"}


def has_changes(statement: Statement) -> bool:
    r"""Whether slopes have letters of their own, dZ^{[l]}, as in A. Ng's course."""
    assert statement.node is not None
    return r"[" in statement.text and any(
        isinstance(x, s.Name) and x.text in ("dZ", "dA", "dW", "db", "dz", "da", "dw")
        for x in s.walk(statement.node)
    )


def is_transposed(statement: Statement) -> bool:
    """Whether a forward equation has the transposed weights, z = W^T a + b."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or len(chain.sides) != 2:
        return False
    found = inferred.forward(*(plainly(statement.said(side)) for side in chain.sides))
    return found is not None and found.weight is not None and found.weight.transposed


def is_of_means(statement: Statement) -> bool:
    r"""Whether a statement has dZ and \partial J: the one is of each sample, the other of the mean.

    Course notes write dZ = ∂J/∂Z beside dW = 1/m dZ A^T, which cannot both be meant.
    """
    assert statement.node is not None
    names = {x.text for x in s.walk(statement.node) if isinstance(x, s.Name)}
    return bool(names & {"dZ", "dA", "dz", "da"}) and {r"\partial", "J"} <= names


def _is_kroneckers(delta: s.Scripted) -> bool:
    """Whether a delta has two subscripts and no layer."""
    return delta.sup is None and isinstance(delta.sub, s.Product | s.Listed)


def has_functions_of_layers(statement: Statement) -> bool:
    r"""Whether a function in a statement has a layer: \sigma_l, f'^{[l]}."""
    return statement.node is not None and any(
        isinstance(x, s.Scripted)
        and base_of(x) in FUNCTIONS - QUANTITIES
        and (is_of_a_layer(x.sub) or is_of_a_layer(x.sup))
        for x in s.walk(statement.node)
    )


def has_numbered_neurons(statement: Statement) -> bool:
    """Whether a statement is written out for neurons with numbers, w_{13}^5 a_3^4."""
    assert statement.node is not None
    return any(True for x in s.walk(statement.node) for _ in numbered_neurons(x))


def is_rounded(statement: Statement) -> bool:
    """Whether a side is a decimal number, as in an example worked out: it is rounded somewhere."""
    node = statement.node
    return isinstance(node, s.Chain) and any(
        any(isinstance(x, s.Number) and "." in x.text for x in s.walk(side)) for side in node.sides
    )


def is_of_functions(statement: Statement) -> bool:
    """Whether a statement is about an activation alone: no quantity in it has a script."""
    return not has_quantities(statement)


def has_quantities(statement: Statement) -> bool:
    """Whether a quantity with a layer or a neuron stands in a statement."""
    assert statement.node is not None
    return any(
        isinstance(x, s.Scripted)
        and (x.sub is not None or x.sup is not None)
        and base_of(x) in QUANTITIES
        for x in s.walk(statement.node)
    )


def needs_of(statement: Statement) -> set[str]:
    """What must be declared for a statement to hold or not: σ, the σ of the last layer, C."""
    assert statement.node is not None
    needs = set()
    for node in s.walk(statement.node):
        match node:
            case s.Additive(terms=terms) if any(isinstance(x, s.Number) for x in terms):
                needs.add("activation")
            case s.Name(text=text) if text in NAMES or text in ("log", "ln", "e", "exp"):
                needs.add("activation")
            case s.Name(text=text) if text in TARGETS:
                needs.add("cost")
    below = {base_of(x) for x in s.walk(statement.node) if isinstance(x, s.Name | s.Scripted)}
    if "cost" in needs and below & (WEIGHTS | {r"\delta", "z", "b", "net", "e", "v"}):
        needs.add("output")
    return needs


def new_symbol(statement: Statement, known: Declared) -> tuple[str, str] | None:
    """The symbol that a statement defines, where nothing was known of it."""
    chain = statement.node
    if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES:
        return None
    left = chain.sides[0]
    if not is_said(chain) or chain.sides[1].end - chain.sides[1].start > MOST_SAID:
        return None
    base = base_of(left)
    if not base or base in QUANTITIES | COSTS | FUNCTIONS | known.bases:
        return None
    if base in (r"\partial", r"\nabla") or base in SCALARS:
        return None
    return statement.said(left).strip(), statement.said(chain.sides[1]).strip()
