# What Servery can be asked to do on a machine with Python 3.11+ and make. `make help` lists it.
SHELL = /bin/sh
.DEFAULT_GOAL = help
.NOTPARALLEL:
.PHONY: help demo test check bench faults lock clean .venv testing-environment programs

help:  ## say what each target does
	@echo "Usage: make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z.]*\):.*  ## \(.*\)/  \1\t\2/p' Makefile | expand -t 12

demo: export SERVERY_HOME ?= $(CURDIR)/.servery/demo
demo: .venv  ## play a restaurant and serve its pages, until Ctrl-C
	@make/stop-with-make.sh $$PPID $$$$ & exec setpriv --pdeathsig TERM .venv/bin/servery demo

test: programs check  ## run every check and test, the browser's included
	@.venv/bin/pytest --durations=10 --numprocesses=$(TESTERS) --dist=loadfile

check: testing-environment  ## check style, types and the direction of imports, without running anything
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet || { echo "Not formatted: .venv/bin/ruff format mends that."; false; }
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-logo

# Side by side, for much of what is tested waits for processes that start and end.
TESTERS = 3

bench: testing-environment  ## measure, each figure beside its limit
	@.venv/bin/python -m benchmarks

faults: testing-environment  ## kill, restart and flood for an hour; goes on where it was interrupted
	@.venv/bin/python -m tests.faults.long

.venv:  ## make the environment where it is missing or stale
	@make/environment.sh

testing-environment:
	@make/environment.sh --testing

programs:
	@make/programs.sh

lock:  ## remake the locks from pyproject.toml (needs uv; UPGRADE=1 takes newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv: pipx install uv"; false; }
	@uv pip compile $(LOCKING) -o requirements.lock pyproject.toml
	@uv pip compile $(LOCKING) -o requirements-test.lock -c requirements.lock --extra test pyproject.toml
	@uv pip compile $(LOCKING) -o requirements-spark.lock -c requirements-test.lock --extra spark pyproject.toml

LOCKING = --quiet $(if $(UPGRADE),--upgrade) --group build --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header

clean:  ## remove what can be made again: .venv, caches and the demo's data
	@rm -rf .venv .servery/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
