"""How symnet is built, as far as a test can read it: who may import whom, and what files may hold.

docs/architecture.md explains the floors. A new module fails here until it is given its place.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jinja2
import jinja2.meta
import pytest

import symnet

ROOT = Path(__file__).parent.parent

# From the ground up. A module imports from lower floors, and on its own floor from modules listed
# before it in its own tuple: two tuples on a floor are neighbours that never import each other.
FLOORS: tuple[tuple[tuple[str, ...], ...], ...] = (
    # 0: knows nothing of networks
    (("errors", "templating", "term", "floating", "digits"),),
    # 1: what a network is
    (
        (
            "network.notation",
            "network.expression",
            "network.functions",
            "network.optimizers",
            "network.equations",
            "network.layers",
            "network.document",
            "network.architecture",
        ),
    ),
    # 2: what follows from it
    (
        (
            "calculus.instances",
            "calculus.scalar",
            "calculus.far_out",
            "calculus.normal",
            "calculus.rules",
            "calculus.derivation",
            "calculus.textbook",
            "calculus.dual",
            "calculus.components",
            "calculus.nilpotent",
            "calculus.jets",
            "calculus.coupled",
            "calculus.specimen",
            "calculus.counterexample",
            "calculus.certificate",
            "calculus.algebra",
            "calculus.branches",
            "calculus.meaning",
            "calculus.checker",
            "calculus.total",
            "calculus.judges",
            "calculus.claim",
            "calculus.graph",
            "calculus.expectation",
            "calculus.graph_numbers",
            "calculus.graph_claim",
            "calculus.recurrences",
            "calculus.iterates",
            "calculus.runs",
            "calculus.step_means",
            "calculus.moments",
            "calculus.proof",
        ),
    ),
    # 3: on paper, and as a program
    (
        (
            "paper.alphabet",
            "paper.writer",
            "paper.matrices",
            "paper.entries",
            "paper.latex_reader",
            "paper.syntax",
            "paper.formula_alphabet",
            "paper.formula_tokens",
            "paper.formula_brackets",
            "paper.formula_rows",
            "paper.formula_groups",
            "paper.formula_layout",
            "paper.formula_nodes",
            "paper.formula_statements",
            "paper.formula_tree",
            "paper.formula_reader",
            "paper.reasons",
            "paper.page",
            "paper.typesetting",
            "paper.blocks",
            "paper.report",
            "paper.answer",
            "paper.conventions",
            "paper.arrays",
            "paper.misfits",
            "paper.scripts",
            "paper.translation",
            "paper.unit_layers",
            "paper.convention_files",
            "paper.book_letters",
            "paper.agreement",
            "paper.plain_math",
            "paper.context_words",
            "paper.inferred",
            "paper.numbered_pages",
            "paper.page_notation",
            "paper.function_names",
            "paper.habit",
            "paper.habit_signs",
            "paper.habit_letters",
            "paper.habit_steps",
            "paper.habit_branches",
            "paper.habits",
            "paper.lenient",
            "paper.indicators",
            "paper.derivative_signs",
            "paper.repetition",
            "paper.examples",
            "paper.formulas_of_one",
            "paper.reading",
            "paper.vector_functions",
            "paper.quantities",
            "paper.applications",
            "paper.differentiation",
            "paper.numpy_calls",
            "paper.sums",
            "paper.batches",
            "paper.dotted",
            "paper.elaboration",
            "paper.declarations",
            "paper.vectors",
            "paper.outputs",
            "paper.batch_declarations",
            "paper.book_declarations",
            "paper.unit_pages",
            "paper.context",
            "paper.ranges",
            "paper.restated",
            "paper.sides",
            "paper.changes",
            "paper.one_hot",
            "paper.statements",
            "paper.verdicts",
            "paper.trials",
            "paper.claim_proofs",
            "paper.repair_places",
            "paper.repair_scripts",
            "paper.repair_functions",
            "paper.repair_terms",
            "paper.repair_symbols",
            "paper.repair_frames",
            "paper.repair",
            "paper.definition_files",
            "paper.quantity_names",
            "paper.system",
            "paper.system_elaboration",
            "paper.system_words",
            "paper.system_declarations",
            "paper.system_page",
            "paper.system_repair",
            "paper.system_claims",
            "paper.own_layers",
            "paper.step_signs",
            "paper.methods",
            "paper.step_pages",
            "paper.step_rules",
            "paper.chances",
            "paper.step_penalties",
            "paper.steps",
            "paper.step_repairs",
            "paper.delta_steps",
            "paper.claims",
            "paper.verdict_text",
            "paper.rerun_formulas",
            "paper.rerun_layout",
            "paper.rerun_names",
            "paper.rerun_needs",
            "paper.rerun_terms",
            "paper.rerun_forward",
            "paper.rerun",
        ),
        (
            "program.ir",
            "program.interpreter",
            "program.rivals",
            "program.lowering",
            "program.passes",
            "program.layout",
            "program.arithmetic",
            "program.memory",
            "program.bounds",
            "program.one_sample",
            "program.cost_model",
        ),
    ),
    # 4: text
    (
        (
            "backends.backend",
            "backends.python_text",
            "backends.to_numpy",
            "backends.to_buffers",
            "backends.fast",
            "backends.scalar_formulas",
            "backends.unrolling",
            "backends.to_scalar",
            "backends.trainer",
        ),
    ),
    # 5: the doors
    (
        (
            "pipeline",
            "verification",
            "notebook",
            "samples",
            "demo",
            "loading",
            "options",
            "streams",
            "cli",
            "__main__",
            "__init__",
        ),
    ),
)

# module -> (floor, neighbour, position)
PLACES = {
    module: (floor, neighbour, position)
    for floor, neighbours in enumerate(FLOORS)
    for neighbour, modules in enumerate(neighbours)
    for position, module in enumerate(modules)
}

# Judges that must not learn from the accused: none of these is reached, not even through others.
STRANGERS = {
    "calculus.textbook": {"calculus.rules", "calculus.derivation"},
    "calculus.checker": {
        "calculus.rules",
        "calculus.derivation",
        "calculus.normal",
        "calculus.scalar",
        "calculus.components",
    },
    "calculus.counterexample": {
        "calculus.rules",
        "calculus.derivation",
        "calculus.normal",
        "calculus.scalar",
        "calculus.checker",
        "calculus.algebra",
    },
    "calculus.components": {
        "calculus.rules",
        "calculus.derivation",
        "calculus.normal",
        "calculus.scalar",
    },
}

# `symnet --help` is quick because these two import the rest on first use.
LAZY_DOORS = {"__init__", "loading"}

# What a template may ask of the context it is rendered in, by folder.
CONTEXT: dict[str, set[str]] = {
    "numpy": {"listing"},
    "shared": set(),
    "report": {"page", "fragment"},
}


def modules() -> dict[str, Path]:
    """Every module of symnet, named as in FLOORS, but for the packages' own __init__ files."""
    found = {}
    for file in sorted((ROOT / "symnet").rglob("*.py")):
        parts = file.relative_to(ROOT / "symnet").with_suffix("").parts
        if parts[-1] != "__init__" or len(parts) == 1:
            found[".".join(parts)] = file
    return found


