package s3

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestObjects(t *testing.T) {
	b := serve(t, Options{})
	want := func(n int, when string) {
		t.Helper()
		if got := b.server.Objects(); got != n {
			t.Errorf("%s: %d objects, want %d", when, got, n)
		}
	}
	want(0, "at first")
	b.put("k", "one")
	b.put("k", "two")
	b.put("other", "three")
	want(2, "one key put twice")
	b.delete("other", "")
	want(1, "one deleted")
	_, err := b.client.PutBucketVersioning(t.Context(), &sdk.PutBucketVersioningInput{Bucket: new("bkt"),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	b.delete("k", "")
	want(0, "under a delete marker")
	b.put("k", "four")
	want(1, "put again")
}
