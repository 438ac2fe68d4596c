r"""Formulas about several training examples, or about one neuron, said as those about layers are.

\delta^{x,l} is δ^l of the sample x; ∂C/∂w, where nothing has a layer, is by any weight of any
layer; w_j and z on a page about one neuron are those of the only neuron of layer 2.

>>> from symnet.paper.signs.notation import NIELSEN
>>> from symnet.paper.formula.reader import read
>>> s.spell(with_examples(read(r"\delta^{x,l}"), NIELSEN))
'sampled(\\delta^{l}; x)'
>>> s.spell(with_examples(read(r"\partial C / \partial w"), NIELSEN))
'{\\partial C / \\partial w_{j, k}^{l}}'
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.signs.derivatives import is_nabla
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import binder_names, digits_of, is_transpose, mapped

OF_SAMPLES = frozenset({"z", "a", "δ"})
LETTERS = ("j", "k", "p", "q", "r", "i")  # for the neurons of any weight
ACROSS = frozenset({"row", "rows", "samples", "examples", "batch"})  # what is summed over


def with_examples(display: s.Display, notation: Notation) -> s.Display:
    """A display with the samples, layers and neurons that its scripts leave out or mean."""
    made: s.Node = display
    if notation.neuron:
        made = _of_one_neuron(made, notation)
    elif _speaks_of_any_weight(display, notation):
        display = _by_each_kind(display, notation)
        made = _of_any_weight(display, notation, _free_letters(display))
    made = _with_samples(made, notation, _lowered(display, notation))
    assert isinstance(made, s.Display)
    return made


# --- samples -------------------------------------------------------------------------------


def _with_samples(node: s.Node, notation: Notation, lowered: frozenset[str]) -> s.Node:
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
        parted = _parted(node, node.base, notation, lowered)
        if parted is not None:
            return parted
    return mapped(node, lambda child: _with_samples(child, notation, lowered))


def _lowered(display: s.Display, notation: Notation) -> frozenset[str]:
    """The letters that may name a sample as a subscript, as in a^l_x.

    A letter that counts neurons of w or b is none, and x is one only where something else speaks
    of samples: what the page says, C_x, δ^{x,l}, or an m to divide by.
    """
    batch, neurons, told = notation.batch, set[str](), bool(notation.batch.total)
    for node in s.walk(display):
        if isinstance(node, s.Name) and node.text in (batch.counts or ("m", "n", "N")):
            told = True
        if not (isinstance(node, s.Scripted) and isinstance(node.base, s.Name)):
            continue
        if notation.letters.get(node.base.text) in ("w", "b") and node.sub is not None:
            neurons |= {x.text for x in s.walk(node.sub) if isinstance(x, s.Name)}
        if notation.is_cost(node.base) and isinstance(node.sub, s.Name):
            told = told or node.sub.text in batch.letters
        if notation.letters.get(node.base.text) in OF_SAMPLES:
            told = told or _without(node.sup, batch.letters)[1] is not None
    return batch.letters - neurons if told else frozenset()


def _parted(
    node: s.Scripted, base: s.Name, notation: Notation, lowered: frozenset[str]
) -> s.Sampled | None:
    """δ^{x,l}, δ^l_x, C_x as a quantity and its sample."""
    batch = notation.batch
    quantity = notation.letters.get(base.text, batch.matrices.get(base.text))
    cost = notation.is_cost(base)
    if quantity not in OF_SAMPLES and not cost and base.text != notation.target:
        return None
    sup, sample = (node.sup, None) if cost else _without(node.sup, batch.letters)
    if base.text == notation.target and _sample_in(node.sup, batch.letters) is not None:
        sup, sample = None, _sample_in(node.sup, batch.letters)
    sub, low = node.sub, batch.letters if cost else lowered
    if sample is None:
        alone = cost or node.sup is not None or base.text == notation.target
        if isinstance(sub, s.Name) and sub.text in low and alone:
            sample, sub = sub, None
        elif cost and _of_input(sub) is not None:
            sample, sub = _of_input(sub), None
        else:
            sub, sample = _without(sub, low)
    if sample is None and quantity in batch.columns and sub is not None:
        # Entry j, i of a matrix whose columns are the samples.
        match sub:
            case s.Listed(items=(neuron, other)) | s.Product(factors=(neuron, other)):
                sub, sample = neuron, other
    if sample is None:
        return None
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    if sub is None and sup is None and not node.primes:
        return s.Sampled(base, sample, **place)
    return s.Sampled(replace(node, sub=sub, sup=sup), sample, **place)


def _of_input(node: s.Node | None) -> s.Name | None:
    """j of X_j: the input, or all that is said of an example, by its number."""
    match node:
        case s.Scripted(base=s.Name(text="X"), sub=s.Name() as number, sup=None, primes=0):
            return number
    return None


def numbered_inputs(display: s.Display, notation: Notation) -> frozenset[str]:
    """The letters that number examples: j of C_{X_j}."""
    subs = (
        node.sub
        for node in s.walk(display)
        if isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and (notation.is_cost(node.base) or is_nabla(node.base))
    )
    return frozenset(x.text for x in map(_of_input, subs) if x is not None)


def _without(script: s.Node | None, letters: frozenset[str]) -> tuple[s.Node | None, s.Node | None]:
    """A script without the letter of the sample, and that letter: x,l and j,x; (x) and x alone."""
    match script:
        case s.Listed(items=items):
            pass
        case s.Product(factors=items) if not any(script.operators):
            pass
        case _:
            return script, None
    found = [x for x in items if _sample_in(x, letters) is not None]
    if len(found) != 1 or len(items) < 2:
        return script, None
    rest = tuple(x for x in items if x is not found[0])
    kept: s.Node
    if len(rest) == 1:
        (kept,) = rest
    elif isinstance(script, s.Product):
        kept = replace(script, factors=rest, operators=("",) * len(rest))
    else:
        assert isinstance(script, s.Listed)
        kept = replace(script, items=rest)
    return kept, _sample_in(found[0], letters)


def _sample_in(node: s.Node | None, letters: frozenset[str]) -> s.Name | None:
    inside = node.body if isinstance(node, s.Bracketed) else node
    return inside if isinstance(inside, s.Name) and inside.text in letters else None


def sample_letter(big: s.Big, body: s.Node, notation: Notation) -> str | None:
    """The letter of Σ_x, Σ_{x=1}^m where it stands for a sample; None where it counts neurons."""
    batch = notation.batch
    first = big.sub.sides[0] if isinstance(big.sub, s.Chain) else big.sub
    names = binder_names(first) if first is not None else None
    if big.operator != "sum" or names is None or len(names) != 1:
        return None
    (name,) = names
    counted = isinstance(big.sup, s.Name) and big.sup.text in batch.bounds
    if name not in batch.letters and not counted:
        return None
    if isinstance(big.sub, s.Chain) and (
        big.sub.relations not in (("=",), (r"\in",))
        or (big.sub.relations == ("=",) and digits_of(big.sub.sides[1]) != "1")
    ):
        return None
    neurons = {
        letter
        for x in s.walk(body)
        if isinstance(x, s.Scripted) and isinstance(x.base, s.Name) and x.sub is not None
        for letter in binder_names(x.sub) or ()
        if x.base.text in notation.letters or x.base.text in (notation.input, notation.target)
    }
    return None if name in neurons else name


def is_across(big: s.Big) -> bool:
    r"""Whether \sum_{\rm row} sums what stands in the rows of a matrix of samples."""
    words = big.sub.words if isinstance(big.sub, s.Text) else ""
    words = big.sub.text if isinstance(big.sub, s.Name) else words
    return big.operator == "sum" and big.sup is None and words.strip() in ACROSS


def speaks_of_samples(display: s.Display, notation: Notation) -> bool:
    """Whether several samples are meant: by a script, a sum, or a matrix of samples."""
    batch = notation.batch
    known = set(batch.matrices) | {k for k, v in notation.letters.items() if v in batch.columns}
    for node in s.walk(display):
        if isinstance(node, s.Sampled) and not _is_bare_cost(node, notation):
            return True
        if isinstance(node, s.Name) and node.text in known - {notation.target}:
            return True
        if isinstance(node, s.Product):
            for at, factor in enumerate(node.factors):
                if isinstance(factor, s.Big) and (
                    is_across(factor)
                    or sample_letter(factor, _rest(node.factors[at + 1 :]), notation)
                ):
                    return True
    return False


def _is_bare_cost(node: s.Sampled, notation: Notation) -> bool:
    return isinstance(node.of, s.Name) and notation.is_cost(node.of)


def _rest(factors: Sequence[s.Node]) -> s.Node:
    place: dict[str, Any] = {"start": 0, "end": 0}
    return s.Product(tuple(factors), ("",) * len(factors), **place)


# --- any weight ----------------------------------------------------------------------------


def _by_each_kind(display: s.Display, notation: Notation) -> s.Display:
    """∇C = … is by all weights and by all biases: said of both."""
    if not _has_bare_nabla(display):
        return display
    place = {"start": display.start, "end": display.end}
    kinds = ("w", "b") if "b" in notation.letters.values() else ("w",)
    statements = tuple(_nabla_by(x, kind) for x in display.statements for kind in kinds)
    separators = tuple(sign for sign in display.separators for _ in kinds)
    return s.Display(statements, separators, **place)


def _has_bare_nabla(display: s.Display) -> bool:
    based = {id(x.base) for x in s.walk(display) if isinstance(x, s.Scripted)}
    return any(is_nabla(x) and id(x) not in based for x in s.walk(display))


def _nabla_by(node: s.Node, kind: str) -> s.Node:
    if isinstance(node, s.Scripted) and is_nabla(node.base):
        return node
    if is_nabla(node):
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        return s.Scripted(node, s.Name(kind, **place), None, **place)
    return mapped(node, lambda child: _nabla_by(child, kind))


def _label_of_parameters(display: s.Display, notation: Notation) -> str | None:
    """k where all w and b have it as their only script: it numbers the parameters themselves."""
    labels = set()
    for node in s.walk(display):
        if (
            isinstance(node, s.Scripted)
            and isinstance(node.base, s.Name)
            and (notation.letters.get(node.base.text) in ("w", "b"))
        ):
            if node.sup is not None or not isinstance(node.sub, s.Name):
                return None
            labels.add(node.sub.text)
    return labels.pop() if len(labels) == 1 else None


def _speaks_of_any_weight(display: s.Display, notation: Notation) -> bool:
    """Whether w or b stands without scripts, and nothing at all has a layer."""
    bare = _has_bare_nabla(display) and "parameters" not in notation.vectors.values()
    named = any(
        isinstance(x, s.Name) and notation.letters.get(x.text) in ("w", "b")
        for x in s.walk(display)
    )
    if bare and named:
        return False  # w - η ∇C: by what is this ∇?
    label = _label_of_parameters(display, notation)
    under: list[tuple[s.Node | None, s.Node]] = [(None, display)]
    while under:
        parent, node = under.pop()
        under += [(node, child) for child in s.children(node)]
        if isinstance(node, s.Name) and notation.letters.get(node.text) in ("w", "b"):
            labelled = isinstance(parent, s.Scripted) and parent.base is node
            if labelled and (label is not None or _is_primed(parent)):
                bare = True
            elif labelled and not _is_power(parent):
                return False
            elif not labelled:
                bare = True
        elif isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
            layered = node.base.text in notation.letters and node.sup is not None
            if layered and not _is_power(node):
                return False
        elif (
            isinstance(node, s.Name)
            and node.text in notation.letters
            and not (isinstance(parent, s.Scripted) and is_nabla(parent.base))
        ):
            return False  # ∂z/∂w, δ a: of which neurons, nobody says
    costs = any(isinstance(x, s.Name) and notation.is_cost(x) for x in s.walk(display))
    return bare and costs


def _is_primed(node: s.Node | None) -> bool:
    return isinstance(node, s.Scripted) and node.sub is None and node.sup is None


def _is_power(node: s.Node | None) -> bool:
    return (
        isinstance(node, s.Scripted)
        and node.sub is None
        and node.sup is not None
        and digits_of(node.sup) == "2"
    )


def _free_letters(display: s.Display) -> tuple[str, str]:
    taken = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    one, other, *_ = (x for x in LETTERS if x not in taken)
    return one, other


def _of_any_weight(node: s.Node, notation: Notation, letters: tuple[str, str]) -> s.Node:
    """w as w_jk^l and b as b_j^l; not where a sum runs over all weights, nor in norms of them."""
    if (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Name)
        and (notation.letters.get(node.base.text) in ("w", "b") and not _is_power(node))
    ):
        whole = _of_any_weight(node.base, notation, letters)
        assert isinstance(whole, s.Scripted)
        return replace(whole, primes=node.primes, start=node.start, end=node.end)
    if isinstance(node, s.Name) and notation.letters.get(node.text) in ("w", "b"):
        both = notation.letters[node.text] == "w"
        return _entry(node, "l", letters if both else letters[:1])
    if isinstance(node, s.Bracketed) and node.open == "‖":
        return node
    if isinstance(node, s.Product):
        binders = [at for at, x in enumerate(node.factors) if is_over_weights(x, notation)]
        if binders:
            first = binders[0]
            kept = tuple(_of_any_weight(x, notation, letters) for x in node.factors[:first])
            return replace(node, factors=(*kept, *node.factors[first:]))
    return mapped(node, lambda child: _of_any_weight(child, notation, letters))


def is_over_weights(node: s.Node, notation: Notation) -> bool:
    """Whether a sum runs over all weights: Σ_w w²."""
    return (
        isinstance(node, s.Big)
        and node.operator == "sum"
        and node.sup is None
        and isinstance(node.sub, s.Name)
        and notation.letters.get(node.sub.text) == "w"
    )


def _entry(node: s.Name, layer: str, letters: Sequence[str]) -> s.Scripted:
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    names = tuple(s.Number(x, **place) if x.isdigit() else s.Name(x, **place) for x in letters)
    sub = names[0] if len(names) == 1 else s.Listed(names, **place)
    sup = s.Number(layer, **place) if layer.isdigit() else s.Name(layer, **place)
    return s.Scripted(node, sub, sup, **place)


# --- one neuron ----------------------------------------------------------------------------


def _of_one_neuron(node: s.Node, notation: Notation) -> s.Node:
    """w_j as w_1j^2, z as z_1^2, y as y_1; x_j is an input anyway."""
    if isinstance(node, s.Scripted) and isinstance(node.base, s.Name):
        quantity = notation.letters.get(node.base.text)
        place: dict[str, Any] = {"start": node.base.start, "end": node.base.end}
        two = s.Number("2", **place)
        if quantity is not None and node.sub is not None and node.sup is not None:
            return node  # it says where it stands
        if quantity == "w" and node.sub is not None and node.sup is None:
            items = (s.Number("1", **place), node.sub)
            return replace(node, sub=s.Listed(items, **place), sup=two)
        if (
            quantity == "w"
            and node.sub is None
            and node.sup is not None
            and (is_transpose(node.sup))
        ):
            return replace(node, base=s.Bracketed("(", _of_one_neuron(node.base, notation), ")",
                                                  **place))  # fmt: skip
        if quantity is None and node.sub is not None:
            sub, sup = node.sub, node.sup
            sup = None if sup is None else _of_one_neuron(sup, notation)
            base = node.base
            if is_nabla(base):
                sub = _of_one_neuron(sub, notation)
            return replace(node, base=base, sub=sub, sup=sup)
        if node.sup is not None and digits_of(node.sup) is not None and node.sub is None:
            # z^2 is a square here.
            inside = _of_one_neuron(node.base, notation)
            return replace(node, base=s.Bracketed("(", inside, ")", **place))
    if isinstance(node, s.Name):
        quantity = notation.letters.get(node.text)
        place = {"start": node.start, "end": node.end}
        if quantity == "w":
            if notation.neuron == "one":
                return _entry(node, "2", ("1", "1"))
            return _entry(node, "2", ("1", ":"))
        if quantity is not None:
            return _entry(node, "2", ("1",))
        if node.text == notation.target or (
            node.text == notation.input and notation.neuron == "one"
        ):
            return s.Scripted(node, s.Number("1", **place), None, **place)
    if isinstance(node, s.Big):
        return node
    if isinstance(node, s.Fraction):
        node = _with_argument(node, notation)
    return mapped(node, lambda child: _of_one_neuron(child, notation))


def _with_argument(node: s.Fraction, notation: Notation) -> s.Fraction:
    """∂σ/∂w is ∂σ(z)/∂w: the neuron's own."""
    z = next((x for x, quantity in notation.letters.items() if quantity == "z"), None)
    match node.above:
        case s.Product(factors=(s.Name(text=r"\partial" | "d"), s.Name(text=text) as sigma)) if (
            z is not None and notation.function(text) == "σ"
        ):
            place: dict[str, Any] = {"start": sigma.start, "end": sigma.end}
            argument = s.Bracketed("(", s.Name(z, **place), ")", **place)
            factors = (*node.above.factors, argument)
            return replace(node, above=replace(node.above, factors=factors, operators=("",) * 3))
    return node
