package s3

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/rclone/gofakes3"
)

// call is what the backend has to know of a request and gofakes3 does not hand on. It travels in
// the request's context.
type call struct {
	bucket, key string
	version     string // versionId of the request; "" if it names none
	source      string // bucket/key of a copy's source; "" if the request is no copy
	sourceID    string // its versionId; "" if it names none
	post        bool   // a browser's form
	ip          string // of the caller
	requestID   string
	hostID      string
	header      http.Header // of the answer
	status      int         // of the answer, where gofakes3 has none for an error; 0 otherwise
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf returns the call in ctx, an empty one if there is none.
func callOf(ctx context.Context) *call {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		return c
	}
	return &call{header: http.Header{}}
}

// newCall reads a request whose path is /bucket/key.
func newCall(r *http.Request, header http.Header) (*call, error) {
	c := &call{version: r.URL.Query().Get("versionId"), header: header, requestID: newRequestID(), hostID: randomHex(24)}
	c.bucket, c.key, _ = strings.Cut(strings.TrimLeft(r.URL.Path, "/"), "/")
	c.post = r.Method == http.MethodPost && c.key == ""
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		c.ip = host
	}
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
		path, query, _ := strings.Cut(source, "?")
		plain, err := url.QueryUnescape(strings.TrimPrefix(path, "/"))
		if err != nil {
			return nil, gofakes3.ErrorInvalidArgument("x-amz-copy-source", source, "Invalid copy source encoding")
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			return nil, gofakes3.ErrorInvalidArgument("x-amz-copy-source", source, "Invalid copy source encoding")
		}
		c.source, c.sourceID = plain, values.Get("versionId")
	}
	return c, nil
}

// copies reports whether the request copies from an object.
func (c *call) copies() bool { return c.source != "" }

// versionOf returns the version that the request asks of an object; "" for the newest.
func (c *call) versionOf(bucket, key string) string {
	switch {
	case c.copies() && c.source == bucket+"/"+key:
		return c.sourceID
	case !c.copies() && c.bucket == bucket && c.key == key:
		return c.version
	default:
		return ""
	}
}

// fail returns an error that gofakes3 does not know, and sets the status that belongs to it.
func (c *call) fail(status int, code gofakes3.ErrorCode, message string) error {
	c.status = status
	return gofakes3.ErrorMessage(code, message)
}

// newRequestID returns an ID in S3's form: 16 upper-case hexadecimal digits.
func newRequestID() string { return strings.ToUpper(randomHex(8)) }
