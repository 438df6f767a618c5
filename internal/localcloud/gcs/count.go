package gcs

import (
	"bytes"
	"fmt"
)

// Objects returns how many objects the bucket holds.
func (s *Server) Objects(bucket string) (n int, err error) {
	err = s.view(func(t tx) error {
		prefix := []byte(objectKey(bucket, ""))
		c := t.table(tableObjects).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("gcs: count the objects of %s: %w", bucket, err)
	}
	return n, nil
}
