package s3access

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/scalar"
)

// line is a line taken apart.
type line struct {
	tokens [][]byte // the documented fields, without quotes and brackets, as far as the line has them
	extra  [][]byte // the others
}

// split takes a line apart. Quotes within quoted fields are bare at times, hence each quoted field
// is found by what stands around it: the request URI ends before a status, an error code and four
// numbers, and the user agent before fields that hold no quotes.
func (l *line) split(text []byte) error {
	l.tokens, l.extra = l.tokens[:0], l.extra[:0]
	rest, err := l.head(text)
	if err != nil {
		return err
	}
	if rest, err = l.request(rest); err != nil {
		return err
	}
	if rest, err = l.client(rest); err != nil {
		return err
	}
	if err := l.tail(rest); err != nil {
		return err
	}
	if len(l.tokens) < needed {
		return l.short()
	}
	return nil
}

func (l *line) short() error {
	return fmt.Errorf("the line is cut short: it has %d fields, and a record has %d or more", len(l.tokens), needed)
}

// add appends the first token of rest, if there is one, and returns what is behind it.
func (l *line) add(rest []byte) []byte {
	token, rest := cut(rest)
	if len(token) > 0 {
		l.tokens = append(l.tokens, token)
	}
	return rest
}

// cut returns the first token of b, which spaces may stand before, and what is behind it.
func cut(b []byte) (token, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// head appends the fields before the request URI.
func (l *line) head(rest []byte) ([]byte, error) {
	rest = l.add(l.add(rest))
	if rest = bytes.TrimLeft(rest, " "); len(rest) > 0 && rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 0 {
			return nil, errors.New("the line is cut short: the bracket before the time is never closed")
		}
		l.tokens = append(l.tokens, rest[1:end])
		rest = rest[end+1:]
	} else {
		rest = l.add(rest)
	}
	rest = l.requester(l.add(rest))
	for range fieldRequestURI - fieldRequestID {
		rest = l.add(rest)
	}
	if len(l.tokens) < fieldRequestURI {
		return nil, l.short()
	}
	return bytes.TrimLeft(rest, " "), nil
}

// requester appends the requester, which holds spaces if it is a CloudFront origin access identity:
// it then ends before the request ID, which the operation follows. Quotes around it are cut off.
func (l *line) requester(rest []byte) []byte {
	rest = bytes.TrimLeft(rest, " ")
	end := 0
	for at := rest; ; {
		_, behind := cut(at)
		id, more := cut(behind)
		operation, _ := cut(more)
		if len(id) == 0 || len(operation) == 0 || operation[0] == '"' {
			break // there is no operation: the requester is one token
		}
		if isOperation(operation) {
			end = len(rest) - len(behind)
			break
		}
		at = behind
	}
	if end == 0 {
		return l.add(rest)
	}
	token := rest[:end]
	if n := len(token); n >= 2 && token[0] == '"' && token[n-1] == '"' {
		token = token[1 : n-1]
	}
	l.tokens = append(l.tokens, token)
	return rest[end:]
}

// isOperation reports whether token looks like REST.GET.OBJECT, SOAP.ListBucket or S3.EXPIRE.OBJECT.
func isOperation(token []byte) bool {
	for _, prefix := range [...]string{"REST.", "SOAP.", "BATCH.", "S3.", "WEBSITE."} {
		if bytes.HasPrefix(token, []byte(prefix)) {
			return true
		}
	}
	return false
}

// request appends the request URI, the status, the error code and the four numbers.
func (l *line) request(rest []byte) ([]byte, error) {
	if len(rest) == 0 {
		return nil, l.short()
	}
	if rest[0] != '"' {
		var err error
		if rest, err = l.none(rest); err != nil {
			return nil, err
		}
	} else {
		end := uriEnd(rest)
		if end < 0 {
			return nil, fmt.Errorf("the line is cut short, or no status and sizes stand behind field %d, the request URI", fieldRequestURI+1)
		}
		l.tokens = append(l.tokens, rest[1:end])
		rest = rest[end+1:]
	}
	for range behindURI {
		rest = l.add(rest)
	}
	return bytes.TrimLeft(rest, " "), nil
}

// none appends the "-" of a quoted field without a value, which has no quotes.
func (l *line) none(rest []byte) ([]byte, error) {
	if token, _ := cut(rest); !fields.IsNone(token) {
		return nil, fmt.Errorf("no quote stands before field %d", len(l.tokens)+1)
	}
	return l.add(rest), nil
}

// behindURI is how many fields stand between the request URI and the referer: status, error code,
// bytes sent, object size and two times.
const behindURI = 6

