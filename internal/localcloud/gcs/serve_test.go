package gcs

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

// RFC 9110 section 14, as https://cloud.google.com/storage/docs/xml-api/reference-headers#range has it.
func TestRanges(t *testing.T) {
	c := newCloud(t)
	c.put("x", "0123456789")
	c.put("empty", "")
	tests := []struct {
		name, rang   string
		status       int
		body, answer string
	}{
		{"x", "", 200, "0123456789", ""},
		{"x", "bytes=0-3", 206, "0123", "bytes 0-3/10"},
		{"x", "bytes=4-", 206, "456789", "bytes 4-9/10"},
		{"x", "bytes=-3", 206, "789", "bytes 7-9/10"},
		{"x", "bytes=-30", 206, "0123456789", "bytes 0-9/10"},
		{"x", "bytes=8-100", 206, "89", "bytes 8-9/10"},
		{"x", "bytes=10-", 416, "", "bytes */10"},
		{"x", "bytes=-0", 416, "", "bytes */10"},
		{"x", "bytes=3-1", 200, "0123456789", ""},
		{"x", "bytes=0-1,3-4", 200, "0123456789", ""},
		{"x", "lines=1-2", 200, "0123456789", ""},
		{"empty", "", 200, "", ""},
		{"empty", "bytes=0-", 416, "", "bytes */0"},
	}
	for _, tt := range tests {
		for _, path := range []string{"/" + bkt + "/" + tt.name, objectPath(tt.name) + "?alt=media"} {
			headers := []string{}
			if tt.rang != "" {
				headers = append(headers, "Range: "+tt.rang)
			}
			r := c.do("GET", path, "", headers...)
			if r.status != tt.status || r.header.Get("Content-Range") != tt.answer || tt.status < 400 && r.body != tt.body {
				t.Errorf("%s %s: %d %q %q, want %d %q %q", path, tt.rang, r.status, r.header.Get("Content-Range"), r.body, tt.status, tt.answer, tt.body)
			}
		}
	}
}

// https://cloud.google.com/storage/docs/xml-api/reference-headers
func TestDownloadHeaders(t *testing.T) {
	c := newCloud(t)
	o := c.object(func() reply {
		body, header := related(`{"name":"x","contentType":"text/plain","cacheControl":"no-store","metadata":{"seneka-key":"k"}}`, "", data)
		return c.do("POST", uploadPath("multipart", ""), body, header)
	}())
	want := map[string]string{
		"Content-Length": "9", "Content-Type": "text/plain", "Cache-Control": "no-store", "Accept-Ranges": "bytes",
		"X-Goog-Generation": fmt.Sprint(o.Generation), "X-Goog-Metageneration": "1", "X-Goog-Stored-Content-Length": "9",
		"X-Goog-Stored-Content-Encoding": "identity", "X-Goog-Storage-Class": "STANDARD",
		"X-Goog-Meta-Seneka-Key": "k", "Etag": `"25f9e794323b453885f5181f1b624d0b"`,
	}
	for _, method := range []string{"GET", "HEAD"} {
		r := c.do(method, "/"+bkt+"/x", "")
		for k, v := range want {
			if got := r.header.Get(k); got != v {
				t.Errorf("%s %s: %q, want %q", method, k, got, v)
			}
		}
		if got := strings.Join(r.header.Values("X-Goog-Hash"), " "); got != "crc32c="+dataCRC+" md5="+dataMD5 {
			t.Errorf("%s x-goog-hash: %s", method, got)
		}
	}
	r := c.do("GET", objectPath("x")+"?alt=media", "")
	if r.header.Get("X-Goog-Meta-Seneka-Key") != "" || r.header.Get("Etag") != o.ETag || r.header.Get("X-Goog-Generation") == "" {
		t.Errorf("headers of the JSON API: %v", r.header)
	}
	if r := c.do("GET", "/"+bkt+"/none", ""); r.status != 404 || !strings.Contains(r.body, "<Code>NoSuchKey</Code>") {
		t.Errorf("missing object by XML: %d %s", r.status, r.body)
	}
	if r := c.do("GET", "/nobucket/none", ""); r.status != 404 || !strings.Contains(r.body, "<Code>NoSuchBucket</Code>") {
		t.Errorf("missing bucket by XML: %d %s", r.status, r.body)
	}
}

