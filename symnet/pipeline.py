"""The straight road from a network to a trainer; each line is one arrow of it.

    "784-30-10" → Network → equations → derivations → proof → program → trainer

>>> code = generate("2-3-1", dtype="float32")
>>> code.splitlines()[0]
'\"\"\"Trainer for 2-3:sigmoid-1:sigmoid, quadratic cost, sgd, float32.'
"""

import math
import shlex
from collections.abc import Iterator, Mapping
from fractions import Fraction

import sympy

from symnet.backends import fast, trainer
from symnet.backends.backend import Backend, emit
from symnet.backends.to_numpy import functions
from symnet.calculus.derivation import Backpropagation, numbers
from symnet.calculus.proof import Proof, prove
from symnet.errors import ArchitectureError, NotProved, NotYet
from symnet.network import equations
from symnet.network.architecture import Network, find_cost, unknown
from symnet.network.functions import ACTIVATIONS, COSTS, PENALTIES
from symnet.network.optimizers import (
    CLIP,
    OPTIMIZERS,
    SCHEDULES,
    Optimizer,
    Schedule,
    Setting,
    Training,
)
from symnet.paper.writing.alphabet import TEXT
from symnet.paper.writing.matrices import best
from symnet.program import passes
from symnet.program.ir import Program
from symnet.program.lowering import lower
from symnet.term import (
    Apply,
    Equation,
    Number,
    Symbol,
    Term,
    equation_at,
    free_indices,
    walk,
)

DTYPES = ("float64", "float32")
BLAS = ("numpy", "scipy")
STYLES = ("auto", "array", "scalar")
MOST_PARTS = 500  # of one formula of a program, a slope above all
MOST_LAYERS = 400  # of a program, which has lines for each: it is written in ten seconds

BACKENDS = {
    "numpy": Backend("numpy", "numpy/trainer.py.jinja", ".py", passes.PIPELINE, functions),
}


def generate(
    network: Network | str,
    optimizer: str | None = None,
    dtype: str = "float64",
    backend: str = "numpy",
    blas: str = "numpy",
    style: str = "auto",
    schedule: str | None = None,
    clip_norm: float | None = None,
    command: str = "",
    source: tuple[str, ...] = (),
) -> str:
    """The text of a standalone trainer for a network, from proved equations only.

    The optimizer (sgd), the schedule of its learning rate (constant) and the norm at which
    gradients are clipped (never) may also stand in the network's file.
    Raises NotProved with the difference if a formula is not proved, ArchitectureError for a name
    that does not exist, NotYet for layers of which no code can be made.
    """
    network = network if isinstance(network, Network) else Network(network)
    for name, value, known in (
        ("dtype", dtype, DTYPES),
        ("blas", blas, BLAS),
        ("style", style, STYLES),
    ):
        if value not in known:
            raise ArchitectureError(unknown(name, value, known))
    to, training = find_backend(backend), training_of(network, optimizer, schedule, clip_norm)
    closed(network)
    moderate(network)
    proof = proved(network)
    asked = {
        "optimizer": None if optimizer == "sgd" and not network.training else optimizer,
        "schedule": schedule,
        "clip-norm": clip_norm,
        "dtype": dtype,
        "blas": blas,
        "style": style,
    }
    choices = trainer.Choices(
        training, dtype, blas, style, command or _command(network, asked, source)
    )
    made = trainer.listing(proof, computed(proof), program_of(proof, training), choices, to)
    return emit(made, to)


