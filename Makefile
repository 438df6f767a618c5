SHELL := /bin/bash
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.3.0
TOOLS := $(CURDIR)/.tools
RACE ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	go test $(RACE) -timeout 15m ./...

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

.PHONY: bench-check
bench-check: ## Fail where a format's speed, as a ratio, has fallen by more than a third against what is recorded
	CGO_ENABLED=0 go run ./loadtest/bench -check loadtest/bench/recorded.json

.PHONY: bench-record
bench-record: ## Record these ratios
	CGO_ENABLED=0 go run ./loadtest/bench -record loadtest/bench/recorded.json

.PHONY: bench-go
bench-go: ## Run Go's benchmarks
	go test -run '^$$' -bench . -benchmem ./internal/format/... ./internal/row ./internal/forward

.PHONY: start
start: ## Measure the loader from its start to the first request that it serves, and its binary
	go run ./loadtest/start

.PHONY: large
large: ## Let files of LARGE bytes (2G) pass forwarder and loader, and measure their memory
	go test ./cmd/seneka -run '^TestLargeFiles$$' -large $(or $(LARGE),2G) -count 1 -v -timeout 3h

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

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin .tools
