package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
)

// Memory bounds what the loads that share it hold at a time. Safe for concurrent use; nil is no bound.
//
// Each load has its least from the start: with it a file of any size can be loaded, if by one stream
// at a time. It takes more for further streams, and only where more is free. The few loads that cannot
// do with it, for their file has records or a compression window of megabytes, take what is free too,
// or else go one after the other, in memory that is set aside for that. So whoever waits, waits for
// loads that can all go on to their end.
type Memory struct {
	batch int64
	free  *semaphore.Weighted
	aside *semaphore.Weighted // of one, large enough for any file
	kept  sync.Pool           // of *scratch
}

// What a load holds, in batches: the one being filled, and for each stream one that is on its way and
// its encoding; buffers grow by a quarter more than they need.
const (
	laneBatches  = 3
	leastBatches = laneBatches + 1
)

const (
	// longRecords is how many bytes a load takes that meets records of maxRow: the decoder's buffer, the
	// batch being filled, the one on its way, and its encoding.
	longRecords = 48 << 20
	// patience is how long a load with a limit of time waits for its turn. Then the message is to come
	// again, perhaps to another instance.
	patience = time.Minute
)

// errBusy is a load that did not get its turn.
var errBusy = errkind.With(errkind.Transient, errors.New("too many loads at a time for the memory that they may take; it is tried again on the next delivery"))

// NewMemory returns the bound: max bytes for all loads together, or the least of one if that is more,
// and up to 80 MiB set aside for files with long records. batch is the Loader's BatchMax.
func NewMemory(limit int64, batch int) *Memory {
	if batch <= 0 {
		batch = DefaultBatch
	}
	m := &Memory{batch: int64(batch), aside: semaphore.NewWeighted(1)}
	m.free = semaphore.NewWeighted(max(limit, leastBatches*m.batch))
	return m
}

// share is what one load holds. For one goroutine.
type share struct {
	all      *Memory
	patience time.Duration // 0: as long as it takes
	held     int64
	aside    bool
	scratch  *scratch // until leave
}

// enter waits for the least of a load, for patience at most.
func (m *Memory) enter(ctx context.Context, patience time.Duration) (*share, error) {
	s := &share{all: m, patience: patience}
	if m == nil {
		s.scratch = &scratch{}
		return s, nil
	}
	if err := s.wait(ctx, m.free, leastBatches*m.batch); err != nil {
		return nil, err
	}
	s.held = leastBatches * m.batch
	if s.scratch, _ = m.kept.Get().(*scratch); s.scratch == nil {
		s.scratch = &scratch{}
	}
	return s, nil
}

// leave gives back all that s holds.
func (s *share) leave() {
	if s.all == nil {
		return
	}
	s.all.kept.Put(s.scratch)
	s.scratch = nil
	s.all.free.Release(s.held)
	if s.aside {
		s.all.aside.Release(1)
	}
}

// lane takes the memory of one more stream, if it is free.
func (s *share) lane() bool { return s.all == nil || s.take(laneBatches*s.all.batch) }

// take takes n bytes, if they are free.
func (s *share) take(n int64) bool {
	if !s.all.free.TryAcquire(n) {
		return false
	}
	s.held += n
	return true
}

// room takes n bytes more, or waits for what is set aside: that is enough for all that a load may ever
// ask for.
func (s *share) room(ctx context.Context, n int64) error {
	if s.all == nil || s.aside || s.take(n) {
		return nil
	}
	if err := s.wait(ctx, s.all.aside, 1); err != nil {
		return err
	}
	s.aside = true
	return nil
}

// wait acquires n.
func (s *share) wait(ctx context.Context, from *semaphore.Weighted, n int64) error {
	if s.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.patience)
		defer cancel()
	}
	if err := from.Acquire(ctx, n); err != nil {
		return fmt.Errorf("%w: %w", errBusy, err)
	}
	return nil
}

// roomyReader sees by the reads of a decoder that it has met a long record, and takes the memory for
// those before it goes on: buffers double, so most of it is still to come.
type roomyReader struct {
	r    io.Reader
	room func(n int64) error // nil once it was asked for
}

// Read reads on, as io.Reader.
func (r *roomyReader) Read(p []byte) (int, error) {
	if len(p) > format.LongRead && r.room != nil {
		if err := r.room(longRecords); err != nil {
			return 0, err
		}
		r.room = nil
	}
	return r.r.Read(p)
}
