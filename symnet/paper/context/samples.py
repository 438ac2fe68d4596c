r"""What a page says of its samples: their letter, how many, matrices of them, what C adds up.

>>> from symnet.paper.signs.notation import NIELSEN
>>> said = {"C": r"C_0 + \frac{\lambda}{2n} \sum_w w^2", "n": "size of the training set"}
>>> found = read_batch(NIELSEN, said, {})
>>> found.notation.batch.counts, list(found.notation.totals), found.rest
(frozenset({'n'}), ['C'], {})
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from symnet.errors import SymnetError
from symnet.network.functions import A, Y
from symnet.paper.context.declarations import cost_of, symbols_of
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.examples import (
    OF_SAMPLES,
    is_over_weights,
    numbered_inputs,
    sample_letter,
    speaks_of_samples,
    with_examples,
)
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.notation import Notation
from symnet.paper.signs.scripts import digits_of, in_a_row, layer_of
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    LayerNumber,
    Number,
    Power,
    Product,
    Symbol,
    Term,
)

Said = dict[str, str]

COUNT = re.compile(
    r"(?P<batch>(mini-?\s?)?batch[ -]size|size of (the |a )?(mini-?\s?)?batch)"
    r"|(size of the (training|data)[ -]?set|(training|data)[ -]?set size"
    r"|number of (the )?(training inputs|(training )?(examples|samples|data points|patterns"
    r"|instances)))",
    re.IGNORECASE,
)
BASE = re.compile(
    r"(unregulari[sz]ed|original|data) (cost|loss|error)|(cost|loss|error)( function)? (without"
    r"|before) (the )?(penalty|regulari[sz]ation)",
    re.IGNORECASE,
)
OF_ONE = re.compile(
    r"(values?|quantities|cost|loss|error)( function)? (for|of|at|on)( an?| the| one| each)?"
    r"( single)?( training)? (example|sample|input|instance)s?( \$?(?P<letter>[a-z])\$?)?$",
    re.IGNORECASE,
)
COLUMNS = re.compile(r"columns (are|hold|contain)|(stack|collect)\w* .*(as|in|into) columns")
WORDS_AFTER = re.compile(r"[\s,;(]+(over|averaged|for|where|with|of|on|at) [a-z].*$")
# "average cost of the m examples plus …", as a formula.
AVERAGE = re.compile(
    r"^(the )?(average|mean)( of the)? (costs?|loss(es)?|errors?) (of|over|on) (the |all )*"
    r"(?P<count>[a-zA-Z] )?(training )?(examples|samples)"
    r"(,? (no|without|with no) (regulari[sz]ation|penalty))?(?=$|,? plus )"
)
BATCH_SHAPE = re.compile(r"n_\{?l\}?(,|\\times|x|×)(?P<count>[a-zA-Z])")
ONE_SHAPE = re.compile(r"n_\{?l\}?((,|\\times|x|×)(1|n_\{?l-1\}?))?")
MATES = {"Z": "z", "A": "a", r"\Delta": "δ"}  # matrices of samples, as they are usually called
NAMES = {"delta": "δ", r"\delta": "δ", r"\Delta": "δ", "Delta": "δ", "A": "a", "Z": "z"}
STEPS = re.compile(
    r"(?P<kind>(mini-?batch |stochastic )?gradient descent)( on (?P<cost>[A-Z])(_n|\([^()]*\))?)?"
    r"( with the gradient of (?P<base>[A-Z])_\{?0\}? estimated by (the )?(mean|average) over"
    r" (the )?(\w )?(examples|samples|inputs)( \w)? of a mini-?batch)?"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A notation with what was read, the cost of one sample, and the declarations that are left."""

    notation: Notation
    rest: Said
    cost: sympy.Expr | None = None
    shapes: bool = True  # whether all shapes were understood
    rule: bool = True  # whether the rule of updates was


