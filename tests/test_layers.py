"""Layers as equations: derived, proved, what the books say, and complex steps of NumPy by hand."""

import re
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_layers import LAYERS, Own

from symnet.calculus import components, instances, normal
from symnet.calculus.derivation import Backpropagation, derive
from symnet.calculus.proof import prove
from symnet.errors import ArchitectureError, EquationError, NotYet, SymnetError
from symnet.network import expression, layers
from symnet.network import notation as n
from symnet.network.architecture import Layer, Network
from symnet.network.equations import Definition
from symnet.network.functions import COSTS
from symnet.paper.writing.report import render_derivation
from symnet.pipeline import generate
from symnet.term import (
    Addition,
    Axis,
    Delta,
    Equation,
    Index,
    LayerNumber,
    Number,
    Partial,
    Product,
    Sum,
    Symbol,
    Term,
    add,
    apart,
    at_layer,
    free_indices,
    map_children,
    mul,
    number,
    rename,
    walk,
)

# --- derived and proved ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "below"),
    # A dense layer has no shared axes.
    [
        (name, below)
        for name, own in LAYERS.items()
        for below in (False, True)[: 2 - bool(own.shared)]
    ],
)
def test_every_layer_is_proved(name: str, below: bool) -> None:
    found = prove(LAYERS[name].network(below=below))
    assert found.holds, str(found)


def claimed(own: Own, name: str, text: str) -> Equation:
    """What the books say of ∂C by a quantity or parameter: e before a letter is ∂C by it."""
    definition = own.definition
    reader = layers._Reader((), dict(own.axes), own.inputs, own.shared, {}, {})
    reader.last = definition.activation.indices[-1].name
    symbols = (*definition.quantities, *definition.parameters, *definition.given)
    for symbol in symbols:
        axes = tuple(index.axis for index in symbol.indices)
        reader.arrays[symbol.name] = reader.arrays[f"e{symbol.name}"] = axes
    below = (*(each.index.axis for each in own.shared), n.neurons(n.l.shift(-1)))
    reader.arrays["x"] = below
    if name == "x":
        sought: tuple[Index, ...] = (Index("j", below[-1]),)
        by = Symbol("a", n.l.shift(-1), sought)
    else:
        by = next(symbol for symbol in symbols if symbol.name == name)
    letters = ",".join(index.name for index in by.indices)
    left = f"out[{letters}]" if letters else "out"
    given = f"{left} = {text}"
    said = reader.equation(given, expression.read_definition(given))
    to = dict(zip(said.left.indices, by.indices, strict=True)) if letters else {}
    names = {f"e{symbol.name}" for symbol in symbols}

    def errors(term: Term) -> Term:
        if isinstance(term, Symbol) and term.name in names:
            return error(Symbol(term.name[1:], term.layer, term.indices))
        return map_children(term, errors)

    return Equation("", error(by), rename(errors(said.right), to))


def error(by: Symbol) -> Symbol | Partial:
    return Symbol("δ", by.layer, by.indices) if by.name == "z" else Partial(n.COST, by)


def unfolded(term: Term, known: Mapping[str, Equation], kept: str) -> Term:
    """A term with what is derived for ∂C/∂u, and what u is, put in, but for ∂C by `kept`."""

    def put_in(equation: Equation, at: tuple[Index, ...]) -> Term:
        taken = frozenset(at) | free_indices(equation.right)
        right = apart(equation.right, taken)
        return go(apart(rename(right, dict(zip(equation.indices, at, strict=True))), frozenset(at)))

    def go(term: Term) -> Term:
        match term:
            case Partial(_, by, _) if by.name != kept and f"∂{by.name}" in known:
                return put_in(known[f"∂{by.name}"], by.indices)
            case Symbol("δ", _, indices) if kept != "z":
                return put_in(known["∂z"], indices)
            case Symbol(name, layer, indices) if name in known and layer == n.l and name != "z":
                return put_in(known[name], indices)
            case Partial():
                return term
        return map_children(term, go)

    return go(term)


