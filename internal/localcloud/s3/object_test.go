package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// "The name for a key is a sequence of Unicode characters whose UTF-8 encoding is at most 1,024
// bytes long." https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
func TestKeysOfAnyForm(t *testing.T) {
	b := serve(t, Options{})
	keys := []string{
		"plain.log", "with space and+plus.log", "ünï/cödé-𝄞", "a", "a/", "a/b", "a//b", "./a", "..", "../../x", "a/../b",
		"line\nbreak", "tab\tand\rreturn", "control\x01", "100%", "%2F", "q?x=1&y", "#frag", `back\slash`, "<&>\"'", strings.Repeat("k", 1024),
		strings.Repeat("d/", 512), "CON", ".", "versionId=1",
	}
	for _, key := range keys {
		b.put(key, "body of "+key)
	}
	for range 2 {
		for _, key := range keys {
			b.wantBody(key, "body of "+key)
		}
		got, _ := b.keys(&sdk.ListObjectsV2Input{EncodingType: types.EncodingTypeUrl})
		if len(got) != len(keys) {
			t.Errorf("listed %d keys, want %d: %q", len(got), len(keys), got)
		}
		b = b.restarted()
	}
	for _, key := range keys {
		if _, err := b.client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: new("bkt"), Key: &key}); err != nil {
			t.Errorf("delete %q: %v", key, err)
		}
	}
	if got, _ := b.keys(&sdk.ListObjectsV2Input{}); len(got) != 0 {
		t.Errorf("after the deletes: %q", got)
	}
	if n := countBlobs(t, b); n != 0 {
		t.Errorf("%d blobs are left of no object", n)
	}
}

// countBlobs counts the files of the server's blobs.
func countBlobs(t *testing.T, b *bench) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.server.opts.Dir, "blobs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestKeysRefused(t *testing.T) {
	b := serve(t, Options{})
	_, err := b.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: new("bkt"), Key: new(strings.Repeat("k", 1025)), Body: strings.NewReader("")})
	wantError(t, err, "KeyTooLongError")
	_, err = b.client.CreateMultipartUpload(t.Context(), &sdk.CreateMultipartUploadInput{Bucket: new("bkt"), Key: new(strings.Repeat("k", 1025))})
	wantError(t, err, "KeyTooLongError")
	_, err = b.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: new("bkt"), Key: new("\xff\xfe"), Body: strings.NewReader("")})
	wantError(t, err, "InvalidURI")
	_, err = b.client.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: new("nowhere"), Key: new("k"), Body: strings.NewReader("")})
	wantError(t, err, "NoSuchBucket")
}

