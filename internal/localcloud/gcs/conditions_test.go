package gcs

import (
	"fmt"
	"strings"
	"testing"
)

// The table of https://cloud.google.com/storage/docs/request-preconditions#criteria: a match that
// does not hold is 412, a not-match that does not hold is 304; 0 is "no live version"; without a
// live version every other condition on an upload fails.
func TestPreconditions(t *testing.T) {
	ops := []struct {
		name string
		do   func(c *cloud, q string) reply
		ok   int
	}{
		{"get", func(c *cloud, q string) reply { return c.do("GET", objectPath("x")+"?"+q, "") }, 200},
		{"download", func(c *cloud, q string) reply { return c.do("GET", objectPath("x")+"?alt=media&"+q, "") }, 200},
		{"patch", func(c *cloud, q string) reply { return c.do("PATCH", objectPath("x")+"?"+q, `{"contentType":"a/b"}`) }, 200},
		{"update", func(c *cloud, q string) reply { return c.do("PUT", objectPath("x")+"?"+q, `{"contentType":"a/b"}`) }, 200},
		{"delete", func(c *cloud, q string) reply { return c.do("DELETE", objectPath("x")+"?"+q, "") }, 204},
		{"media", func(c *cloud, q string) reply { return c.do("POST", uploadPath("media", "x", "&"+q), "new") }, 200},
		{"multipart", func(c *cloud, q string) reply {
			body, header := related(`{}`, "text/plain", "new")
			return c.do("POST", uploadPath("multipart", "x", "&"+q), body, header)
		}, 200},
		{"resumable", func(c *cloud, q string) reply {
			r := c.do("POST", uploadPath("resumable", "x", "&"+q), "")
			return c.chunk(strings.TrimPrefix(r.header.Get("Location"), c.url), "bytes 0-2/3", "new")
		}, 200},
		{"copy to", func(c *cloud, q string) reply {
			return c.do("POST", objectPath("src")+"/copyTo/b/"+bkt+"/o/x?"+q, "")
		}, 200},
		{"rewrite to", func(c *cloud, q string) reply {
			return c.do("POST", objectPath("src")+"/rewriteTo/b/"+bkt+"/o/x?"+q, "")
		}, 200},
		{"compose to", func(c *cloud, q string) reply {
			return c.do("POST", objectPath("x")+"/compose?"+q, `{"sourceObjects":[{"name":"src"}]}`)
		}, 200},
		{"copy from", func(c *cloud, q string) reply {
			return c.do("POST", objectPath("x")+"/rewriteTo/b/"+bkt+"/o/dst?"+strings.ReplaceAll(q, "if", "ifSource"), "")
		}, 200},
	}
	conds := []struct {
		query  string // G is the generation, M the metageneration
		status int    // 0: it holds
	}{
		{"ifGenerationMatch=G", 0}, {"ifGenerationMatch=1", 412}, {"ifGenerationMatch=0", 412},
		{"ifGenerationNotMatch=G", 304}, {"ifGenerationNotMatch=1", 0}, {"ifGenerationNotMatch=0", 0},
		{"ifMetagenerationMatch=M", 0}, {"ifMetagenerationMatch=7", 412},
		{"ifMetagenerationNotMatch=M", 304}, {"ifMetagenerationNotMatch=7", 0},
		{"ifGenerationMatch=G&ifMetagenerationMatch=7", 412},
	}
	for _, op := range ops {
		for _, cond := range conds {
			t.Run(op.name+"/"+cond.query, func(t *testing.T) {
				c := newCloud(t)
				c.put("src", "source")
				o := c.put("x", "old")
				c.do("PATCH", objectPath("x"), `{"metadata":{"k":"v"}}`)
				q := strings.NewReplacer("=G", fmt.Sprintf("=%d", o.Generation), "=M", "=2").Replace(cond.query)
				want := op.ok
				if cond.status != 0 {
					want = cond.status
				}
				if r := op.do(c, q); r.status != want {
					t.Errorf("%d %s, want %d", r.status, r.body, want)
				}
				now := c.do("GET", objectPath("x"), "")
				if changed := now.status != 200 || c.object(now).ETag != etag(o.Generation, 2); changed && cond.status != 0 {
					t.Errorf("the refused operation changed the object: %s", now.body)
				}
			})
		}
	}
}

