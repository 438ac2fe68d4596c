r"""A document's own definitions as one system, in which nothing is taken from a book.

Many notes have no general layer: one neuron, two layers by number, a batch as rows. Each symbol is
what its formula says, and what no formula says is a number, a vector or a matrix as the products
fit in which it stands. A claim is then judged by the definitions themselves.

>>> from symnet.notes.source import Source
>>> from symnet.notes.document import Formula
>>> from symnet.notes.own_definitions import definitions
>>> from symnet.notes.statements import statements
>>> text = r"z_1 = W_1 x + b_1, \quad a_1 = \sigma(z_1), \quad z_2 = W_2 a_1 + b_2"
>>> said = statements(Formula(Source("", text, text), 0, len(text)))
>>> found = system_of(definitions(said), said, "L")
>>> found["W_{1}"], found["x"], found["b_{2}"], found["L"]
('n_1 by n_2', 'n_2 by 1', 'n_3 by 1', 'loss')
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from symnet.errors import SymnetError
from symnet.notes.declared import COSTS, NAMES, Declared, base_of, is_partial, slope_of
from symnet.notes.families import entry_of, families
from symnet.notes.own_definitions import (
    COUNTS,
    ERRORS,
    LETTERS,
    MOST,
    SIGNS,
    WEIGHTED,
    Definition,
    bare,
    definitions,
    definitions_in,
    has_raised,
    keys_in,
    printed,
    raised,
    symbol,
    symbols_in,
    unclear,
)
from symnet.notes.shapes import (
    ONE,
    Shapes,
    has_arrays,
    kind_of,
    learn,
    settle,
    sizes_of,
    weights_first,
)
from symnet.notes.statements import EQUALITIES, Statement
from symnet.paper.definitions.declarations import bases_of, wholes_of
from symnet.paper.definitions.declarations import declared as system
from symnet.paper.definitions.names import key_of
from symnet.paper.definitions.pages import LAYER
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.signs.notation import spelled_out
from symnet.paper.signs.scripts import layer_and_transpose


def system_of(given: Sequence[Definition], said: Sequence[Statement], cost: str) -> dict[str, str]:
    """What a page of these definitions declares, each symbol as `verify` has it said.

    `cost` is the letter of what is derived. Empty where nothing is defined.
    """
    given = list({x.key: x for x in given}.values())
    if not given or len(given) > MOST or _ways(given) > MOST_WAYS:
        return {}
    numbered = any(has_raised(x.left) for x in given)
    nodes = [raised(x.node) if numbered else x.node for x in said if x.node is not None]
    formulas = {x.key: x for x in given}
    costs = {x.key for x in given if base_of(x.left) in COSTS} | ({cost} if cost else set())
    functions = _functions([*(x.right for x in given), *nodes], formulas)
    slopes = _slopes(nodes, formulas, cost)
    shapes = _shapes([x for x in given if x.key not in functions], nodes, functions, costs)
    sizes = sizes_of(shapes)
    # Functions come first: what stands before brackets and is not known yet would be a factor.
    declared = dict.fromkeys(sorted(functions - formulas.keys()), "activation function")
    declared |= {x.printed: x.said for x in given if x.key in functions}
    entries = _entries(given, nodes, shapes)
    counted = {whole for key in entries if (whole := _key(key)) is not None}
    for key in (*sorted(shapes.numbers - shapes.of.keys() - costs), *shapes.of):
        if key not in formulas and key not in slopes and key not in counted:
            declared[printed(key)] = kind_of(shapes, key, sizes)
    declared |= entries
    for each in given:
        if each.key not in functions:
            declared[each.printed] = _said(each, shapes)
    for key in costs - formulas.keys():
        declared[printed(key)] = "loss"
    return _readable(_one_hot({**declared, **slopes}), costs)


MOST_WAYS = 2000  # from a quantity down to what it is made of: all are walked by a proof


def _ways(given: Sequence[Definition]) -> int:
    """The most ways that lead from a symbol to others: they double with each h = v h' + w h'."""
    parts = {x.key: list(keys_in(x.right)) for x in given}
    ways: dict[str, int] = {}
    for _ in range(len(parts)):
        for key, below in parts.items():
            ways[key] = min(sum(ways.get(x, 1) for x in below), MOST_WAYS + 1)
    return max(ways.values(), default=0)


def _entries(
    given: Sequence[Definition], nodes: Sequence[s.Node], shapes: Shapes
) -> dict[str, str]:
    """What is declared of quantities that are written entry by entry, and are no arrays."""
    # What definitions have without letters is one quantity: y_i is that of another example then.
    alone = {key_of(x) for each in given for y in (each.left, each.right) for x in symbols_in(y)}
    wide = {key for key, shape in shapes.of.items() if not shapes.is_number(shape)}
    bare_numbers = alone - wide
    given = [
        each
        for each in given
        if not any(
            e is not None and e[0] in bare_numbers for e in map(entry_of, s.walk(each.right))
        )
    ]
    own = [x.left for x in given] + [x.right for x in given]
    _as_long_as_arrays(own, wide, shapes)
    named = {key for x in given for key in (x.key, *keys_in(x.right))} - shapes.of.keys() - alone
    claims = [
        x
        for x in nodes
        if all(
            e[0] in named or e[0] == r"\delta" for e in map(entry_of, s.walk(x)) if e is not None
        )
    ]
    return families([*own, *claims], {x.key for x in given} | shapes.of.keys())


def _as_long_as_arrays(nodes: Sequence[s.Node], wide: set[str], shapes: Shapes) -> None:
    """What stands entry by entry beside a vector, with its letter, is one: y_k ln a_k."""
    for node in nodes:
        entries = [x for x in map(entry_of, s.walk(node)) if x is not None and len(x[1]) == 1]
        vectors = {letters: base for base, letters in entries if base in wide}
        for base, letters in entries:
            if base not in shapes.of and base not in shapes.numbers and letters in vectors:
                shapes.of[base] = shapes.of[vectors[letters]]


def _shapes(
    given: Sequence[Definition], nodes: Sequence[s.Node], functions: set[str], costs: set[str]
) -> Shapes:
    """The shapes of all symbols, as far as definitions and claims say something of them."""
    turned = sum(weights_first(x.right) for x in given) < 0
    numbers = _numbers([x for x in given if x.key not in costs]) - functions
    shapes = Shapes(turned, numbers=frozenset(costs | numbers), functions=functions | set(NAMES))
    for each in given:
        found = shapes.shape(each.right)
        if found is None:
            continue
        if each.key not in costs:
            shapes.join(shapes.symbol(each.key), found)
        elif not any(isinstance(x, s.Big) for x in s.walk(each.right)):
            shapes.join(found, (ONE, ONE))  # a cost is a number: (y - a)^2 is of one output
    claimed = {x.key for x in given}
    for node in nodes:
        learn(node, shapes, claimed)
    for each in given:
        for part in s.walk(each.right):
            # w^T x, in small letters: the weights of one neuron are a vector.
            if isinstance(part, s.Scripted) and layer_and_transpose(part.sup)[1]:
                key = key_of(bare(part))
                if key in shapes.of and key not in claimed and base_of(part).islower():
                    shapes.same(shapes.of[key][1], ONE)
    settle(shapes, [key for key in shapes.of if key not in claimed])
    return shapes


def _numbers(given: Sequence[Definition]) -> set[str]:
    """The symbols of those networks in which nothing is a vector or a matrix.

    What only a slope or the cost has in common with others makes no network of two.
    """
    formulas = {x.key: x for x in given if slope_of(x.right) is None}
    groups = {k: {k, *keys_in(x.right)} for k, x in formulas.items()}
    found: set[str] = set()
    left = dict.fromkeys(formulas)
    while left:
        hanging = _hanging(groups, {next(iter(left))})
        for key in hanging:
            left.pop(key, None)
        if not any(has_arrays(formulas[key].right) for key in hanging):
            found |= {each for key in hanging for each in groups[key]}
    arrays = {each for k in formulas if k not in found for each in groups[k]}
    return found - arrays


def _slopes(
    nodes: Iterable[s.Node], formulas: Mapping[str, Definition], cost: str
) -> dict[str, str]:
    r"""δ_2 and dZ_2 of claims, which are slopes of the cost where nothing else is said."""
    found: dict[str, str] = {}
    if not cost:
        return found
    for node in nodes:
        for part in s.walk(node):
            match part:
                case s.Scripted(primes=0) if base_of(part) in ERRORS and key_of(part):
                    whole = bare(part)
                    key = key_of(whole)
                    if key is None or key in formulas or not isinstance(whole, s.Scripted):
                        continue
                    scripts = key[len(base_of(whole)) :]
                    of = next(
                        (formulas[x + scripts] for x in WEIGHTED if x + scripts in formulas), None
                    )
                    if of is not None:
                        found[printed(key)] = (
                            rf"\frac{{\partial {printed(cost)}}}{{\partial {of.printed}}}"
                        )
                case s.Product(factors=factors, operators=operators):
                    for at, factor in enumerate(factors[:-1]):
                        of_node = factors[at + 1]
                        if (
                            not isinstance(factor, s.Name)
                            or factor.text != "d"
                            or operators[at + 1]
                        ):
                            continue
                        if (
                            not isinstance(of_node, s.Name | s.Scripted)
                            or base_of(of_node) in SIGNS
                        ):
                            continue
                        key = key_of(bare(of_node) if isinstance(of_node, s.Scripted) else of_node)
                        if key is not None and f"d{key}" not in formulas:
                            below = printed(key)
                            found[f"d{below}"] = (
                                rf"\frac{{\partial {printed(cost)}}}{{\partial {below}}}"
                            )
    return found


def _said(definition: Definition, shapes: Shapes) -> str:
    """What a definition says; of a softmax of a matrix, along which side it is taken."""
    match definition.right:
        case s.Product(factors=(s.Name() as name, s.Bracketed(body=body)), operators=("", "")):
            if NAMES.get(name.text) == "softmax":
                inside = definition.said[body.start - definition.right.start :]
                inside = inside[: body.end - body.start]
                shape = shapes.shape(body)
                flat = shape is None or ONE in map(shapes.find, shape)
                side = "" if flat else "row-wise " if shapes.rows else "column-wise "
                return f"{side}softmax of {inside}"
    return definition.said


KIND = re.compile(
    r"loss$|number$|activation function$|\w+ by \w+|[a-z] = 1, "
)  # what needs no other symbol


def _readable(declared: dict[str, str], costs: set[str]) -> dict[str, str]:
    """What is declared, without what is not understood: of a cost it is enough that it is one."""
    for _ in range(MOST):
        unread = system(declared).unread
        if not unread:
            return declared
        opaque = {
            k: "loss" if v != "loss" and wholes_of(k) & unread and bases_of(k) & costs else v
            for k, v in declared.items()
        }
        if opaque == declared:  # what is made of it is not known either
            opaque = {
                k: v for k, v in declared.items() if not wholes_of(k) & unread or KIND.match(v)
            }
        if opaque == declared:
            return {}
        declared = opaque
    return {}


def _functions(nodes: Iterable[s.Node | None], formulas: Mapping[str, Definition]) -> set[str]:
    """The letters that stand before brackets as functions do, or have a prime."""
    found = set()
    for node in nodes:
        for part in s.walk(node) if node is not None else ():
            match part:
                case s.Product(factors=factors, operators=operators):
                    for at, factor in enumerate(factors[:-1]):
                        following = factors[at + 1]
                        if operators[at + 1] or not isinstance(following, s.Bracketed):
                            continue
                        base = base_of(factor)
                        own = base in formulas and _is_of_letter(formulas[base])
                        if (own or base in LETTERS) and isinstance(factor, s.Name | s.Scripted):
                            found.add(base)
                case s.Scripted(primes=primes) if primes and base_of(part) in LETTERS:
                    found.add(base_of(part))
    return {x for x in found if x not in formulas or _is_of_letter(formulas[x])}


def _is_of_letter(definition: Definition) -> bool:
    """σ(z) = 1/(1 + e^{-z}), and not h(x) = σ(w^T x)."""
    if definition.printed.endswith("(u)"):
        return True
    match definition.left:
        case s.Product(factors=(s.Name(), s.Bracketed(body=s.Name() as variable))):
            return set(keys_in(definition.right)) <= {spelled_out(variable)} | set(NAMES)
    return False


@dataclass(frozen=True, slots=True)
class System:
    """What a document declares where a statement stands, and what is only supposed of it."""

    declared: Mapping[str, str]
    supposed: tuple[tuple[str, str], ...] = ()

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What a verdict by this system takes for granted, in words."""
        found = [f"{key} is {words}" for key, words in self.supposed]
        words = tuple(self.declared.values())
        if any(each.endswith(", one-hot") for each in words):
            found.append("targets beside a softmax sum to 1")
        squares = any(re.search(r"\)\^\{?2\}?$", x) and r"\sum" not in x for x in words)
        if has_shapes(self.declared) and squares:
            found.append("a cost without a sum or a norm is that of one output")
        return tuple(found)

    def defines(self, statement: Statement) -> bool:
        """Whether a statement is one of the definitions."""
        return any(
            self.declared.get(each.printed) == each.said for each in definitions_in(0, statement)
        )


