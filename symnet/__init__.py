"""symnet: derive backpropagation, prove it, print it, and generate fast standalone trainers.

>>> import symnet
>>> net = symnet.Network("2-3-4-1", activation="sigmoid", cost="quadratic")
>>> symnet.derive(net).dC_db(4).rhs
δ^4[j]
>>> symnet.prove(net).holds
True
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symnet.calculus.derivation import Backpropagation
    from symnet.calculus.proof import Proof, prove
    from symnet.errors import SymnetError
    from symnet.linter import lint
    from symnet.network.architecture import Layer, Network
    from symnet.network.functions import Activation, Cost
    from symnet.notebook import derive
    from symnet.notes.findings import Report
    from symnet.paper.claims.verdicts import Verdict
    from symnet.pipeline import generate
    from symnet.verification import verify

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "Backpropagation",
    "Cost",
    "Layer",
    "Network",
    "Proof",
    "Report",
    "SymnetError",
    "Verdict",
    "derive",
    "generate",
    "lint",
    "prove",
    "verify",
]

# Where each public name lives; it is loaded on first use, so that `symnet --help` loads no SymPy.
_HOMES = {
    "Activation": "symnet.network.functions",
    "Backpropagation": "symnet.calculus.derivation",
    "Cost": "symnet.network.functions",
    "Layer": "symnet.network.architecture",
    "Network": "symnet.network.architecture",
    "Proof": "symnet.calculus.proof",
    "Report": "symnet.notes.findings",
    "SymnetError": "symnet.errors",
    "Verdict": "symnet.paper.claims.verdicts",
    "derive": "symnet.notebook",
    "generate": "symnet.pipeline",
    "lint": "symnet.linter",
    "prove": "symnet.calculus.proof",
    "verify": "symnet.verification",
}


def __getattr__(name: str) -> Any:
    if name in ("z", "a", "y"):
        # The symbols in which an activation and a cost of one's own are written.
        return getattr(importlib.import_module("symnet.network.functions"), name.upper())
    if name not in _HOMES:
        raise AttributeError(f"module 'symnet' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
