# Quern for people: every target is a few lines over CMake, CTest and scripts/.
# `make help` lists targets and variables.

BUILD  ?= build
JOBS   ?= $(shell nproc)
PREFIX ?= /usr/local
PYTHON ?= python3

.DEFAULT_GOAL := all
.NOTPARALLEL:
.PHONY: all demo test test-cluster fault fuzz bench lint asan install clean help
unexport MAKEFLAGS # CMake's own makefiles get their number of jobs from JOBS

# As if typed by hand, so that CMake's makefiles do not print every folder they enter.
CMAKE_BUILD := env -u MAKELEVEL cmake --build
BENCHES := $(patsubst bench/%.c,%,$(wildcard bench/bench_*.c))

all: ## build the program and the libraries (the default)
	@scripts/install-deps.sh build
	@test -e $(BUILD)/CTestTestfile.cmake || cmake -S . -B $(BUILD)
	$(CMAKE_BUILD) $(BUILD) -j$(JOBS)

demo: all ## make a small synthetic survey, import it, verify it, say where things are
	$(BUILD)/quern demo -o demo

test: all ## build and run every test
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS); failed=$$?; \
	QUERN_BUILD=$(abspath $(BUILD)) \
	.venv/bin/python -m pytest -q -rs -p no:cacheprovider tests/interop tests/e2e tests/fault && exit $$failed

test-cluster: all ## run jobs on a Slurm of three nodes that the tests start on this machine
	@scripts/install-deps.sh cluster
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	QUERN_BUILD=$(abspath $(BUILD)) \
	.venv/bin/python -m pytest -q -rs -p no:cacheprovider tests/cluster

fault: all ## break jobs at a thousand places each: kills, failing calls, losses of power, flipped bits
	QUERN_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/fault/ordeal.py $(ORDEALS)

fuzz: ## hunt in every reader of bytes with libFuzzer and sanitizers, SECONDS each (default 60)
	@scripts/install-deps.sh build lint
	CC=clang cmake -S . -B build-fuzz -DQUERN_SANITIZE=ON -DQUERN_FUZZ=ON
	$(CMAKE_BUILD) build-fuzz -j$(JOBS)
	scripts/fuzz.sh build-fuzz/tests $(or $(SECONDS),60)

bench: all ## measure beside other tools, in the same run; ONLY="segy ercot": these parts of bench/parts
	@scripts/install-deps.sh bench
	@PYTHON=$(PYTHON) scripts/venv.sh $(BUILD)/venv-bench bench/requirements.txt
	$(CMAKE_BUILD) $(BUILD) -j$(JOBS) --target $(BENCHES)
	$(BUILD)/venv-bench/bin/python bench/run.py --build $(BUILD) $(addprefix --only ,$(ONLY))

lint: all ## check format, warnings, static analysis, size, layers
	@scripts/install-deps.sh lint
	JOBS=$(JOBS) scripts/lint.sh

asan: ## build with sanitizers in build-asan; run the C tests and the tests of SEG-Y with them
	@scripts/install-deps.sh build
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	cmake -S . -B build-asan -DQUERN_SANITIZE=ON
	$(CMAKE_BUILD) build-asan -j$(JOBS)
	ctest --test-dir build-asan --output-on-failure -j$(JOBS)
	LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	QUERN_BUILD=$(CURDIR)/build-asan \
	.venv/bin/python -m pytest -q -p no:cacheprovider tests/interop -k segy

MUTANTS ?= 100000
SEED    ?= 1
fuzz-parquet: ## damage Parquet files MUTANTS times and read them, with sanitizers
	@scripts/install-deps.sh build
	cmake -S . -B build-asan -DQUERN_SANITIZE=ON
	$(CMAKE_BUILD) build-asan -j$(JOBS) --target parquet_mutants
	scripts/fuzz_parquet.sh build-asan/tests/parquet_mutants $(SEED) $(MUTANTS) $(JOBS)

install: ## install below PREFIX (staged below DESTDIR, if set)
	@scripts/install-deps.sh build
	cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	$(CMAKE_BUILD) $(BUILD) -j$(JOBS)
	DESTDIR=$(DESTDIR) cmake --install $(BUILD)

clean: ## remove what was built and the demo; .venv stays
	rm -rf $(BUILD) build-asan build-clang build-fuzz demo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]*:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo "Variables: BUILD=$(BUILD) JOBS=$(JOBS) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) PYTHON=$(PYTHON)"
