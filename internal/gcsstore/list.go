package gcsstore

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/object"
)

// pageSize is how many objects one request lists: the most that Cloud Storage gives.
const pageSize = 1000

// List returns the first objects, a thousand at most, whose names begin with prefix and come behind
// the name after, in the order of their bytes, with their custom metadata; more tells whether others
// follow. Unless deep, names that have a slash behind the prefix come as the folder that they share.
// https://cloud.google.com/storage/docs/json_api/v1/objects/list
func (s *Store) List(ctx context.Context, bucket, prefix, after string, deep bool) (objects []object.Copy, folders []string, more bool, err error) {
	q := &storage.Query{Prefix: prefix, StartOffset: after}
	if !deep {
		q.Delimiter = "/"
	}
	if err := q.SetAttrSelection([]string{"Name", "Generation", "Size", "MD5", "CRC32C", "Created", "Metadata"}); err != nil {
		return nil, nil, false, err
	}
	it := s.client.Bucket(bucket).Objects(ctx, q)
	it.PageInfo().MaxSize = pageSize
	for {
		attrs, err := it.Next()
		switch {
		case errors.Is(err, iterator.Done):
			return objects, folders, false, nil
		case err != nil:
			return nil, nil, false, classify(err)
		case attrs.Prefix != "":
			if attrs.Prefix > after || strings.HasPrefix(after, attrs.Prefix) {
				folders = append(folders, attrs.Prefix)
			}
		case attrs.Name > after:
			objects = append(objects, object.Copy{
				Landed: object.Landed{Bucket: bucket, Name: attrs.Name, Generation: attrs.Generation}, Description: describe(attrs),
			})
		}
		if it.PageInfo().Remaining() == 0 && len(objects)+len(folders) > 0 {
			return objects, folders, it.PageInfo().Token != "", nil
		}
	}
}
