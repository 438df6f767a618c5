package write

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
)

// gated counts transactions and holds the first one until it is let go.
type gated struct {
	*memory
	entered, hold chan struct{}
	count         int
}

func newGated() *gated {
	return &gated{memory: newMemory(), entered: make(chan struct{}), hold: make(chan struct{})}
}

func (g *gated) Update(ctx context.Context, fn func(Tx) error) error {
	if g.count++; g.count == 1 {
		close(g.entered)
		<-g.hold
	}
	return g.memory.Update(ctx, fn)
}

// together runs changes so that all but the first wait, in order, while the first is at work, and
// returns their errors.
func together(s *gated, changes ...func(Tx) error) []error {
	g := &group{store: s}
	errs := make([]error, len(changes))
	var wg sync.WaitGroup
	for i, fn := range changes {
		wg.Go(func() { errs[i] = g.update(context.Background(), fn) })
		<-s.entered
		for waiting := -1; waiting != i; runtime.Gosched() {
			g.mu.Lock()
			waiting = len(g.waiting)
			g.mu.Unlock()
		}
	}
	close(s.hold)
	wg.Wait()
	return errs
}

func put(name string, err error) func(Tx) error {
	return func(tx Tx) error {
		return errors.Join(tx.SetRecord(context.Background(), name, []byte(name), logsAt), err)
	}
}

func TestGroupSharesATransaction(t *testing.T) {
	s := newGated()
	for i, err := range together(s, put("a", nil), put("b", nil), put("c", nil), put("d", nil)) {
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if s.count != 2 || len(s.records) != 4 {
		t.Errorf("%d transactions, records %v", s.count, s.records)
	}
}

// A change that fails takes no other with it, and leaves nothing.
func TestGroupFailureIsItsOwn(t *testing.T) {
	s := newGated()
	bad := errors.New("bad rows")
	for i, err := range together(s, put("a", nil), put("b", nil), put("c", bad), put("d", nil)) {
		if want := i == 2; errors.Is(err, bad) != want {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if _, there := s.records["c"]; there || len(s.records) != 3 {
		t.Errorf("records %v", s.records)
	}
}

// Rows that are found to be bad at the end of a transaction are as much their own change's failure.
func TestGroupFailureAtFlushIsItsOwn(t *testing.T) {
	s := newGated()
	s.refuse = 2
	s.put(logs, Table{})
	appends := func(n int) func(Tx) error {
		return func(tx Tx) error { return tx.Append(context.Background(), logs, make([][]any, n)) }
	}
	for i, err := range together(s, appends(1), appends(1), appends(3), appends(2)) {
		if want := i == 2; errors.Is(err, errTooMany) != want {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if n := s.memory.count(logs); n != 1+1+2 {
		t.Errorf("%d rows", n)
	}
}

// A transaction that failed after its effect is not tried again: that would be a second effect.
func TestGroupDoesNotRepeatInDoubt(t *testing.T) {
	s := newGated()
	s.fail(nil, errDisk)
	for i, err := range together(s, put("a", nil), put("b", nil), put("c", nil)) {
		if !errors.Is(err, errDisk) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if s.count != 2 {
		t.Errorf("%d transactions", s.count)
	}
}
