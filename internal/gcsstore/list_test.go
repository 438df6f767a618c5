package gcsstore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// names are the names and the folders of a listing.
func (b *bench) names(prefix, after string, deep bool) (names, folders []string, more bool) {
	b.Helper()
	objects, folders, more, err := b.store.List(b.Context(), "landing", prefix, after, deep)
	if err != nil {
		b.Fatalf("List(%q, %q, %v): %v", prefix, after, deep, err)
	}
	for _, o := range objects {
		names = append(names, o.Name)
	}
	return names, folders, more
}

// What a listing says of an object is what a look at it says.
func TestListDescribes(t *testing.T) {
	b := newBench(t)
	if err := b.store.Copy(t.Context(), "landing", "a", strings.NewReader("12345"), 5, map[string]string{"seneka-key": "k"}, 0); err != nil {
		t.Fatal(err)
	}
	objects, _, _, err := b.store.List(t.Context(), "landing", "", "", true)
	if err != nil || len(objects) != 1 {
		t.Fatalf("List: %v, %v", objects, err)
	}
	d, generation, err := b.store.Describe(t.Context(), object.Landed{Bucket: "landing", Name: "a"})
	o := objects[0]
	if err != nil || fmt.Sprint(o.Description) != fmt.Sprint(d) || o.Generation != generation || o.Metadata["seneka-key"] != "k" || o.Size != 5 {
		t.Errorf("listed %+v, described %+v generation %d, %v", o, d, generation, err)
	}
}

func TestListFolders(t *testing.T) {
	b := newBench(t)
	for _, name := range []string{"a/1", "a/2", "a/b/3", "b/4", "c"} {
		b.put(name, []byte("x"))
	}
	for _, tt := range []struct {
		prefix, after  string
		deep           bool
		names, folders []string
	}{
		{"", "", true, []string{"a/1", "a/2", "a/b/3", "b/4", "c"}, nil},
		{"", "", false, []string{"c"}, []string{"a/", "b/"}},
		{"a/", "", false, []string{"a/1", "a/2"}, []string{"a/b/"}},
		{"", "a/2", true, []string{"a/b/3", "b/4", "c"}, nil},
		{"a/", "a/1", true, []string{"a/2", "a/b/3"}, nil},
		{"z", "", true, nil, nil},
	} {
		names, folders, more := b.names(tt.prefix, tt.after, tt.deep)
		if !slices.Equal(names, tt.names) || !slices.Equal(folders, tt.folders) || more {
			t.Errorf("List(%q, %q, %v): %q, %q, %v; want %q, %q", tt.prefix, tt.after, tt.deep, names, folders, more, tt.names, tt.folders)
		}
	}
}

// A long listing comes in pages, each behind the last one's end.
func TestListPages(t *testing.T) {
	b := newBench(t)
	for i := range 1010 {
		b.put(fmt.Sprintf("p/%04d", i), []byte("x"))
	}
	first, _, more := b.names("p/", "", true)
	if len(first) != 1000 || !more || !slices.IsSorted(first) {
		t.Fatalf("first page: %d names, more %v", len(first), more)
	}
	rest, _, more := b.names("p/", first[999], true)
	if len(rest) != 10 || more || rest[0] != "p/1000" {
		t.Errorf("second page: %d names from %q on, more %v", len(rest), rest[0], more)
	}
	if _, _, _, err := b.store.List(t.Context(), "none", "", "", true); !errkind.Is(err, errkind.Transient) {
		t.Errorf("a bucket that is not there: %v", err)
	}
}
