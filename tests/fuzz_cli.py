"""What comes of the command line in one process, whatever it is given.

`outcome(arguments)` is what a shell would see. `run(count, seed)` makes up networks, options and
formulas, right and wrong ones, and counts what comes of them:

    python tests/fuzz_cli.py --count 100000 --seed 1
"""

import argparse
import contextlib
import io
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symnet.cli import main
from symnet.paper.verify import BROKEN

# What each command may exit with; click's own usage errors are 2.
CODES = {"verify": (0, 1, 2), "check-certificate": (0, 1, 2), "prove": (0, 1, 2)}
USUAL = (0, 1, 2)


@dataclass(frozen=True)
class Outcome:
    """What a shell would see of a command, and what it should never see."""

    code: object
    out: str
    err: str
    seconds: float
    trouble: str

    def __str__(self) -> str:
        return self.trouble or f"exit code {self.code}"


def outcome(arguments: Sequence[str], given: bytes = b"") -> Outcome:
    """Runs the command in this process; a traceback in it is `trouble`, and so is an odd code."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, write_through=True)
        for errors in ("strict", "backslashreplace")  # as those of a process
    )
    code: object = None
    trouble = ""
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(given), "utf-8")
    start = time.perf_counter()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(list(arguments))
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        trouble = "".join(traceback.format_exception(error))[-1500:]
    finally:
        sys.stdin = stdin
    seconds = time.perf_counter() - start
    said, complained = (
        stream.buffer.getvalue().decode("utf-8", errors="replace")  # type: ignore[attr-defined]
        for stream in (out, err)
    )
    allowed = CODES.get(arguments[0] if arguments else "", USUAL)
    if not trouble and code not in allowed:
        trouble = f"exit code {code}: {complained[-300:]}"
    if "Traceback (most recent call last)" in complained or BROKEN in said:
        trouble = trouble or f"{complained}{said}"[-1500:]
    if code == 2 and not trouble and not complained.strip():
        trouble = "exit code 2 without a word"
    return Outcome(code, said, complained, seconds, trouble)


# --- what is made up ------------------------------------------------------------------------

ACTIVATIONS = ("sigmoid", "tanh", "relu", "softmax", "gelu", "softsign", "identity", "huber", "x")
COSTS = ("quadratic", "huber", "log_likelihood", "cross_entropy", "hinge", "poisson", "sigmoid")
SIGNS = "-:+*/^_.,;()[]{}<>|&%$#@!?~`'\"\\\n\r\t\0 =−·×∂δσΣ²₁ｅаĸ\u202e\ufeff\u200d1234567890naxyzw"
FORMULAS = (
    r"\delta^l = (W^{l+1})^T \delta^{l+1} \odot \sigma'(z^l)", r"z^l = W^l a^{l-1} + b^l",
    r"\frac{\partial C}{\partial W^l} = \delta^l (a^{l-1})^T", r"a_j^l = \sigma(z_j^l)",
    r"\frac{\partial C}{\partial b_j^l} = \delta_j^l", "C = y", "dW = X^T (a - y)",
    r"\delta^L = \nabla_a C \odot \sigma'(z^L)", r"z_j = \sum_k w_{jk} x_k + b_j",
)  # fmt: skip
TYPED = (
    "z / (1 + exp(-z))",
    "max(0, z)",
    "tanh(z)**3",
    "log(1 + exp(z))",
    "z",
    "(a - y)**2",
    "2*z",
)
FILE = """[network]
inputs = 2
cost = "quadratic"
[[layer]]
axes = { j = 3 }
parameters = { w = ["j", "k"], b = ["j"] }
equations = ["z[j] = sum(k, w[j,k]*x[k]) + b[j]", "a[j] = tanh(z[j])"]
[[layer]]
neurons = 2
activation = "tanh"
[training]
l2 = 1e-3
"""


def mutated(text: str, chance: random.Random) -> str:
    """The text with a few signs changed, lost, doubled, or turned about."""
    for _ in range(chance.choice((0, 0, 1, 1, 2, 4))):
        a, b = sorted(chance.choices(range(len(text) + 1), k=2))
        b = min(b, a + 6)
        text = chance.choice(
            (
                text[:a] + chance.choice(SIGNS) + text[a:],
                text[:a] + text[b:],
                text[:a] + text[a:b] * 2 + text[b:],
                text[:a] + text[a:b][::-1] + text[b:],
                text[:a] + chance.choice(SIGNS) + text[b:],
            )
        )
    return text


def network(chance: random.Random) -> str:
    """A small network, nearly always one."""
    widths = [chance.choice(("1", "2", "3", "n", "k", "0", "007", "-1", "2.5")[:7])]
    for _ in range(chance.choice((1, 1, 1, 2))):
        name = chance.choice(("", "", f":{chance.choice(ACTIVATIONS)}"))
        widths.append(chance.choice(("1", "2", "3", "k")) + name)
    return mutated("-".join(widths), chance)


def noise(chance: random.Random) -> str:
    """Bytes, as a program gets them that are no UTF-8; or signs of formulas."""
    if chance.random() < 0.5:
        return os.fsdecode(chance.randbytes(chance.randrange(40)))
    return "".join(chance.choices(SIGNS, k=chance.randrange(40)))


def command(chance: random.Random, folder: Path) -> tuple[list[str], bytes]:
    """A command line, and what stands on standard input."""
    name = chance.choice(("derive", "prove", "show", "verify", "verify", "verify", "generate", "-"))
    given = b""
    if name == "verify" or (name == "-" and chance.random() < 0.5):
        formula = (
            noise(chance) if chance.random() < 0.2 else mutated(chance.choice(FORMULAS), chance)
        )
        words = ["verify", *chance.choice(([], ["--json"], ["--convention", "ng"]))]
        if chance.random() < 0.2:
            key = mutated(
                chance.choice(("cost=quadratic", "widths=[2, 3]", "declared.x=a^1")), chance
            )
            words += ["--context", key]
        return [*words, "--", formula], given
    if name == "-":
        file = folder / "certificate.json"
        text = chance.choice(
            ('{"format": "symnet certificate 1", "network": {}}', "[]", "{}", "nul")
        )
        file.write_text(mutated(text, chance), encoding="utf-8", errors="replace")
        return ["check-certificate", str(file)], given
    net = network(chance) if chance.random() < 0.9 else noise(chance)
    if chance.random() < 0.15:
        net, text = "-", mutated(FILE, chance)
        given = text.encode("utf-8", errors="surrogateescape")
    words = [name, net]
    if chance.random() < 0.2:
        typed = mutated(chance.choice((*TYPED, *ACTIVATIONS)), chance)
        words += ["--activation", typed]
    if chance.random() < 0.2:
        words += ["--cost", mutated(chance.choice((*TYPED, *COSTS)), chance)]
    options: dict[str, tuple[tuple[str, ...], ...]] = {
        "derive": (
            ("--format", "latex"), ("--format", "json"), ("--format", "markdown"),
            ("--detail", "summary"), ("--of", mutated("∂C/∂w_{21}^2", chance)), ("--fragment",),
        ),
        "prove": (("--json",),),
        "show": (("--cost",), ("--memory",), ("--after", "lower"), ("--batch", "3")),
        "generate": (
            ("--dtype", "float32"), ("--style", "scalar"), ("--optimizer", "adam"),
            ("--clip-norm", chance.choice(("1", "0", "nan", "1e999"))), ("--schedule", "cosine"),
        ),
    }  # fmt: skip
    for option in options[name]:
        if chance.random() < 0.15:
            words += [mutated(word, chance) if chance.random() < 0.1 else word for word in option]
    if len(words) > 2 and chance.random() < 0.05:
        chance.shuffle(words)
    return words, given


def run(
    count: int,
    seed: int,
    progress: Callable[[int, "Counter[str]"], object] | None = None,
    slow: float = 10.0,
) -> dict[str, object]:
    """Figures of so many commands: exit codes, tracebacks and slow ones with what was given."""
    chance = random.Random(seed)
    codes: Counter[str] = Counter()
    tracebacks: list[tuple[list[str], bytes, str]] = []
    late: list[tuple[float, list[str], bytes]] = []
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        # A mutation may turn an option into -o; what it writes is no business of anybody's.
        os.chdir(name)
        try:
            for number in range(1, count + 1):
                words, given = command(chance, Path(name))
                found = outcome(words, given)
                codes[f"{words[0] if words else ''} {found.code}"] += 1
                if found.code == 2 and words[:1] == ["verify"] and "--context" not in words:
                    # A formula never gives 2, whatever it is.
                    tracebacks.append((words, given, f"exit code 2: {found.err[-300:]}"))
                if found.trouble:
                    tracebacks.append((words, given, found.trouble))
                if found.seconds > slow:
                    late.append((round(found.seconds, 1), words, given))
                if progress is not None:
                    progress(number, codes)
        finally:
            os.chdir(here)
    return {
        "inputs": count, "seed": seed, "codes": dict(codes), "tracebacks": tracebacks, "slow": late
    }  # fmt: skip


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    start = time.perf_counter()

    def said(number: int, _: "Counter[str]") -> None:
        if number % max(1, asked.count // 100) == 0 and sys.stderr.isatty():
            passed = time.perf_counter() - start
            print(f"\r{number} of {asked.count}, {passed:.0f} s", end="", file=sys.stderr)

    figures = run(asked.count, asked.seed, said)
    print(f"\n{figures['inputs']} inputs, seed {figures['seed']}: {figures['codes']}")
    for each in (*figures["tracebacks"], *figures["slow"]):  # type: ignore[misc]
        print(*each, sep="\n", end="\n\n")
    wrong = len(figures["tracebacks"])  # type: ignore[arg-type]
    late = len(figures["slow"])  # type: ignore[arg-type]
    print(
        f"{wrong} tracebacks, {late} slower than 10 s, {time.perf_counter() - start:.0f} s in all"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(_main())
