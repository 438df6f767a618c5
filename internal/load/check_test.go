package load

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
)

// checkOnce asserts the promise for a file that is to be loaded: see checkEnd. The load log says by
// one attempt that it is.
func (w *world) checkOnce(t *testing.T, f File, rows, rejects []string) {
	t.Helper()
	w.checkEnd(t, f, rows, rejects)
	attempts := map[any]bool{}
	for _, r := range w.logs[logTable(target.Table)] {
		if r["outcome"] == "loaded" {
			attempts[r["attempt"]] = true
		}
	}
	if len(attempts) != 1 {
		t.Errorf("by the load log %d attempts loaded the file, want one", len(attempts))
	}
}

// checkEnd asserts what holds whatever the outcome: each line once, each reject kept as it was, no
// claim open, no stream leaked or used by two at a time.
func (w *world) checkEnd(t *testing.T, f File, rows, rejects []string) {
	t.Helper()
	if got := w.visible(f); !slices.Equal(got, rows) {
		t.Errorf("visible rows %q, want %q", got, rows)
	}
	if got := w.rejected(f); !slices.Equal(got, rejects) {
		t.Errorf("rejects %q, want %q", got, rejects)
	}
	for _, p := range w.pools {
		p.Close(t.Context())
	}
	for name, c := range w.claims {
		var claim Claim
		if err := json.Unmarshal(c.data, &claim); err != nil {
			t.Fatal(err)
		}
		for _, s := range claim.Streams {
			if !w.streams[s].committed {
				t.Errorf("claim %s names %s, which is not committed", name, s)
			}
		}
	}
	w.checkTold(t)
	if w.open != 0 || len(w.abuses) > 0 {
		t.Errorf("%d streams left open, wrongly used: %q", w.open, w.abuses)
	}
}

// checkTold asserts that of each attempt that loaded a file somebody was told, with the same event each
// time, and of no other.
func (w *world) checkTold(t *testing.T) {
	t.Helper()
	loaded := map[any]bool{}
	for _, r := range w.logs[logTable(target.Table)] {
		if r["outcome"] == "loaded" {
			loaded[r["attempt"]] = true
		}
	}
	told := map[string]Event{}
	for _, e := range w.told {
		if !loaded[e.Attempt] {
			t.Errorf("told of attempt %s, which did not load it: %+v", e.Attempt, e)
		}
		e.VisibleAt = time.Time{}
		if before, ok := told[e.Attempt]; ok && before != e {
			t.Errorf("told %+v of an attempt, and before %+v", e, before)
		}
		told[e.Attempt] = e
	}
	for attempt := range loaded {
		if _, ok := told[attempt.(string)]; !ok {
			t.Errorf("of attempt %s, which loaded it, was not told", attempt)
		}
	}
}

// rejected returns the rejects that the view shows of a file: line and raw bytes.
func (w *world) rejected(f File) []string {
	var all []string
	for _, r := range w.logs[rejectTable(target.Table)] {
		if r["source_file"] == f.Source.String() && r["attempt"] == w.decisive(f, r["etag"].(string)) {
			all = append(all, fmt.Sprintf("%d:%s", r["source_line"], r["raw"]))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// decisive returns the attempt whose rejects the view shows of a file's version: the one that loaded
// it, else the last that rejected it.
func (w *world) decisive(f File, etag string) (attempt any) {
	for _, outcome := range []Outcome{Rejected, Loaded} {
		for _, r := range w.logs[logTable(target.Table)] {
			if r["source_file"] == f.Source.String() && r["etag"] == etag && r["outcome"] == string(outcome) {
				attempt = r["attempt"]
			}
		}
	}
	return attempt
}
