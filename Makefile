# SPDX-License-Identifier: Apache-2.0
# A thin front for CMake: each target installs the distribution packages it lacks, builds, and runs.
#   make          build ./rogctl                  make test     run every test
#   make sweep    draw Figure 10                  make bench    measure
#   make install  to PREFIX (default /usr/local), honours DESTDIR
#   make deb      Debian packages, in build/deb; make wheel: a Python wheel with librog, in build/wheel;
#                 make packages-check installs both in an empty Debian and tries them (docs/install.md)
#   make asan     the test suite under AddressSanitizer and UBSan; make tsan likewise
#   make coverage the test suite, and a table of how much of the core it has reached
#   make mutate   changes the code in 360 places, one at a time, and lists the changes that no test notices
#                 (docs/notes/mutation.md); ARGS="--only store --budget 300", and what tests/mutate/run --help says
#   make docs     the documentation as a site, in build/docs/site, with its links checked (packages mkdocs, doxygen)
#   make docs-images  draw the pictures of the documentation (package chromium)
#   make torture  kills, failing calls, hostile files, peers and hosts for 20 minutes, or SECONDS=... (docs/security.md)

PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
# Many tests wait for most of their time.
TEST_JOBS ?= $(shell expr $(JOBS) + 1)
SECONDS ?= 1200
BUILD := build/release
PACKAGES := cmake/packages.txt
TEST_PACKAGES := $(PACKAGES) cmake/packages-test.txt

.PHONY: all sweep test bench docs docs-images install deb wheel packages-check asan tsan coverage coverage-suite mutate torture format clean

all: $(BUILD)/.packages
	@cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DBUILD_TESTING=OFF -DROG_WERROR=OFF -B $(BUILD) >$(BUILD)/configure.log \
	    || { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS)
	@ln -sfn $(BUILD)/bin/rogctl rogctl

$(BUILD)/.packages: cmake/packages.txt cmake/install-packages
	@cmake/install-packages $(PACKAGES)
	@mkdir -p $(BUILD) && touch $@

sweep: all
	./rogctl sweep experiments/threshold.conf

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

deb:
	packaging/make-deb

wheel:
	packaging/make-wheel $(MACHINE)

packages-check: deb wheel
	@cmake/install-packages cmake/packages-portable.txt
	tests/packages/run deb
	tests/packages/run wheel

docs: all
	@cmake/install-packages cmake/packages-docs.txt
	@/usr/bin/python3 packaging/make-site $(BUILD)/bin/rogctl build/docs

docs-images: all
	PATH=$(CURDIR)/$(BUILD)/bin:$$PATH python3 tools/docs-images

# The tests have a build folder of their own, so that `make` stays free of what only tests need.
define suite
	@cmake/install-packages $(TEST_PACKAGES)
	@mkdir -p build/$(1)
	@cmake --preset $(2) -DBUILD_TESTING=ON -B build/$(1) >build/$(1)/configure.log \
	    || { cat build/$(1)/configure.log; exit 1; }
	@cmake --build build/$(1) -j $(JOBS)
	ctest --test-dir build/$(1) --output-on-failure -j $(TEST_JOBS)
endef

test:
	$(call suite,test,release)
asan:
	$(call suite,asan-ubsan,asan-ubsan)
tsan:
	$(call suite,tsan,tsan)

# The table also where a test has failed. What earlier runs have counted is forgotten.
coverage:
	@cmake/install-packages cmake/packages-coverage.txt
	@mkdir -p build/coverage && find build/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory coverage-suite; status=$$?; \
	    python3 tests/coverage.py . build/coverage && exit $$status
coverage-suite:
	$(call suite,coverage,coverage)

mutate:
	@cmake/install-packages $(TEST_PACKAGES) cmake/packages-mutate.txt
	tests/mutate/run $(ARGS)

# Both without and with sanitizers, and no more of either than it needs.
torture:
	@cmake/install-packages $(TEST_PACKAGES)
	@for part in test:release asan-ubsan:asan-ubsan; do \
	    folder=build/$${part%:*}; mkdir -p $$folder; \
	    cmake --preset $${part#*:} -DBUILD_TESTING=ON -B $$folder >$$folder/configure.log \
	        || { cat $$folder/configure.log; exit 1; }; \
	    cmake --build $$folder -j $(JOBS) --target torture || exit 1; \
	done
	tests/torture/run build/test build/asan-ubsan --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) $(KINDS:%=--kind %)

# Measurements are of a build of their own, without tests.
bench: $(BUILD)/.packages
	@mkdir -p build/bench
	@cmake --preset release -DBUILD_TESTING=OFF -DROG_WERROR=OFF -DROG_BENCH=ON -B build/bench >build/bench/configure.log \
	    || { cat build/bench/configure.log; exit 1; }
	@cmake --build build/bench -j $(JOBS)
	bench/run build/bench

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf build rogctl
