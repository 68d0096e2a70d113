# The front door. Everything is built under $(BUILD); tools/build does the work, with meson and ninja.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

ifneq ($(origin CC),default)
export CC
endif
export BUILD

USHER = $(BUILD)/usher/usher

all: ## build the library and the program: build/usher/usher
	@tools/install-packages --tell build
	@tools/build $(BUILD) -Dprefix=$(abspath $(PREFIX))

# Who is not root sees no live gateway, and needs nothing for it.
demo: ## as root: real FTP and PPTP through the live gateway, between network namespaces; else a captured FTP session
	@tools/install-packages build
	@[ "$$(id -u)" != 0 ] || tools/install-packages demo || true
	@tools/build $(BUILD) -Dprefix=$(abspath $(PREFIX)) >/dev/null
	@USHER=$(USHER) tests/lab/demo

check: ## install what is missing, then build and test everything; the last line counts (20 min at most)
	@tools/install-packages build check demo lab
	@tools/check

# SEED and COUNT choose the sessions; `build/sim/tests/sim --help` tells the rest.
sim: ## FTP and PPTP through NAT, in virtual time: make sim SEED=7 COUNT=100000; the last line counts violations
	@tools/install-packages build check
	@tools/build $(BUILD)/sim -Dbuildtype=release -Dtests=true -Dexamples=false tests/sim >/dev/null
	@$(BUILD)/sim/tests/sim --seed $(or $(SEED),1) --count $(or $(COUNT),20000)

bench: ## build optimised with LTO and run every benchmark, a line of JSON each
	@tools/install-packages build
	@tools/build $(BUILD)/bench -Dbuildtype=release -Db_lto=true -Dbench=true >/dev/null
	@for program in $$(tools/list-sources 'bench/bench_*.c'); do \
		$(BUILD)/bench/$${program%.c} || exit 1; \
	done

bench-gateway: ## as root: the live gateway beside the kernel's masquerading and helper, in namespaces, a line of JSON each
	@tools/install-packages build check bench-gateway
	@tools/build $(BUILD)/bench -Dbuildtype=release -Db_lto=true -Dbench=true >/dev/null
	@USHER=$(BUILD)/bench/usher/usher LOAD=$(BUILD)/bench/bench/load bench/gateway/bench-gateway $(ROUNDS)

install: all ## install to $(DESTDIR)$(PREFIX), PREFIX=/usr/local unless given
	@DESTDIR="$(DESTDIR)" meson install -C $(BUILD) --no-rebuild --quiet
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || true

uninstall: ## remove what the last install from $(BUILD) put there
	@DESTDIR="$(DESTDIR)" ninja -C $(BUILD) uninstall

# Single sections of tools/check. ONLY=word takes just what has the word in its name: make unit ONLY=ftp
unit: ## unit tests
	@tools/check unit

asan: ## unit tests, corpora and marked scripts under ASan and UBSan
	@tools/check unit-asan corpus scripts-asan

scripts: ## the scripts tests/*/test-*
	@tools/check scripts

fuzz-short: ## every fuzzer for FUZZ_SECONDS (10)
	@tools/check fuzz

rules: ## layers, sizes, symbols, documentation
	@tools/check rules

lab: ## the tests in network namespaces (root); MATRIX=all: more of FTP with TLS
	@tools/install-packages build check demo lab
	@tools/check lab

coverage: ## which lines of lib/ the unit tests and corpora reach
	@tools/install-packages build check coverage
	@tools/coverage

packages: ## install the Debian packages that make and make check want
	@tools/install-packages build check demo lab

clean: ## remove $(BUILD)
	@[ ! -e $(BUILD) ] || [ -e $(BUILD)/build.ninja ] || [ -n "$$(ls -d $(BUILD)/check-* $(BUILD)/bench 2>/dev/null)" ] || \
		{ echo "$(BUILD) is not a build folder" >&2; exit 1; }
	@rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: all demo check sim bench bench-gateway install uninstall unit asan scripts fuzz-short rules lab coverage packages clean help
