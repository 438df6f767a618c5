package s3

import (
	"context"
	"sync"
	"time"
)

const (
	outboxBatch = 32 // events on their way to one queue at a time
	minPause    = 100 * time.Millisecond
	maxPause    = 5 * time.Second
)

// outbox brings events to their queues: one line per queue, so that a queue that is gone holds up
// no other, and tried again until the queue takes them. Order is not kept: S3 promises none.
type outbox struct {
	notify    func(ctx context.Context, queueARN, body string) error
	delivered func(ids []uint64)
	ctx       context.Context
	cancel    context.CancelFunc
	senders   sync.WaitGroup

	mu    sync.Mutex
	lines map[string]*line
}

// line is what waits for one queue.
type line struct {
	queue  string
	events []event
	more   chan struct{} // holds one token while there may be events
}

func newOutbox(notify func(ctx context.Context, queueARN, body string) error, delivered func([]uint64)) *outbox {
	o := &outbox{notify: notify, delivered: delivered, lines: map[string]*line{}}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	return o
}

// add queues events that are durable. After close they stay where they are until the next start.
func (o *outbox) add(events ...event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx.Err() != nil || o.notify == nil {
		return
	}
	for _, e := range events {
		l := o.lines[e.Queue]
		if l == nil {
			l = &line{queue: e.Queue, more: make(chan struct{}, 1)}
			o.lines[e.Queue] = l
			o.senders.Go(func() { o.send(l) })
		}
		l.events = append(l.events, e)
		l.wake()
	}
}

func (l *line) wake() {
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// close ends the delivery and waits for the events on their way.
func (o *outbox) close() {
	o.mu.Lock()
	o.cancel()
	o.mu.Unlock()
	o.senders.Wait()
}

// send brings the events of one line to their queue until the outbox closes.
func (o *outbox) send(l *line) {
	pause := minPause
	for {
		select {
		case <-l.more:
		case <-o.ctx.Done():
			return
		}
		for batch := o.take(l); len(batch) > 0; batch = o.take(l) {
			failed := o.deliver(batch)
			if len(failed) == 0 {
				pause = minPause
				continue
			}
			o.putBack(l, failed)
			if !o.sleep(pause) {
				return
			}
			pause = min(2*pause, maxPause)
		}
	}
}

func (o *outbox) take(l *line) []event {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx.Err() != nil {
		return nil
	}
	n := min(len(l.events), outboxBatch)
	batch := l.events[:n:n]
	l.events = l.events[n:]
	return batch
}

func (o *outbox) putBack(l *line, failed []event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l.events = append(failed, l.events...)
}

// deliver sends events at the same time, so that they share the queue's writes to the disk, and
// returns those that the queue did not take.
func (o *outbox) deliver(batch []event) (failed []event) {
	errs := make([]error, len(batch))
	var wg sync.WaitGroup
	for i, e := range batch {
		wg.Go(func() { errs[i] = o.notify(o.ctx, e.Queue, e.Body) })
	}
	wg.Wait()
	var done []uint64
	for i, e := range batch {
		if errs[i] != nil {
			failed = append(failed, e)
		} else {
			done = append(done, e.ID)
		}
	}
	if len(done) > 0 {
		o.delivered(done)
	}
	return failed
}

// sleep returns false if the outbox closed meanwhile.
func (o *outbox) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-o.ctx.Done():
		return false
	}
}
