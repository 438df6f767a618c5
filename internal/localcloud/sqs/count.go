package sqs

import "fmt"

// Depth is how many messages a queue has.
type Depth struct {
	Waiting  int // to be received, now or after a delay
	InFlight int // received and not deleted
	Deleted  int // by DeleteMessage, since this process began
}

// Depth returns how many messages the queue of that name has.
func (s *Server) Depth(name string) (Depth, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queues[name]
	if q == nil {
		return Depth{}, fmt.Errorf("queue %s: %w", name, noSuchQueue())
	}
	q.settle(s.opts.Now())
	return Depth{len(q.ready) + len(q.delayed), len(q.inflight), q.deleted}, nil
}