def training_of(
    network: Network,
    optimizer: str | None = None,
    schedule: str | None = None,
    clip_norm: float | None = None,
) -> Training:
    """How a network is trained: as is asked for, else as its file says.

    Raises ArchitectureError for a name that does not exist, and for a number out of range.
    """
    given = dict(network.training)
    clip = given.get(CLIP.name) if clip_norm is None else clip_norm
    if clip is not None and (not isinstance(clip, int | float) or not 0 < clip < math.inf):
        raise ArchitectureError(f"{CLIP.name} must be a number greater than 0, not {clip!r}")
    training = Training(
        find_optimizer(str(optimizer or given.get("optimizer", "sgd"))),
        find_schedule(str(schedule or given.get("schedule", "constant"))),
        None if clip is None else float(clip),
    )
    known = ("optimizer", "schedule", CLIP.name, *PENALTIES, *(s.name for s in training.settings))
    for name in given:
        if name not in known:
            raise ArchitectureError(unknown("name in [training]", name, known))
    strengths = tuple(Setting(name, 0.0, "") for name in PENALTIES)
    for setting in (*training.settings, *strengths):
        if setting.name in given and (problem := setting.problem(given[setting.name])):
            raise ArchitectureError(f"[training]: {problem}")
    return training


# The names of all passes that a program may go through, in their order.
STAGES = ("lower", *(each.__name__ for each in (*passes.PIPELINE, *fast.PASSES)))


def stages(
    network: Network, training: Training, dtype: str = "float64", blas: str = "numpy"
) -> Iterator[tuple[str, str, Program]]:
    """The program as lowered and after each pass, with the pass's name and rewrite."""
    if dtype not in DTYPES:
        raise ArchitectureError(unknown("dtype", dtype, DTYPES))
    moderate(network)
    program = program_of(proved(network), training)
    yield "lower", "one sample, no pass yet", program
    for rewrite in (*passes.PIPELINE, *fast.pipeline(network, training, blas)):
        program = passes.apply(rewrite, program)
        # The first line of a pass's docstring is its rewrite, as a formula.
        yield rewrite.__name__, str(rewrite.__doc__).splitlines()[0], program


def said_style(lowered: Program, training: Training, dtype: str, blas: str) -> str:
    """Which style a trainer has where none is asked for, as a sentence."""
    return trainer.said_style(lowered, trainer.Choices(training, dtype, blas))


def proved(network: Network) -> Proof:
    """The proof of a network's formulas. Raises NotProved with the difference."""
    proof = prove(network)
    if not proof.holds or proof.derived is None:
        raise NotProved(f"no code without a proof:\n{proof}")
    return proof


def program_of(proof: Proof, training: Training) -> Program:
    """The program for one sample, before any pass. Raises NotProved if the proof does not hold."""
    if not proof.holds or proof.derived is None:
        raise NotProved(f"no code without a proof:\n{proof}")
    forward, cost, backward = _equations(proof.derived)
    for equation in (*forward, cost, *backward):
        if (parts := _length(equation.right)) > MOST_PARTS:
            raise ArchitectureError(
                f"the formula of {equation.label} has {parts} parts, too many for a program; "
                f"{MOST_PARTS} are the most. derive and prove take it"
            )
    for equation in backward:
        # z[j] = Σ_k Σ_q v[j,k,q] x[k]: ∂C/∂v is the same for every q.
        constant = set(free_indices(equation.left)) - set(free_indices(equation.right))
        if constant and equation.right != Number(Fraction(0)):
            letters = ", ".join(sorted(index.name for index in constant))
            raise NotYet(
                f"{best(equation, TEXT)} is the same for every {letters}; no code can be made of "
                "that yet, so leave the axis out"
            )
    return lower(proof.network, forward, cost, backward, training)


def _length(term: Term) -> int:
    """Of how many parts a term is made, those of its functions' formulas among them."""
    found = 0
    for part in walk(term):
        formula = part.function.formula if isinstance(part, Apply) else None
        found += 1 if formula is None else sum(1 for _ in sympy.preorder_traversal(formula))
    return found


def computed(proof: Proof) -> tuple[Equation, ...]:
    """The equations that a program implements, in its order."""
    assert proof.derived is not None
    forward, cost, backward = _equations(proof.derived)
    return (*forward, cost, *backward)


def _equations(
    derived: Backpropagation,
) -> tuple[tuple[Equation, ...], Equation, tuple[Equation, ...]]:
    """Forward equations, cost and backward equations, for the numbered layers."""
    network = derived.network
    forward = tuple(
        equation_at(equation, numbers(network, number))
        for number in range(2, network.L + 1)
        for equation in network.layer(number).definition.equations
    )
    cost = equation_at(equations.cost(network.cost), numbers(network, network.L))
    backward = tuple(
        equation for number in range(network.L, 1, -1) for equation in derived.at(number)
    )
    return forward, cost, backward


