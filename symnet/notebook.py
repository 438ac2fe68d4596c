"""What a notebook shows: the derivation itself.

Records of the calculus know nothing of paper; here, above both, they learn to show themselves.

>>> print(derive("3-2")._repr_markdown_().splitlines()[0])
# Backpropagation for 3-2
"""

from dataclasses import dataclass

from symnet.calculus import derivation
from symnet.calculus.derivation import Backpropagation
from symnet.network.architecture import Network
from symnet.paper.writing.report import formulas_in_latex, render_derivation


@dataclass(frozen=True, slots=True, repr=False)
class Shown(Backpropagation):
    """All formulas of a network, as a notebook shows them."""

    def __repr__(self) -> str:
        formulas = ", ".join(dict.fromkeys(formula.label for formula in self.formulas))
        return f"<derivation of {self.network}: {formulas} in {len(self.steps)} steps>"

    def _repr_markdown_(self) -> str:
        """The derivation, step by step."""
        return render_derivation(self, "markdown")

    def _repr_latex_(self) -> str:
        """The formulas alone, for what shows LaTeX and no Markdown."""
        return formulas_in_latex(self)


def derive(network: Network | str) -> Backpropagation:
    """Derive ∂C/∂w and ∂C/∂b of a network, by the delta equations BP1 to BP4, step by step.

    Raises ArchitectureError for a network that is not understood, NotYet for a formula that the
    calculus cannot handle yet.

    >>> derived = derive("2-3-4-1")
    >>> derived.dC_dw(3).rhs, len(derived.steps) > 50
    (a^2[k]*δ^3[j], True)
    """
    derived = derivation.derive(network)
    return Shown(derived.network, derived.cost, derived.formulas)