def derived_from(own: Own, name: str) -> tuple[Equation, dict[str, Equation]]:
    """∂C by what is sought as derived for a general l, and all equations beside it."""
    definition = own.definition
    backwards = derive(own.network())
    known: dict[str, Equation] = {
        e.left.name: e for e in definition.equations if isinstance(e.left, Symbol)
    }
    for formula in backwards.formulas:
        goal = formula.special.goal
        by = goal.by if isinstance(goal, Partial) else Symbol("z", goal.layer, goal.indices)
        if by.name != "a":
            known[f"∂{by.name}"] = at_general(formula.special.result)
    if name == "x":
        return by_input(own), known
    return known[f"∂{name}"], known


def at_general(equation: Equation) -> Equation:
    left = at_layer(equation.left, {"L": n.l})
    assert isinstance(left, Symbol | Partial)
    return Equation(equation.label, left, at_layer(equation.right, {"L": n.l}))


def by_input(own: Own) -> Equation:
    """∂C by what the layer gets, derived where the layer before has an error of its own for a."""
    before = layers.define(
        ["u[j] = sum(k, w[j,k]*x[k])", "a[j] = g[j]*u[j]"],
        {"w": "jk", "g": "j"}, axes={"j": own.inputs}, inputs=2,
    )  # fmt: skip
    net = own.network()
    both = Network.of(2, (Layer(own.inputs, None, before), *net.layers), net.cost)
    found = next(
        f for f in derive(both).formulas if 2 in f.layers and f.general.goal == error_of_a(f)
    )
    down = {"l": n.l.shift(-1)}
    left = at_layer(found.special.result.left, down)
    assert isinstance(left, Partial)
    return Equation("", left, at_layer(found.special.result.right, down))


def error_of_a(formula: Any) -> Partial | None:
    goal = formula.general.goal
    return goal if isinstance(goal, Partial) and goal.by.name == "a" else None


CLAIMS = [(layer, name) for layer, own in LAYERS.items() for name in own.books]


@pytest.mark.parametrize(("layer", "name"), CLAIMS)
def test_what_the_books_say_is_proved(layer: str, name: str) -> None:
    own = LAYERS[layer]
    says = claimed(own, name, own.books[name])
    derived, known = derived_from(own, name)
    if not any(u.name == "a" for u in own.definition.named):
        # ∂C/∂a stands inside ∂C/∂z there; the derivation begins with the cost put in.
        known = {k: v for k, v in known.items() if k != "∂z"} if name != "z" else known
        if name == "z":
            derived = general_of_z(own)
    kept = "z" if "ez" in own.books[name] else "a"
    kept = next((u for u in ("p", "s", "q") if f"e{u}[" in own.books[name]), kept)
    assert normal.equal(*(unfolded(side, known, kept) for side in (says.right, derived.right)))
    for wrong in mistaken(says.right):
        assert not normal.equal(unfolded(wrong, known, kept), unfolded(derived.right, known, kept))


def general_of_z(own: Own) -> Equation:
    """∂C/∂z with ∂C/∂a as it is, and the activation by its formula."""
    formula = next(
        f for f in derive(own.network()).formulas if getattr(f.general.goal, "name", "") == "δ"
    )
    special = replace(formula.given_special, lemmas=())
    from symnet.calculus.derivation import specialise

    steps = specialise(formula.general.result.right, special)
    return at_general(Equation("", formula.general.goal, steps[-1].after))


def mistaken(right: Term) -> Iterator[Term]:
    """A factor 2, a sign, a term or a factor lost."""
    yield mul(number(2), right)
    yield mul(number(-1), right)
    match right:
        case Addition(terms):
            yield add(*terms[1:])
        case Product(factors):
            lost = [f for f in factors if not isinstance(f, Number)]
            yield mul(*lost[1:])
        case Sum(_, Product(factors) as body) if len(factors) > 1:
            kept = mul(*body.factors[1:])
            if {right.index} <= free_indices(kept):
                yield Sum(right.index, kept)


