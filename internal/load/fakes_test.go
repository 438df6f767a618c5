package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// world is the clouds as the loader sees them: state with the real semantics. It survives the
// loaders, which reach it through a process each.
type world struct {
	mu      sync.Mutex
	types   *types
	now     time.Time
	gen     int64
	objects map[string]blob // landing, by bucket/name
	claims  map[string]blob
	streams map[string]*pending
	tables  map[row.Table]bool
	views   map[string]string
	rows    []map[string]any // of data tables: visible
	logs    map[row.Table][]map[string]any
	next    int
	saw     []any // what the last effect answered: see digest
	lag     int   // so many appends to data tables come before BigQuery knows a new column
	logLag  int   // the same of logs

	amnesia bool // BigQuery knows no stream just now
	blind   bool // nor any load record

	calls  []string
	told   []Event
	open   int      // streams that were made and not closed
	pooled bool     // small files go by pooled streams
	pools  []*Pool  // of the loaders
	abuses []string // of streams, which are for one goroutine
}

// process is one loader's way to the clouds. What goes wrong on it is its own.
type process struct {
	*world
	to        Target                         // of every file; the zero one means target
	n         int                            // calls so far
	refuse    map[string]error               // by call, instead of an effect
	fault     func(n int, call string) fault // nil: none
	meanwhile func(n int, call string)       // runs in front of a call
	gate      gate                           // decides about each call in place of the above; nil: none
	plan      *plan                          // faults by the name of a call, which outlive the process; nil: none
	warm      bool                           // the loader has been at work: it knows its tables
	slow      bool                           // appends take a second, so that a large file gets two streams
	dead      bool
}

// fault is what goes wrong with a call.
type fault int

const (
	none    fault = iota
	before        // it fails and has no effect
	after         // it has its effect, and the answer is an error
	hang          // it has no effect, and no answer before the deadline
	late          // it has its effect, and no answer before the deadline
	retried       // it has its effect, the answer is lost, and the client sends it again
	crash         // it has no effect, nor has any later one: the process has died
	died          // it has its effect, and the process dies before the answer
	boom          // the client panics
)

func (f fault) String() string {
	return []string{"no fault", "fails", "takes effect and fails", "hangs", "takes effect and hangs", "is sent twice", "kills", "takes effect and kills", "panics"}[f]
}

var errInjected = errors.New("injected")

// errExtraField is BigQuery's word on a column that it does not know yet.
var errExtraField = errkind.With(errkind.Transient, fmt.Errorf("%w: extra field", ErrSchema))

type blob struct {
	data []byte
	gen  int64
}

type pending struct {
	table            row.Table
	desc             *descriptorpb.DescriptorProto
	rows             []map[string]any
	final, committed bool
	gone             bool
	pooled           bool // rows are visible at once
}

func newWorld() *world {
	return &world{
		types: &types{known: map[string]protoreflect.MessageDescriptor{}}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), objects: map[string]blob{}, claims: map[string]blob{},
		streams: map[string]*pending{}, tables: map[row.Table]bool{}, views: map[string]string{}, logs: map[row.Table][]map[string]any{},
	}
}

// newPooledWorld is newWorld, in which small files go by pooled streams.
func newPooledWorld() *world {
	w := newWorld()
	w.pooled = true
	return w
}

// gate is how a test that schedules calls one at a time meets them.
type gate interface {
	// call decides when and how a call on an object takes effect, and what its answer is.
	call(ctx context.Context, c request) error
	// streamName names the stream that is being made.
	streamName(ctx context.Context) string
}

// request is a call on an object, what it carries, and what it brings about.
type request struct {
	name, on string
	carries  []any // see digest
	effect   func() error
}

// call counts a call on an object and brings about its effect, or what goes wrong.
func (p *process) call(ctx context.Context, name, on string, effect func() error, carries ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.gate != nil {
		return p.gate.call(ctx, request{name, on, carries, effect})
	}
	p.mu.Lock()
	n := p.n
	p.n++
	p.calls = append(p.calls, name)
	p.mu.Unlock()
	if p.meanwhile != nil {
		p.meanwhile(n, name)
	}
	if err := p.refuse[name]; err != nil {
		return err
	}
	f := p.faultAt(n, name, on)
	switch f {
	case before, crash:
		return errInjected
	case hang:
		<-ctx.Done()
		return ctx.Err()
	case boom:
		panic("boom")
	}
	p.mu.Lock()
	err := effect()
	if f == retried {
		f, err = none, effect()
	}
	p.mu.Unlock()
	switch {
	case err != nil, f == none:
		return err
	case f == late:
		<-ctx.Done()
		return ctx.Err()
	default:
		return errInjected
	}
}

