"""symnet verify: verdicts, kinds of errors and their places, the command line, streams."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import symnet
from symnet import cli
from symnet.paper.repair.edits import EDITS
from symnet.paper.verdict_text import KINDS, text_of
from symnet.paper.verify import ILL_FORMED, PROVED, REFUTED, UNKNOWN, verify
from symnet.verification import context_of, verdict_of, verdicts

# Nielsen, ch. 2, BP1 to BP4.
BP = {
    "BP1": r"\delta^L = \nabla_a C \odot \sigma'(z^L)",
    "BP2": r"\delta^l = ((w^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)",
    "BP3": r"\frac{\partial C}{\partial b_j^l} = \delta_j^l",
    "BP4": r"\frac{\partial C}{\partial w_{jk}^l} = a_k^{l-1} \delta_j^l",
}

# A mistake, the verdict on it, its kind, and the text of the place that is wrong.
MISTAKES: list[tuple[str, dict[str, Any], str, str, str]] = [
    (r"z^l = W^l a^l + b^l", {}, ILL_FORMED, "layer-offset", "l"),
    (r"\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)", {}, ILL_FORMED, "transpose", "W^{l+1}"),
    (
        r"\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)",
        {"widths": "equal"},
        REFUTED,
        "transpose",
        "W^{l+1}",
    ),
    (
        r"\delta_j^l = \sum_k w_{jk}^{l+1} \delta_k^{l+1} \sigma'(z_j^l)",
        {"widths": "equal"},
        REFUTED,
        "index-swap",
        "jk",
    ),
    (
        r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma(z^l)",
        {},
        REFUTED,
        "missing-derivative",
        r"\sigma",
    ),
    (
        r"\delta_j^L = \frac{\partial C}{\partial a_j^L} \sigma'(a_j^L)",
        {},
        REFUTED,
        "wrong-derivative-argument",
        "a",
    ),
    (
        r"\delta^L = (y - a^L) \odot \sigma'(z^L)",
        {"cost": "quadratic"},
        REFUTED,
        "sign",
        r"(y - a^L) \odot \sigma'(z^L)",
    ),
    (r"\delta^L = 2 (a^L - y) \odot \sigma'(z^L)", {"cost": "quadratic"}, REFUTED, "factor", "2"),
    (r"z_j^l = \sum_k w_{jk}^l a_k^{l-1} b_j^l", {}, REFUTED, "wrong-product", "b"),
    (r"z^l = \sum a^{l-1} + b^l", {}, ILL_FORMED, "missing-term", r"\sum"),
    (
        r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l),\quad 2 \le l \le L",
        {},
        ILL_FORMED,
        "wrong-range",
        r"(W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)",
    ),
    (
        r"W^{l+1} = W^l - \eta \delta^l (a^{l-1})^T",
        {"rule": "gradient descent on C"},
        ILL_FORMED,
        "overloaded-symbol",
        "",
    ),
    (r"z^l = W^l a^{l-1} + \theta^l", {}, ILL_FORMED, "other", r"\theta^l"),
    (r"z^l = (W^l a^{l-1} + b^l", {}, ILL_FORMED, "unbalanced", "("),
]


@pytest.mark.parametrize("name", BP)
def test_the_four_equations_are_proved(name: str) -> None:
    found = verify(BP[name])
    assert (found.verdict, found.error_kind, found.counterexample) == (PROVED, None, None)


@pytest.mark.parametrize(
    ("latex", "context", "verdict", "kind", "place"),
    MISTAKES,
    ids=[f"{m[3]} {m[2]}" for m in MISTAKES],
)
def test_a_mistake_is_named_and_placed(
    latex: str, context: dict[str, Any], verdict: str, kind: str, place: str
) -> None:
    found = verify(latex, context=context)
    assert (found.verdict, found.error_kind) == (verdict, kind), found
    assert found.span is not None
    start, end = found.span
    assert 0 <= start < end <= len(latex)
    if kind not in ("wrong-range", "overloaded-symbol"):
        assert latex[start:end] == place
    assert found.reason


@pytest.mark.parametrize("mistake", [m for m in MISTAKES if m[2] == REFUTED], ids=lambda m: m[3])
def test_a_refutation_has_its_numbers(mistake: tuple[str, dict[str, Any], str, str, str]) -> None:
    found = verify(mistake[0], context=mistake[1]).counterexample
    assert found is not None
    assert found.left != found.right
    assert len(found.widths) >= 3


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m[3])
def test_a_suggestion_is_proved(mistake: tuple[str, dict[str, Any], str, str, str]) -> None:
    found = verify(mistake[0], context=mistake[1])
    if found.suggestion is not None:
        assert verify(found.suggestion, context=mistake[1]).verdict == PROVED


@pytest.mark.parametrize(("latex", "verdict"), [(r"1 - \tanh^2(z_1)", "proved"),
                                                (r"1 - \tanh(z_1)", "refuted")])  # fmt: skip
def test_a_named_function_is_squared_and_has_no_layer(latex: str, verdict: str) -> None:
    page = {
        "activation": "abstract",
        "cost": "L, abstract",
        "definitions": {
            "z_1": "x W_1 + b_1",
            "h": r"\tanh(z_1)",
            "z_2": "h W_2 + b_2",
            r"\hat{y}": r"\mathrm{softmax}(z_2)",
        },
    }
    claim = rf"\frac{{\partial L}}{{\partial z_1}} = \delta_2 W_2^T \odot ({latex})"
    assert verify(claim, "other", page).verdict == verdict


@pytest.mark.parametrize("by", ["a^l", "z^l"])
def test_what_delta_is_said_to_be_holds_at_every_layer(by: str) -> None:
    """δ^l by the outputs: the slope goes before the weights; by the weighted inputs: after them."""
    page = {
        "activation": r"\sigma",
        "cost": "C, abstract",
        "definitions": {
            "z^l": "W^l a^{l-1} + b^l",
            "a^l": r"\sigma(z^l)",
            r"\delta^l": rf"\frac{{\partial C}}{{\partial {by}}}",
        },
    }
    claims = {
        r"\delta^{l+1} = \frac{\partial C}{\partial a^{l+1}}": "a^l",
        r"\delta^{l+1} = \frac{\partial C}{\partial z^{l+1}}": "z^l",
        r"\delta^l = (W^{l+1})^T (\delta^{l+1} \odot \sigma'(z^{l+1}))": "a^l",
        r"\delta^l = ((W^{l+1})^T \delta^{l+1}) \odot \sigma'(z^l)": "z^l",
        r"\frac{\partial C}{\partial b^l} = \delta^l \odot \sigma'(z^l)": "a^l",
        r"\frac{\partial C}{\partial b^l} = \delta^l": "z^l",
        r"\delta^l = (W^{l+1})^T \delta^{l+1}": "neither",
    }
    for claim, true_by in claims.items():
        expected = "proved" if by == true_by else "refuted"
        assert verify(claim, "other", page).verdict == expected, claim


def test_kinds_of_errors_have_words() -> None:
    assert {m[3] for m in MISTAKES} <= set(KINDS)
    assert len(EDITS) == len(set(EDITS))


def test_what_was_not_read_refutes_nothing() -> None:
    wrong = r"\delta^L = 3 \nabla_a C \odot \sigma'(z^L)"
    assert verify(wrong).verdict == REFUTED
    found = verify(wrong, context={"cost": "C = something that nobody can read"})
    assert found.verdict == UNKNOWN
    assert "was not read" in found.reason


@pytest.mark.parametrize(
    ("latex", "word"),
    [("", "no formula"), (r"\foo x = 1", r"\foo"), (r"a \le b", ""), ("hello", ""), ("\x00", "")],
)
def test_what_is_not_understood_is_unknown(latex: str, word: str) -> None:
    found = verify(latex)
    assert found.verdict in (UNKNOWN, ILL_FORMED)
    assert word in found.reason


def test_another_convention_is_unknown_by_name() -> None:
    found = verify(BP["BP2"], "nobody")
    assert (found.verdict, "nobody" in found.reason) == (UNKNOWN, True)


def test_a_record_has_the_fields_of_the_interface() -> None:
    record = verify(MISTAKES[2][0], context=MISTAKES[2][1]).record
    assert list(record) == [
        "id", "verdict", "reason", "error_kind", "span", "suggestion", "counterexample",
        "assumptions", "notes", "seconds",
    ]  # fmt: skip
    assert json.loads(json.dumps(record)) == record
    assert list(record["counterexample"]) == ["widths", "indices", "left", "right"]


def test_the_public_name() -> None:
    assert symnet.verify(BP["BP1"]).verdict == "proved"


# --- for people --------------------------------------------------------------------------------


def test_the_place_is_underlined() -> None:
    latex = r"z^l = W^l a^l + b^l"
    lines = text_of(verify(latex), latex).splitlines()
    at = next(i for i, line in enumerate(lines) if line.strip("^ ") == "" and "^" in line)
    marked = lines[at - 1][lines[at].index("^") : lines[at].rindex("^") + 1]
    assert marked == "l"
    assert lines[at].index("^") == 4 + latex.index("a^l") + 2


def test_several_lines_and_long_formulas_are_shown() -> None:
    latex = "\\begin{aligned} z^l &= W^l a^{l-1} + b^l \\\\\n a^l &= \\sigma'(z^l) \\end{aligned}"
    text = text_of(verify(latex), latex)
    assert "^^^" in text
    long = "z^l = W^l a^{l-1} + b^l" + " + 0" * 100
    assert all(len(line) < 250 for line in text_of(verify(long), long).splitlines())


# --- the command line --------------------------------------------------------------------------


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def go(*arguments: str) -> tuple[int, str, str]:
        try:
            cli.main(list(arguments))
            code = 0
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return go


Run = Callable[..., tuple[int, str, str]]


def test_exit_codes(run: Run) -> None:
    assert run("verify", BP["BP1"])[0] == 0
    assert run("verify", BP["BP1"], BP["BP2"])[0] == 0
    assert run("verify", BP["BP1"], MISTAKES[0][0])[0] == 1
    assert run("verify", "]")[0] == 1
    assert run("verify", "--", "-1 = 1")[0] == 1
    assert run("verify")[0] == 2
    assert run("verify", "--jsonl", "no such file")[0] == 2
    assert run("verify", BP["BP1"], "--context", "no equals sign")[0] == 2
    assert run("verify", BP["BP1"], "--jobs", "0")[0] == 2


def test_json_is_one_document(run: Run) -> None:
    _, out, err = run("verify", "--json", BP["BP1"])
    assert json.loads(out)["verdict"] == "proved"
    _, out, err = run("verify", "--json", BP["BP1"], MISTAKES[0][0])
    assert [x["verdict"] for x in json.loads(out)] == ["proved", "ill-formed"]
    assert err == ""


def test_context_from_the_command_line(run: Run) -> None:
    wrong = MISTAKES[2][0]
    assert "ill-formed" in run("verify", wrong)[1]
    assert "refuted" in run("verify", wrong, "--context", "widths=equal")[1]
    code, _, _ = run(
        "verify", r"\frac{\partial C}{\partial w_{11}^2} = x_1 \delta_1^2",
        "--context", "widths=[2, 3, 1]", "--context", "declared.x=a^1",
    )  # fmt: skip
    assert code == 0


def test_dollars_fall_away(run: Run) -> None:
    for text in (f"${BP['BP1']}$", f"$${BP['BP1']}$$", f"  {BP['BP1']}\n"):
        assert run("verify", text)[0] == 0


def test_pairs_become_a_context() -> None:
    assert context_of(["a=1", "b=x y", "c.d=[1]", "e=[1, 2]"]) == {
        "a": 1, "b": "x y", "c": {"d": "[1]"}, "e": [1, 2],
    }  # fmt: skip


# --- streams -----------------------------------------------------------------------------------

LINES = [
    json.dumps({"id": 1, "latex": BP["BP2"]}),
    "this is no JSON",
    json.dumps({"id": "two", "latex": MISTAKES[0][0], "verdict": "true", "other": [1]}),
    json.dumps({"id": 3}),
    "[]",
    json.dumps({"id": 4, "latex": BP["BP1"], "context": "odd"}),
    json.dumps({"id": 5, "latex": BP["BP1"], "convention": "nielsen", "context": {}}),
]
WANTED = ["proved", "unknown", "ill-formed", "unknown", "unknown", "unknown", "proved"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_verdicts_leave_in_order_and_a_bad_line_stops_nothing(jobs: int) -> None:
    found = list(verdicts(LINES, jobs))
    assert [v.verdict for v in found] == WANTED
    assert [v.id for v in found][:3] == [1, None, "two"]


def test_a_bad_line_is_named_by_its_number() -> None:
    found = list(verdicts(["", LINES[0], "", "no JSON", '{"id": 5}'], 1))
    assert [v.reason.split(" ")[:2] for v in found[1:]] == [["line", "4"], ["line", "5"]]
    assert found[2].id == 5


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_what_json_does_not_have_is_not_written_back(constant: str) -> None:
    found = verdict_of(f'{{"id": {constant}, "latex": "a = a"}}', 7)
    assert (found.verdict, found.id) == ("unknown", None)
    assert found.reason == f"line 7 is no JSON: {constant} is not a value of JSON"


def test_what_a_line_says_beside_its_claim_is_ignored() -> None:
    plain = verdict_of(json.dumps({"id": 1, "latex": MISTAKES[0][0]})).record
    more = verdict_of(
        json.dumps({"id": 1, "latex": MISTAKES[0][0], "verdict": "true", "error_kind": "sign"})
    ).record
    assert plain | {"seconds": 0} == more | {"seconds": 0}


def test_lines_from_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(LINES).encode() + b"\r\n\r\n")
    code, out, err = run("verify", "--jsonl", str(file))
    assert code == 1
    assert [json.loads(line)["verdict"] for line in out.splitlines()] == WANTED
    assert err == ""
    file.write_text(LINES[0])
    assert run("verify", "--jsonl", str(file))[0] == 0
    file.write_text("")
    assert run("verify", "--jsonl", str(file)) == (0, "", "")
