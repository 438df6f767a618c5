package elb

import (
	"bytes"
	"encoding/binary"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/format/scalar"
	"github.com/seneka-io/seneka/internal/row"
)

// The columns of a request line, by their place in request's schema.
const (
	requestLine = iota
	requestMethod
	requestURL
	requestProtocol
	requestHost
	requestPort
	requestPath
	requestQuery
)

// request is the field that holds a request line: the line as it stands, and its parts.
func request(description string) field {
	const undone = " \\xHH escapes are undone."
	return field{columns: row.Schema{
		requestLine:     fields.Column("request", row.String, description),
		requestMethod:   fields.Column("request_method", row.String, "HTTP method of the request line; NULL if there was none."),
		requestURL:      fields.Column("request_url", row.String, "URL of the request line, protocol://host:port/path?query."+undone),
		requestProtocol: fields.Column("request_protocol", row.String, "HTTP version of the request line, such as HTTP/1.1; NULL if there was none."),
		requestHost:     fields.Column("request_host", row.String, "Host of the URL, IPv6 without brackets. NULL if the URL cannot be split, as are port, path and query."),
		requestPort:     fields.Column("request_port", row.Int64, "Port of the URL."),
		requestPath:     fields.Column("request_path", row.String, "Path of the URL, as sent (percent-encoded)."+undone),
		requestQuery:    fields.Column("request_query", row.String, "Query of the URL behind the first question mark, as sent (percent-encoded); NULL if there was none."+undone),
	}, read: readRequest, names: []string{"request", "request_line"}}
}

// readRequest never fails: clients send anything.
func readRequest(d *decoder, _ *field, values []row.Value, token []byte) error {
	values = values[:requestQuery+1]
	d.text(&values[requestLine], token)
	d.escapes = bytes.IndexByte(token, '\\') >= 0
	if !d.setUsual(values, token) {
		d.setParts(values, token)
	}
	return nil
}

// setParts sets the values of the parts of any line.
func (d *decoder) setParts(values []row.Value, line []byte) {
	method, url, protocol := splitRequest(line)
	d.setPart(&values[requestMethod], method)
	d.setPart(&values[requestURL], url)
	d.setPart(&values[requestProtocol], protocol)
	u := splitURL(url)
	d.setPart(&values[requestHost], u.host)
	values[requestPort].SetNull()
	if u.port >= 0 {
		values[requestPort].SetInt(u.port)
	}
	d.setPart(&values[requestPath], u.path)
	values[requestQuery].SetNull()
	if u.query != nil {
		d.setUnescaped(&values[requestQuery], u.query)
	}
}

// setUsual is setParts for a line such as nearly all are, and reports whether this one is.
func (d *decoder) setUsual(values []row.Value, line []byte) bool {
	if d.escapes {
		return false
	}
	p, ok := usualRequest(line)
	if !ok {
		return false
	}
	method, url, protocol := line[:p.method], line[p.method+1:p.protocol-1], line[p.protocol:]
	d.setPart(&values[requestMethod], method)
	values[requestURL].SetText(url, d.ascii)
	values[requestProtocol].SetText(protocol, d.ascii)
	d.setPart(&values[requestHost], url[p.host:p.hostEnd])
	values[requestPort].SetNull()
	if p.port >= 0 {
		values[requestPort].SetInt(int64(p.port))
	}
	path := url[p.path:]
	values[requestQuery].SetNull()
	if i := bytes.IndexByte(path, '?'); i >= 0 {
		values[requestQuery].SetText(path[i+1:], d.ascii)
		path = path[:i]
	}
	values[requestPath].SetText(path, d.ascii)
	return true
}

// places are where the parts of a request line stand.
type places struct {
	method, protocol    int // where the one ends and the other begins
	host, hostEnd, path int // in the URL
	port                int // -1: none
}

// usualRequest finds the places in a line such as nearly all are: a method, a URL with a host, a port or none, and a
// path, and HTTP/d.d. Scheme and version are compared eight bytes at a time.
func usualRequest(line []byte) (p places, ok bool) {
	const (
		version = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32 | '0'<<40 | '.'<<48 | '0'<<56
		https   = 'h' | 't'<<8 | 't'<<16 | 'p'<<24 | 's'<<32 | ':'<<40 | '/'<<48 | '/'<<56
		http    = https&0xffffffff | ':'<<32 | '/'<<40 | '/'<<48
	)
	end := len(line) - len(" HTTP/1.1")
	if end < 0 || line[end] != ' ' {
		return p, false
	}
	p.protocol = end + 1
	digits := binary.LittleEndian.Uint64(line[p.protocol:]) ^ version
	if digits&^(0xf<<40|0xf<<56) != 0 || digits>>40&0xf > 9 || digits>>56 > 9 {
		return p, false
	}
	for p.method < end && line[p.method] != ' ' {
		p.method++
	}
	url := line[min(p.method+1, end):end]
	if len(url) < len("https://") {
		return p, false
	}
	switch scheme := binary.LittleEndian.Uint64(url); {
	case scheme == https:
		p.host = len("https://")
	case scheme&(1<<56-1) == http:
		p.host = len("http://")
	default:
		return p, false
	}
	at := p.host
	for at < len(url) && !endsHost[url[at]] {
		at++
	}
	p.hostEnd, p.port = at, -1
	if at < len(url) && url[at] == ':' {
		p.port = 0
		for at++; at < len(url) && isDigit(url[at]) && p.port <= maxPort; at++ {
			p.port = 10*p.port + int(url[at]-'0')
		}
		if at == p.hostEnd+1 || p.port > maxPort {
			return p, false
		}
	}
	p.path = at
	return p, at < len(url) && url[at] == '/' && p.hostEnd > p.host
}

