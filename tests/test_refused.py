"""What was once accepted, ended in a traceback or took minutes, and is refused in words at once."""

import re
import types
from pathlib import Path

import pytest
from fuzz_cli import Outcome, outcome

from symnet import pipeline
from symnet.network import document, expression, functions, layers
from symnet.paper.verify import LONGEST_SAID, verify

HEAD, OUTPUT = "[network]\ninputs = 3\n", "[[layer]]\nneurons = 2\n"


def own(parameters: str, axes: str, *equations: str) -> bytes:
    lines = ",\n".join(f'"{each}"' for each in equations)
    text = f"[[layer]]\naxes = {{ {axes} }}\nparameters = {{ {parameters} }}\nequations = [{lines}]"
    return f"{HEAD}{text}\n{OUTPUT}".encode()


def named(name: str) -> list[bytes]:
    """A layer with a parameter, a quantity, an axis, an index of this name."""
    w, a = 'w = ["j", "k"]', "a[j] = tanh(z[j])"
    return [
        own(f'{w}, "{name}" = ["j"]', "j = 2", f"z[j] = sum(k, w[j,k]*x[k]) + {name}[j]", a),
        own(w, "j = 2", f"{name}[j] = sum(k, w[j,k]*x[k])", f"a[j] = tanh({name}[j])*{name}[j]"),
        own(f'w = ["{name}", "k"]', f'"{name}" = 2', f"z[{name}] = sum(k, w[{name},k]*x[k])",
            f"a[{name}] = tanh(z[{name}])"),
        own(f'w = ["j", "{name}"]', "j = 2", f"z[j] = sum({name}, w[j,{name}]*x[{name}])", a),
    ]  # fmt: skip


def trained(found: Outcome) -> bool:
    """Whether a generated trainer is Python, and right by its own check."""
    module = types.ModuleType("trainer_of_a_name")
    try:
        exec(compile(found.out, "trainer.py", "exec"), module.__dict__)
        return bool(module.main(["check"]) == 0)
    except (SyntaxError, NameError):
        return False


def refused(words: list[str], given: bytes = b"") -> str:
    """The message of a command that is refused. It has neither traceback nor output."""
    found = outcome(words, given)
    assert (found.code, found.out) == (2, ""), (words, str(found))
    return found.err


# To Python ａ and ª are a, ｗ is w, ſ is s: a trainer computed a2 where it said ª2. The others look
# like letters of ours, or turn the line in which they stand.
@pytest.mark.parametrize("name", [*"ａｗªºſµﬁⅷаоοאعßı", "\u212a"])
def test_letters_that_are_taken_for_others_are_refused(name: str) -> None:
    for content in named(name):
        assert "symnet: " in refused(["generate", "-"], content)


@pytest.mark.parametrize("name", ["g", "γ", "β", "Γ", "Ω", "ω", "K", "P"])
def test_latin_and_greek_letters_make_right_trainers(name: str) -> None:
    for content in named(name):
        assert trained(outcome(["generate", "-"], content)), content


def test_a_broken_check_of_letters_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "NAMES", re.compile(r"[^\W\d_]{1,20}"))
    monkeypatch.setattr(layers, "LETTER", re.compile(r"[^\W\d_]"))
    grammar = expression.GRAMMAR.replace(expression.LETTERS, r"^\W\d")
    parser = expression.Lark(
        grammar, parser="lalr", start=["formula", "definition"],
        transformer=expression._Records(), propagate_positions=False,
    )  # fmt: skip
    monkeypatch.setattr(expression, "_PARSER", parser)
    right = [trained(outcome(["generate", "-"], content)) for content in named("ª")]
    assert not all(right)


def test_a_slope_that_is_the_same_along_an_axis_is_said_to_be() -> None:
    content = own('w = ["j", "k", "q"]', "j = 2, q = 3",
                  "z[j] = sum(q, sum(k, w[j,k,q]*x[k]))", "a[j] = tanh(z[j])")  # fmt: skip
    for command in ("generate", "show"):
        assert "is the same for every" in refused([command, "-"], content)
    assert outcome(["prove", "-"], content).code == 0


