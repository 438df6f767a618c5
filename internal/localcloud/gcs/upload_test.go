package gcs

import (
	"strings"
	"testing"
)

const (
	data      = "123456789"
	dataCRC   = "4waSgw==" // 0xe3069283, the check value of CRC-32C
	dataMD5   = "JfnnlDI7RTiF9RgfG2JNCw=="
	wrongCRC  = "AAAAAA=="
	wrongMD5  = "AAAAAAAAAAAAAAAAAAAAAA=="
	otherName = "other"
)

// "Cloud Storage compares the hash that you provide to the value it calculates": in the resource, in
// x-goog-hash or in Content-MD5, of every kind of upload.
// https://cloud.google.com/storage/docs/data-validation
func TestChecksums(t *testing.T) {
	uploads := map[string]func(c *cloud, crc, md5 string) reply{
		"media": func(c *cloud, crc, md5 string) reply {
			return c.do("POST", uploadPath("media", "x"), data, "X-Goog-Hash: crc32c="+crc, "Content-MD5: "+md5)
		},
		"XML": func(c *cloud, crc, md5 string) reply {
			return c.do("PUT", "/"+bkt+"/x", data, "X-Goog-Hash: crc32c="+crc+",md5="+md5)
		},
		"multipart": func(c *cloud, crc, md5 string) reply {
			body, header := related(`{"crc32c":"`+crc+`","md5Hash":"`+md5+`"}`, "text/plain", data)
			return c.do("POST", uploadPath("multipart", "x"), body, header)
		},
		"resumable, at the start": func(c *cloud, crc, md5 string) reply {
			r := c.do("POST", uploadPath("resumable", "x"), `{"crc32c":"`+crc+`","md5Hash":"`+md5+`"}`)
			return c.chunk(strings.TrimPrefix(r.header.Get("Location"), c.url), "bytes 0-8/9", data)
		},
		"resumable, at the end": func(c *cloud, crc, md5 string) reply {
			return c.chunk(c.session("x"), "bytes 0-8/9", data, "X-Goog-Hash: crc32c="+crc+",md5="+md5)
		},
	}
	for name, upload := range uploads {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			for _, bad := range [][2]string{{wrongCRC, dataMD5}, {dataCRC, wrongMD5}} {
				if r := upload(c, bad[0], bad[1]); r.status != 400 {
					t.Errorf("crc32c=%s md5=%s: %d, want 400", bad[0], bad[1], r.status)
				}
				if r := c.do("GET", objectPath("x"), ""); r.status != 404 {
					t.Errorf("a refused upload is there: %d", r.status)
				}
			}
			if r := upload(c, dataCRC, dataMD5); r.status != 200 {
				t.Fatalf("the right sums: %d %s", r.status, r.body)
			}
			if o := c.object(c.do("GET", objectPath("x"), "")); o.CRC32C != dataCRC || o.MD5 != dataMD5 || o.Size != 9 {
				t.Errorf("resource %+v", o)
			}
		})
	}
	c := newCloud(t)
	if r := c.do("POST", uploadPath("media", "x"), data, "X-Goog-Hash: sha=x"); r.status != 400 {
		t.Errorf("an unknown hash: %d, want 400", r.status)
	}
}

// https://cloud.google.com/storage/docs/json_api/v1/objects/insert
func TestInsertRules(t *testing.T) {
	c := newCloud(t)
	good, header := related(`{"name":"x"}`, "text/plain", data)
	tests := []struct {
		name, path, body, header string
		want                     int
	}{
		{"multipart", uploadPath("multipart", ""), good, header, 200},
		{"quotes around the boundary", uploadPath("multipart", ""), good, `Content-Type: multipart/related; boundary="b"`, 200},
		{"two names", uploadPath("multipart", otherName), good, header, 400},
		{"no name", uploadPath("media", ""), data, "", 400},
		{"no boundary", uploadPath("multipart", "x"), good, "Content-Type: multipart/related", 400},
		{"not multipart", uploadPath("multipart", "x"), good, "Content-Type: text/plain", 400},
		{"bad JSON", uploadPath("multipart", "x"), strings.Replace(good, "{", "[", 1), header, 400},
		{"one part", uploadPath("multipart", "x"), "--b\r\n\r\n{}\r\n--b--\r\n", header, 400},
		{"no kind", uploadPath("", "x"), data, "", 400},
		{"no bucket", strings.Replace(uploadPath("media", "x"), bkt, "nobucket", 1), data, "", 404},
		{"a hold", uploadPath("multipart", ""), strings.Replace(good, `"x"`, `"x","temporaryHold":true`, 1), header, 501},
		{"a key", uploadPath("media", "x", "&kmsKeyName=k"), data, "", 501},
		{"a bad precondition", uploadPath("media", "x", "&ifGenerationMatch=x"), data, "", 400},
	}
	for _, tt := range tests {
		headers := []string{}
		if tt.header != "" {
			headers = append(headers, tt.header)
		}
		if r := c.do("POST", tt.path, tt.body, headers...); r.status != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, r.status, r.body, tt.want)
		}
	}
}

