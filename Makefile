# Every target needs Python 3.11+ and make only: infra/local/bootstrap.py makes .venv from the pinned locks first.

PYTHON ?= python3
ARGS ?=
RUN = @$(PYTHON) infra/local/bootstrap.py requirements.lock
DEV = @$(PYTHON) infra/local/bootstrap.py requirements-dev.lock

.DEFAULT_GOAL := help
.PHONY: help up demo migrate test check contracts clean

help:  ## show this
	@awk -F ':.*## ' '/^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nExtra arguments: make up ARGS="--help"\n'

##@ Run
up:  ## start everything on this machine: database, both planes, frontend
	$(RUN) infra.local.cli up $(ARGS)

demo:  ## fill the running system with the demo story
	$(RUN) infra.local.cli demo $(ARGS)

migrate:  ## bring the database schemas up to date
	$(RUN) infra.local.cli migrate $(ARGS)

##@ Work on it
test:  ## run every test and check; ARGS="backend e2e" runs some parts
	$(DEV) infra.local.test_run $(ARGS)

check:  ## only the fast static checks: ruff, mypy, tsc, biome
	$(DEV) infra.local.test_run lint types frontend-checks

contracts:  ## write the committed snapshots anew: OpenAPI, GraphQL, permissions, SQL
	$(DEV) infra.local.cli contracts $(ARGS)

##@ Tidy
clean:  ## remove what was built or installed; the data in .opsplane stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis frontend/dist frontend/node_modules
