"""Small changes of sources that a test ought to notice: of Python, of templates, of tables.

A mutant is one edit of one file. Where a program could not behave differently there is none: in
docstrings, messages of errors, annotations, decorators, imports, `assert`.

>>> print(*(m.after for m in mutants("toy.py", "def less(a, b):\\n    return a < b\\n")), sep="\\n")
    return None
    return a <= b
    return a >= b
"""

import ast
import hashlib
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path

Edit = tuple[int, int, str, str]  # from, to, what stands there instead, what kind of change it is


@dataclass(frozen=True)
class Mutant:
    """One edit of one file; `id` stays the same while its line does."""

    id: str
    file: str
    line: int  # the first line of what is changed, and the last
    last: int
    kind: str
    part: str  # code, table, template or data
    start: int
    end: int
    new: str
    before: str  # the line that is changed first, and what it becomes
    after: str
    names: tuple[str, ...] = ()  # of a table at module level: what it is called

    def applied(self, source: str) -> str:
        return source[: self.start] + self.new + source[self.end :]


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in the order of their lines."""
    if file.endswith(".py"):
        found = list(_Python(source).edits())
    else:
        part = "template" if file.endswith(".jinja") else "data"
        ways = {".jinja": _of_template, ".toml": _of_toml, ".lark": _of_grammar}
        edits = ways.get(Path(file).suffix, lambda _: iter(()))(source)
        found = [(edit, part, ()) for edit in edits]
    made, seen = [], Counter[str]()
    for (start, end, new, kind), part, names in sorted(set(found)):
        if source[start:end] == new:
            continue
        line, last = (
            source.count("\n", 0, start) + 1,
            source.count("\n", 0, max(start, end - 1)) + 1,
        )
        changed = source[:start] + new + source[end:]
        before = source.splitlines()[line - 1]
        after = changed.splitlines()[line - 1] if line <= changed.count("\n") else ""
        key = "|".join((file, kind, source[start:end], new, before))
        seen[key] += 1
        number = hashlib.sha256(f"{key}|{seen[key]}".encode()).hexdigest()[:10]
        made.append(
            Mutant(number, file, line, last, kind, part, start, end, new, before, after, names)
        )
    return made


# --- Python ---------------------------------------------------------------------------------------

COMPARISONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "//": "*", "**": "*", "%": "*"}
ARITHMETIC |= {"|": "&", "&": "|", "^": "|", "<<": ">>", ">>": "<<", "@": "*"}
TWINS = {"min": "max", "max": "min", "any": "all", "all": "any"}
PROSE = re.compile(r"[A-Za-z']{2,} +[A-Za-z']+ +[A-Za-z']+|[A-Za-z]{3,} [a-z]{2,}[.:,]?$")
# What is said to people, not computed: the arguments of these are left alone.
SAYING = re.compile(r"(Error|Warning|warn|print|fail|echo|secho|option|argument|refuse)$")


class _Python:
    """The edits of a module; each with its part and, in a table, the names it is bound to."""

    def __init__(self, source: str) -> None:
        self.source = source
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        self.starts, self.lines = starts, source.splitlines(keepends=True)
        self.tokens = [
            (self.starts[t.start[0] - 1] + t.start[1], t.string, t.type)
            for t in tokenize.generate_tokens(io.StringIO(source).readline)
        ]

    def at(self, line: int, column: int) -> int:
        """Where it is in the text; a column of `ast` counts bytes."""
        text = self.lines[line - 1]
        return self.starts[line - 1] + len(text.encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return start, self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.source[start:end]

    def between(self, left: ast.AST, right: ast.AST) -> list[tuple[int, str]]:
        """The signs and words between two nodes, with their places."""
        start, end = self.span(left)[1], self.span(right)[0]
        skip = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT)
        return [(p, s) for p, s, t in self.tokens if start <= p < end and t not in skip]

    def edits(self) -> Iterator[tuple[Edit, str, tuple[str, ...]]]:
        tree = ast.parse(self.source)
        yield from self.body(tree.body, "table", ())

    def body(
        self, statements: list[ast.stmt], part: str, names: tuple[str, ...]
    ) -> Iterator[tuple[Edit, str, tuple[str, ...]]]:
        for statement in statements:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    for edit in self.function(statement):
                        yield edit, "code", ()
                case ast.ClassDef():
                    yield from self.body(statement.body, "table", (statement.name,))
                case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if statement.value:
                    targets = (
                        statement.targets
                        if isinstance(statement, ast.Assign)
                        else [statement.target]
                    )
                    own = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
                    if own & {"__all__", "__slots__", "__match_args__"}:
                        continue
                    kinds = names or tuple(sorted(own))
                    for edit in (*self.entries(statement.value), *self.inside(statement.value)):
                        yield edit, part, kinds
                case ast.If() if "TYPE_CHECKING" not in ast.unparse(statement.test):
                    yield from self.body([*statement.body, *statement.orelse], part, names)

    def entries(self, value: ast.expr) -> Iterator[Edit]:
        """An entry of a table left out; two beside each other swapped."""
        for node in ast.walk(value):
            match node:
                case ast.Tuple(items) | ast.List(items) | ast.Set(items) if len(items) > 1:
                    spans = [self.span(item) for item in items]
                    swapped = spans if not isinstance(node, ast.Set) else []
                case ast.Dict(keys, values) if len(values) > 1:
                    pairs = list(zip(keys, values, strict=True))
                    spans = [
                        (self.span(k)[0] if k else self.span(v)[0] - 2, self.span(v)[1])
                        for k, v in pairs
                    ]
                    swapped = [self.span(v) for v in values]
                case _:
                    continue
            for number, (start, end) in enumerate(spans):
                after = spans[number + 1][0] if number + 1 < len(spans) else None
                if after is not None:
                    yield start, after, "", "entry left out"
                elif len(spans) > 2:  # of a pair, a last comma would make one thing of the other
                    yield spans[number - 1][1], end, "", "entry left out"
            for (a, b), (c, d) in pairwise(swapped):
                left, right = self.source[a:b], self.source[c:d]
                yield a, d, right + self.source[b:c] + left, "entries swapped"

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Edit]:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                yield from self.inside(default)
        for statement in _without_docstring(node.body):
            yield from self.statement(statement)

    def statement(self, node: ast.stmt) -> Iterator[Edit]:
        """Of one statement and of all that is in it."""
        start, end = self.span(node)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self.function(node)
                return
            case ast.ClassDef():
                for inner in _without_docstring(node.body):
                    yield from self.statement(inner)
                return
            case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal():
                return
            case ast.Raise():
                yield start, end, "pass", "statement left out"
                return
            case ast.Return(value) if value is not None:
                if not (isinstance(value, ast.Constant) and value.value is None):
                    yield start, end, "return None", "nothing returned"
            case ast.Break():
                yield start, end, "continue", "loop goes on"
            case ast.Continue():
                yield start, end, "break", "loop ends"
            case ast.Expr(ast.Call() as call) if not _says(call):
                yield start, end, "pass", "statement left out"
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                yield start, end, "pass", "statement left out"
            case ast.AugAssign():
                yield start, end, "pass", "statement left out"
                for place, sign in self.between(node.target, node.value):
                    if sign[:-1] in ARITHMETIC:
                        yield place, place + len(sign), ARITHMETIC[sign[:-1]] + "=", "operation"
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "decorator_list", "type_comment"):
                continue
            for child in value if isinstance(value, list) else [value]:
                match child:
                    case ast.stmt():
                        yield from self.statement(child)
                    case ast.expr():
                        yield from self.inside(child)
                        if name == "test":
                            yield self.negated(child)
                    case ast.match_case():
                        yield from self.case(child)
                    case ast.ExceptHandler():
                        for inner in child.body:
                            yield from self.statement(inner)

    def case(self, node: ast.match_case) -> Iterator[Edit]:
        pattern = self.span(node.pattern)[1]
        if node.guard is not None:
            start, end = self.span(node.guard)
            yield start, end, "True", "condition left out"
            yield start, end, "False", "case left out"
            yield from self.inside(node.guard)
        elif not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None):
            yield pattern, pattern, " if False", "case left out"
        for inner in node.body:
            yield from self.statement(inner)

    def negated(self, node: ast.expr) -> Edit:
        start, end = self.span(node)
        return start, end, f"(not ({self.source[start:end]}))", "condition negated"

    def inside(self, root: ast.expr) -> Iterator[Edit]:
        """Of an expression."""
        left_alone: set[int] = set()
        for node in ast.walk(root):
            if id(node) in left_alone:
                left_alone.update(map(id, ast.iter_child_nodes(node)))
                continue
            match node:
                case ast.Call() if _says(node):
                    left_alone.update(map(id, ast.iter_child_nodes(node)))
                case ast.Call(ast.Name("cast" | "TypeVar" | "isinstance"), args=[*arguments]):
                    left_alone.update(map(id, arguments))
                case ast.keyword("strict", value):  # of `zip`: says what holds anyway
                    left_alone.add(id(value))
                case ast.JoinedStr():
                    left_alone.update(map(id, ast.iter_child_nodes(node)))
                    if not PROSE.search(_words(node)):
                        yield (*self.span(node), '"~"', "text")
                case _:
                    yield from self.expression(node)

    def expression(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.Compare(left, operators, right):
                parts = [left, *right]
                for number, operator in enumerate(operators):
                    signs = [
                        (p, s)
                        for p, s in self.between(parts[number], parts[number + 1])
                        if s not in "()"
                    ]
                    if signs:
                        start, end = signs[0][0], signs[-1][0] + len(signs[-1][1])
                        for other in COMPARISONS[type(operator)]:
                            yield start, end, other, "comparison"
            case ast.BinOp(left, _, right):
                for place, sign in self.between(left, right):
                    if sign in ARITHMETIC:
                        yield place, place + len(sign), ARITHMETIC[sign], "operation"
            case ast.BoolOp(_, values):
                for left, right in pairwise(values):
                    for place, word in self.between(left, right):
                        if word in ("and", "or"):
                            other = "or" if word == "and" else "and"
                            yield place, place + len(word), other, "and, or"
            case ast.UnaryOp(ast.Not() | ast.USub()):
                start, _ = self.span(node)
                sign = 3 if isinstance(node.op, ast.Not) else 1
                yield start, start + sign, "", "not, minus left out"
            case ast.IfExp(test):
                yield self.negated(test)
            case ast.comprehension(ifs=conditions):
                for condition in conditions:
                    yield self.negated(condition)
                    yield (*self.span(condition), "True", "condition left out")
            case ast.Constant(value):
                yield from self.constant(node, value)
            case ast.Call(ast.Name(name) as function, arguments):
                if name in TWINS:
                    yield (*self.span(function), TWINS[name], "twin")
                yield from self.swapped(arguments)
            case ast.Call(_, arguments):
                yield from self.swapped(arguments)

    def swapped(self, arguments: list[ast.expr]) -> Iterator[Edit]:
        for left, right in pairwise(arguments):
            if not isinstance(left, ast.Starred) and not isinstance(right, ast.Starred):
                (a, b), (c, d) = self.span(left), self.span(right)
                new = self.source[c:d] + self.source[b:c] + self.source[a:b]
                yield a, d, new, "arguments swapped"

    def constant(self, node: ast.Constant, value: object) -> Iterator[Edit]:
        start, end = self.span(node)
        match value:
            case bool():
                yield start, end, str(not value), "constant"
            case int():
                yield start, end, str(value + 1), "constant"
                if value > 1:
                    yield start, end, str(value - 1), "constant"
            case float():
                yield start, end, repr(value * 2 + 1), "constant"
            case str() if not PROSE.search(value) and "\n" not in value:
                last = self.source[end - 1]
                simple = self.source[start:end].count(last) == 2
                if simple and value:
                    yield end - 1, end - 1, "~", "text"
                elif simple:
                    yield start, end, '"~"', "text"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(ast.Constant(str())), *others]:
            return others
    return body


def _says(call: ast.Call) -> bool:
    return SAYING.search(ast.unparse(call.func)) is not None


def _words(node: ast.JoinedStr) -> str:
    parts = [x.value if isinstance(x, ast.Constant) else " x " for x in node.values]
    return "".join(map(str, parts))


# --- templates, and data --------------------------------------------------------------------------

STRING = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')""")
SIGNS = (
    (re.compile(r"(?<=\w )(<=|>=|==|!=|<|>)(?= )"), "comparison"),
    (re.compile(r"(?<=[\w)\]] )(\+|-|\*|/|//)=?(?= )"), "operation"),
    (re.compile(r"(?<= )(and|or)(?= )"), "and, or"),
    (re.compile(r"(?<![\w.\"'^])\d+(?![\w.\"'])"), "constant"),
    (re.compile(r"\b(True|False)\b"), "constant"),
    (re.compile(r"\b(min|max|any|all)(?=\()"), "twin"),
)
PAIRS = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "and": "or",
    "or": "and",
}
PAIRS |= {"True": "False", "False": "True", **TWINS, **ARITHMETIC}
PAIRS |= {f"{one}=": f"{other}=" for one, other in ARITHMETIC.items() if f"{one}=" not in PAIRS}
SPOKEN = re.compile(r"\braise\b|Error\(|error\(|print\(|warn\(|help=|description=|_say\(")


