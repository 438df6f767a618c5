package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/seneka-io/seneka/loadtest/program"
)

const project = "local"

// loader is one that runs.
type loader struct {
	*program.Program
	url, metrics string
	client       *http.Client
}

// perLoad is the memory that each load has from the start, by docs/performance.md, and leastBudget what the loader
// has unless it is told otherwise.
const perLoad, leastBudget = 8 << 20, 96 << 20

// startLoader starts the loader at path, with its files below folder and memory for so many loads at a time, and
// returns once it listens. hosts lead to the services.
func startLoader(ctx context.Context, path, folder, ledger string, hosts map[string]string, atATime int) (*loader, error) {
	config := fmt.Sprintf("project: %s\nlanding: gs://%s\nledger: gs://%s\nqueue: https://sqs.us-east-1.amazonaws.com/123456789012/seneka\n"+
		"sources:\n  - name: alb\n    match: s3://%s/**\n    format: alb\n    table: logs.alb\n", project, landing, ledger, source)
	name := filepath.Join(folder, "seneka.yaml")
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		return nil, err
	}
	ports, err := program.FreePorts(2)
	if err != nil {
		return nil, err
	}
	env := map[string]string{
		"SENEKA_CONFIG": name, "SENEKA_LISTEN": "127.0.0.1", "PORT": ports[0], "SENEKA_METRICS_PORT": ports[1],
		"SENEKA_MAX_BYTES": strconv.Itoa(max(leastBudget, atATime*perLoad)), "SENEKA_LOG_LEVEL": "warn",
	}
	maps.Copy(env, hosts)
	p, err := program.Start(path, env, filepath.Join(folder, "loader.log"))
	if err != nil {
		return nil, err
	}
	l := &loader{
		Program: p, url: "http://127.0.0.1:" + ports[0] + "/", metrics: "http://127.0.0.1:" + ports[1] + "/metrics",
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atATime}},
	}
	if err := p.Await(ctx, l.url+"healthz"); err != nil {
		l.Kill()
		return nil, err
	}
	return l, nil
}

func (l *loader) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return l.do(req)
}

// push delivers a notification. An answer other than that the file is loaded is an error.
func (l *loader) push(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = l.do(req)
	return err
}

func (l *loader) do(req *http.Request) ([]byte, error) {
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the loader answers %s: %s", resp.Status, text)
	}
	return text, err
}
