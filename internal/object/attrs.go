package object

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Attrs is what the forwarder knew of a source file: the landing object carries it as custom
// metadata, so that the loader needs nothing else.
type Attrs struct {
	Event
	Received  time.Time // when the forwarder took the event from the queue
	Forwarded time.Time // when it began the copy
	// Traceparent is the trace that the copy was made in, by W3C's Trace Context; empty: in none. It
	// says nothing of the file, and nothing is to fail for what it is.
	Traceparent string
}

// Metadata keys of a landing object. Values are ASCII: the key is form-encoded, times are RFC 3339.
const (
	metaBucket    = "seneka-bucket"
	metaKey       = "seneka-key"
	metaETag      = "seneka-etag"
	metaSize      = "seneka-size"
	metaVersionID = "seneka-version-id"
	metaSequencer = "seneka-sequencer"
	metaTime      = "seneka-event-time"
	metaReceived  = "seneka-received"
	metaForwarded = "seneka-forwarded"
	metaTrace     = "traceparent" // the name that the standard gives it
)

// Metadata returns a as the custom metadata of a landing object.
func (a Attrs) Metadata() map[string]string {
	m := map[string]string{
		metaBucket: a.Bucket,
		metaKey:    url.QueryEscape(a.Key),
		metaETag:   a.ETag,
		metaSize:   strconv.FormatInt(a.Size, 10),
	}
	setIf := func(k, v string) {
		if v != "" {
			m[k] = v
		}
	}
	setIf(metaVersionID, a.VersionID)
	setIf(metaSequencer, a.Sequencer)
	setIf(metaTime, stamp(a.Time))
	setIf(metaReceived, stamp(a.Received))
	setIf(metaForwarded, stamp(a.Forwarded))
	setIf(metaTrace, a.Traceparent)
	return m
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// maxMetadata is how many bytes of custom metadata Cloud Storage keeps of an object, names included.
// https://cloud.google.com/storage/quotas#objects
const maxMetadata = 8 << 10

// ParseAttrs reads a landing object's metadata. ok is false if it carries no identity of ours:
// somebody else put the object there. A value that cannot be read is an error.
func ParseAttrs(m map[string]string) (a Attrs, ok bool, err error) {
	if m[metaBucket] == "" || m[metaKey] == "" {
		return Attrs{}, false, nil
	}
	size := 0
	for k, v := range m {
		size += len(k) + len(v)
	}
	if size > maxMetadata {
		return Attrs{}, false, fmt.Errorf("%d bytes of metadata, more than the %d that Cloud Storage keeps", size, maxMetadata)
	}
	a.Bucket, a.ETag, a.VersionID, a.Sequencer, a.Traceparent = m[metaBucket], m[metaETag], m[metaVersionID], m[metaSequencer], m[metaTrace]
	if a.Key, err = url.QueryUnescape(m[metaKey]); err != nil {
		return Attrs{}, false, fmt.Errorf("metadata %s: %w", metaKey, err)
	}
	if a.Size, err = strconv.ParseInt(m[metaSize], 10, 64); err != nil {
		return Attrs{}, false, fmt.Errorf("metadata %s: %w", metaSize, err)
	}
	for k, t := range map[string]*time.Time{metaTime: &a.Time, metaReceived: &a.Received, metaForwarded: &a.Forwarded} {
		if m[k] == "" {
			continue
		}
		if *t, err = time.Parse(time.RFC3339Nano, m[k]); err != nil {
			return Attrs{}, false, fmt.Errorf("metadata %s: %w", k, err)
		}
	}
	return a, true, nil
}
