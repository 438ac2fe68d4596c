r"""From another book's notation to Nielsen's: W^{(l)} of UFLDL is w^{l+1}, a_j of Bishop is z_j^l.

A `Rule` is an equation between two symbols in LaTeX: `W^{(l)}` = `w^{l+1}`. Letters of its scripts
that stand on both sides are variables: for a layer, a neuron, a training example. The tree that
comes out keeps the places of the author's text, so that all after this speaks one notation.

>>> from symnet.paper.formula.reader import read
>>> rules = (rule("W^{(l)}", "w^{l+1}"), rule(r"\delta^{(l)}", r"-\delta^l"))
>>> print(s.spell(translated(read(r"(W^{(l-1)})^T \delta^{(2)}_j"), Translation(rules))))
{(w^{l})^{T} ({- \delta_{j}^{2}})}
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import (
    is_transpose,
    layer_and_transpose,
    layer_as_node,
    layer_of,
    mapped,
)
from symnet.term import LayerNumber

KERNEL = frozenset({"w", "W", r"\omega", "b", "z", "a", r"\delta"})
ENTRYWISE = frozenset({r"\odot", r"\circ", r"\bullet", r"\star", ".*", r"\ast"})
VARIABLES = frozenset("zxut")
MATRICES = frozenset({"A", "Z", r"\Delta"})  # whose columns are samples
UNDECLARED = "undeclared "  # begins the name of a letter that a book does not use


@dataclass(frozen=True, slots=True)
class Rule:
    """A symbol of a book and what it is: names before it (d of dZ), its pattern, its meaning."""

    before: tuple[str, ...]
    key: s.Name | s.Scripted
    meaning: s.Node
    variables: frozenset[str]

    @property
    def base(self) -> str:
        """The letter that the rule is about; empty for a key in brackets, (f^l)'."""
        name = self.key.base if isinstance(self.key, s.Scripted) else self.key
        return spelled_out(name) if isinstance(name, s.Name) else ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Several symbols in a row, or a sum, that mean one thing: α_m^T x_i, f_k(x_i)."""

    key: s.Product | s.Additive
    meaning: s.Node
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Translation:
    """All that turns a book's notation into Nielsen's.

    `first` is the number that the book gives the input layer, `last` how it may spell the last one;
    `functions` are names for σ, and `closed` says that letters of Nielsen's without a rule mean
    nothing here. `steps` are letters that count steps of training: w(n) is w. With `right_to_left`
    f' ∘ X stands for diag(f') X, whatever X is. With `row_slopes` dC/dx is a row, though ∂C/∂x is
    a column. `of_samples` says what costs are that are derived
    by a matrix of samples; elsewhere beside such matrices it is not said what they add up.
    """

    rules: tuple[Rule, ...] = ()
    functions: frozenset[str] = frozenset()
    first: int = 1
    last: tuple[str, ...] = ()
    closed: bool = False
    steps: frozenset[str] = frozenset()
    right_to_left: bool = False
    phrases: tuple[Phrase, ...] = ()
    row_slopes: bool = False
    of_samples: tuple[Rule, ...] = ()
    by_name: Mapping[str, tuple[Rule, ...]] = field(init=False)
    bracketed: tuple[Rule, ...] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, tuple[Rule, ...]] = {}
        for each in (x for own in self.rules for x in (own, *_in_letters(own))):
            if each.base:
                found[each.base] = (*found.get(each.base, ()), each)
        object.__setattr__(self, "by_name", found)
        object.__setattr__(self, "bracketed", tuple(x for x in self.rules if not x.base))

    def layer(self, node: s.Node) -> LayerNumber | None:
        """The layer that a script of the book names, as Nielsen numbers it."""
        while isinstance(node, s.Bracketed) and node.open in "([":
            node = node.body
        if s.spell(node) in self.last:
            return LayerNumber("L")
        match node:
            case s.Additive(terms=(one, s.Number(text=text)), signs=("+", sign)) if (
                text.isdigit() and sign in "+-"
            ):
                left = self.layer(one)
                if left is None or not left.name:
                    return None
                return left.shift(int(text) if sign == "+" else -int(text))
        found = layer_of(node)
        return found.shift(1 - self.first) if found is not None and not found.name else found


def rule(key: str, meaning: str) -> Rule:
    """A rule by its two sides in LaTeX. Raises ValueError for a key that is no symbol."""
    (pattern,) = read(key).statements
    (body,) = read(meaning).statements
    before: tuple[str, ...] = ()
    if isinstance(pattern, s.Product):
        *front, pattern = pattern.factors
        if isinstance(pattern, s.Bracketed):  # J(\Theta): on what it depends is read elsewhere
            *front, pattern = front
        if not all(isinstance(x, s.Name) for x in front):
            raise ValueError(f"{key} is no symbol")
        before = tuple(x.text for x in front if isinstance(x, s.Name))
    base = pattern.base if isinstance(pattern, s.Scripted) else pattern
    if not isinstance(pattern, s.Name | s.Scripted) or not isinstance(base, s.Name | s.Bracketed):
        raise ValueError(f"{key} is no symbol")
    inside = {x.text for part in _scripts(body) for x in s.walk(part) if isinstance(x, s.Name)}
    own = {x.text for part in _scripts(pattern) for x in s.walk(part) if isinstance(x, s.Name)}
    return Rule(before, pattern, body, frozenset(inside & own))


def phrase(key: str, meaning: str) -> Phrase:
    """A phrase by its two sides in LaTeX. Raises ValueError for a key that is one symbol."""
    (pattern,) = read(key).statements
    (body,) = read(meaning).statements
    if not isinstance(pattern, s.Product | s.Additive):
        raise ValueError(f"{key} is no phrase")
    inside = {x.text for part in _scripts(body) for x in s.walk(part) if isinstance(x, s.Name)}
    own = {x.text for part in _scripts(pattern) for x in s.walk(part) if isinstance(x, s.Name)}
    return Phrase(pattern, body, frozenset(inside & own))


def _in_letters(own: Rule) -> Iterator[Rule]:
    """net_j as people type it, letter by letter: n e t_j."""
    if len(own.base) < 2 or not own.base.isalpha() or own.before:
        return
    name = own.key.base if isinstance(own.key, s.Scripted) else own.key
    assert isinstance(name, s.Name)
    last = replace(name, text=own.base[-1], style=())
    key = replace(own.key, base=last) if isinstance(own.key, s.Scripted) else last
    yield replace(own, before=tuple(own.base[:-1]), key=key)


def _counted(display: s.Display) -> frozenset[str]:
    """Letters of subscripts, but for those of sizes: l of n_l is a layer."""
    subs = (
        x.sub
        for x in s.walk(display)
        if isinstance(x, s.Scripted) and x.sub is not None
        if not (isinstance(x.base, s.Name) and x.base.text in ("n", "s", "N", "m", "d"))
    )
    return frozenset(x.text for sub in subs for x in s.walk(sub) if isinstance(x, s.Name))


def _scripts(node: s.Node) -> list[s.Node]:
    parts = [x for x in s.walk(node) if isinstance(x, s.Scripted)]
    return [x for part in parts for x in (part.sub, part.sup) if x is not None]


def translated(display: s.Display, by: Translation) -> s.Display:
    """A display in Nielsen's notation, at the places of the author's text."""
    bare = frozenset(
        x.text for x in s.walk(display) if isinstance(x, s.Name) and spelled_out(x) == x.text
    )
    batched = bool(by.of_samples) and any(
        isinstance(x, s.Name) and _is_matrix(x, by) for x in s.walk(display)
    )
    if _is_of_functions(display, by):
        by = replace(by, closed=False, rules=(), of_samples=())
    found = _Translator(by, bare, batched, _counted(display), _layered(display, by)).node(display)
    assert isinstance(found, s.Display)
    return found


def _layered(display: s.Display, by: Translation) -> frozenset[str]:
    """The letters that stand for layers above a book's symbols."""
    found = set()
    for node in s.walk(display):
        match node:
            case s.Scripted(base=s.Name() as base, sup=sup) if sup is not None:
                layer_node, _ = _layer_and_transpose(sup)
                if spelled_out(base) in by.by_name and layer_node is not None:
                    layer = by.layer(layer_node)
                    found |= {layer.name} if layer is not None and layer.name else set()
    return frozenset(found - {"L"})


