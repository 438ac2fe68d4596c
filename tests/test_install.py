"""Installed from a wheel, in an environment of its own, symnet works from an empty folder.

What it depends on is borrowed from the environment that runs the tests, so that nothing but the
build tool may have to be downloaded.
"""

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


def run(*command: object, cwd: Path) -> str:
    """What a command prints, in an environment without the checkout on its path."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# With the build tool at hand there is nothing to download.
ISOLATION = [] if importlib.util.find_spec("hatchling") is None else ["--no-build-isolation"]


def build(source: Path, folder: Path) -> Path:
    """A wheel of the sources in a folder or an archive."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--no-deps", *ISOLATION, "--wheel-dir", folder, source, cwd=folder)
    (wheel,) = folder.glob("symnet-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("an sdist needs the build tool, hatchling")
    folder = tmp_path_factory.mktemp("sdist")
    program = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    name = run(sys.executable, "-c", program, folder, cwd=ROOT).split()[-1]
    return folder / name


def environment(wheel: Path, folder: Path) -> Path:
    """A new environment's programs, with the wheel installed in it."""
    run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    site = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder
    ).strip()
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    run(python, *pip, wheel, cwd=folder)
    # A path in a .pth file brings packages, but not the .pth files there: no editable symnet.
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(site, "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n", encoding="utf-8")
    return folder / "bin"


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(wheel, tmp_path_factory.mktemp("installed") / "venv")


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_the_package_and_its_templates_once(wheel: Path) -> None:
    names = contents(wheel)
    assert all(name.startswith("symnet/") for name in names)
    for template in (ROOT / "templates").rglob("*.jinja"):
        assert f"symnet/templates/{template.relative_to(ROOT / 'templates')}" in names
    for file in (ROOT / "symnet").rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            assert f"symnet/{file.relative_to(ROOT / 'symnet')}" in names
    assert {"symnet/py.typed", "symnet/data/digits.csv.gz", "symnet/data/README.md"} <= names
    assert not [name for name in names if "__pycache__" in name or "test" in name]


def test_the_sdist_holds_what_a_checkout_holds_and_makes_the_same_wheel(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "Makefile",
        "templates/numpy/trainer.py.jinja",
        "generated/trainer_2_3_4_1.py",
        "tests/reference.py",
        "docs/architecture.md",
    ):
        assert needed in names
    assert not [
        name for name in names if re.match(r"(\.venv|\.git/|\.mypy|\.ruff|symnet-demo)", name)
    ]
    assert contents(build(sdist, tmp_path)) == contents(wheel)


def test_it_is_the_installed_package_that_runs(programs: Path, tmp_path: Path) -> None:
    place = run(programs / "python", "-c", "import symnet; print(symnet.__file__)", cwd=tmp_path)
    assert Path(place.strip()).is_relative_to(programs.parent)
    assert run(programs / "symnet", "--version", cwd=tmp_path).startswith("symnet ")


def test_a_trainer_is_generated_in_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    run(programs / "symnet", "generate", "2-3-1", "-o", "trainer.py", cwd=tmp_path)
    assert "ok" in run(programs / "python", "-W", "error", "trainer.py", "check", cwd=tmp_path)
    rows = "".join(f"{x},{y},{(x + y) / 4}\n" for x in range(3) for y in range(3))
    (tmp_path / "data.csv").write_text(rows, encoding="utf-8")
    said = run(programs / "python", "trainer.py", "fit", "data.csv", "--epochs", 3, cwd=tmp_path)
    assert "weights saved to weights.npz" in said
    assert {path.name for path in tmp_path.iterdir()} <= {
        "trainer.py", "data.csv", "weights.npz", "__pycache__"
    }  # fmt: skip


def test_all_it_prints_comes_from_the_wheel(programs: Path, tmp_path: Path) -> None:
    assert run(programs / "symnet", "derive", "3-2", cwd=tmp_path).startswith("Backpropagation")
    latex = run(programs / "symnet", "derive", "3-2", "--format", "latex", cwd=tmp_path)
    assert latex.startswith("\\documentclass")
    assert "3 of 3 obligations proved" in run(programs / "symnet", "prove", "1-1", cwd=tmp_path)


def test_the_demo_runs_from_a_wheel(programs: Path, tmp_path: Path) -> None:
    said = run(programs / "symnet", "demo", cwd=tmp_path)
    accuracy = re.search(r"accuracy (0\.\d+)", said)
    assert accuracy
    assert float(accuracy[1]) >= 0.96
    assert (tmp_path / "symnet-demo" / "trainer.py").is_file()


def test_a_bare_checkout_works_without_installation(tmp_path: Path) -> None:
    """From the sources alone, templates and version included."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from symnet.cli import main; main()"
    said = run(sys.executable, "-c", program, "derive", "3-2", cwd=tmp_path)
    assert said.startswith("Backpropagation")
