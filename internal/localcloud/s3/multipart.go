package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rclone/gofakes3"
)

// minPart is the least size of a part that is not the last one, in bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const minPart = 5 << 20

// uploads are the multipart uploads under way. Their parts are files; gofakes3 keeps the list of
// uploads in memory, so that none outlives the process.
type uploads struct {
	dir string

	mu   sync.Mutex
	byID map[gofakes3.UploadID]*upload
}

// upload is one multipart upload.
type upload struct {
	dir  string
	meta map[string]string

	mu    sync.Mutex // held while the upload is completed
	parts map[int]part
	done  *completed
}

type part struct {
	file string
	etag string // without quotes: the MD5 of the part
	size int64
}

type completed struct {
	version gofakes3.VersionID
	etag    string
}

// newUploads removes what a process before this one left behind.
func newUploads(dir string) (*uploads, error) {
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	return &uploads{dir: dir, byID: map[gofakes3.UploadID]*upload{}}, os.MkdirAll(dir, 0o700)
}

func (u *uploads) find(id gofakes3.UploadID) (*upload, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if up := u.byID[id]; up != nil {
		return up, nil
	}
	return nil, gofakes3.ErrNoSuchUpload
}

func (u *uploads) forget(id gofakes3.UploadID, up *upload) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
	return os.RemoveAll(up.dir)
}

// CreateMultipartUpload begins an upload.
func (b *backend) CreateMultipartUpload(_ context.Context, _, _ string, meta map[string]string) (gofakes3.UploadID, error) {
	id := gofakes3.UploadID(randomHex(16))
	up := &upload{dir: filepath.Join(b.uploads.dir, string(id)), meta: meta, parts: map[int]part{}}
	if err := os.Mkdir(up.dir, 0o700); err != nil {
		return "", err
	}
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	b.uploads.byID[id] = up
	return id, nil
}

// UploadPart stores a part; one of the same number takes the place of the part before it.
func (b *backend) UploadPart(_ context.Context, _, _ string, id gofakes3.UploadID, number int, size int64, body io.Reader) (string, error) {
	up, err := b.uploads.find(id)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(up.dir, fmt.Sprintf("%05d-*", number))
	if err != nil {
		return "", err
	}
	sum := md5.New()
	n, err := io.Copy(io.MultiWriter(f, sum), body)
	if err == nil && n != size {
		err = gofakes3.ErrIncompleteBody
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(f.Name()) // else it goes with the upload
		return "", err
	}
	p := part{file: f.Name(), etag: hex.EncodeToString(sum.Sum(nil)), size: n}
	up.mu.Lock()
	defer up.mu.Unlock()
	if old, ok := up.parts[number]; ok {
		_ = os.Remove(old.file) // else it goes with the upload
	}
	up.parts[number] = p
	return quote(p.etag), nil
}

// CompleteMultipartUpload makes an object of the parts that the request lists. Completing again
// gives the same answer.
func (b *backend) CompleteMultipartUpload(ctx context.Context, bucketName, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	up, err := b.uploads.find(id)
	if err != nil {
		return "", "", err
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	if up.done != nil {
		return up.done.version, up.done.etag, nil
	}
	parts, err := up.choose(callOf(ctx), in.Parts)
	if err != nil {
		return "", "", err
	}
	v, err := b.join(parts)
	if err != nil {
		return "", "", err
	}
	v.Meta = up.meta
	shown, err := b.publish(ctx, bucketName, key, v, "ObjectCreated:CompleteMultipartUpload")
	if err != nil {
		return "", "", err
	}
	up.done = &completed{shown, quote(v.ETag)}
	return shown, quote(v.ETag), b.uploads.forget(id, up)
}

// choose returns the parts that a client lists, if they are there, in order and large enough.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html#API_CompleteMultipartUpload_Errors
func (u *upload) choose(c *call, listed []gofakes3.CompletedPart) ([]part, error) {
	if len(listed) == 0 {
		return nil, gofakes3.ErrorMessage(gofakes3.ErrMalformedXML, "An upload needs at least one part.")
	}
	var parts []part
	for i, l := range listed {
		if i > 0 && l.PartNumber <= listed[i-1].PartNumber {
			return nil, gofakes3.ErrInvalidPartOrder
		}
		p, ok := u.parts[l.PartNumber]
		if !ok || strings.Trim(l.ETag, `"`) != p.etag {
			return nil, gofakes3.ErrorMessagef(gofakes3.ErrInvalidPart, "Part %d was not uploaded, or its ETag is another.", l.PartNumber)
		}
		if i < len(listed)-1 && p.size < minPart {
			return nil, c.fail(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// join makes one blob of the parts.
func (b *backend) join(parts []part) (*version, error) {
	v := &version{}
	sum := md5.New()
	for _, p := range parts {
		digest, err := hex.DecodeString(p.etag)
		if err != nil {
			return nil, err
		}
		sum.Write(digest)
		v.Size += p.size
		v.Parts = append(v.Parts, p.size)
	}
	v.ETag = fmt.Sprintf("%x-%d", sum.Sum(nil), len(parts))
	var err error
	v.Blob, err = b.store.blobs.create(func(f *os.File) error {
		for _, p := range parts {
			if err := appendFile(f, p.file); err != nil {
				return err
			}
		}
		return nil
	})
	return v, err
}

func appendFile(to *os.File, name string) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
}

// AbortMultipartUpload drops an upload and its parts.
func (b *backend) AbortMultipartUpload(_ context.Context, _, _ string, id gofakes3.UploadID) error {
	up, err := b.uploads.find(id)
	if err != nil {
		return err
	}
	up.mu.Lock()
	defer up.mu.Unlock()
	return b.uploads.forget(id, up)
}
