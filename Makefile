# The menu: `make` alone prints it. Each target sets up what it needs and is quick the second time.
SHELL := /bin/bash
.DEFAULT_GOAL := menu
.PHONY: menu demo up down build check lint test properties loop fuzz mutation bench format clean python

# Debian's interpreter, not one that a version manager put before it: PyYAML comes from the same place.
PYTHON ?= /usr/bin/python3
JOBS ?= $(shell nproc)
CPP_FILES = $$(git ls-files --cached --others --exclude-standard '*.hpp' '*.cpp')

menu: ## print this
	@echo "Evenkeel: make TARGET"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: python ## the main job on a local cluster: install, scale, fail over, look; removes everything at the end
	@$(PYTHON) -m tools.setup --group demo
	@$(PYTHON) -m tools.demo

up: python ## the same cluster with Evenkeel and the shop, left standing; prints how to talk to it
	@$(PYTHON) -m tools.setup --group demo
	@$(PYTHON) -m tools.demo --up

down: python ## remove every local cluster, also after an interrupted run
	@$(PYTHON) -m tools.cluster down --all

build: python ## the binaries, in build/release
	@$(PYTHON) -m tools.setup --group build
	@cmake --preset release $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset release -j $(JOBS)

check: python ## the loop while you work: format, rooms, unit tests (seconds)
	@$(PYTHON) -m tools.setup --group lint
	@clang-format-19 --dry-run -Werror $(CPP_FILES)
	@$(PYTHON) -m tools.checks.layers
	@cmake --preset dev $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset dev -j $(JOBS)
	@ctest --preset dev -L unit -j $(JOBS) --progress

lint: python ## clang-tidy over everything; remembers what was clean
	@$(PYTHON) -m tools.setup --group lint
	@cmake --preset dev $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset dev --target evenkeel_commit $(if $(VERBOSE),,>/dev/null)  # A header that is generated.
	@$(PYTHON) -m tools.checks.tidy build/dev

test: python ## everything: rooms, format, clang-tidy, unit, contract, chart, end to end
	@$(PYTHON) -m tools.setup --group test
	@$(PYTHON) -m tools.referee --build
	@cmake --preset dev $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset dev -j $(JOBS)
	@$(PYTHON) -m tools.image >/dev/null
	@ctest --preset dev -j $$(( $(JOBS) + 1 ))  # One more: what has a cluster mostly waits.

# The long forms of what `make test` samples. DECISIONS, SERVICES, SEED and SECONDS may be given.
DECISIONS ?= 1000000
SERVICES ?= 10000
SEED ?= 1
SECONDS_EACH ?= 3600

properties: python ## a million decisions against what always holds (DECISIONS=, SEED=)
	@$(PYTHON) -m tools.setup --group build
	@cmake --preset proof $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset proof -j $(JOBS) --target property
	@build/proof/tests/property/property --decisions=$(DECISIONS) --seed=$(SEED) --keep-going

loop: python ## 10,000 services in closed loop, 200 decisions each or more (SERVICES=, SEED=)
	@$(PYTHON) -m tools.setup --group build
	@cmake --preset proof $(if $(VERBOSE),,>/dev/null)
	@cmake --build --preset proof -j $(JOBS) --target closed_loop
	@build/proof/tests/closed_loop/closed_loop --services=$(SERVICES) --seed=$(SEED)

fuzz: python ## an hour of fuzzing for each target (SECONDS_EACH=)
	@$(PYTHON) -m tools.setup --group build
	@cmake --preset fuzz $(if $(VERBOSE),,>/dev/null)
	@for target in snapshot memory routes apportion; do \
	  cmake --build --preset fuzz -j $(JOBS) --target fuzz_$$target || exit 1; \
	  build/fuzz/tests/fuzz/fuzz_$$target -max_total_time=$(SECONDS_EACH) -timeout=10 -rss_limit_mb=3000 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/tests/fuzz/$$target- build/fuzz/tests/fuzz/found/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

mutation: python ## would the tests notice? flips comparisons, roundings and orders in the core (an hour or two)
	@$(PYTHON) -m tools.setup --group build
	@$(PYTHON) -m tools.mutation --seed $(SEED)

bench: python ## how fast a decision is; writes docs/performance.md
	@$(PYTHON) -m tools.setup --group bench
	@$(PYTHON) -m tools.bench

format: python ## put the sources into form
	@$(PYTHON) -m tools.setup --group lint
	@clang-format-19 -i $(CPP_FILES)

clean: ## remove the build folder; tools and images stay in the cache
	@rm -rf build

# The tools are Python: the one thing that has to be there before they can fetch the rest.
python:
	@$(PYTHON) -c 'import yaml' 2>/dev/null || { \
	  echo "installing python3 and python3-yaml"; \
	  apt-get install -y --no-install-recommends python3 python3-yaml >/dev/null \
	    || { apt-get update >/dev/null && apt-get install -y --no-install-recommends python3 python3-yaml >/dev/null; } \
	    || { echo "make: could not install python3-yaml; run 'apt-get install python3 python3-yaml' and look at its error"; exit 1; }; }
