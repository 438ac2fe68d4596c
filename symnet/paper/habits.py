r"""What notes leave unsaid: that J is the cost, that L is any layer, which neuron ∂C/∂b = δ is about.

Each habit is read off the formula and what the page declares, before the formula is translated, and
is an assumption of the verdict. A letter that the page or its book has a meaning for keeps it.

>>> from symnet.paper.convention_files import convention
>>> from symnet.paper.formula_reader import read
>>> display = read(r"\frac{\partial \mathcal{L}}{\partial b} = \delta")
>>> found = usual(display, convention("nielsen"), {})
>>> s.spell(found.display)
'frac({\\partial C}; {\\partial b_{j}^{l}}) = \\delta_{j}^{l}'
>>> found.assumptions[0]
'\\mathcal{L}: the cost'
"""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symnet.errors import SymnetError
from symnet.paper import syntax as s
from symnet.paper.convention_files import Convention
from symnet.paper.conventions import LETTERS, spelled_out
from symnet.paper.formula_reader import read
from symnet.paper.function_names import is_otherwise, without_words
from symnet.paper.inferred import WEIGHTS
from symnet.paper.scripts import layer_of, mapped

# Letters and words for the cost, where nobody says what else they are.
COSTS = frozenset({
    "J", "E", "L", "C", r"\ell", "mathcal:L", "mathcal:J", "mathcal:E", "mathcal:C", "mathcal:S",
    "mathscr:L", "mathscr:J", "mathscr:E", "mathscr:C", "Loss", "loss", "Cost", "cost", "Err",
})  # fmt: skip
SAMPLE = frozenset("intkpsqx")  # letters for one example of many
TABLES = ("definitions", "declared")
ANY_LAYER = re.compile(r"\b(any|arbitrary|some|general|every|each|current|a)\b.*\blayer\b")
ASSIGNS = frozenset({r"\leftarrow", ":=", r"\gets", "<-"})


@dataclass(frozen=True, slots=True)
class Usual:
    """A formula and the context of its page with what is usual said, and what was assumed."""

    display: s.Display
    context: Mapping[str, Any]
    assumptions: tuple[str, ...] = ()


def usual(display: s.Display, book: Convention, context: Mapping[str, Any]) -> Usual:
    """A display with what its page leaves to habit."""
    found = Usual(display, context)
    for habit in (
        _blanks, _left_scripts, _units, _any_layer, _costs, _layers_of_functions, _one_sample, _one_neuron, _results,
        _descent, _rate, _branches,
    ):  # fmt: skip
        found = habit(found, book)
    return found


def _known(context: Mapping[str, Any], book: Convention) -> set[str]:
    """Letters that the page or its book has a meaning for."""
    known = set(book.translation.by_name) | book.translation.functions | {"C"}
    for key in _declared(context):
        try:
            known |= {spelled_out(x) for x in s.walk(read(key)) if isinstance(x, s.Name)}
        except SymnetError:
            known |= set(re.findall(r"\\?[A-Za-z]+", key))
    return known


