package sqs

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// change is one step of the state: what the journal keeps. Every change goes through apply, when
// it happens and when it is read back, so that both lead to the same state.
type change struct {
	Op       string            `json:"op"`
	Queue    string            `json:"queue,omitempty"`
	Attrs    map[string]string `json:"attrs,omitempty"`    // of create and set
	At       time.Time         `json:"at,omitzero"`        // of create, set and drop
	Remove   []string          `json:"remove,omitempty"`   // message IDs that leave Queue
	To       string            `json:"to,omitempty"`       // the queue that Messages enter
	Messages []*message        `json:"messages,omitempty"` // new to To
}

// The steps of the state.
const (
	opCreate   = "create"
	opSet      = "set"   // a queue's attributes
	opDrop     = "drop"  // a queue
	opPurge    = "purge" // all messages of a queue
	opMessages = "messages"
)

// errClosing answers whoever comes too late: a failure of the service, so that SDKs try again.
var errClosing = errors.New("the local SQS is shutting down")

// commit applies ch and journals it. The caller holds the lock; the answer waits for c.mark.
func (s *Server) commit(c *call, ch change) error {
	if err := s.apply(ch); err != nil {
		return err
	}
	c.mark = s.journal.Append(ch)
	return nil
}

func (s *Server) apply(ch change) error {
	if ch.Op == opCreate {
		set, err := parseSettings(ch.Attrs)
		if err != nil {
			return err
		}
		s.queues[ch.Queue] = newQueue(ch.Queue, ch.Attrs, set, ch.At)
		delete(s.gone, ch.Queue)
		return nil
	}
	q := s.queues[ch.Queue]
	switch ch.Op {
	case opSet:
		set, err := parseSettings(ch.Attrs)
		if err != nil {
			return err
		}
		q.attrs, q.settings, q.modified = ch.Attrs, set, ch.At
	case opDrop:
		delete(s.queues, ch.Queue)
		s.gone[ch.Queue] = ch.At
		q.wakeAll()
	case opPurge:
		q.clear()
	case opMessages:
		s.applyMessages(q, ch)
	}
	return nil
}

func (s *Server) applyMessages(from *queue, ch change) {
	for _, id := range ch.Remove {
		if m := from.messages[id]; m != nil { // gone already if it outlived its retention
			from.remove(m)
		}
	}
	for _, m := range ch.Messages {
		s.order++
		m.order = s.order
		s.queues[ch.To].add(m, s.opts.Now())
	}
}

// replay applies one record of the journal.
func (s *Server) replay(record []byte) error {
	var ch change
	if err := json.Unmarshal(record, &ch); err != nil {
		return fmt.Errorf("unreadable record: %w", err)
	}
	for _, name := range []string{ch.Queue, ch.To} {
		if name != "" && s.queues[name] == nil && ch.Op != opCreate {
			return fmt.Errorf("record %s of the unknown queue %s", ch.Op, name)
		}
	}
	return s.apply(ch)
}

// snapshot emits the changes that lead to the present state.
func (s *Server) snapshot(emit func(any) error) error {
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		q := s.queues[name]
		q.settle(s.opts.Now())
		if err := emit(change{Op: opCreate, Queue: name, Attrs: q.attrs, At: q.created}); err != nil {
			return err
		}
		if err := emit(change{Op: opSet, Queue: name, Attrs: q.attrs, At: q.modified}); err != nil {
			return err
		}
		for _, m := range slices.SortedFunc(maps.Values(q.messages), byAge) {
			if err := emit(change{Op: opMessages, To: name, Messages: []*message{m}}); err != nil {
				return err
			}
		}
	}
	return nil
}

func byAge(a, b *message) int { return int(int64(a.order) - int64(b.order)) }
