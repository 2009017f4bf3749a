# Senhui 森惠. `make` alone prints this help.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
FLASK  := $(BIN)/flask --app wsgi

# An instance is seven processes of the same code, and tests kill and start many: bytecode spares each of
# them compiling it anew, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run code demo registry-cases test check bench partner-day chaos fuzz model mutants factors prove openapi format clean

help: ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1	/' | expand -t 16

run: $(VENV)/run.done ## start everything and print the address (PORT=8000, SENHUI_VAR=var)
	@exec $(FLASK) dev

code: $(VENV)/run.done ## print the sign-in code of a sample operator of the console (NAME=sample-lin)
	@$(FLASK) operator code $(or $(NAME),sample-lin)

demo: $(VENV)/run.done ## play the stories through the API on an instance of its own; documents to var/demo
	@$(BIN)/python -m stories

registry-cases: $(VENV)/run.done ## ask an instance of its own for what registries fail at (RACERS=1000 CASES='…')
	@$(BIN)/python -m cases $(if $(RACERS),--racers $(RACERS)) $(CASES)

test: $(VENV)/dev.done ## run all tests; ARGS='tests/api -k settle' narrows
ifdef ARGS
	@./tests/with-chromium $(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest -q -n 2 --ignore=tests/journeys
	@./tests/with-chromium $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not alone" tests/journeys
	@$(BIN)/python -m pytest -q -m alone tests/journeys
endif

check: $(VENV)/dev.done ## lint, types, house rules, schema and API document up to date
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy & types=$$!; \
		$(BIN)/lint-imports && $(BIN)/python -m pytest -q tests/house; rest=$$?; \
		wait $$types && exit $$rest

bench: $(VENV)/dev.done ## measure, side by side in one run; prints `name value`
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.reconciling

partner-day: $(VENV)/dev.done ## send a partner's day of 100,000 trips through the API and print figures
	@$(BIN)/python -m bench.partner_day

chaos: $(VENV)/dev.done ## kill everything under load, then look for every yuan (KILLS=60 SECONDS=90 SEED=1 CONTROL=)
	@$(BIN)/python -m chaos $(if $(KILLS),--kills $(KILLS)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(SEED),--seed $(SEED)) $(if $(CONTROL),--only control)

fuzz: $(VENV)/dev.done ## send a million mutated notices and tokens (N=1000000 SEED=…)
	@$(BIN)/python -m fuzz

model: $(VENV)/dev.done ## play random histories against a model of the books; STEPS=20000 SEED=1
	@MODEL_STEPS=$(or $(STEPS),20000) MODEL_SEED=$(or $(SEED),1) \
		$(BIN)/python -m pytest -q -s tests/property/test_books_model.py

mutants: $(VENV)/dev.done ## seed bugs in settlement, books, units and payouts; the model must catch each
	@$(BIN)/python -m mutants

factors: $(VENV)/run.done ## load factors and methodologies, or refuse each broken row, and list them by tier (FILE=…)
	@$(FLASK) factors check $(FILE)
	@$(FLASK) db upgrade
	@$(FLASK) factors load $(FILE)

prove: $(VENV)/run.done ## prove the books of the instance in SENHUI_VAR
	@$(FLASK) prove

openapi: $(VENV)/run.done ## write openapi.json
	@$(FLASK) openapi > openapi.json

format: $(VENV)/dev.done ## let ruff format and mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean: ## remove what this Makefile installed and ran; keeps your data in var/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/run.done: requirements-local.txt
	@command -v $(PYTHON) >/dev/null || { echo "Senhui needs Python 3.11 ($(PYTHON) not found; set PYTHON=)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what $(MAKECMDGOALS) needs (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-local.txt
	@touch $@

$(VENV)/dev.done: requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Senhui needs Python 3.11 ($(PYTHON) not found; set PYTHON=)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what $(MAKECMDGOALS) needs (once) …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/run.done
