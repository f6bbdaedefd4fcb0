# One word per task. `make demo` and `make test` install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VOT_VENV := .venv-vot
OLDEST_VENV := .venv-oldest
UPSTREAM := https://github.com/visionml/pytracking.git
UPSTREAM_COMMIT := 7eb9e74bd3d40e29dbcec444902237da13de247b

.PHONY: help install demo wheel test test-oldest test-vot test-upstream paper-smoke upstream bench lint clean

help:
	@echo "make install        into .venv, no more"
	@echo "make demo           install, make the demo videos, track them from their first boxes, print the table"
	@echo "make wheel          install, build a wheel with the weights in it into dist/"
	@echo "make test           install, run the tests"
	@echo "make test-oldest    the oldest versions that setup.py allows into $(OLDEST_VENV), the tests with them"
	@echo "make test-vot       the VOT toolkit into $(VOT_VENV), its tests: masks, boxes, crashes, EAO (minutes)"
	@echo "make paper-smoke    the commands of docs/reproduce.md, one after another, on drawn data (minutes)"
	@echo "make lint           ruff and mypy"
	@echo "make bench          every promise about speed, one thread: bench.md, bench.json (half an hour or more)"
	@echo "make upstream       check out visionml/pytracking into pytracking/ (needs the network)"
	@echo "make test-upstream  tests, a training epoch and a sequence on upstream (PYTRACKING_HOME or pytracking/)"

install: $(VENV)/.installed

$(VENV)/.installed: setup.py
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "box2mask needs Python 3.11 or newer, this is %d.%d; run make PYTHON=..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV): PyTorch is most of it, some GB and some minutes"
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

demo: install
	$(BIN)/python run_tracker.py lwl box2mask_init demo --out results/demo

wheel: install
	rm -rf build  # what was deleted since the last build would go along
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q

test-oldest: $(OLDEST_VENV)/.installed
	OMP_NUM_THREADS=1 $(OLDEST_VENV)/bin/python -m pytest -q

$(OLDEST_VENV)/.installed: setup.py requirements/oldest.py
	$(PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/pip install --quiet 'setuptools>=68'
	$(OLDEST_VENV)/bin/python requirements/oldest.py > $(OLDEST_VENV)/oldest.txt
	@echo "installing into $(OLDEST_VENV): an older PyTorch is most of it, some GB and some minutes"
	$(OLDEST_VENV)/bin/pip install --quiet --requirement $(OLDEST_VENV)/oldest.txt
	$(OLDEST_VENV)/bin/pip install --quiet --no-deps --editable .
	touch $@

test-vot: install $(VOT_VENV)/.installed
	BOX2MASK_VOT_TOOLKIT=$(CURDIR)/$(VOT_VENV) OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/tracker_ext/vot

# Later toolkits cannot run VOT2020's experiments, a later attributee cannot be imported: docs/vot.md.
$(VOT_VENV)/.installed: Makefile
	$(PYTHON) -m venv $(VOT_VENV)
	$(VOT_VENV)/bin/pip install --quiet vot-toolkit==0.7.4 attributee==0.1.9
	touch $@

test-upstream: install
	$(BIN)/pip install --quiet --editable '.[test,upstream]'
	BOX2MASK_HOST=upstream OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/host tests/ltr_ext/trainers tests/ltr_ext/upstream_weights tests/tracker_ext/tracker tests/paper
	$(BIN)/python run_training.py box2mask lite --host upstream --workspace workspace/upstream --fresh --max-iterations 200
	$(BIN)/python run_tracker.py lwl box2mask_init demo --host upstream --sequence dog --out results/upstream

paper-smoke: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/paper

upstream:
	test -e pytracking/ltr || git clone --quiet $(UPSTREAM) pytracking
	git -C pytracking checkout --quiet $(UPSTREAM_COMMIT)

bench: install
	$(BIN)/python -m benchmarks.bench --threads 1 --out bench

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(VOT_VENV) $(OLDEST_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
