# A thin front door to setup, Meson and the test driver. `make help` lists what it opens.
SCRIPT ?= examples/hello.bl
CORES ?= 1
PORT ?= 8080
# Debian's own Python: Meson is a package of it, and another one may stand first in PATH.
PYTHON := $(firstword $(wildcard /usr/bin/python3) python3)

.PHONY: build run test check check-full docs bench figures bench-lang clean help

build: ## build/bl-uring, after installing what is missing
	@sh scripts/setup.sh build
	@$(PYTHON) scripts/build.py build

run: build ## serve SCRIPT on CORES cores at PORT
	build/bl-uring --cores $(CORES) --listen 0.0.0.0:$(PORT) $(SCRIPT)

test: ## everything, as CI does
	@sh scripts/setup.sh test
	@$(PYTHON) scripts/test.py all

check: ## format, tidy, build and unit tests
	@sh scripts/setup.sh test
	@$(PYTHON) scripts/test.py check

check-full: ## everything, with the linter, both compilers and a minute for each fuzz target
	@sh scripts/setup.sh test
	@$(PYTHON) scripts/test.py full

docs: ## write the generated parts of docs/
	@$(PYTHON) scripts/docs.py

bench: ## compare the server with its peers
	@sh scripts/setup.sh bench
	@$(PYTHON) scripts/build.py build
	$(PYTHON) perf/bench.py

figures: ## the table of figures that the project promises, each with the value measured here
	@sh scripts/setup.sh bench
	@$(PYTHON) scripts/build.py build
	$(PYTHON) perf/figures.py

bench-lang: ## compare the language with Lua, LuaJIT, Node and C
	@sh scripts/setup.sh bench
	@$(PYTHON) scripts/build.py build
	$(PYTHON) perf/lang/run.py

clean: ## remove every build folder
	rm -rf build build-*

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	@echo "make run takes SCRIPT=$(SCRIPT) CORES=$(CORES) PORT=$(PORT)"
