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

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// world is the clouds as the loader sees them: state with the real semantics. It survives the
// loaders, which reach it through a process each.
type world struct {
	mu      sync.Mutex
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
	lag     int // so many appends to data tables come before BigQuery knows a new column
	logLag  int // the same of logs

	calls  []string
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
	warm      bool                           // the loader has been at work: it knows its tables
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
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), objects: map[string]blob{}, claims: map[string]blob{},
		streams: map[string]*pending{}, tables: map[row.Table]bool{}, views: map[string]string{}, logs: map[row.Table][]map[string]any{},
	}
}

// newPooledWorld is newWorld, in which small files go by pooled streams.
func newPooledWorld() *world {
	w := newWorld()
	w.pooled = true
	return w
}

// call counts a call and brings about its effect, or what goes wrong.
func (p *process) call(ctx context.Context, name string, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return err
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
	f := p.faultAt(n, name)
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
func (p *process) faultAt(n int, name string) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return before
	}
	f := none
	if p.fault != nil {
		f = p.fault(n, name)
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
	err = p.call(ctx, "gcs.get", func() error {
		got, ok := p.objects[o.Bucket+"/"+o.Name]
		if !ok || got.gen != o.Generation {
			return errkind.With(errkind.NotFound, errors.New("no such generation"))
		}
		sum := crc32.Checksum(got.data, castagnoli)
		b = &object.Body{ReadCloser: io.NopCloser(bytes.NewReader(got.data)), Size: int64(len(got.data)), CRC32C: sum, HasCRC: true}
		return nil
	})
	return b, err
}

func (p *process) Live(ctx context.Context, bucket, name string) (gen int64, err error) {
	err = p.call(ctx, "gcs.stat", func() error {
		got, ok := p.objects[bucket+"/"+name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no such object"))
		}
		gen = got.gen
		return nil
	})
	return gen, err
}

func (p *process) Get(ctx context.Context, name string) (data []byte, gen int64, err error) {
	err = p.call(ctx, "claim.get", func() error {
		got, ok := p.claims[name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no claim"))
		}
		data, gen = got.data, got.gen
		return nil
	})
	return data, gen, err
}

func (p *process) Put(ctx context.Context, name string, data []byte, generation int64) error {
	return p.call(ctx, "claim.put", func() error {
		if p.claims[name].gen != generation {
			return errkind.With(errkind.Exists, errors.New("412"))
		}
		p.gen++
		p.claims[name] = blob{data, p.gen}
		return nil
	})
}

func (p *process) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	return p.create(ctx, "stream.create", t, desc, false)
}

func (p *process) CreatePooled(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	return p.create(ctx, "pool.create", t, desc, true)
}

func (p *process) Finalize(ctx context.Context, name string) (rows int64, known bool, err error) {
	err = p.call(ctx, "stream.finalize", func() error {
		s := p.streams[name]
		if known = s != nil && !s.gone; known {
			s.final = true
			rows = int64(len(s.rows))
		}
		return nil
	})
	return rows, known, err
}

func (p *process) create(ctx context.Context, call string, t row.Table, desc *descriptorpb.DescriptorProto, pooled bool) (Stream, error) {
	var name string
	err := p.call(ctx, call, func() error {
		if !p.tables[t] {
			return errkind.With(errkind.NotFound, errors.New("no such table"))
		}
		p.next++
		name = fmt.Sprintf("%s/streams/s%d", t.Path(), p.next)
		p.streams[name] = &pending{table: t, desc: desc, pooled: pooled}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	return &fakeStream{p: p, name: name}, nil
}

func (p *process) Commit(ctx context.Context, t row.Table, names []string) (state CommitState, err error) {
	err = p.call(ctx, "stream.commit", func() error {
		state = p.commit(t, names)
		return nil
	})
	return state, err
}

func (w *world) commit(t row.Table, names []string) CommitState {
	already := 0
	for _, n := range names {
		switch s := w.streams[n]; {
		case s == nil || s.gone || s.table != t || !s.final:
			return Unknown
		case s.committed:
			already++
		}
	}
	if already > 0 {
		return AlreadyCommitted
	}
	for _, n := range names {
		w.streams[n].committed = true
		w.rows = append(w.rows, w.streams[n].rows...)
	}
	return Committed
}

type fakeStream struct {
	p      *process
	name   string
	busy   bool
	closed bool
}

func (s *fakeStream) Name() string { return s.name }

func (s *fakeStream) Close() {
	defer s.use("Close")()
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.p.open--
	}
}

// use notes a use of the stream beside another, which its contract rules out.
func (s *fakeStream) use(what string) (end func()) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	if s.busy || s.closed {
		s.p.abuses = append(s.p.abuses, fmt.Sprintf("%s of %s: busy %v, closed %v", what, s.name, s.busy, s.closed))
	}
	was := s.busy
	s.busy = true
	return func() {
		s.p.mu.Lock()
		defer s.p.mu.Unlock()
		s.busy = was
	}
}