func TestPreconditionsWithoutALiveVersion(t *testing.T) {
	for query, upload := range map[string]int{
		"ifGenerationMatch=0": 200, "ifGenerationMatch=1": 412, "ifGenerationNotMatch=0": 412, "ifGenerationNotMatch=1": 412,
		"ifMetagenerationMatch=1": 412, "ifMetagenerationNotMatch=1": 412,
	} {
		c := newCloud(t)
		for _, method := range []string{"GET", "DELETE", "PATCH"} {
			if r := c.do(method, objectPath("x")+"?"+query, "{}"); r.status != 404 {
				t.Errorf("%s with %s: %d, want 404", method, query, r.status)
			}
		}
		if r := c.do("POST", uploadPath("media", "x", "&"+query), "x"); r.status != upload {
			t.Errorf("upload with %s: %d, want %d", query, r.status, upload)
		}
	}
}

// The headers of the XML API.
func TestXMLPreconditions(t *testing.T) {
	c := newCloud(t)
	o := c.put("x", "old")
	right, wrong := fmt.Sprintf("x-goog-if-generation-match: %d", o.Generation), "x-goog-if-generation-match: 1"
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		for _, h := range []string{wrong, "x-goog-if-generation-match: 0", "x-goog-if-metageneration-match: 2"} {
			if r := c.do(method, "/"+bkt+"/x", "new", h); r.status != 412 {
				t.Errorf("%s with %s: %d, want 412", method, h, r.status)
			}
		}
		if r := c.do(method, "/"+bkt+"/x", "new", "x-goog-if-generation-match: x"); r.status != 400 {
			t.Errorf("%s with a bad header: %d, want 400", method, r.status)
		}
	}
	if r := c.do("GET", "/"+bkt+"/x", "", wrong); !strings.Contains(r.body, "<Code>PreconditionFailed</Code>") {
		t.Errorf("error %s", r.body)
	}
	for _, method := range []string{"GET", "PUT"} {
		if r := c.do(method, "/"+bkt+"/x", "new", right); r.status != 200 {
			t.Errorf("%s with the generation: %d, want 200", method, r.status)
		}
	}
}

// "generation: if present, selects a specific revision": one that is not live is not there.
func TestGenerationOfARequest(t *testing.T) {
	c := newCloud(t)
	old := c.put("x", "old")
	live := c.put("x", "live")
	c.put("src", "source")
	for _, tt := range []struct {
		gen  int64
		want int
	}{{old.Generation, 404}, {1, 404}, {live.Generation, 0}} {
		q := fmt.Sprintf("generation=%d", tt.gen)
		for _, op := range []struct {
			method, path, body string
			ok                 int
		}{
			{"GET", objectPath("x") + "?" + q, "", 200},
			{"GET", objectPath("x") + "?alt=media&" + q, "", 200},
			{"GET", "/download" + objectPath("x") + "?alt=media&" + q, "", 200},
			{"GET", "/" + bkt + "/x?" + q, "", 200},
			{"HEAD", "/" + bkt + "/x?" + q, "", 200},
			{"PATCH", objectPath("x") + "?" + q, "{}", 200},
			{"POST", objectPath("x") + "/rewriteTo/b/" + bkt + "/o/y?sourceGeneration=" + fmt.Sprint(tt.gen), "", 200},
			{"POST", objectPath("y") + "/compose", fmt.Sprintf(`{"sourceObjects":[{"name":"x","generation":"%d"}]}`, tt.gen), 200},
			{"DELETE", objectPath("x") + "?" + q, "", 204},
		} {
			want := op.ok
			if tt.want != 0 {
				want = tt.want
			}
			if r := c.do(op.method, op.path, op.body); r.status != want {
				t.Errorf("%s %s %s: %d, want %d", op.method, op.path, op.body, r.status, want)
			}
		}
	}
}

// What would have to be ignored is refused.
func TestRefused(t *testing.T) {
	c := newCloud(t)
	c.put("x", data)
	for _, h := range []string{"If-Match: x", "If-None-Match: x", "If-Modified-Since: x", "X-Goog-Encryption-Algorithm: AES256"} {
		for _, path := range []string{objectPath("x"), "/" + bkt + "/x"} {
			if r := c.do("GET", path, "", h); r.status != 501 {
				t.Errorf("GET %s with %s: %d, want 501", path, h, r.status)
			}
		}
	}
	for _, q := range []string{"matchGlob=*", "softDeleted=true", "softDeleted=True", "filter=x"} {
		if r := c.do("GET", "/storage/v1/b/"+bkt+"/o?"+q, ""); r.status != 501 || !strings.Contains(r.body, "not supported by the local cloud") {
			t.Errorf("list with %s: %d %s, want 501", q, r.status, r.body)
		}
	}
	for _, body := range []string{`{"temporaryHold":true}`, `{"kmsKeyName":"k"}`} {
		if r := c.do("PATCH", objectPath("x"), body); r.status != 501 {
			t.Errorf("patch %s: %d, want 501", body, r.status)
		}
	}
}
