package sqs

import (
	"container/heap"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"strings"
	"time"
)

// message is one message of a queue. The exported fields are what the journal keeps.
type message struct {
	ID       string
	Body     string
	Attrs    map[string]attribute `json:",omitempty"`
	Trace    string               `json:",omitempty"` // the system attribute AWSTraceHeader
	Sent     time.Time
	Visible  time.Time // from when on it may be received
	Receives int       `json:",omitempty"` // "across all queues", so a dead letter brings its own
	First    time.Time // of its first receive; zero before
	Source   string    `json:",omitempty"` // ARN of the queue that it was dead-lettered from

	received time.Time // the last time, in this process
	receipt  string    // names that receive; "" if none in this process
	order    uint64    // breaks ties of Visible
	pile     *pile
	index    int // in pile
}

// queue is a standard queue. A message is in one of three piles: ready to be received, delayed
// since it was sent, or in flight.
type queue struct {
	name     string
	created  time.Time
	modified time.Time
	purged   time.Time
	attrs    map[string]string // as set, in the form that GetQueueAttributes shows
	settings settings

	messages map[string]*message
	ready    pile
	delayed  pile
	inflight pile
	deleted  int           // messages, by a receiver in this process
	oldest   time.Time     // no message was sent before it
	wake     chan struct{} // closed when a message became ready
}

func newQueue(name string, attrs map[string]string, set settings, at time.Time) *queue {
	q := &queue{name: name, created: at, modified: at, attrs: attrs, settings: set}
	q.clear()
	q.wake = make(chan struct{})
	return q
}

// clear drops all messages.
func (q *queue) clear() {
	q.messages = map[string]*message{}
	q.ready, q.delayed, q.inflight = nil, nil, nil
}

// add puts m, which is not in flight, into the queue and wakes the pollers.
func (q *queue) add(m *message, now time.Time) {
	if len(q.messages) == 0 || m.Sent.Before(q.oldest) {
		q.oldest = m.Sent
	}
	q.messages[m.ID] = m
	to := &q.ready
	if m.Visible.After(now) {
		to = &q.delayed
	}
	to.put(m)
	q.wakeAll()
}

// remove takes m out of the queue.
func (q *queue) remove(m *message) {
	m.pile.take(m)
	delete(q.messages, m.ID)
}

// wakeAll makes every long poll look again.
func (q *queue) wakeAll() {
	close(q.wake)
	q.wake = make(chan struct{})
}

// settle moves every message to the pile where it belongs at now, and drops those past their
// retention.
func (q *queue) settle(now time.Time) {
	for _, hidden := range []*pile{&q.delayed, &q.inflight} {
		for len(*hidden) > 0 && !(*hidden)[0].Visible.After(now) {
			m := (*hidden)[0]
			hidden.take(m)
			q.ready.put(m)
		}
	}
	if q.oldest.Add(q.settings.retention).After(now) {
		return
	}
	q.oldest = now
	for _, m := range maps.Clone(q.messages) {
		if !m.Sent.Add(q.settings.retention).After(now) {
			q.remove(m)
		} else if m.Sent.Before(q.oldest) {
			q.oldest = m.Sent
		}
	}
}

// nextVisible returns when the next hidden message becomes visible; false if none is hidden.
func (q *queue) nextVisible() (time.Time, bool) {
	var next time.Time
	for _, hidden := range []pile{q.delayed, q.inflight} {
		if len(hidden) > 0 && (next.IsZero() || hidden[0].Visible.Before(next)) {
			next = hidden[0].Visible
		}
	}
	return next, !next.IsZero()
}

// pile is a heap of messages, the one that became or becomes visible first on top.
type pile []*message

func (p *pile) put(m *message)  { m.pile = p; heap.Push(p, m) }
func (p *pile) take(m *message) { heap.Remove(p, m.index) }

func (p pile) Len() int { return len(p) }
func (p pile) Less(i, k int) bool {
	if c := p[i].Visible.Compare(p[k].Visible); c != 0 {
		return c < 0
	}
	return p[i].order < p[k].order
}
func (p pile) Swap(i, k int) {
	p[i], p[k] = p[k], p[i]
	p[i].index, p[k].index = i, k
}
func (p *pile) Push(x any) {
	m := x.(*message)
	m.index = len(*p)
	*p = append(*p, m)
}
func (p *pile) Pop() any {
	last := len(*p) - 1
	m := (*p)[last]
	(*p)[last] = nil
	*p = (*p)[:last]
	return m
}

// arn returns the ARN of the queue of that name.
func (s *Server) arn(name string) string {
	return "arn:aws:sqs:" + s.opts.Region + ":" + s.opts.AccountID + ":" + name
}

// url returns the URL of the queue of that name, as c's caller reaches it.
func (s *Server) url(c *call, name string) string {
	return strings.TrimSuffix(c.base, "/") + "/" + s.opts.AccountID + "/" + name
}

// queueByURL finds a queue by the path of its URL: which host name reaches this server is not its
// business.
func (s *Server) queueByURL(url string) (*queue, error) {
	if url == "" {
		return nil, fault("MissingParameter", "The request must contain the parameter QueueUrl.")
	}
	account, name := "", url
	if i := strings.LastIndexByte(url, '/'); i >= 0 {
		account, name = url[:i], url[i+1:]
	}
	q := s.queues[name]
	if q == nil || !strings.HasSuffix(account, "/"+s.opts.AccountID) {
		return nil, noSuchQueue()
	}
	return q, nil
}

func (s *Server) queueByARN(arn string) (*queue, error) {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if q := s.queues[name]; ok && q != nil {
		return q, nil
	}
	return nil, noSuchQueue()
}

// newID returns a random identity in the form of a UUID.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
