package gcs

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// tables lists the database's buckets (a word that means something else here).
func tables() [][]byte {
	return [][]byte{[]byte(tableBuckets), []byte(tableObjects), []byte(tableUploads), []byte(tableOutbox), []byte(tableMeta)}
}

const (
	tableBuckets = "buckets" // name -> storedBucket
	tableObjects = "objects" // bucket, NUL, name -> stored
	tableUploads = "uploads" // id -> session
	tableOutbox  = "outbox"  // number, big-endian -> event
	tableMeta    = "meta"    // "generation" -> the last one given out, big-endian
)

// openDB opens or makes the database. A write is in the kernel's hands when its transaction ends:
// safe from the death of this process, not from that of the machine.
func openDB(path string) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 2 * time.Second, NoSync: true, NoGrowSync: true})
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("%s is in use: stop the other local cloud or choose another folder", path)
	}
	if err != nil {
		return nil, err
	}
	err = db.Update(func(t *bbolt.Tx) error {
		for _, name := range tables() {
			if _, err := t.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// tx is a transaction. All of one Server's writing transactions run one after the other.
type tx struct {
	*bbolt.Tx
	now time.Time
}

func (s *Server) view(f func(tx) error) error {
	return s.db.View(func(t *bbolt.Tx) error { return f(tx{t, s.opts.Now()}) })
}

func (s *Server) update(f func(tx) error) error {
	return s.db.Update(func(t *bbolt.Tx) error { return f(tx{t, s.opts.Now()}) })
}

func (t tx) table(name string) *bbolt.Bucket { return t.Bucket([]byte(name)) }

// get reads the JSON value of key into v; false if there is none.
func (t tx) get(table, key string, v any) (bool, error) {
	b := t.table(table).Get([]byte(key))
	if b == nil {
		return false, nil
	}
	return true, json.Unmarshal(b, v)
}

func (t tx) put(table, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.table(table).Put([]byte(key), b)
}

func objectKey(bucket, name string) string { return bucket + "\x00" + name }

// bucket returns the bucket, or a 404.
func (t tx) bucket(name string) (b storedBucket, err error) {
	ok, err := t.get(tableBuckets, name, &b)
	if err == nil && !ok {
		err = noBucket(name)
	}
	return b, err
}

// live returns the live version of an object, nil if there is none; a missing bucket is a 404.
func (t tx) live(bucket, name string) (*stored, error) {
	if t.table(tableBuckets).Get([]byte(bucket)) == nil {
		return nil, noBucket(bucket)
	}
	rec := new(stored)
	if ok, err := t.get(tableObjects, objectKey(bucket, name), rec); err != nil || !ok {
		return nil, err
	}
	return rec, nil
}

// target names the object that a request is about, and in which state it has to be.
type target struct {
	bucket, name string
	generation   *int64 // nil: the live one, whichever it is
	conds        conditions
}

// find returns the object, if it is live and meets the conditions.
func (t tx) find(at target) (*stored, error) {
	rec, err := t.live(at.bucket, at.name)
	if err != nil {
		return nil, err
	}
	if rec == nil || at.generation != nil && *at.generation != rec.Object.Generation {
		return nil, noObject(at.bucket, at.name)
	}
	return rec, at.conds.check(&rec.Object)
}

// nextGeneration returns a number above every earlier one of this folder, and near the time in
// microseconds, as the service's are.
func (t tx) nextGeneration() (int64, error) {
	meta, key := t.table(tableMeta), []byte("generation")
	gen := t.now.UnixMicro()
	if b := meta.Get(key); b != nil {
		gen = max(gen, int64(binary.BigEndian.Uint64(b))+1)
	}
	return gen, meta.Put(key, binary.BigEndian.AppendUint64(nil, uint64(gen)))
}

// sweep removes the files that no record names, left by a process that was killed between the
// two, and upload sessions past their week.
func (s *Server) sweep() error {
	known := map[string]bool{}
	err := s.update(func(t tx) error {
		if err := t.expireSessions(known); err != nil {
			return err
		}
		return t.table(tableObjects).ForEach(func(_, v []byte) error {
			var rec struct {
				Blob string `json:"blob"`
			}
			err := json.Unmarshal(v, &rec)
			known[rec.Blob] = true
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{s.uploadDir(), s.blobDir()} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || known[d.Name()] {
				return err
			}
			return os.Remove(path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
