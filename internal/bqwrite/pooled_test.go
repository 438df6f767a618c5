//go:build cgo

package bqwrite

import (
	"context"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// A pooled stream's rows are visible once they are appended, and its connection outlives the
// request that made it.
func TestPooledStream(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := b.client.CreatePooled(ctx, b.table, b.desc())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b.append(s, 0, "one", "two")
	b.wantRows("one", "two")
	cancel()
	b.append(s, 2, "three")
	b.wantRows("one", "two", "three")
	if calls := b.Calls(); calls["AppendRows"] != 1 {
		t.Errorf("calls %v: want one connection", calls)
	}

	// Whether it was this append or an earlier one is for the claim to say.
	if err := s.Append(t.Context(), 0, b.encode(0, "one")); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("an offset that is taken: %v, want a transient error", err)
	}

	for range 2 {
		rows, known, err := b.client.Finalize(t.Context(), s.Name())
		if err != nil || !known || rows != 3 {
			t.Errorf("Finalize = %d, %v, %v; want 3 rows", rows, known, err)
		}
	}
	if err := s.Append(t.Context(), 3, b.encode(3, "four")); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("an append to a stream that somebody ended: %v, want a transient error", err)
	}
	b.wantRows("one", "two", "three")
}

func TestFinalizeByNameUnknown(t *testing.T) {
	b := newBench(t)
	if rows, known, err := b.client.Finalize(t.Context(), b.table.Path()+"/streams/none"); err != nil || known {
		t.Errorf("Finalize of no stream = %d, %v, %v; want not known", rows, known, err)
	}
}

// Of an append to a stream that is gone nothing is in doubt: the table was removed, or the stream
// has expired.
func TestAppendToStreamThatIsGone(t *testing.T) {
	b := newBench(t)
	s, err := b.client.CreatePooled(t.Context(), b.table, b.desc())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b.append(s, 0, "one")
	b.Advance(5 * 24 * time.Hour)
	wantKind(t, s.Append(t.Context(), 1, b.encode(1, "two")), errkind.NotFound)
	b.wantRows("one")
}
