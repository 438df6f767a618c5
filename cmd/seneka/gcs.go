package main

import (
	"context"
	"errors"
	"io"

	"github.com/seneka-io/seneka/internal/gcsstore"
)

// openGCS reads one object by a client of its own, which closing the reader closes too.
func openGCS(ctx context.Context, bucket, name string) (io.ReadCloser, error) {
	gcs, err := gcsstore.New(ctx)
	if err != nil {
		return nil, err
	}
	r, err := gcs.OpenLive(ctx, bucket, name)
	if err != nil {
		return nil, errors.Join(err, gcs.Close())
	}
	return &ownReader{r, gcs}, nil
}

// ownReader closes with itself what it alone reads from.
type ownReader struct {
	io.ReadCloser
	below io.Closer
}

// Close closes both.
func (r *ownReader) Close() error { return errors.Join(r.ReadCloser.Close(), r.below.Close()) }