func TestObjectHead(t *testing.T) {
	b := serve(t, Options{Now: fixed})
	sum := fmt.Sprintf(`"%x"`, md5.Sum([]byte("body")))
	put, err := b.client.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: new("bkt"), Key: new("k"), Body: strings.NewReader("body"), ContentEncoding: new("gzip"),
		ContentType: new("text/plain"), Metadata: map[string]string{"owner": "ünï"},
	})
	if err != nil || *put.ETag != sum || put.VersionId != nil {
		t.Fatalf("put: %+v, %v; want ETag %s", put, err, sum)
	}
	for range 2 {
		head, err := b.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: new("k")})
		if err != nil {
			t.Fatal(err)
		}
		if *head.ETag != sum || *head.ContentLength != 4 || *head.ContentEncoding != "gzip" || *head.ContentType != "text/plain" ||
			head.Metadata["owner"] != "ünï" || head.LastModified.Unix() != fixed().Unix() || head.VersionId != nil {
			t.Errorf("head: %+v", head)
		}
		b = b.restarted()
	}
	_, err = b.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: new("other")})
	if status(err) != 404 {
		t.Errorf("head of nothing: %v", err)
	}
	_, err = b.read(&sdk.GetObjectInput{Key: new("other")})
	wantError(t, err, "NoSuchKey")
	b.put("plain", "x")
	out, err := b.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: new("plain")})
	if err != nil || *out.ContentType != "application/octet-stream" && *out.ContentType != "binary/octet-stream" {
		t.Errorf("default content type %v, %v", out, err)
	}
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: If-Match, 412 otherwise;
// If-None-Match, 304 otherwise.
func TestConditionalReads(t *testing.T) {
	b := serve(t, Options{})
	etag := *b.put("k", "old").ETag
	get := func(in *sdk.GetObjectInput) error {
		in.Key = new("k")
		_, err := b.read(in)
		return err
	}
	wantError(t, get(&sdk.GetObjectInput{IfMatch: &etag}), "")
	wantError(t, get(&sdk.GetObjectInput{IfMatch: new(strings.Trim(etag, `"`))}), "")
	if err := get(&sdk.GetObjectInput{IfNoneMatch: &etag}); status(err) != 304 {
		t.Errorf("If-None-Match of the present ETag: %v", err)
	}
	b.put("k", "new")
	err := get(&sdk.GetObjectInput{IfMatch: &etag})
	wantError(t, err, "PreconditionFailed")
	if status(err) != 412 {
		t.Errorf("status %d, want 412", status(err))
	}
	wantError(t, get(&sdk.GetObjectInput{IfNoneMatch: &etag}), "")
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func TestConditionalWrites(t *testing.T) {
	b := serve(t, Options{})
	put := func(body string, change func(*sdk.PutObjectInput)) error {
		in := &sdk.PutObjectInput{Bucket: new("bkt"), Key: new("k"), Body: strings.NewReader(body)}
		change(in)
		_, err := b.client.PutObject(t.Context(), in)
		return err
	}
	absent := func(in *sdk.PutObjectInput) { in.IfNoneMatch = new("*") }
	wantError(t, put("first", absent), "")
	wantError(t, put("second", absent), "PreconditionFailed")
	b.wantBody("k", "first")
	wantError(t, put("third", func(in *sdk.PutObjectInput) { in.IfMatch = new(`"d41d8cd98f00b204e9800998ecf8427e"`) }), "PreconditionFailed")
	etag := fmt.Sprintf(`"%x"`, md5.Sum([]byte("first")))
	wantError(t, put("third", func(in *sdk.PutObjectInput) { in.IfMatch = &etag }), "")
	b.wantBody("k", "third")
	if n := countBlobs(t, b); n != 1 {
		t.Errorf("%d blobs for one object", n)
	}
	if _, err := b.client.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: new("bkt"), Key: new("k")}); err != nil {
		t.Fatal(err)
	}
	wantError(t, put("fourth", absent), "")
}

// Many writers with If-None-Match: *, one winner.
func TestConditionalWritesAreAtomic(t *testing.T) {
	b := serve(t, Options{})
	errs := make(chan error)
	for i := range 8 {
		go func() {
			_, err := b.client.PutObject(t.Context(), &sdk.PutObjectInput{
				Bucket: new("bkt"), Key: new("k"), IfNoneMatch: new("*"), Body: strings.NewReader(strconv.Itoa(i)),
			})
			errs <- err
		}()
	}
	won := 0
	for range 8 {
		if err := <-errs; err == nil {
			won++
		} else {
			wantError(t, err, "PreconditionFailed")
		}
	}
	if won != 1 || countBlobs(t, b) != 1 {
		t.Errorf("%d writers won, %d blobs are there", won, countBlobs(t, b))
	}
}

func TestRanges(t *testing.T) {
	b := serve(t, Options{})
	b.put("k", "0123456789")
	b.put("empty", "")
	for _, tt := range []struct{ key, rng, want, code string }{
		{"k", "bytes=0-0", "0", ""}, {"k", "bytes=3-5", "345", ""}, {"k", "bytes=7-", "789", ""}, {"k", "bytes=-3", "789", ""},
		{"k", "bytes=8-99", "89", ""}, {"k", "bytes=-99", "0123456789", ""}, {"k", "bytes=10-", "", "InvalidRange"},
		{"k", "bytes=-0", "", "InvalidRange"}, {"empty", "bytes=0-0", "", "InvalidRange"},
	} {
		got, err := b.read(&sdk.GetObjectInput{Key: &tt.key, Range: &tt.rng})
		wantError(t, err, tt.code)
		if got != tt.want {
			t.Errorf("%s of %s: %q, want %q", tt.rng, tt.key, got, tt.want)
		}
	}
}