@dataclass(frozen=True, slots=True)
class _Translator:
    by: Translation
    bare: frozenset[str]  # letters that stand somewhere without decorations
    batched: bool = False  # whether matrices of samples are named
    counted: frozenset[str] = frozenset()  # letters that count neurons
    layered: frozenset[str] = frozenset()  # letters that count layers

    def node(self, node: s.Node) -> s.Node:
        match node:
            case s.Big(sub=s.Chain(sides=(s.Name(text=letter), *_)) as below, sup=above) if (
                self.by.first != 1 and letter in self.layered and self._is_end(above)
            ):
                # A sum or a product over layers counts them as the book does.
                end = self._shifted(above) if isinstance(above, s.Number) else above
                return replace(node, sub=self._shifted(below), sup=end)
            case s.Display(statements=statements):
                made = tuple(self._statement(x) for x in statements)
                return replace(node, statements=made)
            case s.Fraction() if _is_derivative(node):
                found = self._of_samples(node)
                if found is not None:
                    return found
                slope = _by_difference(mapped(node, self._after_d))
                return _transposed(slope) if self.by.row_slopes and _is_of_cost(node) else slope
            case s.Additive():
                for each in self.by.phrases:
                    bound: dict[str, s.Node] = {}
                    if isinstance(each.key, s.Additive) and self._fits_sum(each, node, bound):
                        return self._filled(each.meaning, bound, node)
            case s.Product():
                return self._product(node)
            case s.Big(sup=s.Name(text="L") as last):
                # The last layer, even where L with scripts is a loss.
                big = self.node(replace(node, sup=None))
                return replace(big, sup=last) if isinstance(big, s.Big) else big
            case s.Name() | s.Scripted():
                return self._symbol(node)
        return mapped(node, self.node)

    def _is_end(self, node: s.Node | None) -> bool:
        """Whether a limit is a layer: a number, L, L-1."""
        layer = self.by.layer(node) if node is not None else None
        return layer is not None and layer.name in ("", "L")

    def _shifted(self, node: s.Node) -> s.Node:
        """Numbers that stand alone, as Nielsen numbers layers."""
        if isinstance(node, s.Number) and node.text.isdigit():
            return replace(node, text=str(int(node.text) + 1 - self.by.first))
        return node if isinstance(node, s.Additive) else mapped(node, self._shifted)

    def _statement(self, node: s.Node) -> s.Node:
        """Numbers of layers are shifted where a statement speaks of nothing else: l = 1, …, L."""
        shift = 1 - self.by.first
        names = {spelled_out(x) for x in s.walk(node) if isinstance(x, s.Name)}
        if names == {"L"} and isinstance(node, s.Name | s.Additive):
            return node  # the end of a range
        known = self.by.by_name.keys() | self.by.functions | self.counted
        layered = (names - {"L"}) & known
        if not shift or layered or not isinstance(node, s.Chain | s.Number):
            return self.node(node)

        def shifted(part: s.Node) -> s.Node:
            if isinstance(part, s.Number) and part.text.isdigit():
                return replace(part, text=str(int(part.text) + shift))
            return part if isinstance(part, s.Additive) else mapped(part, shifted)

        return shifted(node) if _is_range(node) else self.node(node)

    def _of_samples(self, node: s.Fraction) -> s.Node | None:
        """The derivative of all samples' losses by a matrix that has them as columns."""
        if not self.batched:
            return None
        match node.above, node.below:
            case s.Product(factors=(sign, s.Name() as of)), s.Product(factors=(_, by)):
                base = by.base if isinstance(by, s.Scripted) else by
                if not isinstance(base, s.Name) or not _is_matrix(base, self.by):
                    return None
                for each in self.by.of_samples:
                    if each.base == spelled_out(of):
                        made = replace(node, above=sign, below=self._after_d(node.below))
                        total = self._filled(each.meaning, {}, of)
                        place: dict[str, Any] = {"start": node.start, "end": node.end}
                        inside = total.body if isinstance(total, s.Bracketed) else total
                        factors = inside.factors if isinstance(inside, s.Product) else (inside,)
                        return s.Product((made, *factors), ("",) * (len(factors) + 1), **place)
        return None

    def _after_d(self, node: s.Node) -> s.Node:
        """Above and below of a derivative: the d in front is its sign, not a part of a name."""
        if not isinstance(node, s.Product):
            return self.node(node)
        first, *rest = node.factors
        made = self._factors(rest, list(node.operators[1:]))
        return replace(
            node,
            factors=(first, *(x for x, _ in made)),
            operators=(node.operators[0], *(x for _, x in made)),
        )

    def _product(self, node: s.Product) -> s.Node:
        node = _with_quotients(node)
        made = self._factors(list(node.factors), list(node.operators))
        if len(made) == 1:
            return made[0][0]
        return replace(node, factors=tuple(x for x, _ in made), operators=tuple(x for _, x in made))

    def _factors(
        self, factors: Sequence[s.Node], operators: Sequence[str]
    ) -> list[tuple[s.Node, str]]:
        """Factors with names of several letters put together: d Z^{[l]} is one symbol."""
        made: list[tuple[s.Node, str]] = []
        at = 0
        while at < len(factors):
            if made and self._is_step(factors[at], operators[at]):
                at += 1
                continue
            power = self._step_raised(factors[at], operators[at])
            if made and power is not None:
                before, sign = made[-1]
                place: dict[str, Any] = {"start": before.start, "end": factors[at].end}
                made[-1] = (
                    s.Scripted(s.Bracketed("(", before, ")", **place), None, power, **place),
                    sign,
                )
                at += 1
                continue
            joined = self._phrase(factors, operators, at) or self._joined(factors, operators, at)
            if joined is not None:
                found, end = joined
                made.append((found, operators[at]))
                at = end
                continue
            found = self.node(factors[at])
            operator = operators[at]
            if self.by.right_to_left and made and operator in ENTRYWISE:
                before = factors[at - 1]
                if any(self._fits(x.key, before, x.variables, {}) for x in self.by.bracketed):
                    made[-1] = _diagonal(made[-1][0]), made[-1][1]
                    operator = r"\cdot"
                elif _is_bracketed(factors[at]) and _begins_a_row(factors[0]):
                    found, operator = _diagonal(found), r"\cdot"  # X ∘ f' of a row X
            made.append((found, operator))
            at += 1
        return made

    def _is_step(self, node: s.Node, operator: str) -> bool:
        """The (n) of w(n)."""
        return (
            not operator
            and isinstance(node, s.Bracketed)
            and isinstance(node.body, s.Name)
            and node.body.text in self.by.steps
        )

    def _step_raised(self, node: s.Node, operator: str) -> s.Node | None:
        """The 2 of y(n)^2."""
        match node:
            case s.Scripted(base=base, sub=None, sup=sup, primes=0) if self._is_step(
                base, operator
            ):
                return sup
        return None

    def _fits_sum(self, each: Phrase, node: s.Additive, bound: dict[str, s.Node]) -> bool:
        key = each.key
        return (
            isinstance(key, s.Additive)
            and key.signs == node.signs
            and all(
                self._fits(x, y, each.variables, bound)
                for x, y in zip(key.terms, node.terms, strict=True)
            )
        )

    def _phrase(
        self, factors: Sequence[s.Node], operators: Sequence[str], at: int
    ) -> tuple[s.Node, int] | None:
        """The phrase that begins at a factor, and where it ends."""
        for each in self.by.phrases:
            if not isinstance(each.key, s.Product):
                continue
            end = at + len(each.key.factors)
            bound: dict[str, s.Node] = {}
            if (
                end <= len(factors)
                and not any(x.strip() not in ("", r"\cdot") for x in operators[at + 1 : end])
                and all(
                    self._fits(x, y, each.variables, bound)
                    for x, y in zip(each.key.factors, factors[at:end], strict=True)
                )
            ):
                place: dict[str, Any] = {"start": factors[at].start, "end": factors[end - 1].end}
                return self._filled(each.meaning, bound, s.Name("", **place)), end
        return None

    def _joined(
        self, factors: Sequence[s.Node], operators: Sequence[str], at: int
    ) -> tuple[s.Node, int] | None:
        names: list[str] = []
        place = at
        while place < len(factors) and (place == at or not operators[place]):
            node = factors[place]
            base = node.base if isinstance(node, s.Scripted) else node
            if not isinstance(base, s.Name):
                return None
            if isinstance(node, s.Name | s.Scripted):
                for each in self.by.by_name.get(spelled_out(base), ()):
                    if each.before and each.before == tuple(names):
                        found = self._by_rule(each, replace(node, start=factors[at].start))
                        if found is not None:
                            return found, place + 1
            if isinstance(node, s.Scripted):
                return None
            names.append(base.text)
            place += 1
        return None

    def _symbol(self, node: s.Name | s.Scripted) -> s.Node:
        base = node.base if isinstance(node, s.Scripted) else node
        if not isinstance(base, s.Name):
            for each in self.by.bracketed:
                bound: dict[str, s.Node] = {}
                if self._fits(each.key, node, each.variables, bound):
                    return self._filled(each.meaning, bound, node)
            return mapped(node, self.node)
        if s.spell(node) in self.by.last:
            return s.Name("L", start=node.start, end=node.end)
        spelled = spelled_out(base)
        if spelled in self.by.functions:
            return self._function(node, base)
        own = spelled
        bare = self.batched and not isinstance(node, s.Scripted)
        if bare and any(each.base == spelled for each in self.by.of_samples):
            return s.Name(f"{UNDECLARED}{spelled}", start=base.start, end=base.end)
        if spelled not in self.by.by_name and base.text not in self.bare:
            own = (
                base.text
            )  # a decoration that nobody declares, where the bare letter stands nowhere
        # [l] is no (i): where a book has both, brackets say which is meant.
        # The t of net_t is no symbol by itself.
        known = [x for x in self.by.by_name.get(own, ()) if not x.before]
        for each in sorted(known, key=lambda x: _is_bracketed_otherwise(x.key, node)):
            found = self._by_rule(each, node)
            if found is not None:
                return found
        if spelled != "n" and (
            (known and own == spelled) or (self.by.closed and spelled in KERNEL)
        ):
            strange = s.Name(f"{UNDECLARED}{spelled}", start=base.start, end=base.end)
            return replace(node, base=strange) if isinstance(node, s.Scripted) else strange
        return mapped(node, self.node)

    def _function(self, node: s.Name | s.Scripted, base: s.Name) -> s.Node:
        r"""g^{[l]\prime} and φ_j': σ of a layer; a neuron's own function is that of its layer."""
        sigma = replace(base, text=r"\sigma", style=())
        if isinstance(node, s.Name):
            return sigma
        raised: s.Node | None = None
        if node.sup is not None:
            layer = self.by.layer(node.sup)
            if layer is None:
                return mapped(replace(node, base=sigma), self.node)
            # In brackets a number is the layer, and no power.
            at = {"start": node.sup.start, "end": node.sup.end}
            raised = s.Bracketed("[", layer_as_node(layer, node.sup), "]", **at)
        if raised is None and not node.primes:
            return sigma
        return replace(node, base=sigma, sub=None, sup=raised)

    def _by_rule(self, each: Rule, node: s.Name | s.Scripted) -> s.Node | None:
        """What a symbol is by a rule; None if it does not fit."""
        key = each.key
        wanted_sub = key.sub if isinstance(key, s.Scripted) else None
        wanted_sup = key.sup if isinstance(key, s.Scripted) else None
        sub = node.sub if isinstance(node, s.Scripted) else None
        sup = node.sup if isinstance(node, s.Scripted) else None
        primes = node.primes if isinstance(node, s.Scripted) else 0
        bound: dict[str, s.Node] = {}
        over: s.Node | None = sup  # what is raised beyond the pattern: a transpose, a power
        if wanted_sup is not None:
            after, sup = _power_after(sup)
            layer, transposed = _layer_and_transpose(sup)
            if layer is not None and self._is_of_another(each, wanted_sup, layer):
                return None
            if layer is None or not self._fits(wanted_sup, layer, each.variables, bound):
                return None
            number = isinstance(layer, s.Number) and isinstance(wanted_sup, s.Bracketed)
            if number and self._has_no_layer(each):
                return None  # z_j^2 is a square, where z_j is a symbol and z_j^{(2)} another
            over = s.Name("T", start=layer.end, end=layer.end) if transposed else after
        rest: s.Node | None = None
        if wanted_sub is None:
            rest = sub
        elif sub is None or not self._fits_sub(wanted_sub, sub, each.variables, bound):
            return None
        found = self._filled(each.meaning, bound, node)
        if rest is not None:
            added = _with_sub(found, self.node(rest))
            if added is None:
                return None
            found = added
        if over is None and not primes:
            return found
        if isinstance(over, s.Bracketed) and self._is_of_step(over.body):
            # w^{(r+1)} as w(r+1): a step of training is no layer.
            if isinstance(over.body, s.Name):
                return found
            return s.Product((found, over), ("", ""), start=node.start, end=node.end)
        if over is None and isinstance(found, s.Scripted) and _is_sigma(found.base):
            return replace(found, primes=primes)
        if isinstance(found, s.Scripted | s.Additive | s.Product):
            found = s.Bracketed("(", found, ")", start=node.start, end=node.end)
        place: dict[str, Any] = {"start": node.start, "end": node.end}
        return s.Scripted(found, None, over and self.node(over), primes, **place)

    def _is_of_step(self, node: s.Node) -> bool:
        """r, r+1."""
        first = node.terms[0] if isinstance(node, s.Additive) else node
        return isinstance(first, s.Name) and first.text in self.by.steps

    def _has_no_layer(self, each: Rule) -> bool:
        """Whether the symbol of a rule is also one without anything raised."""
        key = each.key
        return any(
            isinstance(x.key, s.Name if not isinstance(key, s.Scripted) or key.sub is None
                       else s.Scripted)
            and (not isinstance(x.key, s.Scripted) or x.key.sup is None)
            for x in self.by.by_name.get(each.base, ())
        )  # fmt: skip

    def _is_of_another(self, each: Rule, pattern: s.Node, node: s.Node) -> bool:
        """Whether [l] is no (i): where a book has both, one counts layers, the other samples."""
        if not (isinstance(pattern, s.Bracketed) and isinstance(node, s.Bracketed)):
            return False
        if pattern.open == node.open:
            return False
        others = (x.key.sup for x in self.by.by_name[each.base] if isinstance(x.key, s.Scripted))
        return any(isinstance(x, s.Bracketed) and x.open == node.open for x in others)

    def _fits(
        self, pattern: s.Node, node: s.Node, variables: frozenset[str], bound: dict[str, s.Node]
    ) -> bool:
        """Whether a script is that of a pattern, up to its variables: (i) is no [l]."""
        both = isinstance(pattern, s.Bracketed) and isinstance(node, s.Bracketed)
        if both and pattern.open != node.open:  # type: ignore[union-attr]
            return False
        pattern, node = _bare(pattern), _bare(node)
        match pattern:
            case s.Name(text=text) if text in variables:
                return s.spell(bound.setdefault(text, node)) == s.spell(node)
            case s.Name():
                return isinstance(node, s.Name) and spelled_out(pattern) == spelled_out(node)
            case s.Product(factors=parts) | s.Listed(items=parts):
                others = (
                    node.factors
                    if isinstance(node, s.Product)
                    else node.items if isinstance(node, s.Listed) else ()
                )  # fmt: skip
                return len(parts) == len(others) and all(
                    self._fits(x, y, variables, bound) for x, y in zip(parts, others, strict=True)
                )
            case s.Scripted(base=base, sub=sub, sup=sup, primes=primes):
                return (
                    isinstance(node, s.Scripted)
                    and node.primes == primes
                    and self._fits(base, node.base, variables, bound)
                    and self._fits_if(sub, node.sub, variables, bound)
                    and self._fits_if(sup, node.sup, variables, bound)
                )
        return s.spell(pattern) == s.spell(node)

    def _fits_if(
        self,
        pattern: s.Node | None,
        node: s.Node | None,
        variables: frozenset[str],
        bound: dict[str, s.Node],
    ) -> bool:
        if pattern is None or node is None:
            return pattern is node
        return self._fits(pattern, node, variables, bound)

    def _fits_sub(
        self, pattern: s.Node, node: s.Node, variables: frozenset[str], bound: dict[str, s.Node]
    ) -> bool:
        if isinstance(node, s.Number) and len(node.text) > 1 and isinstance(pattern, s.Product):
            # w_{12} has two subscripts where w_{jk} has.
            place: dict[str, Any] = {"start": node.start, "end": node.end}
            digits = tuple(s.Number(x, **place) for x in node.text)
            node = s.Product(digits, ("",) * len(digits), **place)
        return self._fits(pattern, node, variables, bound)

    def _filled(
        self, meaning: s.Node, bound: Mapping[str, s.Node], node: s.Name | s.Scripted | s.Additive
    ) -> s.Node:
        """The meaning with its variables put in, at the place of the symbol."""
        place: dict[str, Any] = {"start": node.start, "end": node.end}

        def filled(part: s.Node, raised: bool = False) -> s.Node:
            match part:
                case s.Name(text=text) if text in bound:
                    return bound[text]
                case s.Scripted(base=s.Name(text="n"), sub=size, sup=None) if size is not None:
                    new = self._raised(size, bound)
                    return replace(part, sub=filled(size) if new is None else new, **place)
                case s.Scripted(sup=sup) if sup is not None:
                    new = self._raised(sup, bound)
                    inside = mapped(replace(part, sup=None, **place), filled)
                    assert isinstance(inside, s.Scripted)
                    return replace(inside, sup=new if new is not None else filled(sup))
            return mapped(replace(part, **place), filled)

        found = filled(meaning)
        return (
            s.Bracketed("(", found, ")", **place)
            if isinstance(found, s.Additive | s.Product)
            else found
        )

    def _raised(self, sup: s.Node, bound: Mapping[str, s.Node]) -> s.Node | None:
        """l+1 of the meaning, where l is what the symbol has: one layer, worked out.

        Of several things that are raised the layer is the last: i, l.
        """
        if isinstance(sup, s.Listed):
            last = self._raised(sup.items[-1], bound)
            rest = tuple(bound.get(x.text, x) if isinstance(x, s.Name) else x for x in sup.items)
            rest = tuple(_bare(x) for x in rest[:-1])
            return None if last is None else replace(sup, items=(*rest, last))
        layer = layer_of(sup)
        if layer is None or not layer.name or layer.name not in bound:
            return None
        own = bound[layer.name]
        if isinstance(own, s.Name) and own.text == r"\ell" and not layer.offset:
            return own  # it may count units, as l does elsewhere
        here = self.by.layer(own)
        return None if here is None else layer_as_node(here.shift(layer.offset), own)


