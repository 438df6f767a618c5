package load

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// lostStreams returns a world in which a loader died between its claim and the commit, and
// BigQuery knows the claim's streams no more, after age.
func lostStreams(t *testing.T, age time.Duration) (*world, File) {
	t.Helper()
	w := newWorld()
	f := w.file("k", "v1", "a\nb\n")
	dying := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.commit" {
			return crash
		}
		return none
	}}
	if _, err := dying.loader().Load(t.Context(), f); err == nil {
		t.Fatal("the loader did not die")
	}
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
	dying := &process{world: w, fault: func(_ int, call string) fault {
		if call == "stream.commit" {
			return crash
		}
		return none
	}}
	if _, err := dying.loader().Load(t.Context(), f); err == nil {
		t.Fatal("the loader did not die")
	}
	mustLoad(t, newLoader(w), w.file("k", "v2", "b\n"), Changed)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a"}) {
		t.Errorf("visible rows %q, want the first version's", got)
	}
}

// A claim that this program does not understand in full is no word on anything: neither is the file
// taken for loaded, nor loaded again.
func TestStrangeClaim(t *testing.T) {
	tests := []struct{ name, data string }{
		{"empty", ``},
		{"no claim", `{}`},
		{"null", `null`},
		{"text", `hello`},
		{"of a newer version, with another way to hold rows", `{"kind": "pooled", "stream": "s", "offset": 7, "table": {"Project":"p","Dataset":"d","Name":"t"}, "load": {"attempt": "a", "rows": 2}}`},
		{"rows in no stream", `{"streams": null, "table": {"Project":"p","Dataset":"d","Name":"t"}, "load": {"attempt": "a", "rows": 2}}`},
		{"of another project's table", `{"streams": null, "table": {"Project":"q","Dataset":"d","Name":"t"}, "load": {"attempt": "a"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			f := w.file("k", "v1", "a\nb\n")
			w.claims[object.ClaimName(f.Source, "d.t")] = blob{[]byte(tt.data), 7}
			res, err := newLoader(w).Load(t.Context(), f)
			if !errkind.Is(err, errkind.Permanent) || !strings.Contains(err.Error(), "claims/d.t/") || !strings.Contains(err.Error(), f.Source.String()) {
				t.Errorf("Load = %+v, %v; want a permanent error that names the claim and the file", res, err)
			}
			if len(w.rows) > 0 || len(w.streams) > 0 {
				t.Error("something was loaded")
			}
		})
	}
}

// A claim of a program that knew fewer facts of a load is as good as one of today's.
func TestOlderClaim(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v1", "a\n")
	w.claims[object.ClaimName(f.Source, "d.t")] = blob{[]byte(`{"streams": [], "table": {"Project":"p","Dataset":"d","Name":"t"}, "load": {"attempt": "a", "source_file": "s3://src/k", "version": {"etag": "v1", "size": 2}}}`), 7}
	mustLoad(t, newLoader(w), f, Duplicate)
}

// Where clocks disagree a claim may come from the future: it waits, and nothing is decided.
func TestSettleClaimFromTheFuture(t *testing.T) {
	w, f := lostStreams(t, -48*time.Hour)
	if _, err := newLoader(w).Load(t.Context(), f); !errkind.Is(err, errkind.Transient) || err == nil {
		t.Errorf("Load = %v, want a transient error", err)
	}
}