# --- at numbers --------------------------------------------------------------------------------


class Instance:
    """A layer at drawn numbers: what its formulas say, and complex steps of NumPy."""

    def __init__(self, own: Own, seed: int) -> None:
        self.own, self.network = own, own.network()
        random = np.random.default_rng(seed)
        leading = tuple(int(each.size) for each in own.shared)
        definition = own.definition
        self.arrays = {
            symbol.name: random.normal(size=tuple(self.size(i.axis) for i in symbol.indices))
            for symbol in (*definition.parameters, *definition.given)
        }
        if "v" in own.given:
            self.arrays["v"] = self.arrays["v"] ** 2
        self.x = random.normal(size=(*leading, own.inputs))
        self.y = random.normal(size=self.forward(self.x, self.arrays).shape)

    def size(self, axis: Axis) -> int:
        at = axis if axis.layer == n.EVERYWHERE else Axis(axis.name, self.number(axis.layer))
        return int(self.network.widths(at))

    def number(self, layer: LayerNumber) -> LayerNumber:
        return LayerNumber("", (2 if layer.name else 0) + layer.offset)

    def forward(self, x: Any, arrays: Mapping[str, Any]) -> Any:
        return self.own.forward(x, arrays)

    def cost(self, x: Any, arrays: Mapping[str, Any]) -> Any:
        rows = ((self.forward(x, arrays) - self.y) ** 2 / 2).sum(axis=-1)
        mean = any(each.mean for each in self.own.shared)
        return rows.mean() if mean else rows.sum()

    def complex_step(self, name: str) -> Any:
        of = self.x if name == "x" else self.arrays[name]
        slopes = np.zeros(of.shape)
        for place in np.ndindex(of.shape):
            moved = of.astype(complex)
            moved[place] += 1e-30j
            x = moved if name == "x" else self.x
            arrays = self.arrays if name == "x" else {**self.arrays, name: moved}
            slopes[place] = self.cost(x, arrays).imag / 1e-30
        return slopes

    def formulas(self) -> dict[str, Any]:
        """All quantities and derivatives, from the equations that symnet has."""
        values: dict[str, Any] = {**self.arrays, "x": self.x, "y": self.y}
        definition: Definition = self.own.definition
        for equation in definition.equations:
            assert isinstance(equation.left, Symbol)
            values[equation.left.name] = self.evaluate(equation, values)
        backwards: Backpropagation = derive(self.network)
        for formula in backwards.formulas:
            equation = formula.special.result
            by = equation.left
            name = by.by.name if isinstance(by, Partial) else "z"
            values[f"∂{name}"] = self.evaluate(at_general(equation), values)
        return values

    def evaluate(self, equation: Equation, values: Mapping[str, Any]) -> Any:
        def lookup(symbol: Symbol | Partial, at: tuple[int, ...]) -> Any:
            if isinstance(symbol, Partial):
                name = f"∂{symbol.by.name}"
            elif symbol.name == "δ":
                name = "∂z"
            elif symbol.name == layers.SHIFT:
                return instances.NUMBERS.mpf(at[0] == at[1] + at[2])
            else:
                below = symbol.name == "a" and symbol.layer == n.l.shift(-1)
                name = "x" if below else symbol.name
            return instances.NUMBERS.mpf(float(values[name][at]))

        sizes = tuple(self.size(index.axis) for index in equation.indices)
        names = [index.name for index in equation.indices]
        found = np.zeros(sizes)
        for at in np.ndindex(sizes):
            here = dict(zip(names, at, strict=True))
            found[at] = float(instances.value(equation.right, self.size, lookup, here))
        return found


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", LAYERS)
def test_the_derivatives_are_complex_steps(name: str, seed: int) -> None:
    own = LAYERS[name]
    instance = Instance(own, seed)
    values = instance.formulas()
    assert np.allclose(values["a"], instance.forward(instance.x, instance.arrays), rtol=1e-12)
    for parameter in own.parameters:
        assert np.allclose(values[f"∂{parameter}"], instance.complex_step(parameter), rtol=1e-9)


