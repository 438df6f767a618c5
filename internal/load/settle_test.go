package load

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// lostStreams returns a world in which a loader died between its claim and the commit, and
// BigQuery knows the claim's streams no more, after age.
func lostStreams(t *testing.T, age time.Duration) (*world, File) {
	t.Helper()
	w := newWorld()
	f := w.file("k", "v1", "a\nb\n")
	w.fault = func(_ int, call string) (before, after error) {
		if call == "stream.commit" {
			return errors.New("died"), nil
		}
		return nil, nil
	}
	if _, err := newLoader(w).Load(t.Context(), f); err == nil {
		t.Fatal("the loader did not die")
	}
	w.fault = nil
	w.now = w.now.Add(age)
	for _, s := range w.streams {
		s.gone = true
	}
	return w, f
}

func TestSettleYoungClaimWaits(t *testing.T) {
	w, f := lostStreams(t, 23*time.Hour)
	if _, err := newLoader(w).Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("a claim of 23 h whose streams are unknown: %v, want a transient error", err)
	}
	if slices.Contains(w.calls, "count") {
		t.Error("it was counted too early")
	}
}

func TestSettleOldClaimWithoutRowsIsVoid(t *testing.T) {
	w, f := lostStreams(t, 25*time.Hour)
	mustLoad(t, newLoader(w), f, Loaded)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a", "2:b"}) {
		t.Errorf("visible rows %q", got)
	}
	mustLoad(t, newLoader(w), f, Duplicate)
}

// A void claim's successor has a later loaded_at even where the clock stands still.
func TestLoadedAtRises(t *testing.T) {
	w, f := lostStreams(t, 25*time.Hour)
	l := newLoader(w)
	frozen := w.now
	var first Claim
	for name := range w.claims {
		held, err := l.readClaim(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		first = held.Claim
		first.Load.LoadedAt = frozen.Add(time.Second)
		if won, err := l.writeClaim(t.Context(), name, first, held); err != nil || !won {
			t.Fatal(won, err)
		}
	}
	l.Now = func() time.Time { return frozen }
	mustLoad(t, l, f, Loaded)
	for _, r := range w.rows {
		if r["loaded_at"].(int64) <= first.Load.LoadedAt.UnixMicro() {
			t.Errorf("loaded_at %v is not later than the void claim's", r["loaded_at"])
		}
	}
}

func TestSettleOldClaimWithRows(t *testing.T) {
	w, f := lostStreams(t, 25*time.Hour)
	for _, s := range w.streams { // committed after all, and forgotten since
		w.rows = append(w.rows, s.rows...)
	}
	mustLoad(t, newLoader(w), f, Duplicate)
	if got := w.outcomes(f); !slices.Equal(got, []string{"duplicate", "loaded"}) {
		t.Errorf("load log has %q: the load record was to be made up for", got)
	}
}

func TestSettleTorn(t *testing.T) {
	w, f := lostStreams(t, 25*time.Hour)
	for _, s := range w.streams {
		w.rows = append(w.rows, s.rows[:1]...)
	}
	if _, err := newLoader(w).Load(t.Context(), f); !errors.Is(err, ErrTorn) {
		t.Errorf("half of the rows are there: %v, want ErrTorn", err)
	}
	if len(w.rows) != 1 {
		t.Error("it guessed")
	}
}

// Rows that were deleted, or have expired, since the load do not come back.
func TestSettleDeletedRowsStayDeleted(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\nb\n")
	mustLoad(t, newLoader(w), f, Loaded)
	w.rows = nil
	w.now = w.now.Add(30 * 24 * time.Hour)
	for _, s := range w.streams {
		s.gone = true
	}
	mustLoad(t, newLoader(w), f, Duplicate)
	if len(w.rows) != 0 {
		t.Errorf("%d deleted rows came back", len(w.rows))
	}
}

// A claim is settled before its version is looked at: else the first version's rows, committed
// later, would stand beside nobody's word.
func TestSettleBeforeChanged(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	w.fault = func(_ int, call string) (before, after error) {
		if call == "stream.commit" {
			return errors.New("died"), nil
		}
		return nil, nil
	}
	if _, err := newLoader(w).Load(t.Context(), f); err == nil {
		t.Fatal("the loader did not die")
	}
	w.fault = nil
	mustLoad(t, newLoader(w), w.file("k", "v2", "b\n"), Changed)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a"}) {
		t.Errorf("visible rows %q, want the first version's", got)
	}
}
