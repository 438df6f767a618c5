package contract

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
)

const (
	gcsPreconditions = "https://cloud.google.com/storage/docs/request-preconditions"
	gcsConsistency   = "https://cloud.google.com/storage/docs/consistency"
	gcsRetries       = "https://cloud.google.com/storage/docs/retry-strategy#idempotency"
)

// Ledger is a bucket of claims, as load.Ledger says.
type Ledger struct {
	Get func(ctx context.Context, name string) (data []byte, generation int64, err error)
	Put func(ctx context.Context, name string, data []byte, generation int64) error
	// Twice has the next write arrive twice and answers with the second answer, as when the first
	// is lost and the client sends it again; nil if the service cannot.
	Twice func()
}

// TestLedger tests the bucket that open returns.
func TestLedger(t *testing.T, open func(t *testing.T) *Ledger) {
	run(t, open, []clause[*Ledger]{
		{"a claim that is missing is not found", gcsConsistency, missingClaim},
		{"what was written is read", gcsConsistency, readAfterWrite},
		{"a claim is made once", gcsPreconditions, madeOnce},
		{"a claim is replaced by its generation only", gcsPreconditions, replaced},
		{"one of many writers wins", gcsPreconditions, oneWinner},
		{"one's own write, sent again, is refused", gcsRetries, sentTwice},
	})
}

func (l *Ledger) want(t *testing.T, name, want string) (generation int64) {
	t.Helper()
	data, generation, err := l.Get(t.Context(), name)
	if err != nil || string(data) != want || generation == 0 {
		t.Errorf("Get(%s) = %q, generation %d, %v; want %q", name, data, generation, err, want)
	}
	return generation
}

func missingClaim(t *testing.T, l *Ledger) {
	_, _, err := l.Get(t.Context(), "claims/none.json")
	wantKind(t, "Get", err, errkind.NotFound)
	wantKind(t, "Put in place of a generation", l.Put(t.Context(), "claims/none.json", []byte("x"), 7), errkind.Exists)
}

func readAfterWrite(t *testing.T, l *Ledger) {
	mustDo(t, "Put", l.Put(t.Context(), "claims/a.json", []byte("one"), 0))
	if a, b := l.want(t, "claims/a.json", "one"), l.want(t, "claims/a.json", "one"); a != b {
		t.Errorf("generation %d, then %d without a write between", a, b)
	}
}

func madeOnce(t *testing.T, l *Ledger) {
	mustDo(t, "Put", l.Put(t.Context(), "claims/a.json", []byte("one"), 0))
	wantKind(t, "Put again", l.Put(t.Context(), "claims/a.json", []byte("two"), 0), errkind.Exists)
	l.want(t, "claims/a.json", "one")
}

func replaced(t *testing.T, l *Ledger) {
	mustDo(t, "Put", l.Put(t.Context(), "claims/a.json", []byte("one"), 0))
	first := l.want(t, "claims/a.json", "one")
	mustDo(t, "Put in its place", l.Put(t.Context(), "claims/a.json", []byte("two"), first))
	second := l.want(t, "claims/a.json", "two")
	if second == first {
		t.Error("the generation stayed")
	}
	wantKind(t, "Put in the first's place", l.Put(t.Context(), "claims/a.json", []byte("three"), first), errkind.Exists)
	l.want(t, "claims/a.json", "two")
}

func oneWinner(t *testing.T, l *Ledger) {
	var wg sync.WaitGroup
	var won atomic.Int64
	for range 8 {
		wg.Go(func() {
			err := l.Put(t.Context(), "claims/a.json", []byte("x"), 0)
			if err == nil {
				won.Add(1)
			} else if !errkind.Is(err, errkind.Exists) {
				t.Errorf("Put: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers won, want one", won.Load())
	}
}

func sentTwice(t *testing.T, l *Ledger) {
	if l.Twice == nil {
		return
	}
	l.Twice()
	wantKind(t, "Put that arrives twice", l.Put(t.Context(), "claims/a.json", []byte("one"), 0), errkind.Exists)
	l.want(t, "claims/a.json", "one")
}