def _layer_and_transpose(sup: s.Node | None) -> tuple[s.Node | None, bool]:
    match sup:
        case s.Scripted(base=base, sub=None, sup=raised, primes=0) if (
            raised is not None and is_transpose(raised)
        ):
            return base, True
    return layer_and_transpose(sup)


def _power_after(sup: s.Node | None) -> tuple[s.Node | None, s.Node | None]:
    """A^{[1]2}, a^{[l](i)T}: what stands behind brackets, and what is left without it."""
    match sup:
        case s.Product(factors=(*front, last)) if not any(sup.operators):
            raised = isinstance(last, s.Number) or is_transpose(last)
            if raised and all(isinstance(x, s.Bracketed) for x in front):
                rest = replace(sup, factors=tuple(front), operators=("",) * len(front))
                return last, rest if len(front) > 1 else front[0]
    return None, sup


def _by_difference(node: s.Node) -> s.Node:
    """∂X/∂(y_j - a_j) is -∂X/∂a_j: what is desired does not change."""
    match node:
        case s.Fraction(
            below=s.Product(
                factors=(
                    d,
                    s.Bracketed(
                        body=s.Additive(
                            terms=(
                                s.Scripted(base=s.Name(text="y")),
                                s.Scripted(base=s.Name(text="a")) as by,
                            ),
                            signs=("+", "-"),
                        )
                    ),
                )
            ) as below
        ):
            place: dict[str, Any] = {"start": node.start, "end": node.end}
            slope = replace(node, below=replace(below, factors=(d, by)))
            return s.Bracketed("(", s.Additive((slope,), ("-",), **place), ")", **place)
    return node


