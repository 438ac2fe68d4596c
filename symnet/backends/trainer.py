"""A program as the Listing of a trainer: what its head says, its arrays, its functions."""

import textwrap
from collections.abc import Iterator, Mapping

import sympy

from symnet.backends import to_numpy
from symnet.backends.backend import Backend, Listing, Option, ParameterText
from symnet.calculus.normal import normalise
from symnet.calculus.proof import Proof
from symnet.network.architecture import Network
from symnet.network.equations import update
from symnet.network.functions import ACTIVATIONS, Activation, Optimizer, rectifies
from symnet.paper import matrices, writer
from symnet.paper.alphabet import TEXT
from symnet.program.ir import Program
from symnet.program.lowering import array_name
from symnet.term import ARGUMENT, Equation, LayerNumber, Symbol

LONGEST = 90  # the length of a printed equation's line
MOST_EQUATIONS = 24  # as many lines of the head show equations; deeper networks show the first ones

OPTIONS = {"learning_rate": "rate of the gradient step"}


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
    written = {array_name(equation.left): matrices.best(equation, TEXT) for equation in equations}
    updates = {
        f"update {name}": _update(optimizer, name)
        for number in range(2, network.L + 1)
        for name in (f"w{number}", f"b{number}")
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
        options=tuple(
            Option(name, repr(default), OPTIONS[name])
            for name, default in zip(optimizer.options, optimizer.defaults, strict=True)
        ),
        functions=backend.functions(program, _comments({**written, **updates})),
    )


def _comments(written: Mapping[str, str]) -> dict[str, str]:
    """Equations as comments; one that is too long goes on in the next line."""
    return {
        name: "\n    #     ".join(textwrap.wrap(text, LONGEST)) for name, text in written.items()
    }


def described(network: Network) -> str:
    """The network with every activation written out: 2-3:sigmoid-1:sigmoid."""
    layers = (f"{layer.size}:{layer.activation.name}" for layer in network.layers)
    return "-".join((str(network.inputs), *layers)) + _own_formulas(network)


def _own_formulas(network: Network) -> str:
    """What tells two formulas of one's own apart that have one name: the formulas."""
    functions = dict.fromkeys(layer.activation for layer in network.layers)
    own = [each for each in functions if ACTIVATIONS.get(each.name) != each]
    return "".join(f", {each.name} = {sympy.sstr(each.formula)}" for each in own)


def _head(written: Mapping[str, str]) -> list[str]:
    lines = ["\n        ".join(textwrap.wrap(text, LONGEST)) for text in written.values()]
    if len(lines) <= MOST_EQUATIONS:
        return lines
    return [*lines[: MOST_EQUATIONS - 4], "…", *lines[-3:]]


def _functions(network: Network) -> list[str]:
    """sigmoid(z) = 1 / (1 + exp(−z)), for each activation that has a formula of one number."""
    activations: dict[str, Activation] = {
        layer.activation.name: layer.activation for layer in network.layers
    }
    lines = [
        f"{name}(z) = {writer.formula(activation.formula, 'z', TEXT)}"
        for name, activation in activations.items()
        if not activation.couples_neurons and activation.formula != ARGUMENT
    ]
    return ["\n        ".join(textwrap.wrap(line, LONGEST)) for line in lines]


def _update(optimizer: Optimizer, name: str) -> str:
    """W² ← W² − η ∂C/∂W²."""
    letter, layer = name[0], LayerNumber("", int(name[1:]))
    parameter = Symbol(letter.upper() if letter == "w" else letter, layer)
    ordered = normalise(update(optimizer, parameter))
    return f"{writer.term(parameter, TEXT)} ← {writer.term(ordered, TEXT)}"


def _parameters(network: Network) -> Iterator[ParameterText]:
    """w ~ N(0, 1 / n_{l-1}), twice the variance where half the inputs are blocked; b = 0."""
    for number in range(2, network.L + 1):
        size, below = network.sizes[number - 1], network.sizes[number - 2]
        variance = f"{2 if rectifies(network.layer(number).activation) else 1} / {below}"
        meaning = f"weights from layer {number - 1} to layer {number}"
        yield ParameterText(f"w{number}", f"({size}, {below})", variance, meaning)
        yield ParameterText(f"b{number}", f"({size},)", "0", f"biases of layer {number}")
