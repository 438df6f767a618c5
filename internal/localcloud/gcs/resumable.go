package gcs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// chunkUnit is what the length of every chunk but the last is a multiple of.
const chunkUnit = 256 << 10

// sessionLife is "a resumable upload must be completed within a week of being initiated".
const sessionLife = 7 * 24 * time.Hour

// statusCancelled answers the cancellation of an upload.
const statusCancelled = 499

// session is a resumable upload. How much of it has come is the length of its file.
// https://cloud.google.com/storage/docs/performing-resumable-uploads
type session struct {
	Bucket  string     `json:"bucket"`
	Name    string     `json:"name"`
	Meta    settable   `json:"meta"`
	Want    sums       `json:"want"`
	Conds   conditions `json:"conds"`
	Length  *int64     `json:"length,omitempty"` // X-Upload-Content-Length
	Started time.Time  `json:"started"`
	Result  *object    `json:"result,omitempty"` // once complete: what every later request is told
}

// startSession answers with the URI of a new session.
func (s *Server) startSession(w http.ResponseWriter, r *http.Request, d draft) error {
	var in insertRequest
	if _, err := readOptionalJSON(r, &in); err != nil {
		return err
	}
	want, err := headerSums(r.Header)
	if err := errors.Join(err, d.describe(in, r.Header.Get("X-Upload-Content-Type"))); err != nil {
		return err
	}
	if d.meta.ContentType == "" {
		d.meta.ContentType = defaultType
	}
	ses := session{Bucket: d.bucket, Name: d.name, Meta: d.meta, Want: in.sums.or(want), Conds: d.conds, Started: s.opts.Now()}
	if v := r.Header.Get("X-Upload-Content-Length"); v != "" {
		if ses.Length, err = parseNumber("X-Upload-Content-Length", v); err != nil {
			return err
		}
	}
	id := newID()
	if err := s.update(func(t tx) error { return t.put(tableUploads, id, ses) }); err != nil {
		return err
	}
	q := url.Values{"uploadType": {"resumable"}, "name": {d.name}, "upload_id": {id}}
	w.Header().Set("Location", d.base+"/upload/storage/v1/b/"+escape(d.bucket)+"/o?"+q.Encode())
	w.Header().Set("X-GUploader-UploadID", id)
	w.WriteHeader(http.StatusOK)
	return nil
}

// lockSession waits for the other requests of the session to end, and keeps new ones waiting.
func (s *Server) lockSession(id string) *sync.Mutex {
	mu := &s.sessions[int(id[0])%len(s.sessions)]
	mu.Lock()
	return mu
}