@pytest.mark.parametrize("name", ["learning_rate", "l2"])
def test_no_setting_is_greater_than_a_float(name: str) -> None:
    content = f"{HEAD}{OUTPUT}[training]\n{name} = 1{'0' * 400}\n".encode()
    assert f"{name} is a number" in refused(["generate", "-"], content)


def test_a_link_to_itself_is_said_to_be_one(tmp_path: Path) -> None:
    loop = tmp_path / "loop.py"
    loop.symlink_to(loop)
    assert "loop.py" in refused(["generate", "2-1", "-o", str(loop)])
    assert loop.is_symlink()


@pytest.mark.parametrize("net", ["2-1\0", "x\0.toml"])
def test_a_nul_is_refused(net: str) -> None:
    assert "NUL" in refused(["generate", net])


def test_a_layer_has_so_many_lines() -> None:
    for content in (
        own("", "", *["u[k] = x[k]"] * 101),
        own(", ".join(f"v{i} = []" for i in range(101)), "", "a[k] = x[k]"),
        own("", ", ".join(f"v{i} = 2" for i in range(101)), "a[k] = x[k]"),
    ):
        assert f"up to {document.MOST_LINES}" in refused(["prove", "-"], content)


def tower(name: str, height: int) -> str:
    return f"{name}(" * height + "z" + ")" * height


@pytest.mark.parametrize(
    "formula", [tower("tanh", 45), "+".join(f"1/(exp(z)+{i})" for i in range(1, 60))]
)
def test_a_formula_is_too_long_for_a_program_before_anything_is_made_of_it(formula: str) -> None:
    outcome(["generate", "2-1"])
    for command in ("generate", "show"):
        found = outcome([command, "2-3-1", f"--activation={formula}"])
        assert f"{pipeline.MOST_PARTS} are the most" in found.err
        assert found.seconds < 5


def test_functions_inside_each_other_become_a_program_in_seconds() -> None:
    """SymPy looked for a minute whether tanh(tanh(…)) of any symbol might be something else."""
    for words in (["--dtype=float32", f"--activation={tower('tanh', 12)}"],
                  [f"--activation={tower('erf', 12)}"]):  # fmt: skip
        found = outcome(["generate", "2-3-1", *words])
        assert (found.code, found.err) == (0, "")
        assert found.seconds < 10


def test_a_long_formula_is_not_written_out_for_single_numbers() -> None:
    words = ["generate", "2-3-1", f"--activation={tower('erf', 20)}", "--style=scalar"]
    assert "leave out --style scalar" in refused(words)


GIANTS = {
    "letters": "C" * 10_000_000,
    "sums": "C+" * 5_000_000,
    "brackets": "(" * 100_000 + "C" + ")" * 100_000,
    "fractions": r"\frac{1}{" * 10_000 + "C" + "}" * 10_000,
    "columns": r"\begin{pmatrix}" + "a&" * 50_000 + r"a\end{pmatrix}",
}


@pytest.mark.parametrize("name", GIANTS)
@pytest.mark.parametrize("key", ["cost", "activation", "declared", "definitions", "rule", "target"])
def test_a_giant_of_a_context_has_a_verdict_at_once(name: str, key: str) -> None:
    giant = GIANTS[name]
    said = {"q": giant} if key in ("declared", "definitions") else giant
    found = verify("C = y", context={key: said})
    assert found.verdict == "unknown"
    assert f"{LONGEST_SAID} is the most" in found.reason
    assert found.seconds < 2


def test_every_activation_and_cost_is_far_from_the_limits() -> None:
    for name in functions.ACTIVATIONS:
        assert outcome(["generate", f"3-3:{name}-2:{name}", "--cost=quadratic"]).code == 0
