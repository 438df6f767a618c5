package load

import "sync"

// Recent remembers the attempts that this process has brought to their end, load record and all, so
// that a delivery that comes twice costs no query. It holds the last few thousand. Safe for
// concurrent use; nil remembers nothing.
type Recent struct {
	mu   sync.Mutex
	ends map[string]bool // by attempt
	ring []string
	next int
}

// recentSize is how many attempts are remembered: repeats come within seconds.
const recentSize = 8192

// NewRecent returns a Recent that remembers nothing yet.
func NewRecent() *Recent { return &Recent{ends: map[string]bool{}} }

// add remembers an attempt whose rows are visible and whose load record is written.
func (r *Recent) add(attempt string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ends[attempt] {
		return
	}
	r.ends[attempt] = true
	if len(r.ring) < recentSize {
		r.ring = append(r.ring, attempt)
		return
	}
	delete(r.ends, r.ring[r.next])
	r.ring[r.next] = attempt
	r.next = (r.next + 1) % recentSize
}

// has reports whether the attempt ended in this process, not long ago.
func (r *Recent) has(attempt string) bool {
	if r == nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ends[attempt]
}