// uriEnd returns the index of the first quote behind the one at quoted[0] that the fields behind a
// request URI follow, or -1.
func uriEnd(quoted []byte) int {
	for at := 1; ; at++ {
		i := bytes.IndexByte(quoted[at:], '"')
		if i < 0 {
			return -1
		}
		if at += i; isBehindURI(quoted[at+1:]) {
			return at
		}
	}
}

func isBehindURI(b []byte) bool {
	if len(b) == 0 || b[0] != ' ' {
		return false
	}
	for i := range behindURI {
		var token []byte
		token, b = cut(b)
		const errorCode = 1
		switch {
		case len(token) == 0, i == 0 && len(token) != len("200") && !fields.IsNone(token):
			return false
		case i != errorCode && !isNumber(token):
			return false
		}
	}
	return true
}

func isNumber(token []byte) bool {
	if fields.IsNone(token) {
		return true
	}
	_, err := scalar.Int(token)
	return err == nil
}

// pair is what stands between the referer and the user agent, their quotes included.
var pair = []byte(`" "`)

// client appends the referer and the user agent, each quoted or a bare "-".
func (l *line) client(rest []byte) ([]byte, error) {
	if len(rest) == 0 {
		return nil, l.short()
	}
	if rest[0] != '"' {
		rest, err := l.none(rest)
		if err != nil {
			return nil, err
		}
		return l.agent(rest)
	}
	end := agentEnd(rest)
	if end <= 0 {
		return nil, errors.New("the line is cut short: the quote before the referer is never closed")
	}
	both := rest[1:end]
	if i := bytes.LastIndex(both, pair); i >= 0 {
		l.tokens = append(l.tokens, both[:i], both[i+len(pair):])
		return rest[end+1:], nil
	}
	l.tokens = append(l.tokens, both)
	return l.agent(rest[end+1:])
}

// agent appends a user agent that does not stand behind a quoted referer.
func (l *line) agent(rest []byte) ([]byte, error) {
	rest = bytes.TrimLeft(rest, " ")
	switch {
	case len(rest) == 0:
		return nil, l.short()
	case rest[0] != '"':
		return l.none(rest)
	}
	end := agentEnd(rest)
	if end <= 0 {
		return nil, errors.New("the line is cut short: the quote before the user agent is never closed")
	}
	l.tokens = append(l.tokens, rest[1:end])
	return rest[end+1:], nil
}

// agentEnd returns the index of the quote that ends the user agent: the last one that looks like it
// by what is behind it, or else the last one of all.
func agentEnd(quoted []byte) int {
	last := bytes.LastIndexByte(quoted, '"')
	for end := last; end > 0; end = bytes.LastIndexByte(quoted[:end], '"') {
		if isTail(quoted[end+1:]) {
			return end
		}
	}
	return last
}

// isTail reports whether b looks like what stands behind the user agent: a version ID and no more, as
// until 2019, or with a signature's version as third or fourth.
func isTail(b []byte) bool {
	if len(b) == 0 || b[0] != ' ' {
		return false
	}
	var t [4][]byte
	for i := range t {
		t[i], b = cut(b)
		if bytes.IndexByte(t[i], '"') >= 0 {
			return false
		}
	}
	return len(t[0]) > 0 && len(t[1]) == 0 || isSignature(t[2]) || isSignature(t[3])
}

func isSignature(token []byte) bool {
	return fields.IsNone(token) || bytes.HasPrefix(token, []byte("SigV"))
}

// maxFields is the most fields that a line may have. It bounds the memory that one takes.
const maxFields = 10_000

// tail appends the fields behind the user agent. In some lines of 2019 one that is not documented
// stands before the host ID.
func (l *line) tail(rest []byte) error {
	from := len(l.tokens)
	for len(rest) > 0 {
		if len(l.tokens) == maxFields {
			return fmt.Errorf("the line has more than %d fields", maxFields)
		}
		if rest = bytes.TrimLeft(rest, " "); len(rest) > 1 && rest[0] == '"' {
			if end := bytes.IndexByte(rest[1:], '"'); end >= 0 {
				l.tokens = append(l.tokens, rest[1:1+end])
				rest = rest[end+2:]
				continue
			}
		}
		rest = l.add(rest)
	}
	const extra, signature = 1, 3 // places behind the user agent, in such a line
	if t := l.tokens[from:]; len(t) > signature && bytes.HasPrefix(t[signature], []byte("SigV")) && !isSignature(t[signature-1]) {
		l.extra = append(l.extra, t[extra])
		l.tokens = append(l.tokens[:from+extra], t[extra+1:]...)
	}
	if n := len(documented); len(l.tokens) > n {
		l.extra = append(l.extra, l.tokens[n:]...)
		l.tokens = l.tokens[:n]
	}
	return nil
}
