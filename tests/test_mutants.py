"""The tool that plants errors: what it changes, and what it says of the tests."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))

from mutations import mutants  # noqa: E402

TOY = '''\
"""A module with 1 or 2 functions, and 3 > 2 in its docstring."""

from typing import Final

WEIGHTS: Final[dict[str, int]] = {"one": 1, "two": 2}


def less(a: int, b: int = 7) -> bool:
    """Whether a < b."""
    if a == 0 and b == 0:
        raise ValueError(f"neither of {a} and {b}" + " may be 0")
    return a < b


def total(words: list[str]) -> int:
    found = 0
    for word in words:
        found += WEIGHTS[word]
    return found


def unseen(a: int) -> int:
    return a + 1
'''
# Nobody asks what less(2, 2) is, and nobody calls unseen.
TESTS = """\
import pytest
from symnet.toy import less, total

def test_less():
    assert less(1, 2)
    assert not less(2, 1)
    assert less(6) and not less(7.5)
    assert less(0, 1) and not less(1, 0)

def test_zeros():
    with pytest.raises(ValueError):
        less(0, 0)

def test_total():
    assert total(["one", "two", "two"]) == 5
"""


def edits(source: str, file: str = "toy.py") -> list[tuple[str, str]]:
    return [(m.before.strip(), m.after.strip()) for m in mutants(file, source)]


def test_each_mutant_is_another_program() -> None:
    found = mutants("toy.py", TOY)
    assert len({m.id for m in found}) == len(found) > 20
    plain = ast.dump(ast.parse(TOY))
    programs = [ast.dump(ast.parse(m.applied(TOY))) for m in found]
    assert plain not in programs
    assert max(Counter(programs).values()) == 1
    assert [m.id for m in mutants("toy.py", TOY)] == [m.id for m in found]
    moved = {m.id for m in mutants("toy.py", TOY.replace("\n\n\ndef", "\n\n\n# moved\n\n\ndef"))}
    assert moved == {m.id for m in found}


def test_what_is_only_said_stays() -> None:
    changed = {m.before.strip() for m in mutants("toy.py", TOY)}
    assert not any("docstring" in line or ("Final" in line and "=" not in line) for line in changed)
    assert not any('"""' in line for line in changed)
    assert edits("x: Literal['a'] = f(1)\n") == [
        ("x: Literal['a'] = f(1)", "x: Literal['a'] = f(2)")
    ]
    assert not edits("if TYPE_CHECKING:\n    x = 1\n")
    assert not edits("def f():\n    assert 1 < 2\n")
    raised = "def f():\n    raise ValueError(1, 'a' + g(2))\n"
    assert edits(raised) == [("raise ValueError(1, 'a' + g(2))", "pass")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if a <= b:", "if a < b:"),
        ("if a <= b:", "if a > b:"),
        ("if a <= b:", "if (not (a <= b)):"),
        ("return -x[1:] * 2", "return x[1:] * 2"),
        ("return -x[1:] * 2", "return -x[2:] * 2"),
        ("return -x[1:] * 2", "return -x[1:] / 2"),
        ("return -x[1:] * 2", "return None"),
        ("return f(a, b) and not any(c)", "return f(b, a) and not any(c)"),
        ("return f(a, b) and not any(c)", "return f(a, b) or not any(c)"),
        ("return f(a, b) and not any(c)", "return f(a, b) and  any(c)"),
        ("return f(a, b) and not any(c)", "return f(a, b) and not all(c)"),
        ("return [x for x in y if x]", "return [x for x in y if True]"),
        ("return 'δ' + \"z\"", "return 'δ~' + \"z\""),
        ("x += 1", "x -= 1"),
        ("x += 1", "pass"),
        ("x.append(1)", "pass"),
    ],
)
def test_changes_of_code(before: str, after: str) -> None:
    body = before + ("\n        pass" if before.endswith(":") else "")
    assert (before, after) in edits(f"def f():\n    {body}\n")


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("t.py", "T = (a, b, c)", "T = (b, c)"),
        ("t.py", "T = (a, b, c)", "T = (a, b)"),
        ("t.py", "T = (a, b, c)", "T = (a, c, b)"),
        ("t.py", "T = {'a': 1, 'b': 2}", "T = {'b': 2}"),
        ("t.py", "T = {'a': 1, 'b': 2}", "T = {'a': 2, 'b': 1}"),
        ("t.jinja", "{% if s.bold %}", "{% if not (s.bold) %}"),
        ("t.jinja", "if a < {{ b }} and c:", "if a <= {{ b }} and c:"),
        ("t.jinja", "if a < {{ b }} and c:", "if a < {{ b }} or c:"),
        ("t.jinja", "x = y + 1  # one + more", "x = y - 1  # one + more"),
        ("t.jinja", "x = y + 1  # one + more", "pass  # one + more"),
        ("t.toml", "'w' = 'v'", ""),
        ("t.lark", "a: b | c", "a: b"),
    ],
)
def test_changes_of_tables_and_templates(file: str, before: str, after: str) -> None:
    assert (before, after) in edits(f"{before}\n", file)


