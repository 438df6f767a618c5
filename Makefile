SHELL := /bin/bash
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.3.0
CDKTF_VERSION := 16.12.1
KO_VERSION := v0.19.0
CRANE_VERSION := v0.20.6
TOOLS := $(CURDIR)/.tools
RACE ?=
STATE ?= $(firstword $(wildcard /dev/shm) $(TMPDIR) /tmp)

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build seneka, forwarder and loader into bin/
	@mkdir -p bin
	go build -o bin/ ./cmd/seneka ./forwarder ./cmd/loader

.PHONY: demo
demo: ## See real logs go from S3 to a SQL query, on this machine, with no account
	@mkdir -p bin
	@echo "Building (a first build takes a few minutes) ..."
	@go build -o bin/ ./cmd/seneka
	@bin/seneka demo

.PHONY: test
test: ## Run every test; RACE=-race adds the race detector
	go test $(RACE) -timeout 30m ./...

.PHONY: browser
browser: ## Test the pages in Chromium; fails where there is none
	go test -tags browser -timeout 10m -run 'TestBrowser|TestNotices' ./internal/browser ./internal/report

.PHONY: prove
prove: ## Play every schedule, fail every call, break the protocol in every way; print how much that was
	@.ci/prove

.PHONY: soak
soak: ## Load and kill for SOAK (10m): see TestSoak
	go test ./cmd/seneka -run '^TestSoak$$' -v -timeout 24h -soak $(or $(SOAK),10m)

.PHONY: fuzz
fuzz: ## Fuzz every parser for FUZZTIME each (10s)
	@.ci/fuzz $(or $(FUZZTIME),10s)

.PHONY: bench
bench: ## Measure every format beside inflating alone, the usual way in Go and DuckDB: BENCH="-formats alb -sizes 4M"
	go run ./loadtest/bench $(BENCH)

.PHONY: bench-docs
bench-docs: ## The same, and make start, into the tables of docs/performance.md
	go run ./loadtest/bench -docs docs/performance.md $(BENCH)
	go run ./loadtest/start -docs docs/performance.md

.PHONY: bench-forward
bench-forward: ## Measure the forwarder beside rclone copy: FORWARD="-large 256M -docs docs/performance.md"
	go run ./loadtest/forward $(FORWARD)

.PHONY: bench-check
bench-check: ## Fail where a format's speed, as a ratio, has fallen by more than a third against what is recorded
	CGO_ENABLED=0 go run -trimpath ./loadtest/bench -check loadtest/bench/recorded.json

.PHONY: bench-record
bench-record: ## Record these ratios
	CGO_ENABLED=0 go run -trimpath ./loadtest/bench -record loadtest/bench/recorded.json

.PHONY: bench-go
bench-go: ## Run Go's benchmarks
	go test -run '^$$' -bench . -benchmem ./internal/format/... ./internal/row ./internal/forward

.PHONY: start
start: ## Measure the loader from its start to the first request that it serves, and its binary
	go run ./loadtest/start

.PHONY: bench-load
bench-load: ## Measure the loader under load, and reckon instances and quotas: LOAD="-docs docs/performance.md"
	go run ./loadtest/load $(LOAD)

.PHONY: bench-large
bench-large: ## Measure a file of LARGE gzipped bytes (1G), and ten times as many plain ones, through both stages
	go run ./loadtest/large -size $(or $(LARGE),1G) $(LOAD)

.PHONY: large
large: ## Let files of LARGE bytes (2G) pass forwarder and loader, and measure their memory
	go test ./cmd/seneka -run '^TestLargeFiles$$' -large $(or $(LARGE),2G) -count 1 -v -timeout 3h

.PHONY: loadtest
loadtest: ## Put files as a fleet's come, follow each to the query, check every line: LOADTEST="-rate 50 -for 10m"
	go run ./loadtest/run $(LOADTEST)

