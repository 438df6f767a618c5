package gcs

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve writes o's bytes, or the range that r asks for. An error comes before the first byte of the answer.
func serve(w http.ResponseWriter, r *http.Request, o object, f io.ReadSeeker) error {
	h := w.Header()
	if o.ContentEncoding == "gzip" && !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") &&
		!strings.Contains(o.CacheControl, "no-transform") {
		return serveGunzipped(w, r, f)
	}
	start, length, partial, err := parseRange(r.Header.Get("Range"), o.Size)
	if err != nil {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", o.Size))
		return err
	}
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return err
	}
	if o.ContentEncoding != "" {
		h.Set("Content-Encoding", o.ContentEncoding)
	}
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	if partial {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+length-1, o.Size))
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method != http.MethodHead {
		_, _ = io.CopyN(w, f, length) // the client notices a short answer by its length
	}
	return nil
}

// serveGunzipped is decompressive transcoding: to a client that does not accept gzip, an object
// stored with Content-Encoding gzip is served unpacked, whatever range it asked for.
// https://cloud.google.com/storage/docs/transcoding
func serveGunzipped(w http.ResponseWriter, r *http.Request, f io.Reader) error {
	zr, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("transcode an object whose Content-Encoding says gzip: %w", err)
	}
	w.Header().Set("Warning", "214 UploadServer gunzipped")
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, zr); err != nil {
		panic(http.ErrAbortHandler) // cuts the connection: the client must not take a part for the whole
	}
	return nil
}

// describe sets the headers that both APIs give with an object's bytes.
func describe(h http.Header, o object) {
	encoding := o.ContentEncoding
	if encoding == "" {
		encoding = "identity"
	}
	hashes := []string{"crc32c=" + o.CRC32C}
	if o.MD5 != "" {
		hashes = append(hashes, "md5="+o.MD5)
	}
	h["X-Goog-Hash"] = hashes
	for k, v := range map[string]string{
		"X-Goog-Generation":              strconv.FormatInt(o.Generation, 10),
		"X-Goog-Metageneration":          strconv.FormatInt(o.Metageneration, 10),
		"X-Goog-Stored-Content-Length":   strconv.FormatInt(o.Size, 10),
		"X-Goog-Stored-Content-Encoding": encoding,
		"X-Goog-Storage-Class":           o.StorageClass,
		"Etag":                           o.ETag,
		"Accept-Ranges":                  "bytes",
		"Last-Modified":                  httpTime(o.Updated),
		"Content-Type":                   o.ContentType,
		"Cache-Control":                  o.CacheControl,
		"Content-Disposition":            o.ContentDisposition,
		"Content-Language":               o.ContentLanguage,
	} {
		if v != "" {
			h.Set(k, v)
		}
	}
	if o.ContentType == "" {
		h["Content-Type"] = nil // or net/http would guess one
	}
}

// describeXML adds what only the XML API gives: the custom metadata, and as entity tag the MD5 of
// the bytes, if they have one.
// https://cloud.google.com/storage/docs/xml-api/reference-headers
func describeXML(h http.Header, o object) {
	describe(h, o)
	tag := o.ETag
	if sum, err := base64.StdEncoding.DecodeString(o.MD5); err == nil && o.MD5 != "" {
		tag = hex.EncodeToString(sum)
	}
	h.Set("Etag", `"`+tag+`"`)
	for k, v := range o.Metadata {
		h.Set("X-Goog-Meta-"+k, v)
	}
}

func httpTime(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return ""
	}
	return t.UTC().Format(http.TimeFormat)
}

// parseRange reads a Range header of one range: bytes=a-b, bytes=a- or bytes=-n. Several ranges,
// and what is not a range, are served as if nothing was asked, as RFC 9110 allows.
func parseRange(header string, size int64) (start, length int64, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	a, errA := strconv.ParseInt(first, 10, 64)
	b, errB := strconv.ParseInt(last, 10, 64)
	switch {
	case first == "" && errB == nil && b >= 0:
		a, b = max(0, size-b), size-1
	case errA == nil && last == "":
		b = size - 1
	case errA != nil || errB != nil || b < a:
		return 0, size, false, nil
	}
	if a >= size {
		return 0, 0, false, &apiError{http.StatusRequestedRangeNotSatisfiable, "requestedRangeNotSatisfiable", "InvalidRange",
			"The requested range cannot be satisfied."}
	}
	return a, min(b, size-1) - a + 1, true, nil
}
