// Package format turns the bytes of log files into records. It is pure: no clock, no network, no
// logging. Each family of formats has a package below this one; formats/table.go lists them all.
package format

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// Format is one kind of log file.
type Format struct {
	// Name is what the configuration calls it: "alb".
	Name string
	// Spec is the table's columns without Seneka's own (see load), its partition column and the
	// columns that analysts filter on. Every column has a description.
	Spec row.Spec
	// New returns a decoder of one file. r yields decompressed bytes.
	New func(r io.Reader, o Options) Decoder
	// Declare returns the format of tables whose columns a source of the configuration declares. It
	// is set instead of Spec and New. The error says what is wrong with the declaration. Nil: the
	// format brings its own columns.
	Declare func(d Declaration) (*Format, error)
	// Inspect returns the format of one file whose columns are the file's own, by what r yields from
	// its first byte on. It is set instead of New. Files of the same columns have the same Format, but for
	// rare exceptions. An error of kind Permanent is the file's own. Safe for concurrent use.
	Inspect func(r io.Reader, o Options) (*Format, error)
	// FileTime returns the time that a key's name carries, for records without one of their own.
	// ok is false if the name has none. Nil: the format's names never have one.
	FileTime func(key string) (t time.Time, ok bool)
	// Key is what the keys look like that AWS gives such files. Nil: they have no form of their own.
	Key *regexp.Regexp
}

// Options bound a decoder.
type Options struct {
	// MaxRecord is the longest record in bytes that is parsed; a longer one is a reject.
	// 0 means DefaultMaxRecord.
	MaxRecord int
	// Spool keeps what r yields to its end, so that it can be read in any order, for formats whose
	// files cannot be read from front to back. The caller frees it when the decoder is done. Nil: in
	// memory.
	Spool func(r io.Reader) (kept io.ReaderAt, size int64, err error)
}

// Spooled returns what r yields to its end so that it can be read in any order, and its length.
func (o Options) Spooled(r io.Reader) (kept io.ReaderAt, size int64, err error) {
	from := r
	if looked, ok := r.(rest); ok {
		from = looked.from
	}
	if whole, ok := from.(*io.SectionReader); ok { // it lies somewhere already
		return whole, whole.Size(), nil
	}
	if o.Spool != nil {
		return o.Spool(r)
	}
	data, err := io.ReadAll(r)
	return bytes.NewReader(data), int64(len(data)), err
}

// DefaultMaxRecord is 8 MiB: what fits one append request of the Storage Write API (10 MB) with
// room for its encoding.
const DefaultMaxRecord = 8 << 20

// LongRead is the most bytes that a decoder asks its reader for at a time while no record is longer
// than that: it has one buffer, which grows with the longest record. Whoever counts memory sees by a
// longer read that there is such a record, before most of it has been read.
const LongRead = 512 << 10

// Decoder reads the records of one file in order. It is used by one goroutine.
type Decoder interface {
	// Next sets the first len(Spec.Columns) values of rec, its Line, its Offset and its Raw. They
	// refer to the decoder's memory until the next call. A text may hold bytes that are no UTF-8:
	// row.Encoder replaces and counts them.
	//
	// It returns io.EOF after the last record; a *Reject for a record that could not be parsed,
	// after which Next goes on with the one behind it; ErrControl for a file that holds no log;
	// and otherwise the error of the reader.
	Next(rec *row.Record) error
}

// ErrControl means that the file is no log but a control object, such as the test file that a
// load balancer writes when its logging is switched on. Nothing of it is loaded.
var ErrControl = errors.New("a control object, not a log")

// Reject is a record that could not be parsed.
type Reject struct {
	Line   int64  // 1-based number of the record in its file
	Offset int64  // bytes before the record in the decompressed file
	Reason string // for a person
	Raw    []byte // the record's bytes, the first MaxRaw of them; a copy
}

// MaxRaw is how many bytes of a rejected record are kept.
const MaxRaw = 64 << 10

// Error says where and why.
func (r *Reject) Error() string { return r.Reason }