// https://cloud.google.com/storage/docs/objects#naming; every good name is its own object, whatever
// a file system would make of it.
func TestObjectNames(t *testing.T) {
	c := newCloud(t)
	good := []string{"a", "a/b", "a/b/", "a/", "a//b", "/", "//", "../../x", "..a", "./a", "a/../b", "a/.", " ", "a b+c%2F", "ü/ю/日本", "a?b#c&d",
		"a\\b", "\t", "\x00", strings.Repeat("k", 1024), strings.Repeat("s", 300) + "/x", "CON", "metadata.db", `"<>|*:`}
	for _, name := range good {
		c.put(name, "is "+name)
	}
	for _, name := range good {
		if o := c.object(c.do("GET", objectPath(name), "")); o.Name != name {
			t.Errorf("object %q is called %q", name, o.Name)
		}
		if r := c.do("GET", "/"+bkt+"/"+escape(name), ""); r.body != "is "+name {
			t.Errorf("object %q holds %q", name, r.body)
		}
	}
	if got := c.names(""); len(got) != len(good) {
		t.Errorf("%d names in the list, want %d", len(got), len(good))
	}
	if r := c.do("GET", "/"+bkt+"/a//b", ""); r.body != "is a//b" {
		t.Errorf("a path with a bare slash: %d %q", r.status, r.body)
	}
	for _, name := range []string{".", "..", "a\nb", "a\rb", "\xff\xfe", strings.Repeat("k", 1025), ".well-known/acme-challenge/x"} {
		if r := c.do("POST", uploadPath("media", name), data); r.status != 400 {
			t.Errorf("name %q: %d, want 400", name, r.status)
		}
		if r := c.do("POST", objectPath("a")+"/rewriteTo/b/"+bkt+"/o/"+escape(name), ""); r.status != 400 {
			t.Errorf("copy to name %q: %d, want 400", name, r.status)
		}
	}
}

// https://cloud.google.com/storage/docs/buckets#naming
func TestBucketNames(t *testing.T) {
	c := newCloud(t)
	for name, want := range map[string]int{
		"abc": 200, "a-b_c.d": 200, "0ab": 200, strings.Repeat("a", 63): 200, strings.Repeat("a.", 100) + "a": 200,
		"ab": 400, "Abc": 400, "-ab": 400, "ab-": 400, "a/b": 400, "a b": 400, "../x": 400, strings.Repeat("a", 64): 400, "": 400,
	} {
		if r := c.do("POST", "/storage/v1/b?project=local", `{"name":"`+name+`"}`); r.status != want {
			t.Errorf("bucket %q: %d, want %d", name, r.status, want)
		}
	}
}

func TestBucketRules(t *testing.T) {
	c := newCloud(t)
	c.put("x", data)
	tests := []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/storage/v1/b", `{"name":"` + bkt + `"}`, 409},
		{"POST", "/storage/v1/b", `{"name":"new","versioning":{"enabled":true}}`, 501},
		{"POST", "/storage/v1/b", `{"name":"new","lifecycle":{"rule":[{"action":{"type":"SetStorageClass","storageClass":"NEARLINE"},"condition":{"age":3}}]}}`, 501},
		{"POST", "/storage/v1/b", `{`, 400},
		{"POST", "/storage/v1/b", ``, 400},
		{"GET", "/storage/v1/b/none", ``, 404},
		{"GET", "/storage/v1/b/none/o", ``, 404},
		{"DELETE", "/storage/v1/b/none", ``, 404},
		{"DELETE", "/storage/v1/b/" + bkt, ``, 409},
		{"DELETE", objectPath("x"), ``, 204},
		{"DELETE", "/storage/v1/b/" + bkt, ``, 204},
		{"PATCH", "/storage/v1/b/" + bkt, `{}`, 501},
		{"GET", "/storage/v1/b/" + bkt + "/acl", ``, 501},
		{"GET", "/", ``, 501},
		{"GET", "/" + bkt, ``, 501},
	}
	for _, tt := range tests {
		if r := c.do(tt.method, tt.path, tt.body); r.status != tt.want {
			t.Errorf("%s %s %s: %d %s, want %d", tt.method, tt.path, tt.body, r.status, r.body, tt.want)
		}
	}
}
