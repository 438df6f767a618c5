package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/object"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the end-to-end tests; 0 draws one")

// newRand returns a source of chance whose seed a failed test shows.
func newRand(t *testing.T) *rand.Rand {
	seed := cmp.Or(*seedFlag, rand.Uint64())
	t.Logf("again with the same choices: go test ./cmd/seneka -run '^%s$' -seed %d", t.Name(), seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// Forwarder and loader are killed again and again while files come; every notification comes three
// times, in any order. Every line is there once.
func TestEachLineOnce(t *testing.T) {
	t.Parallel()
	rng := newRand(t)
	p := startPipeline(t, freePorts()...)
	p.slowDown(t)
	notes := p.collectNotes(t)
	p.startForwarder(t)
	p.startLoader(t)

	files := corpus(t, rng)
	shuffle(rng, files)
	copies := p.putAll(t, rng, files, notes)
	files = slices.DeleteFunc(files, func(f logFile) bool { return f.outcome == "" })
	// What came once only must do: it was not lost when a program died.
	p.awaitEmpty(t)
	notes.await(t, len(files))
	p.awaitLoads(t, files, 1)
	for _, m := range notes.fresh() {
		copies = append(copies, func() { p.publish(t, m) }, func() { p.publish(t, m) })
	}
	p.repeat(t, rng, copies)
	p.awaitLoads(t, files, 3)
	p.change(t, files)

	p.checkRows(t, files)
	p.checkRejects(t, files)
	p.checkClaims(t, files)
	p.checkParked(t)
	p.awaitEmpty(t)
	p.forwarder.stop(t, forwarderDrain)
	p.loader.stop(t, loaderDrain)
	p.cloud.stop(t, cloudDrain)
}

// perRound is how many files are put, and how many copies are sent, between two strikes.
func perRound() int {
	if testing.Short() {
		return 16
	}
	return 3
}

// putAll puts the files while the programs die. Of each file's notifications there are two more
// copies: some it sends meanwhile, the others it returns.
func (p *pipeline) putAll(t *testing.T, rng *rand.Rand, files []logFile, notes *notes) (late []func()) {
	t.Helper()
	var soon []func()
	twice := func(send func()) {
		if rng.IntN(2) == 0 {
			soon = append(soon, send, send)
		} else {
			late = append(late, send, send)
		}
	}
	for batch := range slices.Chunk(files, perRound()) {
		p.strike(t, rng, func() {
			for _, f := range batch {
				etag := p.put(t, f.key, f.data)
				twice(func() { p.send(t, eventCopy(t, rng, p.ready.S3Bucket, f, etag)) })
			}
			for _, m := range notes.fresh() {
				twice(func() { p.publish(t, m) })
			}
			shuffle(rng, soon)
			for _, send := range soon[:len(soon)/2] {
				send()
			}
			soon = soon[len(soon)/2:]
		})
	}
	return append(late, soon...)
}

// repeat sends copies in any order while the programs die.
func (p *pipeline) repeat(t *testing.T, rng *rand.Rand, copies []func()) {
	t.Helper()
	shuffle(rng, copies)
	for batch := range slices.Chunk(copies, 2*perRound()) {
		p.strike(t, rng, func() {
			for _, send := range batch {
				send()
			}
		})
	}
}

func shuffle[E any](rng *rand.Rand, s []E) {
	rng.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// strike gives the programs work and, in the middle of it, ends one of them, or both, and starts it
// again.
func (p *pipeline) strike(t *testing.T, rng *rand.Rand, work func()) {
	t.Helper()
	p.forwarder.awaitOutput(t, "receiving")
	p.loader.awaitOutput(t, "listening")
	work()
	time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond) // any moment will do
	switch rng.IntN(8) {
	case 0, 1:
		p.forwarder.kill()
		p.startForwarder(t)
	case 2, 3, 4:
		p.loader.kill()
		p.startLoader(t)
	case 5:
		p.forwarder.kill()
		p.loader.kill()
		p.startForwarder(t)
		p.startLoader(t)
	case 6:
		p.forwarder.stop(t, forwarderDrain)
		p.startForwarder(t)
	case 7:
		p.loader.stop(t, loaderDrain)
		p.startLoader(t)
	}
}

// awaitLoads waits until each file has come to its outcome and, with it, each of its deliveries to
// theirs: a file that is loaded is a duplicate from then on.
func (p *pipeline) awaitLoads(t *testing.T, files []logFile, deliveries int64) {
	t.Helper()
	await(t, "loads of all files", func() (bool, string) {
		found := p.ask(t, "SELECT CONCAT(outcome, ' ', source_file), COUNT(*) FROM logs.seneka_loads GROUP BY 1")
		count := func(outcome, key string) int64 {
			if v := found[outcome+" "+p.file(key)]; v != nil {
				return v[0].(int64)
			}
			return 0
		}
		var missing []string
		for _, f := range files {
			done := count(f.outcome, f.key) >= deliveries
			if f.outcome == "loaded" {
				done = count("loaded", f.key) == 1 && count("duplicate", f.key) >= deliveries-1
			}
			if !done {
				missing = append(missing, f.outcome+" "+f.key)
			}
		}
		return len(missing) == 0, fmt.Sprintf("%d of %d files are not done: %q; found %v", len(missing), len(files), missing, found)
	})
}

// change puts other lines under the key of a file that is loaded: they are not, and that is
// recorded.
func (p *pipeline) change(t *testing.T, files []logFile) {
	t.Helper()
	i := slices.IndexFunc(files, func(f logFile) bool { return f.outcome == "loaded" })
	p.put(t, files[i].key, asText(realLines(t)[:1]))
	await(t, "record of a changed file", func() (bool, string) {
		found := p.ask(t, "SELECT source_file, reason FROM logs.seneka_loads WHERE outcome = 'changed'")
		return len(found) == 1 && found[p.file(files[i].key)] != nil, fmt.Sprint(found)
	})
}

// checkRows compares the table with the files.
func (p *pipeline) checkRows(t *testing.T, files []logFile) {
	t.Helper()
	got, want := map[string]rows{}, map[string]rows{}
	for file, v := range p.ask(t, rowsQuery) {
		got[file] = rows{v[0].(int64), v[1].(int64), v[2].(int64)}
	}
	for _, f := range files {
		if f.rows.count > 0 {
			want[p.file(f.key)] = f.rows
		}
	}
	for file, w := range want {
		if got[file] != w {
			t.Errorf("%s: rows, lines and sum are %v, want %v", file, got[file], w)
		}
	}
	for file, g := range got {
		if _, ok := want[file]; !ok {
			t.Errorf("%s: %v, want nothing", file, g)
		}
	}
}

// checkRejects compares the reject log with the bad lines, and looks for the reasons of rejected
// files.
func (p *pipeline) checkRejects(t *testing.T, files []logFile) {
	t.Helper()
	got := p.ask(t, "SELECT CONCAT(source_file, '#', CAST(source_line AS STRING)), byte_offset, reason FROM logs.seneka_rejects")
	want := map[string]bool{}
	for _, f := range files {
		for line, offset := range f.bad() {
			at := fmt.Sprintf("%s#%d", p.file(f.key), line)
			want[at] = true
			if v := got[at]; v == nil || v[0] != bigquery.Value(offset) || v[1] == "" {
				t.Errorf("reject %s: %v, want offset %d and a reason", at, v, offset)
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d rejects, want %d: %v", len(got), len(want), got)
	}
	reasons := p.ask(t, "SELECT source_file, STRING_AGG(DISTINCT reason) FROM logs.seneka_loads WHERE outcome = 'rejected' GROUP BY 1")
	for _, f := range files {
		if f.outcome == "rejected" && !strings.Contains(fmt.Sprint(reasons[p.file(f.key)]), f.reason) {
			t.Errorf("%s is rejected because %v, want %q", f.key, reasons[p.file(f.key)], f.reason)
		}
	}
}

// gcs returns a client of Cloud Storage.
func (p *pipeline) gcs(t *testing.T) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context(), option.WithEndpoint(p.ready.GCS+"/storage/v1/"), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// ledger reads the objects of the ledger below a prefix.
func (p *pipeline) ledger(t *testing.T, prefix string) map[string][]byte {
	t.Helper()
	bucket := p.gcs(t).Bucket("seneka-ledger")
	all := map[string][]byte{}
	for list := bucket.Objects(t.Context(), &storage.Query{Prefix: prefix}); ; {
		o, err := list.Next()
		if errors.Is(err, iterator.Done) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		r, err := bucket.Object(o.Name).NewReader(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all[o.Name], err = io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatalf("%s: %v", o.Name, err)
		}
	}
}

// checkClaims counts the claims in the ledger: one per file that is loaded, none of any other.
func (p *pipeline) checkClaims(t *testing.T, files []logFile) {
	t.Helper()
	want := map[string]bool{}
	for _, f := range files {
		if f.outcome == "loaded" {
			want[object.ClaimName(object.Source{Bucket: p.ready.S3Bucket, Key: f.key}, "logs.alb")] = true
		}
	}
	for name := range p.ledger(t, "claims/") {
		if !want[name] {
			t.Errorf("the ledger has %s, the claim of no file that is loaded", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("the ledger lacks %d claims", len(want))
	}
}
