package load

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
)

// ownLines is lines for files that say themselves what their columns are: the first byte of each is not
// to be '!'.
var ownLines = Target{Source: "app", Table: target.Table, MaxRejectRatio: 0.5, Format: &format.Format{
	Name: "own",
	Inspect: func(r io.Reader, o format.Options) (*format.Format, error) {
		whole, _, err := o.Spooled(r)
		if err != nil {
			return nil, err
		}
		var first [1]byte
		if _, err := whole.ReadAt(first[:], 0); err != nil || first[0] == '!' {
			return nil, errkind.With(errkind.Permanent, errors.New("not what it should be"))
		}
		return lines, nil
	},
}}

// A file that says itself what its columns are has every outcome.
func TestLoadInspects(t *testing.T) {
	w := newPooledWorld()
	p := &process{world: w, to: ownLines}
	f := w.file("k", "v1", "a\nb\n")
	mustLoad(t, p.loader(), f, Loaded)
	if got := w.visible(f); !slices.Equal(got, []string{"1:a", "2:b"}) {
		t.Errorf("visible rows %q", got)
	}
	w.calls = nil
	mustLoad(t, p.loader(), f, Duplicate)
	if slices.Contains(w.calls, "gcs.get") {
		t.Errorf("a file that is loaded was read again: %q", w.calls)
	}
	if res := mustLoad(t, p.loader(), w.file("broken", "v1", "!"), Rejected); res.Reason != "not what it should be" {
		t.Errorf("reason %q", res.Reason)
	}
	mustLoad(t, p.loader(), w.file("no gzip", "v1", "\x1f\x8b"), Rejected)
	old := w.file("replaced", "v1", "a\n")
	w.file("replaced", "v2", "b\n")
	mustLoad(t, p.loader(), old, Superseded)
}

// A file whose columns do not go with those of the table is rejected, and says why.
func TestLoadInspectedConflict(t *testing.T) {
	w := newWorld()
	mustLoad(t, (&process{world: w, to: ownLines}).loader(), w.file("first", "v1", "a\n"), Loaded)
	refusing := (&process{world: w, to: ownLines}).loader()
	refusing.Tables.known[logsOf(target.Table)] = done()
	refusing.Tables.tables = &process{world: w, refuse: map[string]error{"table.ensure": errkind.With(errkind.Permanent, errors.New("column text is INT64"))}}
	f := w.file("k", "v1", "a\n")
	if res := mustLoad(t, refusing, f, Rejected); !strings.Contains(res.Reason, "column text is INT64") {
		t.Errorf("reason %q", res.Reason)
	}
	if got := w.visible(f); len(got) > 0 {
		t.Errorf("visible rows %q", got)
	}
}

func done() *once {
	o := &once{ready: make(chan struct{})}
	close(o.ready)
	return o
}

// lossy loses the last byte of what it reads.
type lossy struct{ *process }

func (l lossy) Open(ctx context.Context, o object.Landed) (*object.Body, error) {
	b, err := l.process.Open(ctx, o)
	if err == nil {
		data, _ := io.ReadAll(b)
		b.ReadCloser = io.NopCloser(bytes.NewReader(data[:len(data)-1]))
	}
	return b, err
}

// Bytes that were lost on the way do not make a file a broken one.
func TestLoadInspectsWhatCame(t *testing.T) {
	w := newWorld()
	p := &process{world: w, to: ownLines}
	l := p.loader()
	l.Landing = lossy{p}
	for _, text := range []string{"a\nb\n", "!"} {
		if res, err := l.Load(t.Context(), w.file("k", "v1", text)); !errkind.Is(err, errkind.Transient) {
			t.Errorf("%q: %+v, %v; want a transient error", text, res, err)
		}
	}
	mustLoad(t, p.loader(), w.file("k", "v1", "a\n"), Loaded)
}
