"""What a script has to compute: the quantities of both sides, and what they are derived by."""

from collections.abc import Callable
from dataclasses import dataclass, field

from symnet.network import notation as n
from symnet.paper.rerun.formulas import UnsayableError
from symnet.term import Axis, Partial, Symbol, Term, children

# The names of the network's quantities in the script, and how many indices each has.
QUANTITIES = {"w": ("W", 2), "b": ("b", 1), "z": ("z", 1), "a": ("a", 1), "δ": ("delta", 1)}
STATE = ("z", "a", "C", "W", "b", "y")  # what forward() may return, in this order

Key = tuple[str, int | None]  # of a symbol that is not the network's: its name and its layer


def quantity(symbol: Symbol) -> str | None:
    """What a quantity of the network is called in the script; None for any other symbol."""
    if symbol.layer is not None:
        name, indices = QUANTITIES.get(symbol.name, (None, 0))
        return name if indices == len(symbol.indices) else None
    if symbol.name in ("x", "y") and len(symbol.indices) == 1:
        known = symbol.indices[0].axis.name == "n"
        return {"x": "a", "y": "y"}[symbol.name] if known else None
    return "C" if symbol == n.COST else None


def layer_of(symbol: Symbol) -> int | None:
    """The number of a symbol's layer; x is a of layer 1."""
    if symbol.layer is None:
        return 1 if symbol.name == "x" else None
    if symbol.layer.name:
        raise UnsayableError(f"layer {symbol.layer} has no number")
    return symbol.layer.offset


def key_of(symbol: Symbol) -> Key:
    """What tells a symbol that is not the network's from others."""
    return symbol.name, None if symbol.layer is None else layer_of(symbol)


@dataclass(slots=True)
class Needs:
    """What stands outside of derivatives by the network, inside of them, and what they are by."""

    last: int  # layer of the network
    size: Callable[[Axis], int]
    outside: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    moved: dict[str, set[int | None]] = field(default_factory=dict)  # and the layers of each
    layers: dict[str, set[int]] = field(default_factory=dict)
    others: dict[Key, tuple[int, ...]] = field(default_factory=dict)  # and their sizes
    deltas: bool = False
    partials: bool = False  # by something that is no quantity of the network
    depth: int = 0  # derivatives inside each other
    nested: bool = False  # whether a derivative by the network stands inside another

    @property
    def named(self) -> set[str]:
        """The quantities of the network that stand anywhere."""
        return self.outside | self.inside

    @property
    def state(self) -> list[str]:
        """What the forward pass returns."""
        wanted = (self.inside & self.moved.keys()) | (self.named & set("zaC"))
        return [*(name for name in STATE if name in wanted), *["nudges"] * self.nested]

    @property
    def top(self) -> int:
        """The highest layer that is computed; 0 if none is."""
        if "C" in self.named:
            return self.last
        return max(self.layers.get("z", set()) | self.layers.get("a", set()), default=0)

    def survey(self, term: Term, inside: bool = False, depth: int = 0) -> None:
        """Note what a term needs that stands inside so many derivatives."""
        match term:
            case Symbol():
                self._symbol(term, inside, depth)
            case Partial(direct=True):
                raise UnsayableError("a derivative of a right-hand side by itself")
            case Partial(of, by):
                name = quantity(by)
                if name is None:
                    self.partials = True
                    self._other(by)
                else:
                    self._move(name, by, inside)
                self.depth = max(self.depth, depth + 1)
                self.survey(of, inside or name is not None, depth + 1)
            case _:
                for part in children(term):
                    self.survey(part, inside, depth)

    def _symbol(self, symbol: Symbol, inside: bool, depth: int) -> None:
        name = quantity(symbol)
        if name is None:
            self._other(symbol)
        elif name == "delta":
            self.deltas = True
            self._move("z", symbol, inside)
            self.inside.add("C")
            self.depth = max(self.depth, depth + 1)
        else:
            (self.inside if inside else self.outside).add(name)
            self._layer(name, symbol)

    def _move(self, name: str, by: Symbol, inside: bool) -> None:
        self.moved.setdefault(name, set()).add(layer_of(by))
        self.nested |= inside
        if name in "Wb":
            self._layer(name, by)

    def _layer(self, name: str, symbol: Symbol) -> None:
        layer = layer_of(symbol)
        if layer is not None:
            self.layers.setdefault(name, set()).add(layer)

    def _other(self, symbol: Symbol) -> None:
        key = key_of(symbol)
        sizes = tuple(self.size(index.axis) for index in symbol.indices)
        known = self.others.get(key, sizes)
        if len(known) != len(sizes):
            raise UnsayableError(f"{symbol.name} has one index at one place and more at another")
        self.others[key] = tuple(map(max, known, sizes))
