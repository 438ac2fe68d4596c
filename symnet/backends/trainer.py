"""A program as the Listing of a trainer: what its head says, its arrays, its functions."""

import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy

from symnet.backends import fast, to_numpy, to_scalar
from symnet.backends.backend import Backend, Listing, OpenWidth, Option, ParameterText, StepText
from symnet.backends.python_text import size_text
from symnet.calculus.proof import Proof
from symnet.errors import NotYet
from symnet.network.architecture import Network
from symnet.network.equations import Definition, functions_of
from symnet.network.functions import ACTIVATIONS, THETA, Activation, rectifies
from symnet.network.optimizers import CLIPPED, Training
from symnet.paper.writing import matrices, writer
from symnet.paper.writing.alphabet import TEXT
from symnet.program import arithmetic, cost_model, one_sample, passes
from symnet.program.ir import Accumulate, Join, Program, all_known, extent, layer_sizes
from symnet.program.lowering import array_name
from symnet.term import ARGUMENT, Addition, Axis, Equation, LayerNumber, Symbol, at_layer, walk

LONGEST = 88  # the length of a printed equation's line
MOST_SCALAR = 300  # parts of a formula that is written out for single numbers
MOST_EQUATIONS = 24  # as many lines of the head show equations; deeper networks show the first ones

PENALTY_MEANINGS = {
    "l2": "strength of l2/2 Σw² in the cost",
    "l1": "strength of l1 Σ|w| in the cost",
}

