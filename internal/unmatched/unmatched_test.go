package unmatched

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// ledger is a bucket.
type ledger struct {
	mu      sync.Mutex
	objects map[string][]byte
	puts    int
	fails   error
	hangs   bool
}

func (l *ledger) Put(ctx context.Context, name string, data []byte, generation int64) error {
	if l.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.puts++
	switch {
	case l.fails != nil:
		return l.fails
	case generation != 0 || l.objects[name] != nil:
		return errkind.With(errkind.Exists, errors.New("412"))
	}
	l.objects[name] = data
	return nil
}

// bench is a recorder with its ledger and its log.
type bench struct {
	*Recorder
	ledger *ledger
	said   *bytes.Buffer
}

func newBench() bench {
	l, said := &ledger{objects: map[string][]byte{}}, &bytes.Buffer{}
	return bench{New(l, slog.New(slog.NewTextHandler(said, nil)), time.Now), l, said}
}

func file(key string) object.Source { return object.Source{Bucket: "b", Key: key} }

func TestNoteOncePerPrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		for hour := range 48 {
			b.Note(t.Context(), file(fmt.Sprintf("app/2026/01/%02d/%02d/x.gz", hour/24+1, hour%24)))
			b.Note(t.Context(), file(fmt.Sprintf("top-%d.txt", hour)))
		}
		b.Note(t.Context(), object.Source{Store: object.GCS, Bucket: "b", Key: "app/2026/x.gz"})
		if b.ledger.puts != 3 || len(b.ledger.objects) != 3 || strings.Count(b.said.String(), "\n") != 3 {
			t.Errorf("%d writes, %d records, log:\n%s\nwant one of each for each of three prefixes", b.ledger.puts, len(b.ledger.objects), b.said)
		}
		var got Record
		name := object.UnmatchedName(file(""), "app/*/*/*/*/")
		if err := json.Unmarshal(b.ledger.objects[name], &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := Record{Bucket: "s3://b", Prefix: "app/*/*/*/*/", Example: "s3://b/app/2026/01/01/00/x.gz", FirstSeen: time.Now().UTC()}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("recorded %+v, want %+v", got, want)
		}
		if !strings.Contains(b.said.String(), "prefix=s3://b/app/*/*/*/*/ example=s3://b/app/2026/01/01/00/x.gz") {
			t.Errorf("the log says %s", b.said)
		}
	})
}

// Another process that finds the record there leaves it, and is done with the prefix.
func TestNoteOfTwoProcesses(t *testing.T) {
	first := newBench()
	first.Note(t.Context(), file("a/1"))
	second := New(first.ledger, slog.New(slog.DiscardHandler), time.Now)
	second.Note(t.Context(), file("a/2"))
	second.Note(t.Context(), file("a/3"))
	record := string(first.ledger.objects[object.UnmatchedName(file(""), "a/")])
	if first.ledger.puts != 2 || !strings.Contains(record, "s3://b/a/1") {
		t.Errorf("%d writes; the record is %s", first.ledger.puts, record)
	}
}

// A ledger that fails is tried again, but not with each file; one that hangs holds nobody up for long.
func TestNoteWithoutLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.ledger.fails = errors.New("403")
		for range 100 {
			b.Note(t.Context(), file("a/1"))
		}
		if b.ledger.puts != 1 || !strings.Contains(b.said.String(), "cannot record") {
			t.Errorf("%d writes; log:\n%s", b.ledger.puts, b.said)
		}
		b.ledger.fails, b.ledger.hangs = nil, true
		time.Sleep(retry)
		start := time.Now()
		b.Note(t.Context(), file("a/1"))
		if waited := time.Since(start); waited != patience {
			t.Errorf("it waited %s, want %s", waited, patience)
		}
		b.ledger.hangs = false
		time.Sleep(retry)
		b.Note(t.Context(), file("a/1"))
		if len(b.ledger.objects) != 1 {
			t.Error("the record is not there, though the ledger is")
		}
	})
}

func TestNoteIsBounded(t *testing.T) {
	b := newBench()
	for i := range 2 * most {
		name := strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(i)) // letters, no number
		b.Note(t.Context(), file(name+"/x"))
	}
	if b.ledger.puts != most || len(b.seen) > most+1 || strings.Count(b.said.String(), "many prefixes") != 1 {
		t.Errorf("%d writes, %d prefixes kept; want %d, and that said once", b.ledger.puts, len(b.seen), most)
	}
}

func TestNoteConcurrently(t *testing.T) {
	b := newBench()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() { b.Note(t.Context(), file(fmt.Sprintf("a/%d", i))) })
	}
	wg.Wait()
	if b.ledger.puts != 1 {
		t.Errorf("%d writes, want one", b.ledger.puts)
	}
}

func TestPrefix(t *testing.T) {
	for key, want := range map[string]string{
		"x.log":                   "",
		"":                        "",
		"a/b/x.log":               "a/b/",
		"a//x.log":                "a//",
		"2026/01/02/03/x.log":     "*/*/*/*/",
		"dt=2026-01-02/hour=03/x": "dt=*/hour=*/",
		"2026-01-02T03:04:05Z/x":  "*Z/",
		"20260102T03/x":           "*/",
		"AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/01/02/x.gz": "AWSLogs/*/elasticloadbalancing/us-east-*/*/*/*/",
		"aws-ec2/v2/x": "aws-ec*/v*/",
		"jobs/550e8400-e29b-41d4-a716-446655440000/x":                    "jobs/*/",
		"jobs/550e8400-abcd-41d4-a716-446655440000/x":                    "jobs/*/",
		"commits/9fceb02d0ae598e95dc970b74767f19372d61af8/x":             "commits/*/",
		"i-0abc12/x7Gk2Lp9QwZz/x":                                        "i-*/*/",
		"a/b/c/d/e/f/g/h/i/j/x":                                          "a/b/c/d/e/f/g/h/",
		strings.Repeat("k", 300) + "/" + strings.Repeat("l", 300) + "/x": strings.Repeat("k", 300) + "/",
	} {
		if got := Prefix(key); got != want {
			t.Errorf("Prefix(%q) = %q, want %q", key, got, want)
		}
	}
}