def test_words_of_templates_stay() -> None:
    text = '{# 1 < 2 #}\ndef f():\n    """1 < 2"""\n    raise ValueError("1 < 2")\n'
    assert not edits(text, "t.jinja")


def test_a_toy_is_judged(tmp_path: Path) -> None:
    (tmp_path / "symnet").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "symnet" / "__init__.py").touch()
    (tmp_path / "symnet" / "toy.py").write_text(TOY, encoding="utf-8")
    (tmp_path / "tests" / "test_toy.py").write_text(TESTS, encoding="utf-8")
    markers = '[tool.pytest.ini_options]\nmarkers = ["slow"]\nfilterwarnings = ["error"]\n'
    (tmp_path / "pyproject.toml").write_text(markers, encoding="utf-8")

    def tool(*words: str) -> str:
        command = [sys.executable, str(ROOT / "benchmarks/mutants.py"), "--root", str(tmp_path)]
        ran = subprocess.run(
            [*command, "symnet", *words], capture_output=True, text=True, timeout=300, cwd=tmp_path
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    tool("--collect")
    said = tool("--workers", "2")
    results = tmp_path / "build/mutants/results.jsonl"
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    found = {line["after"]: line for line in lines}
    assert len(lines) == len(mutants("symnet/toy.py", TOY))
    left = {line["after"] for line in lines if line["status"] in ("survived", "untouched")}
    assert left == {"return a <= b", "return a - 1", "return a + 2", "return None"} & set(found)
    assert found["return a <= b"]["status"] == "survived"
    assert found["return a <= b"]["ran"] == found["return a <= b"]["of"] == 1
    assert found["return a - 1"]["status"] == "untouched"
    assert found["return a >= b"]["by"] == "tests/test_toy.py::test_less"
    assert found['WEIGHTS: Final[dict[str, int]] = {"one": 1, "two": 3}']["status"] == "killed"
    assert "return a <= b" in said

    # The tree itself is as it was, and nothing is done twice.
    assert (tmp_path / "symnet" / "toy.py").read_text(encoding="utf-8") == TOY
    again = tool("--sample", "10")
    assert len(results.read_text(encoding="utf-8").splitlines()) == len(lines)
    assert again.splitlines()[-1].split()[:2] == ["all", "10"]
    assert "+    return a <= b" in tool("--show", found["return a <= b"]["id"])
    (tmp_path / "tests" / "test_more.py").write_text(
        "from symnet.toy import less\n\ndef test_equal():\n    assert not less(2, 2)\n",
        encoding="utf-8",
    )
    tool("--collect")
    assert "killed" in tool("--only", found["return a <= b"]["id"])
