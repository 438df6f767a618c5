package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"os"

	"github.com/rclone/gofakes3"
)

// backend is what gofakes3 stands on. Its errors go up as they are: gofakes3 looks at their types.
type backend struct {
	store   *store
	uploads *uploads
	outbox  *outbox
	region  string
}

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.VersionedBackend = (*backend)(nil)
	_ gofakes3.MultipartBackend = (*backend)(nil)
)

func (b *backend) ListBuckets(context.Context) ([]gofakes3.BucketInfo, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	var out []gofakes3.BucketInfo
	for name, bk := range b.store.buckets {
		out = append(out, gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(bk.created)})
	}
	return out, nil
}

func (b *backend) CreateBucket(_ context.Context, name string) error {
	return b.store.createBucket(name)
}

func (b *backend) BucketExists(_ context.Context, name string) (bool, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	return b.store.buckets[name] != nil, nil
}

func (b *backend) DeleteBucket(_ context.Context, name string) error {
	return b.store.update(func() (change, error) {
		bk, err := b.store.bucket(name)
		if err != nil {
			return change{}, err
		}
		if len(bk.keys) > 0 {
			return change{}, gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
		}
		return change{Op: opDrop, Bucket: name}, nil
	})
}

// pick returns the version that the request in ctx asks for, and the ID to show for it. A delete
// marker that is the newest version is returned as such; asked for by its ID, it is no object.
func (b *backend) pick(ctx context.Context, bucketName, key string) (*version, gofakes3.VersionID, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	bk, err := b.store.bucket(bucketName)
	if err != nil {
		return nil, "", err
	}
	asked := callOf(ctx).versionOf(bucketName, key)
	var v *version
	switch asked {
	case "":
		v = bk.latest(key)
	case nullVersion:
		v = bk.find(key, "")
	default:
		v = bk.find(key, asked)
	}
	switch {
	case v == nil && asked != "":
		return nil, "", gofakes3.ErrNoSuchVersion
	case v == nil:
		return nil, "", gofakes3.KeyNotFound(key)
	}
	return v, bk.shownID(v), nil
}

// nullVersion is how clients name the version without an ID.
const nullVersion = "null"

// shownID returns the version ID that clients see: none in a bucket that never had versions.
func (b *bucket) shownID(v *version) gofakes3.VersionID {
	if v.ID == "" && b.versioning != gofakes3.VersioningNone {
		return nullVersion
	}
	return gofakes3.VersionID(v.ID)
}

func (b *backend) HeadObject(ctx context.Context, bucketName, key string) (*gofakes3.Object, error) {
	v, id, err := b.pick(ctx, bucketName, key)
	if err != nil {
		return nil, err
	}
	if v.Marker && callOf(ctx).copies() { // gofakes3 looks at this for GET and HEAD only
		return nil, gofakes3.KeyNotFound(key)
	}
	return v.object(key, id, http.NoBody), nil
}

func (b *backend) GetObject(ctx context.Context, bucketName, key string, rnge *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	v, id, f, err := b.openVersion(ctx, bucketName, key)
	if err != nil {
		return nil, err
	}
	obj := v.object(key, id, http.NoBody)
	if v.Marker {
		return obj, nil
	}
	obj.Contents = f
	if rnge == nil {
		return obj, nil
	}
	if obj.Range, err = clamp(rnge, v.Size).Range(v.Size); err != nil {
		f.Close()
		return nil, err
	}
	obj.Contents = section{io.NewSectionReader(f, obj.Range.Start, obj.Range.Length), f}
	return obj, nil
}

// openVersion picks a version and opens its bytes. If the blob goes between the two, the version
// was replaced meanwhile: the next pick finds the new one.
func (b *backend) openVersion(ctx context.Context, bucketName, key string) (*version, gofakes3.VersionID, *os.File, error) {
	for {
		v, id, err := b.pick(ctx, bucketName, key)
		if err != nil || v.Marker {
			return v, id, nil, err
		}
		f, err := b.store.blobs.open(v.Blob)
		if err == nil {
			return v, id, f, nil
		}
		if again, _, gone := b.pick(ctx, bucketName, key); gone == nil && again == v {
			return nil, "", nil, err
		}
	}
}

// clamp makes a suffix range that is longer than the object the whole object, as S3 does.
func clamp(r *gofakes3.ObjectRangeRequest, size int64) *gofakes3.ObjectRangeRequest {
	if !r.FromEnd || r.End <= size {
		return r
	}
	return &gofakes3.ObjectRangeRequest{FromEnd: true, End: size}
}

// section is a part of a file that closes with it.
type section struct {
	io.Reader
	io.Closer
}

// object returns v as gofakes3 shows it.
func (v *version) object(key string, id gofakes3.VersionID, contents io.ReadCloser) *gofakes3.Object {
	meta := maps.Clone(v.Meta)
	if meta == nil {
		meta = map[string]string{}
	}
	if meta["Content-Type"] == "" {
		meta["Content-Type"] = "binary/octet-stream"
	}
	meta["Last-Modified"] = v.Modified.UTC().Format(http.TimeFormat)
	return &gofakes3.Object{
		Name: key, Metadata: meta, Size: v.Size, Contents: contents, Hash: v.hash(),
		VersionID: id, IsDeleteMarker: v.Marker, PartSizes: v.Parts,
	}
}

