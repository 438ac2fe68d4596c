"""The forward pass of a script, and derivatives as differences of several of them."""

from collections.abc import Iterator

from symnet.paper.rerun.formulas import UnsayableError
from symnet.paper.rerun.lines import wrapped
from symnet.paper.rerun.names import Functions
from symnet.paper.rerun.needs import Needs
from symnet.paper.rerun.terms import of_state

STEPS = {1: "1e-4", 2: "1e-3", 3: "1e-2"}  # by how many derivatives are nested

PARTIAL = """\
def partial(of, at, place=(), h={step}):
    step = np.zeros(np.shape(at))
    step[place] = h
    f = [of(at + k * step) for k in (-2, -1, 1, 2)]
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)"""


def forward_lines(needs: Needs, functions: Functions) -> Iterator[str]:
    """The forward pass: a function where derivatives are needed, else plain lines."""
    if not needs.moved:
        yield from _pass(needs, functions)
        return
    given = "*nudges" if needs.nested else "name=None, layer=None, place=None, step=0"
    what = "For each nudge, one" if needs.nested else "One"
    yield from ("", f"def forward({given}):")
    yield f"    # {what} entry is moved by a step, and all that depends on it is computed anew."
    yield from (f"    {line}" for line in _pass(needs, functions))
    made = {name: f"new_{name}" for name in "Wby"}
    made["C"] = "C" if "C" in needs.moved else _cost(needs)
    found = [made.get(name, name) for name in needs.state]
    yield f"    return {', '.join(found) or '()'}{',' * (len(found) == 1)}"


def _pass(needs: Needs, functions: Functions) -> Iterator[str]:
    """The lines of the forward pass."""
    top, moved = needs.top, needs.moved
    for name in ("W", "b"):
        if name in moved:
            yield f"new_{name} = {{l: {name}[l].copy() for l in {name}}}"
            yield from _move(needs, f'name == "{name}"', f"new_{name}[layer][place]")
    inputs = 1 in moved.get("a", ())
    if top:
        yield f"{'z, a = {}, ' if top > 1 else 'a = '}{{1: x{'.copy()' * inputs}}}"
        if inputs:
            yield from _move(needs, '(name, layer) == ("a", 1)', "a[1][place]")
    if top > 1:
        yield f"for l in range(2, {top + 1}):"
        yield from (f"    {line}" for line in _layer(needs, functions))
    if "y" in moved:
        yield "new_y = y.copy()"
        yield from _move(needs, 'name == "y"', "new_y[place]")
    if "C" in needs.named and (not moved or "C" in moved):
        yield f"C = {_cost(needs)}"
        if moved:
            yield from _move(needs, 'name == "C"', "C")


def _layer(needs: Needs, functions: Functions) -> Iterator[str]:
    """z and a of layer l."""
    top, moved = needs.top, needs.moved
    weights, biases = (f"new_{x}" if x in moved else x for x in "Wb")
    yield f"z[l] = {weights}[l] @ a[l - 1] + {biases}[l]"
    if "z" in moved:
        yield from _move(needs, '(name, layer) == ("z", l)', "z[l][place]")
    if top == 2 and "C" not in needs.named and 2 not in needs.layers.get("a", ()):
        return
    sigmas = [functions.activation(layer) for layer in range(2, top + 1)]
    pairs = ", ".join(f"{layer}: {each}" for layer, each in enumerate(sigmas, start=2))
    yield f"a[l] = {sigmas[0] if len(set(sigmas)) == 1 else f'{{{pairs}}}[l]'}(z[l])"
    if moved.get("a", set()) - {1}:
        yield from _move(needs, '(name, layer) == ("a", l)', "a[l][place]")


def _move(needs: Needs, condition: str, entry: str) -> Iterator[str]:
    """The lines that add a step to an entry, if it is the one."""
    indent = "    " * needs.nested
    if needs.nested:
        yield "for name, layer, place, step in nudges:"
    yield from (f"{indent}if {condition}:", f"{indent}    {entry} += step")


def _cost(needs: Needs) -> str:
    return f"cost(a[{needs.last}], {'new_y' if 'y' in needs.moved else 'y'})"


def slope_lines(needs: Needs) -> Iterator[str]:
    """Derivatives by five points, and what is read outside of them.

    f' = (f(-2h) - 8 f(-h) + 8 f(h) - f(2h)) / 12h, up to h⁴: h is large enough for three of them
    inside each other.
    """
    if not needs.depth:
        return
    if needs.depth not in STEPS:
        raise UnsayableError(f"{needs.depth} derivatives inside each other")
    step, more, at = STEPS[needs.depth], "", "name, layer, place, k * h"
    if needs.nested:
        more, at = ", *nudges", f"*nudges, ({at})"
    yield ""
    if needs.moved:
        yield f"def slope(of, name, layer, place{more}, h={step}):"
        yield f"    f = [of(*forward({at})) for k in (-2, -1, 1, 2)]"
        yield "    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * h)"
    if needs.deltas:
        slope = f'slope({of_state(needs, "C")}, "z", layer, j{more})'
        yield from wrapped(
            f"delta = lambda layer, j{more}: {slope}  # the error of a neuron, ∂C/∂z"
        )
    if needs.partials:
        yield from PARTIAL.format(step=step).splitlines()
    yield ""
    wanted = [name if name in needs.outside & set("zaC") else "_" for name in needs.state]
    if needs.moved and set(wanted) - {"_"}:
        yield f"{', '.join(wanted)}{',' * (len(wanted) == 1)} = forward()"
