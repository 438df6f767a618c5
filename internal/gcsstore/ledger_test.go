package gcsstore

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
	"github.com/seneka-io/seneka/internal/object"
)

var claim = object.ClaimName(object.Source{Bucket: "bkt", Key: "key"}, "logs.alb")

func (b *bench) ledger() *Ledger { return b.store.Ledger("ledger") }

// get reads the claim, which must be there.
func (b *bench) get(want string) (generation int64) {
	b.Helper()
	data, generation, err := b.ledger().Get(b.Context(), claim)
	if err != nil || string(data) != want || generation == 0 {
		b.Fatalf("Get = %q, %d, %v; want %q", data, generation, err, want)
	}
	return generation
}

func TestLedger(t *testing.T) {
	b := newBench(t)
	put := func(data string, generation int64) error {
		return b.ledger().Put(t.Context(), claim, []byte(data), generation)
	}
	_, _, err := b.ledger().Get(t.Context(), claim)
	b.wantKind(err, errkind.NotFound)
	b.wantKind(put("x", 1234), errkind.Exists) // there is none of that generation

	if err := put("first", 0); err != nil {
		t.Fatal(err)
	}
	first := b.get("first")
	b.wantKind(put("rival", 0), errkind.Exists)
	b.wantKind(put("rival", first+1), errkind.Exists)
	b.get("first")

	if err := put("second", first); err != nil {
		t.Fatal(err)
	}
	if second := b.get("second"); second == first {
		t.Error("the generation stayed the same")
	}
	b.wantKind(put("rival", first), errkind.Exists)
	b.get("second")
}

// A claim whose generation nobody says could be neither told from none nor replaced.
func TestLedgerWithoutGeneration(t *testing.T) {
	b := newBench(t)
	if err := b.ledger().Put(t.Context(), claim, []byte("first"), 0); err != nil {
		t.Fatal(err)
	}
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(bare{w, "X-Goog-Generation"}, r)
	})
	data, generation, err := b.ledger().Get(t.Context(), claim)
	if !errors.Is(err, errNoGeneration) {
		t.Errorf("Get = %q, %d, %v; want %v", data, generation, err, errNoGeneration)
	}
	b.wantKind(err, errkind.Transient)
}

// Claims are the most frequent requests: one each, the generation of a claim included.
func TestLedgerRequests(t *testing.T) {
	b := newBench(t)
	b.proxy.Calls()
	want := func(what string, n int, method string) {
		t.Helper()
		calls := b.proxy.Calls()
		if len(calls) != n || !strings.HasPrefix(calls[0], method+" ") {
			t.Errorf("%s took the requests %q, want %d %s", what, calls, n, method)
		}
	}
	_, _, err := b.ledger().Get(t.Context(), claim)
	b.wantKind(err, errkind.NotFound)
	want("Get of none", 1, http.MethodGet)
	for _, size := range []int{2, 300_000, maxClaim} {
		name := fmt.Sprint(claim, size)
		if err := b.ledger().Put(t.Context(), name, random(size), 0); err != nil {
			t.Fatal(err)
		}
		want("Put", 1, http.MethodPost)
		data, _, err := b.ledger().Get(t.Context(), name)
		if err != nil || !bytes.Equal(data, random(size)) {
			t.Errorf("Get: %d bytes, %v", len(data), err)
		}
		want("Get", 1, http.MethodGet)
	}
}

func TestLedgerTooLong(t *testing.T) {
	b := newBench(t)
	b.wantKind(b.ledger().Put(t.Context(), claim, random(maxClaim+1), 0), errkind.Permanent)
	_, _, err := b.ledger().Get(t.Context(), claim)
	b.wantKind(err, errkind.NotFound)

	if err := b.store.Copy(t.Context(), "ledger", claim, bytes.NewReader(random(maxClaim+1)), maxClaim+1, nil, 0); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.ledger().Get(t.Context(), claim)
	b.wantKind(err, errkind.Permanent)
	if err != nil && !strings.Contains(err.Error(), "gs://ledger/"+claim) {
		t.Errorf("the error does not name the object: %v", err)
	}
}

func TestLedgerHasOneWinner(t *testing.T) {
	b := newBench(t)
	const writers, rounds = 32, 3
	var generation int64 // 0: a race for the first claim, then for its replacement
	for round := range rounds {
		var won atomic.Int64
		var race sync.WaitGroup
		for i := range writers {
			race.Go(func() {
				err := b.ledger().Put(t.Context(), claim, fmt.Appendf(nil, "%d of round %d", i, round), generation)
				if err == nil {
					won.Add(1)
					return
				}
				b.wantKind(err, errkind.Exists)
			})
		}
		race.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d winners", round, won.Load())
		}
		data, g, err := b.ledger().Get(t.Context(), claim)
		if err != nil || !strings.HasSuffix(string(data), fmt.Sprint("round ", round)) {
			t.Fatalf("round %d: %q, %v", round, data, err)
		}
		generation = g
	}
}

// Where the client sends a write again by itself the second meets the first; else the outcome is
// open, and whoever reads the claim finds it.
func TestLedgerPutWhoseReplyWasLost(t *testing.T) {
	for want, d := range map[errkind.Kind]cloudtest.Disturbance{errkind.Exists: falseReply, errkind.Transient: lostReply} {
		b := newBench(t)
		b.proxy.Disturb(once(method(http.MethodPost), d))
		b.wantKind(b.ledger().Put(t.Context(), claim, []byte("mine"), 0), want)
		b.get("mine")
	}
}

func TestLedgerPutAgainAfterFault(t *testing.T) {
	b := newBench(t)
	b.proxy.Disturb(once(method(http.MethodPost), cloudtest.Status(http.StatusServiceUnavailable)))
	if err := b.ledger().Put(t.Context(), claim, []byte("mine"), 0); err != nil {
		t.Fatal(err)
	}
	b.get("mine")
}

// The ledger's own bucket is missing: nobody may take that for a claim that somebody else has.
func TestLedgerWithoutBucket(t *testing.T) {
	b := newBench(t)
	b.wantKind(b.store.Ledger("missing").Put(t.Context(), claim, []byte("x"), 0), errkind.Transient)
	b.wantKind(b.store.Ledger("missing").Put(t.Context(), claim, []byte("x"), 12), errkind.Transient)
}

func TestLedgerRefused(t *testing.T) {
	b := newBench(t)
	b.proxy.Disturb(cloudtest.Status(http.StatusForbidden))
	err := b.ledger().Put(t.Context(), claim, []byte("x"), 0)
	b.wantKind(err, errkind.Transient)
	if err != nil && !strings.Contains(err.Error(), "gs://ledger/"+claim) {
		t.Errorf("the error does not name the object: %v", err)
	}
}
