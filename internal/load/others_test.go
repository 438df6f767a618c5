package load

import (
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/object"
)

// others puts content into landing as somebody else does, in place of the copy of s3://src/key.
func (w *world) others(key, etag, content string) File {
	f := w.file(key, etag, content)
	f.Source = object.Source{Store: object.GCS, Bucket: "landing", Key: "src/" + key}
	return f
}

// What was replaced before anything of it was known: the event of what is there now brings that in.
func TestLoadReplacedUnread(t *testing.T) {
	w := newWorld()
	f := w.file("k", "v2", "b\n")
	old := File{Landed: object.Landed{Bucket: "landing", Name: "src/k", Generation: 1}, ReplacedBy: f.Landed.Generation}
	old.Source = f.Source
	if res := mustLoad(t, newLoader(w), old, Superseded); !strings.Contains(res.Reason, "generation 1 took its place") {
		t.Errorf("reason %q", res.Reason)
	}
	mustLoad(t, newLoader(w), f, Loaded)
	if got := w.outcomes(f); !slices.Equal(got, []string{"loaded", "superseded"}) {
		t.Errorf("load log has %q", got)
	}
}

// Files that others put into landing have every outcome, under their own name.
func TestLoadOfOthers(t *testing.T) {
	w := newWorld()
	f := w.others("k", "m1", "a\nb\n")
	mustLoad(t, newLoader(w), f, Loaded)
	mustLoad(t, newLoader(w), w.others("k", "m1", "a\nb\n"), Duplicate) // uploaded again
	if got := w.rows[0]["source_file"]; got != "gs://landing/src/k" {
		t.Errorf("its rows are of %v", got)
	}
	old := w.others("k", "m2", "c\n")
	mustLoad(t, newLoader(w), w.others("k", "m3", "d\n"), Changed)
	mustLoad(t, newLoader(w), old, Changed)
	broken := w.others("broken", "m1", "bad\nbad\n")
	mustLoad(t, newLoader(w), broken, Rejected)
	replaced := w.others("replaced", "m1", "a\n")
	w.others("replaced", "m2", "b\n")
	mustLoad(t, newLoader(w), replaced, Superseded)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a", "2:b"}) {
		t.Errorf("visible rows %q", got)
	}
	if got := w.outcomes(f); !slices.Equal(got, []string{"changed", "duplicate", "loaded"}) {
		t.Errorf("load log has %q", got)
	}
}

// One file by two ways, the forwarder's and somebody else's, is loaded by one of them.
func TestLoadByBothWays(t *testing.T) {
	w := newWorld()
	copied := w.file("k", "e1", "a\n")
	mustLoad(t, newLoader(w), copied, Loaded)
	other := w.others("k", "e1", "a\n")
	if res := mustLoad(t, newLoader(w), other, Duplicate); !strings.HasSuffix(res.Reason, " as s3://src/k") {
		t.Errorf("reason %q does not say under which name its rows are", res.Reason)
	}
	mustLoad(t, newLoader(w), w.file("k", "parts-2", "a\n"), Changed)
	if len(w.rows) != 1 || len(w.claims) != 1 {
		t.Errorf("%d rows, %d claims; want one", len(w.rows), len(w.claims))
	}
}

// A file comes by two ways: others put it where the copy of the same S3 object lies, in front of any
// call of the copy's load, and any call goes wrong. Its lines are there once, under one name.
func TestLoadByBothWaysWithFaults(t *testing.T) { eachWay(t, testLoadByBothWaysWithFaults) }

func testLoadByBothWaysWithFaults(t *testing.T, fresh func() *world) {
	n := warmCalls(fresh, func(p *process) { redeliver(t, p, p.file("k", "v1", "a\nb\n")) })
	for _, f := range states {
		bubble(t, f.String(), func(t *testing.T) {
			for i := range n {
				for k := range 2 * n {
					w := fresh()
					copied := w.file("k", "v1", "a\nb\n")
					var other File
					p := &process{warm: true, world: w, fault: faultAt(k, f)}
					p.meanwhile = func(n int, _ string) {
						if n == i {
							other = w.others("k", "v1", "a\nb\n")
						}
					}
					_, _ = p.deliver(p.loader(), copied)
					if p.dead {
						p = &process{warm: true, world: w}
					}
					if other.Key == "" {
						continue // the load did not come as far as call i
					}
					redeliver(t, p, other, copied)
					all := append(w.visible(copied), w.visible(other)...)
					if !slices.Equal(all, []string{"1:a", "2:b"}) || len(w.claims) != 1 {
						t.Errorf("visible rows %q, %d claims; want each line once, and one claim", all, len(w.claims))
					}
					one := copied
					if len(w.visible(other)) > 0 {
						one = other
					}
					w.checkOnce(t, one, []string{"1:a", "2:b"}, nil)
					if t.Failed() {
						t.Fatalf("put in front of call %d, call %d %v", i, k, f)
					}
				}
			}
		})
	}
}
