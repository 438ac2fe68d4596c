"""Total derivatives through a dense network, by its defining equations for a general layer.

    z_j^l = Σ_k w_jk^l a_k^{l-1} + b_j^l        a_j^l = σ(z_j^l)        C = Σ_j c(a_j^L, y_j)

What is mentioned spans a window of layers. ∂u/∂v goes through what lies between. C, and a^L or z^L
seen from a layer l, depend on v through the highest quantity u of the window alone, so that
∂C/∂v = Σ_p ∂C/∂u_p ∂u_p/∂v with a symbol for ∂C/∂u_p. How to differentiate a term whose symbols do
not depend on each other is the caller's business: each judge brings a `Derivative` of its own.

Where there are several samples, all but w and b has the sample as its last index. Samples do not
know of each other: ∂a_js/∂a_kt is [s=t] times what it is in sample s.

>>> from symnet.calculus.meaning import derivative
>>> claimed = Partial(n.z(n.l, "j"), n.a(n.l.shift(-1), "k"))
>>> spell(Worked(window([claimed], n.L, None), derivative).of(claimed))
'Σ_p:nl-1(wl[j:nl,p:nl-1]·[p:nl-1=k:nl-1])'
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.functions import SGN
from symnet.term import (
    ZERO,
    Apply,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Partial,
    ScalarFunction,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    free_indices,
    fresh,
    map_children,
    mentions,
    mul,
    number,
    rename,
    spell,
    walk,
)

Derivative = Callable[[Term, Symbol], Term]
QUANTITIES = ("a", "z")
PARAMETERS = ("w", "b")
FIRST = 3  # the level of the input a^1, below which there is nothing
BY = "∂/∂"  # in the names of symbols that stand for a derivative


class GiveUpError(SymnetError):
    """Something that cannot be worked out from the window alone."""


def level(symbol: Symbol) -> int:
    """Where a quantity stands in the order of computation; w and b enter right below their z."""
    assert symbol.layer is not None
    place = {"z": 0, "δ": 0, "a": 1, "w": -1, "b": -1}[symbol.name]
    return 2 * symbol.layer.offset + place


def placed(symbol: Symbol) -> bool:
    """Whether a symbol is one of the network's that belongs to a layer."""
    return symbol.layer is not None and symbol.name in (*QUANTITIES, *PARAMETERS, "δ")


@dataclass(frozen=True, slots=True)
class Window:
    """The layers that a claim mentions, by the name of their number: l, L, or none.

    `top` has the quantity, a or z of the highest layer, through which all above depends on the
    window, `bottom` the level below which nothing is unfolded. `last` is the output layer; `output`
    is its function where that is another, and with `per_layer` each layer has one of its own. `far`
    are the z^L and a^L whose derivatives by layers of a name are mentioned. `coupled` is the
    equation of a^L where each a depends on all z.
    """

    top: dict[str, tuple[str, LayerNumber]]
    bottom: dict[str, int]
    last: LayerNumber
    cost: Term | None
    output: str = ""
    per_layer: bool = False
    far: frozenset[tuple[str, str]] = frozenset()
    bias: bool = True
    coupled: Equation | None = None

    def activation(self, layer: LayerNumber) -> ScalarFunction:
        """The function of a layer."""
        if self.output and layer == self.last:
            if self.coupled is not None:
                raise GiveUpError("the function of the last layer is one of all its neurons")
            return ScalarFunction(self.output, None)
        _, highest = self.top[layer.name]
        if self.output and layer.name != self.last.name and layer.offset >= highest.offset:
            raise GiveUpError(f"layer {layer} may be the last, which has its own activation")
        return ScalarFunction(f"σ^{layer}" if self.per_layer else "σ", None)

    def right_side(self, symbol: Symbol) -> Term:
        """What z or a of a layer is, by its equation."""
        layer = symbol.layer
        assert layer is not None
        if symbol.name == "a" and self.coupled is not None and layer == self.last:
            own = n.at_sample(symbol, None).indices
            right = rename(self.coupled.right, dict(zip(self.coupled.indices, own, strict=True)))
            return at_sample(right, n.sample_of(symbol))
        if symbol.name == "a":
            return Apply(self.activation(layer), Symbol("z", layer, symbol.indices))
        equation = equations.weighted_input(layer)
        bare = n.at_sample(symbol, None).indices
        right = rename(equation.right, dict(zip(equation.indices, bare, strict=True)))
        return at_sample(right if self.bias else _without_bias(right), n.sample_of(symbol))

    def cost_of(self, symbol: Symbol) -> Term:
        """What C is, of the sample that a symbol belongs to."""
        assert self.cost is not None
        return at_sample(apart(self.cost, frozenset(symbol.indices)), n.sample_of(symbol))


