package s3

import (
	"fmt"
	"slices"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (b *bench) versioning(status types.BucketVersioningStatus) {
	b.t.Helper()
	_, err := b.client.PutBucketVersioning(b.t.Context(), &sdk.PutBucketVersioningInput{
		Bucket: new("bkt"), VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) delete(key, version string) *sdk.DeleteObjectOutput {
	b.t.Helper()
	in := &sdk.DeleteObjectInput{Bucket: new("bkt"), Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := b.client.DeleteObject(b.t.Context(), in)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// version reads one version by GET and checks that HEAD tells of the same one.
func (b *bench) version(key, id string) (string, error) {
	b.t.Helper()
	body, err := b.read(&sdk.GetObjectInput{Key: &key, VersionId: &id})
	head, headErr := b.client.HeadObject(b.t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: &key, VersionId: &id})
	if (err == nil) != (headErr == nil) {
		b.t.Errorf("version %s: GET %v, HEAD %v", id, err, headErr)
	}
	if headErr == nil && (*head.VersionId != id || int(*head.ContentLength) != len(body)) {
		b.t.Errorf("HEAD of version %s tells of %s, %d bytes", id, *head.VersionId, *head.ContentLength)
	}
	return body, err
}

func (b *bench) wantVersion(key, id, want string) {
	b.t.Helper()
	if got, err := b.version(key, id); err != nil || got != want {
		b.t.Errorf("version %s of %s: %q, %v; want %q", id, key, got, err, want)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
func TestVersions(t *testing.T) {
	b := serve(t, Options{})
	b.put("k", "before versions")
	b.versioning(types.BucketVersioningStatusEnabled)
	one := *b.put("k", "one").VersionId
	two := *b.put("k", "two").VersionId
	for range 2 {
		b.wantBody("k", "two")
		b.wantVersion("k", one, "one")
		b.wantVersion("k", two, "two")
		b.wantVersion("k", "null", "before versions") // "objects stored before have the version ID null"
		_, err := b.version("k", "nosuchversion")
		wantError(t, err, "NoSuchVersion")
		b = b.restarted()
	}
	marker := b.delete("k", "")
	if !*marker.DeleteMarker || *marker.VersionId == "" {
		t.Errorf("delete in a bucket with versions: %+v", marker)
	}
	_, err := b.read(&sdk.GetObjectInput{Key: new("k")})
	wantError(t, err, "NoSuchKey")
	if got, _ := b.keys(&sdk.ListObjectsV2Input{}); len(got) != 0 {
		t.Errorf("a deleted object is listed: %q", got)
	}
	b.wantVersion("k", one, "one")
	_, err = b.client.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: new("bkt"), Key: new("copy"), CopySource: new("bkt/k")})
	wantError(t, err, "NoSuchKey")

	if out := b.delete("k", *marker.VersionId); !*out.DeleteMarker {
		t.Errorf("delete of the marker: %+v", out)
	}
	b.wantBody("k", "two")
	b.delete("k", two)
	b.wantBody("k", "one")
	b.delete("k", one)
	b.wantBody("k", "before versions")
	b.delete("k", "null")
	if n := countBlobs(t, b); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
	_, err = b.client.DeleteBucket(t.Context(), &sdk.DeleteBucketInput{Bucket: new("bkt")})
	wantError(t, err, "")
}

// In a bucket whose versions are suspended "Amazon S3 adds a null version" in place of the one
// before, and keeps the others.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
func TestSuspendedVersions(t *testing.T) {
	b := serve(t, Options{})
	b.versioning(types.BucketVersioningStatusEnabled)
	kept := *b.put("k", "kept").VersionId
	b.versioning(types.BucketVersioningStatusSuspended)
	if id := b.put("k", "null one").VersionId; id == nil || *id != "null" {
		t.Errorf("version ID %v, want null", id)
	}
	b.put("k", "null two")
	b.wantBody("k", "null two")
	b.wantVersion("k", kept, "kept")
	if out := b.delete("k", ""); !*out.DeleteMarker || *out.VersionId != "null" {
		t.Errorf("delete: %+v", out)
	}
	b.wantVersion("k", kept, "kept")
	if n := countBlobs(t, b); n != 1 {
		t.Errorf("%d blobs, want the kept one", n)
	}
	conf, err := b.restarted().client.GetBucketVersioning(t.Context(), &sdk.GetBucketVersioningInput{Bucket: new("bkt")})
	if err != nil || conf.Status != types.BucketVersioningStatusSuspended {
		t.Errorf("versioning after a restart: %+v, %v", conf, err)
	}
}

func TestListVersions(t *testing.T) {
	b := serve(t, Options{})
	b.put("a", "null")
	b.versioning(types.BucketVersioningStatusEnabled)
	b.put("a", "1")
	b.put("b/x", "1")
	b.put("b/y", "1")
	b.delete("b/y", "")
	b.put("c", "1")
	b.put("c", "22")
	type entry struct {
		key            string
		marker, latest bool
		size           int64
	}
	want := []entry{{"a", false, true, 1}, {"a", false, false, 4}, {"b/x", false, true, 1}, {"b/y", true, true, 0}, {"b/y", false, false, 1}, {"c", false, true, 2}, {"c", false, false, 1}}
	for _, size := range []int32{1, 2, 3, 1000} {
		t.Run(fmt.Sprint("pages of ", size), func(t *testing.T) {
			var got []entry
			in := &sdk.ListObjectVersionsInput{Bucket: new("bkt"), MaxKeys: &size}
			for {
				out, err := b.client.ListObjectVersions(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range out.Versions {
					got = append(got, entry{*v.Key, false, *v.IsLatest, *v.Size})
				}
				for _, m := range out.DeleteMarkers {
					got = append(got, entry{*m.Key, true, *m.IsLatest, 0})
				}
				if !*out.IsTruncated {
					break
				}
				in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
			}
			for _, e := range want { // the SDK separates versions from markers
				if !slices.Contains(got, e) {
					t.Errorf("%+v is missing", e)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d entries, want %d: %+v", len(got), len(want), got)
			}
		})
	}
	out, err := b.client.ListObjectVersions(t.Context(), &sdk.ListObjectVersionsInput{Bucket: new("bkt"), Delimiter: new("/")})
	if err != nil || len(out.CommonPrefixes) != 1 || len(out.Versions) != 4 {
		t.Errorf("with a delimiter: %+v, %v", out, err)
	}
}

func TestDeleteListedVersions(t *testing.T) {
	b := serve(t, Options{})
	b.versioning(types.BucketVersioningStatusEnabled)
	one := *b.put("k", "one").VersionId
	b.put("k", "two")
	out, err := b.client.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: new("bkt"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: new("k"), VersionId: &one}, {Key: new("k")},
	}}})
	if err != nil || len(out.Deleted) != 2 || *out.Deleted[0].VersionId != one || !*out.Deleted[1].DeleteMarker || out.Deleted[1].DeleteMarkerVersionId == nil {
		t.Errorf("DeleteObjects = %+v, %v", out, err)
	}
	_, err = b.version("k", one)
	wantError(t, err, "NoSuchVersion")
	_, err = b.read(&sdk.GetObjectInput{Key: new("k")})
	wantError(t, err, "NoSuchKey")
}

func TestCopyOfAVersion(t *testing.T) {
	b := serve(t, Options{})
	b.versioning(types.BucketVersioningStatusEnabled)
	one := *b.put("k", "one").VersionId
	b.put("k", "two")
	out, err := b.client.CopyObject(t.Context(), &sdk.CopyObjectInput{
		Bucket: new("bkt"), Key: new("k"), CopySource: new("bkt/k?versionId=" + one), MetadataDirective: types.MetadataDirectiveReplace,
	})
	if err != nil || out.VersionId == nil || *out.CopySourceVersionId != one {
		t.Fatalf("%+v, %v", out, err)
	}
	b.wantBody("k", "one")
	b.wantVersion("k", *out.VersionId, "one")
}

// A versionId pins a read together with its conditions and ranges.
func TestPinnedReads(t *testing.T) {
	b := serve(t, Options{})
	b.versioning(types.BucketVersioningStatusEnabled)
	put := b.put("k", "0123")
	b.put("k", "other")
	got, err := b.read(&sdk.GetObjectInput{Key: new("k"), VersionId: put.VersionId, IfMatch: put.ETag, Range: new("bytes=1-2")})
	if err != nil || got != "12" {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = b.read(&sdk.GetObjectInput{Key: new("k"), IfMatch: put.ETag})
	wantError(t, err, "PreconditionFailed")
}

func TestVersioningErrors(t *testing.T) {
	b := serve(t, Options{})
	set := func(bucket string, c *types.VersioningConfiguration) error {
		_, err := b.client.PutBucketVersioning(t.Context(), &sdk.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: c})
		return err
	}
	wantError(t, set("bkt", &types.VersioningConfiguration{}), "IllegalVersioningConfigurationException")
	wantError(t, set("bkt", &types.VersioningConfiguration{Status: "Enabled", MFADelete: types.MFADeleteEnabled}), "NotImplemented")
	wantError(t, set("nowhere", &types.VersioningConfiguration{Status: "Enabled"}), "NoSuchBucket")
}