def systems(said: Sequence[Statement], known: Declared) -> dict[int, tuple[System, ...]]:
    """For each statement, by its number, the systems that it may be about, the surest first.

    A symbol is what was said of it last; else what is said of it first thereafter. Of all that is
    said so only what hangs together with the symbols of the statement belongs to its system: one
    neuron in the first section is another network than two layers in the second.
    """
    if any(map(_is_of_d, said)):
        return {}  # d x would be a slope, or a product
    given = [x for x in definitions(said) if not LAYER.search(x.printed + " " + x.said)]
    given = list(_new(given))
    # Beside a prediction the same letter is the target, whatever else it has been.
    predicted = {x.key.removeprefix("hat:") for x in given if x.key.startswith("hat:")}
    given = [x for x in given if x.key not in predicted]
    functions = _functions(
        [x.node for x in said] + [x.right for x in given], {x.key: x for x in given}
    )
    numbered = any(has_raised(x.left) for x in given)
    made_of = {id(x): frozenset(keys_in(x.right)) - functions for x in given}
    hidden = unclear(said, [x for x in definitions(said) if x not in given] + given)
    made: dict[tuple[int, ...], tuple[System, ...]] = {}
    found: dict[int, tuple[System, ...]] = {}
    for number, statement in enumerate(said):
        if statement.node is None or LAYER.search(statement.printed):
            continue
        chosen: dict[str, Definition] = {}
        for each in given:
            if each.number <= number or each.key not in chosen:
                chosen[each.key] = each
        used = set(keys_in(raised(statement.node) if numbered else statement.node))
        if known.cost_letter and has_slopes(statement):
            used.add(known.cost_letter)
        if _is_by_hidden(statement.node, hidden, chosen, made_of):
            continue
        systems_of: list[System] = []
        for belonging in _belonging(chosen, used, functions, made_of):
            ordered = sorted(belonging, key=lambda x: x.number)
            names = tuple(map(id, ordered))
            if names not in made:
                made[names] = tuple(_systems(ordered, said, known))
            systems_of += made[names]
        if systems_of:
            found[number] = tuple(systems_of)
    return found


