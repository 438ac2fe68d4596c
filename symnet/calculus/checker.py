"""The checker: replays a certificate from the equations of the network alone.

It knows what terms mean (`meaning.py`) and when meanings are one (`algebra.py`, and `branches.py`
between kinks), and shares neither rules nor normal form with what made the certificate. Every line
must mean what is sought: with all derivatives worked out, both have to read the same.

A formula is checked once for all the layers that it covers, after it was seen that they all have
the same equations: that is the step of the induction over l, and BP1 its beginning.
"""

from symnet.calculus import textbook
from symnet.calculus.algebra import UndecidedError
from symnet.calculus.branches import same, without_shared
from symnet.calculus.certificate import Certificate, Chapter
from symnet.calculus.meaning import Context, Meaning, RefusedError, contexts
from symnet.errors import SymnetError
from symnet.network import equations
from symnet.network import notation as n
from symnet.network.architecture import Network
from symnet.term import (
    Apply,
    Delta,
    Equation,
    Partial,
    ScalarFunction,
    Symbol,
    Term,
    free_indices,
    spell,
    walk,
)


def check(certificate: Certificate) -> str:
    """Why a certificate is refused, and where; empty if it proves all formulas of its network."""
    network, where = certificate.network, "the cost"
    try:
        _check_coverage(certificate)
        cost = equations.cost(network.cost, network.shared)
        goal = Partial(n.COST, equations.output(network.shared))
        lines = tuple(line.after for line in certificate.cost)
        _replay(goal, goal, lines, Meaning(Context((cost,), ())), "the cost")
        for chapter in certificate.chapters:
            where = f"{chapter.label}, l = {', '.join(map(str, chapter.layers))}"
            _check_chapter(network, chapter, cost, where)
    except SymnetError as refused:
        return str(refused) if where in str(refused) else f"{where}: {refused}"
    except (
        ArithmeticError,
        AssertionError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as odd:
        # What is read may be anything; what makes no sense is refused.
        return f"{where}: it makes no sense ({odd!r})"[:300]
    return ""


def _check_coverage(certificate: Certificate) -> None:
    """Each quantity and parameter of each layer has one formula."""
    network = certificate.network
    wanted = []
    for layer in range(2, network.L + 1):
        definition = network.layer(layer).definition
        *inner, a = definition.quantities
        named = [a] if a in definition.named else []
        wanted += [(v.name, layer) for v in (*inner, *named, *definition.parameters)]
    found = [(c.sought.name, layer) for c in certificate.chapters for layer in c.layers]
    if sorted(wanted) != sorted(found):
        odd = sorted(set(wanted) ^ set(found)) or found
        raise RefusedError(f"∂C by {odd[0][0]} of layer {odd[0][1]} has not just one formula")


def _check_chapter(network: Network, chapter: Chapter, cost: Equation, where: str) -> None:
    layers = [network.layer(layer).definition for layer in range(2, network.L + 1)]
    above = [*layers[1:], None]
    rest = cost, network.cost.normalised, network.penalties
    found = {
        contexts(chapter.sought, layers[layer - 2], above[layer - 2], *rest)
        for layer in chapter.layers
    }
    if len(found) != 1:
        raise RefusedError(f"{where}: the layers have different equations")
    general, special = found.pop()
    sought = chapter.sought
    start = Partial(n.COST, sought)
    goal = Symbol("δ", sought.layer, sought.indices) if sought.name == "z" else start
    if chapter.goal != goal:
        raise RefusedError(f"{where}: the goal is {spell(chapter.goal)}, not {spell(goal)}")
    meaning = Meaning(general)
    result = _replay(start, goal, tuple(x.after for x in chapter.general), meaning, where)
    _check_finished(result, goal, general, where, special=False)
    claim = _claim(network, chapter, general)
    if claim is not None:
        _replay(result, goal, (claim,), meaning, f"{where}, as the book says")
    lines = tuple(line.after for line in chapter.special)
    named = _replay(result, goal, lines, Meaning(special), f"{where}, special")
    _check_finished(named, goal, special, where, special=True)


def _claim(network: Network, chapter: Chapter, context: Context) -> Term | None:
    """What the books say, where they do."""
    if chapter.label not in textbook.STATED:
        return None
    claim = textbook.state(chapter.label, textbook.couples(context.equations[0]))
    if chapter.label == "BP3" and network.penalties:
        claim = textbook.with_penalties(claim, network.penalties)
    if claim.left != chapter.goal:
        raise RefusedError(f"{chapter.label} is not about {spell(chapter.goal)}")
    return claim.right


def _replay(start: Term, goal: Term, lines: tuple[Term, ...], meaning: Meaning, where: str) -> Term:
    """The last line, if each means what the one before it means."""
    before = start
    for number_, line in enumerate(lines, 1):
        stray = free_indices(line) - free_indices(goal)
        if stray:
            names = ", ".join(sorted(index.name for index in stray))
            raise RefusedError(f"{where}: line {number_} has the free index {names}")
        try:
            follows = _follows(line, before, meaning)
        except UndecidedError as undecided:
            raise RefusedError(f"{where}: line {number_} is not decided: {undecided}") from None
        if not follows:
            raise RefusedError(f"{where}: line {number_} does not follow: {spell(line)}")
        before = line
    return before


def _follows(line: Term, before: Term, meaning: Meaning) -> bool:
    """Whether two lines mean the same: with quantities by their names, or by their equations."""
    left, right = without_shared(meaning.of(line), meaning.of(before))
    if left == right:
        return True
    ways = [meaning, meaning.unfolding]
    if meaning.quantities(left) != meaning.quantities(right):
        ways.reverse()  # names alone hardly ever do
    facts = meaning.context.facts
    return any(same(each.of(line), each.of(before), facts) for each in ways)


def _check_finished(
    result: Term, goal: Term, context: Context, where: str, *, special: bool
) -> None:
    for part in walk(result):
        match part:
            case Delta(left, right) if {left, right} <= free_indices(goal):
                continue  # by w_jk, of which only w_jj is used
            case Partial(of, by, False) if of == n.COST and (
                (by.name, by.layer) in context.known or (by.name == "a" and not special)
            ):
                continue
            case Delta() | Partial():
                raise RefusedError(f"{where}: {spell(part)} is not worked out")
            case Apply(ScalarFunction(_, None)) if special:
                raise RefusedError(f"{where}: {spell(part)} is arbitrary")
