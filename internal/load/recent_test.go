package load

import (
	"fmt"
	"slices"
	"testing"
)

// A delivery that comes twice to the process that has loaded its file asks nobody but the ledger.
func TestDuplicateInTheSameProcess(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		w := newWorld()
		w.pooled = pooled
		f := w.file("k", "v1", "a\nb\n")
		l := newLoader(w)
		l.Recent = NewRecent()
		mustLoad(t, l, f, Loaded)
		w.calls = nil
		mustLoad(t, l, f, Duplicate)
		want := []string{"claim.get", "log.append " + logTable(target.Table).Name}
		if !slices.Equal(w.calls, want) {
			t.Errorf("pooled %v: calls of the repeat %q, want %q", pooled, w.calls, want)
		}
		w.checkOnce(t, f, []string{"1:a", "2:b"}, nil)

		// Another version asks nobody else either, and another process settles.
		mustLoad(t, l, w.file("k", "v2", "c\n"), Changed)
		other := newLoader(w)
		other.Recent = NewRecent()
		mustLoad(t, other, f, Duplicate)
	}
}

// An attempt whose record could not be written is not one that ended.
func TestRecentAfterFault(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	p := &process{world: w}
	l := p.loader()
	l.Recent = NewRecent()
	p.fault = func(_ int, call string) fault {
		if call == "log.append "+logTable(target.Table).Name {
			return before
		}
		return none
	}
	if _, err := l.Load(t.Context(), f); err == nil {
		t.Fatal("no error")
	}
	p.fault = nil
	mustLoad(t, l, f, Duplicate)
	w.checkOnce(t, f, []string{"1:a"}, nil)
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := NewRecent()
	for i := range recentSize + 10 {
		r.add(fmt.Sprint(i))
		r.add(fmt.Sprint(i)) // again is once
	}
	for i, want := range map[int]bool{0: false, 9: false, 10: true, recentSize + 9: true} {
		if got := r.has(fmt.Sprint(i)); got != want {
			t.Errorf("attempt %d remembered: %v, want %v", i, got, want)
		}
	}
	if len(r.ends) != recentSize {
		t.Errorf("%d attempts are held, want %d", len(r.ends), recentSize)
	}
}