// https://cloud.google.com/storage/docs/transcoding#decompressive_transcoding
func TestTranscoding(t *testing.T) {
	c := newCloud(t)
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	fmt.Fprint(zw, "plain text")
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	upload := func(name, resource string) {
		body, header := related(resource, "text/plain", zipped.String())
		c.object(c.do("POST", uploadPath("multipart", name), body, header))
	}
	upload("encoded", `{"contentEncoding":"gzip"}`)
	upload("kept", `{"contentEncoding":"gzip","cacheControl":"no-transform"}`)
	upload("opaque", `{}`)
	tests := []struct {
		name, accept, body, encoding string
	}{
		{"encoded", "identity", "plain text", ""},
		{"encoded", "gzip", zipped.String(), "gzip"},
		{"kept", "identity", zipped.String(), "gzip"},
		{"opaque", "identity", zipped.String(), ""},
	}
	for _, tt := range tests {
		r := c.do("GET", "/"+bkt+"/"+tt.name, "", "Accept-Encoding: "+tt.accept)
		if r.body != tt.body || r.header.Get("Content-Encoding") != tt.encoding {
			t.Errorf("%s with Accept-Encoding %s: %q, %q", tt.name, tt.accept, r.body, r.header.Get("Content-Encoding"))
		}
	}
	r := c.do("GET", "/"+bkt+"/encoded", "", "Range: bytes=0-3")
	if r.body != "plain text" || r.header.Get("Warning") == "" || r.header.Get("X-Goog-Stored-Content-Encoding") != "gzip" {
		t.Errorf("range of a transcoded object: %q %v", r.body, r.header)
	}
}

func TestXMLPutAndDelete(t *testing.T) {
	c := newCloud(t)
	r := c.do("PUT", "/"+bkt+"/dir/x", data, "Content-Type: text/csv", "x-goog-meta-Color: blue")
	if r.status != 200 || r.header.Get("X-Goog-Generation") == "" {
		t.Fatalf("PUT: %d %s", r.status, r.body)
	}
	if o := c.object(c.do("GET", objectPath("dir/x"), "")); o.ContentType != "text/csv" || o.Metadata["color"] != "blue" {
		t.Errorf("resource %+v", o)
	}
	if r := c.do("DELETE", "/"+bkt+"/dir/x", ""); r.status != 204 {
		t.Errorf("DELETE: %d", r.status)
	}
	if r := c.do("DELETE", "/"+bkt+"/dir/x", ""); r.status != 404 {
		t.Errorf("DELETE again: %d", r.status)
	}
	if r := c.do("POST", "/"+bkt+"/dir/x", ""); r.status != 501 {
		t.Errorf("POST: %d", r.status)
	}
}

// https://cloud.google.com/storage/docs/json_api/v1/objects/patch and /update
func TestPatchAndUpdate(t *testing.T) {
	c := newCloud(t)
	o := c.put("x", data)
	c.do("PATCH", objectPath("x"), `{"metadata":{"a":"1","b":"2"},"cacheControl":"no-store"}`)
	p := c.object(c.do("PATCH", objectPath("x"), `{"metadata":{"a":null,"c":"3"},"cacheControl":null,"size":"7","name":"y"}`))
	if fmt.Sprint(p.Metadata) != "map[b:2 c:3]" || p.CacheControl != "" || p.ContentType != "text/plain" || p.Name != "x" || p.Size != 9 {
		t.Errorf("after the patches: %+v", p)
	}
	if p.Generation != o.Generation || p.Metageneration != 3 || p.ETag == o.ETag || p.TimeCreated != o.TimeCreated {
		t.Errorf("after the patches: %+v", p)
	}
	if p = c.object(c.do("PATCH", objectPath("x"), `{"metadata":null}`)); p.Metadata != nil {
		t.Errorf("metadata after null: %v", p.Metadata)
	}
	u := c.object(c.do("PUT", objectPath("x"), `{"metadata":{"z":"9"}}`))
	if fmt.Sprint(u.Metadata) != "map[z:9]" || u.ContentType != "" || u.Metageneration != 5 {
		t.Errorf("after the update: %+v", u)
	}
	if r := c.do("PATCH", objectPath("x"), `{"metadata":{"a":7}}`); r.status != 400 {
		t.Errorf("metadata that is no string: %d, want 400", r.status)
	}
}