def imports(module: str, source: str) -> Iterator[tuple[int, str]]:
    """(line, full dotted name) of all that is imported; `from a import b` gives `a.b`."""
    package = ["symnet", *module.split(".")[:-1]]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{start}.{alias.name}"


def own_module(name: str) -> str | None:
    """The module of FLOORS that an imported name belongs to; None if it is not symnet's."""
    parts = name.split(".")
    if parts[0] != "symnet":
        return None
    longest = (".".join(parts[1:end]) for end in range(len(parts), 1, -1))
    return next((candidate for candidate in longest if candidate in PLACES), "__init__")


def offences(module: str, source: str) -> Iterator[tuple[int, str]]:
    """(line, what is wrong with it) for all that the floors forbid."""
    if module not in PLACES:
        yield 1, f"{module} has no place in FLOORS of tests/test_house.py"
        return
    floor, neighbour, position = PLACES[module]
    for line, name in imports(module, source):
        other = own_module(name)
        if other is None:
            continue
        there = PLACES[other]
        beside_and_above = there[:2] == (floor, neighbour) and there[2] < position
        if there[0] >= floor and not beside_and_above:
            yield line, f"{module} (floor {floor}) may not import {other} (floor {there[0]})"
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Import | ast.ImportFrom):
                        yield inner.lineno, "an import inside a function"
            case ast.Name(id="__import__") | ast.Attribute(attr="import_module"):
                if module not in LAZY_DOORS:
                    yield node.lineno, "only symnet/__init__.py and symnet/loading.py import lazily"
            case ast.ImportFrom(module="importlib", names=names):
                if any(alias.name == "import_module" for alias in names):
                    yield node.lineno, "write importlib.import_module, so that it can be found"


