package s3

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"

	"github.com/seneka-io/seneka/internal/localcloud/journal"
)

// blobs is a folder of files, each the bytes of one version. Names are random: keys of any form
// ("../../x", 1,024 bytes, "a" beside "a/b") are never names of files.
type blobs string

func openBlobs(dir string) (blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	return blobs(dir), journal.SyncDir(filepath.Dir(dir))
}

func (b blobs) path(name string) string { return filepath.Join(string(b), name) }

func (b blobs) open(name string) (*os.File, error) { return os.Open(b.path(name)) }

// create returns the name of a new blob for which fill wrote the bytes; they are durable.
func (b blobs) create(fill func(*os.File) error) (string, error) {
	name := randomHex(16)
	if err := b.write(name, fill); err != nil {
		if left := b.remove(name); left != nil {
			return "", errors.Join(err, left)
		}
		return "", err // as it is: gofakes3 looks at its type
	}
	return name, nil
}

func (b blobs) write(name string, fill func(*os.File) error) error {
	f, err := os.OpenFile(b.path(name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return journal.SyncDir(string(b))
}

// remove deletes blobs; one that is being read stays until its reader closes it.
func (b blobs) remove(names ...string) error {
	var errs []error
	for _, name := range names {
		if err := os.Remove(b.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// blobName is the form of the names that create gives.
var blobName = regexp.MustCompile(`^[0-9a-f]{32}$`)

// sweep removes the blobs that are not in use.
func (b blobs) sweep(used map[string]bool) error {
	files, err := os.ReadDir(string(b))
	if err != nil {
		return err
	}
	for _, f := range files {
		if !used[f.Name()] && blobName.MatchString(f.Name()) {
			if err := b.remove(f.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}
