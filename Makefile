# make            grade a class of example submissions, from nothing, in build/class/
# make lab        open JupyterLab on that class (Formgrader included)
# make test       every test
# make release    rebuild release/ and solutions/ from source/
# make site       the lessons as pages to read, in build/site
# make bench      what the layer, the lessons and the explorers cost; make bench-grading, what grading costs

PYTHON ?= python3
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
# nbgrader finds alembic and the kernel's python on PATH
export PATH := $(BIN):$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
# Jupyter's settings and nbgrader's exchange of this machine's user stay out of it
export JUPYTER_PLATFORM_DIRS := 1

.PHONY: demo lab test lint release site bench bench-grading requirements clean
.DEFAULT_GOAL := demo

demo: $(VENV)/course
	@python -m tests.submissions build/class

lab: $(VENV)/course
	@test -f build/class/gradebook.db || python -m tests.submissions build/class
	cd build/class && jupyter lab

test: $(VENV)/test
	@python -m pytest -n auto --dist loadfile

lint: $(VENV)/test
	pre-commit run --all-files

# nbgrader's own commands, on a scratch gradebook: a release does not depend on who has handed in.
release: $(VENV)/course
	PYTHONPATH=source/maxpool python -m oracle.symptoms > $(VENV)/symptoms.json
	@cp $(VENV)/symptoms.json source/maxpool/poolkit/symptoms.json
	@rm -f $(VENV)/scratch.db
	nbgrader generate_assignment maxpool --force --db=sqlite:///$(CURDIR)/$(VENV)/scratch.db
	nbgrader generate_solution maxpool --force --db=sqlite:///$(CURDIR)/$(VENV)/scratch.db

site: $(VENV)/test
	@python docs/site/pages.py build/site
	@echo "The lessons: build/site/index.html"

bench: $(VENV)/test
	python benchmarks/layer.py
	python benchmarks/lessons.py
	python benchmarks/explorers.py

bench-grading: $(VENV)/test
	python benchmarks/grading.py

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}. Try: make PYTHON=python3.12")'
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/course: requirements.txt pyproject.toml | $(VENV)/python
	@echo "Installing the course's pinned requirements (about a minute) …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/test: requirements-test.txt $(VENV)/course
	@echo "Installing what the tests need …"
	@$(BIN)/pip install --quiet --require-hashes -r requirements-test.txt
	@touch $@

# Pins and hashes, for every platform and Python ≥ 3.11; no addresses.
requirements:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --upgrade --extra test -c requirements.txt pyproject.toml -o requirements-test.txt

clean:
	rm -rf build