def at_sample(term: Term, sample: Index | None) -> Term:
    """An equation of one sample at a sample: all but w and b is what it is there."""
    if sample is None:
        return term

    def go(part: Term) -> Term:
        if isinstance(part, Symbol):
            shared = part.name in PARAMETERS or not part.indices
            return part if shared else n.at_sample(part, sample)
        return map_children(part, go)

    return go(apart(term, frozenset((sample,))))


def _without_bias(term: Term) -> Term:
    """z = Σ_k w_jk a_k, where the weights of a constant 1 are the biases."""
    if isinstance(term, Symbol):
        return ZERO if term.name == "b" else term
    return map_children(term, _without_bias)


def window(
    terms: Iterable[Term],
    last: LayerNumber,
    cost: Term | None,
    output: str = "",
    *,
    per_layer: bool = False,
    bias: bool = True,
    coupled: Equation | None = None,
) -> Window:
    """The window of the layers that terms mention."""
    terms = list(terms)
    _check_samples(terms)
    symbols = [x for term in terms for x in walk(term) if isinstance(x, Symbol) and placed(x)]
    highest: dict[str, tuple[str, LayerNumber]] = {}
    bottom: dict[str, int] = {}
    for symbol in symbols:
        layer = symbol.layer
        assert layer is not None
        if layer.name == last.name and layer.offset > last.offset:
            raise GiveUpError(f"there is no layer {layer}")
        if not layer.name and level(symbol) < FIRST:
            raise GiveUpError(f"there is no layer {layer}")
        bottom[layer.name] = min(level(symbol), bottom.get(layer.name, level(symbol)))
        known = highest.get(layer.name)
        if known is None or known[1].offset < layer.offset:
            highest[layer.name] = "z", layer
    derivatives = [x for term in terms for x in walk(term) if isinstance(x, Partial)]
    through_a = {x.by.layer for x in derivatives if x.by.name == "a"}
    for name, (_, layer) in highest.items():
        if layer == last or layer in through_a:
            highest[name] = "a", layer
    far = frozenset(
        (x.of.name, x.by.layer.name)
        for x in derivatives
        if isinstance(x.of, Symbol) and x.of.layer == last and x.by.layer is not None
    )
    return Window(highest, bottom, last, cost, output, per_layer, far, bias, coupled)


def _check_samples(terms: Iterable[Term]) -> None:
    """Either there is one sample, or every quantity says of which it is."""
    kept = {n.sample_of(x) is None for x in of_samples(terms)}
    if len(kept) > 1:
        raise GiveUpError("quantities of one sample and of several stand side by side")