// resume takes a request on session id: a chunk, a question for its state, or its cancellation.
func (s *Server) resume(w http.ResponseWriter, r *http.Request, id string) error {
	defer s.lockSession(id).Unlock()
	var ses session
	err := s.view(func(t tx) error {
		ok, err := t.get(tableUploads, id, &ses)
		if err == nil && !ok {
			err = notFound("No such upload session: %s", id)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case r.Method == http.MethodDelete:
		return s.cancelSession(w, id)
	case ses.Result != nil: // a repeated last chunk: its answer was lost
		writeJSON(w, http.StatusOK, ses.Result.linked(baseURL(r)))
		return nil
	}
	c, err := parseContentRange(r.Header.Get("Content-Range"))
	if err != nil {
		return err
	}
	have, err := s.appendChunk(id, c, r.Body)
	if err != nil {
		return err
	}
	if c.open {
		c.total = have
	}
	if c.total < 0 || have < c.total {
		incomplete(w, r, id, have)
		return nil
	}
	return s.finishSession(w, r, id, ses, have)
}

func (s *Server) cancelSession(w http.ResponseWriter, id string) error {
	if err := s.update(func(t tx) error { return t.table(tableUploads).Delete([]byte(id)) }); err != nil {
		return err
	}
	s.discard(id)
	w.WriteHeader(statusCancelled)
	return nil
}

// incomplete says how many bytes are safe. A client that asks for it gets 200 in place of 308.
func incomplete(w http.ResponseWriter, r *http.Request, id string, have int64) {
	h := w.Header()
	h.Set("X-GUploader-UploadID", id)
	if have > 0 {
		h.Set("Range", fmt.Sprintf("bytes=0-%d", have-1))
	}
	status := http.StatusPermanentRedirect
	if r.Header.Get("X-GUploader-No-308") == "yes" {
		h.Set("X-Http-Status-Code-Override", "308")
		status = http.StatusOK
	}
	w.WriteHeader(status)
}

// chunk is a Content-Range header.
type chunk struct {
	start, length int64 // length 0: a question for the state
	total         int64 // -1: not known yet
	open          bool  // no header: everything from the start, and nothing after it
}

func parseContentRange(header string) (chunk, error) {
	bad := invalid("Invalid Content-Range: %q", header)
	if header == "" {
		return chunk{total: -1, open: true}, nil
	}
	span, total, ok := strings.Cut(strings.TrimPrefix(header, "bytes "), "/")
	c := chunk{total: -1}
	var err error
	if total != "*" {
		if c.total, err = strconv.ParseInt(total, 10, 64); err != nil || c.total < 0 {
			return c, bad
		}
	}
	if span == "*" && ok {
		return c, nil
	}
	first, last, dash := strings.Cut(span, "-")
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	if !ok || !dash || errA != nil || errB != nil || a < 0 || b < a || c.total >= 0 && b >= c.total {
		return c, bad
	}
	c.start, c.length = a, b-a+1
	if c.start+c.length != c.total && c.length%chunkUnit != 0 {
		return c, invalid("A chunk that is not the last has a multiple of %d bytes, this one has %d", chunkUnit, c.length)
	}
	return c, nil
}

// appendChunk adds to the file of session id what it does not have yet, and returns its length.
// What had come before a cut of the connection stays; bytes sent again are skipped.
func (s *Server) appendChunk(id string, c chunk, body io.Reader) (have int64, err error) {
	f, err := os.OpenFile(s.uploadPath(id), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	have = info.Size()
	if c.length == 0 && !c.open {
		return have, nil
	}
	if c.start > have {
		return have, invalid("The chunk starts at byte %d, but only %d bytes have come: ask for the state of the upload", c.start, have)
	}
	if !c.open {
		body = io.LimitReader(body, c.length)
	}
	skipped, err := io.CopyN(io.Discard, body, have-c.start)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		return have, err
	}
	n, err := io.Copy(f, body)
	have += n
	if err == nil && !c.open && skipped+n != c.length {
		err = invalid("The chunk has %d bytes, its Content-Range says %d", skipped+n, c.length)
	}
	return have, err
}

// finishSession makes a complete upload live. One that is refused can be asked for its state, and
// is refused again.
func (s *Server) finishSession(w http.ResponseWriter, r *http.Request, id string, ses session, have int64) error {
	b, err := s.measure(id)
	if err != nil {
		return err
	}
	if ses.Length != nil && *ses.Length != have {
		return invalid("The upload has %d bytes, X-Upload-Content-Length said %d", have, *ses.Length)
	}
	declared, err := headerSums(r.Header)
	if err := errors.Join(err, ses.Want.verify(b.sums), declared.verify(b.sums)); err != nil {
		return err
	}
	d := draft{bucket: ses.Bucket, name: ses.Name, meta: ses.Meta, blob: b, conds: ses.Conds, base: baseURL(r)}
	d.also = func(t tx, o object) error {
		ses.Result = &o
		return t.put(tableUploads, id, ses)
	}
	o, err := s.commit(d)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, o.linked(d.base))
	return nil
}

// expireSessions forgets old sessions, and adds those that stay to known.
func (t tx) expireSessions(known map[string]bool) error {
	var old [][]byte
	err := t.table(tableUploads).ForEach(func(k, v []byte) error {
		var ses session
		if err := json.Unmarshal(v, &ses); err != nil {
			return err
		}
		if t.now.Sub(ses.Started) > sessionLife {
			old = append(old, k)
			return nil
		}
		known[string(k)] = true
		return nil
	})
	for _, k := range old {
		err = errors.Join(err, t.table(tableUploads).Delete(k))
	}
	return err
}