// faultAt is what goes wrong with the n-th call.
func (p *process) faultAt(n int, name, on string) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return before
	}
	f := none
	if p.fault != nil {
		f = p.fault(n, name)
	}
	if p.plan != nil {
		f = max(f, p.plan.at(name, on))
	}
	p.dead = f == crash || f == died
	return f
}

func (w *world) put(name string, data string) object.Landed {
	w.gen++
	w.objects["landing/"+name] = blob{[]byte(data), w.gen}
	return object.Landed{Bucket: "landing", Name: name, Generation: w.gen}
}

func (p *process) Open(ctx context.Context, o object.Landed) (b *object.Body, err error) {
	err = p.call(ctx, "gcs.get", o.Name, func() error {
		got, ok := p.objects[o.Bucket+"/"+o.Name]
		if !ok || got.gen != o.Generation {
			return errkind.With(errkind.NotFound, errors.New("no such generation"))
		}
		p.saw = []any{generation(got.gen)}
		sum := crc32.Checksum(got.data, castagnoli)
		b = &object.Body{ReadCloser: io.NopCloser(bytes.NewReader(got.data)), Size: int64(len(got.data)), CRC32C: sum, HasCRC: true}
		return nil
	})
	return b, err
}

func (p *process) Live(ctx context.Context, bucket, name string) (gen int64, err error) {
	err = p.call(ctx, "gcs.stat", name, func() error {
		got, ok := p.objects[bucket+"/"+name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no such object"))
		}
		gen = got.gen
		p.saw = []any{generation(gen)}
		return nil
	})
	return gen, err
}

func (p *process) Get(ctx context.Context, name string) (data []byte, gen int64, err error) {
	err = p.call(ctx, "claim.get", name, func() error {
		got, ok := p.claims[name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no claim"))
		}
		data, gen = got.data, got.gen
		p.saw = []any{generation(gen), claimText(data)}
		return nil
	})
	return data, gen, err
}

func (p *process) Put(ctx context.Context, name string, data []byte, gen int64) error {
	return p.call(ctx, "claim.put", name, func() error {
		if p.claims[name].gen != gen {
			return errkind.With(errkind.Exists, errors.New("412"))
		}
		p.gen++
		p.claims[name] = blob{data, p.gen}
		return nil
	}, generation(gen), claimText(data))
}

func (p *process) Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	decoded, err := p.types.decode(desc, rows)
	if err != nil {
		return err
	}
	return p.call(ctx, "log.append "+t.Name, "", func() error {
		if p.logLag > 0 {
			p.logLag--
			return errExtraField
		}
		if !p.tables[t] {
			return errkind.With(errkind.NotFound, errors.New("no such table "+t.String()))
		}
		p.logs[t] = append(p.logs[t], decoded...)
		return nil
	})
}

func (p *process) EnsureTable(ctx context.Context, t row.Table, _ row.Spec) error {
	return p.call(ctx, "table.ensure", t.Name, func() error { p.tables[t] = true; return nil })
}

func (p *process) EnsureView(ctx context.Context, t row.Table, query string, _ int) error {
	return p.call(ctx, "view.ensure", t.Name, func() error { p.views[t.Name] = query; return nil })
}

func (p *process) Count(ctx context.Context, q CountQuery) (recorded bool, rows int64, err error) {
	err = p.call(ctx, "count", "", func() error {
		if !p.tables[q.Table] || !p.tables[q.Log] {
			return errkind.With(errkind.NotFound, errors.New("no such table"))
		}
		for _, r := range p.logs[q.Log] {
			recorded = recorded || !p.blind && r["attempt"] == q.Attempt && r["outcome"] == "loaded"
		}
		for _, r := range p.rows {
			at := r["time"].(int64)
			if r["source_file"] == q.SourceFile && r["loaded_at"] == q.LoadedAt && at >= q.First && at <= q.Last {
				rows++
			}
		}
		p.saw = []any{recorded, rows}
		return nil
	}, attemptID(q.Attempt))
	return recorded, rows, err
}

func (p *process) Loaded(ctx context.Context, e Event) error {
	return p.call(ctx, "event", e.Attempt, func() error { p.told = append(p.told, e); return nil })
}
