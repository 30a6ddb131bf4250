# Everything needs only Python >= 3.11; what else is used, these targets install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests run side by side.
WORKERS ?= 3
# About how long a soak takes.
MINUTES ?= 3
# Where `make sbom` writes, and where the tools of it and of `make audit` are.
SBOM := .local/sbom
AUDIT := .local/audit
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Another product than the demo: make run PRODUCT=examples.email
ifdef PRODUCT
export APP_PRODUCT := $(PRODUCT)
export TINYBIRD_PROJECT := $(subst .,/,$(PRODUCT))/tinybird
endif

.DEFAULT_GOAL := help
.PHONY: help run prod export check test bench soak screenshots image lock sbom audit clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/run.stamp ## Set up everything and serve http://localhost:3000 with hot reload
	@$(BIN)/python -m clerk_tinybird_app.local.clerk.sdk
	@test -d .web || echo "Starting for the first time: this fetches and builds the frontend's packages, about half a minute."
	@$(BIN)/reflex run

prod: $(VENV)/run.stamp ## Build what has changed, then serve pages and API on one port, http://localhost:3000
	@$(BIN)/python -m clerk_tinybird_app.local.clerk.sdk
	@exec $(BIN)/python -m clerk_tinybird_app serve

export: $(VENV)/run.stamp ## Build a static frontend in export/, for any host and any backend
	@exec $(BIN)/python -m clerk_tinybird_app export

check: $(VENV)/run.stamp ## Say whether the app would work as it is configured
	@$(BIN)/python -m clerk_tinybird_app check

test: $(VENV)/test.stamp ## Lint, types, and every test
	@$(BIN)/python -m clerk_tinybird_app.local.clerk.sdk
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.redis_server || true
	@$(BIN)/python -m tests.web_servers || true
	@echo "Lint" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "Types" && $(BIN)/mypy
	@echo "Tests" && $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

bench: $(VENV)/test.stamp ## Print the figures: speed, weight, time to the token
	@$(BIN)/python -m clerk_tinybird_app.local.clerk.sdk
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m benchmarks

soak: $(VENV)/test.stamp ## Load the app and kill parts of it: nothing foreign shows, no row is lost (MINUTES=30 for long)
	@$(BIN)/python -m tests.redis_server
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES) $(PARTS)

screenshots: $(VENV)/test.stamp ## Take the pictures in docs/ from the running app
	@$(BIN)/python -m clerk_tinybird_app.local.clerk.sdk
	@$(BIN)/python -m tests.chromium
	@$(BIN)/python -m tests.screenshots

image: $(VENV)/test.stamp ## Rehearse deploy/Dockerfile without a container engine, about two minutes
	@$(BIN)/python -m tests.image

lock: ## Pin every package with its hashes, after a change of the requirements
	@test -x .local/uv/bin/uv || { $(PYTHON) -m venv .local/uv && .local/uv/bin/pip install -q uv==0.13.9; }
	@for name in requirements-serve requirements; do .local/uv/bin/uv pip compile --quiet --universal \
	  --generate-hashes --no-strip-extras --no-header --python-version 3.11 $$name.txt -o $$name.lock || exit 1; done

sbom: $(VENV)/run.stamp $(AUDIT)/stamp ## List all packages that are served or build, as CycloneDX, in .local/sbom/
	@mkdir -p $(SBOM)
	@for name in requirements-serve requirements; do $(AUDIT)/bin/cyclonedx-py requirements $$name.lock \
	  --output-reproducible --of JSON -o $(SBOM)/$$name.cdx.json || exit 1; done
	@$(AUDIT)/bin/python deploy/sbom.py $(BIN)/bun $(SBOM)/frontend.cdx.json
	@echo "$(SBOM)/: requirements-serve (what an image has), requirements (with what builds), frontend."

audit: $(VENV)/run.stamp $(AUDIT)/stamp ## Ask whether a package that is pinned is known to be vulnerable
	@status=0; $(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock || status=1; \
	$(BIN)/bun audit --cwd=reflex.lock || status=1; exit $$status

clean: ## Remove what building and running made, but not .local/ with its accounts
	rm -rf $(VENV) .web .web.lock .built .states export .mypy_cache .pytest_cache .ruff_cache

$(VENV)/run.stamp: requirements.txt requirements-serve.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; name it with: make run PYTHON=python3.12"; exit 1; }
	@echo "Setting up Python packages in $(VENV): about 1 GB on disk, a minute or so."
	@begun=$$(date +%s); test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }; \
	$(PIP) -r requirements.txt && echo "They are there after $$(($$(date +%s) - begun)) s."
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Setting up the test tools."
	@begun=$$(date +%s); \
	$(PIP) -r requirements-dev.txt && echo "They are there after $$(($$(date +%s) - begun)) s."
	@touch $@

$(AUDIT)/stamp: requirements-audit.txt
	@test -x $(AUDIT)/bin/pip || $(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	@touch $@
