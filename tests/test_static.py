"""What is typed is never executed: read off the sources, and with SymPy's readers of text broken.

The rules are about names, so each has a planted offence that shows it is looked for.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sympy
import sympy.physics.units  # reads names of its own where it is imported, once
from fuzz_cli import outcome
from sympy.parsing import sympy_parser

import symnet.pipeline
import symnet.verification  # noqa: F401 - the tables of functions are made on import

ROOT = Path(__file__).parent.parent

# Called by these names, or looked up as attributes of anything: they make code or objects of text.
FORBIDDEN = """
    eval exec compile __import__ parse_expr lambdify pickle marshal shelve dill joblib runpy
    codegen execfile breakpoint popen spawnl spawnv execv execve fork autowrap ufuncify
    from_string __globals__ __builtins__ __subclasses__ __code__ globals
""".split()  # noqa: SIM905 - a list of words
MODULES = """
    pickle cPickle _pickle marshal shelve dill cloudpickle joblib runpy code codeop ctypes
    builtins multiprocessing.managers xmlrpc sympy.parsing sympy.utilities.lambdify
""".split()  # noqa: SIM905 - a list of words

# Where a rule may be broken, by file and what stands there, and why no text of a user gets there.
SYMPIFIED = {
    "network/functions.py: sympy.sympify(formula)": "a Basic, an int or a float by the line above",
    "program/arithmetic.py: {sympy.sympify(lhs) for lhs, _ in kinks}": "sides of relations",
    "program/arithmetic.py: map(sympy.sympify, operands)": "expressions and numbers made there",
    "backends/scalar_formulas.py: map(sympy.sympify, bottom)": "expressions made there",
}
LOOKED_UP = {
    "floating.py: getattr(np, NAMES.get(name, name), None)": "SymPy's classes of functions",
    "__init__.py: getattr(importlib.import_module(_HOMES[name]), name)": "names of _HOMES",
    "__init__.py: getattr(importlib.import_module('symnet.network.functions'), name.upper())": (
        "z, a and y"
    ),
    "paper/signs/notation.py: getattr(sympy, name)": "a table of functions",
    "paper/signs/scripts.py: getattr(node, each.name)": "fields of a dataclass of ours",
    "paper/formula/syntax.py: getattr(node, name)": "fields of a dataclass of ours",
    "network/expression.py: getattr(sympy, name)": "_ELEMENTARY",
    "network/expression.py: getattr(math, name)": "_ELEMENTARY",
    "program/interpreter.py: getattr(np, NAMES.get(formula.func, formula.func.__name__))": (
        "SymPy's classes of functions; the formula was read by the grammar"
    ),
    "calculus/instances.py: getattr(NUMBERS, name)": "a table of functions",
    "calculus/certificate.py: getattr(sympy, name)": "a table of functions, before a file is read",
    "calculus/rules.py: getattr(given, self.needs)": "the tables of rules",
    "calculus/jets.py: getattr(m, name.removeprefix('-'))": "tables of functions",
    "calculus/jets.py: getattr(m, name)": "tables of functions",
    "term.py: getattr(sympy, name)": "functions that the rules name",
    "options.py: getattr(load(module), table)": "names that stand in this program's options",
}
STARTED = {
    "backends/unrolling.py: builtins": "whose names no variable may take",
    "paper/rerun/names.py: builtins": "whose names no variable may take",
    "demo.py: subprocess": "runs the trainer that it generated for its own network",
    "demo.py: importlib.util": "imports that trainer",
    "demo.py: exec_module": "imports that trainer",
}
LAZY = ("__init__.py", "loading.py")  # import_module, of names that stand in the sources
GENERATED = {
    "getattr(self, name)": "names of settings, and of UNSAVED",
    "getattr(np.lib.format, f'read_array_header_{version[0]}_0')": "a version compared before",
}


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def dotted(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""


def offences(file: str, source: str) -> Iterator[str]:
    """`file: what stands there` for each place that breaks a rule, those that may included."""
    tree = ast.parse(source)
    above = parents(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in FORBIDDEN:
                if dotted(node) not in ("re.compile",):
                    yield f"{file}: {name}"
            case ast.Attribute(attr="exec_module" | "load_module" | "run_module"):
                yield f"{file}: {node.attr}"
            case ast.Import(names=names):
                for each in names:
                    yield from imported(file, each.name)
            case ast.ImportFrom(module=str(module), names=names):
                yield from imported(file, module)
                for each in names:
                    if each.name in (*FORBIDDEN, "sympify", "S"):
                        yield f"{file}: {each.name}"
                    if f"{module}.{each.name}" in ("importlib.util", *MODULES):
                        yield f"{file}: {module}.{each.name}"
            case ast.Attribute(attr="sympify") | ast.Name(id="sympify"):
                yield f"{file}: {ast.unparse(spoken(node, above))}"
            # sympy.S("…") and S(x) read text; sympy.S.One does not.
            case ast.Call(func=func) if dotted(func).split(".")[-1] == "S":
                yield f"{file}: {ast.unparse(node)}"
            case ast.Call(func=ast.Name(id="getattr" | "setattr" | "delattr"), args=[_, name, *_]):
                if not isinstance(name, ast.Constant):
                    yield f"{file}: {ast.unparse(node)}"
            case ast.Attribute(attr="import_module"):
                if file not in LAZY:
                    yield f"{file}: import_module"
            case ast.Attribute(value=ast.Name(id="os"), attr=str(name)):
                if name.startswith(("exec", "spawn", "posix_spawn", "popen", "system")):
                    yield f"{file}: os.{name}"
            case ast.Call(func=func, keywords=keywords) if dotted(func) in (
                "np.load",
                "numpy.load",
            ):
                if not any(
                    word.arg == "allow_pickle"
                    and isinstance(word.value, ast.Constant)
                    and word.value.value is False
                    for word in keywords
                ):
                    yield f"{file}: {ast.unparse(node)}"
            case ast.keyword(arg="allow_pickle" | "shell", value=ast.Constant(value=True)):
                yield f"{file}: {node.arg}=True"
            case ast.Attribute(attr="read_array"):
                call = above[node]
                plain = isinstance(call, ast.Call) and any(
                    word.arg == "allow_pickle" and ast.unparse(word.value) == "False"
                    for word in call.keywords
                )
                if not plain:
                    yield f"{file}: {ast.unparse(node)}"


def imported(file: str, module: str) -> Iterator[str]:
    whole = ("subprocess", "importlib.util", *MODULES)
    for each in whole:
        if module == each or module.startswith(f"{each}."):
            yield f"{file}: {each}"


def spoken(node: ast.AST, above: dict[ast.AST, ast.AST]) -> ast.AST:
    """The call, or the set, in which a function is used: what a list of exceptions can name."""
    while not isinstance(node, ast.Call | ast.SetComp | ast.stmt):
        node = above[node]
    if isinstance(above.get(node), ast.SetComp):
        return above[node]
    return node


ALLOWED = SYMPIFIED.keys() | LOOKED_UP.keys() | STARTED.keys()


def sources() -> dict[str, str]:
    folder = ROOT / "symnet"
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*.py"))
    }


def test_no_source_makes_code_of_text() -> None:
    found = {each for file, source in sources().items() for each in offences(file, source)}
    # A word in another's name is no offence twice: subprocess.run is where subprocess is allowed.
    assert found - ALLOWED == set()
    assert ALLOWED - found == set(), "an exception that nothing needs"


def test_no_formatted_name_is_imported_but_ours() -> None:
    for file in LAZY:
        for node in ast.walk(ast.parse(sources()[file])):
            match node:
                case ast.Call(func=ast.Attribute(attr="import_module"), args=[name]):
                    said = ast.unparse(name)
                    ours = ("f'symnet.{module}'", "'symnet.network.functions'", "_HOMES[name]")
                    assert said in (*ours, "name"), f"{file}: {said}"
    # load_whole imports what it is told; it is told constants.
    for file, source in sources().items():
        for node in ast.walk(ast.parse(source)):
            match node:
                case ast.Call(func=ast.Name("load_whole"), args=[name]):
                    assert isinstance(name, ast.Constant), f"{file}, line {node.lineno}"


@pytest.mark.parametrize(
    "file", sorted((ROOT / "generated").glob("*.py")), ids=lambda file: file.stem
)
def test_no_generated_file_makes_code_of_text(file: Path) -> None:
    found = set(offences("", file.read_text(encoding="utf-8")))
    assert {each.removeprefix(": ") for each in found} <= GENERATED.keys()


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "f = exec",
        "compile(text, '', 'exec')",
        "sympy.sympify(text)",
        "from sympy import sympify",
        "sympy.S(text)",
        "from sympy import S",
        "from sympy.parsing.sympy_parser import parse_expr",
        "import sympy.parsing.latex",
        "sympy.lambdify(x, text)",
        "import pickle",
        "from marshal import loads",
        "import subprocess as harmless",
        "os.system(text)",
        "os.execvp(text, [])",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "np.lib.format.read_array(file)",
        "getattr(sympy, text)(1)",
        "setattr(self, text, 1)",
        "importlib.import_module(text)",
        "import importlib.util",
        "from importlib import util",
        "spec.loader.exec_module(module)",
        "run(text, shell=True)",
        "__import__('os')",
        "().__class__.__base__.__subclasses__()",
    ],
)
def test_a_planted_offence_is_seen(line: str) -> None:
    assert set(offences("term.py", line)) - ALLOWED


@pytest.mark.parametrize(
    "line",
    [
        "re.compile('a')",
        "sympy.S.One",
        "getattr(error, 'token', None)",
        "np.load(path, allow_pickle=False)",
    ],
)
def test_what_is_harmless_passes(line: str) -> None:
    assert not set(offences("term.py", line))


# --- SymPy's readers of text are broken, and nothing misses them ----------------------------


class ReadTextError(BaseException):
    """Text has reached a reader of SymPy's that evaluates it; no handler catches this one."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = sympy.sympify

    def refused(*_: Any, **__: Any) -> None:
        raise ReadTextError

    def sympify(given: Any, *rest: Any, **options: Any) -> Any:
        if isinstance(given, str | bytes):
            raise ReadTextError(given)
        return genuine(given, *rest, **options)

    # sympify imports parse_expr where it needs it; whoever has a name of his own is given ours.
    for name in ("parse_expr", "eval_expr", "stringify_expr"):
        monkeypatch.setattr(sympy_parser, name, refused)
    monkeypatch.setattr(sympy, "sympify", sympify)
    monkeypatch.setattr(sympy, "lambdify", refused)