def read_batch(
    notation: Notation,
    said: Mapping[str, str],
    context: Mapping[str, Any],
    translated: Callable[[s.Display], s.Display] = lambda display: display,
) -> Found:
    """What a page says of several samples, of penalties and of one neuron.

    `translated` turns the book's notation into Nielsen's.
    """
    rest = dict(said)
    local = context.get("local")
    for key, words in (local if isinstance(local, Mapping) else {}).items():
        rest.setdefault(str(key), from_ascii(str(words)))
    notation, rest = _neuron(notation, rest)
    notation, rest = _words(notation, rest)
    notation, shapes = _shapes(notation, context.get("shapes"))
    cost = None
    for key in list(rest):
        found = _total(notation, key, rest[key], translated)
        if found is not None:
            notation, own = found
            cost = own if own is not None else cost
            del rest[key]
    rule = str(context.get("rule", ""))
    named = STEPS.fullmatch(rule)
    if named is not None:
        notation = replace(
            notation, descends=_cost_by(named["cost"] or named["base"] or "C", translated)
        )
    return Found(notation, rest, cost, shapes, named is not None or not rule)


def _cost_by(letter: str, translated: Callable[[s.Display], s.Display]) -> str:
    """A cost of a book by its letter, as Nielsen has it."""
    (node,) = translated(read(letter)).statements
    return node.text if isinstance(node, s.Name) else letter


def for_display(notation: Notation, display: s.Display) -> Notation:
    """The notation as a formula uses it: about one sample, or about several."""
    letters = notation.batch.letters | numbered_inputs(display, notation)
    batch = replace(notation.batch, letters=letters)
    notation = replace(notation, batch=batch)
    if not speaks_of_samples(with_examples(display, notation), notation):
        return replace(notation, batch=replace(batch, columns=frozenset()))
    counts = batch.counts
    if not counts:
        # (1/m) Σ_x: of what else than the samples?
        usual = [x for x in ("m", "n", "N") if _bare(display, x) and x not in notation.scalars]
        counts = frozenset(usual[:1])
    names = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    # Without an m to divide by δ is ∂C/∂Z as it stands, where C is printed or made small.
    of_mean = names & (notation.costs | {notation.rate or r"\eta"})
    slopes = bool(batch.columns) and not names & counts and bool(of_mean)
    return replace(notation, batch=replace(batch, on=True, counts=counts, slopes_of_mean=slopes))


def is_assumed(notation: Notation, display: s.Display) -> bool:
    """Whether what C is of several samples matters, and nobody says it: then it is their mean."""
    batch = notation.batch
    if not batch.on or batch.total or notation.totals:
        return False
    names = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    return any(_bare(display, x) for x in notation.costs) or (
        not names & batch.counts and notation.rate in names
    )


def is_of_all(notation: Notation, display: s.Display) -> bool:
    """Whether C of all samples stands beside quantities of one that is not named."""
    if notation.batch.on or not notation.batch.total:
        return False
    # ∂C/∂w is of all samples; a and δ beside it are of one, and C_0 is C without a penalty.
    given = {k for k, v in notation.letters.items() if v in OF_SAMPLES}
    given |= {notation.target, notation.input}
    names = {x.text for x in s.walk(display) if isinstance(x, s.Name)}
    return bool(given & names) and any(_bare(display, x) for x in notation.costs)


def _bare(display: s.Display, text: str) -> bool:
    """Whether a letter stands without scripts."""
    scripted = {
        id(x.base if isinstance(x, s.Scripted) else x.of)
        for x in s.walk(display)
        if isinstance(x, s.Scripted | s.Sampled)
    }
    return any(
        isinstance(x, s.Name) and x.text == text and id(x) not in scripted for x in s.walk(display)
    )


def from_ascii(text: str) -> str:
    """(lambda/2n) sum w^2 as LaTeX: \\frac{\\lambda}{2n} \\sum w^2."""
    text = re.sub(r"(?<![\\A-Za-z])(alpha|beta|delta|eta|lambda|mu|sigma|sum)\b", r"\\\1", text)
    text = re.sub(r"(\\?\w+)/(\d+[a-z]|[a-z]|\d+)\b", r"\\frac{\1}{\2}", text)
    return re.sub(r"\\sum (?=\|?\\?(w|omega))", r"\\sum_w ", text)