# --- the second judge alone --------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_mistakes_are_refused_by_the_second_judge_alone(name: str) -> None:
    network, refused = LAYERS[name].network(), 0
    for formula in derive(network).formulas:
        right = formula.general.result
        for wrong in mistaken(right.right):
            claim = replace(right, right=wrong)
            if normal.equal(claim.right, right.right):
                continue
            refused += 1
            assert components.judge(network, 2, right).mismatch is None
            assert components.judge(network, 2, claim).mismatch is not None, claim
    assert refused > 4


# --- trainers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, own in LAYERS.items() if own.code])
def test_trainers_of_ones_own_layers(name: str, tmp_path: Path) -> None:
    """Means over samples of the complex steps; and the file checks itself."""
    own = LAYERS[name]
    instance = Instance(own, 3)
    file = tmp_path / "trainer.py"
    file.write_text(generate(instance.network), encoding="utf-8")
    space: dict[str, Any] = {"__name__": "trainer"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), space)
    trainer = space["Trainer"]()
    shapes = {f"{name}2": array.shape for name, array in instance.arrays.items()}
    assert {key: array.shape for key, array in trainer.weights.items()} == shapes
    trainer.set_weights({f"{name}2": array for name, array in instance.arrays.items()})
    random = np.random.default_rng(5)
    X = random.normal(size=(4, own.inputs))
    Y = random.normal(size=(4, instance.y.shape[-1]))
    sums: dict[str, Any] = dict.fromkeys(instance.arrays, 0.0)
    for x, y in zip(X, Y, strict=True):
        instance.x, instance.y = x, y
        for key in sums:
            sums[key] = sums[key] + instance.complex_step(key) / len(X)
    for key, slope in trainer.gradients(X, Y).items():
        assert np.allclose(slope, sums[key[:-1]], rtol=1e-9, atol=1e-12), key
    done = subprocess.run(
        [sys.executable, str(file), "check"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name, own in LAYERS.items() if not own.code])
def test_what_has_no_code_yet_says_so(name: str) -> None:
    with pytest.raises(NotYet, match="yet"):
        generate(LAYERS[name].network())


def test_penalties_are_in_the_cost_and_in_the_gradients(tmp_path: Path) -> None:
    text = """
[network]
inputs = 3
[[layer]]
neurons = 4
activation = "tanh"
[[layer]]
neurons = 2
[training]
l2 = 0.5
l1 = 0.25
"""
    network = Network.from_toml(text)
    assert prove(network).holds
    space: dict[str, Any] = {"__name__": "trainer"}
    exec(generate(network), space)
    with_penalties = space["Trainer"](random_state=1)
    without = space["Trainer"](random_state=1, l2=0.0, l1=0.0)
    X, Y = np.ones((5, 3)), np.zeros((5, 2))
    weights = with_penalties.weights
    added = sum(
        0.25 * (w**2).sum() + 0.25 * abs(w).sum() for k, w in weights.items() if k[0] == "w"
    )
    assert np.isclose(with_penalties.cost(X, Y), without.cost(X, Y) + added)
    plain = without.gradients(X, Y)
    for name, gradient in with_penalties.gradients(X, Y).items():
        w = weights[name]
        own = 0.5 * w + 0.25 * np.sign(w) if name[0] == "w" else 0
        assert np.allclose(gradient, plain[name] + own), name


# --- bad input ---------------------------------------------------------------------------------

