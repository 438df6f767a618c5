// Command start measures how long the loader takes from its start to the first request that it serves, beside a
// Go HTTP server that does nothing, started in the same way: see make start. It runs in the module's folder.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/loadtest/markdown"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		os.Exit(1)
	}
}

// program is one that serves PORT.
type program struct {
	name, pkg string
	took      []time.Duration
	size      int64 // bytes of its binary, without symbols
}

// run builds the programs, starts each in turn, again and again, and prints the medians.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("start", flag.ContinueOnError)
	rounds := flags.Int("n", 20, "how often each program is started")
	inits := flags.Bool("inits", false, "list what the loader does at its start, before main, by time")
	docs := flags.String("docs", "", "put the table between the marks of this Markdown file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "seneka-start")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // no harm if some of it stays
	programs := []*program{
		{name: "an HTTP server that does nothing", pkg: "./loadtest/start/nothing"},
		{name: "cmd/loader", pkg: "./cmd/loader"},
		{name: "the managed function", pkg: "./loadtest/start/function"},
	}
	for _, p := range programs {
		if err := p.build(folder); err != nil {
			return err
		}
	}
	environment, err := settings(folder)
	if err != nil {
		return err
	}
	if *inits {
		return listInits(filepath.Join(folder, "loader"), environment, out)
	}
	for range *rounds {
		for _, p := range programs {
			took, err := start(p.path(folder), environment)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			p.took = append(p.took, took)
		}
	}
	text := report(programs)
	if *docs != "" {
		return markdown.Embed(*docs, "start", text)
	}
	_, err = io.WriteString(out, text)
	return err
}

func (p *program) path(folder string) string { return filepath.Join(folder, filepath.Base(p.pkg)) }

// build builds the program as releases are.
func (p *program) build(folder string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", p.path(folder), p.pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", p.pkg, err, text)
	}
	info, err := os.Stat(p.path(folder))
	if err != nil {
		return err
	}
	p.size = info.Size()
	return nil
}

// settings writes a configuration of one source and returns the environment of the programs. Nobody listens
// where it says that the services are: the first request needs none.
func settings(folder string) ([]string, error) {
	const config = `project: acme-logs
landing: gs://acme-seneka-landing
ledger: gs://acme-seneka-ledger
queue: https://sqs.us-east-1.amazonaws.com/123456789012/seneka
sources:
  - name: alb
    match: s3://acme-elb-logs/**
    format: alb
    table: logs.alb
`
	path := filepath.Join(folder, "seneka.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	const nobody = "127.0.0.1:1"
	return append(os.Environ(), "SENEKA_CONFIG="+path, "STORAGE_EMULATOR_HOST=http://"+nobody, "BIGQUERY_EMULATOR_HOST="+nobody,
		"BIGQUERY_STORAGE_EMULATOR_HOST="+nobody, "SENEKA_LISTEN=127.0.0.1"), nil
}

// push tells of an object that was removed, which the loader acknowledges without asking anybody.
const push = `{"message":{"attributes":{"eventType":"OBJECT_DELETE","bucketId":"acme-seneka-landing","objectId":"acme-elb-logs/file.log.gz","objectGeneration":"1"},` +
	`"messageId":"1","publishTime":"2026-11-01T00:00:00Z"},"subscription":"projects/acme-logs/subscriptions/seneka"}`

// start starts a program and returns how long it took until it had answered a push.
func start(path string, environment []string) (time.Duration, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close() // for the program to listen there
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, path)
	cmd.Env = append(environment, "PORT="+port)
	cmd.Stdout, cmd.Stderr = &log, &log
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = ask(ctx, "http://"+address+"/")
	took := time.Since(begun)
	_ = cmd.Process.Kill() // it has nothing to finish
	_ = cmd.Wait()         // of which that is the error
	if err != nil {
		return 0, fmt.Errorf("%w; it says: %s", err, &log)
	}
	return took, nil
}

// ask posts the push until somebody answers.
func ask(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(push))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err == nil {
			text, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close() // all of it was read
			if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
				err = fmt.Errorf("it answers %s: %s", resp.Status, text)
			}
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(time.Millisecond):
		}
	}
}

// report returns the medians as a Markdown table.
func report(programs []*program) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %d processors, %s, %s; each started %d times.\n\n", markdown.Machine(), runtime.NumCPU(), runtime.Version(), time.Now().Format(time.DateOnly), len(programs[0].took))
	fmt.Fprintln(&out, "| program | binary | first request, median | times the first line |")
	fmt.Fprintln(&out, "| --- | --: | --: | --: |")
	for _, p := range programs {
		fmt.Fprintf(&out, "| %s | %.1f MB | %.0f ms | %.1f |\n", p.name, float64(p.size)/1e6, float64(p.median().Microseconds())/1e3, float64(p.median())/float64(programs[0].median()))
	}
	return out.String()
}

func (p *program) median() time.Duration {
	sorted := slices.Sorted(slices.Values(p.took))
	return sorted[len(sorted)/2]
}

// listInits prints what the packages of the loader did before main, as Go's runtime tells it, the longest first.
func listInits(path string, environment []string, out io.Writer) error {
	cmd := exec.Command(path)
	cmd.Env = append(environment, "GODEBUG=inittrace=1", "SENEKA_CONFIG=") // it ends at once
	text, _ := cmd.CombinedOutput()
	type item struct {
		pkg            string
		clock          float64 // ms
		bytes, objects int
	}
	var all []item
	var total item
	for line := range strings.Lines(string(text)) {
		var i item
		var at float64
		if n, _ := fmt.Sscanf(line, "init %s @%g ms, %g ms clock, %d bytes, %d allocs", &i.pkg, &at, &i.clock, &i.bytes, &i.objects); n < 5 {
			continue
		}
		all = append(all, i)
		total.clock, total.bytes, total.objects = total.clock+i.clock, total.bytes+i.bytes, total.objects+i.objects
	}
	if len(all) == 0 {
		return fmt.Errorf("the loader does not tell what it does before main: %s", text)
	}
	slices.SortFunc(all, func(a, b item) int { return int(1e6 * (b.clock - a.clock)) })
	fmt.Fprintf(out, "| package | ms | bytes | allocations |\n| --- | --: | --: | --: |\n")
	for _, i := range append(all[:min(len(all), 15)], item{"all " + fmt.Sprint(len(all)), total.clock, total.bytes, total.objects}) {
		fmt.Fprintf(out, "| %s | %.2f | %d | %d |\n", i.pkg, i.clock, i.bytes, i.objects)
	}
	return nil
}
