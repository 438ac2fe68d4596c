"""Optimizers and learning-rate schedules: their equations only, as PyTorch defines them.

An optimizer moves every parameter θ by its gradient g. Its equations hold entry by entry and are
computed in order; what they define beside θ is its state, which starts at 0 and is kept from step
to step. t counts the steps, from 1.

>>> for line in OPTIMIZERS["momentum"].lines:
...     print(line)
v = g + momentum*v
theta = -learning_rate*v + theta

`decay` is an equation for weights alone, which comes before the others: biases do not decay.
"""

import math
from dataclasses import dataclass, replace

import sympy

from symnet.network.functions import THETA, G

T = sympy.Symbol("t", integer=True, positive=True)  # the number of the step, from 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What the user of an optimizer may choose: a number, or several under one name (`betas`).

    `symbols` are its numbers in the equations, from `least` up and less than `below`; the meaning
    is a few words in ASCII.
    """

    name: str
    default: float | tuple[float, ...]
    meaning: str
    symbols: tuple[str, ...] = ()
    least: int = 0
    below: float = math.inf

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of its numbers: itself, or beta1 and beta2 of betas."""
        return self.symbols or (self.name,)

    def problem(self, value: object) -> str:
        """What is wrong with a value, in words; nothing if it may be chosen."""
        values = value if isinstance(value, tuple | list) else (value,)
        count, most = len(self.numbers), f" and less than {self.below}"
        good = (
            isinstance(x, int | float) and not isinstance(x, bool) and self.least <= x < self.below
            for x in values
        )
        if len(values) == count and isinstance(value, tuple | list) == (count > 1) and all(good):
            return ""
        kind = "a number" if count == 1 else f"{count} numbers"
        bound = most if self.below < math.inf else ""
        return f"{self.name} must be {kind} from {self.least} up{bound}, not {value!r}"


Rule = tuple[sympy.Symbol, sympy.Expr]  # what becomes of a symbol


@dataclass(frozen=True, slots=True)
class Optimizer:
    """One update of a parameter θ by its gradient g: each symbol becomes its formula, in order."""

    name: str
    rules: tuple[Rule, ...]
    settings: tuple[Setting, ...]
    decay: sympy.Expr | None = None

    @property
    def state(self) -> tuple[sympy.Symbol, ...]:
        """What is kept from step to step, one number for each parameter."""
        return tuple(symbol for symbol, _ in self.rules if symbol != THETA)

    @property
    def lines(self) -> tuple[str, ...]:
        """The equations as text; of weights alone, first."""
        decay = () if self.decay is None else ((THETA, self.decay),)
        return tuple(f"{symbol} = {formula}" for symbol, formula in (*decay, *self.rules))


def _numbers(*names: str) -> list[sympy.Symbol]:
    return [sympy.Symbol(name, nonnegative=True) for name in names]


ETA, MU, ALPHA, BETA1, BETA2, EPS, DECAY = _numbers(
    "learning_rate", "momentum", "alpha", "beta1", "beta2", "eps", "weight_decay"
)
M, V, S = sympy.symbols("m1 v s", real=True)  # the states: means, velocities, squares


def _rate(default: float) -> Setting:
    return Setting("learning_rate", default, "rate of the gradient step")


def _eps(default: float) -> Setting:
    return Setting("eps", default, "keeps quotients finite")


MOMENTUM = Setting("momentum", 0.9, "share of the last velocity that is kept")
BETAS = Setting(
    "betas", (0.9, 0.999), "shares kept of the means of g and g^2", ("beta1", "beta2"), below=1
)

# Kingma and Ba 2015, algorithm 1
ADAM = (
    (M, BETA1 * M + (1 - BETA1) * G),
    (S, BETA2 * S + (1 - BETA2) * G**2),
    (THETA, THETA - ETA * (M / (1 - BETA1**T)) / (sympy.sqrt(S / (1 - BETA2**T)) + EPS)),
)

