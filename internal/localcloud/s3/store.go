package s3

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rclone/gofakes3"

	"github.com/seneka-io/seneka/internal/localcloud/journal"
)

// version is one version of an object, or a delete marker.
type version struct {
	ID       string            `json:"id,omitempty"` // "" is the null version
	Marker   bool              `json:"marker,omitempty"`
	ETag     string            `json:"etag,omitempty"` // as S3 shows it, without quotes
	Size     int64             `json:"size"`
	Modified time.Time         `json:"modified"`
	Meta     map[string]string `json:"meta,omitempty"`
	Parts    []int64           `json:"parts,omitempty"` // sizes, of a multipart upload
	Blob     string            `json:"blob,omitempty"`
	Seq      uint64            `json:"seq"` // rises with every version of every key
}

// bucket is a bucket's state. keys are sorted; versions are newest first and never empty.
type bucket struct {
	name       string
	created    time.Time
	versioning gofakes3.VersioningStatus
	notify     notification
	keys       []string
	objects    map[string][]*version
}

// event is a notification on its way to a queue.
type event struct {
	ID    uint64 `json:"id"`
	Queue string `json:"queue"` // ARN
	Body  string `json:"body"`
}

// store is the state of all buckets. It is safe for concurrent use.
type store struct {
	now     func() time.Time
	blobs   blobs
	journal *journal.Journal

	mu      sync.RWMutex
	buckets map[string]*bucket
	pending map[uint64]event // not yet taken by their queues
	seq     uint64           // the last one given
}

// change is one step of the state: what the journal keeps. Every change goes through apply, when it
// happens and when it is read back, so that both lead to the same state.
type change struct {
	Op         string                    `json:"op"`
	Bucket     string                    `json:"bucket,omitempty"`
	Key        string                    `json:"key,omitempty"`
	At         time.Time                 `json:"at,omitzero"`
	Versioning gofakes3.VersioningStatus `json:"versioning,omitempty"`
	Notify     *notification             `json:"notify,omitempty"`
	Version    *version                  `json:"version,omitempty"`
	VersionID  string                    `json:"versionId,omitempty"` // of opDelete
	Events     []event                   `json:"events,omitempty"`    // begun by opPut
	Sent       []uint64                  `json:"sent,omitempty"`      // events ended by opSent
	Seq        uint64                    `json:"seq,omitempty"`
}

// The steps of the state.
const (
	opCreate     = "create" // a bucket
	opDrop       = "drop"   // a bucket
	opVersioning = "versioning"
	opNotify     = "notify" // a bucket's notifications
	opPut        = "put"    // a version, or a delete marker
	opDelete     = "delete" // a version
	opSent       = "sent"
	opState      = "state" // of a compacted journal: events that wait, the last sequence number
)

// openStore reads the state in dir and removes blobs that belong to nothing: what a killed process
// was writing, or had no time to remove.
func openStore(dir string, now func() time.Time) (*store, error) {
	s := &store{now: now, buckets: map[string]*bucket{}, pending: map[uint64]event{}}
	var err error
	if s.blobs, err = openBlobs(filepath.Join(dir, "blobs")); err != nil {
		return nil, err
	}
	s.journal, err = journal.Open(filepath.Join(dir, "s3.journal"), s.replay, s.snapshot)
	if err != nil {
		return nil, err
	}
	if err := s.blobs.sweep(s.inUse()); err != nil {
		return nil, errors.Join(err, s.journal.Close())
	}
	return s, nil
}

func (s *store) close() error { return s.journal.Close() }

// inUse returns the names of the blobs of all versions.
func (s *store) inUse() map[string]bool {
	used := map[string]bool{}
	for _, b := range s.buckets {
		for _, versions := range b.objects {
			for _, v := range versions {
				used[v.Blob] = true
			}
		}
	}
	return used
}

// update runs f under the lock; the changes it returns are applied and durable when update returns,
// and the blobs that they set free are gone.
func (s *store) update(f func() (change, error)) error {
	mark, free, err := s.locked(f)
	if err != nil {
		return err
	}
	if err := s.journal.Wait(mark); err != nil {
		return err
	}
	return s.blobs.remove(free...)
}

func (s *store) locked(f func() (change, error)) (journal.Mark, []string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, err := f()
	if err != nil || ch.Op == "" {
		return 0, nil, err
	}
	free := s.apply(ch)
	return s.journal.Append(ch), free, nil
}

// apply changes the state and returns the blobs that no version uses any longer.
func (s *store) apply(ch change) (free []string) {
	b := s.buckets[ch.Bucket]
	switch ch.Op {
	case opCreate:
		s.buckets[ch.Bucket] = &bucket{name: ch.Bucket, created: ch.At, objects: map[string][]*version{}}
	case opDrop:
		delete(s.buckets, ch.Bucket)
	case opVersioning:
		b.versioning = ch.Versioning
	case opNotify:
		b.notify = *ch.Notify
	case opPut:
		s.seq = max(s.seq, ch.Version.Seq)
		free = b.put(ch.Key, ch.Version)
		s.await(ch.Events)
	case opDelete:
		free = b.remove(ch.Key, ch.VersionID)
	case opSent:
		for _, id := range ch.Sent {
			delete(s.pending, id)
		}
	case opState:
		s.seq = max(s.seq, ch.Seq)
		s.await(ch.Events)
	}
	return free
}