def _begins_a_row(node: s.Node) -> bool:
    """Whether a product begins with a row: dC/da^L, (δ^{l+1})^T, and not with (W^l)^T or ∇C."""
    if isinstance(node, s.Fraction):
        return _is_of_cost(node)
    sup = node.sup if isinstance(node, s.Scripted) else None
    _, transposed = _layer_and_transpose(sup)
    names = [x.text for x in s.walk(node) if isinstance(x, s.Name)]
    return transposed and not set(names) & {"W", "w"}


def _is_bracketed(node: s.Node) -> bool:
    """(f^l)' and the like."""
    return isinstance(node, s.Scripted) and isinstance(node.base, s.Bracketed) and node.primes > 0


def _is_of_cost(node: s.Fraction) -> bool:
    """dC/dx, with a plain d: a total derivative of what has one letter and no scripts."""
    match node:
        case s.Fraction(
            above=s.Product(factors=(s.Name(text="d"), s.Name())),
            below=s.Product(factors=(s.Name(text="d"), *_)),
        ):
            return True
    return False


def _transposed(node: s.Node) -> s.Node:
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    return s.Scripted(s.Bracketed("(", node, ")", **place), None, s.Name("T", **place), **place)


def _with_quotients(node: s.Product) -> s.Product:
    """dy/dx in a row as a fraction."""
    factors, operators = list(node.factors), list(node.operators)
    for at in range(len(factors) - 3):
        if (
            all(isinstance(x, s.Name) and x.text == "d" for x in (factors[at], factors[at + 2]))
            and not any(isinstance(factors[k], s.Big | s.Fraction) for k in (at + 1, at + 3))
            and (operators[at + 1], operators[at + 2], operators[at + 3]) == ("", "/", "")
        ):
            place: dict[str, Any] = {"start": factors[at].start, "end": factors[at + 3].end}
            above, below = (
                s.Product((one, other), ("", ""), start=one.start, end=other.end)
                for one, other in (factors[at : at + 2], factors[at + 2 : at + 4])
            )
            factors[at : at + 4] = [s.Fraction(above, below, **place)]
            operators[at + 1 : at + 4] = []
            return _with_quotients(
                replace(node, factors=tuple(factors), operators=tuple(operators))
            )
    return node


