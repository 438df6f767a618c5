package s3

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"os"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// begin starts an upload of "k".
func (b *bench) begin() *string {
	b.t.Helper()
	up, err := b.client.CreateMultipartUpload(b.t.Context(), &sdk.CreateMultipartUploadInput{
		Bucket: new("bkt"), Key: new("k"), Metadata: map[string]string{"m": "1"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return up.UploadId
}

func (b *bench) part(id *string, number int32, body []byte) types.CompletedPart {
	b.t.Helper()
	out, err := b.client.UploadPart(b.t.Context(), &sdk.UploadPartInput{
		Bucket: new("bkt"), Key: new("k"), UploadId: id, PartNumber: &number, Body: bytes.NewReader(body),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return types.CompletedPart{PartNumber: &number, ETag: out.ETag}
}

func (b *bench) complete(id *string, parts ...types.CompletedPart) (*sdk.CompleteMultipartUploadOutput, error) {
	b.t.Helper()
	return b.client.CompleteMultipartUpload(b.t.Context(), &sdk.CompleteMultipartUploadInput{
		Bucket: new("bkt"), Key: new("k"), UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
}

// The ETag of a multipart upload is the MD5 of its parts' MD5s, a dash and their number; every way
// to see it shows the same, and conditions compare it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func TestMultipart(t *testing.T) {
	b := serve(t, Options{})
	one, two := bytes.Repeat([]byte("1"), minPart), []byte("the last part may be small")
	id := b.begin()
	b.part(id, 3, []byte("replaced"))
	b.part(id, 7, []byte("uploaded, but not listed"))
	first := b.part(id, 3, one)
	second := b.part(id, 5, two)
	done, err := b.complete(id, first, second)
	if err != nil {
		t.Fatal(err)
	}
	d1, d2 := md5.Sum(one), md5.Sum(two)
	want := fmt.Sprintf(`"%x-2"`, md5.Sum(append(d1[:], d2[:]...)))
	again, err := b.complete(id, first, second) // a client that lost the answer
	if err != nil || *again.ETag != want || *done.ETag != want {
		t.Errorf("ETag %s, then %v (%v); want %s", *done.ETag, again, err, want)
	}
	for range 2 {
		head, err := b.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: new("k")})
		if err != nil || *head.ETag != want || head.Metadata["m"] != "1" || *head.ContentLength != int64(len(one)+len(two)) {
			t.Errorf("head %+v, %v", head, err)
		}
		list, err := b.client.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: new("bkt")})
		if err != nil || *list.Contents[0].ETag != want {
			t.Errorf("list %+v, %v", list, err)
		}
		b = b.restarted()
	}
	b.wantBody("k", string(one)+string(two))
	_, err = b.read(&sdk.GetObjectInput{Key: new("k"), IfMatch: &want})
	wantError(t, err, "")
	_, err = b.read(&sdk.GetObjectInput{Key: new("k"), IfMatch: new(strings.Replace(want, "-2", "-3", 1))})
	wantError(t, err, "PreconditionFailed")
	got, err := b.read(&sdk.GetObjectInput{Key: new("k"), PartNumber: new(int32(2))})
	if err != nil || got != string(two) {
		t.Errorf("part 2 = %q, %v", got, err)
	}
	_, err = b.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: new("bkt"), Key: new("k"), Body: strings.NewReader("x"), IfMatch: &want})
	wantError(t, err, "")
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html, the errors
func TestMultipartErrors(t *testing.T) {
	b := serve(t, Options{})
	id := b.begin()
	small, large := b.part(id, 1, []byte("small")), b.part(id, 2, bytes.Repeat([]byte("x"), minPart))
	wrong := types.CompletedPart{PartNumber: new(int32(2)), ETag: new(`"d41d8cd98f00b204e9800998ecf8427e"`)}
	absent := types.CompletedPart{PartNumber: new(int32(9)), ETag: large.ETag}
	tests := []struct {
		name  string
		parts []types.CompletedPart
		code  string
	}{
		{"a part below 5 MiB that is not the last", []types.CompletedPart{small, large}, "EntityTooSmall"},
		{"not in order", []types.CompletedPart{large, small}, "InvalidPartOrder"},
		{"twice the same", []types.CompletedPart{large, large}, "InvalidPartOrder"},
		{"another ETag", []types.CompletedPart{wrong}, "InvalidPart"},
		{"never uploaded", []types.CompletedPart{absent}, "InvalidPart"},
		{"no parts", nil, "MalformedXML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.complete(id, tt.parts...)
			wantError(t, err, tt.code)
			if s := status(err); s != 400 {
				t.Errorf("status %d, want 400", s)
			}
		})
	}
	_, err := b.complete(id, large)
	wantError(t, err, "")
	_, err = b.complete(new("no-such-upload"), large)
	wantError(t, err, "NoSuchUpload")
}

func TestMultipartAbort(t *testing.T) {
	b := serve(t, Options{})
	id := b.begin()
	p := b.part(id, 1, []byte("x"))
	if _, err := b.client.AbortMultipartUpload(t.Context(), &sdk.AbortMultipartUploadInput{Bucket: new("bkt"), Key: new("k"), UploadId: id}); err != nil {
		t.Fatal(err)
	}
	_, err := b.complete(id, p)
	wantError(t, err, "NoSuchUpload")
	left, err := os.ReadDir(b.server.backend.uploads.dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left of an aborted upload: %v, %v", left, err)
	}
}

// Unfinished uploads end with the process; the client is told, and begins again.
func TestMultipartEndsWithTheProcess(t *testing.T) {
	b := serve(t, Options{})
	id := b.begin()
	p := b.part(id, 1, []byte("x"))
	b = b.restarted()
	_, err := b.complete(id, p)
	wantError(t, err, "NoSuchUpload")
}

func TestMultipartCopy(t *testing.T) {
	b := serve(t, Options{})
	b.put("source", "0123456789")
	id := b.begin()
	out, err := b.client.UploadPartCopy(t.Context(), &sdk.UploadPartCopyInput{
		Bucket: new("bkt"), Key: new("k"), UploadId: id, PartNumber: new(int32(1)), CopySource: new("bkt/source"), CopySourceRange: new("bytes=2-4"),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.complete(id, types.CompletedPart{PartNumber: new(int32(1)), ETag: out.CopyPartResult.ETag})
	wantError(t, err, "")
	b.wantBody("k", "234")
}

func TestETagForms(t *testing.T) {
	sum := strings.Repeat("0a", 16)
	for _, tt := range []struct{ outside, inside string }{
		{quote(sum), quote(sum)},
		{quote(sum + "-1"), quote(sum + "00000001")},
		{quote(sum + "-10000"), quote(sum + "00002710")},
		{`*`, `*`},
	} {
		if got := internalETag(tt.outside); got != tt.inside {
			t.Errorf("internalETag(%s) = %s, want %s", tt.outside, got, tt.inside)
		}
		if got := externalETag(tt.inside); got != tt.outside {
			t.Errorf("externalETag(%s) = %s, want %s", tt.inside, got, tt.outside)
		}
	}
	list := quote(sum) + `, W/` + quote(sum+"-2")
	if got, want := internalETag(list), quote(sum)+`, W/`+quote(sum+"00000002"); got != want {
		t.Errorf("internalETag(%s) = %s, want %s", list, got, want)
	}
}