Z = "z[j] = sum(k, w[j,k]*x[k]) + b[j]"
BAD = [
    ([Z.replace("b[j]", "q[j]"), "a[j] = z[j]"], "undeclared symbol 'q'", "q[j]"),
    ([Z.replace("x[k]", "x[j]"), "a[j] = z[j]"], "j is used with two ranges, 1..3 and 1..5", "j"),
    (["z[j] = w[j,k]*x[k] + b[j]", "a[j] = z[j]"], "k stands on one side only", "k"),
    ([f"{Z} + z[j]", "a[j] = z[j]"], "z is defined by itself", "z[j]"),
    (
        [Z.replace("b[j]", "u[j]"), "u[j] = z[j]*b[j]", "a[j] = u[j]"],
        "before it is defined",
        "u[j]",
    ),
    ([Z, "a[j] = tahn(z[j])"], "unknown function 'tahn'", "tahn"),
    ([Z, "a[j] = __import__('os')"], "has no meaning in a formula", "'"),
    ([Z, "a[j] = z[j]*9**9**9**9"], "an exponent goes up to", "9**9"),
    ([Z, "a[j] = " + "(" * 10_000 + "z[j]" + ")" * 10_000], "brackets", ""),
    ([Z, "a[j] = z[j,k]"], "z has 1 index, not 2", "z[j,k]"),
    ([Z, "a[j] = z[j]/0"], "a division by 0", "z[j]/0"),
    ([Z, "a[j] = z[j]**b[j]"], "an exponent is a number here", "b[j]"),
    ([Z, "a[j] = z[j] + j"], "j is an index", "j"),
    ([Z, "a[j] = z[j] + z"], "z needs 1", "z"),
    ([Z, Z, "a[j] = z[j]"], "z is defined twice", "z[j]"),
    ([Z], "the last equation defines a", "z[j]"),
    ([Z, "a = 3"], "a has an index", "a"),
]