def find_backend(name: str) -> Backend:
    """A backend by its name. Raises ArchitectureError with the known ones."""
    if name not in BACKENDS:
        raise ArchitectureError(unknown("backend", name, tuple(BACKENDS)))
    return BACKENDS[name]


def find_optimizer(name: str) -> Optimizer:
    """An optimizer by its name. Raises ArchitectureError with the known ones."""
    if name not in OPTIMIZERS:
        raise ArchitectureError(unknown("optimizer", name, tuple(OPTIMIZERS)))
    return OPTIMIZERS[name]


def find_schedule(name: str) -> Schedule:
    """A schedule by its name. Raises ArchitectureError with the known ones."""
    if name not in SCHEDULES:
        raise ArchitectureError(unknown("schedule", name, tuple(SCHEDULES)))
    return SCHEDULES[name]


def closed(network: Network) -> None:
    """Raise NotYet for what a trainer cannot have yet."""
    for number in range(2, network.L + 1):
        definition = network.layer(number).definition
        symbols = [part for e in definition.equations for part in walk(e.right)]
        if any(isinstance(part, Symbol) and part.name == equations.SHIFT for part in symbols):
            raise NotYet(f"layer {number} has index arithmetic, of which no code can be made yet")
        if definition.given:
            names = ", ".join(symbol.name for symbol in definition.given)
            raise NotYet(f"layer {number} has the given {names}; no code can be made of it yet")
    if network.shared:
        raise NotYet(
            f"the axis {network.shared[0].letter} is shared by all layers, as in a sequence or a "
            "batch; no code can be made of it yet"
        )
    layers = map(network.layer, range(2, network.L + 1))
    if not any(layer.definition.parameters for layer in layers):
        raise ArchitectureError(f"no layer of {network} has a parameter: there is nothing to train")


def moderate(network: Network) -> None:
    """Raise ArchitectureError for a network of more layers than a program is written for."""
    if network.L > MOST_LAYERS:
        raise ArchitectureError(
            f"a program has up to {MOST_LAYERS} layers, and this network {network.L}; "
            "derive and prove take more"
        )


# What a command does not say, because it is so anyway.
SILENT = {"dtype": "float64", "backend": "numpy", "blas": "numpy", "style": "auto"}


def _command(network: Network, asked: Mapping[str, object], source: tuple[str, ...]) -> str:
    """The command line that makes the same file; formulas without a text need Python.

    `asked` are the options by name; `source` are its words for a network that was read from a file.
    """
    words = list(source) or _words(network)
    if not words:
        return "symnet.generate in Python, with formulas of one's own"
    words = ["symnet", "generate", *words]
    for name, value in asked.items():
        if value is not None and value != SILENT.get(name):
            words += [f"--{name}", str(value)]
    line = shlex.join(words)
    # A network too long for a line stands on one of its own, as a shell reads it.
    return line if len(line) < 80 else " \\\n    ".join(map(shlex.quote, words))


def _words(network: Network) -> list[str]:
    """A network and its cost as words of a command line; none if they cannot be written so."""
    if not network.plain or network.penalties:
        return []
    activations = [layer.activation for layer in network.layers if layer.activation is not None]
    own = list(dict.fromkeys(x for x in activations if ACTIVATIONS.get(x.name) != x))
    own_cost = COSTS.get(network.cost.name) != network.cost
    if len(own) > 1 or not all(x.text for x in own) or (own_cost and not network.cost.text):
        return []
    words = [str(network)]
    if own:
        # The formula is what layers have that name no other; a sigmoid is named then.
        layers = (
            str(layer.size) if layer.activation in own else f"{layer.size}:{layer.name}"
            for layer in network.layers
        )
        words[0] = "-".join((str(network.inputs), *layers))
        words += ["--activation", own[0].text]
    if network.cost != find_cost(None, activations[-1]):
        words += ["--cost", network.cost.text if own_cost else network.cost.name]
    return words