# --- words ---------------------------------------------------------------------------------


def _words(notation: Notation, said: Said) -> tuple[Notation, Said]:
    batch, rest = notation.batch, dict(said)
    costs = notation.costs
    counts: dict[str, bool] = {}
    for key, words in said.items():
        named = COUNT.search(words)
        if named is not None and re.fullmatch(r"[A-Za-z]", key):
            counts[key] = named["batch"] is not None
            if _mentioned_sample(words):
                batch = replace(batch, letters=batch.letters | {_mentioned_sample(words)})
            continue
        items = symbols_of(key)
        if BASE.search(words) and not OF_ONE.search(words):
            if len(items) == 1 and _is_base(items[0]):
                costs |= {_letter(items[0])}
                del rest[key]
            continue
        of_one = OF_ONE.search(words)
        if of_one is not None and items:
            letters = {x for item in items for x in _scripts(item)}
            own = {of_one["letter"]} if of_one["letter"] else letters & batch.letters
            if own and own <= letters:
                batch = replace(batch, letters=batch.letters | own)
                del rest[key]
            continue
        if COLUMNS.search(words) and items:
            held = symbols_of(words[COLUMNS.search(words).end() :])  # type: ignore[union-attr]
            matrices = dict(batch.matrices)
            for at, item in enumerate(items):
                own_ = _letter(held[at]) if len(held) == len(items) else _letter(item)
                quantity = notation.letters.get(own_, NAMES.get(_letter(item), ""))
                if quantity not in ("z", "a", "δ"):
                    break
                matrices[_letter(item)] = quantity
            else:
                # Z beside A: the columns are those of the same samples.
                own = {_letter(x) for k in said for x in symbols_of(k)}
                others = {k: v for k, v in MATES.items() if k not in own}
                batch = replace(batch, matrices={**others, **matrices})
                del rest[key]
    if counts:
        # A mini-batch is what is averaged over, where there is one; else it is the training set.
        chosen = frozenset(k for k, of_batch in counts.items() if of_batch) or frozenset(counts)
        batch = replace(batch, counts=chosen, bounds=chosen)
        notation = replace(notation, scalars=notation.scalars | (set(counts) - chosen))
        rest = {k: v for k, v in rest.items() if k not in counts}
    known = {**notation.letters, **{k: v for k, v in batch.matrices.items() if v != "y"}}
    return replace(notation, batch=batch, costs=costs, letters=known), rest


def _mentioned_sample(words: str) -> str:
    found = re.search(r"(inputs|examples|samples) ([a-z])$", words)
    return found[2] if found else ""


def _letter(node: s.Node) -> str:
    base = node.base if isinstance(node, s.Scripted) else node
    return base.text if isinstance(base, s.Name) else ""


def _is_base(node: s.Node) -> bool:
    return isinstance(node, s.Scripted) and node.sub is not None and digits_of(node.sub) == "0"


def _scripts(node: s.Node) -> set[str]:
    scripts = [x for x in (node.sub, node.sup) if x is not None] if isinstance(
        node, s.Scripted
    ) else []  # fmt: skip
    return {x.text for each in scripts for x in s.walk(each) if isinstance(x, s.Name)}


