package gcs

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// names lists objects by a query, over all pages; common prefixes end in a bar.
func (c *cloud) names(query string) (names []string) {
	c.t.Helper()
	token := ""
	for {
		r := c.do("GET", "/storage/v1/b/"+bkt+"/o?pageToken="+token+"&"+query, "")
		var l listing
		if err := json.Unmarshal([]byte(r.body), &l); err != nil || r.status != 200 {
			c.t.Fatalf("list: %d %s", r.status, r.body)
		}
		for _, o := range l.Items {
			names = append(names, o.Name)
		}
		for _, p := range l.Prefixes {
			names = append(names, p+"|")
		}
		if token = l.Next; token == "" {
			return names
		}
	}
}

// https://cloud.google.com/storage/docs/json_api/v1/objects/list, against the plain reading of it.
func TestList(t *testing.T) {
	c := newCloud(t)
	var all []string
	for _, a := range []string{"", "a", "a/", "b/", "a/b/", "ü/"} {
		for _, b := range []string{"x", "y", "/", "0", "ю"} {
			c.put(a+b, data)
			all = append(all, a+b)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	pick := func(s ...string) string { return s[rand.IntN(len(s))] }
	for range 400 {
		q := listQuery{prefix: pick("", "a", "a/", "b", "zz", "ü"), delimiter: pick("", "/", "/", "b/"),
			start: pick("", "", "a/", "b"), end: pick("", "", "a/y", "ü"), trailing: rand.IntN(2) == 0, limit: 1 + rand.IntN(5)}
		query := fmt.Sprintf("prefix=%s&delimiter=%s&startOffset=%s&endOffset=%s&includeTrailingDelimiter=%v&maxResults=%d",
			escape(q.prefix), escape(q.delimiter), escape(q.start), escape(q.end), q.trailing, q.limit)
		got, want := c.names(query), plainList(all, q)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n got %q\nwant %q", query, got, want)
		}
	}
}

// plainList is what the documentation says, name by name.
func plainList(all []string, q listQuery) (out []string) {
	for _, n := range all {
		if !strings.HasPrefix(n, q.prefix) || n < q.start || q.end != "" && n >= q.end {
			continue
		}
		p := q.common(n)
		if p != "" {
			out = append(out, p+"|")
		}
		if p == "" || q.trailing && p == n {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestListPages(t *testing.T) {
	c := newCloud(t)
	for i := range 25 {
		c.put(fmt.Sprintf("%02d", i), data)
	}
	r := c.do("GET", "/storage/v1/b/"+bkt+"/o?maxResults=10", "")
	var l listing
	if err := json.Unmarshal([]byte(r.body), &l); err != nil || len(l.Items) != 10 || l.Next == "" {
		t.Errorf("first page of %d, token %q: %v", len(l.Items), l.Next, err)
	}
	if got := c.names("maxResults=10"); len(got) != 25 || !slices.IsSorted(got) {
		t.Errorf("all pages: %q", got)
	}
	for _, bad := range []string{"maxResults=x", "maxResults=-1", "pageToken=!"} {
		if r := c.do("GET", "/storage/v1/b/"+bkt+"/o?"+bad, ""); r.status != 400 {
			t.Errorf("list with %s: %d, want 400", bad, r.status)
		}
	}
	if r := c.do("GET", "/storage/v1/b?maxResults=1&prefix=l", ""); !strings.Contains(r.body, bkt) {
		t.Errorf("buckets: %s", r.body)
	}
}