def _is_by_hidden(
    node: s.Node,
    hidden: Mapping[str, set[str]],
    chosen: Mapping[str, Definition],
    made_of: Mapping[int, frozenset[str]],
) -> bool:
    """Whether a slope is taken by what an unread formula depends on."""
    if not hidden:
        return False
    by = {key for x in s.walk(node) if (slope := slope_of(x)) for key in keys_in(slope[2])}
    by |= {key for x in s.walk(node) if _is_slope_symbol(x) for key in keys_in(x)}
    reached, waiting = set[str](), [x for parts in hidden.values() for x in parts]
    while waiting:
        at = waiting.pop()
        if at not in reached:
            reached.add(at)
            waiting += made_of[id(chosen[at])] if at in chosen else ()
            waiting += hidden.get(at, ())
    return bool(by & reached)


def _is_of_d(statement: Statement) -> bool:
    """Whether a statement says what d is."""
    chain = statement.node
    return (
        isinstance(chain, s.Chain)
        and isinstance(chain.sides[0], s.Name)
        and (chain.sides[0].text == "d" and not chain.sides[0].style)
    )


def _new(given: Sequence[Definition]) -> Iterator[Definition]:
    """The definitions without those that say of a symbol what follows from what it is: claims.

    After a = z^2 and z = w x nothing new is said by a = w^2 x^2; by a = tanh(z) it is.
    """
    parts: dict[str, set[str]] = {}
    for each in given:
        own = set(keys_in(each.right))
        if each.key in parts and base_of(each.left) not in COSTS and own - parts[each.key]:
            reached, waiting = set(parts[each.key]), list(parts[each.key])
            while waiting:
                new = parts.get(waiting.pop(), set()) - reached
                reached |= new
                waiting += new
            if own <= reached:
                continue
        parts[each.key] = own
        yield each