// endsHost are the bytes that do, or that ask for another look.
var endsHost = [256]bool{':': true, '/': true, '?': true, '#': true, '@': true, '[': true, ']': true}

// setPart sets v to part without escapes, or to NULL if part is empty or AWS's word for nothing.
func (d *decoder) setPart(v *row.Value, part []byte) {
	if len(part) == 0 || fields.IsNone(part) {
		v.SetNull()
	} else {
		d.setUnescaped(v, part)
	}
}

// noRequest stands for the request line of a TCP or TLS connection.
const noRequest = "- - - "

// splitRequest takes a request line apart. The method ends at the first space. What stands behind
// the last one is the protocol, if it looks like one or like none; the rest is the URL, with any
// spaces that a client put there.
func splitRequest(line []byte) (method, url, protocol []byte) {
	first, last := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	switch {
	case string(line) == noRequest:
		return nil, nil, nil
	case first < 0:
		return line, nil, nil
	}
	method = line[:first]
	switch tail := line[last+1:]; {
	case !isProtocol(tail):
		return method, line[first+1:], nil
	case first == last:
		return method, nil, tail
	default:
		return method, line[first+1 : last], tail
	}
}

// isProtocol reports whether b is HTTP/d, HTTP/d.d, "-" or empty.
func isProtocol(b []byte) bool {
	if len(b) == 0 || fields.IsNone(b) {
		return true
	}
	version, ok := bytes.CutPrefix(b, []byte("HTTP/"))
	switch {
	case !ok:
		return false
	case len(version) == 1:
		return isDigit(version[0])
	default:
		return len(version) == 3 && isDigit(version[0]) && version[1] == '.' && isDigit(version[2])
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// urlParts are the parts of a URL; nil, or a negative port, for those that it lacks.
type urlParts struct {
	host, path, query []byte
	port              int64
}

const maxPort = 65535

// splitURL takes a URL of the form scheme://host:port/path?query apart, or nothing of one of any
// other form. It is milder than net/url: hosts with underscores, broken escapes and the like pass.
func splitURL(url []byte) urlParts {
	nothing := urlParts{port: -1}
	n := word(url)
	if rest := url[n:]; n == 0 || len(rest) < 3 || rest[0] != ':' || rest[1] != '/' || rest[2] != '/' {
		return nothing
	}
	rest := url[n+3:]
	u := nothing
	host, end := authorityOf(rest)
	authority := rest[host:end]
	if end < len(rest) {
		u.path = rest[end:]
	} else if n := len(rest); n >= 2 && rest[n-1] == '-' && isDigit(rest[n-2]) {
		authority = rest[host : n-1] // http://host:80- has no path that AWS could read
	}
	if i := bytes.IndexByte(u.path, '?'); i >= 0 {
		u.path, u.query = u.path[:i], u.path[i+1:]
	}
	var port []byte
	u.host, port = splitPort(authority)
	if len(port) > 0 {
		n, err := scalar.Int(port)
		if err != nil || n < 0 || n > maxPort {
			return nothing
		}
		u.port = n
	}
	return u
}

// authorityOf returns where the host starts in the authority that rest begins with, and where that ends.
func authorityOf(rest []byte) (host, end int) {
	for i, c := range rest {
		switch c {
		case '@':
			host = i + 1
		case '/', '?', '#':
			return host, i
		}
	}
	return host, len(rest)
}

// word returns how many letters and digits b begins with.
func word(b []byte) int {
	for i, c := range b {
		if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z') {
			return i
		}
	}
	return len(b)
}

// setUnescaped sets v to a part of the request line with its escapes undone: text itself, or the decoder's memory
// until the next line.
func (d *decoder) setUnescaped(v *row.Value, text []byte) {
	if !d.escapes {
		v.SetText(text, d.ascii)
		return
	}
	from := len(d.decoded)
	d.decoded = unescape(d.decoded, text)
	v.SetBytes(d.decoded[from:])
}

// unescape appends text to dst and undoes \xHH, \x000000HH (in older lines), \" and \\. Any other
// backslash stands for itself.
func unescape(dst, text []byte) []byte {
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return append(dst, text...)
		}
		c, n := escape(text[i:])
		dst = append(append(dst, text[:i]...), c)
		text = text[i+n:]
	}
	return dst
}

// escape returns what the escape at the start of b stands for, and its length.
func escape(b []byte) (c byte, length int) {
	const long, short = `\x000000`, `\x`
	for _, prefix := range [...]string{long, short} {
		if !bytes.HasPrefix(b, []byte(prefix)) {
			continue
		}
		if c, ok := hexByte(b[len(prefix):]); ok {
			return c, len(prefix) + 2
		}
	}
	if len(b) > 1 && (b[1] == '"' || b[1] == '\\') {
		return b[1], 2
	}
	return b[0], 1
}

func hexByte(b []byte) (c byte, ok bool) {
	if len(b) < 2 {
		return 0, false
	}
	hi, lo := hexDigit(b[0]), hexDigit(b[1])
	return hi<<4 | lo, hi < 16 && lo < 16
}

// hexDigit returns the value of c, or 16 if it is no digit.
func hexDigit(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	default:
		return 16
	}
}
