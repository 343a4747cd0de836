# Baoxue. `make` alone lists what there is. All paths are relative, so that a clone may lie anywhere, spaces included.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
BUILD := build
Q     := $(if $(V),,@)

ifeq ($(origin CC),default)
CC := gcc
endif

WARN   := -Wall -Wextra -Wshadow -Wconversion -Werror
CSTD   := -std=gnu11 -D_GNU_SOURCE
PKGS   := libmariadb jansson libsodium libpcre2-8 libzip expat xlsxwriter libqrencode liboath
# asked once, and only when something is compiled
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(PKGS)) -lcsv -lm -lpthread -lm)$(PKG_LIBS)

# Builds of the same sources: what is installed; with a clock that tests set; the same under sanitizers; for libFuzzer.
VARIANTS := release clock asan fuzz
release_FLAGS := -O2 -g
clock_FLAGS   := -O1 -g -DBX_TEST_CLOCK
asan_FLAGS    := -O1 -g -DBX_TEST_CLOCK -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan_LDFLAGS  := -fsanitize=address,undefined
fuzz_FLAGS    := -Wno-missing-field-initializers -O1 -g -DBX_TEST_CLOCK -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

LIB_SRC  := $(filter-out lib/tools/%,$(wildcard lib/*/*.c))
TOOL_SRC := $(wildcard lib/tools/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_AID := $(filter-out $(UNIT_SRC),$(wildcard tests/unit/*.c))
UNITS    := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/asan/unit/%)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS  := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)

.PHONY: help
help:
	@sed -n 's/^#: //p' $(MAKEFILE_LIST)

#: make run           install what is missing, build, start MariaDB and nginx with the demonstration county
#:                    (environment: BAOXUE_PORT=8080, BAOXUE_VAR=var, BAOXUE_DEMO_PASSWORD)
.PHONY: run
run:
	@exec scripts/run

#: make all           build the nginx module and baoxuectl
.PHONY: all module
all: $(BUILD)/baoxuectl module

$(BUILD)/baoxuectl: $(BUILD)/release/baoxuectl
	@ln -sf release/baoxuectl $@

module:
	@scripts/build-module

#: make test          install what tests need and run everything below
.PHONY: test
test:
	@scripts/test

#: make lint          compiler warnings, clang-tidy, cppcheck, eslint
.PHONY: lint
lint:
	@scripts/lint

#: make unit          C units under AddressSanitizer and UBSan (only some: make unit UNIT=test_text)
.PHONY: unit units
UNIT ?=
units: $(UNITS)
unit: $(if $(UNIT),$(UNIT:%=$(BUILD)/asan/unit/%),units)
	@scripts/run-units $(if $(UNIT),$(UNIT:%=$(BUILD)/asan/unit/%),$(UNITS))

# What tests against real servers need: baoxuectl and the module with a clock that can be set.
.PHONY: test-build
test-build: $(BUILD)/clock/baoxuectl
	@scripts/build-module --clock

.PHONY: test-build-asan
test-build-asan: $(BUILD)/clock/baoxuectl
	@scripts/build-module --clock --asan

#: make http          HTTP tests against real nginx and MariaDB (only some: make http TEST=leave)
#: make http-asan     those of the module once more, with nginx under AddressSanitizer and UBSan
#: make browser       browser tests in Chromium (only some: make browser TEST=roster)
#: make run-tests     tests of `make run` and `make install`
.PHONY: http browser run-tests
TEST ?= *
http browser: node_modules/.package-lock.json
	@$(MAKE) --no-print-directory test-build
	@node tests/lib/prepare.js
	@node --test tests/$@/$(TEST).test.js

.PHONY: http-asan
http-asan: node_modules/.package-lock.json
	@$(MAKE) --no-print-directory test-build-asan
	@node tests/lib/prepare.js
	@BAOXUE_ASAN=1 BAOXUE_REQUESTS=5000 node --test tests/http/module.test.js tests/http/metrics.test.js tests/http/fuzz_api.test.js

run-tests: node_modules/.package-lock.json all
	@$(MAKE) --no-print-directory test-build
	@node tests/lib/prepare.js
	@node --test tests/run/$(TEST).test.js

#: make fuzz          libFuzzer on every parser that sees bytes from outside, an hour each (SECONDS_EACH=20 TARGET=sheet)
.PHONY: fuzz fuzzers
fuzz:
	@scripts/fuzz
fuzzers: $(FUZZERS)

#: make fault         kill -9, full disks, hung databases, two nodes, upgrades: a hundred kills (ROUNDS=6)
.PHONY: fault
ROUNDS ?= 100
fault: node_modules/.package-lock.json
	@$(MAKE) --no-print-directory test-build
	@node tests/lib/prepare.js
	@BAOXUE_ROUNDS=$(ROUNDS) node --test tests/fault/kills.test.js tests/fault/nodes.test.js tests/fault/outage.test.js

#: make pentest       sqlmap over every parameter of every route, wapiti over portal and API: 40 minutes (PENTEST_MINUTES; PENTEST_SMOKE=1: 4)
.PHONY: pentest
pentest:
	@scripts/pentest

#: make bench         beside a bare client and static answers, as ratios (BENCH_SMOKE=1: short; see docs/performance.md)
.PHONY: bench
bench: node_modules/.package-lock.json all
	@$(MAKE) --no-print-directory test-build
	@node tests/lib/prepare.js
	@node tests/bench/bench.js
	@[ -n "$$BENCH_ONLY" ] || node tests/bench/ladder.js

node_modules/.package-lock.json: package.json package-lock.json
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	@touch $@

#: make install-deps  install the Debian packages that building and running need
.PHONY: install-deps
install-deps:
	@scripts/install-packages

#: make install       put it into a system that has nginx and MariaDB (PREFIX=/usr/local, SYSCONFDIR, MODULESDIR, DESTDIR);
#:                    docs/install.md has the steps after it
#: make uninstall     take it away again; the database, keys and edited configuration stay
.PHONY: install uninstall
install: all
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' STATEDIR='$(STATEDIR)' MODULESDIR='$(MODULESDIR)' \
	    scripts/install-tree install
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' STATEDIR='$(STATEDIR)' MODULESDIR='$(MODULESDIR)' \
	    scripts/install-tree uninstall

#: make clean         remove build/ (var/, the data of `make run`, stays)
.PHONY: clean
clean:
	rm -rf $(BUILD)

# ---------------------------------------------------------------- compiling

define variant
$(BUILD)/$(1)/%.o: %.c $(BUILD)/$(1)/flags
	@mkdir -p $$(@D)
	@echo '  cc $(1)/$$<'
	$$(Q)$$(CC) $$(CSTD) $$(WARN) $$($(1)_FLAGS) $$(CFLAGS) -fPIC -Ilib $$(PKG_CFLAGS) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/libbaoxue.a: $(LIB_SRC:%.c=$(BUILD)/$(1)/%.o)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^

# whole, and with what baoxue.h declares to be seen: plugins from outside the tree call it
$(BUILD)/$(1)/baoxuectl: $(TOOL_SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/libbaoxue.a $(BUILD)/exports
	@echo '  ld $$@'
	$$(Q)$$(CC) $$($(1)_LDFLAGS) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--dynamic-list=$(BUILD)/exports \
	    -Wl,--whole-archive $$(filter %.a,$$^) -Wl,--no-whole-archive $$(PKG_LIBS)

# compiles again when the compiler or its flags are others
$(BUILD)/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$$(CC) $$(CSTD) $$(WARN) $$($(1)_FLAGS) $$(CFLAGS)' | cmp -s - $$@ || \
	    echo '$$(CC) $$(CSTD) $$(WARN) $$($(1)_FLAGS) $$(CFLAGS)' >$$@
endef
$(foreach v,$(VARIANTS),$(eval $(call variant,$(v))))

$(BUILD)/exports: lib/baoxue.h lib/core/errors.def scripts/exports-map
	@mkdir -p $(@D)
	@(echo '{'; scripts/exports-map $< | grep ' bx_'; echo '};') >$@

.PHONY: FORCE
FORCE:

$(BUILD)/asan/unit/%: $(BUILD)/asan/tests/unit/%.o $(UNIT_AID:%.c=$(BUILD)/asan/%.o) $(BUILD)/asan/libbaoxue.a
	@mkdir -p $(@D)
	@echo '  ld $@'
	$(Q)$(CC) $(asan_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $(BUILD)/fuzz/libbaoxue.a
	@echo '  ld $@'
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

.SECONDARY:

-include $(wildcard $(foreach v,$(VARIANTS),$(BUILD)/$(v)/lib/*/*.d $(BUILD)/$(v)/tests/*/*.d))
