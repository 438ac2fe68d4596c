"""The program as records: it prints as what it is, and check() refuses what means nothing."""

import re
from dataclasses import replace

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import any_program, functions, lowered, read, read_line

from symnet.network.architecture import Network
from symnet.program.ir import (
    Accumulate,
    Array,
    Contract,
    Function,
    Instruction,
    Join,
    Map,
    Program,
    ProgramError,
    Reduce,
    Slice,
    arguments,
    check,
    plain,
)
from symnet.program.passes import optimize

SIZES = (("n1", 2), ("n2", 3))

# A sound function, to be broken: in it, each kind of instruction, a second index, an update.
SOUND = """
    f(w[n2,n1], x[n1], y[n2]) -> w_new
        t1[n2] = Σ_n1 w[n2,n1] x[n1]
        t2 = max_n2 t1[n2]
        t3[n2] = exp(t1[n2] - t2)
        t4 = Σ_n2' t3[n2']
        d[n2] = t3[n2]/t4 - y[n2]
        t5[n2,n1] = d[n2] x[n1]
        w_new[n2,n1] = w[n2,n1] - t5[n2,n1]
        w is overwritten by w_new
"""


def checked(*made: Function) -> Program:
    return check(Program("by hand", SIZES, made))


# --- printing ------------------------------------------------------------------------------

x, v, w = Array("x", ("n1",)), Array("v", ("n2",)), Array("w", ("n2", "n1"))
s, more = Array("s"), Array("W", ("n2", "n1+"))  # w, and in one more column v


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (Contract(v, (w, x)), "v[n2] = Σ_n1 w[n2,n1] x[n1]"),
        (Contract(w, (x, v)), "w[n2,n1] = x[n1] v[n2]"),
        (Contract(Array("c"), (w, x, v)), "c = Σ_n2,n1 w[n2,n1] x[n1] v[n2]"),
        (Contract(v, (w, x), "", sympy.Rational(-1, 2)), "v[n2] = -1/2 Σ_n1 w[n2,n1] x[n1]"),
        (Map(w, v.symbol * sympy.exp(x.symbol), (v, x)), "w[n2,n1] = v[n2]*exp(x[n1])"),
        (Map(Array("c"), sympy.Integer(2), ()), "c = 2"),
        (Reduce(Array("c"), "max", w), "c = max_n2,n1 w[n2,n1]"),
        (Reduce(x, "sum", Array("w", ("n2'", "n1"))), "x[n1] = Σ_n2' w[n2',n1]"),
        (Join(more, w, v), "W[n2,n1+] = w[n2,n1], then v[n2]"),
        (Join(more, w, None), "W[n2,n1+] = w[n2,n1], then 1"),
        (Slice(w, more), "w[n2,n1] = all but the last of W[n2,n1+]"),
        (Slice(v, more), "v[n2] = the last of W[n2,n1+]"),
        (Accumulate(v, (w, x), s, Array("u", ("n2",))), "v[n2] = u[n2] + s Σ_n1 w[n2,n1] x[n1]"),
        (Accumulate(w, (v, x), s, w), "w[n2,n1] = w[n2,n1] + s v[n2] x[n1]"),
    ],
)
def test_an_instruction_prints_as_its_index_equation(line: Instruction, text: str) -> None:
    assert str(line) == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("c = Σ_n2 v[n2] v[n2]", "v[n2] v[n2]"),
        ("c[n2] = v[n2] + s", "v[n2] s"),
        ("c = max_n1 x[n1]", "x[n1]"),
        ("c = Σ_n2' v[n2']", "v[n2']"),
    ],
)
def test_arguments_are_what_a_line_reads(line: str, expected: str) -> None:
    assert " ".join(map(str, arguments(read_line(line)))) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Join(more, w, v), (w, v)),
        (Join(more, w, None), (w,)),
        (Slice(v, more), (more,)),
        (Accumulate(v, (w, x), s, v), (w, x, s, v)),
    ],
    ids=str,
)
def test_arguments_of_what_is_laid_out(line: Instruction, expected: tuple[Array, ...]) -> None:
    assert arguments(line) == expected


def test_second_indices_run_over_the_same_axis() -> None:
    assert [plain(axis) for axis in ("n2", "n2'", "n2''", "m")] == ["n2", "n2", "n2", "m"]


def test_a_function_prints_its_updates() -> None:
    assert str(read(SOUND)).splitlines()[0] == "f(w[n2,n1], x[n1], y[n2]) -> w_new"
    assert str(read(SOUND)).splitlines()[-1] == "    w is overwritten by w_new"


def test_a_program_prints_its_network_its_sizes_and_its_passes() -> None:
    made = Program("2-3", SIZES, (read(SOUND),), ("one", "two"))
    assert str(made).startswith("program for 2-3: n1 = 2, n2 = 3\npasses: one, two\n\nf(w[n2,n1]")
    assert "\npasses: none\n" in str(replace(made, history=()))


@settings(max_examples=20)
@given(any_program())
def test_what_is_printed_says_everything(program: Program) -> None:
    for function in (*program.functions, *optimize(program).functions):
        # SymPy orders some sums anew as it reads them.
        assert sorted(str(read(str(function)))) == sorted(str(function))


