r"""What is wrong with a claim about steps or expectations: the one edit that makes it right.

>>> from symnet.paper.formula.reader import read
>>> said = {"r": "independent Bernoulli(p)", r"\tilde a": r"\frac{r}{p}a"}
>>> repaired(r"\mathbb{E}[\tilde a] = p\,a", "nielsen", {"declared": said}).text
'\\mathbb{E}[\\tilde a] =  a'
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symnet.errors import SymnetError
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.repair.places import Edit
from symnet.paper.steps.claims import steps_page

REPAIR = 0.8  # seconds, after which no more edits are tried


@dataclass(frozen=True)
class Repaired:
    """The edit that makes a claim right, and the text with it."""

    edit: Edit
    text: str


def repaired(latex: str, convention: str, context: Mapping[str, object]) -> Repaired | None:
    """The first edit after which the claim is proved; None if there is none."""
    display = read(latex)
    rights = [side for x in display.statements if isinstance(x, s.Chain) for side in x.sides[1:]]
    lefts = [x.sides[0] for x in display.statements if isinstance(x, s.Chain)]
    deadline = time.process_time() + REPAIR
    seen = {latex}
    for kind in EDITS:
        for edit in kind(latex, rights):
            text = edit.applied(latex)
            if text not in seen and _holds(text, convention, context):
                return Repaired(edit, text)
            seen.add(text)
            if time.process_time() > deadline:
                return None
    for edit in means_exchanged(latex, lefts):
        text = edit.applied(latex)
        if _holds(text, convention, context):
            return Repaired(edit, text)
    return None


def _holds(text: str, convention: str, context: Mapping[str, object]) -> bool:
    try:
        found = steps_page(convention, context, read(text))
    except SymnetError:
        return False
    return found is not None and found.verdict().holds


def _parts(nodes: Sequence[s.Node]) -> Iterator[s.Node]:
    for node in nodes:
        yield from s.walk(node)


def signs(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """The sign of a term."""
    for part in _parts(nodes):
        if isinstance(part, s.Additive):
            for at, term in enumerate(part.terms):
                before = part.terms[at - 1].end if at else part.start
                gap = text[before : term.start]
                where = before + max(gap.rfind("+"), gap.rfind("-"))
                if where >= before and text[where] in "+-":
                    yield Edit("sign", where, where + 1, "-" if text[where] == "+" else "+")


def steps_moved(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """v' for v, v_t for v_{t-1}, and so on; the exponent t - i for i."""
    for part in _parts(nodes):
        match part:
            case s.Name() if part.text.isalpha() or part.text.startswith("\\"):
                yield Edit("other", part.end, part.end, "'")
            case s.Scripted(primes=1, sub=None, sup=None, base=base):
                yield Edit("other", base.end, part.end, "")
        match part:
            case s.Scripted(sub=s.Name(text=letter, start=start, end=end)) if len(letter) == 1:
                for other in (f"{letter}-1", f"{letter}+1"):
                    new = other if text[start - 1] == "{" else f"{{{other}}}"
                    yield Edit("other", start, end, new)
            case s.Scripted(sub=s.Additive(terms=(s.Name(text=letter), *_)) as sub):
                new = letter if text[sub.start - 1] == "{" else f"{{{letter}}}"
                yield Edit("other", sub.start, sub.end, new)
                for other in (f"{letter}+1", f"{letter}-1"):
                    yield Edit("other", sub.start, sub.end, other)
        match part:
            case s.Scripted(sup=s.Name(text=letter, start=start, end=end)) if letter != "t":
                new = f"t-{letter}" if text[start - 1] in "{,; " else f"{{t-{letter}}}"
                yield Edit("other", start, end, new)
            case s.Scripted(sup=s.Additive() as sup):
                yield Edit("other", sup.start, sup.end, "t-i")
                yield Edit("other", sup.start, sup.end, "t")
        if isinstance(part, s.Big) and isinstance(part.sub, s.Chain):
            first = part.sub.sides[1]
            if isinstance(first, s.Number):
                yield Edit("wrong-range", first.start, first.end, "0" if first.text == "1" else "1")


def factors(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """A factor too many, a quotient for a product, the other way round."""
    for part in _parts(nodes):
        match part:
            case s.Product(factors=parts, operators=operators):
                for at, factor in enumerate(parts):
                    if isinstance(factor, s.Big) or operators[at] == "/":
                        continue
                    if at + 1 < len(parts):
                        yield Edit("factor", factor.start, parts[at + 1].start, " ")
                    else:
                        yield Edit("factor", parts[at - 1].end, factor.end, " ")
                if len(parts) == 2 and operators[1] != "/":
                    one, two = (text[x.start : x.end] for x in parts)
                    for above, below in ((two, one), (one, two)):
                        new = rf"\frac{{{above}}}{{{below}}}"
                        yield Edit("factor", part.start, part.end, new)
            case s.Fraction(above=above, below=below):
                one, two = (text[x.start : x.end] for x in (above, below))
                yield Edit("factor", part.start, part.end, one)
                yield Edit("factor", part.start, part.end, f"{one}\\,{two}")
                yield Edit("factor", part.start, part.end, rf"\frac{{{two}}}{{{one}}}")
    for node in nodes:
        for times in ("2", r"\frac{1}{2}"):
            whole = text[node.start : node.end]
            yield Edit("factor", node.start, node.end, rf"{times}\left({whole}\right)")


def powers(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """A square or a root that is missing or too much; the first rate for the second."""
    for part in _parts(nodes):
        whole = text[part.start : part.end]
        match part:
            case s.Scripted(sup=None, primes=0):
                yield Edit("other", part.start, part.end, rf"\sqrt{{{whole}}}")
                yield Edit("other", part.start, part.end, f"{whole}^2")
            case s.Scripted(sup=s.Number(text="2") as sup):
                yield Edit("other", part.start, part.end, text[part.start : sup.start].rstrip("^{"))
            case s.Root(body=body):
                yield Edit("other", part.start, part.end, text[body.start : body.end])
        match part:
            case s.Scripted(sub=s.Number(text="1" | "2" as digit, start=start, end=end)):
                yield Edit("other", start, end, "2" if digit == "1" else "1")
            case s.Scripted(base=base, sub=s.Number(), sup=None, primes=0) if isinstance(
                base, s.Name
            ):
                yield Edit("other", part.end, part.end, "^t")


def bounds(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """Another number."""
    for part in _parts(nodes):
        if isinstance(part, s.Number):
            for other in ("1", "2", "3", "4", "6"):
                if other != part.text:
                    yield Edit("factor", part.start, part.end, other)


def means_exchanged(text: str, nodes: Sequence[s.Node]) -> Iterator[Edit]:
    """A second moment for a variance."""
    for part in _parts(nodes):
        if isinstance(part, s.Product):
            for one, other in zip(part.factors, part.factors[1:], strict=False):
                is_variance = isinstance(one, s.Name) and one.text in ("Var", "V")
                if is_variance and isinstance(other, s.Bracketed):
                    inside = text[other.body.start : other.body.end]
                    new = rf"\mathbb{{E}}\left[{inside}^2\right]"
                    yield Edit("other", one.start, other.end, new)


Kind = Callable[[str, Sequence[s.Node]], Iterator[Edit]]
EDITS: Sequence[Kind] = (signs, steps_moved, powers, factors, bounds)
