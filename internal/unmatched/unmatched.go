// Package unmatched makes visible the files that no source of the configuration matches: nothing else
// is done with them, so nobody would hear of a pattern that is wrong or a bucket that was forgotten.
//
// Each prefix of such files is logged once by a process, and written once into the ledger bucket, as
// unmatched/NAME.json: what the prefix is, one file of it and when that was seen. A record stays when
// a source matches the prefix at last; its example tells.
package unmatched

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// Ledger keeps the records. Safe for concurrent use.
type Ledger interface {
	// Put writes an object if there is none of that name, for generation 0; else it is
	// errkind.Exists.
	Put(ctx context.Context, name string, data []byte, generation int64) error
}

// Record is what lies in the ledger about the files below one prefix.
type Record struct {
	Bucket    string    `json:"bucket"`     // s3://name, or gs://name
	Prefix    string    `json:"prefix"`     // the folders of the keys; * for what changes in them
	Example   string    `json:"example"`    // address of the first file that was seen
	FirstSeen time.Time `json:"first_seen"` //
}

const (
	// most is how many prefixes a process remembers, and so writes: a bucket whose folders are
	// names without end must not cost a request each.
	most = 1000
	// patience is how long one record may take: files wait for it.
	patience = 5 * time.Second
	// retry is how long a record that could not be written is left alone.
	retry = time.Minute
)

// Recorder notes files that no source matches. Safe for concurrent use.
type Recorder struct {
	ledger Ledger
	log    *slog.Logger
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]state // by the prefix's address
}

// state is what is known of a prefix.
type state struct {
	recorded bool
	retry    time.Time // not to be written before
}

// New returns a Recorder that has seen nothing. now is time.Now but in tests.
func New(ledger Ledger, log *slog.Logger, now func() time.Time) *Recorder {
	return &Recorder{ledger: ledger, log: log, now: now, seen: map[string]state{}}
}

// Note notes one file. It logs what goes wrong and returns within a few seconds: a record that cannot
// be written is no reason to hold up other files.
func (r *Recorder) Note(ctx context.Context, s object.Source) {
	prefix := Prefix(s.Key)
	address := object.Source{Store: s.Store, Bucket: s.Bucket, Key: prefix}.String()
	if !r.begin(address, s) {
		return
	}
	err := r.write(ctx, s, prefix)
	if err != nil {
		r.log.WarnContext(ctx, "cannot record that no source matches; it is tried again with a later file", "prefix", address, "error", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[address] = state{recorded: true}
}

// begin tells whether a prefix is to be recorded by the caller, and logs it when it is new.
func (r *Recorder) begin(address string, s object.Source) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	known, seen := r.seen[address]
	switch {
	case known.recorded || now.Before(known.retry):
		return false
	case !seen && len(r.seen) > most:
		return false
	case !seen && len(r.seen) == most:
		r.log.Warn("no source matches the files of many prefixes; further ones are only counted", "prefixes", most, "example", s.String())
		r.seen[address] = state{recorded: true} // one more, so that this is said once
		return false
	case !seen:
		r.log.Warn("no source of the configuration matches: files of this prefix are left alone; add a source, or end the bucket's notifications for it", "prefix", address, "example", s.String())
	}
	r.seen[address] = state{retry: now.Add(retry)}
	return true
}

// write puts the record into the ledger, unless there is one of the prefix.
func (r *Recorder) write(ctx context.Context, s object.Source, prefix string) error {
	data, err := json.MarshalIndent(Record{
		Bucket: s.Store.Scheme() + "://" + s.Bucket, Prefix: prefix, Example: s.String(), FirstSeen: r.now().UTC(),
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the record: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = r.ledger.Put(ctx, object.UnmatchedName(s, prefix), append(data, '\n'), 0)
	if errkind.Is(err, errkind.Exists) {
		return nil
	}
	return err
}
