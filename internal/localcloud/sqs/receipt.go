package sqs

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
)

// handle is what a receipt handle says: one receive of one message. It names the receive, not its
// state, so that a handle of before a restart is still understood.
type handle struct{ queue, id, receipt string }

// String returns the opaque form. Its checksum tells a handle from garbage.
func (h handle) String() string {
	text := h.queue + " " + h.id + " " + h.receipt
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%08x %s", crc32.ChecksumIEEE([]byte(text)), text))
}

// parseHandle reads a receipt handle of q.
func parseHandle(q *queue, s string) (handle, error) {
	bad := fault("ReceiptHandleIsInvalid", "The input receipt handle %q is not a valid receipt handle.", s)
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return handle{}, bad
	}
	fields := strings.Split(string(raw), " ")
	if len(fields) != 4 {
		return handle{}, bad
	}
	h := handle{fields[1], fields[2], fields[3]}
	if h.String() != s || h.queue != q.name {
		return handle{}, bad
	}
	return h, nil
}

type deleteEntry struct {
	Id            string
	ReceiptHandle string
}

type deleteMessageInput struct {
	QueueUrl string
	deleteEntry
}

func (s *Server) deleteMessage(c *call, in *deleteMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	_, err = s.delete(c, q, in.deleteEntry)
	return struct{}{}, err
}

type deleteMessageBatchInput struct {
	QueueUrl string
	Entries  []deleteEntry
}

func (s *Server) deleteMessageBatch(c *call, in *deleteMessageBatchInput) (any, error) {
	id := func(e deleteEntry) string { return e.Id }
	return batch(s, in.QueueUrl, in.Entries, id, func(q *queue, e deleteEntry) (batchDone, error) {
		return s.delete(c, q, e)
	})
}

// delete drops the message of a handle. Deleting again succeeds, and so does an old handle of a
// message that was received since, "but the message might not be deleted": here it never is. A
// message that was not received since this process began belongs to whoever held it before.
func (s *Server) delete(c *call, q *queue, e deleteEntry) (batchDone, error) {
	h, err := parseHandle(q, e.ReceiptHandle)
	if err != nil {
		return batchDone{}, err
	}
	m := q.messages[h.id]
	if m == nil || m.receipt != "" && m.receipt != h.receipt {
		return batchDone{e.Id}, nil
	}
	q.deleted++
	return batchDone{e.Id}, s.commit(c, change{Op: opMessages, Queue: q.name, Remove: []string{m.ID}})
}

type visibilityEntry struct {
	Id                string
	ReceiptHandle     string
	VisibilityTimeout *int
}

type changeVisibilityInput struct {
	QueueUrl string
	visibilityEntry
}

func (s *Server) changeVisibility(_ *call, in *changeVisibilityInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	_, err = s.setVisibility(q, in.visibilityEntry)
	return struct{}{}, err
}

type changeVisibilityBatchInput struct {
	QueueUrl string
	Entries  []visibilityEntry
}

func (s *Server) changeVisibilityBatch(_ *call, in *changeVisibilityBatchInput) (any, error) {
	id := func(e visibilityEntry) string { return e.Id }
	return batch(s, in.QueueUrl, in.Entries, id, s.setVisibility)
}

// setVisibility hides a message in flight for the time given, from now on; 0 gives it back. The
// total, from its receive on, stays within 12 hours: "extending the visibility timeout does not
// reset the 12 hour maximum".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func (s *Server) setVisibility(q *queue, e visibilityEntry) (batchDone, error) {
	if e.VisibilityTimeout == nil {
		return batchDone{}, fault("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
	}
	seconds, err := within("VisibilityTimeout", e.VisibilityTimeout, 0, maxVisibility, 0)
	if err != nil {
		return batchDone{}, err
	}
	h, err := parseHandle(q, e.ReceiptHandle)
	if err != nil {
		return batchDone{}, err
	}
	now := s.opts.Now()
	q.settle(now)
	m := q.messages[h.id]
	if m == nil {
		return batchDone{}, invalid("ReceiptHandle", e.ReceiptHandle, "Message does not exist or is not available for visibility timeout change.")
	}
	if m.pile != &q.inflight || m.receipt != h.receipt {
		return batchDone{}, fault("MessageNotInflight", "The message is not in flight, or it was received again since.")
	}
	until := now.Add(time.Duration(seconds) * time.Second)
	if until.Sub(m.received) > maxVisibility*time.Second {
		return batchDone{}, invalid("VisibilityTimeout", seconds, "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
	}
	q.inflight.take(m)
	m.Visible = until
	if seconds > 0 {
		q.inflight.put(m)
	} else {
		q.ready.put(m)
	}
	q.wakeAll()
	return batchDone{e.Id}, nil
}