def test_a_function_is_found_by_its_name() -> None:
    made = lowered(Network("2-3-1"))
    assert [made.function(f.name) for f in made.functions] == list(made.functions)
    names = [function.name for function in made.functions]
    assert names == ["forward", "cost", "loss", "gradients", "update"]
    with pytest.raises(StopIteration):
        made.function("step")


# --- checking ------------------------------------------------------------------------------


def test_check_returns_a_sound_program_itself() -> None:
    made = Program("by hand", SIZES, (read(SOUND),))
    assert check(made) is made


@given(functions())
def test_check_accepts_what_is_drawn(drawn: Function) -> None:
    checked(drawn)


# What is broken in SOUND: a text is replaced by another one; and what check says of it, at least.
BROKEN = {
    "assigned twice": ("t3[n2] = exp", "t1[n2] = exp", "t1 is assigned twice"),
    "a parameter assigned": ("t3[n2] = exp", "y[n2] = exp", "y is assigned twice"),
    "used before assigned": ("t1[n2] - t2", "t1[n2] - t4", "t4 is not known"),
    "used by itself": ("= max_n2 t1[n2]", "= max_n2 t2[n2]", "t2 is not known"),
    "used in its own definition": ("exp(t1[n2] - t2)", "exp(t3[n2] - t2)", "t3 is not known"),
    "a stranger": ("t3[n2]/t4 - y[n2]", "t3[n2]/t4 - q[n2]", "q is not known"),
    "an axis from nowhere in a Map": ("t3[n2] = exp", "t3[n2,n1] = exp", "n1 comes from nowhere"),
    "in a Contract": ("t5[n2,n1] = d[n2] x[n1]", "t5[n2,n1] = d[n2] y[n2]", "n1 comes from"),
    "in a Reduce": ("t2 = max_n2", "t2[n1] = max_n2", "n1 comes from nowhere"),
    "the second index taken for the first": ("t4 = Σ", "t4[n2] = Σ", "n2 comes from"),
    "an axis without a size": ("[n1", "[n7", "no size"),
    "one index too few": ("Σ_n1 w[n2,n1] x[n1]", "Σ_n1 w[n2] x[n1]", "w[n2] is an array over"),
    "one index too many": ("Σ_n2' t3[n2']", "Σ_n2' t3[n2',n1]", "is an array over n2"),
    "transposed": ("Σ_n1 w[n2,n1] x[n1]", "Σ_n1 w[n1,n2] x[n1]", "w[n1,n2] is an array over"),
    "over another axis": ("/t4 - y[n2]", "/t4 - y[n1]", "y[n1] is an array over n2"),
    "a Map that drops an axis": ("t2 = max_n2 t1[n2]", "t2 = -t1[n2]", "keeps every axis"),
    "an axis twice": ("t5[n2,n1] = d[n2]", "t5[n2,n2] = d[n2]", "axis twice"),
    "a result not computed": ("-> w_new", "-> w_new, q", "q is not computed"),
    "no line computes the result": ("w_new[n2,n1] =", "w_old[n2,n1] =", "w_new"),
    "a result twice": ("-> w_new", "-> w_new, w_new", ""),
    "a stranger is overwritten": ("w is overwritten", "q is overwritten", "place of q"),
    "something of another shape": ("w is overwritten", "x is overwritten", "place of x"),
    "not a parameter": ("w is overwritten", "t5 is overwritten", "place of t5"),
    "by what is no result": ("overwritten by w_new", "overwritten by t5", ""),
    "by itself": ("overwritten by w_new", "overwritten by w", ""),
    "overwritten twice": ("w is over", "w is overwritten by w_new\n w is over", ""),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_check_refuses(kind: str) -> None:
    good, bad, message = BROKEN[kind]
    assert good in SOUND
    with pytest.raises(ProgramError, match=re.escape(message) or None):
        checked(read(SOUND.replace(good, bad)))


def after(function: Function, number: int, **changes: object) -> Function:
    """The function with line `number` changed, from 0."""
    body = list(function.body)
    body[number] = replace(body[number], **changes)
    return replace(function, body=tuple(body))


BROKEN_RECORDS = {
    "a formula with an unknown symbol": lambda f: after(
        f, 2, formula=f.body[2].formula + sympy.Symbol("q", real=True)
    ),
    "a symbol that only looks like the argument": lambda f: after(
        f, 2, formula=f.body[2].formula.xreplace({Array("t1").symbol: sympy.Symbol("t1")})
    ),
    "an argument that the formula does not use": lambda f: after(
        f, 2, arguments=(*f.body[2].arguments, Array("y", ("n2",)))
    ),
    "an argument twice": lambda f: after(f, 2, arguments=f.body[2].arguments * 2),
    "a Reduce that is no sum and no maximum": lambda f: after(f, 1, how="mean"),
    "a Contract of nothing": lambda f: after(f, 0, target=Array("t1"), factors=()),
    "a parameter twice": lambda f: replace(f, parameters=(*f.parameters, f.parameters[0])),
    "a parameter over an axis without a size": lambda f: replace(
        f, parameters=(*f.parameters, Array("q", ("n7",)))
    ),
    "a result in another order of axes": lambda f: replace(
        f, results=(Array("w_new", ("n1", "n2")),)
    ),
    "two lines exchanged": lambda f: replace(f, body=(f.body[1], f.body[0], *f.body[2:])),
    "a diagonal": lambda f: replace(
        f,
        body=(*f.body, read_line("t6[n2,n2'] = d[n2] d[n2']"), read_line("t7 = Σ_n2 t6[n2,n2]")),
    ),
}


@pytest.mark.parametrize("kind", BROKEN_RECORDS)
def test_check_refuses_records(kind: str) -> None:
    with pytest.raises(ProgramError):
        checked(BROKEN_RECORDS[kind](read(SOUND)))


# What is laid out in memory, by records alone: W is w with v as one more column.
LONGER = (*SIZES, ("n1+", 3), ("n2+", 4))
KNOWN = (w, v, x, s, more, Array("u", ("n2", "n2'")))


def checked_line(line: Instruction) -> None:
    check(Program("by hand", LONGER, (Function("f", KNOWN, (line,), (line.target,)),)))


def named(name: str, *axes: str) -> Array:
    return Array(name, axes)


LAID_OUT = (
    Join(named("r", "n2", "n1+"), w, v),
    Join(named("r", "n2", "n1+"), w, None),
    Join(named("r", "n2+", "n1"), w, x),
    Join(named("r", "n1+"), x, s),
    Slice(named("r", "n2", "n1"), more),
    Slice(named("r", "n2"), more),
    Accumulate(named("r", "n2"), (w, x), s, v),
    Accumulate(named("r", "n2", "n1"), (v, x), s, w),
)


@pytest.mark.parametrize("line", LAID_OUT, ids=str)
def test_check_accepts_what_is_laid_out(line: Instruction) -> None:
    checked_line(line)


BROKEN_LAYOUTS = {
    "joined along no longer axis": (Join(named("r", "n2", "n1"), w, v), "joined or cut"),
    "longer along another axis": (Join(named("r", "n2+", "n1"), w, v), "joined or cut"),
    "what is joined is transposed": (Join(named("r", "n1", "n2+"), w, x), "joined or cut"),
    "a whole array as the last place": (Join(named("r", "n2", "n1+"), w, w), "joined or cut"),
    "the last place lacks an axis": (Join(named("r", "n2", "n1+"), w, s), "joined or cut"),
    "longer by an axis that it lacks": (Join(named("r", "n2", "n1+"), v, None), "joined or cut"),
    "longer twice": (Join(named("r", "n2+", "n1+"), w, None), "joined or cut"),
    "joined to a stranger": (Join(named("r", "n2", "n1+"), w, named("q", "n2")), "q is not known"),
    "cut from what has no end": (Slice(named("r", "n2"), w), "joined or cut"),
    "cut along another axis": (Slice(named("r", "n1+"), more), "joined or cut"),
    "not cut at all": (Slice(named("r", "n2", "n1+"), more), "joined or cut"),
    "cut and transposed": (Slice(named("r", "n1", "n2"), more), "joined or cut"),
    "an array for the scale": (Accumulate(named("r", "n2"), (w, x), v, v), "the scale has some"),
    "onto something of another shape": (
        Accumulate(named("r", "n2"), (w, x), s, x), "has other axes",
    ),
    "a product broadcast": (Accumulate(named("r", "n2", "n1"), (x, s), s, w), "from nowhere"),
    "accumulated products of nothing": (Accumulate(named("r"), (), s, s), "product of nothing"),
    "onto a stranger": (Accumulate(named("r"), (x, x), s, named("q")), "q is not known"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN_LAYOUTS)
def test_check_refuses_what_is_laid_out_wrongly(kind: str) -> None:
    line, message = BROKEN_LAYOUTS[kind]
    with pytest.raises(ProgramError, match=re.escape(message)):
        checked_line(line)


def test_check_refuses_two_functions_of_one_name_and_two_sizes_of_one_axis() -> None:
    sound = read(SOUND)
    with pytest.raises(ProgramError):
        checked(sound, sound)
    with pytest.raises(ProgramError):
        check(Program("by hand", (*SIZES, ("n1", 4)), (sound,)))


def test_check_says_in_which_function_and_line() -> None:
    with pytest.raises(ProgramError, match=r"^f: t3\[n2\] = exp\(t1\[n2\] - t4\): t4 is not known"):
        checked(read(SOUND.replace("exp(t1[n2] - t2)", "exp(t1[n2] - t4)")))


@settings(max_examples=25)
@given(any_program(), st.data())
def test_a_line_taken_out_of_a_program_is_missed(program: Program, data: st.DataObject) -> None:
    made = optimize(program)
    function = data.draw(st.sampled_from(made.functions))
    missing = data.draw(st.integers(0, len(function.body) - 1))
    body = (*function.body[:missing], *function.body[missing + 1 :])
    with pytest.raises(ProgramError):
        check(replace(made, functions=(replace(function, body=body),)))