def _is_sigma(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == r"\sigma"


def _diagonal(node: s.Node) -> s.Node:
    place: dict[str, Any] = {"start": node.start, "end": node.end}
    inside = node if isinstance(node, s.Bracketed) else s.Bracketed("(", node, ")", **place)
    return s.Product((s.Name("diag", **place), inside), ("", ""), **place)


def _with_sub(node: s.Node, sub: s.Node) -> s.Node | None:
    """-δ^l with a subscript: -δ_j^l. None where it is not said which entry is meant."""
    match node:
        case s.Name():
            return s.Scripted(node, sub, start=node.start, end=node.end)
        case s.Scripted(base=s.Name(), sub=None):
            return replace(node, sub=sub)
        case s.Bracketed(body=body):
            inside = _with_sub(body, sub)
            return None if inside is None else replace(node, body=inside)
        case s.Additive(terms=(one,)):
            inside = _with_sub(one, sub)
            return None if inside is None else replace(node, terms=(inside,))
    return None


def _is_bracketed_otherwise(one: s.Node, other: s.Node) -> bool:
    """Whether what is raised begins with another bracket: a^{(i)} and a^{[l]}."""
    first, second = _raised_bracket(one), _raised_bracket(other)
    return bool(first and second) and first != second


def _raised_bracket(node: s.Node) -> str:
    sup = node.sup if isinstance(node, s.Scripted) else None
    while isinstance(sup, s.Product | s.Scripted):
        sup = sup.factors[0] if isinstance(sup, s.Product) else sup.base
    return sup.open if isinstance(sup, s.Bracketed) else ""


def _bare(node: s.Node) -> s.Node:
    while isinstance(node, s.Bracketed) and node.open in "([":
        node = node.body
    return node


def _is_derivative(node: s.Fraction) -> bool:
    """Whether above and below begin with the sign of a derivative."""

    def begins(part: s.Node) -> bool:
        first = part.factors[0] if isinstance(part, s.Product) else part
        first = first.base if isinstance(first, s.Scripted) else first
        return isinstance(first, s.Name) and first.text in ("d", r"\partial")

    return begins(node.above) and begins(node.below)


def _is_matrix(name: s.Name, by: Translation) -> bool:
    """Whether a letter is one of a matrix that has the samples as columns."""
    for each in by.by_name.get(spelled_out(name), ()):
        meant = each.meaning.base if isinstance(each.meaning, s.Scripted) else each.meaning
        if isinstance(meant, s.Name) and meant.text in MATRICES and not each.before:
            return True
    return False


def _is_of_functions(display: s.Display, by: Translation) -> bool:
    """f'(z) = f(z)(1 - f(z)): a formula about functions at any number."""
    called = False
    for node in s.walk(display):
        if isinstance(node, s.Scripted) and not isinstance(node.base, s.Bracketed):
            name = node.base
            known = isinstance(name, s.Name) and name.text in by.functions
            if node.sub is not None or not (known or isinstance(node.sup, s.Number)):
                return False
        if isinstance(node, s.Name):
            called = called or node.text in by.functions
            if node.text not in by.functions | VARIABLES | {"d", "e"} and len(node.text) < 2:
                return False
            if node.text.startswith("\\"):
                return False
    return called


def _is_range(node: s.Node) -> bool:
    """l = 2, 1 ≤ l ≤ L: a letter and numbers."""
    parts = node.sides if isinstance(node, s.Chain) else (node,)
    return all(
        isinstance(x, s.Name | s.Number | s.Additive | s.Dots | s.Listed | s.Bracketed)
        for x in parts
    )
