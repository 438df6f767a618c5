package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// maxMessage is the longest message, and the longest batch, in bytes: "both 1 MiB 1,048,576 bytes".
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
const maxMessage = 1 << 20

// The forms of names, as documented.
var (
	entryID       = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
)

// attribute is a typed value that travels beside a message's body.
type attribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

// outgoing is one message to send: a SendMessage, or an entry of a batch.
type outgoing struct {
	Id                      string // of a batch entry
	MessageBody             string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
	MessageGroupId          string
}

type sendMessageInput struct {
	QueueUrl string
	outgoing
}

// sent is the receipt of one message.
type sent struct {
	Id                     string `json:",omitempty"` // of a batch entry
	MessageId              string
	MD5OfMessageBody       string
	MD5OfMessageAttributes string `json:",omitempty"`
}

func (s *Server) sendMessage(c *call, in *sendMessageInput) (any, error) {
	q, err := s.queueByURL(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return s.send(c, q, &in.outgoing)
}

// send puts one message into q.
func (s *Server) send(c *call, q *queue, out *outgoing) (sent, error) {
	if err := checkOutgoing(q, out); err != nil {
		return sent{}, err
	}
	now := s.opts.Now()
	delay := q.settings.delay
	if out.DelaySeconds != nil {
		delay = time.Duration(*out.DelaySeconds) * time.Second
	}
	m := &message{
		ID:      newID(),
		Body:    out.MessageBody,
		Attrs:   out.MessageAttributes,
		Trace:   out.MessageSystemAttributes["AWSTraceHeader"].StringValue,
		Sent:    now,
		Visible: now.Add(delay),
	}
	receipt := sent{Id: out.Id, MessageId: m.ID, MD5OfMessageBody: bodyDigest(m.Body), MD5OfMessageAttributes: attributesDigest(m.Attrs)}
	return receipt, s.commit(c, change{Op: opMessages, To: q.name, Messages: []*message{m}})
}

func checkOutgoing(q *queue, out *outgoing) error {
	if out.MessageBody == "" {
		return fault("MissingParameter", "The request must contain the parameter MessageBody.")
	}
	if size := out.size(); size > q.settings.maxSize {
		return fault("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.settings.maxSize)
	}
	if strings.ContainsFunc(out.MessageBody, notAllowed) {
		return fault("InvalidMessageContents", "Invalid characters were found in the message body.")
	}
	if d := out.DelaySeconds; d != nil && (*d < 0 || *d > 900) {
		return invalid("DelaySeconds", *d, "DelaySeconds must be >= 0 and <= 900.")
	}
	return checkMessageAttributes(out.MessageAttributes)
}

// notAllowed tells the characters that SendMessage does not list as allowed:
// "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF".
func notAllowed(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// size is what counts against the limits: "the name, type, value and the message body".
func (o *outgoing) size() int {
	n := len(o.MessageBody)
	for name, a := range o.MessageAttributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// checkMessageAttributes applies
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html.
func checkMessageAttributes(attrs map[string]attribute) error {
	if len(attrs) > 10 {
		return fault("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10].", len(attrs))
	}
	for n, a := range attrs {
		lower := strings.ToLower(n)
		if len(n) > 256 || !attributeName.MatchString(n) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon.") {
			return invalid("MessageAttributes", n, "The name of a message attribute has up to 256 letters, digits, '_', '-' and single inner '.', and does not begin with AWS. or Amazon.")
		}
		base, _, _ := strings.Cut(a.DataType, ".")
		if !slices.Contains([]string{"String", "Number", "Binary"}, base) {
			return fault("InvalidParameterValue", "The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", n)
		}
		if (base == "Binary") != (len(a.BinaryValue) > 0) || (base == "Binary") == (a.StringValue != "") {
			return fault("InvalidParameterValue", "The message attribute '%s' must contain a non-empty value that fits its type %s.", n, a.DataType)
		}
	}
	return nil
}

func bodyDigest(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// attributesDigest is MD5OfMessageAttributes, "" without attributes: per attribute, sorted by name,
// the name, the type and the value, each behind its length, and a byte for the kind of value.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func attributesDigest(attrs map[string]attribute) string {
	if len(attrs) == 0 {
		return ""
	}
	var b []byte
	field := func(s string) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...) }
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		field(name)
		field(a.DataType)
		if len(a.BinaryValue) > 0 {
			b = append(b, 2)
			field(string(a.BinaryValue))
		} else {
			b = append(b, 1)
			field(a.StringValue)
		}
	}
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

type sendMessageBatchInput struct {
	QueueUrl string
	Entries  []outgoing
}

type batchResult[T any] struct {
	Successful []T            `json:",omitempty"`
	Failed     []batchFailure `json:",omitempty"`
}

func (s *Server) sendMessageBatch(c *call, in *sendMessageBatchInput) (any, error) {
	total := 0
	for i := range in.Entries {
		total += in.Entries[i].size()
	}
	if total > maxMessage {
		return nil, fault("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, total)
	}
	id := func(e outgoing) string { return e.Id }
	return batch(s, in.QueueUrl, in.Entries, id, func(q *queue, e outgoing) (sent, error) {
		return s.send(c, q, &e)
	})
}

type batchDone struct{ Id string }

// batch runs f on each entry of a valid batch and reports each by its own.
func batch[In, Out any](s *Server, url string, entries []In, id func(In) string, f func(*queue, In) (Out, error)) (any, error) {
	q, err := s.queueByURL(url)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(entries, id); err != nil {
		return nil, err
	}
	var res batchResult[Out]
	for _, e := range entries {
		out, err := f(q, e)
		if err != nil {
			res.Failed = append(res.Failed, failedEntry(id(e), err))
			continue
		}
		res.Successful = append(res.Successful, out)
	}
	return res, nil
}

func checkBatch[In any](entries []In, id func(In) string) error {
	if len(entries) == 0 {
		return fault("EmptyBatchRequest", "There should be at least one entry in the request.")
	}
	if len(entries) > 10 {
		return fault("TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent %d.", len(entries))
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if !entryID.MatchString(id(e)) {
			return fault("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id(e)] {
			return fault("BatchEntryIdsNotDistinct", "Id %s repeated.", id(e))
		}
		seen[id(e)] = true
	}
	return nil
}