# How the numbers of an update are said in the class.
SPOKEN = {
    "samples": "m",
    "t": "self._steps",
    "beta1": "self.betas[0]",
    "beta2": "self.betas[1]",
    "total_steps": "self._total()",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a trainer is to be: how it trains, its numbers, its products, its style.

    `command` is what made it, as its head says. Style `auto` is the faster one.
    """

    training: Training
    dtype: str = "float64"
    blas: str = "numpy"
    style: str = "auto"
    command: str = ""


def listing(
    proof: Proof,
    equations: tuple[Equation, ...],
    lowered: Program,
    choices: Choices,
    backend: Backend,
) -> Listing:
    """All that the page of a trainer shows; `equations` in the order of the program.

    `lowered` is the program for one sample, before any pass.
    """
    network, training = proof.network, choices.training
    program = passes.optimize(lowered, backend.passes)
    written = {array_name(equation.left): matrices.best(equation, TEXT) for equation in equations}
    comments = {name: "\n".join(textwrap.wrap(text, LONGEST)) for name, text in written.items()}
    rules = _rules(training)
    scalar = step = None
    if style_of(lowered, choices) == "scalar":
        order = [x.name for x in lowered.function("gradients").parameters]
        scalar = to_scalar.scalar_text(
            passes.optimize(lowered, (arithmetic.scale_states,)), comments, rules, order
        )
    else:
        step = _step(program, network, choices, comments, rules)
    scheduled = [f for f in program.functions if f.name == "rate"]
    spoken = {n: f"self.{n}" for s in training.settings for n in s.numbers}
    spoken |= {p.name: f"self.{p.name}" for p in network.penalties} | SPOKEN
    return Listing(
        command=in_docstring(choices.command),
        network=described(network),
        cost=network.cost.name,
        optimizer=training.optimizer.name,
        dtype=choices.dtype,
        equations=(*_head(written), *_functions(network)),
        proof=(
            f"All {len(proof.obligations)} formulas of backpropagation were proved before this "
            "file was written."
        ),
        inputs=_size(network, network.inputs),
        outputs=_size(network, network.sizes[-1]),
        open=tuple(_open(network)),
        classifier=network.cost.classifies,
        normalised=network.cost.normalised,
        low=network.cost.targets[0],
        high=network.cost.targets[1],
        complex_step=to_numpy.holds_for_complex(program),
        error_function=to_numpy.needs_erf(program),
        parameters=tuple(_parameters(network)),
        gains=tuple(_gains(network)),
        options=tuple(_options(network, training)),
        penalties=tuple(penalty.name for penalty in network.penalties),
        functions=backend.functions(program, {**comments, **rules}),
        state=tuple(symbol.name for symbol in training.optimizer.state),
        scales=_scales(lowered, training, spoken),
        spoken=spoken | ({"learning_rate": "rate"} if scheduled else {}),
        # before the step is counted: without a rate there is none
        scheduled=tuple(
            {**spoken, "t": "self._steps + 1"}[x.name] for f in scheduled for x in f.parameters
        ),
        planned=any("total_steps" in s.numbers for s in training.settings),
        seen=tuple(
            size_text(extent(x.axes, layer_sizes(lowered))) for x in one_sample.outputs(lowered)
        ),
        step=step,
        scalar=scalar,
    )


def in_docstring(text: str) -> str:
    r"""A text as it stands between three quotes, whoever chose it: a name of a file, say.

    A backslash that ends a line goes on with it, in Python as in a shell, and stays.

    >>> print(in_docstring('a' + 3 * chr(34) + chr(10) + 'import os'), in_docstring(chr(0)))
    a\"\"\"
    import os \x00
    """
    text = re.sub(r"\\(?!\n)", r"\\\\", text).replace('"""', r"\"\"\"")
    return "".join(
        x if x.isprintable() or x == "\n" else x.encode("unicode_escape").decode() for x in text
    )


def style_of(lowered: Program, choices: Choices) -> str:
    """The style that is asked for, or the faster one. Raises NotYet for what a style cannot be."""
    reasons = arrays_only(lowered, choices)
    if choices.style == "auto":
        return "array" if reasons else cost_model.style(lowered)
    if choices.style == "scalar" and reasons:
        raise NotYet(f"the scalar style has no arrays, but the trainer {reasons[0]}")
    if choices.style == "scalar" and cost_model.longest(lowered) > MOST_SCALAR:
        raise NotYet(
            f"a formula of more than {MOST_SCALAR} parts is too long for the scalar style; leave "
            "out --style scalar"
        )
    return choices.style


def arrays_only(lowered: Program, choices: Choices) -> list[str]:
    """Why a trainer must have arrays, if it must: what it does that the scalar style cannot."""
    return [
        reason
        for reason, holds in (
            ("clips gradients", choices.training.clip_norm is not None),
            ("computes in float32, which Python's numbers are not", choices.dtype != "float64"),
            ("asks for the BLAS of SciPy", choices.blas != "numpy"),
            ("takes widths from its data", not all_known(lowered)),
        )
        if holds
    ]


def said_style(lowered: Program, choices: Choices) -> str:
    """Which style is chosen where none is asked for, and why, as a sentence."""
    style, reasons = style_of(lowered, choices), arrays_only(lowered, choices)
    said = f"Style auto is the {style} style"
    if reasons:
        return f"{said}, as the trainer {reasons[0]}."
    if style == "array":
        return f"{said}."
    more = f"at most {cost_model.SLOWER:g} times as slow for 10"
    return f"{said}, which makes no arrays: quicker for one sample, {more}."


def quick(program: Program, network: Network, choices: Choices) -> Program:
    """The program for batches as a step runs it."""
    return passes.optimize(program, fast.pipeline(network, choices.training, choices.blas))


def _step(
    program: Program,
    network: Network,
    choices: Choices,
    comments: Mapping[str, str],
    rules: Mapping[str, str],
) -> StepText:
    made = quick(program, network, choices)
    names = {function.name for function in made.functions}
    gradients = made.function("gradients")
    sizes = layer_sizes(made)
    shapes = {x.name: x for x in program.function("gradients").parameters}
    lying = fast.parts(gradients, sizes)
    fused = alone = None
    if "step" in names:
        said = {**comments, **_accumulated(made, rules)}
        fused = fast.gradient_text(made, said, "step", blas=True)
    elif choices.blas == "scipy":
        alone = fast.gradient_text(made, comments, blas=True)
    decay = {"theta": rules["decay"]} if "decay" in rules else {}
    return StepText(
        views=tuple(fast.views(gradients, sizes, shapes)),
        size=size_text(sum(extent(p.array.axes, sizes) for p in lying)),
        # the weights lie before the others, or with them
        weights=size_text(sum(extent(p.array.axes, sizes) for p in lying if len(p.array.axes) > 1)),
        folded=any(isinstance(x, Join) and x.part.name == "a1" for x in gradients.body),
        sums=not any(x.name == passes.SAMPLES for x in gradients.parameters),
        gradient=fast.gradient_text(made, comments),
        clip=fast.update_text(made, "clip", rules) if "clip" in names else None,
        decay=fast.update_text(made, "decay", decay) if "decay" in names else None,
        update=fast.update_text(made, "update", rules),
        fused=fused,
        alone=alone,
    )


def _options(network: Network, training: Training) -> Iterator[Option]:
    """The settings of the optimizer and its rate, and the strengths of penalties."""
    given = dict(network.training)
    for setting in training.settings:
        value = given.get(setting.name, setting.default)
        below = "np.inf" if setting.below == math.inf else repr(setting.below)
        count = len(setting.numbers)
        yield Option(setting.name, repr(value), setting.meaning, count, setting.least, below)
    for penalty in network.penalties:
        strength = given.get(penalty.name, 0.0)
        yield Option(penalty.name, repr(strength), PENALTY_MEANINGS[penalty.name])


def _scales(lowered: Program, training: Training, spoken: Mapping[str, str]) -> tuple[str, ...]:
    """What each state is kept divided by, as the class says it; nothing if all are kept whole."""
    found = arithmetic.state_scales(lowered.function("update"))
    scales = [found[state.name] for state in training.optimizer.state]
    if all(scale == 1 for scale in scales):
        return ()
    symbols = {x: sympy.Symbol(spoken[x.name]) for scale in scales for x in scale.free_symbols}
    return tuple(sympy.sstr(scale.xreplace(symbols)) for scale in scales)


def _accumulated(program: Program, rules: Mapping[str, str]) -> dict[str, str]:
    """W² ← W² − η ∂C/∂W², for the lines that add to a W."""
    found = {}
    for line in program.function("step").body:
        if isinstance(line, Accumulate):
            name = line.onto.name
            shown = name[0] + name[1:].translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
            found[line.equation] = rules["theta"].replace("θ", shown)
    return found


# The letters of an update in a comment.
LETTERS = {
    "theta": "θ", "g": "∂C/∂θ", "learning_rate": "η", "beta1": "β₁", "beta2": "β₂", "eps": "ε",
    "momentum": "μ", "alpha": "α", "weight_decay": "λ",
}  # fmt: skip


def _rules(training: Training) -> dict[str, str]:
    """The equations of training as comments, by what they define."""
    optimizer = training.optimizer
    found = {symbol.name: _rule(symbol, formula) for symbol, formula in optimizer.rules}
    if optimizer.decay is not None:
        found["decay"] = _rule(THETA, optimizer.decay)
    eta, g = LETTERS["learning_rate"], LETTERS["g"]
    found["rate"] = f"{eta}(t) = {eta} × ({_formula(training.schedule.factor)})"
    found["clip"] = f"{g} ← {g} × {_formula(CLIPPED)}, where norm2 = Σ ({g})²"
    return found


def _formula(x: sympy.Expr) -> str:
    """A formula of plain names as a line of a comment: (1 − β₁) (∂C/∂θ)², not (1 - β₁)*∂C/∂θ**2."""
    text = sympy.sstr(x).replace(f"{LETTERS['g']}**2", f"({LETTERS['g']})²")
    for code, sign in (("**", "^"), ("*", " "), (" - ", " − "), ("sqrt", "√")):
        text = text.replace(code, sign)
    return f"−{text[1:]}" if text.startswith("-") else text


def _rule(symbol: sympy.Symbol, formula: sympy.Expr) -> str:
    """θ ← θ − η ∂C/∂θ, as a comment."""
    to = {x: sympy.Symbol(LETTERS.get(x.name, x.name)) for x in formula.free_symbols}
    left = LETTERS.get(symbol.name, symbol.name)
    rest = (formula - symbol).xreplace(to)
    if symbol == THETA and rest.could_extract_minus_sign():
        return f"{left} ← {left} − {_formula(-rest)}"
    return f"{left} ← {_formula(formula.xreplace(to))}"


def described(network: Network) -> str:
    """The network with every activation written out: 2-3:sigmoid-1:sigmoid."""
    layers = (f"{layer.size}:{layer.name}" for layer in network.layers)
    return "-".join((str(network.inputs), *layers)) + _own_formulas(network)


def _own_formulas(network: Network) -> str:
    """What tells two formulas of one's own apart that have one name: the formulas."""
    functions = dict.fromkeys(layer.activation for layer in network.layers if layer.activation)
    own = [each for each in functions if ACTIVATIONS.get(each.name) != each]
    return "".join(f", {each.name} = {sympy.sstr(each.formula)}" for each in own)


def _head(written: Mapping[str, str]) -> list[str]:
    lines = ["\n        ".join(textwrap.wrap(text, LONGEST)) for text in written.values()]
    if len(lines) <= MOST_EQUATIONS:
        return lines
    return [*lines[: MOST_EQUATIONS - 4], "…", *lines[-3:]]


def _functions(network: Network) -> list[str]:
    """sigmoid(z) = 1 / (1 + exp(−z)), for each activation that has a formula of one number."""
    used = functions_of(*(e for layer in network.layers for e in layer.definition.equations))
    formulas = {function.name: function.formula for function in used}
    lines = [
        f"{name}(z) = {writer.formula(formula, 'z', TEXT)}"
        for name, formula in formulas.items()
        if formula != ARGUMENT and formula != sympy.Function(name)(ARGUMENT)
    ]
    return ["\n        ".join(textwrap.wrap(line, LONGEST)) for line in lines]


def _parameters(network: Network) -> Iterator[ParameterText]:
    """w ~ N(0, 1 / n_{l-1}), twice the variance where half the inputs are blocked; b = 0.

    A parameter of a layer of one's own likewise: one that is summed over n values has the variance
    1 / n; the others, which are added or multiplied by, start at 0 or 1.
    """
    for number in range(2, network.L + 1):
        definition, at = network.layer(number).definition, {"l": LayerNumber("", number)}
        used = functions_of(definition.activation)
        blocks = any(rectifies(Activation(f.name, f.formula)) for f in used)
        for parameter in definition.parameters:
            here = at_layer(parameter, at)
            assert isinstance(here, Symbol)
            sizes = [_size(network, network.widths(index.axis)) for index in here.indices]
            shape = "(" + ", ".join(map(str, sizes)) + (",)" if len(sizes) == 1 else ")")
            axes = [_at(axis, number) for axis in _summed(definition, parameter)]
            summed = [_size(network, network.widths(axis)) for axis in axes]
            below = " / ".join(["2" if blocks else "1", *map(str, summed)])
            yield ParameterText(
                f"{parameter.name}{number}",
                shape,
                below if summed else "0",
                _meaning(definition, parameter, number),
            )


def _size(network: Network, size: int | str) -> int | str:
    """A width as code says it: an open one by the first layer that has it, n_1."""
    return size if isinstance(size, int) else f"n_{network.sizes.index(size) + 1}"


def _open(network: Network) -> Iterator[OpenWidth]:
    """The open widths, each once, and where a trainer finds them."""
    shapes = {x.name: x.shape.strip("(),").split(", ") for x in _parameters(network)}
    for letter in dict.fromkeys(size for size in network.sizes if isinstance(size, str)):
        name = str(_size(network, letter))
        ends = {"inputs": network.sizes[0] == letter, "outputs": network.sizes[-1] == letter}
        places = ((x, shape.index(name)) for x, shape in shapes.items() if name in shape)
        parameter, axis = next(places, ("", 0))
        yield OpenWidth(name, letter, tuple(end for end in ends if ends[end]), parameter, axis)


def _at(axis: Axis, number: int) -> Axis:
    """An axis of a general layer at a numbered one."""
    return Axis(axis.name, LayerNumber("", number + axis.layer.offset))


def _summed(definition: Definition, parameter: Symbol) -> list[Axis]:
    """The axes over which an equation sums what a parameter is multiplied by."""
    found: dict[Axis, None] = {}
    for equation in definition.users(parameter):
        for part in walk(equation.right):
            if isinstance(part, Symbol) and part.name == parameter.name:
                bound = [index for index in part.indices if index not in equation.indices]
                found |= dict.fromkeys(index.axis for index in bound)
    return list(found)


def _added(definition: Definition, parameter: Symbol) -> bool:
    """Whether a parameter is a term of its own, as a bias is."""
    return any(
        isinstance(equation.right, Addition)
        and any(isinstance(x, Symbol) and x.name == parameter.name for x in equation.right.terms)
        for equation in definition.users(parameter)
    )


def _gains(network: Network) -> Iterator[str]:
    """The parameters that something is multiplied by, entry by entry."""
    for number in range(2, network.L + 1):
        definition = network.layer(number).definition
        for parameter in definition.parameters:
            if not _summed(definition, parameter) and not _added(definition, parameter):
                yield f"{parameter.name}{number}"


def _meaning(definition: Definition, parameter: Symbol, number: int) -> str:
    if _summed(definition, parameter):
        return f"weights from layer {number - 1} to layer {number}"
    kind = "biases" if _added(definition, parameter) else "gains"
    return f"{kind} of layer {number}"
