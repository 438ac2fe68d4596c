r"""Whatever is given to `verify`, a verdict comes back: in time, in bounded memory, never an error.

Each list of inputs is judged in a process of its own whose memory is limited, and which is stopped
where it exceeds the budget; the process says after each input what it found and how long it took.
"""

import json
import random
import select
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 10.0  # no formula takes longer
USUAL = 1.0  # and nonsense is told at once
MEMORY = 1_500  # megabytes of address space, SymPy and NumPy among them

PROGRAM = f"""
import json, resource, sys, time, traceback
sys.path.insert(0, {str(ROOT)!r})
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY} << 20, {MEMORY} << 20))
from symnet.paper.verify import BROKEN, verify
verify("z^l = W^l a^{{l-1}} + b^l", "nielsen", {{}})
for line in sys.stdin:
    latex, convention, context = json.loads(line)
    started = time.perf_counter()
    try:
        found = verify(latex, convention, context)
        word = "raised" if found.reason.startswith(BROKEN) else found.verdict
        said = [word, json.dumps(found.record)[:400]]
    except BaseException:
        said = ["raised", traceback.format_exc()[-1500:]]
    print(json.dumps([*said, time.perf_counter() - started]), flush=True)
"""

Given = tuple[str, str, Any]


def judged(inputs: list[Given]) -> list[tuple[Given, str, str, float]]:
    """What is said of each input, and in how many seconds; `stopped` where nothing came in time."""
    found: list[tuple[Given, str, str, float]] = []
    left = list(inputs)
    while left:
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            while left and (said := answer(child, left[0])) is not None:
                found.append((left.pop(0), *said))
            child.kill()
            if left:
                wrong = child.stderr.read()[-800:] if child.stderr else ""
                found.append((left.pop(0), "stopped", wrong, SECONDS))
    return found


