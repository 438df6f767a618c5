package object

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// The claims of loads that are past must be found for ever.
func TestClaimNameIsFixed(t *testing.T) {
	const want = "claims/logs.alb/61/6171958eaaedf92a59e8bda3aed0fea94ff1da2ed7ab16949e69af67f278e231.json"
	if got := ClaimName(Source{Bucket: "b", Key: "k"}, "logs.alb"); got != want {
		t.Errorf("the claim of s3://b/k is called %s", got)
	}
}

func TestSourceOfEachStore(t *testing.T) {
	s3, gcs := Source{Bucket: "x", Key: "y"}, Source{Store: GCS, Bucket: "x", Key: "y"}
	if s3.String() != "s3://x/y" || gcs.String() != "gs://x/y" {
		t.Errorf("addresses %s and %s", s3, gcs)
	}
	if ClaimName(s3, "d.t") == ClaimName(gcs, "d.t") || UnmatchedName(s3, "y/") == UnmatchedName(gcs, "y/") {
		t.Error("files of two stores share a name in the ledger")
	}
}

func TestCopiedFrom(t *testing.T) {
	for _, s := range []Source{{Bucket: "b", Key: "k"}, {Bucket: "b", Key: "a/b c+ü.gz"}, {Bucket: "b", Key: "dir/"}} {
		if got, ok := CopiedFrom(LandingName(s)); !ok || got != s {
			t.Errorf("CopiedFrom(LandingName(%s)) = %s, %v", s, got, ok)
		}
	}
	for _, name := range []string{"", "file.log", "b/", "/k", "b//k", "b/../k", LandingName(Source{Bucket: "b", Key: "a//b"})} {
		if got, ok := CopiedFrom(name); ok {
			t.Errorf("%q is taken for the copy of %s, whose copy is called %q", name, got, LandingName(got))
		}
	}
}

func TestAttrsOf(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o := Landed{Bucket: "landing", Name: "in/x.log", Generation: 7}
	own := Source{Store: GCS, Bucket: "landing", Key: "in/x.log"}
	ours := Attrs{Event: Event{Source: Source{Bucket: "b", Key: "k"}, Version: Version{"e", 1}, Time: at}}
	tests := []struct {
		name string
		d    Description
		want Attrs
	}{
		{"a copy", Description{Size: 9, MD5: []byte{1}, Created: at.Add(time.Hour), Metadata: ours.Metadata()}, ours},
		{"MD5 as S3's ETag", Description{Size: 9, MD5: []byte("0123456789abcdef"), CRC32C: 1, HasCRC32C: true, Created: at},
			Attrs{Event: Event{Source: own, Version: Version{"30313233343536373839616263646566", 9}, Time: at}}},
		{"composed of parts, with metadata of others", Description{Size: 9, CRC32C: 0xabc, HasCRC32C: true, Created: at, Metadata: map[string]string{"a": "b"}},
			Attrs{Event: Event{Source: own, Version: Version{"crc32c-00000abc", 9}, Time: at}}},
		{"no checksum", Description{Size: 9, Created: at}, Attrs{Event: Event{Source: own, Version: Version{"generation-7", 9}, Time: at}}},
	}
	for _, tt := range tests {
		if got, err := AttrsOf(o, tt.d); err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
	broken := ours.Metadata()
	broken[metaSize] = "x"
	if got, err := AttrsOf(o, Description{Metadata: broken}); err == nil {
		t.Errorf("broken metadata: %+v, want an error", got)
	}
}

func TestIsPart(t *testing.T) {
	for name, want := range map[string]bool{
		"gcloud/tmp/parallel_composite_uploads/see_gcloud_storage_cp_help_for_details/1_x_component_2":  true,
		"/gsutil/tmp/parallel_composite_uploads/for_details_see/gsutil_help_cp/x_0":                     true,
		"in/gcloud/tmp/parallel_composite_uploads/see_gcloud_storage_cp_help_for_details/x_component_0": true,
		"gcloud/tmp/x.log": false, "x.log": false, "my-gcloud/tmp/parallel_composite_uploads/x.log": false,
	} {
		if got := IsPart(name); got != want {
			t.Errorf("IsPart(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestUnmatchedName(t *testing.T) {
	a := UnmatchedName(Source{Bucket: "b", Key: "x/1.gz"}, "x/")
	if a != UnmatchedName(Source{Bucket: "b", Key: "x/2.gz"}, "x/") || a == UnmatchedName(Source{Bucket: "b"}, "y/") {
		t.Errorf("%s: one name for each prefix is wanted", a)
	}
	long := UnmatchedName(Source{Bucket: "b"}, strings.Repeat("ü\n", 600))
	if len(long) > 1024 || strings.ContainsAny(long, "\r\n") || !strings.HasPrefix(a, "unmatched/b_x_-") {
		t.Errorf("names %q and %q: want safe ones that a person can tell", a, long)
	}
}