def _shapes(notation: Notation, said: Any) -> tuple[Notation, bool]:
    """z^l, a^l, δ^l as n_l × m: matrices whose columns are the samples."""
    if said is None:
        return notation, True
    batch, understood = notation.batch, isinstance(said, Mapping)
    for key, shape in (said if isinstance(said, Mapping) else {}).items():
        bare = re.sub(r"[\s()\[\]]", "", str(shape))
        several, one = BATCH_SHAPE.fullmatch(bare), ONE_SHAPE.fullmatch(bare)
        letters = [re.sub(r"[\^_(\[{].*$", "", x.strip()) for x in str(key).split(",")]
        quantities = [NAMES.get(x, notation.letters.get(x, "")) for x in letters]
        if several and all(x in ("z", "a", "δ") for x in quantities):
            upper = {x: q for x, q in zip(letters, quantities, strict=True) if x in ("A", "Z")}
            batch = replace(
                batch,
                columns=batch.columns | set(quantities),
                counts=batch.counts | {several["count"]},
                bounds=batch.counts | {several["count"]},
                matrices={**batch.matrices, **upper},
            )
            notation = replace(notation, letters={**notation.letters, **upper})
        elif not one or "" in quantities:
            understood = False
    return replace(notation, batch=batch), understood


# --- what the cost adds up -----------------------------------------------------------------


def _total(
    notation: Notation, key: str, said: str, translated: Callable[[s.Display], s.Display]
) -> tuple[Notation, sympy.Expr | None] | None:
    """C = (1/m) Σ_x C_x + λ/2n Σ_w w²: means and penalties apart. None if it is no such thing."""
    try:
        keys = translated(read(key)).statements
        display = translated(read(WORDS_AFTER.sub("", _averaged(said)).rstrip(" .")))
    except SymnetError:
        return None
    name = _without_arguments(keys[0]) if len(keys) == 1 else None
    if not isinstance(name, s.Name):
        return None
    if len(display.statements) != 1:
        return None
    (body,) = display.statements
    whole = body
    if not isinstance(whole, s.Additive):
        whole = s.Additive((body,), ("+",), start=body.start, end=body.end)
    terms, signs = [_summand(x) for x in whole.terms], list(whole.signs)
    kept: list[s.Node] = []
    found = None
    for at, (term, sign) in enumerate(zip(terms, signs, strict=True)):
        one = _over_samples(notation, term, sign)
        if one is not None and found is not None:
            return None
        if one is None:
            kept.append(term)
            continue
        found = one
        place: dict[str, Any] = {"start": term.start, "end": term.end}
        base = s.Name(name.text, **place)
        kept.append(s.Scripted(base, s.Number("0", **place), None, **place))
        signs[at] = "+"
    cost = None
    batch = notation.batch
    if found is not None:
        letter, count, kind, cost = found
        counts = batch.counts | ({count} if count else set())
        batch = replace(
            batch, letters=batch.letters | {letter}, counts=counts, bounds=counts, total=kind
        )
    penalised = [x for x in kept if _is_penalty(x, notation)]
    bases = [x for x in kept if x not in penalised]
    if found is None and not penalised and name.text in notation.costs and name.text != key:
        # A cost in the letters of a book, of one sample.
        own = _formula(body, notation)
        return None if own is None else (notation, own)
    if (found is None and not penalised) or len(bases) != 1:
        return None
    costs = notation.costs | {name.text}
    notation = replace(notation, batch=batch, costs=costs)
    if penalised:
        whole = replace(whole, terms=tuple(kept), signs=tuple(signs))
        scalars = notation.scalars | _coefficients(penalised, notation)
        totals = {**notation.totals, name.text: whole}
        notation = replace(notation, totals=totals, scalars=scalars)
        try:
            Elaborator(notation, Layers()).number(whole)
        except (Misfit, Unclear):
            return None
    return notation, cost


def with_usual_penalty(notation: Notation) -> Notation:
    """The mean over the examples with λ/2m Σ w², as where D = Δ/m + (λ/m) Θ is printed."""
    usual = r"\frac{1}{m}\sum_x C_x + \frac{\lambda}{2m}\sum_l \|w^l\|_F^2"
    found = _total(notation, "C", usual, lambda display: display)
    return notation if found is None else found[0]


def _averaged(said: str) -> str:
    """The words for a mean over the examples as a formula."""
    found = AVERAGE.match(said)
    if found is None:
        return said
    rest = re.sub(r"^,? plus ", " + ", said[found.end() :])
    return rf"\frac{{1}}{{{(found['count'] or 'm').strip()}}}\sum_x C_x{rest}"


