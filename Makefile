# Needs Python 3.11 or newer, make and git. Everything else goes into .venv, which this file owns:
# it is made on first use, and made anew when the folder was moved or its Python is gone.
#
#   make demo       install, then derive, prove, generate and train on handwritten digits
#   make test       install with the test tools, then run the tests
#   make test-all   the slow tests too, and Hypothesis looks for new examples
#   make benchmarks how long deriving and proving takes, as ratios to a peer
#   make bench      how long training takes, beside PyTorch, JAX and scikit-learn (installs them)
#   make coverage   which lines and branches no test reaches, in symnet and in generated trainers
#   make mutants    small errors planted in the sources, one at a time, and which no test notices
#   make chaos      kill 200 trainings at random moments, and go on from what is left
#   make fuzz       100,000 odd command lines; COUNT=1000 SEED=7 for others
#   make audit      are there known holes in what symnet depends on (needs the network)
#   make lint       ruff, ruff format and mypy
#   make samples    write generated/ anew
#   make clean      remove what make and the tools left behind

VENV := .venv
BIN := $(VENV)/bin

# The first Python that is new enough and can make environments. From inside somebody else's
# environment, the Python it was made from: ours must not break when theirs is deleted.
PROBE := import sys, venv, ensurepip; sys.version_info >= (3, 11) or sys.exit(1); \
	print(getattr(sys, "_base_executable", sys.executable))
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -I -c '$(PROBE)' 2>/dev/null && break; done)

# Paths inside an environment are absolute, so it is stale anywhere but where it was made.
STALE := $(shell test "$$(cat $(VENV)/here 2>/dev/null)" = "$(CURDIR)" \
	&& $(BIN)/python -c "import pip" 2>/dev/null || echo stale)

# Settings of another project's Python do not reach ours.
unexport PYTHONPATH PYTHONHOME

COUNT := 100000
SEED := 1

.PHONY: help demo test test-all benchmarks bench chaos coverage mutants fuzz audit lint samples clean stale
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p' Makefile

demo: $(VENV)/package
	@$(BIN)/symnet demo

# Two cores are kept busy and sixty are not each made to import SymPy; a fixed choice of examples
# gives everybody the same result.
test: $(VENV)/tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal \
		-m "not slow" --hypothesis-profile ci

test-all: $(VENV)/tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal

# CPU time of one process, so it need not be alone on the machine; benchmarks/README.md says more.
benchmarks: $(VENV)/tests
	@$(BIN)/python benchmarks/kernel.py

# Tables on the screen; the same as Markdown, a picture and all figures into build/bench.
bench: $(VENV)/bench
	@mkdir -p build/bench
	@$(BIN)/python benchmarks/training.py --json build/bench/speed.json \
		--markdown build/bench/speed.md --plot build/bench/speed.svg $(BENCH)

# The tests take about three times as long when every line is watched.
coverage: $(VENV)/tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal \
		-m "not slow" --hypothesis-profile ci --cov --cov-report=
	@$(BIN)/python -m coverage report
	@$(BIN)/python benchmarks/covered.py

# Takes hours: first each test is watched, then come about 600 errors. It may be interrupted, and
# goes on where it was; build/mutants holds what is known. WORKERS=8 takes eight at a time.
WORKERS := 2
MUTANTS := $(BIN)/python benchmarks/mutants.py --workers $(WORKERS)
mutants: $(VENV)/tests
	@$(MUTANTS) --collect
	@$(MUTANTS) --sample 440
	@$(MUTANTS) --sample 150 symnet/calculus/checker.py

chaos: $(VENV)/tests
	@$(BIN)/python tests/chaos.py --kills 200

# Each that is there; the second fuzzes the programs that are generated.
fuzz: $(VENV)/tests
	@for each in tests/fuzz_cli.py tests/fuzz_program.py; do \
		test ! -f $$each || $(BIN)/python $$each --count $(COUNT) --seed $(SEED) || exit 1; done

# symnet itself is in no index, so it is left out.
audit: $(VENV)/audit
	@$(BIN)/pip-audit --skip-editable

lint: $(VENV)/tests
	@$(BIN)/ruff check symnet tests benchmarks generated
	@$(BIN)/ruff format --check symnet tests benchmarks generated
	@$(BIN)/mypy

samples: $(VENV)/package
	@$(BIN)/symnet samples

clean:
	rm -rf $(VENV) build dist symnet-demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find symnet tests benchmarks generated -name __pycache__ -prune -exec rm -rf {} +

# Stamps: `here` says where the environment was made, the others what is in it.
# The package is installed in place, so only a change of pyproject.toml calls for pip again.
$(VENV)/here: $(STALE)
	@python="$(PYTHON)"; test -n "$$python" || { \
		echo "symnet needs Python 3.11 or newer with its venv module, and found none on PATH" >&2; \
		echo "(on Debian and Ubuntu: apt install python3-venv); or name one: make PYTHON=..." >&2; \
		exit 1; }; \
	echo "making $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV)
	@echo "$(CURDIR)" > $@

$(VENV)/package: $(VENV)/here pyproject.toml
	@echo "installing symnet"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/tests: $(VENV)/here pyproject.toml
	@echo "installing symnet and its test tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch $(VENV)/package $@

$(VENV)/bench: $(VENV)/here pyproject.toml
	@echo "installing symnet and what it is compared with"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	@touch $(VENV)/package $@

$(VENV)/audit: $(VENV)/here pyproject.toml
	@echo "installing symnet and pip-audit"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[audit]"
	@touch $(VENV)/package $@
