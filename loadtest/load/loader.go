package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

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
	ports, err := freePorts(2)
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
	if err := l.await(ctx); err != nil {
		l.Kill()
		return nil, err
	}
	return l, nil
}

// freePorts returns ports that nobody listens on.
func freePorts(n int) (ports []string, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // for the program to listen there
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}

// await returns once the loader answers.
func (l *loader) await(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	for {
		if _, err := l.get(ctx, l.url+"healthz"); err == nil {
			return nil
		}
		if err := l.Failure(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("the loader does not listen within a minute")
		case <-time.After(10 * time.Millisecond):
		}
	}
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
