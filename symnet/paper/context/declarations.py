"""What a page declares: symbols in LaTeX or in words, read into the notation.

LaTeX is read as LaTeX, words as far as they name something known (`WORDS`); what could not be read
is kept as an assumption.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy

from symnet.errors import SymnetError
from symnet.network import notation as n
from symnet.network.functions import ACTIVATIONS, A, Y
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.elaboration import Elaborator
from symnet.paper.meaning.formulas_of_one import as_formula
from symnet.paper.meaning.reading import Layers
from symnet.paper.signs.indicators import in_one_way
from symnet.paper.signs.notation import Family, Notation, spelled_out
from symnet.paper.signs.scripts import layer_of, subscripts
from symnet.term import (
    ARGUMENT,
    Addition,
    Apply,
    Index,
    LayerNumber,
    Number,
    Power,
    Product,
    Sum,
    Symbol,
    Term,
)

_CDF = (1 + sympy.erf(ARGUMENT / sympy.sqrt(2))) / 2
_PDF = sympy.exp(-(ARGUMENT**2) / 2) / sympy.sqrt(2 * sympy.pi)


@dataclass(frozen=True, slots=True)
class Declarations:
    """A notation with what a page declares, and what of it was taken as said or not understood."""

    notation: Notation
    assumptions: tuple[str, ...] = ()


COMMANDS = re.compile(r"\\[A-Za-z]+")


def with_declarations(notation: Notation, declared: Mapping[str, str]) -> Declarations:
    """What a page declares, symbol by symbol."""
    waiting = {str(key): str(said) for key, said in declared.items()}
    while waiting:
        later = {}
        for key, said in waiting.items():
            changed = _declared(notation, key, said)
            if changed is None:
                later[key] = said
            else:
                notation = changed
        if len(later) == len(waiting):
            break
        # A formula may use what is declared after it.
        waiting = later
    else:
        return Declarations(notation)
    names = {name for key in waiting for name in names_of(key)}
    # λ that only stands in a formula that was not read may well be declared there.
    names |= {x for said in waiting.values() for x in COMMANDS.findall(said)}
    notation = replace(notation, unread=notation.unread | names)
    return Declarations(notation, tuple(f"{key}: {said}" for key, said in waiting.items()))


def names_of(key: str) -> set[str]:
    """The letters that a declaration is about."""
    try:
        display = read(key)
    except SymnetError:
        return set(re.findall(r"\\?[A-Za-z]+", key))
    return {node.text for node in s.walk(display) if isinstance(node, s.Name)}


def is_prose(text: str) -> bool:
    """Whether something is said in words: two of three letters and more, or one long one alone."""
    if re.fullmatch(r"[A-Za-z]{5,}", text.strip()):
        return True
    text = re.sub(r"\\(begin|end)\{[a-z*]+\}", " ", text)
    bare = re.sub(r"\\(text|mathrm|operatorname)\{[^}]*\}|\\[A-Za-z]+", " ", text)
    return len(re.findall(r"[A-Za-z]{3,}", bare)) >= 2 or text.strip().lower() in _SINGLE


_SINGLE = {"transpose", "logistic", "sigmoid", "vector", "scalar", "constant", "softmax"}


def _declared(notation: Notation, key: str, said: str) -> Notation | None:
    try:
        read_key = read(key)
    except SymnetError:
        read_key = None
    keys = items_of(read_key) if read_key is not None else []
    meant: Sequence[s.Node | None] = keys or [None]
    if not is_prose(said):
        return _defined(notation, keys, said)
    for words, change in WORDS:
        if re.search(words, said, re.IGNORECASE):
            for each in meant:
                changed = change(notation, each, key)
                if changed is None:
                    break
                notation = changed
            else:
                return _of_length(notation, keys, said)
    return None


def _of_length(notation: Notation, keys: list[s.Node], said: str) -> Notation | None:
    """u: a vector of length n_l. Its axis is that of the neurons of the layer."""
    named = re.search(r"\bn_(\{[^{}]*\}|\w)|\bn\^(\{[^{}]*\}|\w)", said)
    names = [x.text for x in keys if isinstance(x, s.Name) and x.text in notation.vectors]
    if named is None or not names:
        return notation
    try:
        (layer,) = read((named[1] or named[2]).strip("{}")).statements
    except (SymnetError, ValueError):
        return None
    return replace(notation, lengths={**notation.lengths, **dict.fromkeys(names, layer)})


def symbols_of(key: str) -> list[s.Node]:
    """The symbols that a key lists; none if it cannot be read."""
    try:
        return items_of(read(key))
    except SymnetError:
        return []


def items_of(display: s.Display) -> list[s.Node]:
    """The symbols of a key: several may be parted by commas."""
    found: list[s.Node] = []
    for statement in display.statements:
        found += statement.items if isinstance(statement, s.Listed) else [statement]
    return found


def _defined(notation: Notation, keys: list[s.Node], said: str) -> Notation | None:
    """x := a^1, α := 0.8, f(x) := x σ(x)."""
    plain, _, _ = said.partition(" for ")
    try:
        value = in_one_way(read(plain), notation)
    except SymnetError:
        return None
    if len(value.statements) != 1 or len(keys) != 1:
        return None
    (body,) = value.statements
    match keys[0]:
        case s.Product(
            factors=(s.Name() as name, s.Bracketed(open="(", body=s.Listed(items=items))),
            operators=("", ""),
        ) if all(isinstance(x, s.Name) for x in items) and name.text not in notation.letters:
            # l(y, ŷ): what it depends on is no factor, wherever it is named.
            return replace(
                notation,
                aliases={**notation.aliases, spelled_out(name): body},
                costs=notation.costs | {name.text},
            )
        case s.Name(text=text) if text in notation.letters:
            return None
        case s.Name(text=text) if notation.is_cost(keys[0]):
            formula = cost_of(notation, body)
            return None if formula is None else replace(notation, cost=formula)
        case s.Name(text=text):
            if isinstance(body, s.Number):
                return replace(
                    notation, constants={**notation.constants, text: Fraction(body.text)}
                )
            if text == notation.input and _is_input(body):
                return notation
            if isinstance(body, s.Name) and notation.function(body.text) is not None:
                own = notation.function(body.text)
                assert own is not None
                if notation.function(text) == "σ":
                    formula = notation.formula(own)
                    return None if formula is None else _with_sigma(notation, text, formula)
                return replace(notation, functions={**notation.functions, text: own})
            spelled = spelled_out(keys[0])
            return replace(notation, aliases={**notation.aliases, spelled: body})
        case s.Scripted(base=s.Name() as base, primes=0) as key:
            return with_family(notation, base, key, body)
        case s.Product(
            factors=(s.Name(text=text), s.Bracketed(body=s.Name(text=variable))),
            operators=("", ""),
        ):
            return _with_function(notation, text, variable, body)
    return None


def with_family(notation: Notation, base: s.Name, key: s.Scripted, body: s.Node) -> Notation | None:
    """D^l := diag(σ'(z^l)): for every layer, and every neuron that its subscripts name."""
    if notation.has_layers(base) or notation.is_cost(base) or notation.function(base.text):
        return None
    layer = layer_of(key.sup) if key.sup is not None else LayerNumber("", 0)
    letters = [x.text for x in subscripts(key.sub) or ()] if key.sub is not None else []
    if layer is None or layer.offset or (key.sup is not None and not layer.name):
        return None
    if key.sub is not None and (not letters or not all(x.isalpha() for x in letters)):
        return None
    family = Family(layer.name, tuple(letters), body)
    return replace(notation, families={**notation.families, spelled_out(base): family})


def _is_input(body: s.Node) -> bool:
    match body:
        case s.Scripted(base=s.Name(text="a"), sub=None, sup=sup) if sup is not None:
            inside = sup.body if isinstance(sup, s.Bracketed) else sup
            return isinstance(inside, s.Number) and inside.text == "1"
    return False


def formula_of(notation: Notation, variable: str, body: s.Node) -> sympy.Expr | None:
    """An expression in one variable as a formula; None if there is more in it."""
    plain = replace(notation, letters={}, scalars=notation.scalars | {variable})
    return as_formula(Elaborator(plain, Layers()).number(body), variable)


def _with_function(notation: Notation, text: str, variable: str, body: s.Node) -> Notation | None:
    """A function by its formula: it is elaborated where it is used, by `definition`."""
    try:
        formula = formula_of(notation, variable, body)
    except SymnetError:
        return None
    if formula is None:
        # With parameters beside the variable it is put in where it is used.
        written = {**notation.written, text: (variable, body)}
        return replace(notation, functions={**notation.functions, text: text}, written=written)
    if notation.function(text) == "σ":
        return _with_sigma(notation, text, formula)
    return replace(
        notation,
        functions={**notation.functions, text: text},
        formulas={**notation.formulas, text: formula},
    )


def _with_sigma(notation: Notation, text: str, formula: sympy.Expr) -> Notation:
    """The network's own σ, by its formula."""
    return replace(
        notation,
        functions={**notation.functions, text: "σ"},
        formulas={**notation.formulas, "σ": formula},
    )


def cost_of(notation: Notation, body: s.Node) -> sympy.Expr | None:
    """C as a sum over the outputs of a formula in a_j^L and y_j; None if it is no such sum."""
    try:
        return _summed(Elaborator(notation, Layers()).number(body))
    except SymnetError:
        return None


def _summed(term: Term) -> sympy.Expr | None:
    match term:
        case Sum(index, inside) if index.axis == n.neurons(n.L):
            return _in_a_and_y(inside, index)
        case Product(factors):
            numbers = [x for x in factors if isinstance(x, Number)]
            rest = [x for x in factors if not isinstance(x, Number)]
            inner = _summed(rest[0]) if len(rest) == 1 else None
            return None if inner is None else sympy.Mul(*map(_rational, numbers), inner)
        case Addition(terms):
            several = [_summed(x) for x in terms]
            return None if None in several else sympy.Add(*several)
    return None


def _rational(value: Number) -> sympy.Rational:
    return sympy.Rational(value.value.numerator, value.value.denominator)


def _in_a_and_y(term: Term, index: Index) -> sympy.Expr | None:
    match term:
        case Number():
            return _rational(term)
        case Symbol("a", layer, (own,)) if layer == n.L and own == index:
            return A
        case Symbol("y", None, (own,)) if own == index:
            return Y
        case Power(base, exponent):
            inner = _in_a_and_y(base, index)
            power = sympy.Rational(exponent.numerator, exponent.denominator)
            return None if inner is None else inner**power
        case Apply(function, argument) if function.formula is not None and not function.order:
            inner = _in_a_and_y(argument, index)
            return None if inner is None else function.formula.subs(ARGUMENT, inner)
        case Product(parts) | Addition(parts):
            several = [_in_a_and_y(x, index) for x in parts]
            if None in several:
                return None
            return sympy.Mul(*several) if isinstance(term, Product) else sympy.Add(*several)
    return None


# --- words ---------------------------------------------------------------------------------

Change = Callable[[Notation, s.Node | None, str], Notation | None]


def _name(node: s.Node | None) -> str | None:
    return node.text if isinstance(node, s.Name) else None


def _operators(key: str) -> list[str]:
    return re.findall(r"\\(?:otimes|odot|circ|star|bullet|cdot|times|ast)\b|\.\*|\*", key)


def _entrywise(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    signs = _operators(key)
    if r"\otimes" in signs:
        return replace(notation, otimes="entrywise")
    return replace(notation, entrywise=notation.entrywise | set(signs)) if signs else None


def _otimes(kind: str) -> Change:
    def change(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
        return replace(notation, otimes=kind) if r"\otimes" in _operators(key) else None

    return change


def _function(formula: sympy.Expr) -> Change:
    def change(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
        name = _name(node)
        if name is None:
            return None
        own = "σ" if name == r"\sigma" else name
        return replace(
            notation,
            functions={**notation.functions, name: own},
            formulas={**notation.formulas, own: formula},
        )

    return change


def _constant(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    """A letter that is a constant here, though w, b, z and a are quantities elsewhere."""
    name = _name(node)
    if name is None:
        return None
    letters = {k: v for k, v in notation.letters.items() if k != name}
    own = f"constant {name}" if name in notation.letters else name
    place = {"start": node.start, "end": node.end} if node is not None else {}
    aliases = {**notation.aliases, name: s.Name(own, (), **place)}
    return replace(
        notation,
        letters=letters,
        scalars=notation.scalars | {own},
        aliases=aliases if own != name else notation.aliases,
    )


def _scalar(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    match node:
        case s.Name(text=text) if text not in notation.letters:
            return replace(notation, scalars=notation.scalars | {text})
    return notation if node is not None and not isinstance(node, s.Name) else None


def _rate(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    changed = _scalar(notation, node, key)
    name = _name(node)
    if changed is None or name is None:
        return None
    return replace(changed, rate=name, positive=changed.positive | {name})


def _vector(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = _name(node)
    if name is None or name in notation.letters:
        return notation if name is not None else None
    # "s, t: vectors of equal length": one axis for all letters of a key.
    return replace(notation, vectors={**notation.vectors, name: f"length of {key}"})


def _parameters(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = _name(node)
    if name is None or node is None:
        return None
    return replace(
        notation,
        vectors={**notation.vectors, name: "parameters"},
        changed=(*notation.changed, node),
    )


def _iteration(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = _name(node)
    return None if name is None else replace(notation, iterations=notation.iterations | {name})


def _diagonal(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    """Σ'(z): the diagonal matrix of σ'."""
    for part in s.walk(node) if node is not None else ():
        if isinstance(part, s.Name) and part.text not in notation.letters:
            return replace(
                notation,
                functions={**notation.functions, part.text: "σ"},
                diagonals=notation.diagonals | {part.text},
            )
    return None


def _changed(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    """dW^l: a small change of W^l."""
    match node:
        case s.Product(factors=(s.Name(), of), operators=("", "")):
            return replace(notation, changed=(*notation.changed, of))
    return None


def _all_changed(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    """Δa_j^L without a word on all others: a^L as a whole changes."""
    match node:
        case s.Product(factors=(s.Name(), s.Scripted() as of), operators=("", "")):
            return replace(notation, changed=(*notation.changed, replace(of, sub=None)))
    return _changed(notation, node, key)


def _kronecker(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    match node:
        case s.Scripted(base=s.Name(text=r"\delta")):
            return replace(notation, kronecker=True)
    return None


def _identity(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    return notation if _name(node) == "I" else None


def _cost(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = _name(node)
    return None if name is None else replace(notation, costs=notation.costs | {name})


def _slice(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    """w_{:,k}, said to be a column: that is how it is read."""
    return notation if ":" in key or r"\cdot" in key else None


def _first_order(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    return replace(notation, first_order=True) if "approx" in key else notation


def _is_softmax(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = _name(node)
    if name is None:
        return None
    return replace(notation, functions={**notation.functions, name: "softmax"})


def _denied(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    return None


def _one_hot(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = node.base if isinstance(node, s.Scripted) else node
    target = isinstance(name, s.Name) and name.text in (notation.target, "t")
    return replace(notation, one_hot=notation.one_hot or target)


def _normalised(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    name = node.base if isinstance(node, s.Scripted) else node
    targets = (notation.target, "t")
    known = isinstance(name, s.Name) and name.text in targets and not name.style
    return replace(notation, normalised=True) if known else None


def _rows(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    return replace(notation, rows=True)


def _as_it_is(notation: Notation, node: s.Node | None, key: str) -> Notation | None:
    return notation


# Words, in the order in which they are looked for, and what they change.
WORDS: tuple[tuple[str, Change], ...] = (
    (r"^(the )?soft-?max( function| activation)?$", _is_softmax),
    (r"\bnot\b.*(one.?hot|sum|normali[sz]|probabilit)", _denied),
    (r"one.?hot", _one_hot),
    (r"sums? to (one|1)\b|probabilit|distribution over", _normalised),
    (
        r"(class|label) (number|index)|(number|index) of the (\w+ )?(class|label)"
        r"|^(the )?(correct|true|desired|target) (class|label)",
        _as_it_is,
    ),
    (r"^(the )?(vector of )?(logits|scores|class scores)$", _vector),
    (r"kronecker product", _otimes("kronecker")),
    (r"outer product", _otimes("outer")),
    (r"(entry|element|component).?wise|hadamard", _entrywise),
    (r"on (its|the) diagonal|diagonal matrix", _diagonal),
    (r"change .*(in|by) (one|a|each|every) (step|update)|^(one |a )?(step|update)$", _as_it_is),
    (r"change.*(else|other).*fixed", _changed),
    (
        r"(infinitesimal|small|arbitrary) change|differential of|^(the )?change (of|in)",
        _all_changed,
    ),
    (r"kronecker('s)? (delta|symbol)", _kronecker),
    (r"vector of ones|all.?ones", _as_it_is),
    (r"identity", _identity),
    (r"vector of (all )?parameters|parameter vector", _parameters),
    (r"learning rate|step size", _rate),
    (r"iteration|step number|time step", _iteration),
    (r"normal (cdf|distribution function|cumulative)", _function(_CDF)),
    (r"normal (pdf|density)", _function(_PDF)),
    (r"logistic|sigmoid", _function(ACTIVATIONS["sigmoid"].formula)),
    (r"vectors? of|column vectors?$|^vectors?\b", _vector),
    (r"first order", _first_order),
    (r"^(the )?column \w+ of", _slice),
    (r"derivative of|gradient of|transpose|stacks|left to right|first order", _as_it_is),
    (r"as a row|row vector|\brow \w+ of|\w+-?th row", _rows),
    (
        r"weights? (in)?to|as a column|\bcolumn \w+ of|\w+-?th column"
        r"|number of (units|neurons)|\ba\^\{?\(?1|input",
        _as_it_is,
    ),
    (r"^(the )?(cost|loss|error|objective)( function)?( C)?( of one (sample|example))?$", _cost),
    (r"^(an? |the )?(positive |fixed )*(constant|slope|gain|scale)( parameter)?$", _constant),
    (r"coefficient|constant|parameter|number", _scalar),
)