@pytest.mark.parametrize(("texts", "words", "place"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_equations_are_pointed_at(texts: list[str], words: str, place: str) -> None:
    with pytest.raises(SymnetError) as error:
        layers.define(texts, {"w": "jk", "b": "j"}, axes={"j": 3}, inputs=5)
    assert words in error.value.message
    if place:
        found = error.value
        assert found.text[found.start : found.start + found.length] == place


def test_an_axis_as_long_as_x_that_meets_it_is_that_of_x() -> None:
    """a[j] = tanh(z[j]) + x[j] needs as many neurons as the layer before."""
    texts = [Z, "a[j] = tanh(z[j]) + x[j]"]
    made = layers.define(texts, {"w": "jk", "b": "j"}, axes={"j": 5}, inputs=5)
    assert layers.width(made, 5) == 5
    with pytest.raises(EquationError, match="two ranges"):
        layers.define(texts, {"w": "jk", "b": "j"}, axes={"j": 4}, inputs=5)


def test_an_index_beyond_the_axis_is_refused() -> None:
    with pytest.raises(EquationError, match="goes up to"):
        layers.define(["a[t] = sum(s, w[s]*x[t+s])"], {"w": "s"}, axes={"t": 4, "s": 3}, inputs=5)


def test_of_a_matrix_of_which_only_the_diagonal_is_used_a_delta_stays(tmp_path: Path) -> None:
    """∂C/∂w_jk = a_j δ_j [j = k]: both indices are those of what was asked for."""
    path = tmp_path / "diagonal.toml"
    path.write_text(
        """
        [network]
        inputs = 3
        [[layer]]
        axes = { j = 3 }
        parameters = { w = ["j", "j"] }
        equations = ["z[j] = w[j,j]*x[j]", "a[j] = tanh(z[j])"]
        """,
        encoding="utf-8",
    )
    network = Network.from_toml(path)
    made = prove(network)
    assert made.holds, str(made)
    claim = next(o.claim for o in made.obligations if o.label == "∂C/∂w")
    assert any(isinstance(part, Delta) for part in walk(claim.right))
    with pytest.raises(NotYet, match="no code can be made yet of"):
        generate(network)


# --- files -------------------------------------------------------------------------------------

FILE = """
[network]
inputs = 7
cost = "log_likelihood"
[[layer]]
neurons = 12
activation = "relu"
[[layer]]  # a layer of one's own
axes = { j = 5 }
parameters = { w = ["j", "k"], b = ["j"], g = ["j"] }
equations = ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = g[j]*tanh(z[j])"]
[[layer]]
neurons = 3
activation = "softmax"
"""


@pytest.mark.parametrize("encode", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_network_from_a_file(tmp_path: Path, encode: str, ends: str) -> None:
    file = tmp_path / "net.toml"
    text = FILE.replace("one's", "nobody's £" if encode == "latin-1" else "one's")
    file.write_bytes(text.replace("\n", ends).encode(encode))
    network = Network.from_toml(file)
    assert network.sizes == (7, 12, 5, 3)
    assert network.cost == COSTS["log_likelihood"]
    assert str(network) == "7-12:relu-5:own-3:softmax"
    assert prove(network).holds
    assert network.array("g", 3).shape == (5,)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("inputs = 7", "inputs = 0", "from 1 to"),
        ("inputs = 7", "input = 7", "did you mean 'inputs'"),
        ("inputs = 7", "", "lacks the number of inputs"),
        ("inputs = 7", "inputs = true", "a number or a letter"),
        ("[network]", "[net]", "unknown key 'net'"),
        ("neurons = 12", "neurons = 12\nneuron = 3", "did you mean 'neurons'"),
        ("neurons = 12", "", "lacks its number of neurons"),
        ('"relu"', '"relo"', "unknown activation 'relo'"),
        ("log_likelihood", "likelihood", "unknown cost"),
        ("j = 5", 'j = "kk"', "a single letter"),
        ('b = ["j"]', 'b = "j"', "parameters is a table"),
        ("axes = { j = 5 }", 'activation = "tanh"', "leave out activation"),
        ("tanh(z[j])", "tahn(z[j])", "[[layer]] 2: unknown function 'tahn'"),
        ("equations = [", "equations = 3 #", "equations is a list"),
        ("inputs = 7", "inputs = 7 8", "no TOML"),
    ],
)
def test_bad_files_say_where(old: str, new: str, words: str) -> None:
    with pytest.raises(SymnetError, match=re.escape(words)):
        Network.from_toml(FILE.replace(old, new, 1))


def test_options_of_the_command_line_reach_a_file() -> None:
    text = FILE.replace('activation = "relu"\n', "").replace('cost = "log_likelihood"\n', "")
    network = Network.from_toml(text, "tanh", "quadratic")
    assert network.layers[0].activation is not None
    assert network.layers[0].activation.name == "tanh"
    assert network.cost == COSTS["quadratic"]


def test_training_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ArchitectureError, match="l2 is a number, at least 0"):
        Network.from_toml(f"{FILE}\n[training]\nl2 = -1\n")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('optimizer = "adam"\nbetas = [0.9]', "betas must be 2 numbers from 0 up and less than 1"),
        ('optimizer = "adam"\nbetas = [0.9, 1.0]', "betas must be 2 numbers from 0 up and less"),
        ('optimizer = "adam"\nbetas = 0.9', "betas must be 2 numbers"),
        ("learning_rate = inf", "learning_rate must be a number from 0 up, not inf"),
        ("learning_rate = [1, 2]", "learning_rate must be a number"),
        ("l2 = inf", "l2 must be a number"),
        ("clip_norm = 0", "clip_norm must be a number greater than 0, not 0"),
        ("clip_norm = inf", "clip_norm must be a number greater than 0, not inf"),
        ('schedule = "step"\nstep_size = 0', "step_size must be a number from 1 up, not 0"),
        ('schedule = "warm"', "unknown schedule 'warm'; did you mean 'warmup'"),
        ("momentum = 0.9", "unknown name in \\[training\\] 'momentum'"),
        ('optimizer = "adam"\nbeta = 0.9', "unknown name.*'beta'; did you mean 'betas'"),
    ],
)
def test_settings_of_a_trainer_are_looked_at_before_it_is_written(lines: str, message: str) -> None:
    network = Network.from_toml(f"{FILE}\n[training]\n{lines}\n")
    with pytest.raises(ArchitectureError, match=message):
        generate(network)