def answer(child: "subprocess.Popen[str]", given: Given) -> tuple[str, str, float] | None:
    """What a process says of an input; None if it says nothing in time."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(json.dumps(given) + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        return None
    if not select.select([child.stdout], [], [], SECONDS + 10)[0]:  # it may have to import first
        return None
    line = child.stdout.readline()
    return tuple(json.loads(line)) if line else None


def complaints(inputs: list[Given], *, usual: float = SECONDS) -> list[str]:
    """What went wrong, one line an input."""
    return [
        f"{verdict} {seconds:.1f} s: {text[:80]!r} … {len(text)} characters, {context!r}: {why}"
        for (text, _, context), verdict, why, seconds in judged(inputs)
        if verdict not in ("proved", "refuted", "ill-formed", "unknown") or seconds > usual
    ]


def bare(*texts: str) -> list[Given]:
    return [(text, "nielsen", {}) for text in texts]


# --- what is read ----------------------------------------------------------------------------

WHOLE = (
    r"\delta^l = \left((W^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l)",
    r"z_j^l = \sum_{k=1}^{n_{l-1}} w_{jk}^l a_k^{l-1} + b_j^l, \quad l = 2, \dots, L",
    r"\frac{\partial^2 C}{\partial b_i^l \partial b_j^l} ="
    r" \frac{\partial \delta_j^l}{\partial b_i^l}",
    r"\begin{aligned} z^l &= W^l a^{l-1} + b^l \\ a^l &= \sigma(z^l) \tag{1} \end{aligned}",
    r"\frac{\partial z^L}{\partial z^l} = \prod_{m=L}^{l+1} W^m"
    r" \operatorname{diag}(\sigma'(z^{m-1}))",
    r"\begin{bmatrix} z_1^2 \\ z_2^2 \end{bmatrix} = \begin{bmatrix} w_{11}^2 & w_{12}^2 \\"
    r" w_{21}^2 & w_{22}^2 \end{bmatrix} \begin{bmatrix} x_1 \\ x_2 \end{bmatrix}",
    r"\newcommand{\d}[2]{\frac{\partial #1}{\partial #2}} \d{C}{b_j^l} = \delta_j^l",
    r"g'(z) = \begin{cases} 0 & z<0 \\ 1 & z>0 \end{cases}",
    r"C = \tfrac12 \|y-a^L\|^2 \Rightarrow \nabla_{a^L} C = a^L - y",
    r"\mathrm{d}C = \operatorname{tr}\left((\delta^l)^T\,\mathrm{d}W^l\,a^{l-1}\right)",
    r"\underbrace{\frac{\partial C}{\partial z_j^l}}_{\delta_j^l} = "
    r"\left.\frac{d\sigma}{dz}\right|_{z=z_j^l} x",
    r"W^l \leftarrow W^l - \eta\, \delta^l (a^{l-1})^\top",
)  # fmt: skip
ALPHABET = r"""
\frac \sum_{ \prod_ \left( \right) \begin{bmatrix} \end{bmatrix} \begin \end & \\ ^ _ { } ( ) [ ]
| \| = \leftarrow , \quad l z^l W^{l+1} \delta_j^l \sigma' \partial C \nabla_ \odot ^T \text{a}
\tag \def \newcommand \sqrt \cdot 1 2 0 - + / < \in \mathbb{R} ' \operatorname \ldots \overset
\begin{cases} \end{cases} \underset \underbrace \bar \not \over \middle # $ % ~ \, ∂ σ ′
"""
PIECES = tuple(ALPHABET.split())


def prefixes(text: str, step: int) -> list[str]:
    return [text[:at] for at in range(0, len(text), step)]


def scrambled(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(PIECES, k=draw.randrange(1, 25))) for _ in range(count)]


def damaged(count: int, seed: int) -> list[str]:
    """Whole formulas in which pieces were cut out, doubled or put elsewhere."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        text = draw.choice(WHOLE)
        for _ in range(draw.randrange(1, 4)):
            i, j = sorted(draw.choices(range(len(text) + 1), k=2))
            at = draw.randrange(len(text) + 1)
            put = draw.choice((None, text[i:j], draw.choice(PIECES)))
            text = text[:i] + text[j:] if put is None else (text[:at] + put + text[at:])[:400]
        found.append(text)
    return found


def noise(count: int, seed: int) -> list[str]:
    """Bytes, read as Latin-1 and as damaged UTF-8, and any characters at all."""
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        raw = draw.randbytes(draw.randrange(1, 200))
        found += [raw.decode("latin-1"), raw.decode("utf-8", "replace")]
        found.append(
            "".join(
                chr(draw.choice((draw.randrange(0xD800), draw.randrange(0xE000, 0x110000))))
                for _ in range(30)
            )
        )
    return found


def test_a_formula_cut_short_anywhere_has_a_verdict() -> None:
    assert complaints(bare(*(cut for text in WHOLE for cut in prefixes(text, 5)))) == []


@pytest.mark.slow
def test_every_prefix_has_a_verdict() -> None:
    assert complaints(bare(*(cut for text in WHOLE for cut in prefixes(text, 1)))) == []


def test_pieces_in_any_order_have_a_verdict() -> None:
    texts = (text for make in (scrambled, damaged, noise) for text in make(60, seed=5))
    assert complaints(bare(*texts)) == []


@pytest.mark.slow
@pytest.mark.parametrize("make", [scrambled, damaged, noise])
@pytest.mark.parametrize("seed", range(5))
def test_more_pieces_in_any_order_have_a_verdict(make: Any, seed: int) -> None:
    assert complaints(bare(*make(400, seed=100 + seed))) == []


# --- what is large ---------------------------------------------------------------------------

MILLION = 1_000_000
LARGE = {
    "braces": "{" * MILLION,
    "closed braces": "}" * MILLION,
    "pairs of braces": "{}" * (MILLION // 2),
    "nested braces": "{" * (MILLION // 2) + "}" * (MILLION // 2),
    "parentheses": "(" * MILLION,
    "left": r"\left(" * 150_000,
    "left and right": r"z^l = " + r"\left(" * 3000 + "z^l" + r"\right)" * 3000,
    "brackets": "z^l = " + "(" * 20_000 + "z^l" + ")" * 20_000,
    "begin": r"\begin{bmatrix}" * 60_000,
    "nested matrices": r"\begin{bmatrix}" * 300 + "1" + r"\end{bmatrix}" * 300,
    "primes": "z^l = z" + "'" * 100_000,
    "carets": "z" + "^" * 100_000,
    "scripts": "z" + "^{z" * 5000 + "}" * 5000,
    "subscripts": "z^l = z" + "_{z" * 300 + "}" * 300,
    "spaces": " " * MILLION,
    "letters": "a" * 100_000,
    "letters, equal": "a" * 5_000 + "=" + "a" * 5_000,
    "digits": "1 = " + "9" * 100_000,
    "decimals": "1 = 0." + "9" * 100_000,
    "backslashes": "\\" * 100_000,
    "rows": r"\begin{bmatrix}" + r"1 & 2 \\" * 5_000 + r"\end{bmatrix} = 1",
    "columns": r"\begin{bmatrix}" + "1 & " * 20_000 + r"1\end{bmatrix} = 1",
    "statements": r"z^l = z^l \\ " * 2_000,
    "equal signs": "z^l" + " = z^l" * 3_000,
    "terms": "z^l = " + " + ".join(["z^l"] * 5_000),
    "factors": "z_j^l = " + " z_j^l" * 2_000,
    "minus signs": "z^l = " + "-" * 3_000 + "z^l",
    "different terms": "z_1^2 = " + " + ".join(f"w_{{1{k}}}^2 a_{k}^1" for k in range(1, 2000)),
    "fractions": r"\frac{" * 3_000 + "1" + "}{2}" * 3_000 + " = 1",
    "nested fractions": "z = " + r"\frac{1}{1+" * 200 + "z" + "}" * 200,
    "square roots": "z = " + r"\sqrt{" * 300 + "z" + "}" * 300,
    "nested functions": "z^l = " + r"\sigma(" * 200 + "z^l" + ")" * 200,
    "slopes": r"\sigma" + "'" * 300 + "(z) = 0",
    "nested derivatives": r"\frac{\partial}{\partial z_j^l}" * 60 + "C = 0",
    "nested sums": r"z_j^l = " + "".join(rf"\sum_{{k_{{{i}}}}}" for i in range(200)) + "a_k^l",
    "nested cases": r"z = " + r"\begin{cases} z & " * 100 + "1" + r"\end{cases}" * 100,
    "text": r"\text{" * 20_000 + "}" * 20_000,
    "underbraces": r"\underbrace{" * 500 + "z^l" + "}_{z^l}" * 500 + "= z^l",
    "binomials": "(" + " + ".join(["z_1^2"] * 30) + ")^{40} = 1",
    "products of sums": "z_1^2 = " + "(z_1^2 + z_2^2 + z_3^2)" * 60,
    "powers of sums": "z = (1 + z + z^2)^{500}",
}
NUMERALS = (
    "9^{9^{9^9}} = 1",
    "1 = 9^{9^{9^{9^9}}}",
    "z = 2^{10^{9}}",
    "z = 10^{10^{10}} z",
    "z = (1+z)^{10^9}",
    "z = (1+z)^{999999}",
    "z = z^{-999999999}",
    r"z = \frac{1}{0}",
    r"z = \frac{1}{0^0}",
    "z^{0} = 1",
    "z^{999999999} = 1",
    "z^{999999999} = W^{999999999} a^{999999998} + b^{999999999}",
    r"\delta^{L-999999999} = 0",
    r"\delta^{l+10^9} = \delta^{l+10^9}",
    "z^{l+99999} = W^{l+99999} a^{l+99998} + b^{l+99999}",
    "z^{-5} = z^{-5}",
    r"z^{l^{l}} = 1",
    r"z^{\frac12} = z^{0.5}",
    "z_{999999999}^2 = 1",
    "z_{99999999999999999999999999999999}^2 = z_{99999999999999999999999999999999}^2",
    "z_{-1}^2 = z_{0}^2",
    r"z_{9^{9^9}}^2 = z_1^2",
    r"\sum_{k=1}^{10^9} a_k^2 = 1",
    r"\sum_{k=1}^{1000000000} 1 = 1000000000",
    r"z^l = \sum_{k=1}^{1000000000} z^l",
    r"\sum_{k=1}^{9^{9^9}} k = 1",
    r"\sum_{k=-1000000000}^{\infty} k = 1",
    r"\prod_{m=1}^{99999} 2 = 1",
    r"\prod_{m=1}^{99999} W^m = 1",
    r"\prod_{m=2}^{L+99999} W^m = W^2",
    r"\sum_{m=2}^{99999999} \delta^m = 0",
    r"e^{10^{10}} = 1",
    r"\exp(\exp(\exp(\exp(\exp(9))))) = 1",
    r"\sigma(10^{100}) = 1",
    r"\tanh(10^{1000}) = 1",
    r"\log(0) = 1",
    r"\frac{d^{99999}}{dz^{99999}} \sigma(z) = 0",
    r"\frac{d^{99}}{dz^{99}} \tanh(z) = 0",
    r"\sigma^{(99999)}(z) = 0",
    r"\tanh^{99999}(z) = 1",
    r"\frac{\partial^{999} C}{\partial (z_j^l)^{999}} = 0",
    "1e999999999 = 1",
    "z = 0.1^{999999999}",
    "n_{999999999} = 1",
    r"\frac{1}{n_{l+99999}} = 1",
    r"\begin{bmatrix} 9^{9^9} \end{bmatrix} = 1",
    r"\mathbb{R}^{9^{9^9}} = 1",
    r"z^l \in \mathbb{R}^{99999999999999}",
    r"l = 2, \dots, 99999999999",
    r"z^l = z^l, \quad l = 2, \dots, 99999999999",
    r"z^l = z^l, \quad 1 \le l \le 10^{10^{10}}",
    r"1000000! = 1",
)  # fmt: skip
MACROS = (
    r"\def\a{\a\a} \a = 1",
    r"\def\a{\b\b}\def\b{\a\a} \a = 1",
    r"\newcommand{\a}{\a} \a",
    r"\newcommand{\a}[1]{\a{#1#1}} \a{z}",
    r"\newcommand{\a}[9]{#9#8#7#6#5#4#3#2#1} \a",
    r"\newcommand{\a}[1]{#2} \a{z}",
    r"\newcommand{\a}[99]{#1} \a{z}",
    r"\newcommand",
    r"\newcommand{\a}",
    r"\def",
    r"\def\a",
    r"\def\a#1#2{#1",
    r"\renewcommand{\frac}[2]{\frac{#2}{#1}} \frac{1}{2} = 2",
    "".join(rf"\def\{x}{{{10 * (chr(92) + y)}}}" for x, y in pairwise("abcdefghijk")) + r"\a = z",
    r"\DeclareMathOperator{\a}{\a} \a(z) = 1",
    r"\let\a\a \a = 1",
    r"\input{/etc/passwd}",
    r"\immediate\write18{ls} = 1",
    "\x00",
    "z^l\x00 = z^l",
    "\x00" * 10_000,
    "\ufeffz^l = z^l",
    "z^l = z^l\u202e",
    "\ud800",
    "é̂ = 1",
    "٣ = 3",
    "z^² = z",
    "z₁² = 1",
    "½ = 0.5",
    "",
    "%",
    "%" * 1000,
    "$$",
    "&",
    r"\\",
    "=",
    "==",
    "= = =",
    ",",
    "z^l =",
    "= z^l",
    r"\Rightarrow",
    r"\quad",
    "__import__('os').system('true') = 1",
    "lambda: 1 = 1",
    "{0.__class__} = 1",
    "%s%n%d = 1",
)  # fmt: skip


def test_what_is_large_has_a_verdict_in_time() -> None:
    assert complaints(bare(*LARGE.values())) == []


def test_numerals_of_any_size_have_a_verdict() -> None:
    assert complaints(bare(*NUMERALS)) == []


def test_macros_and_odd_characters_have_a_verdict() -> None:
    assert complaints(bare(*MACROS)) == []


# --- what is said about a page ----------------------------------------------------------------

BP2 = r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)"
ODD: tuple[Any, ...] = (
    None, 0, -1, 10**30, 1e308, True, "", "x" * 10_000, [], [[]], {}, {"": ""}, [None], "\x00",
    "__import__('os').system('true')", "9**9**9**9", "\\frac", "a^2", "exp(exp(exp(x)))",
)  # fmt: skip
FIELDS = (
    "activation", "output_activation", "cost", "widths", "declared", "definitions", "shapes",
    "rule", "method", "depth", "layers", "bias", "target", "layout", "per_layer_activation",
    "local", "?",
)  # fmt: skip
CONTEXTS: tuple[Any, ...] = (
    *({field: value} for field in FIELDS for value in ODD),
    {"widths": [10**9, 10**9, 10**9]},
    {"widths": [10**9]},
    {"widths": [-1, -2, -3]},
    {"widths": [0, 0, 0]},
    {"widths": [2, 3, 0, 4]},
    {"widths": [2]},
    {"widths": []},
    {"widths": [2] * 100_000},
    {"widths": [2] * 60},
    {"widths": [784, 4096, 4096, 10]},
    {"widths": [40, 40, 40, 40]},
    {"widths": [2.5, 3, 4]},
    {"widths": ["2", "3", "4"]},
    {"widths": [True, True, True]},
    {"widths": "2-3-4"},
    {"widths": [10**40, 2, 2]},
    {"depth": "L = 999999999"},
    {"depth": "L = 0"},
    {"depth": "L >= 99999999999999"},
    {"depth": 3},
    {"declared": {r"\sigma": r"\sigma"}},
    {"declared": {r"\sigma(z)": r"\sigma(\sigma(z))"}},
    {"declared": {"z^l": "z^l"}},
    {"declared": {"a^l": "b^l", "b^l": "a^l"}},
    {"declared": {"W^l": "9^{9^{9^9}}"}},
    {"declared": {"z": "{" * 100_000}},
    {"declared": {"{" * 1_000: "x"}},
    {"declared": {"W^l": ["a", "list"]}},
    {"declared": {r"f(x)": "9**9**9**9"}},
    {"declared": {r"\sigma(z)": r"\frac{1}{0}"}},
    {"declared": {"x": None}},
    {"declared": "x"},
    {"declared": ["x"]},
    {"shapes": {"W^l": "9^{9^9} \\times n"}},
    {"activation": "9**9**9**9"},
    {"activation": "__import__('os').system('true')"},
    {"activation": "x.__class__"},
    {"activation": "exp(" * 2_000},
    {"activation": "x" + "+x" * 20_000},
    {"activation": "x**(10**9)"},
    {"activation": "integrate(exp(x**x), x)"},
    {"activation": "1/0"},
    {"activation": "zoo"},
    {"activation": "nan"},
    {"activation": "lambda x: x"},
    {"activation": "factorial(10**8)"},
    {"activation": ["sigmoid"]},
    {"cost": "(a-y)**(10**8)"},
    {"cost": "9**9**9**9*a"},
    {"cost": "__import__('os')"},
    {"cost": "open('/etc/passwd').read()"},
    {"cost": "(" * 5_000},
    {"layout": ["numerator"]},
)  # fmt: skip
CONVENTIONS: tuple[Any, ...] = ("", "other", "?", "__class__", "../nielsen", "NIELSEN")


def test_odd_contexts_have_a_verdict() -> None:
    assert complaints([(BP2, "nielsen", context) for context in CONTEXTS]) == []


def test_conventions_that_do_not_exist_have_a_verdict() -> None:
    assert complaints([(BP2, convention, {}) for convention in CONVENTIONS]) == []


def test_a_context_that_is_no_mapping_has_a_verdict() -> None:
    assert complaints([(BP2, "nielsen", context) for context in (None, [], "", 0)]) == []
