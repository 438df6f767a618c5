package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
)

// Open opens an object of Cloud Storage. It decides the kind of its errors.
type Open func(ctx context.Context, bucket, name string) (io.ReadCloser, error)

// Read returns the bytes of the configuration at path: a local file, or gs://bucket/name, which
// open opens. A local file that is not there is NotFound, a file over MaxSize is Permanent.
func Read(ctx context.Context, path string, open Open) ([]byte, error) {
	return read(ctx, "configuration", path, open, MaxSize)
}

// ReadSchema returns the bytes of the source's schema file, nil if it has none. The errors are those
// of Read, for a file over MaxSchemaSize.
func (s *Source) ReadSchema(ctx context.Context, open Open) ([]byte, error) {
	if s.Schema == "" {
		return nil, nil
	}
	return read(ctx, "schema", s.Schema, open, MaxSchemaSize)
}

// read returns the bytes of a file of at most limit bytes; what says what it is.
func read(ctx context.Context, what, path string, open Open, limit int64) ([]byte, error) {
	r, err := openPath(ctx, path, open)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, path, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("%s %s: %w", what, path, err)
	}
	if int64(len(data)) > limit {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("%s %s: over %d bytes; is this the right file?", what, path, limit))
	}
	return data, nil
}

func openPath(ctx context.Context, path string, open Open) (io.ReadCloser, error) {
	rest, remote := strings.CutPrefix(path, remotePrefix)
	if !remote {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errkind.With(errkind.NotFound, err)
		}
		return f, err
	}
	bucket, name, _ := strings.Cut(rest, "/")
	if bucket == "" || name == "" {
		return nil, errkind.With(errkind.Permanent, errors.New("names no object; write gs://BUCKET/NAME"))
	}
	return open(ctx, bucket, name)
}

const remotePrefix = "gs://"

// relativeTo returns file as the configuration at base means it: relative to its folder, or to its
// bucket, unless it is absolute.
func relativeTo(base, file string) string {
	if file == "" || strings.HasPrefix(file, remotePrefix) || filepath.IsAbs(file) {
		return file
	}
	rest, remote := strings.CutPrefix(base, remotePrefix)
	if !remote {
		return filepath.Join(filepath.Dir(base), file)
	}
	bucket, name, _ := strings.Cut(rest, "/")
	return remotePrefix + bucket + path.Join("/", path.Dir(name), file)
}
