package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// Claim is the ledger's word on which write streams hold, or will hold, the rows of a file. One
// over PENDING streams is written once they are complete and final; one over a pooled stream before
// the rows are appended. It is never deleted.
type Claim struct {
	Streams   []string  `json:"streams"` // PENDING; empty for a file without rows, and with Pooled
	Pooled    *Place    `json:"pooled,omitempty"`
	Void      bool      `json:"void,omitempty"` // BigQuery refused the rows: none is there
	Table     row.Table `json:"table"`          // that the streams belong to
	Partition Range     `json:"partition"`      // of the rows, so that a count reads few partitions
	WrittenAt time.Time `json:"written_at"`
	// Load is what the load log is to say once the rows are visible: whoever settles the claim
	// writes it. Its Version and Attempt are the claim's.
	Load Record `json:"load"`
}

// made returns how many write streams were made for the claim's rows: its own, or the pooled one that
// it is the first to use.
func (c Claim) made() int64 {
	switch {
	case c.Pooled == nil:
		return int64(len(c.Streams))
	case c.Pooled.Offset == 0:
		return 1
	default:
		return 0
	}
}

// Place is where a file's rows stand in a pooled stream.
type Place struct {
	Stream string `json:"stream"`
	Offset int64  `json:"offset"` // of the first row
}

// Range bounds the values of the partition column, in µs since 1970-01-01 UTC, both inclusive.
type Range struct {
	Column string `json:"column,omitempty"`
	First  int64  `json:"first"`
	Last   int64  `json:"last"`
}

// include widens the range to v; n is how many values it holds already.
func (r *Range) include(v int64, n int64) {
	if n == 0 {
		r.First, r.Last = v, v
		return
	}
	r.First, r.Last = min(r.First, v), max(r.Last, v)
}

// held is a claim as it lies in the ledger; generation 0 means that there is none.
type held struct {
	Claim
	generation int64
}

// readClaim reads the claim by one GET. None is not an error.
func (l *Loader) readClaim(ctx context.Context, name string) (held, error) {
	data, generation, err := l.Ledger.Get(ctx, name)
	if errkind.Is(err, errkind.NotFound) {
		return held{}, nil
	}
	if err != nil {
		return held{}, fmt.Errorf("read claim: %w", err)
	}
	c, err := ParseClaim(name, data)
	if err != nil {
		return held{}, err
	}
	return held{Claim: c, generation: generation}, nil
}

// ParseClaim reads the claim that lies in the ledger under a name. One that this version of Seneka
// cannot read in full is errkind.Permanent.
func ParseClaim(name string, data []byte) (Claim, error) {
	c, err := parseClaim(data)
	if err != nil {
		return Claim{}, errkind.With(errkind.Permanent, fmt.Errorf("claim %s is not what this version of Seneka writes: %w; run the newest version, or restore the claim from the bucket's history", name, err))
	}
	return c, nil
}

// parseClaim refuses what it does not know in full: a member that a newer version added may say
// where the rows are, and to miss it could lose or double them.
func parseClaim(data []byte) (c Claim, err error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Claim{}, err
	}
	switch {
	case c.Load.Attempt == "":
		return Claim{}, errors.New("it names no attempt")
	case len(c.Streams) == 0 && c.Pooled == nil && c.Load.Rows > 0:
		return Claim{}, fmt.Errorf("it has %d rows and names no stream", c.Load.Rows)
	}
	return c, nil
}

// writeClaim puts c in place of old. won is false if another attempt was quicker.
func (l *Loader) writeClaim(ctx context.Context, name string, c Claim, old held) (won bool, err error) {
	data, err := json.Marshal(c)
	if err != nil {
		return false, fmt.Errorf("encode claim: %w", err)
	}
	err = l.Ledger.Put(ctx, name, data, old.generation)
	if err == nil {
		return true, nil
	}
	if !errkind.Is(err, errkind.Exists) {
		return false, fmt.Errorf("write claim: %w", err)
	}
	// Refused, but perhaps by our own write, whose answer was lost and which the client sent again.
	now, err := l.readClaim(ctx, name)
	if err != nil {
		return false, err
	}
	return now.generation != 0 && now.Load.Attempt == c.Load.Attempt, nil
}