def _of_template(source: str) -> Iterator[Edit]:
    """Lines left out, signs and numbers changed, conditions negated: in Jinja and in Python."""
    # Comments and docstrings say, they do not compute: blanks stand for them, at the same places.
    blank = re.compile(r'\{#.*?#\}|"""(?:[^"]|"(?!""))*"""', re.DOTALL)
    masked = blank.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), source)
    masked = STRING.sub(lambda m: '"' + "_" * (len(m[0]) - 2) + '"', masked)
    masked = masked.replace("strict=True", "strict=true")
    masked = re.sub(r"(?m)(?<!\{)#(?!\}).*$", lambda m: " " * len(m[0]), masked)
    place = 0
    for line in masked.splitlines(keepends=True):
        text, start = line.rstrip(), place
        place += len(line)
        bare = text.strip()
        if not bare:
            continue
        control = re.match(r"\{%-? *(el)?if (.*?) *-?%\}", bare)
        if control:
            at = start + text.index(control[2], text.index("if") + 3)
            yield (
                at,
                at + len(control[2]),
                f"not ({source[at : at + len(control[2])]})",
                "condition",
            )
        if bare.startswith("{%") or SPOKEN.search(bare):
            continue
        condition = re.match(r"(?:el)?(?:if|while) ([^{}]*):$", bare)
        if condition:
            at = start + text.index(condition[1])
            old = source[at : at + len(condition[1])]
            yield at, at + len(old), f"not ({old})", "condition negated"
        code = not re.match(r"(@|def |class |import |from |else|try|except|finally|with )", bare)
        if code and not bare.endswith((":", "(", "[", "{", ",")) and bare[0] not in ")]}":
            indent = len(text) - len(text.lstrip())
            yield start + indent, start + len(text), "pass", "line left out"
        for signs, kind in SIGNS:
            for found in signs.finditer(text) if code or kind != "constant" else ():
                old = found[0]
                yield start + found.start(), start + found.end(), _other(old), kind


