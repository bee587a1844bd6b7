# Quern for people: every target is a few lines over CMake, CTest and scripts/.
# `make help` lists targets and variables.

BUILD  ?= build
JOBS   ?= $(shell nproc)
PREFIX ?= /usr/local
PYTHON ?= python3

.DEFAULT_GOAL := all
.NOTPARALLEL:
.PHONY: all demo test test-cluster fault fuzz soak bench lint asan tsan valgrind coverage analyze install clean help
unexport MAKEFLAGS # CMake's own makefiles get their number of jobs from JOBS

# As if typed by hand, so that CMake's makefiles do not print every folder they enter.
CMAKE_BUILD := env -u MAKELEVEL cmake --build
BENCHES := $(patsubst bench/%.c,%,$(wildcard bench/bench_*.c))

all: ## build the program and the libraries (the default)
	@scripts/install-deps.sh build
	@test -e $(BUILD)/CTestTestfile.cmake || cmake -S . -B $(BUILD)
	$(CMAKE_BUILD) $(BUILD) -j$(JOBS)

demo: all ## make small synthetic archives, grind and verify them, say where things are
	$(BUILD)/quern demo -o demo

test: all ## build and run every test
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS); failed=$$?; \
	JOBS=$(JOBS) scripts/pytest.sh $(BUILD) && exit $$failed

test-cluster: all ## run jobs on a Slurm of three nodes that the tests start on this machine
	@scripts/install-deps.sh cluster
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	QUERN_BUILD=$(abspath $(BUILD)) .venv/bin/python -m pytest tests/cluster

fault: all ## break jobs at a thousand places each: kills, failing calls, losses of power, flipped bits
	QUERN_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/fault/ordeal.py $(ORDEALS)
	for program in $(BUILD)/tests/starve_*; do \
	    echo "$${program##*/}: $$($$program tests/fuzz/corpus/$${program##*/starve_})" || exit 1; \
	done

soak: all ## random jobs, faults and kills for MINUTES (default 10), a line a minute
	QUERN_BUILD=$(abspath $(BUILD)) $(PYTHON) tests/fault/soak.py --minutes $(or $(MINUTES),10) $(SOAK)

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

asan: ## build with AddressSanitizer and UBSan in build-asan and run every test with them
	@scripts/install-deps.sh build
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	cmake -S . -B build-asan -DQUERN_SANITIZE=ON
	$(CMAKE_BUILD) build-asan -j$(JOBS)
	ctest --test-dir build-asan --output-on-failure -j$(JOBS)
	ASAN_OPTIONS=quarantine_size_mb=16 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	JOBS=$(JOBS) scripts/pytest.sh build-asan

tsan: ## build with ThreadSanitizer in build-tsan and run what has threads: verbs that export, compare, infer
	@scripts/install-deps.sh build
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	cmake -S . -B build-tsan -DQUERN_TSAN=ON
	$(CMAKE_BUILD) build-tsan -j$(JOBS) --target quern test_parallel
	scripts/tsan.sh build-tsan

valgrind: all ## memcheck on the quick C tests, on readers with their corpora, and on a job
	@scripts/install-deps.sh check
	JOBS=$(JOBS) scripts/valgrind.sh $(BUILD)

coverage: ## run every test in build-coverage; a table of lines run, engine and format at least 90 %
	@scripts/install-deps.sh build
	@PYTHON=$(PYTHON) scripts/venv.sh .venv tests/interop/requirements.txt
	cmake -S . -B build-coverage -DQUERN_COVERAGE=ON -DCMAKE_BUILD_TYPE=Debug
	$(CMAKE_BUILD) build-coverage -j$(JOBS)
	find build-coverage -name '*.gcda' -delete
	-ctest --test-dir build-coverage -j$(JOBS) >build-coverage/ctest.log
	-JOBS=$(JOBS) scripts/pytest.sh build-coverage >build-coverage/pytest.log
	scripts/coverage.py build-coverage

analyze: ## gcc -fanalyzer over all of src
	@scripts/install-deps.sh build
	JOBS=$(JOBS) scripts/analyze.sh

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
	rm -rf $(BUILD) build-asan build-clang build-coverage build-fuzz build-tsan demo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]*:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo "Variables: BUILD=$(BUILD) JOBS=$(JOBS) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) PYTHON=$(PYTHON)"
