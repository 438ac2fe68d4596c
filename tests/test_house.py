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


def inside(folder: str, names: str) -> tuple[str, ...]:
    """The modules of a package, or of a room in it."""
    return tuple(f"{folder}.{name}" for name in names.split())


# From the ground up. A module imports from lower floors, and on its own floor from modules listed
# before it in its own tuple: two tuples on a floor are neighbours that never import each other.
# The rooms of a package stand in order, too: a room imports from those before it.
FLOORS: tuple[tuple[tuple[str, ...], ...], ...] = (
    # 0: knows nothing of networks
    (("errors", "files", "tables", "templating", "term", "floating", "digits"),),
    # 1: what a network is
    (
        inside(
            "network",
            """
            notation expression functions optimizers equations layers document architecture
            """,
        ),
    ),
    # 2: what follows from it
    (
        inside(
            "calculus",
            """
            instances scalar far_out normal rules derivation textbook dual components nilpotent jets
            coupled specimen counterexample certificate algebra branches meaning checker total
            judges claim graph expectation graph_numbers graph_claim recurrences iterates runs
            step_means moments proof
            """,
        ),
    ),
    # 3: on paper, and as a program
    (
        (
            *inside(
                "paper.writing",
                """
                alphabet writer matrices entries latex_reader reasons page typesetting blocks report
                answer
                """,
            ),
            *inside(
                "paper.formula",
                """
                plain_math syntax commands tokens brackets rows groups layout nodes displays tree
                reader
                """,
            ),
            *inside(
                "paper.signs",
                """
                misfits notation scripts function_names indicators derivatives repetition examples
                """,
            ),
            *inside(
                "paper.books",
                """
                rules fitting slopes translation unit_layers convention_files definition_files
                book_letters context_words inferred numbered_pages page_notation
                """,
            ),
            *inside("paper.habits", "notes typed letters neurons branches usual lenient"),
            *inside(
                "paper.meaning",
                """
                arrays formulas_of_one reading vector_functions quantities applications
                differentiation numpy_calls sums batches dotted elaboration
                """,
            ),
            *inside(
                "paper.context",
                """
                declarations vectors outputs samples books units letters in_nielsens
                book_words nielsens_words functions layerless widths page
                """,
            ),
            *inside(
                "paper.claims",
                """
                ranges restated sides changes one_hot statements verdicts trials proofs judging
                agreed
                """,
            ),
            *inside(
                "paper.repair", "places scripts functions terms symbols frames edits explained"
            ),
            *inside(
                "paper.definitions",
                """
                names system elaboration words declarations pages repairs claims own_layers
                """,
            ),
            *inside(
                "paper.steps",
                """
                signs methods pages rules chances penalties claims repairs momentum
                """,
            ),
            *inside("paper.rerun", "formulas lines names needs terms forward script"),
            *inside("paper", "verdict_text verify"),
        ),
        inside(
            "program",
            """
            ir interpreter rivals lowering passes layout arithmetic memory bounds one_sample
            cost_model
            """,
        ),
    ),
    # 4: programs as text, and the texts of others
    (
        inside(
            "backends",
            """
            backend python_text to_numpy to_buffers fast scalar_formulas unrolling to_scalar trainer
            """,
        ),
        inside(
            "notes",
            """
            source document macros mathematics image_urls typed plain_notes latex_files html_pages
            markdown notebooks files
            expansion spelling statements numbering declared costs about own_definitions shapes
            families systems chain_rule by_definitions
            cross_entropy named_functions arithmetic written_out candidates findings judging
            words named prose contradictions facts updates
            suppressions linting settings baseline cache
            fingerprints summary text_report github json_report repairs sarif flow mathml page
            """,
        ),
    ),
    # 5: the doors
    (
        (
            "pipeline",
            "workers",
            "verification",
            "linter",
            "notebook",
            "samples",
            "demo",
            "loading",
            "options",
            "streams",
            "lint_command",
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

# Packages whose name to import by is not the one to install by.
INSTALLED_AS = {"markdown_it": "markdown-it-py"}

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
    named, folders = [], list[str]()
    for branches, name, end in re.findall(r"^((?:│   )*)[├└]── (\w+)(/|\.py)", text, re.MULTILINE):
        above = folders[: len(branches) // 4]
        if end == "/":
            folders = [*above, name]
        else:
            named.append(".".join([*above, name]))
    assert named == list(PLACES)


@pytest.mark.parametrize(
    ("module", "source", "problem"),
    [
        ("errors", "from symnet.network import notation", "may not import network.notation"),
        ("calculus.rules", "from symnet.calculus.proof import prove", "may not import"),
        ("calculus.rules", "from .proof import prove", "may not import calculus.proof"),
        ("calculus.rules", "from ..program import ir", "may not import program.ir"),
        ("program.ir", "import symnet.paper.writing.report", "may not import paper.writing"),
        ("paper.writing.report", "from symnet.program.ir import Map", "may not import program.ir"),
        ("paper.signs.scripts", "from symnet.paper.books import inferred", "may not import paper"),
        ("paper.books.inferred", "from ..meaning import sums", "may not import paper.meaning.sums"),
        ("backends.backend", "from symnet import Network", "may not import __init__"),
        ("backends.trainer", "from symnet.notes.source import Source", "may not import notes"),
        ("notes.page", "from symnet.backends import backend", "may not import backends.backend"),
        ("notes.source", "from symnet.notes import document", "may not import notes.document"),
        ("paper.verify", "from symnet.notes import findings", "may not import notes.findings"),
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
            package = INSTALLED_AS.get(origin, origin)
            known = package in declared | sys.stdlib_module_names | {"symnet"}
            assert known, f"{file.relative_to(ROOT)}:{line}: {origin} is not a dependency"


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    for file in (ROOT / "symnet").glob("*/**/__init__.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert len(tree.body) == 1, file
        assert ast.get_docstring(tree), file


def test_what_is_loaded_on_first_use_exists() -> None:
    for module, file in modules().items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name("load" | "_load"), args=[ast.Constant(name)]):
                    assert name in PLACES, f"{module}, line {node.lineno}: no module {name}"


HEAVY = {"sympy", "numpy", "jinja2", "lark", "markdown_it", "latex2mathml"}


@pytest.mark.parametrize("words", [["--help"], ["lint", "--help"]], ids=" ".join)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = f"""\
import runpy, sys
sys.argv = ["symnet", *{words}]
try:
    runpy.run_module("symnet", run_name="__main__")
finally:
    print("heavy:", sorted({HEAVY} & sys.modules.keys()))
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
        # Among the notes of the tests are some in Latin-1.
        text = file.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), start=1):
            assert not mark.search(line), f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