def _other(sign: str) -> str:
    return str(int(sign) + 1) if sign.isdigit() else PAIRS[sign]


def _of_toml(source: str) -> Iterator[Edit]:
    """Entries left out, numbers changed, the values of neighbours swapped."""
    entry = re.compile(r"""^((?:'[^'\n]*'|"[^"\n]*"|\w+) *= *)(\S.*)\n""", re.MULTILINE)
    spoken = re.compile(r"(name|source|title|note|because) *=")
    found = [m for m in entry.finditer(source) if not spoken.match(m[0]) and m[2][-1] not in "[{"]
    for one, other in zip_longest(found, found[1:]):
        yield one.start(), one.end(), "", "entry left out"
        for number in re.finditer(r"(?<=[ =])-?\d+(?=[,\s}])", one[2]):
            at = one.start(2) + number.start()
            yield at, at + len(number[0]), str(int(number[0]) + 1), "constant"
        if other is not None and other.start() == one.end() and one[2][0] == other[2][0]:
            new = f"{one[1]}{other[2]}\n{other[1]}{one[2]}\n"
            yield one.start(), other.end(), new, "entries swapped"
    for line in re.finditer(r"^    '.*',\n", source, re.MULTILINE):
        yield line.start(), line.end(), "", "entry left out"


def _of_grammar(source: str) -> Iterator[Edit]:
    """Alternatives left out."""
    for found in re.finditer(r" *\| [^|\n]+", source):
        yield found.start(), found.end(), "", "alternative left out"
