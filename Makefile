# `make help` lists the targets. Each target first sets the machine up for itself
# (scripts/setup), which is quick when there is nothing to do.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# More flags for `go test`, as in: make test TESTFLAGS='-v -run TestRun'
TESTFLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help build demo check test golden bench lint fmt bare clean setup-demo setup-test setup-lint

# With -race, a program sleeps for a second when it ends, to catch late races. Tests start
# thousands of programs: flakeci, and the supervisor of every Nix.
export GORACE = atexit_sleep_ms=0

# One static binary, the same with or without a C compiler. Builds, tests and linters use the
# same settings, so each package is compiled once for all of them.
export CGO_ENABLED = 0

# Packages that start no goroutine (internal/arch_test.go checks this). The race detector
# can find nothing in them, and made the tests of reports take 170 s of processor time
# instead of 20.
sinks = ./result ./matrix ./matrix/balance ./runner/graph ./runner/outcome \
  ./reports ./reports/forms ./reports/html ./reports/junit ./reports/markdown ./reports/merge ./reports/progress ./reports/table ./reports/trace ./reports/view \
  ./internal ./internal/clean ./internal/closure ./internal/config ./internal/container/luggage ./internal/container/pack ./internal/diagnose ./internal/flagvalue \
  ./internal/nix/builders ./internal/nix/drvfile ./internal/nix/expr ./internal/nix/flakeref ./internal/nix/nixlog ./internal/nix/question ./internal/nix/storepath ./internal/nix/unit ./internal/terminal

# Tests that read megabytes, or thousands of records, in one goroutine. With the detector
# they take up to thirty times as long, so only the rest of their packages is raced.
bulk = ^Test(AJournalWithoutEnd|BadReply|EvaluationErrors|ExecLongOutput|LogsAreStreamed|TooMuchOutput|UnitPlace|UnitPlaceWithoutEnd)$$
bulky = ./internal/nix ./runner/journal ./vmtest/guestagent

help: ## list the targets
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## compile bin/flakeci
	go build -ldflags '-X main.version=$(VERSION)' -o bin/flakeci ./cmd/flakeci

# The example has the inputs of a real flake. The overrides replace them with this project's
# stand-ins, and no substituter is asked, so nothing is downloaded.
demo: setup-demo build ## run flakeci on the example: every host, every home, reason booted
	bin/flakeci run examples/fleet $(boot) \
	  --override-input nixpkgs path:testdata/inputs/nixpkgs \
	  --override-input nixpkgs/busybox path:.cache/busybox $(guest) \
	  --override-input home-manager path:testdata/inputs/home-manager \
	  --override-input sops-nix path:testdata/inputs/sops-nix \
	  --override-input stylix path:testdata/inputs/stylix \
	  --option substituters "" \
	  --json report.json --junit junit.xml $(wrapped_nix)

# Empty where hosts cannot be booted.
guest = $(addprefix --override-input nixpkgs/guest path:,$(wildcard .cache/guest))
boot = $(if $(guest),--vm reason)

# Empty unless the machine's Nix works only in a wrapper (scripts/setup says why).
wrapped_nix = $(addprefix --nix ,$(wildcard .cache/nix/machine/bin/nix))

# More packages at once than processors, because many tests wait for time limits.
packages = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

# `make lint` vets. Here that took a fifth of the time to compile, also for what we import.
plain = go test -vet=off -timeout 60m $(TESTFLAGS)
raced = CGO_ENABLED=1 $(plain) -race

# Boots run alone: next to other tests each takes three times as long.
test: export SUPERVISOR_WITHOUT_RACE = $(CURDIR)/.cache/bin/supervise
test: setup-test ## run all tests, with real Nix in several versions
	go build -o .cache/bin/ ./internal/proc/supervise
	status=0; \
	  $(plain) $(sinks) || status=$$?; \
	  $(plain) -run '$(bulk)' $(bulky) || status=$$?; \
	  $(raced) -run '^TestVMScripts$$' ./cmd/flakeci || status=$$?; \
	  $(raced) -p $(packages) -skip '^TestVMScripts$$|$(bulk)' $$(go list ./... | grep -vxF "$$(go list $(sinks))") ./testdata/ || status=$$?; \
	  scripts/setup skipped; exit $$status

# golangci-lint leaves out folders called testdata; go vet accepts one that is named.
check: setup-test setup-lint ## build, lint and run quick tests with one Nix and no boots, for daily work
	go build -o bin/ ./cmd/flakeci
	go vet ./testdata/
	.cache/bin/golangci-lint run --allow-serial-runners ./...
	go test -vet=off -p $(packages) -short ./... ./testdata/

golden: ## rewrite the golden files of reports and command line; read the diff
	UPDATE_GOLDEN=1 go test ./reports/... ./cmd/...

# One scenario alone: make bench BENCH=heavy ROUNDS=1. TABLES='docs/performance.md docs/scale.md'
# replaces the tables there with those of this run.
BENCH ?=
ROUNDS ?= 5
TABLES ?=

bench: setup-test ## measure flakeci against what people do without it, and run all benchmarks
	BENCH_TABLES='$(TABLES)' go test -run '^$$' -bench '(?i)$(BENCH)' -benchtime $(ROUNDS)x -timeout 0 ./bench
	$(if $(BENCH),,go test -run '^$$' -bench . -benchmem $$(go list ./... | grep -v /bench$$))

lint: setup-lint ## run the linters of CI
	go vet ./testdata/
	.cache/bin/golangci-lint run --allow-serial-runners ./...
	.cache/bin/golangci-lint fmt --diff
	@! git grep -n 'nolint' -- '*.go' || { echo 'fix it instead of silencing it' >&2; exit 1; }
	.cache/bin/actionlint .github/workflows/*.yml examples/workflows/*.yml
	git ls-files | xargs grep -lE '^#!.*\bbash$$|^# shellcheck shell=' | xargs shellcheck -x internal/git/guard/git internal/git/guard/ssh

fmt: setup-lint ## format the Go code
	.cache/bin/golangci-lint fmt

bare: ## run the demo and the tests in a fresh Debian 12 tree (as root; takes some minutes)
	scripts/bare-test

clean: ## remove what was built and fetched, except Debian packages
	rm -rf bin .cache artifacts report.json junit.xml

setup-demo setup-test setup-lint: setup-%:
	@scripts/setup $*
