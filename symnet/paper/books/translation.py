r"""From another book's notation to Nielsen's: W^{(l)} of UFLDL is w^{l+1}, a_j of Bishop is z_j^l.

The tree that comes out keeps the places of the author's text, so that all after this speaks one
notation.

>>> from symnet.paper.books.rules import rule
>>> from symnet.paper.formula.reader import read
>>> rules = (rule("W^{(l)}", "w^{l+1}"), rule(r"\delta^{(l)}", r"-\delta^l"))
>>> print(s.spell(translated(read(r"(W^{(l-1)})^T \delta^{(2)}_j"), Translation(rules))))
{(w^{l})^{T} ({- \delta_{j}^{2}})}
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from symnet.paper.books.fitting import filled_in, fits, fits_sub, fits_sum
from symnet.paper.books.rules import Rule, Translation
from symnet.paper.books.slopes import (
    begins_a_row,
    by_difference,
    diagonal,
    is_bracketed,
    is_derivative,
    is_of_cost,
    layer_under_transpose,
    turned,
    with_quotients,
)
from symnet.paper.formula import syntax as s
from symnet.paper.signs.function_names import is_of_a_layer
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import is_transpose, layer_as_node, mapped

KERNEL = frozenset({"w", "W", r"\omega", "b", "z", "a", r"\delta"})
ENTRYWISE = frozenset({r"\odot", r"\circ", r"\bullet", r"\star", ".*", r"\ast"})
VARIABLES = frozenset("zxut")
MATRICES = frozenset({"A", "Z", r"\Delta"})  # whose columns are samples
UNDECLARED = "undeclared "  # begins the name of a letter that a book does not use


def _counted(display: s.Display) -> frozenset[str]:
    """Letters of subscripts, but for those of sizes: l of n_l is a layer."""
    subs = (
        x.sub
        for x in s.walk(display)
        if isinstance(x, s.Scripted) and x.sub is not None
        if not (isinstance(x.base, s.Name) and x.base.text in ("n", "s", "N", "m", "d"))
    )
    return frozenset(x.text for sub in subs for x in s.walk(sub) if isinstance(x, s.Name))


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
                layer_node, _ = layer_under_transpose(sup)
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
            case s.Fraction() if is_derivative(node):
                found = self._of_samples(node)
                if found is not None:
                    return found
                slope = by_difference(mapped(node, self._after_d))
                return turned(slope) if self.by.row_slopes and is_of_cost(node) else slope
            case s.Additive():
                for each in self.by.phrases:
                    bound: dict[str, s.Node] = {}
                    if isinstance(each.key, s.Additive) and fits_sum(each, node, bound):
                        return filled_in(each.meaning, bound, node, self.by)
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
                        total = filled_in(each.meaning, {}, of, self.by)
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
        node = with_quotients(node)
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
                if any(fits(x.key, before, x.variables, {}) for x in self.by.bracketed):
                    made[-1] = diagonal(made[-1][0]), made[-1][1]
                    operator = r"\cdot"
                elif is_bracketed(factors[at]) and begins_a_row(factors[0]):
                    found, operator = diagonal(found), r"\cdot"  # X ∘ f' of a row X
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
                    fits(x, y, each.variables, bound)
                    for x, y in zip(each.key.factors, factors[at:end], strict=True)
                )
            ):
                place: dict[str, Any] = {"start": factors[at].start, "end": factors[end - 1].end}
                return filled_in(each.meaning, bound, s.Name("", **place), self.by), end
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
                if fits(each.key, node, each.variables, bound):
                    return filled_in(each.meaning, bound, node, self.by)
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
        if isinstance(node.sup, s.Number) and len(base.text) > 1 and base.text[0] != "\\":
            return node  # tanh^2 is a square; the function of a layer is f^{[2]}
        raised: s.Node | None = None
        lowered = node.sub if node.sup is None and is_of_a_layer(node.sub) else None
        if lowered is not None:
            node = replace(node, sub=None, sup=lowered)
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
            layer, transposed = layer_under_transpose(sup)
            if layer is not None and self._is_of_another(each, wanted_sup, layer):
                return None
            if layer is None or not fits(wanted_sup, layer, each.variables, bound):
                return None
            number = isinstance(layer, s.Number) and isinstance(wanted_sup, s.Bracketed)
            if number and self._has_no_layer(each):
                return None  # z_j^2 is a square, where z_j is a symbol and z_j^{(2)} another
            over = s.Name("T", start=layer.end, end=layer.end) if transposed else after
        rest: s.Node | None = None
        if wanted_sub is None:
            rest = sub
        elif sub is None or not fits_sub(wanted_sub, sub, each.variables, bound):
            return None
        found = filled_in(each.meaning, bound, node, self.by)
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


def _power_after(sup: s.Node | None) -> tuple[s.Node | None, s.Node | None]:
    """A^{[1]2}, a^{[l](i)T}: what stands behind brackets, and what is left without it."""
    match sup:
        case s.Product(factors=(*front, last)) if not any(sup.operators):
            raised = isinstance(last, s.Number) or is_transpose(last)
            if raised and all(isinstance(x, s.Bracketed) for x in front):
                rest = replace(sup, factors=tuple(front), operators=("",) * len(front))
                return last, rest if len(front) > 1 else front[0]
    return None, sup


def _is_sigma(node: s.Node) -> bool:
    return isinstance(node, s.Name) and node.text == r"\sigma"


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


def _is_matrix(name: s.Name, by: Translation) -> bool:
    """Whether a letter is one of a matrix that has the samples as columns."""
    for each in by.by_name.get(spelled_out(name), ()):
        meant = each.meaning.base if isinstance(each.meaning, s.Scripted) else each.meaning
        if isinstance(meant, s.Name) and meant.text in MATRICES and not each.before:
            return True
    return False


def _has_rule(node: s.Scripted, by: Translation) -> bool:
    return isinstance(node.base, s.Name) and spelled_out(node.base) in by.by_name


def _is_of_functions(display: s.Display, by: Translation) -> bool:
    """f'(z) = f(z)(1 - f(z)): a formula about functions at any number."""
    called = False
    for node in s.walk(display):
        if isinstance(node, s.Scripted) and not isinstance(node.base, s.Bracketed):
            name = node.base
            known = isinstance(name, s.Name) and name.text in by.functions
            if node.sub is not None or not (known or isinstance(node.sup, s.Number)):
                return False
            if not known and by.first != 1 and _has_rule(node, by):
                return False  # z^1 is a quantity of the first layer here, and no power
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