.PHONY: loadtest-results
loadtest-results: ## The runs of loadtest/results, and the table of docs/performance.md; takes 45 minutes
	go run ./loadtest/run -name steady -rate 50 -for 10m -tide 0 -state $(STATE) -out loadtest/results
	go run ./loadtest/run -name burst -rate 0 -burst 5000 -state $(STATE) -out loadtest/results
	go run ./loadtest/run -name slow -rate 1 -for 20m -state $(STATE) -out loadtest/results
	go run ./loadtest/run -name faults -rate 10 -for 10m -faults 15s -state $(STATE) -out loadtest/results
	go run ./loadtest/run -docs docs/performance.md

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check style and the layer rules
	$(TOOLS)/golangci-lint run ./...

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint ## Format the code
	$(TOOLS)/golangci-lint fmt ./...

$(TOOLS)/golangci-lint: Makefile
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: vuln
vuln: $(TOOLS)/govulncheck ## Check what is used for known vulnerabilities; needs the network
	@.ci/vuln $(TOOLS)/govulncheck

$(TOOLS)/govulncheck: Makefile
	GOBIN=$(TOOLS) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

.PHONY: tidy
tidy: ## Check that go.mod is what the code needs
	go mod tidy -diff

.PHONY: layers
layers: ## Check what is linked into which program, and that all builds without cgo
	.ci/layers

.PHONY: terraform
terraform: ## Check terraform/ with mocked providers; says so where there is nothing to check it with
	@.ci/terraform

.PHONY: terraform-schemas
terraform-schemas: ## Take the arguments of Google's provider anew, from the npm registry
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
		npm pack --silent --pack-destination "$$dir" @cdktf/provider-google@$(CDKTF_VERSION) >/dev/null && tar -xzf "$$dir"/*.tgz -C "$$dir" && \
		cd terraform/standin && go run ./extract "$$dir/package" .. >"$$dir/google.json" && mv "$$dir/google.json" google.json

.PHONY: function-zip
function-zip: ## Pack the source of the managed function into dist/function.zip
	go run ./functions/archive -o dist/function.zip

.PHONY: dist
dist: ## Build the three programs for this machine's kind, packed for a release, into dist/
	@mkdir -p dist/bin
	go build -trimpath -ldflags='-s -w' -o dist/bin/ ./cmd/seneka ./forwarder ./cmd/loader
	tar -czf dist/seneka-$$(go env GOOS)-$$(go env GOARCH).tar.gz -C dist/bin seneka forwarder loader -C ../.. LICENSE README.md seneka.example.yaml
	rm -r dist/bin

.PHONY: checksums
checksums: ## Write dist/SHA256SUMS
	cd dist && rm -f SHA256SUMS && shasum -a 256 -- * > SHA256SUMS

.PHONY: images
images: $(TOOLS)/ko ## Build the images of forwarder and loader and push them to KO_DOCKER_REPO, as TAG (latest)
	$(TOOLS)/ko build --base-import-paths --tags $(or $(TAG),latest) ./forwarder ./cmd/loader

.PHONY: images-check
images-check: ARCHES = $(shell sed -n 's/^defaultPlatforms: \[\(.*\)\]/\1/p' .ko.yaml | sed 's/linux.//g; s/,//g')
images-check: $(TOOLS)/ko $(TOOLS)/crane ## Build the images twice for each of ARCHES, with no network and no Docker, and check them
	@.ci/images $(TOOLS)/ko $(TOOLS)/crane $(ARCHES)

.PHONY: login
login: $(TOOLS)/ko # to the registry of KO_DOCKER_REPO; for releases
	@printenv REGISTRY_PASSWORD | $(TOOLS)/ko login $(firstword $(subst /, ,$(KO_DOCKER_REPO))) --username "$$REGISTRY_USER" --password-stdin

$(TOOLS)/ko: Makefile
	GOBIN=$(TOOLS) go install github.com/google/ko@$(KO_VERSION)

$(TOOLS)/crane: Makefile
	GOBIN=$(TOOLS) go install github.com/google/go-containerregistry/cmd/crane@$(CRANE_VERSION)

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist .tools
