package s3store

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// names are the keys and the folders of a listing.
func (b *bench) names(prefix, after string, deep bool) (keys, folders []string, more bool) {
	b.Helper()
	objects, folders, more, err := b.store.List(b.Context(), "bkt", prefix, after, deep)
	if err != nil {
		b.Fatalf("List(%q, %q, %v): %v", prefix, after, deep, err)
	}
	for _, o := range objects {
		keys = append(keys, o.Key)
	}
	return keys, folders, more
}

func TestListDescribesObjects(t *testing.T) {
	b := newBench(t)
	before := time.Now().Add(-time.Minute)
	e := b.put("logs/a.log", []byte("12345"))
	objects, _, more, err := b.store.List(t.Context(), "bkt", "", "", true)
	if err != nil || more || len(objects) != 1 {
		t.Fatalf("List: %v, %v, %v", objects, more, err)
	}
	o := objects[0]
	if o.Source != e.Source || o.Version != e.Version || o.VersionID != "" || o.Sequencer != "" {
		t.Errorf("listed %+v, want what the event says: %+v", o, e)
	}
	if o.Time.Before(before) || o.Time.After(time.Now().Add(time.Minute)) || o.Time.Location() != time.UTC {
		t.Errorf("put at %s", o.Time)
	}
	body, err := b.store.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("what is listed can be read: %v", err)
	}
	body.Close()
}

func TestListFolders(t *testing.T) {
	b := newBench(t)
	for _, key := range []string{"a/1", "a/2", "a/b/3", "a0", "b/4", "c", "a//5"} {
		b.put(key, []byte("x"))
	}
	tests := []struct {
		prefix, after string
		deep          bool
		keys, folders string
	}{
		{"", "", true, "[a//5 a/1 a/2 a/b/3 a0 b/4 c]", "[]"},
		{"", "", false, "[a0 c]", "[a/ b/]"},
		{"a", "", false, "[a0]", "[a/]"},
		{"a/", "", false, "[a/1 a/2]", "[a// a/b/]"},
		{"a//", "", false, "[a//5]", "[]"},
		{"a/", "a/1", true, "[a/2 a/b/3]", "[]"},
		{"", "a0", true, "[b/4 c]", "[]"},
		{"", "c", true, "[]", "[]"},
		{"none", "", true, "[]", "[]"},
	}
	for _, test := range tests {
		keys, folders, more := b.names(test.prefix, test.after, test.deep)
		if fmt.Sprint(keys) != test.keys || fmt.Sprint(folders) != test.folders || more {
			t.Errorf("List(%q, %q, %v) = %v, %v, %v; want %s, %s", test.prefix, test.after, test.deep, keys, folders, more, test.keys, test.folders)
		}
	}
}

// Every character that a key may have survives, those that XML cannot carry too.
func TestListStrangeKeys(t *testing.T) {
	b := newBench(t)
	want := []string{"a b", "a+b", "a%20b", "a%2Bb", "a&b<c>\"d'", "tämä 日本 🪵", "a\x01b\tc", "a=b;c?d#e", "line\nfeed", "*(~)!"}
	slices.Sort(want)
	for _, key := range want {
		b.put("in "+key+"/of "+key, []byte("x"))
	}
	keys, _, _ := b.names("", "", true)
	_, folders, _ := b.names("", "", false)
	for i, key := range want {
		if keys[i] != "in "+key+"/of "+key || folders[i] != "in "+key+"/" {
			t.Errorf("listed %q and %q, want %q", keys[i], folders[i], key)
		}
		if found, _, _ := b.names("in "+key+"/", "", true); len(found) != 1 {
			t.Errorf("below %q: %q", "in "+key+"/", found)
		}
	}
}

// The keys of a long listing come in pages, each behind the last one's end.
func TestListPages(t *testing.T) {
	b := newBench(t)
	var group sync.WaitGroup
	for part := range 4 {
		group.Go(func() {
			for i := range 305 {
				b.put(fmt.Sprintf("p/%d/%04d", part, i), []byte("x"))
			}
		})
	}
	group.Wait()
	first, _, more := b.names("p/", "", true)
	if len(first) != 1000 || !more || !slices.IsSorted(first) {
		t.Fatalf("first page: %d keys, more %v", len(first), more)
	}
	rest, _, more := b.names("p/", first[999], true)
	if len(rest) != 220 || more || rest[0] <= first[999] {
		t.Errorf("second page: %d keys from %q on, more %v", len(rest), rest[0], more)
	}
}

func TestListFails(t *testing.T) {
	b := newBench(t)
	if _, _, _, err := b.store.List(t.Context(), "none", "", "", true); !errkind.Is(err, errkind.Transient) || !strings.Contains(err.Error(), "NoSuchBucket") {
		t.Errorf("a bucket that is not there: %v", err)
	}
	// A name that does not decode is no name.
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.TrimSpace([]byte(`<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><Contents><Key>a%zz</Key></Contents></ListBucketResult>`)))
	}))
	defer server.Close()
	if _, _, _, err := New(cloudtest.AWS(t, server.URL)).List(t.Context(), "bkt", "", "", true); err == nil {
		t.Error("a key that does not decode: no error")
	}
}
