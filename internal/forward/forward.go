// Package forward is stage 1: it copies what S3 announces to the landing bucket, and the loop that
// feeds it from the queue. A message is deleted only when everything in it is done.
package forward

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
)

// Source reads S3. Safe for concurrent use.
type Source interface {
	// Open reads the content that e names. errkind.NotFound: it is gone. errkind.Exists: another
	// content has come in its place.
	Open(ctx context.Context, e object.Event) (*object.Body, error)
}

// Landing writes the landing bucket. Safe for concurrent use.
type Landing interface {
	// Copy writes r, of size bytes or UnknownSize, as an object: if there is none for generation 0,
	// else in place of that generation. An error of r, or another length, leaves nothing behind.
	// errkind.Exists where the object is another one, which may be our own write, sent again.
	Copy(ctx context.Context, bucket, name string, r io.Reader, size int64, metadata map[string]string, generation int64) error
	// Stat returns the live object's metadata and generation; errkind.NotFound if there is none.
	Stat(ctx context.Context, o object.Landed) (metadata map[string]string, generation int64, err error)
}

// UnknownSize is the size of what goes on until io.EOF.
const UnknownSize = -1

// Outcome is how the copy of one object ended. It ended well in every case.
type Outcome string

// The outcomes of a copy.
const (
	Forwarded Outcome = "forwarded" // copied
	Present   Outcome = "present"   // this version was copied before
	Older     Outcome = "older"     // a later version was copied before
	Gone      Outcome = "gone"      // deleted since
	Changed   Outcome = "changed"   // overwritten since: the newer event follows
	Folder    Outcome = "folder"    // a key ending in "/": no file
	Empty     Outcome = "empty"     // no bytes
	Unmatched Outcome = "unmatched" // no source of the configuration matches
)

// Forwarder copies objects. Safe for concurrent use.
type Forwarder struct {
	Matches func(s object.Source) bool // whether a source of the configuration takes the file
	Source  Source
	Landing Landing
	Bucket  string           // the landing bucket
	Now     func() time.Time // time.Now but in tests

	Compress bool                                       // gzip plain text on the way; off: copy it as it is
	Copied   func(s object.Source, read, written int64) // told the bytes of each copy that was made; nil: nobody is
	Trace    func(ctx context.Context) string           // the trace that a copy is made in, for its metadata; nil: none

	compressors sync.Pool // of *gzip.Writer
}

// rounds is how often one Forward may find another copy in its place before the message comes again.
const rounds = 4

// Forward copies the object of e, received from the queue at received. An error means that it is
// not done: the message must come again.
func (f *Forwarder) Forward(ctx context.Context, e object.Event, received time.Time) (Outcome, error) {
	switch {
	case strings.HasSuffix(e.Key, "/"):
		return Folder, nil
	case e.Size == 0:
		return Empty, nil
	case !f.Matches(e.Source):
		return Unmatched, nil
	}
	name := object.LandingName(e.Source)
	var generation int64 // that is to be replaced; 0: none is there
	for range rounds {
		outcome, err := f.copy(ctx, e, received, name, generation)
		if err == nil {
			return outcome, nil
		}
		if !errkind.Is(err, errkind.Exists) {
			return "", fmt.Errorf("forward %s: %w", e.Source, err)
		}
		// Something lies there: this very version, perhaps by our own write, or another.
		outcome, generation, err = f.compare(ctx, e, name)
		if err != nil {
			return "", fmt.Errorf("forward %s: %w", e.Source, err)
		}
		if outcome != "" {
			return outcome, nil
		}
	}
	return "", errkind.With(errkind.Transient, fmt.Errorf("forward %s: gs://%s/%s changed %d times meanwhile; it is tried again on the next delivery", e.Source, f.Bucket, name, rounds))
}

// copy streams the object over once. Dying in it leaves nothing, or the whole copy.
func (f *Forwarder) copy(ctx context.Context, e object.Event, received time.Time, name string, generation int64) (Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, err := f.Source.Open(ctx, e)
	switch {
	case errkind.Is(err, errkind.NotFound):
		return Gone, nil
	case errkind.Is(err, errkind.Exists):
		return Changed, nil
	case err != nil:
		return "", err
	}
	defer body.Close()
	if body.Size != e.Size {
		// The size is half of the version's name: the copy would pass for another one.
		return "", errkind.With(errkind.Transient, fmt.Errorf("S3 has %d bytes of what its event says are %d", body.Size, e.Size))
	}
	attrs := object.Attrs{Event: e, Received: received, Forwarded: f.Now()}
	if f.Trace != nil {
		attrs.Traceparent = f.Trace(ctx)
	}
	written, err := f.transfer(ctx, cancel, body, name, attrs.Metadata(), generation)
	if err == nil && f.Copied != nil {
		f.Copied(e.Source, body.Size, written)
	}
	return Forwarded, err
}

// compare decides about the object that lies in landing already: an outcome where it is to stay,
// else the generation to replace, 0 where it has gone.
func (f *Forwarder) compare(ctx context.Context, e object.Event, name string) (Outcome, int64, error) {
	metadata, generation, err := f.Landing.Stat(ctx, object.Landed{Bucket: f.Bucket, Name: name})
	if errkind.Is(err, errkind.NotFound) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	there, ours, err := object.ParseAttrs(metadata)
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("gs://%s/%s: %w", f.Bucket, name, err)
	case !ours:
		return "", generation, nil // somebody else's: the name is the forwarder's to write
	case there.Version == e.Version:
		return Present, 0, nil
	case !later(e, there.Event):
		return Older, 0, nil
	}
	return "", generation, nil
}

// later reports whether event a of a key came after b. Sequencers decide; where one of them has
// none, as in a listing and by the documentation in any event but a PUT's, the time of the put does.
func later(a, b object.Event) bool {
	if a.Sequencer == "" || b.Sequencer == "" {
		return a.Time.After(b.Time)
	}
	return object.Newer(a.Sequencer, b.Sequencer)
}