@pytest.mark.parametrize("letter", ["p", "k", "s", "e", "one", "scale", "theta"])
@pytest.mark.parametrize("style", ["array", "scalar"])
def test_a_parameter_may_be_called_like_what_code_calls_its_own(letter: str, style: str) -> None:
    """p2 is a slope and k2 a number where nothing else is called so."""
    layer = f"""
[[layer]]
axes = {{ j = 3 }}
parameters = {{ {letter} = ["j", "k"] }}
equations = ["z[j] = sum(k, {letter}[j,k]*x[k])", "a[j] = tanh(z[j])"]
"""
    text = f"[network]\ninputs = 3\n{layer}{layer}[training]\nl2 = 0.1\n"
    module = types.ModuleType("generated")
    exec(generate(Network.from_toml(text), style=style), vars(module))
    assert module.main(["check"]) == 0


@pytest.mark.parametrize("name", [name for name, own in LAYERS.items() if not own.shared])
def test_each_kind_of_layer_has_a_gradient_step_of_its_own(name: str) -> None:
    """Above a dense layer, whose w and b have other derivatives, or even other axes."""
    derived = derive(LAYERS[name].network(below=True))
    text = render_derivation(derived, "text", "steps")
    moved = re.findall(r"^ *∎ (\S+) ← \1 .*η", text, re.MULTILINE)
    parameters = {p for n in (2, 3) for p in derived.network.layer(n).definition.parameters}
    goals = [formula.general.goal for formula in derived.formulas]
    assert len(moved) == sum(isinstance(g, Partial) and g.by in parameters for g in goals)


W = 'parameters = { w = ["j", "k"] }'


def layer(a: str) -> str:
    """A layer of four neurons as TOML, with a of its own."""
    equations = f'["z[j] = sum(k, w[j,k]*x[k])", "a[j] = {a}"]'
    return f"axes = {{ j = 4 }}\n{W}\nequations = {equations}"


ODD = {
    "residual in a row": [layer("tanh(z[j]) + x[j]")] * 2,
    "a slope with branches and no name": [layer("relu(z[j]) + elu(z[j])*x[j]")],
    "an activation inside another": [layer("tanh(sigmoid(z[j]))")],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rows_of_layers_are_proved_and_generated(name: str, tmp_path: Path) -> None:
    own = "".join(f"[[layer]]\n{layer}\n" for layer in ODD[name])
    dense = "[[layer]]\nneurons = {}\n"
    text = f"[network]\ninputs = 3\n{dense.format(4)}{own}{dense.format(2)}"
    checked(text, tmp_path)


def test_a_network_with_a_single_parameter(tmp_path: Path) -> None:
    """The same weights there and back; their gradient has two terms."""
    equations = '["h[j] = tanh(sum(k, w[j,k]*x[k]))", "a[q] = sum(j, w[j,q]*h[j])"]'
    layer = f"[[layer]]\naxes = {{ j = 2 }}\n{W}\nequations = {equations}\n"
    checked(f"[network]\ninputs = 3\n{layer}", tmp_path)


def test_a_network_without_parameters_has_no_trainer() -> None:
    layer = '[[layer]]\nequations = ["a[k] = tanh(x[k])"]'
    network = Network.from_toml(f"[network]\ninputs = 3\n{layer}\n")
    assert prove(network).holds
    with pytest.raises(ArchitectureError, match="nothing to train"):
        generate(network)


def checked(text: str, folder: Path) -> None:
    """A network as TOML: proved, and its trainer agrees with differences of its cost."""
    network = Network.from_toml(text)
    assert prove(network).holds
    trainer = folder / "trainer.py"
    trainer.write_text(generate(network), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, str(trainer), "check"], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr
