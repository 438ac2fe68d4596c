"""However symnet was had, it works: from a bare checkout, installed in place, as a wheel, an sdist.

One set of checks runs for each way and each Python there is, in a virtual environment made for it
and from an empty folder. The Python that runs the tests lends its packages, so that nothing is
downloaded; to any other Python pip brings them, as it does for users.
"""

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = sorted({"3.11", "3.12", "3.13", HERE})
WAYS = ("checkout", "editable", "wheel", "sdist")

# One of them is quick enough for every day.
SETUPS = [
    pytest.param(way, version, marks=() if (way, version) == ("wheel", HERE) else pytest.mark.slow)
    for version in VERSIONS
    for way in WAYS
]


def run(*command: object, cwd: Path, **variables: str) -> str:
    """What a command prints, in an environment without the checkout on its path."""
    done = attempt(*command, cwd=cwd, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attempt(*command: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**kept, "PYTHONUTF8": "1", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


# --- what is installed ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone of the work as it stands would hold: no caches, no environment, no .git."""
    folder = tmp_path_factory.mktemp("checkout") / "symnet"
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def tracked() -> list[str]:
    """The files that git knows or would add; all where there is no git, as in an unpacked sdist."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        options = ("--cached", "--others", "--exclude-standard")
        names = run("git", "ls-files", "-z", *options, cwd=ROOT).split("\0")
    else:
        files = (file.relative_to(ROOT) for file in ROOT.rglob("*"))
        names = [str(f) for f in files if not {"__pycache__", ".venv", "build"} & set(f.parts)]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", checkout, tmp_path_factory.mktemp("sdist"))


def build(target: str, source: Path, folder: Path) -> Path:
    """The wheel or the sdist of the sources in a folder, by the tool that pip would call."""
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("the build tool, hatchling, is not installed")
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (built,) = folder.iterdir()
    return built


def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


# --- where it is installed -----------------------------------------------------------------------


@functools.cache
def find_python(version: str) -> str | None:
    """A Python of this version that can make environments.

    A name on PATH may be a stand-in that finds no Python behind it, so each is tried; where there
    are stand-ins, the Pythons that they stand for are near.
    """
    places = [Path(place) for place in os.environ.get("PATH", "").split(os.pathsep)]
    name = f"python{version}"
    candidates = [Path(sys.executable)] if version == HERE else []
    candidates += [place / name for place in places if (place / name).is_file()]
    for place in places:
        if place.name == "shims":
            candidates += sorted((place.parent / "versions").glob(f"{version}*/bin/{name}"))
    probe = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        done = attempt(candidate, "-I", "-c", probe, cwd=Path("/"))
        if done.returncode == 0 and done.stdout.strip() == version:
            return str(candidate)
    return None


@dataclass(frozen=True)
class Installed:
    """symnet in an environment: how it is called, and the folder that its files must be in."""

    python: Path
    symnet: tuple[object, ...]
    files: Path
    path: str = ""  # what PYTHONPATH has to say

    def run(self, *command: object, cwd: Path) -> str:
        variables = {"PYTHONPATH": self.path} if self.path else {}
        return run(*command, cwd=cwd, **variables)


def install(way: str, version: str, folder: Path, sources: dict[str, Path]) -> Installed:
    """A new environment, with symnet installed in it in one of the WAYS."""
    base = find_python(version)
    if base is None:
        pytest.skip(f"there is no Python {version} here")
    environment = folder / "venv"
    run(base, "-m", "venv", environment, cwd=folder)
    python = environment / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if version == HERE:
        lend(python, folder / "lent")
    # The build tool needs one package more to install in place, which is seldom here.
    if version == HERE and (way != "editable" or importlib.util.find_spec("editables")):
        pip += ["--no-index", "--no-build-isolation"]
    else:
        need_index(pip, folder)
    if way == "checkout":
        run(*pip, *PROJECT["dependencies"], cwd=folder)
        source = sources["checkout"]
        return Installed(python, (python, "-m", "symnet"), source, path=str(source))
    if way == "editable":
        own = shutil.copytree(sources["checkout"], folder / "own")  # where pip may leave files
        run(*pip, "--editable", own, cwd=folder)
        return Installed(python, (environment / "bin" / "symnet",), own)
    run(*pip, sources[way], cwd=folder)
    return Installed(python, (environment / "bin" / "symnet",), environment)


def lend(python: Path, folder: Path) -> None:
    """Let an environment use the packages of the Python that runs this, all but symnet itself."""
    folder.mkdir()
    for home in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for package in Path(home).iterdir():
            ours = re.match(r"_*symnet|__editable__|pip\b|.*\.pth$", package.name)
            if not ours and not (folder / package.name).exists():
                (folder / package.name).symlink_to(package)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = run(python, "-c", ask, cwd=folder).strip()
    Path(site, "lent.pth").write_text(f"{folder}\n", encoding="utf-8")


def need_index(pip: list[object], folder: Path) -> None:
    """Skip where pip cannot download; what fails afterwards is a failure."""
    tried = attempt(*pip, "--no-deps", "--target", folder / "probe", "click", cwd=folder)
    if tried.returncode != 0:
        pytest.skip(f"no packages can be had: {tried.stderr.strip().splitlines()[-1]}")


@pytest.fixture
def sources(request: pytest.FixtureRequest, way: str) -> dict[str, Path]:
    """What one way needs, built at most once."""
    needed = "checkout" if way == "editable" else way
    return {needed: request.getfixturevalue(needed)}


# --- the checks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "version"), SETUPS)
def test_it_works(way: str, version: str, sources: dict[str, Path], tmp_path: Path) -> None:
    installed = install(way, version, tmp_path, sources)
    folder = tmp_path / "empty"
    folder.mkdir()
    check_what_runs(installed, folder)
    check_pages(installed, folder)
    check_trainer(installed, folder)


def check_what_runs(installed: Installed, folder: Path) -> None:
    """The installed package, not the checkout that is tested; and both names start it."""
    program = "import symnet; print(symnet.__file__)"
    place = installed.run(installed.python, "-c", program, cwd=folder).strip()
    assert Path(place).is_relative_to(installed.files)
    version = f"symnet {PROJECT['version']}\n"
    assert installed.run(*installed.symnet, "--version", cwd=folder) == version
    module = [installed.python, "-m", "symnet"]
    assert installed.run(*module, "--version", cwd=folder) == version
    assert list(folder.iterdir()) == []


def check_pages(installed: Installed, folder: Path) -> None:
    """All that is printed comes from files that came along."""
    page = installed.run(*installed.symnet, "derive", "3-2", cwd=folder)
    assert page.startswith("Backpropagation")
    latex = installed.run(*installed.symnet, "derive", "3-2", "--format", "latex", cwd=folder)
    assert latex.startswith("\\documentclass")
    proof = installed.run(*installed.symnet, "prove", "1-1", cwd=folder)
    assert "3 of 3 obligations proved" in proof
    assert list(folder.iterdir()) == []


def check_trainer(installed: Installed, folder: Path) -> None:
    """A trainer is generated, finds its gradients right, is trained, and needs symnet no more."""
    installed.run(*installed.symnet, "generate", "2-3-1", "-o", "trainer.py", cwd=folder)
    trainer = [installed.python, "-W", "error", "trainer.py"]
    assert "ok" in run(*trainer, "check", cwd=folder)
    rows = "".join(f"{x},{y},{(x + y) / 4}\n" for x in range(3) for y in range(3))
    (folder / "data.csv").write_text(rows, encoding="utf-8")
    assert "weights saved" in run(*trainer, "fit", "data.csv", "--epochs", 3, cwd=folder)
    assert {path.name for path in folder.iterdir()} <= {
        "trainer.py", "data.csv", "weights.npz", "__pycache__"
    }  # fmt: skip


@pytest.mark.slow
def test_in_a_checkout_nothing_has_to_be_said(checkout: Path, tmp_path: Path) -> None:
    """`python -m symnet` in the folder of the checkout finds it; templates and version included."""
    installed = install("checkout", HERE, tmp_path, {"checkout": checkout})
    said = run(installed.python, "-m", "symnet", "derive", "3-2", cwd=checkout)
    assert said.startswith("Backpropagation")


@pytest.mark.slow
def test_the_demo_runs_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    installed = install("wheel", HERE, tmp_path, {"wheel": wheel})
    said = run(*installed.symnet, "demo", cwd=tmp_path)
    accuracy = re.search(r"accuracy (0\.\d+)", said)
    assert accuracy
    assert float(accuracy[1]) >= 0.96
    assert (tmp_path / "symnet-demo" / "trainer.py").is_file()


@pytest.fixture(scope="module")
def runners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment of its own that holds what runs tools in passing."""
    folder = tmp_path_factory.mktemp("runners")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    pip: list[object] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    need_index(pip, folder)
    run(*pip, "pipx", "uv", cwd=folder)
    return python.parent


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_it_runs_as_a_tool_without_being_installed(
    tool: str, runners: Path, wheel: Path, tmp_path: Path
) -> None:
    """pipx and uv make an environment for it, and its dependencies are all it needs there."""
    words = {"pipx": ("run", "--spec", wheel), "uv": ("tool", "run", "--from", wheel)}[tool]
    kept = {name: str(tmp_path / name) for name in ("PIPX_HOME", "UV_TOOL_DIR")}
    folder = tmp_path / "empty"
    folder.mkdir()
    tried = attempt(runners / tool, *words, "symnet", "--version", cwd=folder, **kept)
    if tool == "uv" and tried.returncode and "Failed to fetch" in tried.stderr:
        pytest.skip("uv has settings of its own for where packages are, and finds none there")
    assert tried.stdout == f"symnet {PROJECT['version']}\n", tried.stderr
    run(runners / tool, *words, "symnet", "generate", "2-1", "-o", "t.py", cwd=folder, **kept)
    assert [path.name for path in folder.iterdir()] == ["t.py"]


# --- what the archives hold ----------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_its_templates_once(wheel: Path, checkout: Path) -> None:
    """And nothing else: no tests, no samples, no caches."""
    expected = {f"symnet/{name}" for name in files(checkout / "symnet")}
    expected |= {f"symnet/templates/{name}" for name in files(checkout / "templates")}
    assert contents(wheel) == expected
    assert {"symnet/py.typed", "symnet/data/digits.csv.gz", "symnet/data/README.md"} <= expected
    assert "symnet/templates/numpy/trainer.py.jinja" in expected


def files(folder: Path) -> Iterator[str]:
    for file in folder.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file.relative_to(folder).as_posix()


def test_the_sdist_holds_what_a_checkout_holds_and_makes_the_same_wheel(
    sdist: Path, wheel: Path, checkout: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        # Old patch releases of 3.11 know no filters, and have nothing to warn of.
        archive.extractall(
            tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {})
        )
    (unpacked,) = tmp_path.iterdir()
    assert set(files(checkout)) <= set(files(unpacked))
    assert set(files(unpacked)) - set(files(checkout)) == {"PKG-INFO"}
    assert contents(build("wheel", unpacked, tmp_path / "wheel")) == contents(wheel)
