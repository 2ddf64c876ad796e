# The habits of this house, each one command; `just` lists them. Each recipe is a plain command that runs without just.

python := if path_exists(".venv/Scripts/python.exe") == "true" { ".venv/Scripts/python.exe" } else { ".venv/bin/python" }

_default:
    @just --list

# Make the environment that the other recipes use
setup:
    python3 -m venv .venv
    {{python}} -m pip install -e ".[test]"

# Every test, as CI runs them
test *ARGS:
    {{python}} -m pytest -n auto {{ARGS}}

# The tests that start no other program, in under a minute
quick *ARGS:
    {{python}} -m pytest -n auto -m "not slow and not host" {{ARGS}}

# Linter, formatter, types
lint:
    {{python}} -m ruff check .
    {{python}} -m ruff format --check .
    {{python}} tests/type_check.py

# Write what is generated (all, or NAME...); --check fails where something is stale
regenerate *ARGS:
    {{python}} tests/generated.py {{ARGS}}

# The reference as a site whose forms calculate in the browser, into site/
site:
    npm install --no-save --prefix build pyodide
    {{parent_directory(python)}}/xlcalc functions --format html -o site --pyodide build/node_modules/pyodide

# Speeds of calls, starts, workbooks; how often a constant is met
bench:
    {{python}} benchmarks/run.py
    {{python}} benchmarks/estimates.py
    {{python}} benchmarks/sweeps.py

# Random calls, properties, hostile files and bodies, kills, each for so many seconds; docs/reliability.md says what it found
fuzz SECONDS="60" SEED="0":
    {{python}} benchmarks/fuzz.py 100000000 {{SEED}} {{SECONDS}}
    {{python}} benchmarks/fuzz_files.py --seconds {{SECONDS}} --seed {{SEED}}
    XLCALC_METAMORPHIC=2000 {{python}} -m pytest tests/test_metamorphic.py

# What xlcalc depends on, with versions and licences; --json for a bill of materials
sbom *ARGS:
    {{python}} tests/sbom.py {{ARGS}}

# The quick tests on every Python that pyenv has
pythons:
    {{python}} tests/pythons.py

# Check all, then build the wheel and the source distribution into dist/
release: lint (regenerate "--check") test
    {{python}} -m build
