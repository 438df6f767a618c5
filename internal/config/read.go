package config

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
)

// Read returns the bytes of the configuration at path: a local file, or gs://bucket/name, which
// open opens. open decides the kind of its errors; a local file that is not there is NotFound, a
// file over MaxSize is Permanent.
func Read(ctx context.Context, path string, open func(ctx context.Context, bucket, name string) (io.ReadCloser, error)) ([]byte, error) {
	r, err := openPath(ctx, path, open)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	if len(data) > MaxSize {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("configuration %s: over %d bytes; is this the right file?", path, MaxSize))
	}
	return data, nil
}

func openPath(ctx context.Context, path string, open func(ctx context.Context, bucket, name string) (io.ReadCloser, error)) (io.ReadCloser, error) {
	rest, remote := strings.CutPrefix(path, "gs://")
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
