# Two commands do everything on a fresh Debian or Ubuntu machine with a Swift toolchain: make demo, make test.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
export SWIFT
# Every target names each target that it imports.
CHECKED = --explicit-target-dependency-import-check error
SOURCES = Package.swift Sources Tests Benchmarks Fuzz

.PHONY: help demo test test-docs build release install uninstall lint format bench soak fuzz unit integration conformance clean dependencies

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: dependencies ## Show a mirror at work, on three make-believe VMs
	@scripts/build $(CHECKED) --product portmirror
	@$$($(SWIFT) build --show-bin-path)/portmirror demo

test: dependencies lint ## Lint, then unit, integration and conformance tests, and the documents' commands
	scripts/build --build-tests $(CHECKED)
	scripts/test

test-docs: dependencies ## Type the commands of the documents, and compare what they print (root)
	scripts/build $(CHECKED) --product portmirror
	scripts/test docs

build: dependencies ## Build for development
	scripts/build $(CHECKED)

release: ## Build for use: Swift's libraries linked in, symbols stripped
	@scripts/install-dependencies --build
	scripts/release

install: release ## Install the program, its link, completions and manual pages under PREFIX
	scripts/install out/portmirror "$(DESTDIR)$(PREFIX)"

uninstall: ## Remove what install put under PREFIX
	scripts/install --remove "$(DESTDIR)$(PREFIX)"

lint: ## Check format, scripts and manual pages
	$(SWIFT) format lint --strict --parallel --recursive $(wildcard $(SOURCES))
	scripts/lint

format: ## Put the sources into the house's format
	$(SWIFT) format format --in-place --parallel --recursive $(wildcard $(SOURCES))

unit: ## Unit tests alone (no privilege)
	scripts/build --build-tests $(CHECKED)
	scripts/test unit

integration: dependencies ## Integration tests alone (root)
	scripts/build --build-tests $(CHECKED)
	scripts/test integration

conformance: dependencies ## Conformance tests alone (root); PORTMIRROR_SEED and PORTMIRROR_SCENARIOS vary them
	scripts/build --build-tests $(CHECKED)
	scripts/test conformance

bench: release ## Measure side by side with tc, ovs-vsctl, ovsdb-client, daemonlogger, netsniff-ng, tcpdump, dumpcap (root)
	@scripts/install-dependencies --bench
	flags=$$(scripts/release-flags) && eval "scripts/build $$flags $(CHECKED) --product ovsdb-monitor-bench"
	@missed=0; Benchmarks/run out/portmirror || missed=$$?; echo; \
	Benchmarks/ovsdb-run "$$($(SWIFT) build --configuration release --show-bin-path)/ovsdb-monitor-bench" \
		|| missed=$$?; echo; \
	Benchmarks/tap-run out/portmirror || missed=$$?; echo; \
	Benchmarks/stream-run out/portmirror || missed=$$?; exit $$missed

soak: release ## Run tap and log for ten minutes under flaps and rotation; all sums have to match (root)
	@scripts/install-dependencies
	Benchmarks/soak out/portmirror

fuzz: ## Feed damaged capture files to the readers, for FUZZ_SECONDS (60)
	Fuzz/run

clean: ## Remove what was built
	$(SWIFT) package clean
	rm -rf out

dependencies:
	@scripts/install-dependencies