def has_slopes(statement: Statement) -> bool:
    """Whether δ_2, dW_1 stand in a statement."""
    return statement.node is not None and any(map(_is_slope_symbol, s.walk(statement.node)))


def _is_slope_symbol(node: s.Node) -> bool:
    """δ_2, dW_1: what is a slope of the cost where nothing else is said."""
    match node:
        case s.Scripted():
            return base_of(node) in ERRORS
        case s.Product(factors=(s.Name(text="d"), s.Name() | s.Scripted(), *_)):
            return True
    return False


def _belonging(
    chosen: Mapping[str, Definition],
    used: set[str],
    functions: set[str],
    made_of: Mapping[int, frozenset[str]],
) -> Iterator[list[Definition]]:
    """The definitions that hang together with some symbols; then those without what costs are."""
    makes = {k: x for k, x in chosen.items() if k not in functions}
    shared = [x for k, x in chosen.items() if k in functions]
    costs = {k for k, x in makes.items() if base_of(x.left) in COSTS}
    # Slopes of one cost make no network of those whose slopes they are.
    slopes = {k: x for k, x in makes.items() if slope_of(x.right) is not None}
    used = used | {each for k in used & slopes.keys() for each in made_of[id(slopes[k])]}
    used -= slopes.keys()
    for left_out in (set(), costs) if costs & used else (set(),):
        left = {k: x for k, x in makes.items() if k not in left_out and k not in slopes}
        groups = {k: {k, *made_of[id(x)]} for k, x in left.items()}
        reached = _hanging(groups, used & left.keys())
        # A parameter that no formula gives: those of the formulas that it stands in.
        seen = {each for k in reached for each in groups[k]}
        loose = used - left_out - seen
        if loose:
            reached |= _hanging(groups, {k for k, group in groups.items() if group & loose})
        if reached:
            seen = {each for k in reached for each in groups[k]} | costs
            own = [
                x for x in slopes.values() if made_of[id(x)] & reached and made_of[id(x)] <= seen
            ]
            yield [*shared, *(left[k] for k in left if k in reached), *own]