def _declared(context: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in (*TABLES, "local"):
        said = context.get(table)
        if isinstance(said, Mapping):
            found |= {str(k): str(v) for k, v in said.items()}
    return found


def _blanks(found: Usual, book: Convention) -> Usual:
    r"""w - \eta \text{ } dw: words without words are space."""
    statements = found.display.statements
    blank = [isinstance(x, s.Text) and not x.words.strip() for x in statements]
    if not any(blank):
        return found
    made: list[s.Node] = []
    joins = False
    for node, empty in zip(statements, blank, strict=True):
        if empty:
            joins = bool(made)
            continue
        if joins and not isinstance(node, s.Chain | s.Additive | s.Text):
            made[-1] = _followed(made[-1], node)
        else:
            made.append(node)
        joins = False
    separators = ("",) * (len(made) - 1)
    display = replace(found.display, statements=tuple(made), separators=separators)
    return replace(found, display=display)


def _left_scripts(found: Usual, book: Convention) -> Usual:
    r"""^p E: the sample that E is of, raised before it."""

    def changed(node: s.Node) -> s.Node:
        node = mapped(node, changed)
        if isinstance(node, s.Product) and len(node.factors) > 1:
            pairs = list(zip(node.factors, node.operators, strict=True))
            kept = [x for x in pairs if not _is_left_script(x[0])]
            if kept and len(kept) < len(pairs):
                if len(kept) == 1:
                    return replace(kept[0][0], start=node.start)
                factors, operators = zip(*kept, strict=True)
                return replace(node, factors=factors, operators=("", *operators[1:]))
        return node

    return replace(found, display=_display(changed(found.display)))


def _is_left_script(node: s.Node) -> bool:
    match node:
        case s.Scripted(base=s.Empty(), sub=None, sup=s.Name(text=text), primes=0):
            return text in SAMPLE
    return False


def _units(found: Usual, book: Convention) -> Usual:
    r"""\sum_{l=1}^L where units have no layers: L is how many units l counts."""
    raised = any(
        isinstance(x, s.Scripted) and x.sup is not None and isinstance(x.base, s.Name)
        for x in s.walk(found.display)
    )
    if not book.units or raised:
        return found

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Big(operator="sum", sup=s.Name(text="L") as sup):
                return replace(node, sup=replace(sup, text="N"))
        return mapped(node, changed)

    return replace(found, display=_display(changed(found.display)))


def _followed(node: s.Node, by: s.Node) -> s.Node:
    """A statement whose last product goes on."""
    match node:
        case s.Chain(sides=(*front, last)):
            return replace(node, sides=(*front, _followed(last, by)), end=by.end)
        case s.Additive(terms=(*front, last)):
            return replace(node, terms=(*front, _followed(last, by)), end=by.end)
    factors = node.factors if isinstance(node, s.Product) else (node,)
    operators = node.operators if isinstance(node, s.Product) else ("",)
    more = by.factors if isinstance(by, s.Product) else (by,)
    between = by.operators if isinstance(by, s.Product) else ("",)
    return s.Product((*factors, *more), (*operators, *between), start=node.start, end=by.end)


# --- L, an arbitrary layer ------------------------------------------------------------------


def _any_layer(found: Usual, book: Convention) -> Usual:
    """L: an arbitrary layer. It is called l, unless the formula says that it is the last."""
    said = _declared(found.context).get("L", "")
    if not ANY_LAYER.search(said) or re.search(r"\b(last|output|final)\b", said):
        return found
    context = dict(found.context)
    for table in TABLES:
        if isinstance(context.get(table), Mapping):
            context[table] = {k: v for k, v in context[table].items() if k != "L"}
    if _is_of_the_output(found.display):
        return replace(found, context=context)
    letters = {x.text for x in s.walk(found.display) if isinstance(x, s.Name)}
    own = "q" if "l" in letters else "l"

    def renamed(node: s.Node) -> s.Node:
        if isinstance(node, s.Scripted) and node.sup is not None:
            node = replace(node, sup=_with_letter(node.sup, own))
        return mapped(node, renamed)

    for table in TABLES:
        if isinstance(context.get(table), Mapping):
            context[table] = {
                _lettered(str(k)): _lettered(str(v)) for k, v in context[table].items()
            }
    note = f"L: {said}"
    return Usual(_display(renamed(found.display)), context, (*found.assumptions, note))


def _lettered(text: str) -> str:
    return re.sub(r"(?<![A-Za-z\\])L(?![A-Za-z])", "l", text)


def _with_letter(node: s.Node, own: str) -> s.Node:
    if isinstance(node, s.Name) and node.text == "L":
        return replace(node, text=own)
    return mapped(node, lambda child: _with_letter(child, own))


def _is_of_the_output(display: s.Display) -> bool:
    """Whether y or ∇_a C stands in a formula: that is said of the last layer alone."""
    for node in s.walk(display):
        match node:
            case s.Name(text="y" | "t"):
                return True
            case s.Scripted(base=s.Name(text=r"\nabla"), sub=s.Name(text="a")):
                return True
    return False


# --- letters for the cost -------------------------------------------------------------------


def _costs(found: Usual, book: Convention) -> Usual:
    r"""∂\mathcal{L}/∂z, ∇_W J: what is derived by weights is the cost, whatever its letter."""
    known = _known(found.context, book)
    several = {spelled_out(x): x for x in _derived(found.display)}
    new = {k: x for k, x in several.items() if k in COSTS - known}
    if len(new) != 1 or any(k not in new and k in COSTS for k in several):
        return found
    ((spelled, _name),) = new.items()
    samples = {_sample(x) for x in s.walk(found.display) if _is_scripted(x, spelled)}
    bare = sum(isinstance(x, s.Name) and spelled_out(x) == spelled for x in s.walk(found.display))
    scripted = sum(_is_scripted(x, spelled) for x in s.walk(found.display))
    if samples - {None} and (bare != scripted or len(samples) > 1):
        return found  # both the cost of one sample and that of all
    if None in samples:
        return found

    def put(node: s.Node, whole: bool) -> s.Node:
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        if _is_scripted(node, spelled):
            return s.Name("C", **place)
        if isinstance(node, s.Name) and spelled_out(node) == spelled and whole:
            return s.Name("C", **place)
        if isinstance(node, s.Scripted) and spelled == "L":
            # Above other letters L is still the last layer.
            below = mapped(replace(node, sup=None), lambda x: put(x, whole))
            assert isinstance(below, s.Scripted)
            return replace(below, sup=node.sup)
        return mapped(node, lambda x: put(x, whole))

    *styles, text = spelled.split(":")
    printed = rf"\{styles[0]}{{{text}}}" if styles else text
    note = f"{printed}: the cost"
    return replace(
        found,
        display=_display(put(found.display, whole=True)),
        assumptions=(*found.assumptions, note),
    )


def _is_scripted(node: s.Node, spelled: str) -> bool:
    return (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and spelled_out(node.base) == spelled
    )


def _sample(node: s.Node) -> str | None:
    """The sample that a cost is of, C_x or J^{(i)}; None if its script says something else."""
    assert isinstance(node, s.Scripted)
    scripts = [x for x in (node.sub, node.sup) if x is not None]
    if len(scripts) != 1 or node.primes:
        return None
    inside = scripts[0].body if isinstance(scripts[0], s.Bracketed) else scripts[0]
    match inside:
        case s.Name(text=text) if text in SAMPLE:
            return text
        case s.Number(text="0"):
            return "0"
    return None


def _derived(display: s.Display) -> Iterator[s.Name]:
    """What is derived: the letters after ∂ above a line, and after ∇."""
    for node in s.walk(display):
        match node:
            case s.Fraction(above=s.Product(factors=(sign, of, *rest)), below=below) if (
                _is_sign(sign) and _begins_with_sign(below) and all(_is_bracket(x) for x in rest)
            ):
                base = of.base if isinstance(of, s.Scripted) else of
                if isinstance(base, s.Name):
                    yield base
            case s.Fraction(above=sign, below=below) if _is_sign(sign):
                pass
            case s.Product(factors=factors):
                for sign, of in itertools.pairwise(factors):
                    nabla = sign.base if isinstance(sign, s.Scripted) else sign
                    base = of.base if isinstance(of, s.Scripted) else of
                    if isinstance(nabla, s.Name) and nabla.text == r"\nabla":
                        if isinstance(base, s.Name):
                            yield base


def _is_sign(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text in (r"\partial", "d")


def _is_bracket(node: s.Node) -> bool:
    return isinstance(node, s.Bracketed)


def _begins_with_sign(node: s.Node) -> bool:
    return isinstance(node, s.Product) and _is_sign(node.factors[0])


# --- layers and samples ---------------------------------------------------------------------


def _layers_of_functions(found: Usual, book: Convention) -> Usual:
    r"""\sigma'^{(l)}(z^{(l)}): a function of layer l, as \sigma^{[l]}."""
    functions = book.translation.functions | {r"\sigma"}

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(
                base=s.Name(text=text), sup=s.Bracketed(open="(", body=body) as sup
            ) if text in functions and _is_layer(body):
                return replace(node, sup=replace(sup, open="[", close="]"))
        return mapped(node, changed)

    return replace(found, display=_display(changed(found.display)))


def _is_layer(node: s.Node) -> bool:
    layer = layer_of(node)
    return layer is not None and layer.name in ("l", "L", "k")


def _one_sample(found: Usual, book: Convention) -> Usual:
    """a^{(L)} - y^{(i)}: where y alone names the sample, all is of that sample."""
    if book.samples or any(isinstance(x, s.Big) for x in s.walk(found.display)):
        return found
    letters = [x.text for x in s.walk(found.display) if isinstance(x, s.Name)]

    def changed(node: s.Node) -> s.Node:
        match node:
            case s.Scripted(base=s.Name(text="y" | "x"), sup=s.Bracketed(open="(", body=body)) if (
                isinstance(body, s.Name) and body.text in SAMPLE and letters.count(body.text) == 1
            ):
                bare = replace(node, sup=None)
                return bare if node.sub is not None or node.primes else node.base
        return mapped(node, changed)

    return replace(found, display=_display(changed(found.display)))


# --- one neuron -----------------------------------------------------------------------------

OF_ONE = {"w": "w_{jk}^l", "b": "b_j^l", "z": "z_j^l", r"\delta": r"\delta_j^l"}
IN_OUT = {"in": "a_k^{l-1}", "out": "a_j^l"}
OF_ALL = {"w": "w^l", "W": "W^l", "b": "b^l", "a": "a^{l-1}", "z": "z^l"}


def _one_neuron(found: Usual, book: Convention) -> Usual:
    r"""∂C/∂b = δ, ∂C/∂w = a_in δ_out, a' = σ(w a + b): of which neuron or layer is clear."""
    if book.translation.rules:
        return found
    names = [x for x in s.walk(found.display) if isinstance(x, s.Name)]
    spelled = {x.text for x in names}
    quantities = spelled & LETTERS.keys()
    raised = any(isinstance(x, s.Scripted) and x.sup is not None for x in s.walk(found.display))
    if raised or not quantities & {"w", "W", "b"} or spelled & {"l", "L", "x", "y"}:
        return found
    if "C" in spelled and r"\partial" in spelled and quantities <= {*OF_ONE, "a"}:
        made = _replaced(found.display, _of_one)
        note = "w, b and δ: those of one neuron, which is left out"
    elif _is_new_activation(found.display) and quantities <= OF_ALL.keys():
        made = _replaced(found.display, _of_all)
        note = "a' and a: the activations of a layer and of the one below"
    else:
        return found
    if made is None:
        return found
    return replace(found, display=made, assumptions=(*found.assumptions, note))


def _is_new_activation(display: s.Display) -> bool:
    match display.statements:
        case (
            s.Chain(sides=(s.Scripted(base=s.Name(text="a"), sub=None, sup=None, primes=1), *_)),
        ):
            return True
    return False


def _of_one(node: s.Node) -> str | None:
    match node:
        case s.Scripted(base=s.Name(text="a"), sub=sub, primes=0) if sub is not None:
            return IN_OUT.get(_word(sub))
        case s.Scripted(base=s.Name(text=r"\delta"), sub=sub, primes=0) if sub is not None:
            return OF_ONE[r"\delta"] if _word(sub) == "out" else None
        case s.Name(text=text):
            return OF_ONE.get(text)
    return None


def _word(node: s.Node) -> str:
    """A subscript in letters: in, out."""
    letters = node.factors if isinstance(node, s.Product) else (node,)
    return "".join(x.text for x in letters if isinstance(x, s.Name))


def _of_all(node: s.Node) -> str | None:
    match node:
        case s.Scripted(base=s.Name(text="a"), sub=None, sup=None, primes=1):
            return "a^l"
        case s.Name(text=text):
            return OF_ALL.get(text)
    return None


def _replaced(display: s.Display, meant: Callable[[s.Node], str | None]) -> s.Display | None:
    """A display with the symbols that are meant, at the places of those printed; None if not all."""
    strange = False

    def changed(node: s.Node) -> s.Node:
        nonlocal strange
        latex = meant(node)
        if latex is not None:
            return _moved(read(latex).statements[0], node)
        if isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
            strange = strange or node.base.text in LETTERS
        if isinstance(node, s.Name) and node.text in LETTERS:
            strange = True
        return mapped(node, changed)

    made = _display(changed(display))
    return None if strange else made


def _moved(node: s.Node, to: s.Node) -> s.Node:
    """A node at the place of another."""
    return mapped(replace(node, start=to.start, end=to.end), lambda child: _moved(child, to))


# --- results, sums of samples, steps --------------------------------------------------------


def _results(found: Usual, book: Convention) -> Usual:
    """δ_k ← o_k(1 - o_k)(t_k - o_k) says what δ_k is; Δ := Δ + δ a^T adds up ∂C/∂Θ."""
    assumptions = found.assumptions
    statements = []
    for statement in found.display.statements:
        match statement:
            case s.Chain(sides=(left, right), relations=(relation,)) if (
                relation in ASSIGNS or relation == "="
            ):
                added = _accumulated(left, right, book, found.context)
                if added is not None:
                    slope, rest = added
                    statement = replace(statement, sides=(slope, rest), relations=("=",))
                    note = "what is added up is the derivative of one sample's cost"
                    assumptions = (*assumptions, note)
                elif relation in ASSIGNS and _is_result(left, right):
                    statement = replace(statement, relations=("=",))
        statements.append(statement)
    display = replace(found.display, statements=tuple(statements))
    return replace(found, display=display, assumptions=assumptions)


def _is_result(left: s.Node, right: s.Node) -> bool:
    """Whether something is computed here that is no parameter, and not from itself."""
    base = left.base if isinstance(left, s.Scripted) else left
    if not isinstance(base, s.Name) or base.text in WEIGHTS | {"b", r"\theta", "c"}:
        return False
    return not any(s.spell(x) == s.spell(left) for x in s.walk(right))


def _accumulated(
    left: s.Node, right: s.Node, book: Convention, context: Mapping[str, Any]
) -> tuple[s.Node, s.Node] | None:
    r"""What \Delta^{(l)} grows by: ∂C/∂Θ^{(l)} and what is said to be added."""
    match left, right:
        case (
            s.Scripted(base=s.Name(text=r"\Delta"), sup=sup),
            s.Additive(terms=(first, *rest), signs=("+", "+", *signs)),
        ) if sup is not None and s.spell(first) == s.spell(left):
            pass
        case _:
            return None
    if book.translation.by_name.get(r"\Delta"):
        return None
    used = [x for x in (r"\Theta", r"\theta", "W", "w") if x in book.translation.by_name]
    if not used:
        return None
    assert isinstance(left, s.Scripted)
    place: dict[str, Any] = {"start": left.start, "end": left.end}
    sign = s.Name(r"\partial", **place)
    weight = replace(left, base=s.Name(used[0], **place))
    cost = next((x for x in ("J", "E", "L") if x in book.translation.by_name), "C")
    # The cost of one sample, without a penalty.
    of_one = s.Scripted(s.Name(cost, **place), s.Number("0", **place), None, **place)
    above = s.Product((sign, of_one), ("", ""), **place)
    below = s.Product((sign, weight), ("", ""), **place)
    rest_place: dict[str, Any] = {"start": rest[0].start, "end": rest[-1].end}
    other = rest[0] if len(rest) == 1 else s.Additive(tuple(rest), ("+", *signs), **rest_place)
    return s.Fraction(above, below, **place), other


def _descent(found: Usual, book: Convention) -> Usual:
    """Δw = …, where no rule is named: a step of gradient descent."""
    if "rule" in found.context or "method" in found.context:
        return found
    for statement in found.display.statements:
        match statement:
            case s.Chain(sides=(s.Product(factors=(s.Name(text=r"\Delta"), of)), *_)):
                base = of.base if isinstance(of, s.Scripted) else of
                if isinstance(base, s.Name) and base.text in WEIGHTS | {"b"}:
                    context = {**found.context, "rule": "gradient descent"}
                    return replace(found, context=context)
    return found


RATES = (r"\alpha", r"\rho", r"\mu", r"\gamma", r"\epsilon", r"\varepsilon", r"\kappa", r"\nu")


def _rate(found: Usual, book: Convention) -> Usual:
    """α before what is taken from a weight, where nobody says what else it is."""
    known = _known(found.context, book)
    used = {x.text for x in s.walk(found.display) if isinstance(x, s.Name)}
    new = [x for x in RATES if x in used - known]
    if r"\eta" in used or len(new) != 1 or ("rule" not in found.context and not _is_step(found)):
        return found
    context = dict(found.context)
    declared = context.get("declared")
    said = dict(declared) if isinstance(declared, Mapping) else {}
    context["declared"] = {**said, new[0]: "learning rate"}
    return replace(
        found, context=context, assumptions=(*found.assumptions, f"{new[0]}: learning rate")
    )


def _is_step(found: Usual) -> bool:
    """w ← w - …, and only that."""
    match found.display.statements:
        case (s.Chain(sides=(left, s.Additive(terms=(first, *_)), *_)),):
            return s.spell(left) == s.spell(first)
    return False


# --- functions in two branches --------------------------------------------------------------

# What activations with a parameter are below and above 0; and their derivatives.
BRANCHES = {
    ("elu", 0): (r"\alpha (e^x - 1)", "x"), ("elu", 1): (r"\alpha e^x", "1"),
    ("leakyrelu", 0): (r"\alpha x", "x"), ("leakyrelu", 1): (r"\alpha", "1"),
    ("prelu", 0): (r"\alpha x", "x"), ("prelu", 1): (r"\alpha", "1"),
    ("selu", 0): (r"\lambda \alpha (e^x - 1)", r"\lambda x"),
    ("selu", 1): (r"\lambda \alpha e^x", r"\lambda"),
}  # fmt: skip


def _branches(found: Usual, book: Convention) -> Usual:
    r"""\mathrm{ELU}(x) = \begin{cases} …: what it is below 0, and above."""
    match found.display.statements:
        case (
            s.Chain(
                sides=(s.Product(factors=(called, s.Bracketed(body=inside))), cases),
                relations=("=",),
            ),
        ) if isinstance(cases, s.Cases):
            pass
        case _:
            return found
    base = called.base if isinstance(called, s.Scripted) else called
    order = called.primes if isinstance(called, s.Scripted) else 0
    items = inside.items if isinstance(inside, s.Listed) else (inside,)
    names = [x.text for x in items if isinstance(x, s.Name)]
    if not isinstance(base, s.Name) or len(names) != len(items) or len(names) > 2:
        return found
    known = BRANCHES.get((re.sub(r"[^a-z]", "", base.text.lower()), order))
    rows = _signed(cases, names)
    if known is None or rows is None:
        return found
    variable, branches = rows
    others = {x.text for row in branches for x in s.walk(row) if isinstance(x, s.Name)} - {
        variable,
        "e",
        "exp",
    }
    parameters = set(names) - {variable} | others
    wanted = {x for side in known for x in re.findall(r"\\[a-z]+", side)}
    if len(parameters) > len(wanted) or (len(wanted) > 1 and parameters != wanted):
        return found
    letters = {r"\alpha": next(iter(parameters))} if len(wanted) == 1 and parameters else {}
    if wanted and not parameters:
        return found

    def put(node: s.Node, at: s.Node) -> s.Node:
        made = mapped(replace(node, start=at.start, end=at.end), lambda x: put(x, at))
        if isinstance(made, s.Name):
            text = variable if made.text == "x" else letters.get(made.text, made.text)
            return replace(made, text=text)
        return made

    statements = []
    for side, row in zip(known, branches, strict=True):
        meant = put(read(side).statements[0], row)
        place: dict[str, Any] = {"start": row.start, "end": row.end}
        statements.append(s.Chain((meant, row), ("=",), **place))
    context = dict(found.context)
    declared = context.get("declared")
    said = dict(declared) if isinstance(declared, Mapping) else {}
    context["declared"] = said | dict.fromkeys(sorted(parameters), "a constant scalar")
    display = replace(found.display, statements=tuple(statements), separators=(",",))
    note = f"{base.text} is read branch by branch, away from 0"
    return Usual(display, context, (*found.assumptions, note))


def _signed(cases: s.Cases, names: list[str]) -> tuple[str, tuple[s.Node, s.Node]] | None:
    """The variable of two branches, and what stands in the one below 0 and in the one above."""
    below = above = None
    variable = ""
    for row in cases.rows:
        cells: list[s.Node] = [x for cell in row for x in without_words(cell)]
        if variable and len(cells) == 2 and is_otherwise(cells[1]):
            if below is None:
                below = cells[0]
            elif above is None:
                above = cells[0]
            continue
        match cells:
            case [
                value,
                s.Chain(sides=(s.Name(text=text), s.Number(text="0")), relations=(order,)),
            ]:
                pass
            case _:
                return None
        if text not in names or variable not in ("", text):
            return None
        variable = text
        if order in ("<", r"\le", r"\leq"):
            below = value
        elif order in (">", r"\ge", r"\geq"):
            above = value
    if len(cases.rows) != 2 or below is None or above is None:
        return None
    return variable, (below, above)


def _display(node: s.Node) -> s.Display:
    assert isinstance(node, s.Display)
    return node
