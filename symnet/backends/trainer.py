"""A program as the Listing of a trainer: what its head says, its arrays, its functions."""

import textwrap
from collections.abc import Iterator, Mapping

import sympy

from symnet.backends import to_numpy
from symnet.backends.backend import Backend, Listing, Option, ParameterText
from symnet.calculus.normal import normalise
from symnet.calculus.proof import Proof
from symnet.network.architecture import Network
from symnet.network.equations import Definition, functions_of, update
from symnet.network.functions import ACTIVATIONS, Activation, Optimizer, rectifies
from symnet.paper import matrices, writer
from symnet.paper.alphabet import TEXT
from symnet.program.ir import Program
from symnet.program.lowering import array_name
from symnet.term import ARGUMENT, Addition, Axis, Equation, LayerNumber, Symbol, at_layer, walk

LONGEST = 90  # the length of a printed equation's line
MOST_EQUATIONS = 24  # as many lines of the head show equations; deeper networks show the first ones

OPTIONS = {
    "learning_rate": "rate of the gradient step",
    "l2": "strength of l2/2 Σw² in the cost",
    "l1": "strength of l1 Σ|w| in the cost",
}


def listing(
    proof: Proof,
    equations: tuple[Equation, ...],
    program: Program,
    optimizer: Optimizer,
    dtype: str,
    command: str,
    backend: Backend,
) -> Listing:
    """All that the page of a trainer shows; `equations` in the order of the program."""
    network = proof.network
    settings = {p.name: 0.0 for p in network.penalties} | dict(network.training)
    written = {array_name(equation.left): matrices.best(equation, TEXT) for equation in equations}
    updates = {
        f"update {name}": _update(optimizer, parameter.name, number)
        for number in range(2, network.L + 1)
        for parameter in network.layer(number).definition.parameters
        for name in (f"{parameter.name}{number}",)
    }
    return Listing(
        command=command,
        network=described(network),
        cost=network.cost.name,
        optimizer=optimizer.name,
        dtype=dtype,
        equations=(*_head(written), *_functions(network)),
        proof=(
            f"All {len(proof.obligations)} formulas of backpropagation were proved before this "
            "file was written."
        ),
        inputs=int(network.inputs),
        outputs=int(network.sizes[-1]),
        classifier=network.cost.classifies,
        normalised=network.cost.normalised,
        low=network.cost.targets[0],
        high=network.cost.targets[1],
        complex_step=to_numpy.holds_for_complex(program),
        error_function=to_numpy.needs_erf(program),
        parameters=tuple(_parameters(network)),
        gains=tuple(_gains(network)),
        options=(
            *(
                Option(name, repr(settings.get(name, default)), OPTIONS[name])
                for name, default in zip(optimizer.options, optimizer.defaults, strict=True)
            ),
            *(Option(p.name, repr(settings[p.name]), OPTIONS[p.name]) for p in network.penalties),
        ),
        penalties=tuple(penalty.name for penalty in network.penalties),
        functions=backend.functions(program, _comments({**written, **updates})),
    )


def _comments(written: Mapping[str, str]) -> dict[str, str]:
    """Equations as comments; one that is too long goes on in the next line."""
    return {
        name: "\n    #     ".join(textwrap.wrap(text, LONGEST)) for name, text in written.items()
    }


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


def _update(optimizer: Optimizer, name: str, number: int) -> str:
    """W² ← W² − η ∂C/∂W²."""
    parameter = Symbol(name.upper() if name == "w" else name, LayerNumber("", number))
    ordered = normalise(update(optimizer, parameter))
    return f"{writer.term(parameter, TEXT)} ← {writer.term(ordered, TEXT)}"


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
            sizes = [int(network.widths(index.axis)) for index in here.indices]
            shape = "(" + ", ".join(map(str, sizes)) + (",)" if len(sizes) == 1 else ")")
            summed = [network.widths(_at(axis, number)) for axis in _summed(definition, parameter)]
            below = " / ".join(["2" if blocks else "1", *(str(size) for size in summed)])
            yield ParameterText(
                f"{parameter.name}{number}",
                shape,
                below if summed else "0",
                _meaning(definition, parameter, number),
            )


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