def _hanging(groups: Mapping[str, set[str]], start: set[str]) -> set[str]:
    """The defined symbols that some make use of, or that make use of them, and so on."""
    reached, waiting = set(start), list(start)
    while waiting:
        at = waiting.pop()
        near = {k for k in groups[at] if k in groups}
        near |= {k for k, group in groups.items() if at in group}
        waiting += near - reached
        reached |= near
    return reached


def _systems(
    given: Sequence[Definition], said: Sequence[Statement], known: Declared
) -> Iterator[System]:
    """A system, and what it is if an activation or a cost is one that is mentioned."""
    stated = _stated(said, known)
    declared = _honest(system_of(given, said, known.cost_letter), stated, known)
    if not declared:
        return
    yield System(declared)
    unknown = [key for key, words in declared.items() if words == "activation function"]
    names = [x for x in dict.fromkeys((known.hidden, *known.activations)) if x in KNOWN]
    for cost, words in ((None, declared), *(() if stated else _with_costs(declared, known))):
        supposed = () if cost is None else (("cost", cost),)
        if supposed:
            yield System(words, supposed)
        for name in names if unknown else ():
            # Where there are several letters, σ is the sigmoid and no other.
            letters = [
                x for x in unknown if len(unknown) == 1 or (x == r"\sigma") == (name == "sigmoid")
            ]
            if letters:
                pairs = tuple((f"activation {x}", name) for x in letters)
                yield System({**words, **dict.fromkeys(letters, name)}, (*pairs, *supposed))


KNOWN = frozenset({"sigmoid", "tanh", "relu", "softplus"})  # by which a page may name a function


TARGETS = re.compile(r"\\?(?:math(?:bf|rm)|boldsymbol)?\{?([yYtT])\}?(?:_[a-z])?")
SOFTMAX = re.compile(r"softmax of |\\frac.*(?:e\^|\\exp).*\\sum.*(?:e\^|\\exp)")
WIDE = re.compile(r" by | = 1, ")  # more than one number


def _one_hot(declared: dict[str, str]) -> dict[str, str]:
    """What is declared, where targets beside logarithms of a softmax sum to 1."""
    costs = [words for words in declared.values() if re.search(r"\\(?:log|ln)(?![a-z])", words)]
    if not costs or not any(map(SOFTMAX.search, declared.values())):
        return declared
    return {
        key: f"{words}, one-hot" if TARGETS.fullmatch(key) and WIDE.search(words) else words
        for key, words in declared.items()
    }


def _stated(said: Sequence[Statement], known: Declared) -> dict[str, set[str]]:
    """What each cost is made of of which a formula is given, whether that is understood or not."""
    found: dict[str, set[str]] = {}
    for statement in said:
        chain = statement.node
        if not isinstance(chain, s.Chain) or not set(chain.relations) <= EQUALITIES:
            continue
        key = symbol(chain.sides[0])
        if key is None or not (base_of(chain.sides[0]) in COSTS or key == known.cost_letter):
            continue
        for side in chain.sides[1:]:
            keys = set(keys_in(side)) | {x.text for x in s.walk(side) if isinstance(x, s.Name)}
            if not is_partial(side) and keys - {key} - COSTS - COUNTS:
                found.setdefault(key, set()).update(keys)
    return found


