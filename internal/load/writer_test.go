package load

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/row"
)

// A large file has several streams, as many as are busy, committed together; each row is in one.
func TestLargeFileSeveralStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lines = 200
		w := newWorld()
		var content strings.Builder
		var want []string
		for i := range lines {
			line := fmt.Sprint(i, strings.Repeat("x", 60))
			content.WriteString(line + "\n")
			want = append(want, fmt.Sprintf("%d:%s", i+1, line))
		}
		slices.Sort(want)
		p := &process{world: w}
		l := p.loader()
		l.Streams = slowStreams{p}
		l.MaxStreams = 3
		f := w.file("k", "v1", content.String())
		start := time.Now()
		mustLoad(t, l, f, Loaded)
		w.checkOnce(t, f, want, nil)
		if len(w.streams) != 3 || w.called("stream.commit") != 1 {
			t.Errorf("%d streams, %d commits; want 3 and 1", len(w.streams), w.called("stream.commit"))
		}
		if took := time.Since(start); took > lines*time.Second/2 {
			t.Errorf("%d appends of a second each took %s: they were not side by side", lines, took)
		}
	})
}

// slowStreams are streams whose appends take a second of the bubble's clock.
type slowStreams struct{ *process }

func (s slowStreams) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	made, err := s.process.Create(ctx, t, desc)
	return slowStream{made}, err
}

type slowStream struct{ Stream }

func (s slowStream) Append(ctx context.Context, offset int64, rows [][]byte) error {
	select {
	case <-time.After(time.Second):
		return s.Stream.Append(ctx, offset, rows)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A file that takes longer than a delivery may is recorded as such, and loads where there is no limit.
func TestLoadDeferred(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		f := w.file("k", "v1", strings.Repeat(strings.Repeat("x", 90)+"\n", 50))
		p := &process{world: w}
		l := p.loader()
		l.Streams, l.MaxStreams, l.Limit = slowStreams{p}, 1, 10*time.Second
		res := mustLoad(t, l, f, Deferred)
		if !strings.Contains(res.Reason, "backfill --direct") {
			t.Errorf("reason %q does not say what to do", res.Reason)
		}
		w.checkEnd(t, f, nil, nil)
		l.Limit = 0
		mustLoad(t, l, f, Loaded)
		if got := len(w.visible(f)); got != 50 {
			t.Errorf("%d rows, want 50", got)
		}
	})
}
