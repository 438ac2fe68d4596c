"""Where the numbers in templates/numpy/erf.jinja come from, and what its short series cost.

`python benchmarks/erf_coefficients.py` prints, for each type of numbers, the terms that the
template has, what erf would lose without each of them, and what it does lose without all others.
It needs mpmath alone and takes a few seconds.

Around a multiple c of 1/n, with x = c + d, w = c d and e = d², the slope 2/√π exp(-t²) of erf gives

    erf(x) = erf(c) + 2/√π exp(-c²) d (1 + q),   1 + q = ∫₀¹ exp(-2 w s - e s²) ds,

since (c + d s)² = c² + 2 w s + e s². With both exponentials as series, and ∫₀¹ s^(i + 2 j) ds:

    1 + q = Σ_i Σ_j (-2 w)^i (-e)^j / (i! j! (i + 2 j + 1)).

|d| ≤ 1/(2 n) is so short that coefficients fitted to it would be these fractions in all digits that
matter. The area under erf' from c - d to c + d, of which the template adds up its table of erf, is
2 d erf'(c) times the terms that are even in d.
"""

import math
from fractions import Fraction
from functools import cached_property

import mpmath

Term = tuple[int, int]  # i, j of w^i e^j

COUNTS = 0.1  # units in the last place; a term that weighs less is left out
REACH = 6  # beyond, erf is ±1 to the last digit
TRIED = [(i, j) for i in range(7) for j in range(4) if i + j]


def coefficient(i: int, j: int) -> Fraction:
    """What stands before w^i e^j in the series of 1 + q."""
    return Fraction((-2) ** i * (-1) ** j, math.factorial(i) * math.factorial(j) * (i + 2 * j + 1))


class Grid:
    """The multiples of 1/n, for numbers of so many binary digits; errors count in their last."""

    def __init__(self, n: int, digits: int) -> None:
        self.n, self.digits = n, digits

    @cached_property
    def ends(self) -> list[tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf, mpmath.mpf]]:
        """Where |d| is largest, for c ≥ 0, as erf is odd: w, e, d erf'(c), and erf(x) - erf(c).

        The last two are in units in the last place of erf(x).
        """
        found = []
        with mpmath.workdps(50):
            for k in range(REACH * self.n + 1):
                c = mpmath.mpf(k) / self.n
                slope = 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-(c**2))
                for d in (mpmath.mpf(sign) / (2 * self.n) for sign in (1, -1)):
                    value = mpmath.erf(c + d)
                    unit = mpmath.ldexp(1, mpmath.frexp(value)[1] - self.digits)
                    found.append((c * d, d * d, d * slope / unit, (value - mpmath.erf(c)) / unit))
        return found

    def weight(self, term: Term) -> float:
        """What erf would lose at most without this one term."""
        (i, j), number = term, float(abs(coefficient(*term)))
        return max(number * abs(float(w**i * e**j * rise)) for w, e, rise, _ in self.ends)

    @cached_property
    def terms(self) -> dict[Term, Fraction]:
        """The terms that count, with their coefficients."""
        return {term: coefficient(*term) for term in TRIED if self.weight(term) > COUNTS}

    @cached_property
    def loss(self) -> float:
        """What erf loses at most with these terms only; how they are rounded is another matter."""
        with mpmath.workdps(50):
            factors = {t: mpmath.mpf(f.numerator) / f.denominator for t, f in self.terms.items()}
            return max(
                abs(
                    float(rise * (1 + sum(factors[i, j] * w**i * e**j for i, j in factors)) - exact)
                )
                for w, e, rise, exact in self.ends
            )


GRIDS = {"float32": Grid(128, 24), "float64": Grid(256, 53)}


def main() -> None:
    for name, grid in GRIDS.items():
        print(f"{name}, n = {grid.n}; in units in the last place erf would lose, without")
        for (i, j), number in sorted(grid.terms.items()):
            print(f"    {number!s:>5} w^{i} e^{j}    {grid.weight((i, j)):.2g}")
        print(f"and without all other terms it loses {grid.loss:.2g}\n")


if __name__ == "__main__":
    main()
