# The course's commands; `make help` lists them, from the comments behind their names.

PYTHON ?= python3
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
# nbgrader finds alembic and the kernel's python on PATH
export PATH := $(BIN):$(PATH)
# bytecode beside no source: it would be released with it; there it is kept, whatever a user's shell
# says, for what is imported takes three times as long without
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
unexport PYTHONDONTWRITEBYTECODE
# Of what is installed it lies beside: a template's environment is clean, and knows no other place.
BYTECODE := env -u PYTHONPYCACHEPREFIX $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || : # templates that are no Python
# Jupyter's settings and nbgrader's exchange of this machine's user stay out of it
export JUPYTER_PLATFORM_DIRS := 1
# What shares a costly fixture stays on one worker, all else goes where there is room; what takes
# longest begins first, as tests/conftest.py has them in order.
PYTEST := python -m pytest -n auto --dist loadgroup --no-loadscope-reorder

.PHONY: demo help lab hub test test-all lint release site bench bench-grading requirements clean
.DEFAULT_GOAL := demo

demo: $(VENV)/course  ## grade a class of example submissions, from nothing, in build/class/ (make alone)
	@python -m tests.submissions build/class

help:  ## list these targets
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

lab: $(VENV)/course  ## open JupyterLab on that class (Formgrader included)
	@test -f build/class/gradebook.db || python -m tests.submissions build/class
	cd build/class && jupyter lab

hub: | $(VENV)/python  ## a whole JupyterHub on loopback, with throw-away accounts (root; PORT=8000)
	@python deploy/throwaway.py --port $(or $(PORT),8000)

test: $(VENV)/test  ## every promise once, in minutes
	@$(PYTEST) -m "not slow" --hypothesis-profile=quick

test-all: $(VENV)/test  ## every test
	@$(PYTEST)

lint: $(VENV)/test  ## style of code and notebooks
	pre-commit run --all-files
	PYTHONPATH=.:source/maxpool lint-imports

# nbgrader's own commands, on a scratch gradebook: a release does not depend on who has handed in.
# The solutions are executed with their hidden tests, which import oracle: its folder is this one.
# With WAY=90min or WAY=4h: the course of that shorter way, in build/, and nothing of this one.
release: $(VENV)/course  ## rebuild release/ and solutions/ from source/ (WAY=90min or 4h: in build/)
ifdef WAY
	@python -m oracle.ways $(WAY) build/$(WAY)
	@cd build/$(WAY) && nbgrader generate_assignment maxpool --force
	@cd build/$(WAY) && PYTHONPATH="$$PWD" nbgrader generate_solution maxpool --force
	@echo "A course of its own, to release and grade there: build/$(WAY)"
else
	PYTHONPATH=source/maxpool python -m oracle.kit.symptoms > $(VENV)/symptoms.json
	@cp $(VENV)/symptoms.json source/maxpool/poolkit/symptoms.json
	@rm -f $(VENV)/scratch.db
	nbgrader generate_assignment maxpool --force --db=sqlite:///$(CURDIR)/$(VENV)/scratch.db
	PYTHONPATH="$(CURDIR)" nbgrader generate_solution maxpool --force --db=sqlite:///$(CURDIR)/$(VENV)/scratch.db
endif

site: $(VENV)/test  ## the lessons as pages to read, in build/site
	@python docs/site/pages.py build/site
	@echo "The lessons: build/site/index.html"

bench: $(VENV)/test  ## what the layer, the lessons and the explorers cost
	python benchmarks/layer.py
	python benchmarks/lessons.py
	python benchmarks/explorers.py

bench-grading: $(VENV)/test  ## what a round and grading cost
	python benchmarks/round.py
	python benchmarks/grading.py

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12")'
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The distribution of before put oracle, with the answers, where every notebook could import it.
$(VENV)/course: requirements.txt pyproject.toml | $(VENV)/python
	@echo "Installing the course's pinned requirements (about a minute) …"
	@$(BIN)/pip uninstall -qq --yes max-pooling-course
	@$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@$(BYTECODE)
	@touch $@

$(VENV)/test: requirements-test.txt $(VENV)/course
	@echo "Installing what the tests need …"
	@$(BIN)/pip install --quiet --no-compile --require-hashes -r requirements-test.txt
	@$(BYTECODE)
	@touch $@

# Pins and hashes, for every platform and Python ≥ 3.11; no addresses.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade
requirements:  ## pin the newest versions of everything
	$(COMPILE) --group course pyproject.toml -o requirements.txt
	$(COMPILE) --group hub -c requirements.txt pyproject.toml -o requirements-hub.txt
	$(COMPILE) --extra cluster --extra postgresql --group test -c requirements.txt pyproject.toml -o requirements-test.txt

clean:  ## remove what was built
	rm -rf build dist