def report(module: str, file: Path) -> list[str]:
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    return [
        f"{file.relative_to(ROOT)}:{line}: {problem}\n    {lines[line - 1].strip()}"
        for line, problem in offences(module, source)
    ]


def test_every_module_keeps_to_its_floor() -> None:
    problems = [problem for module, file in modules().items() for problem in report(module, file)]
    assert not problems, "\n".join(["", *problems])


def test_the_map_names_every_module_in_order() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    named, folder = [], ""
    for branch, name, end in re.findall(r"^(│   )?[├└]── (\w+)(/|\.py)", text, re.MULTILINE):
        if end == "/":
            folder = f"{name}."
        else:
            named.append(f"{folder if branch else ''}{name}")
    assert named == list(PLACES)


@pytest.mark.parametrize(
    ("module", "source", "problem"),
    [
        ("errors", "from symnet.network import notation", "may not import network.notation"),
        ("calculus.rules", "from symnet.calculus.proof import prove", "may not import"),
        ("calculus.rules", "from .proof import prove", "may not import calculus.proof"),
        ("calculus.rules", "from ..program import ir", "may not import program.ir"),
        ("program.ir", "import symnet.paper.report", "may not import paper.report"),
        ("paper.report", "from symnet.program.ir import Map", "may not import program.ir"),
        ("backends.backend", "from symnet import Network", "may not import __init__"),
        ("network.poetry", "", "no place"),
        ("cli", "def f():\n    import sympy", "inside a function"),
        ("pipeline", "import importlib\nimportlib.import_module('sympy')", "lazily"),
        ("cli", "from importlib import import_module", "so that it can be found"),
    ],
)
def test_a_wrong_import_is_seen(module: str, source: str, problem: str) -> None:
    assert any(problem in found for _, found in offences(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("program.lowering", "from symnet.program.ir import Map\nfrom symnet.term import Sum"),
        ("calculus.proof", "from . import rules\nimport symnet.network.functions as f"),
        (
            "loading",
            "import importlib\nimportlib.import_module('symnet.demo')",
        ),
        ("digits", "from importlib import resources\nimport numpy as np"),
    ],
)
def test_a_right_import_passes(module: str, source: str) -> None:
    assert list(offences(module, source)) == []


def test_the_judges_are_independent() -> None:
    known = modules()
    direct = {
        module: {
            own
            for _, name in imports(module, file.read_text(encoding="utf-8"))
            if (own := own_module(name)) is not None
        }
        for module, file in known.items()
    }
    for judge, strangers in STRANGERS.items():
        reached: set[str] = set()
        waiting = {judge}
        while waiting:
            module = waiting.pop()
            reached.add(module)
            waiting |= (direct.get(module, set()) - reached) & known.keys()
        assert not reached & strangers, f"{judge} reaches {sorted(reached & strangers)}"


# The checker takes SymPy's expressions apart and puts them together; the mathematics is its own.
CHECKER = ("algebra", "branches", "meaning", "checker")
CONSTRUCTORS = """
    Abs Add And Basic Expr Function Heaviside Max Min Mul NumberSymbol Or Piecewise Pow Rational S
    Symbol acos asin asinh atan core cos cosh erf exp log preorder_traversal sign sin sinh tan tanh
    true
"""
SIMPLIFIERS = """
    as_coefficient as_independent cancel coeff cse diff doit equals evalf expand factor factor_list
    fraction is_polynomial is_zero lambdify limit nroots nsimplify piecewise_fold poly powsimp
    radsimp ratsimp rewrite roots series simplify solve solveset subs sympify together trigsimp
    xreplace
"""


