# make demo and make test do their own set-up; nothing else is needed.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
SYNTHEMA := $(VENV)/bin/synthema
STAMP := $(VENV)/.installed
BASE ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)

export JUPYTER_PLATFORM_DIRS := 1

.PHONY: setup demo test lab docs bench lock reference format clean

setup: $(STAMP)

# Installed again only when the lock or the project's description changed.
$(STAMP): requirements.lock pyproject.toml
	@$(BASE) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 13) else "Python 3.11 or 3.12 is needed; found %d.%d. Next: make setup BASE=/path/to/python3.11" % v[:2])'
	@echo "Setting up $(VENV) from requirements.lock (about three minutes, once)"
	@$(BASE) -m venv $(VENV)
	@$(PYTHON) -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)
	@$(SYNTHEMA) demo

test: $(STAMP)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(PYTHON) -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lab: $(STAMP)
	@$(VENV)/bin/jupyter lab --notebook-dir=. notebooks/00_start_here.ipynb

docs: $(STAMP)
	@$(PYTHON) -m synthema_lab.workbench.docs

bench: $(STAMP)
	@$(PYTHON) -m benchmarks.run

# Executes the smoke runs whose results are committed under reports/reference.
reference: $(STAMP)
	@$(PYTHON) -m synthema_lab.workbench.reference

# For maintainers: needs uv. Prefers the versions that the lock already names.
lock:
	@uv pip compile --universal --python-version 3.11 pyproject.toml --all-extras --no-header --no-annotate --quiet -o requirements.lock
	@$(BASE) -c "import pathlib, re; p = pathlib.Path('requirements.lock'); t = p.read_text(); both = \"((platform_machine == 'arm64' and sys_platform == 'darwin') or sys_platform == 'linux')\"; t = t.replace(\"python_full_version < '3.13' and \", '').replace(' ; ' + both, '').replace(' and ' + both, ''); p.write_text(t)"

format: $(STAMP)
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

clean:
	@rm -rf runs build dist .pytest_cache .ruff_cache .hypothesis
