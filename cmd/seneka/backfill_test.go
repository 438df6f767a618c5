package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seneka-io/seneka/internal/backfill"
)

// history returns n small files as a load balancer names them, over some days.
func history(t *testing.T, rng *rand.Rand, folder string, n int) []logFile {
	t.Helper()
	lines := realLines(t)
	var files []logFile
	for i := range n {
		some := sample(rng, lines, 1+rng.IntN(8))
		key := fmt.Sprintf("%s/123456789012/elasticloadbalancing/us-east-1/2026/01/%02d/f-%04d.log", folder, 1+i%28, i)
		files = append(files, logFile{key: key, data: asText(some), lines: some, outcome: "loaded", rows: rowsOf(t, some)})
	}
	return files
}

// putFiles puts files, several at a time.
func (p *pipeline) putFiles(t *testing.T, files []logFile) {
	t.Helper()
	var group sync.WaitGroup
	for part := range slices.Chunk(files, len(files)/4+1) {
		group.Go(func() {
			for _, f := range part {
				p.put(t, f.key, f.data)
			}
		})
	}
	group.Wait()
}

// backfilling is a seneka backfill --json under way.
type backfilling struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	begun  chan string // its ID
	ended  chan struct{}
	lines  []map[string]any // that it printed, once ended is closed
}

// startBackfill starts a backfill with nothing but the local cloud's settings in its environment.
func (p *pipeline) startBackfill(t *testing.T, args ...string) *backfilling {
	t.Helper()
	b := &backfilling{cmd: exec.Command("seneka", append([]string{"backfill", "--json"}, args...)...), begun: make(chan string, 1), ended: make(chan struct{})}
	b.cmd.Env = []string{"HOME=" + t.TempDir()}
	for k, v := range p.ready.Environment() {
		b.cmd.Env = append(b.cmd.Env, k+"="+v)
	}
	b.cmd.Stderr = &b.stderr
	stdout, err := b.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go b.read(t, stdout)
	t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		<-b.ended
	})
	return b
}

func (b *backfilling) read(t *testing.T, stdout io.Reader) {
	defer close(b.ended)
	dec := json.NewDecoder(stdout)
	for {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("backfill printed what is no JSON: %v", err)
			}
			break
		}
		b.lines = append(b.lines, line)
		if line["type"] == "begin" {
			b.begun <- line["id"].(string)
		}
	}
	_ = b.cmd.Wait() // the exit code is looked at
}

// wait waits for the end and checks the exit code. It returns what the last line says.
func (b *backfilling) wait(t *testing.T, code int) map[string]any {
	t.Helper()
	select {
	case <-b.ended:
	case <-time.After(patience):
		t.Fatalf("backfill still runs after %s: %s", patience, &b.stderr)
	}
	if got := b.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("backfill ended with exit code %d, want %d: %s%v", got, code, &b.stderr, b.lines[max(0, len(b.lines)-5):])
	}
	if len(b.lines) == 0 {
		return nil
	}
	return b.lines[len(b.lines)-1]
}

// toDo returns how many files the plan had.
func (b *backfilling) toDo() (n float64) {
	for _, s := range b.lines[0]["sources"].([]any) {
		n += s.(map[string]any)["to_do"].(map[string]any)["files"].(float64)
	}
	return n
}

// The same files come live and by two backfills at the same time, and again: every line is there once.
func TestBackfillBesideLiveTraffic(t *testing.T) {
	rng := newRand(t)
	p := startPipeline(t, freePorts()...)
	p.startLoader(t)
	p.awaitLoader(t)
	files := history(t, rng, "AWSLogs", 200)
	shuffle(rng, files)
	p.putFiles(t, files[:120])

	p.startForwarder(t)
	url := "s3://" + p.ready.S3Bucket + "/AWSLogs/"
	first := p.startBackfill(t, "--yes", "--rate", "0", url)
	direct := p.startBackfill(t, "--yes", "--rate", "0", "--direct", url)
	p.putFiles(t, files[120:])
	if end := first.wait(t, exitOK); end["type"] == "end" && end["state"] != "done" {
		t.Errorf("the first ended with %v", end)
	}
	direct.wait(t, exitOK)
	p.awaitEmpty(t)
	p.awaitOutcome(t, len(files))
	p.checkRows(t, files)

	again := p.startBackfill(t, "--yes", url)
	if end := again.wait(t, exitOK); end["type"] != "plan" || again.toDo() != 0 {
		t.Errorf("again, %v files are to do, and it ends with %v", again.toDo(), end)
	}
	p.forwarder.stop(t, forwarderDrain)
	p.loader.stop(t, loaderDrain)

	// What came while nobody was there is loaded without the loader.
	late := history(t, rng, "late", 40)
	p.putFiles(t, late)
	alone := p.startBackfill(t, "--yes", "--rate", "0", "--direct", "s3://"+p.ready.S3Bucket+"/")
	if end := alone.wait(t, exitOK); end["state"] != "done" || end["done"] != 40.0 {
		t.Errorf("the direct one ended with %v", end)
	}
	files = append(files, late...)
	p.checkRows(t, files)
	p.checkGzipped(t, late)

	// Then the events of these come after all.
	p.startLoader(t)
	p.startForwarder(t)
	p.awaitEmpty(t)
	p.checkRows(t, files)
	p.checkClaims(t, files)
	p.checkParked(t)
}