OPTIMIZERS = {
    optimizer.name: optimizer
    for optimizer in (
        Optimizer("sgd", ((THETA, THETA - ETA * G),), (_rate(0.1),)),
        # Polyak 1964, with the rate outside the velocity
        Optimizer("momentum", ((V, MU * V + G), (THETA, THETA - ETA * V)), (_rate(0.1), MOMENTUM)),
        # Sutskever et al. 2013, likewise
        Optimizer(
            "nesterov",
            ((V, MU * V + G), (THETA, THETA - ETA * (G + MU * V))),
            (_rate(0.1), MOMENTUM),
        ),
        # Duchi et al. 2011
        Optimizer(
            "adagrad",
            ((S, S + G**2), (THETA, THETA - ETA * G / (sympy.sqrt(S) + EPS))),
            (_rate(1e-2), _eps(1e-10)),
        ),
        # Hinton 2012, lecture 6e
        Optimizer(
            "rmsprop",
            (
                (S, ALPHA * S + (1 - ALPHA) * G**2),
                (THETA, THETA - ETA * G / (sympy.sqrt(S) + EPS)),
            ),
            (
                _rate(1e-2),
                Setting("alpha", 0.99, "share kept of the mean of g^2", below=1),
                _eps(1e-8),
            ),
        ),
        Optimizer("adam", ADAM, (_rate(1e-3), BETAS, _eps(1e-8))),
        # Loshchilov and Hutter 2019, algorithm 2
        Optimizer(
            "adamw",
            ADAM,
            (
                _rate(1e-3),
                BETAS,
                _eps(1e-8),
                Setting("weight_decay", 1e-2, "share of a weight that a rate of 1 takes away"),
            ),
            decay=THETA - ETA * DECAY * THETA,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the learning rate is multiplied by in step t."""

    name: str
    factor: sympy.Expr
    settings: tuple[Setting, ...]


GAMMA, STEP_SIZE, TOTAL, WARMUP = _numbers("gamma", "step_size", "total_steps", "warmup")

SCHEDULES = {
    schedule.name: schedule
    for schedule in (
        Schedule("constant", sympy.Integer(1), ()),
        Schedule(
            "step",
            GAMMA ** sympy.floor((T - 1) / STEP_SIZE),
            (
                Setting("step_size", 1000, "steps after which the learning rate falls", least=1),
                Setting("gamma", 0.1, "what the learning rate is multiplied by then"),
            ),
        ),
        # Loshchilov and Hutter 2017, eq. 5, without restarts
        Schedule(
            "cosine",
            (1 + sympy.cos(sympy.pi * sympy.Min(1, (T - 1) / TOTAL))) / 2,
            (Setting("total_steps", 0, "steps until the learning rate is 0; 0: those of fit"),),
        ),
        Schedule(
            "warmup",
            sympy.Min(1, T / WARMUP),
            (Setting("warmup", 1000, "steps in which the learning rate rises", least=1),),
        ),
    )
}

# Pascanu, Mikolov and Bengio 2013, algorithm 1: what all gradients are multiplied by, of n = Σ g².
CLIP = Setting("clip_norm", 1.0, "the longest a gradient may be; longer ones are shortened")
LIMIT, NORM2 = _numbers(CLIP.name, "norm2")
CLIPPED = sympy.Min(1, LIMIT / (sympy.sqrt(NORM2) + sympy.Rational(1, 10**6)))


@dataclass(frozen=True, slots=True)
class Training:
    """How a network is trained: the optimizer, the schedule of its rate, and where it clips.

    `clip_norm` is the value that a trainer starts from; None: it does not clip.
    """

    optimizer: Optimizer
    schedule: Schedule = SCHEDULES["constant"]
    clip_norm: float | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All that the user may choose."""
        clip = () if self.clip_norm is None else (replace(CLIP, default=self.clip_norm),)
        return (*self.optimizer.settings, *self.schedule.settings, *clip)
