package gcs

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
)

const defaultType = "application/octet-stream"

// insertRequest is the resource that a client sends with an upload. The fields below Name are
// read only to be refused.
type insertRequest struct {
	settable
	sums
	Name          string          `json:"name"`
	KMSKeyName    string          `json:"kmsKeyName"`
	TemporaryHold bool            `json:"temporaryHold"`
	EventHold     bool            `json:"eventBasedHold"`
	Retention     json.RawMessage `json:"retention"`
}

func (i insertRequest) refuse() error {
	if i.KMSKeyName != "" || i.TemporaryHold || i.EventHold || i.Retention != nil {
		return unimplemented("a key, hold or retention of an object")
	}
	return nil
}

// insertObject is an upload in one request, or the start of a resumable one.
// https://cloud.google.com/storage/docs/json_api/v1/objects/insert
func (s *Server) insertObject(w http.ResponseWriter, r *http.Request, bucket string) error {
	if _, err := s.lookupBucket(bucket); err != nil {
		return err
	}
	q := r.URL.Query()
	conds, err := jsonConditions(q, "if")
	if err != nil {
		return err
	}
	d := draft{bucket: bucket, name: q.Get("name"), conds: conds, base: baseURL(r)}
	switch kind := q.Get("uploadType"); kind {
	case "media":
		err = s.insertMedia(&d, r)
	case "multipart":
		err = s.insertMultipart(&d, r)
	case "resumable":
		return s.startSession(w, r, d)
	default:
		err = invalid("Invalid upload type: %q", kind)
	}
	if err != nil {
		return err
	}
	o, err := s.commit(d)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, o.linked(d.base))
	return nil
}

// insertMedia reads an upload that is the bare bytes.
func (s *Server) insertMedia(d *draft, r *http.Request) error {
	q := r.URL.Query()
	d.meta = settable{ContentType: r.Header.Get("Content-Type"), ContentEncoding: q.Get("contentEncoding")}
	want, err := headerSums(r.Header)
	if err := errors.Join(err, checkObjectName(d.name)); err != nil {
		return err
	}
	return s.fill(d, r.Body, want)
}

// insertMultipart reads an upload of two parts: the resource and the bytes.
func (s *Server) insertMultipart(d *draft, r *http.Request) error {
	parts, err := relatedParts(r)
	if err != nil {
		return err
	}
	first, err := parts.NextRawPart()
	if err != nil {
		return invalid("Malformed multipart body: %v", err)
	}
	var in insertRequest
	if err := json.NewDecoder(first).Decode(&in); err != nil {
		return invalid("Parse error in the metadata part: %v", err)
	}
	media, err := parts.NextRawPart()
	if err != nil {
		return invalid("Malformed multipart body: %v", err)
	}
	want, err := headerSums(r.Header)
	if err := errors.Join(err, d.describe(in, media.Header.Get("Content-Type"))); err != nil {
		return err
	}
	return s.fill(d, media, in.sums.or(want))
}

// relatedParts opens a multipart/related body. Some clients put the boundary in single quotes,
// which are no quotes in MIME and not part of the boundary in the body.
func relatedParts(r *http.Request) (*multipart.Reader, error) {
	kind, params, err := mime.ParseMediaType(strings.ReplaceAll(r.Header.Get("Content-Type"), "'", `"`))
	if err != nil || kind != "multipart/related" || params["boundary"] == "" {
		return nil, invalid("Invalid Content-Type of a multipart upload: %q", r.Header.Get("Content-Type"))
	}
	return multipart.NewReader(r.Body, params["boundary"]), nil
}

// describe takes over what the resource says; the name may also stand in the query.
func (d *draft) describe(in insertRequest, mediaType string) error {
	if d.name != "" && in.Name != "" && d.name != in.Name {
		return invalid("Value '%s' in content does not agree with value '%s'.", in.Name, d.name)
	}
	if d.name == "" {
		d.name = in.Name
	}
	d.meta = in.settable
	if d.meta.ContentType == "" {
		d.meta.ContentType = mediaType
	}
	return errors.Join(in.refuse(), checkObjectName(d.name))
}

// fill receives the bytes of d and compares their checksums.
func (s *Server) fill(d *draft, r io.Reader, want sums) error {
	if d.meta.ContentType == "" {
		d.meta.ContentType = defaultType
	}
	var err error
	if d.blob, err = s.receive(r); err != nil {
		return err
	}
	if err := want.verify(d.blob.sums); err != nil {
		s.discard(d.blob.id)
		return err
	}
	return nil
}

// putObject is an upload by the XML API.
// https://cloud.google.com/storage/docs/xml-api/put-object-upload
func (s *Server) putObject(w http.ResponseWriter, r *http.Request, bucket, name string) error {
	conds, err := xmlConditions(r.Header)
	if err != nil {
		return err
	}
	h := r.Header
	d := draft{bucket: bucket, name: name, conds: conds, base: baseURL(r), meta: settable{
		ContentType: h.Get("Content-Type"), ContentEncoding: h.Get("Content-Encoding"), CacheControl: h.Get("Cache-Control"),
		ContentDisposition: h.Get("Content-Disposition"), ContentLanguage: h.Get("Content-Language"),
		StorageClass: h.Get("X-Goog-Storage-Class"), CustomTime: h.Get("X-Goog-Custom-Time"), Metadata: map[string]string{},
	}}
	for k, v := range h {
		if key, ok := strings.CutPrefix(k, "X-Goog-Meta-"); ok {
			d.meta.Metadata[strings.ToLower(key)] = v[0]
		}
	}
	want, err := headerSums(h)
	if err := errors.Join(err, checkObjectName(name)); err != nil {
		return err
	}
	if err := s.fill(&d, r.Body, want); err != nil {
		return err
	}
	o, err := s.commit(d)
	if err != nil {
		return err
	}
	describeXML(w.Header(), o)
	w.Header().Del("Content-Type")
	w.WriteHeader(http.StatusOK)
	return nil
}
