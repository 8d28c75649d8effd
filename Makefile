# On a machine with only Python 3.11+ and make, every target first sets up what it needs inside
# the checkout: uv in .tools, the project and its dependencies (from uv.lock) in .venv.

UV_VERSION := 0.13.8
# The first of these that is 3.11 or newer is used.
PYTHON ?= python3 python3.13 python3.12 python3.11

UV := .tools/bin/uv
UV_READY := .tools/uv-$(UV_VERSION)
READY := .venv/ready
REWRITTEN := .venv/rewritten
# Without what only tests, checks and benchmarks need, which is most of it.
SERVED := .venv/served
BIN := .venv/bin
# What the sample applications run on, apart from what the server needs.
SAMPLES := examples/catalogue
SAMPLES_READY := $(SAMPLES)/.venv/ready
# A Kafka of one's own, which tests of Tweetoscope start.
BENCHMARKS := $(wildcard benchmarks/*.py apps/*/benchmarks/*.py)
ACCURACY := apps/tweetoscope/benchmarks/accuracy.py
# Real cascades to measure it on, if there are any.
CASCADES ?= $(filter-out %_meta.parquet,$(wildcard ../shared/data/*.parquet))
KAFKA := apps/tweetoscope/kafka
KAFKA_READY := .tools/kafka/ready

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
unexport VIRTUAL_ENV
# Tests and servers are started again and again: nothing is to be compiled each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-stop test compiled check bench kafka texts lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(SERVED) $(SAMPLES_READY)  ## Start a server with a catalogue, deploy from it, rearrange it live
	@$(BIN)/python -m tweetoscope.compiling
	@$(BIN)/python examples/demo/demo.py

demo-stop: $(SERVED)  ## Take down what `make demo` has left running
	@$(BIN)/python examples/demo/demo.py stop

test: $(READY)  ## Run the tests; ARGS='-k word' goes to pytest
	@$(BIN)/python -m compileall -q src
	@$(MAKE) --silent --jobs=2 compiled $(REWRITTEN) kafka $(SAMPLES_READY)
	@$(BIN)/pytest $(ARGS)

# What Numba makes of functions, once rather than by each test.
compiled: $(READY)
	@$(BIN)/python -m tweetoscope.compiling

# What pytest makes of assertions, once rather than by each worker; it says itself what it cannot.
$(REWRITTEN): $(READY)
	@$(BIN)/pytest -n0 --collect-only -qq >/dev/null || true
	@touch $@

check: $(READY)  ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY) kafka  ## Run all benchmarks; JSON=1 prints one object for each
	@for script in $(filter-out benchmarks/measure.py $(ACCURACY),$(BENCHMARKS)); do \
		$(BIN)/python $$script $(if $(JSON),--json) || exit 1; \
	done
	@for file in $(CASCADES); do \
		$(BIN)/python $(ACCURACY) --data $$file $(if $(JSON),--json) || exit 1; \
	done

kafka: $(UV_READY)  ## Fetch Apache Kafka, for tests and benchmarks, if there is Maven
	@if command -v mvn >/dev/null; then \
		$(MAKE) --silent $(KAFKA_READY); \
	else \
		echo "There is no Maven to fetch Apache Kafka with (Debian: apt-get install maven)" >&2; \
	fi

texts: $(READY)  ## Bring the translations of the web UI up to date with its texts
	@$(BIN)/python -m ripieno.ui.translating

lock: $(UV_READY)  ## Bring uv.lock up to date with the dependencies in pyproject.toml
	@$(find_python) $(UV) lock --python "$$python"

clean:  ## Remove all that the other targets made
	if [ -e .demo ]; then $(MAKE) demo-stop; fi
	rm -rf .tools .venv $(SAMPLES)/.venv .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build

$(READY): pyproject.toml uv.lock $(wildcard apps/*/pyproject.toml) $(UV_READY)
	@$(find_python) $(UV) sync --quiet --locked --all-packages --compile-bytecode --python "$$python"
	@$(BIN)/python -m compileall -q src
	@touch $@ $(SERVED)

$(SERVED): pyproject.toml uv.lock $(wildcard apps/*/pyproject.toml) $(UV_READY)
	@$(find_python) $(UV) sync --quiet --locked --all-packages --no-dev --inexact --compile-bytecode --python "$$python"
	@$(BIN)/python -m compileall -q src
	@touch $@

$(SAMPLES_READY): $(SAMPLES)/pyproject.toml $(SAMPLES)/uv.lock $(UV_READY)
	@$(find_python) \
	UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --quiet --locked --project $(SAMPLES) --python "$$python"
	@touch $@

$(KAFKA_READY): $(KAFKA)/pom.xml $(KAFKA)/jars.sha256
	@rm -rf $(@D)
	@mvn --batch-mode --quiet --file $(KAFKA)/pom.xml -Djars=$(CURDIR)/$(@D) package
	@cd $(@D) && sha256sum --check --quiet --strict $(CURDIR)/$(KAFKA)/jars.sha256
	@touch $@

# Debian's bare python3 cannot make a virtual environment with pip in it, so its own pip is tried
# next. Both ways put uv at the same place.
$(UV_READY):
	@$(find_python) \
	rm -rf .tools; \
	if "$$python" -m venv .tools >/dev/null 2>&1; then \
		.tools/bin/python -m pip install --quiet uv==$(UV_VERSION); \
	elif "$$python" -m pip --version >/dev/null 2>&1; then \
		rm -rf .tools; \
		"$$python" -m pip install --quiet --root-user-action=ignore --target .tools uv==$(UV_VERSION); \
	else \
		echo "$$python has neither venv nor pip: on Debian, apt-get install python3-venv" >&2; \
		exit 1; \
	fi
	@touch $@

# Shell text that sets $python, or ends the recipe.
define find_python
python=; for name in $(PYTHON); do \
	python=$$($$name -c 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))' \
		2>/dev/null) && break; python=; \
done; \
if [ -z "$$python" ]; then \
	echo "Ripieno needs Python 3.11 or newer (looked for: $(PYTHON)); name yours: make PYTHON=..." >&2; \
	exit 1; \
fi;
endef