// An upload that breaks off or does not fit its checksum leaves nothing behind.
func TestBrokenUploads(t *testing.T) {
	b := serve(t, Options{})
	put := func(change func(*sdk.PutObjectInput)) error {
		in := &sdk.PutObjectInput{Bucket: new("bkt"), Key: new("k"), Body: strings.NewReader("body")}
		change(in)
		_, err := b.client.PutObject(t.Context(), in)
		return err
	}
	wantError(t, put(func(in *sdk.PutObjectInput) { in.ChecksumCRC32 = new("AAAAAA==") }), "BadDigest")
	sum := md5.Sum([]byte("other"))
	wantError(t, put(func(in *sdk.PutObjectInput) { in.ContentMD5 = new(base64.StdEncoding.EncodeToString(sum[:])) }), "BadDigest")

	server, client := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, b.url+"/bkt/k", server)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = 100
	go func() {
		_, _ = client.Write(bytes.Repeat([]byte("x"), 50))
		client.CloseWithError(io.ErrUnexpectedEOF)
	}()
	if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
		res.Body.Close()
		t.Errorf("a broken upload was answered %d", res.StatusCode)
	}
	if got, _ := b.keys(&sdk.ListObjectsV2Input{}); len(got) != 0 {
		t.Errorf("broken uploads left %q", got)
	}
	for _, algorithm := range []types.ChecksumAlgorithm{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"} {
		wantError(t, put(func(in *sdk.PutObjectInput) { in.ChecksumAlgorithm = algorithm }), "")
		b.wantBody("k", "body") // the SDK checks what comes back
	}
}

// What a killed process was writing is gone after the next start.
func TestOrphansAreSwept(t *testing.T) {
	b := serve(t, Options{})
	b.put("k", "body")
	dir := b.server.opts.Dir
	orphan := filepath.Join(dir, "blobs", strings.Repeat("0a", 16))
	foreign := filepath.Join(dir, "blobs", "README")
	part := filepath.Join(dir, "uploads", "u", "00001-1")
	for _, f := range []string{orphan, foreign, part} {
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b = b.restarted()
	b.wantBody("k", "body")
	for f, want := range map[string]bool{orphan: false, foreign: true, part: false} {
		if _, err := os.Stat(f); (err == nil) != want {
			t.Errorf("%s: %v, want it kept: %v", f, err, want)
		}
	}
}

func TestCopy(t *testing.T) {
	b := serve(t, Options{})
	_, err := b.client.PutObject(t.Context(), &sdk.PutObjectInput{
		Bucket: new("bkt"), Key: new("a b+ü"), Body: strings.NewReader("body"), Metadata: map[string]string{"m": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	copyOf := func(source string, change func(*sdk.CopyObjectInput)) error {
		in := &sdk.CopyObjectInput{Bucket: new("bkt"), Key: new("copy"), CopySource: &source}
		change(in)
		_, err := b.client.CopyObject(t.Context(), in)
		return err
	}
	as := func(*sdk.CopyObjectInput) {}
	wantError(t, copyOf("bkt/a%20b%2B%C3%BC", as), "")
	b.wantBody("copy", "body")
	head, err := b.client.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: new("bkt"), Key: new("copy")})
	if err != nil || head.Metadata["m"] != "1" {
		t.Errorf("the copy's head: %+v, %v", head, err)
	}
	wantError(t, copyOf("bkt/nothing", as), "NoSuchKey")
	wantError(t, copyOf("bkt/%zz", as), "InvalidArgument")
	wantError(t, copyOf("bkt/copy", as), "InvalidRequest") // onto itself, unchanged
	wantError(t, copyOf("bkt/a+b%2B%C3%BC", func(in *sdk.CopyObjectInput) { in.CopySourceIfMatch = new(`"x"`) }), "PreconditionFailed")
	wantError(t, copyOf("bkt/copy", func(in *sdk.CopyObjectInput) { in.IfNoneMatch = new("*") }), "NotImplemented")
}

func TestBuckets(t *testing.T) {
	b := serve(t, Options{})
	ctx := t.Context()
	_, err := b.client.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: new("bkt")})
	wantError(t, err, "BucketAlreadyExists")
	_, err = b.client.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: new("other-bucket")})
	wantError(t, err, "")
	if err := b.server.CreateBucket("bkt"); err != nil {
		t.Errorf("CreateBucket of an existing one: %v", err)
	}
	if err := b.server.CreateBucket("Not A Name"); err == nil {
		t.Error("CreateBucket took a name that is none")
	}
	b.put("k", "x")
	b = b.restarted()
	list, err := b.client.ListBuckets(ctx, &sdk.ListBucketsInput{})
	if err != nil || len(list.Buckets) != 2 {
		t.Errorf("buckets: %+v, %v", list, err)
	}
	_, err = b.client.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: new("bkt")})
	wantError(t, err, "BucketNotEmpty")
	_, err = b.client.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: new("other-bucket")})
	wantError(t, err, "")
	_, err = b.client.DeleteBucket(ctx, &sdk.DeleteBucketInput{Bucket: new("other-bucket")})
	wantError(t, err, "NoSuchBucket")
}

