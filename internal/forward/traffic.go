package forward

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/object"
)

// Traffic counts the bytes that copies read and wrote. Safe for concurrent use.
type Traffic struct {
	log *slog.Logger

	mu   sync.Mutex
	sum  Totals
	told Totals // when it was logged last
}

// Totals are the copies that were made so far.
type Totals struct {
	Objects int64 // copied
	Gzipped int64 // of these, on the way
	Read    int64 // bytes from S3
	Written int64 // bytes to landing; what is less than Read was saved
}

// NewTraffic returns a count of nothing, which logs each object that was gzipped at the level debug.
func NewTraffic(log *slog.Logger) *Traffic { return &Traffic{log: log} }

// Totals returns the count so far.
func (t *Traffic) Totals() Totals {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sum
}

// add counts a copy.
func (t *Traffic) add(s object.Source, read, written int64) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.sum.Objects++
	t.sum.Read += read
	t.sum.Written += written
	if read != written {
		t.sum.Gzipped++
	}
	t.mu.Unlock()
	if read != written {
		t.log.Debug("gzipped on the way", "file", s.String(), "bytes_read", read, "bytes_written", written)
	}
}

// Report logs the totals once in each interval in which something was copied, until ctx ends.
func (t *Traffic) Report(ctx context.Context, interval time.Duration) {
	for pause(ctx, interval) {
		t.Tell()
	}
}

// Tell logs the totals if they have grown since they were logged last.
func (t *Traffic) Tell() {
	t.mu.Lock()
	sum, news := t.sum, t.sum != t.told
	t.told = sum
	t.mu.Unlock()
	if news {
		t.log.Info("bytes so far", "objects", sum.Objects, "gzipped", sum.Gzipped,
			"bytes_read", sum.Read, "bytes_written", sum.Written, "bytes_saved", sum.Read-sum.Written)
	}
}