@dataclass(frozen=True, slots=True)
class Worked:
    """Terms of a window with their derivatives worked out by one judge's `derivative`."""

    window: Window
    derivative: Derivative

    def of(self, term: Term) -> Term:
        """The term without derivatives: what is not known has a symbol of its own."""
        return self._with_cost(self._worked(term))

    def _with_cost(self, term: Term) -> Term:
        """The formula of the cost where C stands."""
        if self.window.cost is None:
            return term
        if isinstance(term, Symbol) and n.is_cost(term):
            return self.window.cost_of(term)
        return map_children(term, self._with_cost)

    def _worked(self, term: Term) -> Term:
        match term:
            case Symbol("δ", layer, indices) if layer is not None:
                weighted = Symbol("z", layer, indices)
                return self.cost_by(n.at_sample(n.COST, n.sample_of(weighted)), weighted)
            case Apply(ScalarFunction("σ", None, layer, order), argument) if layer is not None:
                function = replace(self.window.activation(layer), order=order)
                return Apply(function, self._worked(argument))
            case Partial(_, _, True):
                raise GiveUpError(f"{spell(term)} is no derivative through the network")
            case Partial(of, by, _):
                if by.name in ("C", "δ") or (by.layer is not None and not placed(by)):
                    raise GiveUpError(f"a derivative by {spell(by)}")
                if isinstance(of, Symbol) and n.is_cost(of):
                    return self.cost_by(of, by)
                return self.total(self._worked(of), by)
            case _:
                return map_children(term, self._worked)

    # --- what depends on what --------------------------------------------------------------

    def cost_by(self, cost: Symbol, v: Symbol) -> Term:
        """∂C/∂v = Σ_p ∂C/∂u_p ∂u_p/∂v."""
        if self.window.cost is not None and (v.name == "y" or v.layer == self.window.last):
            return self.total(self.window.cost_of(cost), v)
        if not placed(v):
            raise GiveUpError(f"how C depends on {spell(v)} is not known")
        return self.through(cost, v)

    def through(self, of: Symbol, v: Symbol) -> Term:
        """∂F/∂v of an F that depends on what is below it through the top of v's window."""
        own, other = n.sample_of(of), n.sample_of(v)
        if own is not None and other is not None and own != other:
            return mul(Delta(own, other), self.through(of, n.at_sample(v, own)))
        head, layer = self.head(of, v)
        p = fresh(n.neurons(layer), free_indices(v) | free_indices(of))
        u = n.at_sample(Symbol(head, layer, (p,)), own)
        if (v.name, v.layer) == (head, layer):
            return self.by_head(of, v)
        return Sum(p, mul(self.by_head(of, u), self.total(u, v)))

    def head(self, of: Symbol, v: Symbol) -> tuple[str, LayerNumber]:
        assert v.layer is not None
        head, layer = self.window.top[v.layer.name]
        if of.name == "z" and (v.name, v.layer) != ("a", layer):
            # z^L is above z^l, but above a^l only where l < L.
            head = "z"
        elif of.name == "z":
            head = "a"
        return head, layer

    def by_head(self, of: Symbol, u: Symbol) -> Term:
        """∂F/∂u_p: from the formula of the cost, through z^L or a^L, or a symbol."""
        assert u.layer is not None
        last, name = self.window.last, u.layer.name
        if name != last.name and n.is_cost(of) and self.window.far & {("a", name), ("z", name)}:
            q = fresh(n.neurons(last), free_indices(u))
            output = n.at_sample(Symbol("a", last, (q,)), n.sample_of(of))
            return Sum(q, mul(self.by_head(of, output), self.by_head(output, u)))
        if name != last.name and (of.name, u.name) == ("a", "z") and ("z", name) in self.window.far:
            if self.window.coupled is not None:
                q = fresh(n.neurons(last), free_indices(u) | free_indices(of))
                z = n.at_sample(Symbol("z", last, (q,)), n.sample_of(of))
                inside = apart(self.window.right_side(of), free_indices(u) | {q})
                return Sum(q, mul(self.derivative(inside, z), self.by_head(z, u)))
            slope = replace(self.window.activation(last), order=1)
            weighted = Symbol("z", last, of.indices)
            return mul(Apply(slope, weighted), self.by_head(weighted, u))
        if n.is_cost(of) and self.window.cost is not None and u.layer == last:
            return self.derivative(apart(self.window.cost_of(of), free_indices(u)), u)
        symbol = f"{of.name}{of.layer or ''}{BY}{u.name}"
        return Symbol(symbol, u.layer, (*n.at_sample(of, None).indices, *u.indices))

    # --- derivatives -----------------------------------------------------------------------

    def total(self, of: Term, v: Symbol) -> Term:
        """∂of/∂v of a term without derivatives, with all that depends on v."""
        kinds = kinds_of_symbols(of)
        if v.layer is None:
            # What a symbol without an equation enters, nobody says; but y enters C alone.
            strangers = [s for s in kinds if n.is_cost(s) or BY in s.name or placed(s)]
            if v.name == "y":
                strangers = [s for s in strangers if not placed(s)]
            if kinds and not strangers and v.name != "y" and not mentions(of, v):
                strangers = kinds
            if strangers:
                raise GiveUpError(f"how {spell(strangers[0])} depends on {spell(v)} is not known")
            return self.derivative(apart(of, free_indices(v)), v)
        known = [s for s in kinds if n.is_cost(s) or BY in s.name or placed(s) or not s.indices]
        if kinds and not known:
            raise GiveUpError(f"how {spell(kinds[0])} depends on {spell(v)} is not known")
        if isinstance(of, Symbol) and self.far(of, v):
            return self.through(of, v)
        if isinstance(of, Symbol) and self.between(of, v):
            return self.total(self.window.right_side(of), v)
        parts = [self.derivative(apart(of, free_indices(v)), v)]
        for kind in kinds:
            parts += self.indirect(of, kind, v)
        return add(*parts)

    def indirect(self, of: Term, kind: Symbol, v: Symbol) -> list[Term]:
        """What `of` owes to v through symbols of a kind: Σ_q ∂of/∂s_q ∂s_q/∂v."""
        assert v.layer is not None
        if placed(kind):
            near = kind.layer is not None and kind.layer.name == v.layer.name
            other = kind.name in PARAMETERS and kind.name != v.name
            if other or (near and not self.between(kind, v)):
                return []
        elif BY not in kind.name and not n.is_cost(kind) and not n.is_penalty(kind):
            return []
        taken = free_indices(of) | free_indices(v)
        own: list[Index] = []
        for index in kind.indices:
            own.append(fresh(index.axis, taken))
            taken |= {own[-1]}
        s = Symbol(kind.name, kind.layer, tuple(own))
        outer = self.derivative(apart(of, taken), s)
        if outer == ZERO:
            return []
        inner = self.total(s, v) if self.between(s, v) else self.opaque_by(s, v)
        term = mul(outer, inner)
        for index in reversed(own):
            term = Sum(index, term)
        return [term]

    def between(self, s: Symbol, v: Symbol) -> bool:
        """Whether s is an a or z above v, at a known distance."""
        if s.name not in QUANTITIES or s.layer is None or v.layer is None:
            return False
        return s.layer.name == v.layer.name and level(s) > level(v)

    def opaque_by(self, s: Symbol, v: Symbol) -> Term:
        """∂s/∂v of a symbol that is C, a quantity of layer L, or a derivative."""
        assert v.layer is not None
        if n.is_cost(s):
            return self.cost_by(s, v)
        if n.is_penalty(s):
            return _penalty_by(s, v)
        if self.far(s, v):
            return self.through(s, v)
        of, by, head = s.name.partition(BY)
        same = s.layer is not None and s.layer.name == v.layer.name
        if (
            by
            and of == n.COST.name
            and head in QUANTITIES
            and (same or s.layer == self.window.last)
        ):
            # ∂²C/∂u_p∂u_q has the same value for p, q and q, p: written as x_pq + x_qp.
            (p,) = n.at_sample(s, None).indices
            q = fresh(p.axis, free_indices(s) | free_indices(v))
            sample = n.sample_of(s)
            u = n.at_sample(Symbol(head, s.layer, (q,)), sample)
            second = f"{of}{BY}{head}{BY}{head}"
            both = (
                n.at_sample(Symbol(second, s.layer, (p, q)), sample),
                n.at_sample(Symbol(second, s.layer, (q, p)), sample),
            )
            inner = self.total(u, v) if same else self.through(u, v)
            return Sum(q, mul(add(*both), inner))
        raise GiveUpError(f"how {spell(s)} depends on {spell(v)} is not known")

    def far(self, s: Symbol, v: Symbol) -> bool:
        """Whether s is a or z of layer L, seen from a layer at no known distance."""
        at_last = s.name in QUANTITIES and s.layer == self.window.last
        return at_last and v.layer is not None and v.layer.name != self.window.last.name

    def unfold(self, term: Term, name: str, down_to: int) -> Term:
        """z and a of the layers with a name, put in by their equations down to a level."""
        if isinstance(term, Symbol):
            known = term.layer is not None and term.layer.name == name
            if not known or term.name not in QUANTITIES or level(term) <= down_to:
                return term
            return self.unfold(self.window.right_side(term), name, down_to)
        return map_children(term, lambda part: self.unfold(part, name, down_to))

    def by_name(self, term: Term) -> Term:
        """a put in as σ(z) where z is mentioned too, and each z left as it is."""
        symbols = kinds_of_symbols(term)
        weighted = {s.layer for s in symbols if s.name == "z"}

        def go(part: Term) -> Term:
            if isinstance(part, Symbol) and part.name == "a" and part.layer in weighted:
                return self.window.right_side(part)
            return map_children(part, go)

        return go(term) if weighted else term

    def opened(self, term: Term) -> Term:
        """a^L put in by a formula that couples neurons: Σ_j a_j^L = 1 says nothing of a alone."""

        def go(part: Term) -> Term:
            if isinstance(part, Symbol) and (part.name, part.layer) == ("a", self.window.last):
                return self.window.right_side(part)
            return map_children(part, go)

        return go(term)

    def to_bottom(self, term: Term) -> Term:
        """z and a put in down to the lowest that is mentioned of each group of layers."""
        for name, down_to in self.window.bottom.items():
            term = self.unfold(term, name, down_to)
        return term


def of_samples(terms: Iterable[Term]) -> Iterator[Symbol]:
    """The symbols in terms that are another in every sample."""
    for term in terms:
        for x in walk(term):
            if not isinstance(x, Symbol):
                continue
            quantity = placed(x) and x.name not in PARAMETERS
            if quantity or n.is_cost(x) or (x.name in ("x", "y") and x.indices):
                yield x


def _penalty_by(penalty: Symbol, v: Symbol) -> Term:
    """∂Σw²/∂w_jk^l = 2 w_jk^l, ∂Σ|w|/∂w_jk^l = sgn w_jk^l; nothing else enters."""
    if v.name != "w":
        return ZERO
    if penalty == n.SQUARES:
        return mul(number(2), v)
    # By the name that formulas have while one derives.
    return Apply(ScalarFunction(f"<{SGN}>", None), v)


def symbols_in(term: Term) -> list[Symbol]:
    """All symbols that stand in a term."""
    return [x for x in walk(term) if isinstance(x, Symbol)]


def kinds_of_symbols(term: Term) -> list[Symbol]:
    """One symbol of each name and layer that stand in a term."""
    return list({(x.name, x.layer): x for x in symbols_in(term)}.values())