FILE = """[network]
inputs = 3
cost = "(a - y)**4 / 4"
[[layer]]
axes = { j = 2 }
parameters = { w = ["j", "k"], g = ["j"] }
equations = ["z[j] = sum(k, w[j,k]*x[k])", "a[j] = g[j]*tanh(z[j])"]
[training]
l2 = 1e-3
optimizer = "adam"
"""

NOTE = r"""The error is $\delta_j^l = \partial C / \partial z_j^l$.
Also $\sigma(z) = 1 / (1 + e^{-z})$.

$$z^l = W^l a^{l-1} + b^l, \quad a^l = \sigma(z^l)$$
$$\delta^l = W^{l+1} \delta^{l+1} \odot \sigma'(z^l)$$
$$\mathrm{__import__}(os) = \operatorname{eval}(z^l)$$
"""

INPUTS: tuple[tuple[str, ...], ...] = (
    ("generate", "2-3-1"),
    ("generate", "2-3:gelu-4:elu-2:softmax", "--dtype", "float32", "--style", "array"),
    ("generate", "3-2", "--activation", "log(1 + exp(2*z))/2 + max(0, z)", "--optimizer", "adamw"),
    ("generate", "3-2", "--cost", "abs(a - y)**3 + 0.25*(a - y)**2"),
    ("generate", "n-3:mish-k", "--schedule", "cosine", "--clip-norm", "1"),
    ("generate", "FILE.toml"),
    ("derive", "2-3-1", "--format", "latex"),
    ("derive", "2-3-2:softmax", "--detail", "full"),
    ("derive", "2-3-4-1", "--of", r"\frac{\partial C}{\partial w_{21}^3}"),
    ("derive", "FILE.toml", "--format", "markdown"),
    ("prove", "2-3:hard_tanh-1", "--cost", "huber"),
    ("show", "2-3-1", "--cost"),
    ("verify", r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"),
    ("verify", "__import__('os').system('true')"),
    ("verify", r"\delta_j^L = (a_j^L - y_j) \sigma'(z_j^L)", "--context", "cost=(a - y)**2 / 2"),
    ("verify", r"z_j = \sum_k w_{jk} a_k", "--context", "activation=log(1 + exp(z))"),
    ("lint", "NOTE.md", "--no-cache", "--format", "html"),
    ("lint", "NOTE.md", "--no-cache", "--fix"),
)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("arguments", INPUTS, ids=" ".join)
def test_no_text_reaches_a_reader_that_evaluates(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE.toml").write_text(FILE, encoding="utf-8")
    Path("NOTE.md").write_text(NOTE, encoding="utf-8")
    found = outcome(arguments)
    wanted = (0, 1) if arguments[0] in ("verify", "lint") else (0,)
    assert not found.trouble
    assert found.code in wanted, found.err


@pytest.mark.usefixtures("broken")
def test_a_reader_that_evaluates_is_noticed() -> None:
    with pytest.raises(ReadTextError):
        sympy.sympify("1 + 1")
    with pytest.raises(ReadTextError):
        sympy_parser.parse_expr("1 + 1")
    # Sympifying happens inside of SymPy, too, and ends at the parser.
    with pytest.raises(ReadTextError):
        sympy.integrate("x", sympy.Symbol("x"))