func (s *fakeStream) Append(ctx context.Context, offset int64, rows [][]byte) error {
	defer s.use("Append")()
	return s.p.call(ctx, "stream.append", func() error {
		p := s.p.streams[s.name]
		if s.p.lag > 0 {
			s.p.lag--
			return errExtraField
		}
		if !p.final && !p.pooled && offset < int64(len(p.rows)) {
			return nil // a file's own stream: the rows there are its own
		}
		if p.final || offset != int64(len(p.rows)) {
			return fmt.Errorf("append at %d of %d, final %v", offset, len(p.rows), p.final)
		}
		decoded, err := decode(p.desc, rows)
		if err != nil {
			return errkind.With(errkind.Permanent, err)
		}
		p.rows = append(p.rows, decoded...)
		if p.pooled {
			s.p.rows = append(s.p.rows, decoded...)
		}
		return nil
	})
}

func (s *fakeStream) Finalize(ctx context.Context) (n int64, err error) {
	defer s.use("Finalize")()
	err = s.p.call(ctx, "stream.finalize", func() error {
		s.p.streams[s.name].final = true
		n = int64(len(s.p.streams[s.name].rows))
		return nil
	})
	return n, err
}

func (p *process) Append(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	return p.call(ctx, "log.append "+t.Name, func() error {
		if p.logLag > 0 {
			p.logLag--
			return errExtraField
		}
		if !p.tables[t] {
			return errkind.With(errkind.NotFound, errors.New("no such table "+t.String()))
		}
		decoded, err := decode(desc, rows)
		p.logs[t] = append(p.logs[t], decoded...)
		return err
	})
}

func (p *process) EnsureTable(ctx context.Context, t row.Table, _ row.Spec) error {
	return p.call(ctx, "table.ensure", func() error { p.tables[t] = true; return nil })
}

func (p *process) EnsureView(ctx context.Context, t row.Table, query string, _ int) error {
	return p.call(ctx, "view.ensure", func() error { p.views[t.Name] = query; return nil })
}

func (p *process) Count(ctx context.Context, q CountQuery) (recorded bool, rows int64, err error) {
	err = p.call(ctx, "count", func() error {
		for _, r := range p.logs[q.Log] {
			recorded = recorded || r["attempt"] == q.Attempt && r["outcome"] == "loaded"
		}
		for _, r := range p.rows {
			at := r["time"].(int64)
			if r["source_file"] == q.SourceFile && r["loaded_at"] == q.LoadedAt && at >= q.First && at <= q.Last {
				rows++
			}
		}
		return nil
	})
	return recorded, rows, err
}

// decode reads wire bytes by their descriptor, as BigQuery does.
func decode(desc *descriptorpb.DescriptorProto, rows [][]byte) ([]map[string]any, error) {
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{Name: new("row.proto"), Syntax: new("proto2"), MessageType: []*descriptorpb.DescriptorProto{desc}}, nil)
	if err != nil {
		return nil, err
	}
	var decoded []map[string]any
	for _, b := range rows {
		m := dynamicpb.NewMessage(file.Messages().Get(0))
		if err := proto.Unmarshal(b, m); err != nil {
			return nil, err
		}
		r := map[string]any{}
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			r[string(fd.Name())] = v.Interface()
			return true
		})
		decoded = append(decoded, r)
	}
	return decoded, nil
}
