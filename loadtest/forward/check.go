package main

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
)

// client returns a client of the landing bucket.
func (t *target) client(ctx context.Context) (*storage.Client, error) {
	return storage.NewClient(ctx, option.WithEndpoint(t.gcs.url+"/storage/v1/"), option.WithoutAuthentication())
}

// check fails unless every object has come to landing whole, and nothing else has.
func (t *target) check(ctx context.Context, objects []object) error {
	client, err := t.client(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }() // it has written nothing
	want := map[string]*object{}
	for i := range objects {
		want[sourceBucket+"/"+objects[i].key] = &objects[i]
	}
	for all := client.Bucket(landingBucket).Objects(ctx, nil); ; {
		got, err := all.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return err
		}
		o := want[got.Name]
		if o == nil {
			return fmt.Errorf("%s came to landing, which is nobody's copy", got.Name)
		}
		if got.Size != o.size() || got.CRC32C != o.crc {
			return fmt.Errorf("%s has %d bytes of CRC32C %08x in landing, %d of %08x in S3", got.Name, got.Size, got.CRC32C, o.size(), o.crc)
		}
		delete(want, got.Name)
	}
	if len(want) > 0 {
		return fmt.Errorf("%d objects of %d did not come to landing", len(want), len(objects))
	}
	return nil
}
