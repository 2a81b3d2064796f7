# Two targets matter to a newcomer: `make demo` and `make test`.

GO         ?= go
# The newest release that the module proxy served when this line was written.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
STATICCHECK_VERSION = v0.8.2
# Without what gin brings and nobody uses, and without the demo (docs/decisions/0013
# and 0014).
TAGS        = nomsgpack,nodemo
VERSION    ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: demo test race lint bench bench-check bench-keep soak leaver jepsen jepsen-bugs mutate guards long build package packaging provision

demo:
	$(GO) run ./cmd/tandem demo

# Everything that the tests need, then every test, once, with what they write in memory.
# TANDEM_TEST_ALL turns a missing component from a skip into a failure, and so does
# noskip whatever else was skipped. The machine's own accounts must be after it what
# they were before.
test: provision
	TANDEM_TEST_ALL=1 tools/untouched.sh tools/inmemory.sh $(GO) run ./tools/noskip $(GO) test -json -count=1 -timeout 40m ./...
	$(GO) run ./tools/noskip $(GO) test -C tools/interop -json -count=1 -timeout 10m ./...
	$(GO) run ./tools/noskip $(GO) test -C tools/alerts -json -count=1 -timeout 10m ./...
	$(GO) run ./tools/noskip $(GO) test -C tools/helm -json -count=1 -timeout 10m ./...

# The parts in which goroutines meet, under the race detector.
race: provision
	TANDEM_TEST_ALL=1 tools/untouched.sh tools/inmemory.sh $(GO) test -race -count=1 -timeout 30m ./audit/... ./custody/... ./api/...

provision:
	tools/provision.sh

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	cd tools/interop && $(GO) mod tidy -diff
	cd tools/alerts && $(GO) mod tidy -diff
	cd tools/helm && $(GO) mod tidy -diff
	$(GO) vet ./...
	CGO_ENABLED=1 $(GO) build -tags $(TAGS) -o /dev/null ./cmd/tandem
	CGO_ENABLED=0 $(GO) build -o /dev/null ./cmd/envelope
	$(GO) run $(STATICCHECK) ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; fi
	$(GO) test -count=1 -run '^(TestArrows|TestDependencies|TestBuiltForProduction)' ./cmd/tandem

bench: provision
	TANDEM_TEST_ALL=1 $(GO) test -tags bench -count=1 -timeout 60m -v -run ^TestTable ./tools/bench

# The same, and which ratios left the band round the last ones on record
# (tools/bench/ratios.json; never times). bench-keep puts those of this run on record.
bench-check: export TANDEM_BENCH_RATIOS = check
bench-keep: export TANDEM_BENCH_RATIOS = keep
bench-check bench-keep: bench

# Every fault in every call on every target, then kills at random until there
# were this many (tools/soak). It ends early, with its table, at the timeout.
TANDEM_SOAK_KILLS ?= 1000
soak: provision
	TANDEM_TEST_ALL=1 TANDEM_SOAK_KILLS=$(TANDEM_SOAK_KILLS) $(GO) test -tags soak -count=1 -timeout 4h -v -run '^TestSoak$$' ./tools/soak

# Somebody with two hundred credentials on a real sshd leaves (clause 4.3): how long it takes.
leaver: provision
	TANDEM_TEST_ALL=1 tools/untouched.sh $(GO) test -tags soak -count=1 -timeout 2h -v -run '^TestALeaverWithTwoHundred' ./cmd/tandem

# Three replicas, and whether they answer as one (tools/jepsen): for so long, and what was
# found is added to the file, with which the next run begins.
TANDEM_JEPSEN_FOR     ?= 2h
TANDEM_JEPSEN_RESULTS ?= $(CURDIR)/jepsen.json
jepsen: provision
	TANDEM_TEST_ALL=1 TANDEM_JEPSEN_FOR=$(TANDEM_JEPSEN_FOR) TANDEM_JEPSEN_RESULTS=$(TANDEM_JEPSEN_RESULTS) $(GO) test -tags jepsen -count=1 -timeout 24h -v -run '^TestLong$$' ./tools/jepsen

# The same with one mistake put in at a time, each of which has to be found.
jepsen-bugs: provision
	TANDEM_TEST_ALL=1 $(GO) test -tags jepsen -count=1 -timeout 2h -v -run '^TestBugsAreFound$$' ./tools/jepsen

# Takes one check at a time away and says which no test missed (docs/testing.md).
# MUTATE names packages, such as "custody/siem api"; without it, all of them.
mutate:
	tools/mutate.sh $(MUTATE)

# Takes one check away by number (tools/guards), with the tests that come by there. What
# is left out takes minutes for each change: models, forgeries, tampering, and the halves
# of tests on PostgreSQL. GUARDS names packages, without it all of these.
GUARDS         ?= custody/store custody custody/desk custody/enveloping custody/envelope custody/notify custody/notify/channel api api/web
GUARDS_BUDGET  ?= 2h
GUARDS_WITHOUT ?= ^TestModel|^TestSequences|Forge|^TestReachable|^TestAnHonestOffice|^TestOneForm|^TestRefusalsRepeatNothing|^TestTamper|^TestDiff$$|^TestLoadIsTheFold|^TestOpenByMany|^TestManyStart
guards: provision
	nice -n 19 tools/inmemory.sh $(GO) run ./tools/guards -leave-out '$(GUARDS_WITHOUT)' -skip '/^PostgreSQL$$' -budget $(GUARDS_BUDGET) $(GUARDS)

# What takes hours, one after the other: for the night, and before a release.
long: race soak leaver jepsen-bugs jepsen mutate guards packaging

# A release in dist/ (docs/install.md): programs, package, manual, list of parts, digests.
package:
	tools/release.sh $(VERSION) dist

# Makes one twice, in two folders, and looks at all of it.
packaging:
	$(GO) test -tags package -count=1 -timeout 60m -v ./tools/packaging

build:
	CGO_ENABLED=1 $(GO) build -trimpath -tags $(TAGS) -ldflags '-s -w -X main.version=$(VERSION)' -o bin/tandem ./cmd/tandem
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/envelope ./cmd/envelope