def _without_arguments(node: s.Node) -> s.Node:
    r"""J of J(\Theta): a cost, whatever it is said to depend on."""
    match node:
        case s.Product(factors=(s.Name() as name, s.Bracketed()), operators=("", "")):
            return name
    return node


def _summand(node: s.Node) -> s.Node:
    """A term of a sum without brackets around it."""
    while isinstance(node, s.Bracketed) and node.open in "([":
        node = node.body
    return node


def _is_penalty(node: s.Node, notation: Notation) -> bool:
    """Whether weights are what stands in a term, and nothing else that has a layer."""
    names = {x.text for x in s.walk(node) if isinstance(x, s.Name)}
    quantities = {notation.letters[x] for x in names if x in notation.letters}
    sums = any(
        is_over_weights(x, notation)
        or isinstance(x, s.Big)
        or (isinstance(x, s.Bracketed) and x.open == "‖")
        for x in s.walk(node)
    )
    return quantities == {"w"} and sums and not names & notation.costs


def _coefficients(nodes: Sequence[s.Node], notation: Notation) -> set[str]:
    """λ and n of λ/2n: letters of a penalty that mean nothing else."""
    names = {x.text for node in nodes for x in s.walk(node) if isinstance(x, s.Name)}
    greek = {x for x in names if x in (r"\lambda", r"\mu", r"\alpha", r"\beta", r"\gamma")}
    sizes = {x for x in names if x in ("n", "m", "N") and x not in notation.batch.counts}
    return greek | sizes


def _over_samples(
    notation: Notation, term: s.Node, sign: str
) -> tuple[str, str, str, sympy.Expr | None] | None:
    """Letter, count, mean or sum, and the cost of one sample, of -(1/n) Σ_x […]."""
    factors = term.factors if isinstance(term, s.Product) else (term,)
    for at, factor in enumerate(factors):
        if not isinstance(factor, s.Big):
            continue
        body = in_a_row(factors[at + 1 :], [""] * (len(factors) - at - 1))
        letter = sample_letter(factor, body, notation)
        first = factor.sub.sides[0] if isinstance(factor.sub, s.Chain) else factor.sub
        one = _cost_of_one(body)
        if letter is None and one is not None and isinstance(first, s.Name):
            # Σ_i C_i says itself what i is.
            letter = first.text if one == first.text else None
        if letter is None:
            return None
        front = _coefficient(factors[:at], notation, factor.sup)
        if front is None:
            return None
        number_, count = front
        kind = "mean" if count else "sum"
        if one is not None:
            return (letter, count, kind, None) if (number_, sign) == (1, "+") else None
        formula = _formula(body, notation)
        if formula is None:
            return None
        return letter, count, kind, formula * number_ * (-1 if sign == "-" else 1)
    return None


def _cost_of_one(body: s.Node) -> str | None:
    r"""x of C_x, i of \mathcal L^{(i)}."""
    match body:
        case s.Scripted(base=s.Name(text="C" | "L" | "J" | "E"), sub=s.Name(text=x), sup=None):
            return x
        case s.Scripted(
            base=s.Name(text="C" | "L" | "J" | "E"),
            sub=None,
            sup=s.Bracketed(body=s.Name(text=x)),
        ):
            return x
        case s.Product(
            factors=(s.Scripted(base=base, sub=s.Number(text="0")), given), operators=("", "")
        ):
            return _cost_of_one(replace(body, factors=(base, given)))
        case s.Product(
            factors=(s.Name(text="C" | "L" | "J" | "E"), s.Bracketed(body=s.Listed(items=items))),
            operators=("", ""),
        ):
            # L(a^{(i)}, y^{(i)}): output and target of one sample.
            found = [_sample_of(item) for item in items]
            return found[0] if len(set(found)) == 1 else None
    return None