// checkGzipped checks that the copies of plain files are gzipped, but for small ones.
func (p *pipeline) checkGzipped(t *testing.T, files []logFile) {
	t.Helper()
	landing := p.gcs(t).Bucket("seneka-landing")
	for _, f := range files {
		r, err := landing.Object(p.ready.S3Bucket + "/" + f.key).NewReader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		plain, err := gunzipped(got)
		if err != nil || !bytes.Equal(plain, f.data) || (len(f.data) >= 1024) != (len(got) < len(f.data)) {
			t.Errorf("%s: landing has %d bytes of %d, %v", f.key, len(got), len(f.data), err)
		}
	}
}

// awaitOutcome waits until so many files are loaded.
func (p *pipeline) awaitOutcome(t *testing.T, files int) {
	t.Helper()
	await(t, "loads", func() (bool, string) {
		n := p.loadedFiles(t)
		return n == files, fmt.Sprintf("%d of %d files are loaded", n, files)
	})
}

func (p *pipeline) loadedFiles(t *testing.T) int {
	t.Helper()
	return len(p.ask(t, "SELECT source_file, COUNT(*) FROM logs.seneka_loads WHERE outcome = 'loaded' GROUP BY 1"))
}

// A backfill is killed again and again and goes on elsewhere; then the events come too.
func TestBackfillIsKilled(t *testing.T) {
	rng := newRand(t)
	p := startPipeline(t, freePorts()...)
	p.startLoader(t)
	files := history(t, rng, "AWSLogs", 100)
	p.putFiles(t, files)
	var id string
	for kills := range 4 {
		before := p.loadedFiles(t)
		args := []string{"--rate", "40", "--resume", id}
		if id == "" {
			args = []string{"--rate", "40", "--yes", "s3://" + p.ready.S3Bucket + "/"}
		}
		b := p.startBackfill(t, args...)
		select {
		case id = <-b.begun:
		case <-b.ended:
			t.Fatalf("backfill ended: %v %s", b.lines, &b.stderr)
		}
		await(t, "some loads", func() (bool, string) {
			n := p.loadedFiles(t)
			return n >= min(before+kills*5, len(files)), fmt.Sprintf("%d files are loaded", n)
		})
		time.Sleep(time.Duration(rng.IntN(300)) * time.Millisecond) // any moment will do
		if err := b.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-b.ended
	}
	last := p.startBackfill(t, "--rate", "0", "--resume", id)
	if end := last.wait(t, exitOK); end["state"] != "done" || end["failed"] != 0.0 {
		t.Errorf("it ended with %v", end)
	}
	p.checkRows(t, files)
	p.startForwarder(t)
	p.awaitEmpty(t)
	p.checkRows(t, files)
	p.checkClaims(t, files)
	p.checkParked(t)
}

// Told to stop, a backfill says how to go on; files that fail are named; a loader that is down is
// noticed.
func TestBackfillEnds(t *testing.T) {
	rng := newRand(t)
	p := startPipeline(t, freePorts()...)
	files := history(t, rng, "AWSLogs", 60)
	p.putFiles(t, files)
	p.put(t, "bad/not-a-log.log", []byte(strings.Repeat("nothing of a load balancer\n", 20)))
	url := "s3://" + p.ready.S3Bucket + "/"

	stalled := p.startBackfill(t, "--yes", "--rate", "0", "--ahead", "5", "--patience", "3s", url)
	if end := stalled.wait(t, exitFailed); end["state"] != "stopped" || end["failed"] != 5.0 {
		t.Errorf("without a loader it ended with %v", end)
	}
	for _, line := range stalled.lines {
		if line["type"] == "failed" && !strings.Contains(line["reason"].(string), "dead-letter") {
			t.Errorf("a file that nobody loaded: %v", line)
		}
	}

	p.startLoader(t)
	b := p.startBackfill(t, "--yes", "--rate", "10", url)
	id := <-b.begun
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if end := b.wait(t, exitInterrupted); end["state"] != "interrupted" || end["resume"] != "seneka backfill --resume "+id {
		t.Errorf("told to stop, it ended with %v", end)
	}
	if !strings.Contains(b.stderr.String(), "seneka backfill --resume "+id) {
		t.Errorf("told to stop, it says %s", &b.stderr)
	}

	rest := p.startBackfill(t, "--rate", "0", "--resume", id)
	if end := rest.wait(t, exitInvalid); end["state"] != "failed" || end["failed"] != 1.0 {
		t.Errorf("with a broken file it ended with %v", end)
	}
	i := slices.IndexFunc(rest.lines, func(l map[string]any) bool { return l["type"] == "failed" })
	if i < 0 || rest.lines[i]["file"] != url+"bad/not-a-log.log" || !strings.Contains(rest.lines[i]["reason"].(string), "20 of 20 records") {
		t.Errorf("the broken file is not named: %v", rest.lines)
	}
	p.checkRows(t, files)
}

