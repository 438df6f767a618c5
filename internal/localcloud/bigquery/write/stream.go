package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// stream is an explicitly created stream. Its fields are read and changed by who holds mu.
type stream struct {
	name streamName

	mu      sync.Mutex
	rec     record
	journal *journal    // of a PENDING stream until its commit
	owner   *connection // the one connection that may append; nil: none has yet
	stale   bool        // what the disk holds may be newer: look the stream up again
}

// record is what the store keeps of a stream: of a COMMITTED one always, of a PENDING one from
// its commit on. Until then its journal says all.
type record struct {
	Type      string    `json:"type"` // a WriteStream_Type
	Created   time.Time `json:"created"`
	Used      time.Time `json:"used"`      // the last append
	Committed time.Time `json:"committed"` // of PENDING: zero until then
	Rows      int64     `json:"rows"`      // also the next offset
	Finalized bool      `json:"finalized"`
}

func (r *record) isPending() bool   { return r.Type == storagepb.WriteStream_PENDING.String() }
func (r *record) isCommitted() bool { return r.isPending() && !r.Committed.IsZero() }

// expires says when the stream stops to exist.
func (s *Server) expires(r *record) time.Time {
	switch {
	case r.isCommitted():
		return r.Committed.Add(s.o.CommittedTTL)
	case r.isPending():
		return r.Created.Add(s.o.PendingTTL)
	default:
		return r.Used.Add(s.o.CommittedTTL)
	}
}

// save writes the stream's record, as it is to become, by one of Tx's methods.
func (s *Server) save(ctx context.Context, write recordWriter, name streamName, r *record) error {
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record of stream %s: %w", name, err)
	}
	return write(ctx, name.String(), b, s.expires(r))
}

type recordWriter func(ctx context.Context, stream string, record []byte, expires time.Time) error

// acquire returns the stream, locked. An unknown or expired one is NOT_FOUND.
func (s *Server) acquire(ctx context.Context, name streamName) (*stream, error) {
	for {
		st, err := s.find(ctx, name)
		if err != nil {
			return nil, err
		}
		st.mu.Lock()
		switch {
		case st.stale:
			st.mu.Unlock()
			continue
		case !s.now().Before(s.expires(&st.rec)):
			st.mu.Unlock()
			return nil, streamNotFound(name)
		}
		return st, nil
	}
}

// find returns the one stream object of that name. Look-ups on disk run one at a time and none
// starts before the end of the last: a stream that was dropped after its commit is never read
// from a journal that was still there.
func (s *Server) find(ctx context.Context, name streamName) (*stream, error) {
	if st := s.cached(name); st != nil {
		return st, nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if st := s.cached(name); st != nil {
		return st, nil
	}
	st, err := s.load(ctx, name)
	if err != nil {
		return nil, err
	}
	s.keep(st)
	return st, nil
}

// load reads a stream from disk. The store's record is the later word: a journal may be left over
// from a crash just after the commit.
func (s *Server) load(ctx context.Context, name streamName) (*stream, error) {
	st := &stream{name: name}
	var raw []byte
	err := s.store.Update(ctx, func(tx Tx) (err error) {
		raw, err = tx.Record(ctx, name.String())
		return err
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("look up stream %s: %w", name, err)
	case raw != nil:
		if err := json.Unmarshal(raw, &st.rec); err != nil {
			return nil, fmt.Errorf("record of stream %s: %w", name, err)
		}
		return st, nil
	}
	j, err := openJournal(journalPath(s.o.Dir, name))
	if errors.Is(err, fs.ErrNotExist) || err == nil && j.name != name.String() {
		return nil, streamNotFound(name)
	}
	if err != nil {
		return nil, err
	}
	st.journal = j
	st.rec = record{Type: storagepb.WriteStream_PENDING.String(), Created: j.created, Rows: j.rows, Finalized: j.finalized}
	return st, nil
}

func (s *Server) cached(name streamName) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[name]
}

func (s *Server) keep(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[st.name] = st
}

// drop forgets a stream, which the caller has locked: the disk has the last word on it.
func (s *Server) drop(st *stream) {
	st.stale = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.name] == st {
		delete(s.streams, st.name)
	}
}

// sweep removes what expired streams left, once an hour at most.
func (s *Server) sweep(ctx context.Context) error {
	now := s.now()
	s.mu.Lock()
	due := now.Sub(s.swept) >= time.Hour
	var all []*stream
	if due {
		s.swept = now
		for _, st := range s.streams {
			all = append(all, st)
		}
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	for _, st := range all {
		st.mu.Lock()
		if !now.Before(s.expires(&st.rec)) {
			s.drop(st)
		}
		st.mu.Unlock()
	}
	if err := s.store.Update(ctx, func(tx Tx) error { return tx.Expire(ctx, now) }); err != nil {
		return fmt.Errorf("remove expired streams: %w", err)
	}
	return s.sweepJournals(now)
}

// sweepJournals removes the journals of expired streams. One without a readable head was never
// acknowledged, or is just being made: it stays.
func (s *Server) sweepJournals(now time.Time) error {
	paths, err := filepath.Glob(filepath.Join(s.o.Dir, "*.pending"))
	if err != nil {
		return fmt.Errorf("remove expired streams: %w", err)
	}
	for _, p := range paths {
		created, err := journalCreated(p)
		if err != nil || now.Before(created.Add(s.o.PendingTTL)) {
			continue
		}
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove expired stream: %w", err)
		}
	}
	return nil
}

// describe renders the stream for GetWriteStream, without its table's schema.
func (st *stream) describe(t Table) *storagepb.WriteStream {
	w := &storagepb.WriteStream{
		Name:       st.name.String(),
		Type:       storagepb.WriteStream_Type(storagepb.WriteStream_Type_value[st.rec.Type]),
		CreateTime: timestamppb.New(st.rec.Created),
		WriteMode:  storagepb.WriteStream_INSERT,
		Location:   t.Location,
	}
	switch {
	case !st.rec.isPending():
		w.CommitTime = w.CreateTime // stream.proto: "same as create_time"
	case st.rec.isCommitted():
		w.CommitTime = timestamppb.New(st.rec.Committed)
	}
	return w
}
