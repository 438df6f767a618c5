package s3

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rclone/gofakes3"
)

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html and
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html
func TestList(t *testing.T) {
	b := serve(t, Options{})
	all := []string{"a", "a/1", "a/2", "a/b/3", "a0", "b/1", "c", "c//d", "é/1"}
	for _, k := range all {
		b.put(k, "x")
	}
	tests := []struct {
		name           string
		in             sdk.ListObjectsV2Input
		keys, prefixes []string
	}{
		{"all, in the order of UTF-8 bytes", sdk.ListObjectsV2Input{}, all, nil},
		{"prefix", sdk.ListObjectsV2Input{Prefix: new("a/")}, all[1:4], nil},
		{"prefix within a name", sdk.ListObjectsV2Input{Prefix: new("a")}, all[:5], nil},
		{"no such prefix", sdk.ListObjectsV2Input{Prefix: new("x")}, nil, nil},
		{"start-after", sdk.ListObjectsV2Input{StartAfter: new("a/2")}, all[3:], nil},
		{"start-after what is not there", sdk.ListObjectsV2Input{StartAfter: new("a/11")}, all[2:], nil},
		{"start-after before the prefix", sdk.ListObjectsV2Input{Prefix: new("b"), StartAfter: new("a")}, all[5:6], nil},
		{"start-after behind the prefix", sdk.ListObjectsV2Input{Prefix: new("a"), StartAfter: new("b")}, nil, nil},
		{"delimiter", sdk.ListObjectsV2Input{Delimiter: new("/")}, []string{"a", "a0", "c"}, []string{"a/", "b/", "c/", "é/"}},
		{"delimiter and prefix", sdk.ListObjectsV2Input{Delimiter: new("/"), Prefix: new("a/")}, []string{"a/1", "a/2"}, []string{"a/b/"}},
		{"empty names between delimiters", sdk.ListObjectsV2Input{Delimiter: new("/"), Prefix: new("c/")}, nil, []string{"c//"}},
		{"longer delimiter", sdk.ListObjectsV2Input{Delimiter: new("/b/")}, slices.Delete(slices.Clone(all), 3, 4), []string{"a/b/"}},
		{"delimiter and start-after within a group", sdk.ListObjectsV2Input{Delimiter: new("/"), StartAfter: new("a/1")}, []string{"a0", "c"}, []string{"a/", "b/", "c/", "é/"}},
	}
	for _, tt := range tests {
		for _, size := range []int32{0, 1, 2, 3} {
			t.Run(fmt.Sprintf("%s, pages of %d", tt.name, size), func(t *testing.T) {
				in := tt.in
				if size > 0 {
					in.MaxKeys = &size
				}
				keys, prefixes := b.keys(&in)
				if !slices.Equal(keys, tt.keys) || !slices.Equal(prefixes, tt.prefixes) {
					t.Errorf("keys %q, prefixes %q; want %q, %q", keys, prefixes, tt.keys, tt.prefixes)
				}
			})
		}
	}
}

func TestListFields(t *testing.T) {
	b := serve(t, Options{Now: fixed})
	etag := *b.put("k", "body").ETag
	out, err := b.client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: new("bkt")})
	if err != nil || len(out.Contents) != 1 || *out.KeyCount != 1 || *out.IsTruncated {
		t.Fatalf("%+v, %v", out, err)
	}
	if o := out.Contents[0]; *o.ETag != etag || *o.Size != 4 || o.LastModified.Unix() != fixed().Unix() {
		t.Errorf("%+v", o)
	}
	none, err := b.client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: new("bkt"), MaxKeys: new(int32(0))})
	if err != nil || len(none.Contents) != 0 {
		t.Errorf("max-keys 0: %+v, %v", none, err)
	}
	_, err = b.client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: new("nowhere")})
	wantError(t, err, "NoSuchBucket")
}

func TestListOfManyPages(t *testing.T) {
	b := serve(t, Options{})
	var want []string
	for i := range 1050 {
		key := fmt.Sprintf("k%05d", i)
		want = append(want, key)
		v := &version{ETag: strings.Repeat("0", 32)}
		if _, err := b.server.backend.store.putVersion(t.Context(), "bkt", key, v, func(*bucket, *version) []event { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := b.keys(&sdk.ListObjectsV2Input{}); !slices.Equal(got, want) {
		t.Errorf("listed %d keys, want %d in order", len(got), len(want))
	}
}

// Every walk must agree with the plain way to say it: filter, group, sort.
func FuzzWalk(f *testing.F) {
	f.Add("a a/1 a/2 b c//d", "a", "/", "a/1")
	f.Add("x/y/z x/y x", "x/", "y", "")
	f.Fuzz(func(t *testing.T, keys, prefix, delimiter, marker string) {
		b := &bucket{objects: map[string][]*version{}}
		for _, k := range strings.Fields(keys) {
			b.put(k, &version{})
		}
		p := gofakes3.NewPrefix(&prefix, &delimiter)
		var got, want []string
		b.walk(&p, marker, func(key, common string) bool {
			if common != "" {
				key = "group " + common
			}
			got = append(got, key)
			return true
		}, func(string) bool { return true })
		for _, k := range b.keys {
			if !strings.HasPrefix(k, prefix) || k <= marker {
				continue
			}
			if c := commonPrefix(k, p); c != "" {
				if c == marker {
					continue
				}
				k = "group " + c
			}
			if !slices.Contains(want, k) {
				want = append(want, k)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("keys %q prefix %q delimiter %q marker %q: %q, want %q", b.keys, prefix, delimiter, marker, got, want)
		}
	})
}
