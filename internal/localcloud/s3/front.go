package s3

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"unicode/utf8"

	xml "github.com/minio/xxml"
	"github.com/rclone/gofakes3"
)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = byPath(r)
	c, err := newCall(r, w.Header())
	if err == nil {
		err = refuse(r, c)
	}
	if err != nil {
		writeError(w, r, newRequestID(), err)
		return
	}
	query := r.URL.Query()
	switch {
	case query.Has("notification") && c.key == "":
		s.serveNotification(w, r, c)
	case query.Has("delete") && c.key == "" && r.Method == http.MethodPost:
		s.deleteObjects(w, r, c)
	default:
		t := &translator{ResponseWriter: w, call: c}
		s.fake.ServeHTTP(t, inward(r, c))
		t.head() // of an answer without a body
	}
}

// byPath turns a request for bucket.localhost into one for /bucket. SDKs write the bucket's name
// before any host that is not an IP address.
func byPath(r *http.Request) *http.Request {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	bucket, ok := strings.CutSuffix(host, ".localhost")
	if !ok {
		return r
	}
	r = r.Clone(r.Context())
	r.URL.Path = "/" + bucket + r.URL.Path
	return r
}

// refuse returns the error of a request that gofakes3 would take and get wrong.
func refuse(r *http.Request, c *call) error {
	query := r.URL.Query()
	write := r.Method == http.MethodPut || r.Method == http.MethodPost
	conditional := r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != ""
	switch {
	case !utf8.ValidString(c.key): // keys are "a sequence of Unicode characters whose UTF-8 encoding is at most 1024 bytes"
		return gofakes3.ErrorMessage(gofakes3.ErrInvalidURI, "Couldn't parse the specified URI: the key is not UTF-8.")
	case write && len(c.key) > gofakes3.KeySizeLimit:
		return gofakes3.ResourceError(gofakes3.ErrKeyTooLong, c.key)
	case write && c.version != "":
		return gofakes3.ErrorInvalidArgument("versionId", c.version, "This operation does not accept a version-id.")
	case query.Has("attributes"):
		return gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "GetObjectAttributes is not part of the local S3.")
	case c.copies() && conditional:
		return gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "Conditions on the target of a copy are not part of the local S3.")
	}
	return nil
}

// inward returns the request as gofakes3 gets it: ETags in its own form, and the versionId in the
// context only, where HEAD finds it too.
func inward(r *http.Request, c *call) *http.Request {
	r = r.Clone(withCall(r.Context(), c))
	for _, name := range []string{"If-Match", "If-None-Match", "X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match"} {
		if v := r.Header.Get(name); v != "" {
			r.Header.Set(name, internalETag(v))
		}
	}
	if c.version != "" {
		query := r.URL.Query()
		query.Del("versionId")
		r.URL.RawQuery = query.Encode()
	}
	return r
}

// translator puts right what gofakes3 writes into an answer's head.
type translator struct {
	http.ResponseWriter
	call *call
	sent bool
}

func (t *translator) WriteHeader(status int) {
	t.head()
	if t.call.status != 0 {
		status = t.call.status
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *translator) Write(p []byte) (int, error) {
	t.head()
	return t.ResponseWriter.Write(p)
}

// ReadFrom lets the bytes of an object go from file to socket.
func (t *translator) ReadFrom(r io.Reader) (int64, error) {
	t.head()
	return io.Copy(t.ResponseWriter, r)
}

// Unwrap is for http.ResponseController.
func (t *translator) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *translator) head() {
	if t.sent {
		return
	}
	t.sent = true
	h := t.Header()
	h.Set("X-Amz-Request-Id", t.call.requestID)
	h.Set("X-Amz-Id-2", t.call.hostID)
	if etag := h.Get("Etag"); etag != "" {
		h.Set("Etag", externalETag(etag))
	}
}

// errorBody is S3's form of an error.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
type errorBody struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   string
	RequestID string `xml:"RequestId"`
}

// writeError answers with err; one that is not S3's is an internal error.
func writeError(w http.ResponseWriter, r *http.Request, requestID string, err error) {
	body, status := errorBody{Code: string(gofakes3.ErrInternal), Message: err.Error(), RequestID: requestID}, http.StatusInternalServerError
	var known gofakes3.Error
	if errors.As(err, &known) {
		body.Code, status = string(known.ErrorCode()), known.ErrorCode().Status()
		body.Message = strings.TrimPrefix(body.Message, body.Code+": ")
	}
	w.Header().Set("X-Amz-Request-Id", requestID)
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	writeXML(w, status, body)
}

func writeXML(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the client may be gone; nobody is left to tell
}

// readXML reads a request's document.
func readXML(r *http.Request, into any) error {
	data, err := io.ReadAll(io.LimitReader(r.Body, gofakes3.MaxXMLBodySize+1))
	if err != nil {
		return gofakes3.ErrIncompleteBody
	}
	if len(data) > gofakes3.MaxXMLBodySize {
		return gofakes3.ErrMaxMessageLengthExceeded
	}
	if len(data) == 0 {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, "The request has no document.")
	}
	if err := xml.Unmarshal(data, into); err != nil {
		return gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, err.Error())
	}
	return nil
}