// PutObject stores the bytes of a PUT, or of a browser's POST.
func (b *backend) PutObject(ctx context.Context, bucketName, key string, meta map[string]string, input io.Reader, size int64) (gofakes3.PutObjectResult, error) {
	v, err := b.receive(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	v.Meta = meta
	name := "ObjectCreated:Put"
	if callOf(ctx).post {
		name = "ObjectCreated:Post"
	}
	id, err := b.publish(ctx, bucketName, key, v, name)
	return gofakes3.PutObjectResult{VersionID: id, ETag: quote(v.ETag)}, err
}

// receive stores the bytes of input, which must be size bytes unless that is negative, as a version
// that is not yet published.
func (b *backend) receive(input io.Reader, size int64) (*version, error) {
	sum := md5.New()
	v := &version{}
	var err error
	v.Blob, err = b.store.blobs.create(func(f *os.File) (err error) {
		v.Size, err = io.Copy(io.MultiWriter(f, sum), input)
		if err == nil && size >= 0 && v.Size != size {
			return gofakes3.ErrIncompleteBody
		}
		return err
	})
	v.ETag = hex.EncodeToString(sum.Sum(nil))
	return v, err
}

// publish makes v the newest version of key, durably and together with its events, and hands those
// to the outbox.
func (b *backend) publish(ctx context.Context, bucketName, key string, v *version, eventName string) (gofakes3.VersionID, error) {
	c := callOf(ctx)
	var shown gofakes3.VersionID
	events, err := b.store.putVersion(ctx, bucketName, key, v, func(bk *bucket, v *version) []event {
		shown = bk.shownID(v)
		return bk.events(created{region: b.region, name: eventName, key: key, version: v, call: c})
	})
	if err != nil && v.Seq == 0 { // refused: nothing will ever name the blob
		if left := b.store.blobs.remove(v.Blob); left != nil {
			return "", left
		}
	}
	if err != nil {
		return "", err
	}
	b.outbox.add(events...)
	return shown, nil
}

// CopyObject copies the source that the call names. Its ETag is that of the bytes, however the
// source was uploaded.
func (b *backend) CopyObject(ctx context.Context, srcBucket, srcKey, dstBucket, dstKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	src, _, f, err := b.openVersion(ctx, srcBucket, srcKey)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	if src.Marker {
		return gofakes3.CopyObjectResult{}, gofakes3.KeyNotFound(srcKey)
	}
	defer f.Close()
	v, err := b.receive(f, src.Size)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	v.Meta = meta
	id, err := b.publish(ctx, dstBucket, dstKey, v, "ObjectCreated:Copy")
	if err == nil && id != "" {
		callOf(ctx).header.Set("X-Amz-Version-Id", string(id))
	}
	return gofakes3.CopyObjectResult{ETag: quote(v.ETag), LastModified: gofakes3.NewContentTime(v.Modified)}, err
}

// DeleteObject deletes the version that the call names for ever; without one it deletes the object,
// which in a bucket with versions means that a delete marker hides them.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
func (b *backend) DeleteObject(ctx context.Context, bucketName, key string) (gofakes3.ObjectDeleteResult, error) {
	return b.delete(bucketName, key, callOf(ctx).versionOf(bucketName, key))
}

func (b *backend) delete(bucketName, key, id string) (gofakes3.ObjectDeleteResult, error) {
	var result gofakes3.ObjectDeleteResult
	err := b.store.update(func() (change, error) {
		bk, err := b.store.bucket(bucketName)
		if err != nil {
			return change{}, err
		}
		if id == "" && bk.versioning != gofakes3.VersioningNone {
			v := &version{Marker: true, Seq: b.store.next(), Modified: b.store.now()}
			if bk.versioning == gofakes3.VersioningEnabled {
				v.ID = newVersionID()
			}
			result = gofakes3.ObjectDeleteResult{IsDeleteMarker: true, VersionID: bk.shownID(v)}
			return change{Op: opPut, Bucket: bucketName, Key: key, Version: v}, nil
		}
		if id != "" {
			result.VersionID = gofakes3.VersionID(id)
		}
		if id == nullVersion {
			id = ""
		}
		v := bk.find(key, id)
		if v == nil {
			return change{}, nil // deleting what is not there succeeds
		}
		result.IsDeleteMarker = v.Marker
		return change{Op: opDelete, Bucket: bucketName, Key: key, VersionID: id}, nil
	})
	return result, err
}

// DeleteMulti is here for the interface: delete.go answers DeleteObjects, which knows of versions.
func (b *backend) DeleteMulti(_ context.Context, bucketName string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	for _, key := range keys {
		if _, err := b.delete(bucketName, key, ""); err != nil {
			return out, err
		}
		out.Deleted = append(out.Deleted, gofakes3.ObjectID{Key: key})
	}
	return out, nil
}
