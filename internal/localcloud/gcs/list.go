package gcs

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxPage is the most results of one page.
const maxPage = 1000

// listing is the answer of objects.list.
// https://cloud.google.com/storage/docs/json_api/v1/objects/list
type listing struct {
	Kind     string   `json:"kind"`
	Next     string   `json:"nextPageToken,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
	Items    []object `json:"items,omitempty"`
}

// listQuery is the question.
type listQuery struct {
	bucket, prefix, delimiter, start, end, from, base string
	trailing                                          bool // includeTrailingDelimiter
	limit                                             int
}

func (s *Server) listObjects(r *http.Request, p []string) (any, error) {
	q := r.URL.Query()
	lq := listQuery{bucket: p[0], prefix: q.Get("prefix"), delimiter: q.Get("delimiter"),
		start: q.Get("startOffset"), end: q.Get("endOffset"), base: baseURL(r),
		trailing: isTrue(q, "includeTrailingDelimiter")}
	var err error
	if lq.limit, err = pageSize(q); err != nil {
		return nil, err
	}
	if lq.from, err = pageStart(q); err != nil {
		return nil, err
	}
	out := listing{Kind: "storage#objects"}
	return &out, s.view(func(t tx) error {
		if _, err := t.bucket(lq.bucket); err != nil {
			return err
		}
		return t.list(lq, &out)
	})
}

// list walks the names in the order of their bytes, past everything under a common prefix at once.
func (t tx) list(q listQuery, out *listing) error {
	base := objectKey(q.bucket, "")
	c := t.table(tableObjects).Cursor()
	k, v := c.Seek([]byte(base + max(q.prefix, q.start, q.from)))
	for k != nil {
		name, ok := strings.CutPrefix(string(k), base)
		if !ok || !strings.HasPrefix(name, q.prefix) || q.end != "" && name >= q.end {
			return nil
		}
		if len(out.Items)+len(out.Prefixes) >= q.limit {
			out.Next = pageToken(name)
			return nil
		}
		common := q.common(name)
		if common == "" || q.trailing && common == name {
			var rec stored
			if err := json.Unmarshal(v, &rec); err != nil {
				return err
			}
			out.Items = append(out.Items, rec.Object.linked(q.base))
		}
		if common == "" {
			k, v = c.Next()
			continue
		}
		out.Prefixes = append(out.Prefixes, common)
		k, v = c.Seek([]byte(base + after(common)))
	}
	return nil
}

// common returns the prefix that stands for name, empty if name stands for itself.
func (q listQuery) common(name string) string {
	if q.delimiter == "" {
		return ""
	}
	i := strings.Index(name[len(q.prefix):], q.delimiter)
	if i < 0 {
		return ""
	}
	return name[:len(q.prefix)+i+len(q.delimiter)]
}

// after returns the first string beyond all that start with prefix. No name holds the byte 0xff,
// so the last byte can always be raised.
func after(prefix string) string {
	last := len(prefix) - 1
	return prefix[:last] + string([]byte{prefix[last] + 1})
}

func pageSize(q url.Values) (int, error) {
	if !q.Has("maxResults") {
		return maxPage, nil
	}
	n, err := strconv.Atoi(q.Get("maxResults"))
	if err != nil || n < 0 {
		return 0, invalid("Invalid value for maxResults: %q", q.Get("maxResults"))
	}
	if n == 0 {
		n = maxPage
	}
	return min(n, maxPage), nil
}

// pageToken makes the token of the page that starts at name.
func pageToken(name string) string { return base64.URLEncoding.EncodeToString([]byte(name)) }

func pageStart(q url.Values) (string, error) {
	b, err := base64.URLEncoding.DecodeString(q.Get("pageToken"))
	if err != nil {
		return "", invalid("Invalid value for pageToken: %q", q.Get("pageToken"))
	}
	return string(b), nil
}