def _sample_of(node: s.Node) -> str | None:
    """i of y^{(i)}, a^{i,L} and y_i."""
    if isinstance(node, s.Scripted):
        for script in (node.sup, node.sub):
            parts = script.items if isinstance(script, s.Listed) else (script,)
            inside = parts[0].body if isinstance(parts[0], s.Bracketed) else parts[0]
            if isinstance(inside, s.Name):
                return inside.text
    return None


def _coefficient(
    factors: Sequence[s.Node], notation: Notation, upper: s.Node | None
) -> tuple[sympy.Rational, str] | None:
    """1/(2n) as 1/2 and n."""
    count = ""
    value = sympy.Integer(1)
    named = {upper.text} if isinstance(upper, s.Name) else {"n", "m", "N"}
    for factor in factors:
        match factor:
            case s.Number(text=text):
                value *= sympy.Rational(text)
            case s.Fraction(s.Number(text=above), below):
                value *= sympy.Rational(above)
                parts = below.factors if isinstance(below, s.Product) else (below,)
                for part in parts:
                    if isinstance(part, s.Number):
                        value /= sympy.Rational(part.text)
                    elif (
                        isinstance(part, s.Name)
                        and not count
                        and (part.text in notation.batch.counts | named)
                    ):
                        count = part.text
                    else:
                        return None
            case _:
                return None
    return value, count


def _formula(body: s.Node, notation: Notation) -> sympy.Expr | None:
    """A cost of one sample in a and y: of one neuron, or summed over the outputs."""
    if not notation.neuron:
        return cost_of(replace(notation, batch=replace(notation.batch, on=False)), body)
    plain = replace(
        notation,
        letters={},
        functions={},
        scalars=notation.scalars | {"a", "y"},
        target="",
        neuron="",
    )
    try:
        return _in_a_and_y(Elaborator(plain, Layers()).number(body))
    except (Misfit, Unclear):
        return None


def _in_a_and_y(term: Term) -> sympy.Expr | None:
    match term:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Symbol("a", None, ()):
            return A
        case Symbol("y", None, ()):
            return Y
        case Power(base, exponent):
            inner = _in_a_and_y(base)
            power_ = sympy.Rational(exponent.numerator, exponent.denominator)
            return None if inner is None else inner**power_
        case Apply(function, argument) if function.formula is not None and not function.order:
            inner = _in_a_and_y(argument)
            return None if inner is None else function.formula.subs(ARGUMENT, inner)
        case Product(parts) | Addition(parts):
            several = [_in_a_and_y(x) for x in parts]
            if None in several:
                return None
            return sympy.Mul(*several) if isinstance(term, Product) else sympy.Add(*several)
    return None


# --- one neuron ----------------------------------------------------------------------------


def _neuron(notation: Notation, said: Said) -> tuple[Notation, Said]:
    r"""z: \sum_j w_j x_j + b and a: \sigma(z) are those of a page about one neuron."""
    weighted, rest = said.get("z", ""), dict(said)
    bare = re.sub(r"[\s{}\\]|mathbf|boldsymbol|cdot|left|right|top|T|\^", "", weighted)
    kind = {
        "sum_jw_jx_j+b": "several", "sum_kw_kx_k+b": "several", "sum_iw_ix_i+b": "several",
        "wx+b": "one",
    }.get(bare, "")  # fmt: skip
    if kind == "one" and re.search(r"T|top|cdot|mathbf|boldsymbol", weighted):
        kind = "several"
    if not kind or layer_of_any(said):
        return notation, rest
    del rest["z"]
    output = re.sub(r"[\s{}]", "", rest.get("a", ""))
    if output in (r"\sigma(z)", "σ(z)", "sigma(z)", ""):
        rest.pop("a", None)
    return replace(notation, neuron=kind), rest


def layer_of_any(said: Said) -> bool:
    """Whether anything that is declared has a layer."""
    layers: list[LayerNumber | None] = [
        layer_of(x.sup)
        for key in said
        for item in symbols_of(key)
        for x in s.walk(item)
        if isinstance(x, s.Scripted) and x.sup is not None
    ]
    return any(layers)
