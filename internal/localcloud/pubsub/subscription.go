package pubsub

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"go.etcd.io/bbolt"
)

// subscription is one subscription and its messages that are not acknowledged: each is in waiting
// until it is delivered, in leased until it is acknowledged, refused or out of time. The bodies
// are in the database.
type subscription struct {
	number uint64 // never reused: an ack id of a deleted subscription fits no other
	topic  string // guarded by Server.mu; deletedTopic once that is gone

	mu      sync.Mutex
	cfg     *pb.Subscription // replaced, never changed
	items   map[uint64]*item // by seq
	waiting queue            // by the time when they may be delivered
	leased  queue            // by the time when the lease ends
	leases  uint64           // number of the last one
	changed chan struct{}    // closed and replaced when a waiter should look again
	gone    bool             // deleted

	acknowledged int // messages, in this process

	stopPump context.CancelFunc // nil without a push endpoint; guarded by Server.mu
}

func newSubscription(number uint64, cfg *pb.Subscription) *subscription {
	return &subscription{number: number, topic: cfg.Topic, cfg: cfg, items: map[uint64]*item{}, changed: make(chan struct{})}
}

// item is a message that is not acknowledged.
type item struct {
	seq      uint64
	size     int // bytes in the database
	failures int // deliveries that were refused or ran out of time
	at       time.Time
	index    int    // in its queue
	lease    uint64 // 0: waiting
	flow     *flow  // that the lease counts against; nil for none
}

// flow limits what one stream holds leased; 0 is no limit. It is guarded by the subscription's mu.
type flow struct{ maxMessages, maxBytes, messages, bytes int64 }

func (f *flow) room() bool {
	return f == nil || (f.maxMessages <= 0 || f.messages < f.maxMessages) && (f.maxBytes <= 0 || f.bytes < f.maxBytes)
}

func (f *flow) count(messages, bytes int64) {
	if f != nil {
		f.messages += messages
		f.bytes += bytes
	}
}

// queue is a heap of items by time, then by age.
type queue []*item

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	it := x.(*item)
	it.index = len(*q)
	*q = append(*q, it)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	it.index = -1
	return it
}

// due returns the first item if its time has come.
func (q queue) due(now time.Time) *item {
	if len(q) == 0 || q[0].at.After(now) {
		return nil
	}
	return q[0]
}

// wait adds a message that may be delivered from it.at on. The caller holds mu, or is alone.
func (u *subscription) wait(it *item) {
	u.items[it.seq] = it
	heap.Push(&u.waiting, it)
}

// wake has every waiter look again. The caller holds mu.
func (u *subscription) wake() {
	close(u.changed)
	u.changed = make(chan struct{})
}

// unqueue takes it out of the queue that it is in, if any. The caller holds mu.
func (u *subscription) unqueue(it *item) {
	switch {
	case it.index < 0:
	case it.lease == 0:
		heap.Remove(&u.waiting, it.index)
	default:
		heap.Remove(&u.leased, it.index)
	}
	if it.lease != 0 {
		it.flow.count(-1, -int64(it.size))
		it.lease, it.flow = 0, nil
	}
}

func (u *subscription) config() *pb.Subscription {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.cfg
}

// delivery is one message on its way to a subscriber.
type delivery struct {
	seq     uint64
	ackID   string
	attempt int // 1 for the first
	msg     *pb.PubsubMessage
}

// maxBatch bounds the bytes of one pull response, well below what clients take.
const maxBatch = 1 << 20

// take leases up to n messages whose time has come, as far as f has room. If there is none, it
// returns when one may be due, zero if nobody can say, and a channel that closes on a change.
func (s *Server) take(u *subscription, n int, lease time.Duration, f *flow) (out []delivery, next time.Time, changed <-chan struct{}, err error) {
	now := time.Now()
	dead, err := s.expire(u, now)
	if err != nil {
		return nil, next, nil, err
	}
	s.bury(u, dead)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.gone {
		return nil, next, nil, notFound(u.cfg.Name)
	}
	total := 0
	for it := u.waiting.due(now); it != nil && len(out) < n && total < maxBatch && f.room(); it = u.waiting.due(now) {
		heap.Pop(&u.waiting)
		u.leases++
		it.lease, it.flow, it.at = u.leases, f, now.Add(lease)
		f.count(1, int64(it.size))
		heap.Push(&u.leased, it)
		total += it.size
		out = append(out, delivery{seq: it.seq, ackID: s.ackID(u, it), attempt: it.failures + 1})
	}
	if len(out) > 0 {
		return out, next, nil, s.readBodies(u, out)
	}
	if f.room() && len(u.waiting) > 0 {
		next = u.waiting[0].at
	}
	if len(u.leased) > 0 && (next.IsZero() || u.leased[0].at.Before(next)) {
		next = u.leased[0].at
	}
	return nil, next, u.changed, nil
}

