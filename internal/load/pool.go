package load

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/row"
)

// poolIdle is how long a pooled stream may rest before it is used again: BigQuery ends connections
// on which nothing happens, and an append on one that has just ended is an outcome in doubt.
const poolIdle = 5 * time.Minute

// Pool keeps COMMITTED streams between small files, per table and format: a file whose rows fit one append
// request needs no stream of its own then. A stream serves one file at a time. Whoever has taken it
// gives it back only if its next offset is beyond doubt. Safe for concurrent use.
type Pool struct {
	streams Streams
	now     func() time.Time

	mu     sync.Mutex
	idle   map[destination][]*pooled
	closed bool
}

// pooled is a stream with the offset that its next append takes.
type pooled struct {
	Stream
	of     destination
	offset int64
	used   time.Time
}

// NewPool returns an empty pool.
func NewPool(s Streams, now func() time.Time) *Pool {
	return &Pool{streams: s, now: now, idle: map[destination][]*pooled{}}
}

// take returns a stream for rows of desc, those of d, that nobody else has, made anew if none is idle.
func (p *Pool) take(ctx context.Context, d destination, desc *descriptorpb.DescriptorProto) (*pooled, error) {
	s, stale := p.pick(d)
	for _, old := range stale {
		p.end(ctx, old)
	}
	if s != nil {
		return s, nil
	}
	made, err := p.streams.CreatePooled(ctx, d.Table, desc)
	if err != nil {
		return nil, fmt.Errorf("create a pooled stream: %w", ofService(err))
	}
	return &pooled{Stream: made, of: d}, nil
}

// pick takes the stream that was used last out of the pool, and those that have rested too long.
func (p *Pool) pick(d destination) (s *pooled, stale []*pooled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[d]
	for len(idle) > 0 && p.now().Sub(idle[0].used) > poolIdle {
		stale, idle = append(stale, idle[0]), idle[1:]
	}
	if n := len(idle); n > 0 {
		s, idle = idle[n-1], idle[:n-1]
	}
	p.idle[d] = idle
	return s, stale
}

// give puts a stream back. Its last append was answered, and well.
func (p *Pool) give(ctx context.Context, s *pooled) {
	s.used = p.now()
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle[s.of] = append(p.idle[s.of], s)
	}
	p.mu.Unlock()
	if closed {
		p.end(ctx, s)
	}
}

// end finalizes and closes a stream that holds nothing in doubt. BigQuery forgets by itself one that
// cannot be finalized.
func (p *Pool) end(ctx context.Context, s *pooled) {
	_, _ = s.Finalize(ctx)
	s.Close()
}

// drop finalizes and closes the idle streams of a table whose columns have changed: they may take the
// rows never, or not for minutes. Those at work stay away from the pool when they are refused too.
func (p *Pool) drop(ctx context.Context, t row.Table) {
	p.mu.Lock()
	var idle []*pooled
	for d, streams := range p.idle {
		if d.Table == t {
			idle = append(idle, streams...)
			delete(p.idle, d)
		}
	}
	p.mu.Unlock()
	p.endAll(ctx, idle)
}

// Close finalizes and closes the streams that nobody has; the others follow when they are given back.
func (p *Pool) Close(ctx context.Context) {
	p.mu.Lock()
	p.closed = true
	idle := slices.Concat(slices.Collect(maps.Values(p.idle))...)
	p.idle = map[destination][]*pooled{} // loads under way still look here
	p.mu.Unlock()
	p.endAll(ctx, idle)
}

func (p *Pool) endAll(ctx context.Context, idle []*pooled) {
	var wg sync.WaitGroup
	for _, s := range idle {
		wg.Go(func() { p.end(ctx, s) })
	}
	wg.Wait()
}
