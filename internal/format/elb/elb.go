package elb

import (
	"bytes"
	"errors"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

// ELB returns the format elb: the access log of a Classic Load Balancer, with 12 fields as before
// 2015 and with 15. Columns bear the names of AWS's documentation, with client:port and
// backend:port split in two. Text is kept as AWS wrote it, "-" is NULL, a time without a zone is
// UTC, and -1 in the timings and byte counts is kept as the -1 that AWS writes.
//
// A user agent may hold raw line endings. Such a record is that of its first line.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html
func ELB() *format.Format {
	return &format.Format{
		Name: classic.format,
		Spec: row.Spec{
			Description: "Access log of AWS Classic Load Balancers: one row per request, or per connection of a TCP or SSL listener.",
			Columns:     classic.columns(),
			PartitionBy: "time",
			ClusterBy:   []string{"elb", "elb_status_code", "client_ip"},
		},
		New:      classic.decoder,
		FileTime: format.VendedTime,
		Key:      format.NewKeyPattern(`(^|/)\d{12}_elasticloadbalancing_[a-z0-9-]+_[A-Za-z0-9-]+_\d{8}T\d{4}Z_[^/]*\.log(\.gz)?$`),
	}
}

// classic lists the documented fields in order.
var classic = newLayout(layout{
	format:    "elb",
	outsideIn: true,
	needed:    12, // up to request, the last field before 2015
	joins:     2,  // as in https://github.com/winebarrel/fluent-plugin-elb-access-log/pull/7
	agent:     12,
	fields: []field{
		timestamp("time", "Time when the load balancer received the request from the client. UTC, to the microsecond."),
		text("elb", "Name of the load balancer."),
		endpoint("client", "IP address of the client, or of the proxy in front of the load balancer; IPv6 without brackets.", "Port of the client."),
		endpoint("backend", "IP address of the instance that processed the request; NULL if none did.", "Port of the instance."),
		decimal("request_processing_time", "Seconds from receiving the request, or the first byte of a connection, to sending it to an instance; -1 if it could not be sent."),
		decimal("backend_processing_time", "Seconds from sending the request to an instance to the start of its answer; -1 if there was none."),
		decimal("response_processing_time", "Seconds from the start of the instance's answer to its start towards the client; -1 if there was none."),
		integer("elb_status_code", "HTTP status code of the load balancer's answer to the client; NULL for TCP and SSL listeners."),
		integer("backend_status_code", "HTTP status code of the instance's answer; NULL if it gave none, and for TCP and SSL listeners."),
		integer("received_bytes", "Bytes of the request's body; for TCP and SSL listeners, all bytes received from the client. -1 as AWS writes it."),
		integer("sent_bytes", "Bytes of the answer's body; for TCP and SSL listeners, all bytes sent to the client. -1 as AWS writes it."),
		request("Request line of the client: method, URL, HTTP version; \"- - - \" for TCP and SSL listeners. As AWS wrote it: quotes may be bare or have a backslash before them."),
		text("user_agent", "User-Agent of the client, as AWS wrote it: quotes have a backslash before them, and line endings may be in it. NULL in lines from before 2015."),
		text("ssl_cipher", "TLS cipher of the client's connection; NULL without TLS."),
		text("ssl_protocol", "TLS version of the client's connection; NULL without TLS."),
	},
})

const (
	beforeRequest = 11 // fields, none of which holds a space
	blanks        = " \t"
)

// pair is what stands between the request and the user agent, their quotes included.
var pair = []byte(`" "`)

// splitClassic does what split does. Quotes within the request are bare at times, hence it goes from
// the outside in: the fields before the request from the left, cipher and protocol from the right,
// and what is between parted at the last pair, for quotes within the user agent are written \".
func splitClassic(dst [][]byte, line []byte) ([][]byte, error) {
	rest := bytes.Trim(line, blanks)
	for range beforeRequest {
		var token []byte
		if token, rest = cutToken(rest); len(token) > 0 {
			dst = append(dst, token)
		}
	}
	rest = bytes.TrimLeft(rest, " ")
	switch {
	case len(rest) == 0:
		return dst, nil
	case rest[0] != '"':
		return nil, errors.New("no quote stands before field 12, the request")
	}
	start, end, ok := agentWithin(rest)
	if !ok {
		return splitOld(dst, rest)
	}
	return split(append(dst, rest[1:start], rest[start+len(pair):end]), rest[end+1:])
}

// agentWithin returns where the pair before the user agent starts, and where the quote is that ends
// it: the last one before a cipher and a TLS version, or nothing twice, whatever is behind them;
// without any, the last one of all if two words are all that is behind it.
func agentWithin(quoted []byte) (start, end int, ok bool) {
	last := bytes.LastIndexByte(quoted, '"')
	// A backslash is the user agent's own if it is its last character, and else AWS's.
	closes := func(i int) bool { return !escaped(quoted[:i]) || i == last && !open(quoted) }
	for end = last; end > 0; end = bytes.LastIndexByte(quoted[:end], '"') {
		if version, _ := secondWord(quoted[end+1:]); isTLS(version) && closes(end) {
			start = bytes.LastIndex(quoted[:end], pair)
			return start, end, start > 0
		}
	}
	word, rest := secondWord(quoted[last+1:])
	start = bytes.LastIndex(quoted[:last], pair)
	return start, last, start > 0 && len(word) > 0 && len(rest) == 0 && closes(last)
}

// splitOld appends the request of a line of 12 fields, unless it is one of 15 that was cut short.
func splitOld(dst [][]byte, quoted []byte) ([][]byte, error) {
	for before, rest, ok := bytes.Cut(quoted[1:], pair); ok; before, rest, ok = bytes.Cut(rest, pair) {
		if isProtocol(lastWord(before)) {
			return nil, errors.New("the line is cut short: user agent, cipher and protocol are not all there")
		}
	}
	last := len(quoted) - 1
	if last == 0 || quoted[last] != '"' {
		return nil, errors.New("the line is cut short, or a quote around the request or the user agent is missing")
	}
	return append(dst, quoted[1:last]), nil
}

// isTLS reports whether b is how AWS writes a TLS version, or none.
func isTLS(b []byte) bool {
	return fields.IsNone(b) || bytes.HasPrefix(b, []byte("TLS")) || bytes.HasPrefix(b, []byte("SSL"))
}

// secondWord returns the second of the words that stand behind a quote without another quote, and
// what is behind it; nil if there is none.
func secondWord(b []byte) (word, rest []byte) {
	if len(b) == 0 || b[0] != ' ' {
		return nil, nil
	}
	first, rest := cutToken(b)
	word, rest = cutToken(rest)
	if bytes.IndexByte(first, '"') >= 0 || bytes.IndexByte(word, '"') >= 0 {
		return nil, nil
	}
	return word, rest
}

func lastWord(b []byte) []byte { return b[bytes.LastIndexByte(b, ' ')+1:] }