func (s *Server) readBodies(u *subscription, out []delivery) error {
	return s.db.View(func(t *bbolt.Tx) (err error) {
		for i := range out {
			if out[i].msg, err = record(table(t, tableMessages).Get(u.key(out[i].seq))).message(); err != nil {
				return err
			}
		}
		return nil
	})
}

// next is take that waits until there is something, ctx ends, or the Server or the subscription does.
func (s *Server) next(ctx context.Context, u *subscription, n int, lease time.Duration, f *flow) ([]delivery, error) {
	for {
		out, due, changed, err := s.take(u, n, lease, f)
		if err != nil || len(out) > 0 {
			return out, err
		}
		var timer <-chan time.Time
		if !due.IsZero() {
			timer = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.ctx.Done():
			return nil, errClosed()
		case <-changed:
		case <-timer:
		}
	}
}

// acknowledge forgets messages for good. Those it does not know were acknowledged before.
func (s *Server) acknowledge(u *subscription, seqs []uint64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	err := s.db.Update(func(t *bbolt.Tx) error {
		for _, seq := range seqs {
			if err := table(t, tableMessages).Delete(u.key(seq)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if it := u.items[seq]; it != nil {
			u.unqueue(it)
			delete(u.items, seq)
			u.acknowledged++
		}
	}
	u.wake()
	return nil
}

// extend moves the end of leases to d from now. Leases that are over stay over.
func (s *Server) extend(u *subscription, ids []ackID, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, id := range ids {
		if it := u.holds(id, s.boot); it != nil {
			it.at = time.Now().Add(d)
			heap.Fix(&u.leased, it.index)
		}
	}
}

// refuse ends leases: the messages will be delivered again, or go to the dead-letter topic.
func (s *Server) refuse(u *subscription, ids []ackID) error {
	u.mu.Lock()
	var items []*item
	for _, id := range ids {
		if it := u.holds(id, s.boot); it != nil {
			u.unqueue(it)
			items = append(items, it)
		}
	}
	dead, err := s.failed(u, items, time.Now())
	u.mu.Unlock()
	s.bury(u, dead)
	return err
}

// holds returns the item that is leased under id, nil if that lease is over. The caller holds mu.
func (u *subscription) holds(id ackID, boot uint32) *item {
	it := u.items[id.seq]
	if it == nil || id.boot != boot || it.lease == 0 || it.lease != id.lease {
		return nil
	}
	return it
}

// expire ends the leases that ran out of time, and returns those for the dead-letter topic.
func (s *Server) expire(u *subscription, now time.Time) ([]*item, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var items []*item
	for it := u.leased.due(now); it != nil; it = u.leased.due(now) {
		u.unqueue(it)
		items = append(items, it)
	}
	return s.failed(u, items, now)
}

// failed counts a failed delivery of each item, which is in no queue, and has it wait for the next
// one; those that had their last are returned for bury. The caller holds mu.
func (s *Server) failed(u *subscription, items []*item, now time.Time) (dead []*item, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	err = s.db.Update(func(t *bbolt.Tx) error {
		for _, it := range items {
			it.failures++
			if u.exhausted(it) {
				continue // if the process dies before bury, it is delivered once more
			}
			r := record(table(t, tableMessages).Get(u.key(it.seq)))
			if err := table(t, tableMessages).Put(u.key(it.seq), r.withFailures(it.failures)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, it := range items {
		if u.exhausted(it) {
			dead = append(dead, it)
			continue
		}
		it.at = now.Add(backoff(u.cfg, it.failures))
		u.wait(it)
	}
	u.wake()
	return dead, err
}

// exhausted reports whether it is due for the dead-letter topic. The caller holds mu.
func (u *subscription) exhausted(it *item) bool {
	p := u.cfg.DeadLetterPolicy
	return p != nil && it.failures >= int(p.MaxDeliveryAttempts)
}

// The back-off of push requests without a retry policy.
const (
	minPushBackoff = 100 * time.Millisecond
	maxPushBackoff = time.Minute
)

// backoff returns how long a message waits after its n-th failure. With a retry policy it is
// exponential between the two bounds. Without one a pull subscription gets it again at once; a push
// endpoint is spared: "100 milliseconds to 60 seconds" (https://cloud.google.com/pubsub/docs/push#push_backoff),
// here by message.
func backoff(cfg *pb.Subscription, n int) time.Duration {
	low, high := time.Duration(0), time.Duration(0)
	switch {
	case cfg.RetryPolicy != nil:
		low, high = cfg.RetryPolicy.MinimumBackoff.AsDuration(), cfg.RetryPolicy.MaximumBackoff.AsDuration()
	case cfg.GetPushConfig().GetPushEndpoint() != "":
		low, high = minPushBackoff, maxPushBackoff
	}
	d := low
	for ; n > 1 && d < high; n-- {
		d *= 2
	}
	return min(d, high)
}

func newBoot() uint32 { return rand.Uint32() }