func TestDeleteObjects(t *testing.T) {
	b := serve(t, Options{})
	for _, k := range []string{"a", "b", "c", "with\x01control"} {
		b.put(k, k)
	}
	del := func(objects ...types.ObjectIdentifier) (*sdk.DeleteObjectsOutput, error) {
		return b.client.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: new("bkt"), Delete: &types.Delete{Objects: objects}})
	}
	out, err := del(types.ObjectIdentifier{Key: new("a")}, types.ObjectIdentifier{Key: new("nothing")}, types.ObjectIdentifier{Key: new("b"), ETag: new("x")})
	if err != nil || len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "NotImplemented" {
		t.Errorf("DeleteObjects = %+v, %v", out, err)
	}
	if got, _ := b.keys(&sdk.ListObjectsV2Input{EncodingType: types.EncodingTypeUrl}); !slices.Equal(got, []string{"b", "c", "with%01control"}) {
		t.Errorf("left: %q", got)
	}
	_, err = del([]types.ObjectIdentifier{}...)
	wantError(t, err, "MalformedXML")
	_, err = b.client.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: new("nowhere"), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: new("a")}}}})
	wantError(t, err, "NoSuchBucket")
}

func TestHostStyle(t *testing.T) {
	b := serve(t, Options{})
	b.put("k", "body")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/k", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "bkt.localhost:9000"
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "body" {
		t.Errorf("bkt.localhost/k = %q, %v", body, err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

// Presigned requests work, whatever their signature.
func TestPresigned(t *testing.T) {
	b := serve(t, Options{})
	b.put("a b+c", "body")
	req, err := sdk.NewPresignClient(b.client).PresignGetObject(t.Context(), &sdk.GetObjectInput{Bucket: new("bkt"), Key: new("a b+c")})
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "body" {
		t.Errorf("presigned GET = %q, %v", body, err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestNotPartOfIt(t *testing.T) {
	b := serve(t, Options{})
	b.put("k", "x")
	_, err := b.client.GetObjectAttributes(t.Context(), &sdk.GetObjectAttributesInput{
		Bucket: new("bkt"), Key: new("k"), ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesEtag},
	})
	wantError(t, err, "NotImplemented")
}

func TestTemporaryDirectory(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := s.opts.Dir
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
}