func (s *store) await(events []event) {
	for _, e := range events {
		s.pending[e.ID] = e
		s.seq = max(s.seq, e.ID)
	}
}

// put makes v the newest version of key. A null version takes the place of the one before it.
func (b *bucket) put(key string, v *version) (free []string) {
	if v.ID == "" {
		free = b.remove(key, "")
	}
	if len(b.objects[key]) == 0 {
		i, _ := slices.BinarySearch(b.keys, key)
		b.keys = slices.Insert(b.keys, i, key)
	}
	b.objects[key] = slices.Insert(b.objects[key], 0, v)
	return free
}

// remove drops one version of key, if it is there.
func (b *bucket) remove(key, id string) (free []string) {
	versions := b.objects[key]
	i := slices.IndexFunc(versions, func(v *version) bool { return v.ID == id })
	if i < 0 {
		return nil
	}
	if blob := versions[i].Blob; blob != "" {
		free = []string{blob}
	}
	if len(versions) > 1 {
		b.objects[key] = slices.Delete(slices.Clone(versions), i, i+1)
		return free
	}
	delete(b.objects, key)
	if k, ok := slices.BinarySearch(b.keys, key); ok {
		b.keys = slices.Delete(b.keys, k, k+1)
	}
	return free
}

// latest returns the newest version of key, which may be a delete marker; nil if there is none.
func (b *bucket) latest(key string) *version {
	if versions := b.objects[key]; len(versions) > 0 {
		return versions[0]
	}
	return nil
}

// find returns the version of that ID; nil if there is none.
func (b *bucket) find(key, id string) *version {
	for _, v := range b.objects[key] {
		if v.ID == id {
			return v
		}
	}
	return nil
}

// next returns a new sequence number: the time in nanoseconds, or one more than the last, so that
// it rises across restarts and backward clocks. The caller holds the lock.
func (s *store) next() uint64 {
	s.seq = max(s.seq+1, uint64(s.now().UnixNano()))
	return s.seq
}

// bucket returns a bucket. The caller holds the lock.
func (s *store) bucket(name string) (*bucket, error) {
	b := s.buckets[name]
	if b == nil {
		return nil, gofakes3.BucketNotFound(name)
	}
	return b, nil
}

func (s *store) createBucket(name string) error {
	return s.update(func() (change, error) {
		if s.buckets[name] != nil {
			return change{}, gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
		}
		return change{Op: opCreate, Bucket: name, At: s.now()}, nil
	})
}

func (s *store) notification(name string) (notification, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b, err := s.bucket(name)
	if err != nil {
		return notification{}, err
	}
	return b.notify, nil
}

// putVersion makes v, whose blob is durable, the newest version of key and begins the events that
// tell of it. The conditions of the request in ctx are checked at the same moment.
func (s *store) putVersion(ctx context.Context, name, key string, v *version, tell func(*bucket, *version) []event) ([]event, error) {
	var events []event
	err := s.update(func() (change, error) {
		b, err := s.bucket(name)
		if err != nil {
			return change{}, err
		}
		old := b.latest(key)
		exists := old != nil && !old.Marker
		etag := ""
		if exists {
			etag = internalETag(old.ETag)
		}
		if err := gofakes3.CheckWriteConditions(ctx, exists, etag); err != nil {
			return change{}, err
		}
		v.Seq, v.Modified = s.next(), s.now()
		if b.versioning == gofakes3.VersioningEnabled {
			v.ID = newVersionID()
		}
		events = tell(b, v)
		for i := range events {
			events[i].ID = s.next()
		}
		return change{Op: opPut, Bucket: name, Key: key, Version: v, Events: events}, nil
	})
	return events, err
}

// delivered crosses out events that their queues have taken. It does not wait for the disk: an
// event that is forgotten to be crossed out comes twice, as events may.
func (s *store) delivered(ids []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := change{Op: opSent, Sent: ids}
	s.apply(ch)
	s.journal.Append(ch)
}

// undelivered returns the events that wait for their queues, oldest first.
func (s *store) undelivered() []event {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.SortedFunc(maps.Values(s.pending), func(a, b event) int { return cmp.Compare(a.ID, b.ID) })
}

func (s *store) replay(record []byte) error {
	var ch change
	if err := json.Unmarshal(record, &ch); err != nil {
		return fmt.Errorf("unreadable record: %w", err)
	}
	if ch.Bucket != "" && ch.Op != opCreate && s.buckets[ch.Bucket] == nil {
		return fmt.Errorf("record %s of the unknown bucket %s", ch.Op, ch.Bucket)
	}
	s.apply(ch)
	return nil
}

// snapshot emits the changes that lead to the present state.
func (s *store) snapshot(emit func(any) error) error {
	if err := emit(change{Op: opState, Seq: s.seq, Events: s.undelivered()}); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		b := s.buckets[name]
		for _, ch := range []change{
			{Op: opCreate, Bucket: name, At: b.created},
			{Op: opVersioning, Bucket: name, Versioning: b.versioning},
			{Op: opNotify, Bucket: name, Notify: &b.notify},
		} {
			if err := emit(ch); err != nil {
				return err
			}
		}
		for _, key := range b.keys {
			for _, v := range slices.Backward(b.objects[key]) {
				if err := emit(change{Op: opPut, Bucket: name, Key: key, Version: v}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