PARAMETERS = frozenset({"w", "W", r"\theta", r"\Theta", r"\omega", r"\lambda"})


def _honest(
    declared: dict[str, str], stated: Mapping[str, set[str]], known: Declared
) -> dict[str, str]:
    """What is declared, without costs that are unread and depend on more than on the output."""
    uses = uses_of(declared)
    for loss in [key for key, words in declared.items() if words == "loss"]:
        key = _key(loss) or loss
        made_of = stated.get(key, set())
        inner = {k for k in uses if k in made_of and k not in uses.get(key, set()) and k != key}
        penalised = any(re.split("[_^]", k.split(":")[-1])[0] in PARAMETERS for k in made_of)
        if inner or penalised or (known.penalised and not made_of):
            below = re.compile(rf"\\partial {re.escape(loss)}(?![A-Za-z])")
            declared = {k: v for k, v in declared.items() if k != loss and not below.search(v)}
    return declared


def _with_costs(
    declared: Mapping[str, str], known: Declared
) -> Iterator[tuple[str, dict[str, str]]]:
    """What is declared, with costs that go with the output, where the document has no formula."""
    losses = [key for key, words in declared.items() if words == "loss"]
    targets = [key for key in declared if TARGETS.fullmatch(key)]
    uses = uses_of(declared)
    used = {x for k, each in uses.items() for x in each if declared.get(printed(k)) != "loss"}
    outputs = [key for key in declared if (k := _key(key)) in uses and k not in used]
    outputs = [key for key in outputs if key not in losses and not key.startswith("d")]
    outputs = [key for key in outputs if r"\partial" not in declared[key]]
    if len(losses) != 1 or len(targets) != 1 or len(outputs) != 1:
        return
    (loss,), (target,), (output,) = losses, targets, outputs
    if "softmax of " in declared[output]:
        flat = re.match(r"1 by|\w+ by 1", declared[target]) is not None
        if known.averaged and not flat:
            return  # over which side, the declared names do not tell
        words = "cross-entropy" if flat else "cross-entropy summed over all samples"
        one_hot = f"{declared[target]}, one-hot"
        yield "cross-entropy", {**declared, target: one_hot, loss: words}
        return
    number = declared[target] == "number"
    if not known.cost_names or "quadratic" in known.cost_names:
        squared = f"({output} - {target})^2" if number else rf"\|{output} - {target}\|^2"
        yield "quadratic", {**declared, loss: rf"\frac{{1}}{{2}} {squared}"}
    if number and "cross_entropy" in known.cost_names:
        entropy = rf"-({target} \log({output}) + (1 - {target}) \log(1 - {output}))"
        yield "cross-entropy", {**declared, loss: entropy}


def _key(text: str) -> str | None:
    statements = read(text).statements
    return symbol(statements[0]) if len(statements) == 1 else None


def is_closed(statement: Statement, declared: Mapping[str, str]) -> bool:
    """Whether all that a statement names is made of what the document gives formulas for."""
    assert statement.node is not None
    uses = uses_of(declared)
    waiting = list(keys_in(statement.node))
    seen = set(waiting)
    while waiting:
        for each in uses.get(waiting.pop(), ()):
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    opaque = {k for k, words in declared.items() if words in ("activation function", "loss")}
    return not any(printed(key) in opaque for key in seen)


def has_shapes(declared: Mapping[str, str]) -> bool:
    return any(re.match(r"\w+ by \w+", said) for said in declared.values())


def uses_of(declared: Mapping[str, str]) -> dict[str, set[str]]:
    """What each quantity is made of."""
    found: dict[str, set[str]] = {}
    for name, said in declared.items():
        words = (
            said.removeprefix("row-wise ").removeprefix("column-wise ").removeprefix("softmax of ")
        )
        try:
            (left, *_), (right, *more) = read(name).statements, read(words).statements
        except (SymnetError, ValueError):
            continue
        key = symbol(left)
        if key is not None and not more and not KIND.match(said):
            found[key] = set(keys_in(right)) - {key}
    # A cost of which no more is said depends on what enters nothing else.
    used = {x for each in found.values() for x in each}
    ends = found.keys() - used
    return found | {k: set(ends) for k, said in declared.items() if said == "loss"}