// The command line, by scripts. Each has a local cloud with ten files in it and nobody at work.
func TestBackfillScripts(t *testing.T) {
	p := startPipeline(t, freePorts()...)
	p.putFiles(t, history(t, newRand(t), "AWSLogs", 10))
	p.put(t, "AWSLogs/readme.txt", []byte("no source takes me\n"))
	p.put(t, "AWSLogs/empty.log", nil)
	ready := p.args[slices.Index(p.args, "--ready-file")+1]
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "backfill"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("READY", ready)
			env.Setenv("BUCKET", p.ready.S3Bucket)
			return nil
		},
	})
}

// What is wrong with a command line is told before anything is connected to.
func TestBackfillMisuse(t *testing.T) {
	for _, args := range [][]string{
		{}, {"bucket/prefix"}, {"s3://"}, {"s3://a/", "s3://b/"}, {"s3://a/", "--since", "soon"}, {"s3://a/", "--until", "soon"},
		{"s3://a/", "--since", "1d", "--until", "2d"}, {"s3://a/", "--resume", "x"}, {"--resume", "x", "--dry-run"}, {"--resume", "x", "--since", "1d"},
		{"s3://a/", "--workers", "0"}, {"s3://a/", "--workers", "1001"}, {"s3://a/", "--ahead", "0"}, {"s3://a/", "--rate", "-1"},
		{"s3://a/", "--max-bytes", "0"}, {"s3://a/", "--no-such-flag"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append([]string{"backfill"}, args...), &stdout, &stderr); code != exitUsage || stdout.Len() > 0 || !strings.Contains(stderr.String(), "hint: ") {
			t.Errorf("%q: exit code %d, %s%s", args, code, &stdout, &stderr)
		}
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "100": 100, "1K": 1 << 10, "512M": 512 << 20, "2G": 2 << 30, "2GiB": 2 << 30, "2GB": 2 << 30, "1T": 1 << 40, "5B": 5} {
		var b byteSize
		if err := b.Set(text); err != nil || int64(b) != want {
			t.Errorf("Set(%q) = %d, %v; want %d", text, b, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "M", "1X", "1 M", "1.5G", "9999999999T", "99999999999999999999"} {
		if b := byteSize(7); b.Set(text) == nil || b != 7 {
			t.Errorf("Set(%q) is taken, as %d", text, b)
		}
	}
}

func TestProgressText(t *testing.T) {
	p := backfill.Progress{Files: 12000, Done: 2900, Failed: 100, Waiting: 42, Finished: 30e6, Rows: 1234567, Elapsed: 30 * time.Second}
	if got, want := progressText(p), "2,900 of 12,000 files, 1,234,567 rows, 1.0 MB/s, 100 failed, 42 with the loader, 1m30s left"; got != want {
		t.Errorf("progress is %q, want %q", got, want)
	}
	if got, want := progressText(backfill.Progress{Files: 3}), "0 of 3 files, 0 rows, 0.0 MB/s"; got != want {
		t.Errorf("progress is %q, want %q", got, want)
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{"ready.json": "ready.json", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "gs://b/x.yaml": "gs://b/x.yaml", "$(x)": "'$(x)'"} {
		if got := shellWord(word); got != want {
			t.Errorf("shellWord(%q) = %s, want %s", word, got, want)
		}
	}
}

// The bar shows what happens and is gone in the end; failures stand above it.
func TestProgressBar(t *testing.T) {
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p := &backfillPrinter{stdout: io.Discard, stderr: out, bar: &progressBar{}}
	p.begin("20260131-180000-a1b2c3")
	shown := func(text string) func() (bool, string) {
		return func() (bool, string) {
			data, err := os.ReadFile(out.Name())
			return err == nil && bytes.Contains(data, []byte(text)), string(data)
		}
	}
	p.Progress(backfill.Progress{Files: 10, Done: 4, Rows: 77, Elapsed: time.Second})
	await(t, "the bar", shown("4 of 10 files, 77 rows"))
	await(t, "its share", shown("40.00%"))
	p.Failed(backfill.Failure{File: "s3://b/k", Reason: "100% broken"})
	await(t, "the failure", shown("failed: s3://b/k: 100% broken"))
	p.Progress(backfill.Progress{Files: 10, Done: 9, Failed: 1, Elapsed: time.Second})
	p.bar.stop()
}