@pytest.mark.parametrize("name", CHECKER)
def test_the_checker_trusts_no_mathematics_of_sympys(name: str) -> None:
    tree = ast.parse((ROOT / f"symnet/calculus/{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name("sympy"), attr=used):
                assert used in CONSTRUCTORS.split(), f"line {node.lineno}: sympy.{used}"
            case ast.Attribute(attr=used):
                assert used not in SIMPLIFIERS.split(), f"line {node.lineno}: .{used}"
            case ast.ImportFrom(module=str(module)):
                assert module.split(".")[0] != "sympy", f"line {node.lineno}: from {module}"


def test_the_checker_is_short() -> None:
    lines = (ROOT / "symnet/calculus/checker.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 160


def test_the_reference_owes_symnet_nothing() -> None:
    source = (ROOT / "tests/reference.py").read_text(encoding="utf-8")
    origins = {name.split(".")[0] for _, name in imports("reference", source)}
    assert origins <= sys.stdlib_module_names


def test_only_declared_dependencies_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w-]", entry)[0] for entry in project["dependencies"]}
    for module, file in modules().items():
        for line, name in imports(module, file.read_text(encoding="utf-8")):
            origin = name.split(".")[0]
            known = origin in declared | sys.stdlib_module_names | {"symnet"}
            assert known, f"{file.relative_to(ROOT)}:{line}: {origin} is not a dependency"


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    for file in (ROOT / "symnet").glob("*/**/__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert len(tree.body) == 1, file
        assert ast.get_docstring(tree), file


def test_help_imports_nothing_heavy() -> None:
    program = """\
import runpy, sys
sys.argv = ["symnet", "--help"]
try:
    runpy.run_module("symnet", run_name="__main__")
finally:
    print("heavy:", sorted({"sympy", "numpy", "jinja2", "lark"} & sys.modules.keys()))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert "Usage: symnet" in run.stdout
    assert "heavy: []" in run.stdout


def names_of_listing() -> set[str]:
    """The fields and properties of Listing, the one record that templates see."""
    source = (ROOT / "symnet/backends/backend.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef) and node.name == "Listing":
            fields = {ast.unparse(n.target) for n in node.body if isinstance(n, ast.AnnAssign)}
            return fields | {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    raise AssertionError("symnet/backends/backend.py has no class Listing")


@pytest.mark.parametrize(
    "file",
    sorted((ROOT / "templates").rglob("*.jinja")),
    ids=lambda file: file.relative_to(ROOT).as_posix(),
)
def test_templates_use_only_what_they_are_given(file: Path) -> None:
    tree = jinja2.Environment().parse(file.read_text(encoding="utf-8"))
    folder = file.relative_to(ROOT / "templates").parts[0]
    assert folder in CONTEXT, f"templates/{folder}/ has no entry in CONTEXT of tests/test_house.py"
    assert jinja2.meta.find_undeclared_variables(tree) <= CONTEXT[folder]
    known = names_of_listing()
    for node in tree.find_all(jinja2.nodes.Getattr):
        if isinstance(node.node, jinja2.nodes.Name) and node.node.name == "listing":
            assert node.attr in known, f"line {node.lineno}: Listing has no field {node.attr}"


def test_every_public_name_is_documented() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    missing = [name for name in symnet.__all__ if not re.search(rf"\b{name}\b", text)]
    assert not missing


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b")  # spelt so as not to find itself
    folders = ("symnet", "templates", "tests", "docs", "generated", ".ci")
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*"))]
    files += [file for file in sorted(ROOT.iterdir()) if not file.name.startswith(".")]
    for file in files:
        if file.is_dir() or file.suffix in {".pyc", ".gz"}:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            assert not mark.search(line), f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
