r"""What words say of quantities on a page with definitions of its own: a table of patterns.

Each entry of `WORDS` changes a `System`, or says None where it has to wait for what the page
declares after it. What no pattern knows is not taken as understood.

>>> from symnet.paper.formula.reader import read
>>> (x,) = read("X").statements
>>> found = said_of(System(), [x], "N by D, examples as rows")
>>> [each.name for each in found.quantities["X"].axes], found.along
(['N', 'D'], 'rows')
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from symnet.calculus.graph import Definition
from symnet.errors import SymnetError
from symnet.network.functions import ACTIVATIONS
from symnet.paper.context.declarations import is_prose
from symnet.paper.definitions.elaboration import SystemElaborator
from symnet.paper.definitions.names import index_letters, key_of
from symnet.paper.definitions.system import Quantity, System, axis, named
from symnet.paper.formula import syntax as s
from symnet.paper.formula.reader import read
from symnet.paper.meaning.arrays import Array, scalar
from symnet.paper.signs.misfits import Misfit, Unclear
from symnet.paper.signs.notation import spelled_out
from symnet.term import (
    Apply,
    Axis,
    Index,
    Size,
    Sum,
    Symbol,
    Term,
    add,
    elementary,
    mul,
    number,
    power,
)

Change = Callable[[System, Sequence[s.Node], re.Match[str], str], System | None]


def said_of(system: System, keys: Sequence[s.Node], said: str) -> System | None:
    """The system with what words say of symbols; None if nothing of it is understood (yet)."""
    for pattern, change in WORDS:
        found = re.search(pattern, said, re.IGNORECASE)
        if found is not None:
            try:
                return change(system, keys, found, said)
            except (Misfit, Unclear):
                return None
    return None


def is_loss(said: str) -> bool:
    """Whether words say that something is a loss, and nothing of what it is made."""
    return re.fullmatch(_LOSS, said.strip(), re.IGNORECASE) is not None


def is_class(said: str) -> bool:
    """Whether words say that something is the number of a class."""
    return re.search(_CLASS, said, re.IGNORECASE) is not None


def _single(text: str) -> s.Node | None:
    try:
        display = read(text)
    except SymnetError:
        return None
    return display.statements[0] if len(display.statements) == 1 else None


def _keys(keys: Sequence[s.Node]) -> list[str] | None:
    found = [key_of(each) for each in keys]
    return None if None in found or not found else [key for key in found if key is not None]


def _array(system: System, keys: Sequence[s.Node], quantity: Quantity) -> System | None:
    names = _keys(keys)
    if names is None:
        return None
    for key in names:
        system = system.with_quantity(key, replace(quantity, name=named(key)))
    return system


def _length(system: System, text: str) -> tuple[System, tuple[Axis, ...]]:
    """The axis of a size by its letter; none for 1."""
    if text == "1":
        return system, ()
    along = system.sizes.get(text, axis(text))
    return replace(system, sizes={**system.sizes, text: along}), (along,)


# --- shapes --------------------------------------------------------------------------------


def _matrix(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    system, rows = _length(system, found["rows"])
    system, cols = _length(system, found["cols"])
    spread = re.search(r"added to (?:every|each) (row|column)", said)
    how = "" if spread is None else "rows" if spread[1] == "row" else "cols"
    if re.search(
        r"(examples?|samples?|data points?) (are |as |in (the )?)?rows|one-hot rows", said
    ):
        system = replace(system, along="rows")
    made = _array(system, keys, Quantity("", rows, cols, how))
    if made is not None and "one-hot" in said:
        names = frozenset(map(named, _keys(keys) or ()))
        made = replace(made, whole=made.whole | names)
    return made


def _vector(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    system, along = _length(system, found["size"])
    row = re.search(r"\brow\b", said) is not None
    made = _array(system, keys, Quantity("", () if row else along, along if row else ()))
    if made is not None and "one-hot" in said:
        made = replace(made, whole=made.whole | frozenset(map(named, _keys(keys) or ())))
    return made


def _ones(system: System, keys: Sequence[s.Node], found: re.Match[str], said: str) -> System | None:
    if found["size"] is None:
        return system
    system, along = _length(system, found["size"])
    (index,) = (Index("ones", each) for each in along)
    row = found["kind"].lower() == "row"
    ones = Array(() if row else (index,), (index,) if row else (), number(1))
    return _array(system, keys, Quantity("", alias=ones))


def _scalar(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    if re.search(r"vector|matrix|per[ -]|array", said, re.IGNORECASE):
        return None
    made = _array(system, keys, Quantity(""))
    if made is not None and re.search(r"rate|step size|positive|small|>\s*0", said):
        positive = made.positive | frozenset(map(named, _keys(keys) or ()))
        made = replace(made, positive=positive)
    return made


def _entries(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    """x_i, i = 1, …, m: a number for each i; w_{ij}, i = 1, …, n; j = 1, …, m."""
    axes: dict[str, Axis] = {}
    for each in re.finditer(ENTRIES, said):
        system, (along,) = _length(system, each["size"])
        axes[each["letter"]] = along
    system = replace(system, letters={**system.letters, **axes})
    for key in keys:
        letters = index_letters(key.sub) if isinstance(key, s.Scripted) else None
        if letters != list(axes) or not isinstance(key, s.Scripted):
            return None
        assert isinstance(key.base, s.Name)
        name = spelled_out(key.base)
        system = system.with_quantity(
            name, Quantity(named(name), tuple(axes.values()), (), plain=True)
        )
        if "one-hot" in said:
            system = replace(system, whole=system.whole | {named(name)})
    return system


def _size(system: System, keys: Sequence[s.Node], found: re.Match[str], said: str) -> System | None:
    names = _keys(keys)
    if names is None:
        return None
    new = {key: system.sizes.get(key, axis(key)) for key in names}
    return replace(system, sizes={**system.sizes, **new})


# --- classes, losses -----------------------------------------------------------------------


def _class(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names = _keys(keys)
    if names is None:
        return None
    along = next((x for k, x in system.letters.items() if k == "k"), axis("classes"))
    letters = {**system.letters, "k": along, "j": system.letters.get("j", along)}
    return replace(
        system, classes={**system.classes, **dict.fromkeys(names, along)}, letters=letters
    )


def _one_hot(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names = _keys(keys)
    if names is None:
        return None
    known = all(key in system.quantities for key in names)
    prediction = _prediction(system)
    if not known and prediction is None:
        return None
    for key in names:
        if key not in system.quantities and prediction is not None:
            new = Quantity(named(key), prediction.rows, prediction.cols)
            system = system.with_quantity(key, new)
    return replace(system, whole=system.whole | frozenset(map(named, names)))


def _prediction(system: System) -> Quantity | None:
    """The one quantity that is a softmax."""
    found = [q for q in system.quantities.values() if q.name in system.softmaxes]
    return found[0] if len(found) == 1 else None


def _cross_entropy(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    """-Σ y ln p over all classes and examples, or its mean over the examples."""
    names, prediction = _keys(keys), _prediction(system)
    targets = [q for q in system.quantities.values() if q.name in system.whole]
    if names is None or len(names) != 1 or prediction is None or len(targets) != 1:
        return None
    (target,) = targets
    if target.axes != prediction.axes or target.rows != prediction.rows:
        return None
    average = re.search(r"average|mean", said, re.IGNORECASE) is not None
    several = len(prediction.axes) > 1
    if several and not average and not re.search(r"\bsum|total", said, re.IGNORECASE):
        return None
    indices = tuple(Index(f"c{at}", each) for at, each in enumerate(prediction.axes))
    logarithm = Apply(elementary("log"), Symbol(prediction.name, None, indices))
    body: Term = mul(number(-1), Symbol(target.name, None, indices), logarithm)
    for index in reversed(indices):
        body = Sum(index, body)
    if average and several:
        body = mul(power(Size(prediction.axes[0]), -1), body)
    more = re.search(r"(?:\bplus|\+)\s*(?P<penalty>.+)$", said)
    if more is not None:
        penalty = _single(more["penalty"].strip(" $."))
        if penalty is None or is_prose(more["penalty"]):
            return None
        elaborator = SystemElaborator(system, inferring=True)
        body = add(body, elaborator.number(penalty))
        system = elaborator.system
    elif not _CROSS_ENTROPY.fullmatch(said.strip()):
        return None
    system = system.with_quantity(names[0], Quantity(named(names[0])))
    return system.with_definition(Definition(named(names[0]), (), body))


_CROSS_ENTROPY = re.compile(
    r"(the )?((categorical|softmax|scalar|total|average|mean|averaged|summed|sum of( the)?) )*"
    r"cross-?entrop(y|ies)( loss(es)?| cost| error)?"
    r"(,? (summed|averaged|mean|sum|average)?\b ?(over|of) (the |all )?[\w ]+)?\.?",
    re.IGNORECASE,
)


def _opaque(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names = _keys(keys)
    if names is None or len(names) != 1:
        return None
    (key,) = names
    of = _single(found["of"].strip("$")) if found["of"] else None
    own = system.quantities.get(key_of(of) or "") if of is not None else None
    if found["of"] and (own is None or own.alias is not None):
        return None
    arguments = system.sinks() if own is None else (_whole(own),)
    arguments = arguments or tuple(
        _whole(q) for q in system.quantities.values() if q.axes and q.alias is None
    )
    if not arguments:
        return None
    system = system.with_quantity(key, Quantity(named(key)))
    return system.with_definition(Definition(named(key), (), None, arguments))


def _whole(quantity: Quantity) -> Symbol:
    indices = tuple(Index(f"a{at}", x) for at, x in enumerate(quantity.axes))
    return Symbol(quantity.name, None, indices)


# --- functions, derivatives, moments -------------------------------------------------------


def _softmax(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names, of = _keys(keys), _single(found["of"].strip(" $.,"))
    if names is None or len(names) != 1 or of is None:
        return None
    if found["side"] or "rows" in said:
        side = "columns" if (found["side"] or "").startswith("column") else "rows"
        system = replace(system, along=side)
    elaborator = SystemElaborator(system)
    value = elaborator.softmax(elaborator.value(of), of)
    assert isinstance(value, Array)
    return defined_as(elaborator.system, names[0], value, is_softmax=True)


def defined_as(system: System, key: str, value: Array, *, is_softmax: bool = False) -> System:
    """A symbol that is defined as an array."""
    rows, cols = (tuple(i.axis for i in side) for side in (value.rows, value.cols))
    name = named(key)
    system = system.with_quantity(key, Quantity(name, rows, cols))
    if is_softmax:
        system = replace(system, softmaxes=system.softmaxes | {name})
    return system.with_definition(Definition(name, (*value.rows, *value.cols), value.term))


def _derivatives(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names, of = _keys(keys), _single(found["of"])
    texts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", found["by"].strip(" ."))
    by = [_single(text) for text in texts]
    if names is None or of is None or len(names) != len(by):
        return None
    for key, each in zip(names, by, strict=True):
        if each is None:
            return None
        elaborator = SystemElaborator(system)
        value = elaborator.derivative(elaborator.value(of), each, each, 1)
        if not isinstance(value, Array):
            return None
        system = system.with_quantity(key, Quantity(named(key), alias=value))
    return system


def _moments(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    """The mean, the variance of the one quantity that has entries by itself."""
    names = _keys(keys)
    if names is None or not set(re.findall(r"[A-Za-z]+", said.lower())) <= _MOMENT_WORDS:
        return None
    if all(key in system.quantities for key in names):
        return system  # as the convention says
    plain = [q for q in system.quantities.values() if q.plain and q.name in system.leaves()]
    if len(plain) != 1 or len(plain[0].axes) != 1:
        return None
    which = re.findall(r"mean|average|variance", said, re.IGNORECASE)
    if len(which) != len(names):
        return None
    (along,) = plain[0].axes
    i = Index("i", along)
    x, share = Symbol(plain[0].name, None, (i,)), power(Size(along), -1)
    mean: Term = mul(share, Sum(i, x))
    for key, word in zip(names, which, strict=True):
        if word.lower() == "variance":
            off = add(x, mul(number(-1), mean))
            system = defined_as(system, key, scalar(mul(share, Sum(i, power(off, 2)))))
        else:
            system = defined_as(system, key, scalar(mean))
            mean = Symbol(named(key))
    return system


_MOMENT_WORDS = frozenset({
    "the", "a", "mini", "minibatch", "batch", "sample", "its", "and", "biased", "mean",
    "average", "variance", "of", "over", "in",
})  # fmt: skip


def _as_it_is(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    return system


def _function(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    names = _keys(keys)
    if names is None or any(key in system.quantities for key in names):
        return None
    new = {key: system.functions.get(key) for key in names}
    return replace(system, functions={**system.functions, **new})


def _known_function(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    """g is the sigmoid function."""
    names, name = _keys(keys), found["name"].lower()
    known = ACTIVATIONS.get({"logistic": "sigmoid", "relu": "relu"}.get(name, name))
    if names is None or known is None or known.couples_neurons:
        return None
    return replace(system, functions={**system.functions, **dict.fromkeys(names, known.formula)})


def _mask(system: System, keys: Sequence[s.Node], found: re.Match[str], said: str) -> System | None:
    names = _keys(keys)
    if names is None or not all(key in system.quantities for key in names):
        return None
    return replace(system, masks=system.masks | frozenset(map(named, names)))


def _bernoulli(
    system: System, keys: Sequence[s.Node], found: re.Match[str], said: str
) -> System | None:
    """Independent numbers, 1 with a probability and else 0."""
    p = found["p"]
    if "independent" not in said.lower() or p in system.sizes:
        return None
    known = system.quantities.get(p)
    if known is not None and known.axes:
        return None
    system = system.with_quantity(p, Quantity(named(p)))
    system = replace(system, positive=system.positive | {named(p)})
    for key in keys:
        letters = index_letters(key.sub) if isinstance(key, s.Scripted) else None
        if not letters or not isinstance(key, s.Scripted) or not isinstance(key.base, s.Name):
            return None
        axes = tuple(system.letters.get(letter, axis(letter)) for letter in letters)
        new = dict(zip(letters, axes, strict=True))
        name = spelled_out(key.base)
        system = replace(
            system.with_quantity(name, Quantity(named(name), axes, (), plain=True)),
            letters={**system.letters, **new},
            drawn={**system.drawn, named(name): Symbol(named(p))},
        )
    return system


_LOSS = (
    r"(the |an? |final |overall |total )*(scalar |scalar-valued |training |opaque |abstract )?"
    r"(loss|cost|objective|error)( function)?( \w)?( of the (mini-?)?batch)?"
    r"(,? (an? )?(scalar |differentiable )?function of (?P<of>\S+?)( alone| only)?)?\.?"
)
_CLASS = (
    r"class (number|index|label)|(number|index|label) of the (correct |true |desired )?class"
    r"|^(the )?(correct|true) class"
)
# N, n_x, in_features: how long an axis is.
_LENGTH = r"[A-Za-z]+_\{?[A-Za-z0-9]+\}?|[A-Za-z]"
_SIZE = rf"(?P<size>{_LENGTH})(?![A-Za-z])"

# i = 1, …, n
ENTRIES = r"(?P<letter>[a-z]) = 1, ?(\\dots|\\ldots|…|\.\.\.), ?(?P<size>[A-Za-z])\b"

# Words, in the order in which they are looked for, and what they change.
WORDS: tuple[tuple[str, Change], ...] = (
    (r"(?P<kind>column|row|vector) of (?:all )?(?:(?P<size>[A-Za-z]) )?ones", _ones),
    (
        rf"^(?:an? )?(?:matrix,? |array,? )?\$?(?P<rows>1|{_LENGTH})\$? ?"
        rf"(?:by|x|×|\\times|-by-) ?\$?(?P<cols>1|{_LENGTH})(?![A-Za-z])",
        _matrix,
    ),
    (
        rf"\\mathbb\{{? ?R\}}?\^\{{?\s*(?P<rows>1|{_LENGTH})"
        rf"\s*\\times\s*(?P<cols>1|{_LENGTH})\s*\}}?",
        _matrix,
    ),
    (rf"\\mathbb\{{? ?R\}}?\^\{{?\s*{_SIZE}\s*\}}?$", _vector),
    (rf"vectors? (?:of|with) (?:length |size |dimension )?{_SIZE}", _vector),
    (r"^(?P<size>[A-Za-z])-vector", _vector),
    (ENTRIES, _entries),
    (r"^(size of the )?(mini-?)?batch( size)?$|^number of \w+( \w+)?$|^length of ", _size),
    (_CLASS, _class),
    (r"^(?P<side>(row|column)-?wise )?softmax (of|over) (the rows of )?(?P<of>.+)$", _softmax),
    (r"cross-?entrop(y|ies)", _cross_entropy),
    (r"(?<!not )one-hot", _one_hot),
    (r"^(partial )?(derivatives?|gradients?|errors?) of (?P<of>.+?) "
     r"(with respect to|w\.?r\.?t\.?|by|at) (?P<by>.+)$", _derivatives),
    (r"\b(mean|variance)\b", _moments),
    (r"bernoulli ?\( ?(?P<p>[A-Za-z]) ?\)", _bernoulli),
    (r"^kronecker('s)? (delta|symbol)$", _as_it_is),
    (r"^(the )?(?P<name>sigmoid|logistic|tanh|relu|identity|softplus)( function| activation)*"
     r"(,? (applied )?(entry|element|component).?wise)?$", _known_function),
    (r"activation|nonlinearity|(entry|element).?wise function", _function),
    (r"\bmask\b", _mask),
    (rf"^{_LOSS}$", _opaque),
    (r"learning rate|step size|momentum|strength|coefficient|parameter|gain|shift|scale|scalar"
     r"|number|constant|^weight decay", _scalar),
)  # fmt: skip
