package gcs

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// blob is a file with the bytes of one upload, complete but not yet anybody's object.
type blob struct {
	id   string
	size int64
	sums sums
}

func (s *Server) uploadDir() string { return filepath.Join(s.opts.Dir, "uploads") }
func (s *Server) blobDir() string   { return filepath.Join(s.opts.Dir, "blobs") }

// uploadPath is where the bytes of upload id gather, blobPath where they lie once they are an
// object. Both names are made here, never from what a client says.
func (s *Server) uploadPath(id string) string { return filepath.Join(s.uploadDir(), id) }
func (s *Server) blobPath(id string) string   { return filepath.Join(s.blobDir(), id[:2], id) }

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// receive writes r to a new upload file, and removes it again if r fails.
func (s *Server) receive(r io.Reader) (blob, error) {
	id := newID()
	f, err := os.OpenFile(s.uploadPath(id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return blob{}, err
	}
	h := newHasher()
	n, err := io.Copy(io.MultiWriter(f, h), r)
	if err := errors.Join(err, f.Close()); err != nil {
		return blob{}, errors.Join(fmt.Errorf("receive upload: %w", err), os.Remove(f.Name()))
	}
	return blob{id: id, size: n, sums: h.sums()}, nil
}

// measure returns upload id as a blob.
func (s *Server) measure(id string) (blob, error) {
	f, err := os.Open(s.uploadPath(id))
	if err != nil {
		return blob{}, err
	}
	defer f.Close()
	h := newHasher()
	n, err := io.Copy(h, f)
	return blob{id: id, size: n, sums: h.sums()}, err
}

// place moves upload id to where objects lie.
func (s *Server) place(id string) error {
	if err := os.MkdirAll(filepath.Dir(s.blobPath(id)), 0o700); err != nil {
		return err
	}
	return os.Rename(s.uploadPath(id), s.blobPath(id))
}

// discard removes the bytes of id, wherever they are. What cannot be removed is swept by the next
// New.
func (s *Server) discard(id string) {
	_ = os.Remove(s.uploadPath(id))
	_ = os.Remove(s.blobPath(id))
}

// hasher computes both checksums of what is written to it.
type hasher struct {
	io.Writer
	sums func() sums
}

func newHasher() hasher {
	crc, md := crc32.New(crc32.MakeTable(crc32.Castagnoli)), md5.New()
	return hasher{io.MultiWriter(crc, md), func() sums {
		return sums{
			CRC32C: base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc.Sum32())),
			MD5:    base64.StdEncoding.EncodeToString(md.Sum(nil)),
		}
	}}
}

// verify compares declared checksums with those of the bytes received.
func (want sums) verify(got sums) error {
	if want.CRC32C != "" && want.CRC32C != got.CRC32C {
		return invalid("Provided CRC32C %q doesn't match calculated CRC32C %q.", want.CRC32C, got.CRC32C)
	}
	if want.MD5 != "" && want.MD5 != got.MD5 {
		return invalid("Provided MD5 hash %q doesn't match calculated MD5 hash %q.", want.MD5, got.MD5)
	}
	return nil
}

// headerSums reads x-goog-hash and Content-MD5.
// https://cloud.google.com/storage/docs/xml-api/reference-headers#xgooghash
func headerSums(h http.Header) (s sums, err error) {
	s.MD5 = h.Get("Content-MD5")
	for _, line := range h.Values("X-Goog-Hash") {
		for part := range strings.SplitSeq(line, ",") {
			kind, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch kind {
			case "crc32c":
				s.CRC32C = value
			case "md5":
				s.MD5 = value
			default:
				return s, invalid("Invalid x-goog-hash: %q", line)
			}
		}
	}
	return s, nil
}

// or returns the sums with what is empty in them taken from t.
func (want sums) or(t sums) sums {
	if want.CRC32C == "" {
		want.CRC32C = t.CRC32C
	}
	if want.MD5 == "" {
		want.MD5 = t.MD5
	}
	return want
}

// openLive opens the object's bytes. An overwrite between the look-up and the opening removes the
// file: then the newer version is looked up.
func (s *Server) openLive(at target) (*stored, *os.File, error) {
	for seen := int64(-1); ; {
		var rec *stored
		err := s.view(func(t tx) (err error) {
			rec, err = t.find(at)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		f, err := os.Open(s.blobPath(rec.Blob))
		if errors.Is(err, fs.ErrNotExist) && rec.Object.Generation != seen {
			seen = rec.Object.Generation
			continue
		}
		return rec, f, err
	}
}
