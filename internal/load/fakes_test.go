package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/row"
)

// world is the clouds as the loader sees them: state with the real semantics, and a hook in front
// of every call. It survives the loader's "crashes".
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

	calls []string
	fault func(n int, call string) (before, after error)
}

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
}

func newWorld() *world {
	return &world{
		now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), objects: map[string]blob{}, claims: map[string]blob{},
		streams: map[string]*pending{}, tables: map[row.Table]bool{}, views: map[string]string{}, logs: map[row.Table][]map[string]any{},
	}
}

// call counts a call and runs effect between the two faults.
func (w *world) call(name string, effect func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var before, after error
	w.calls = append(w.calls, name)
	if w.fault != nil {
		before, after = w.fault(len(w.calls)-1, name)
	}
	if before != nil {
		return before
	}
	if err := effect(); err != nil {
		return err
	}
	return after
}

func (w *world) put(name string, data string) object.Landed {
	w.gen++
	w.objects["landing/"+name] = blob{[]byte(data), w.gen}
	return object.Landed{Bucket: "landing", Name: name, Generation: w.gen}
}

func (w *world) Open(_ context.Context, o object.Landed) (b *object.Body, err error) {
	err = w.call("gcs.get", func() error {
		got, ok := w.objects[o.Bucket+"/"+o.Name]
		if !ok || got.gen != o.Generation {
			return errkind.With(errkind.NotFound, errors.New("no such generation"))
		}
		sum := crc32.Checksum(got.data, castagnoli)
		b = &object.Body{ReadCloser: io.NopCloser(bytes.NewReader(got.data)), Size: int64(len(got.data)), CRC32C: sum, HasCRC: true}
		return nil
	})
	return b, err
}

func (w *world) Live(_ context.Context, bucket, name string) (gen int64, err error) {
	err = w.call("gcs.stat", func() error {
		got, ok := w.objects[bucket+"/"+name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no such object"))
		}
		gen = got.gen
		return nil
	})
	return gen, err
}

func (w *world) Get(_ context.Context, name string) (data []byte, gen int64, err error) {
	err = w.call("claim.get", func() error {
		got, ok := w.claims[name]
		if !ok {
			return errkind.With(errkind.NotFound, errors.New("no claim"))
		}
		data, gen = got.data, got.gen
		return nil
	})
	return data, gen, err
}

func (w *world) Put(_ context.Context, name string, data []byte, generation int64) error {
	return w.call("claim.put", func() error {
		if w.claims[name].gen != generation {
			return errkind.With(errkind.Exists, errors.New("412"))
		}
		w.gen++
		w.claims[name] = blob{data, w.gen}
		return nil
	})
}

func (w *world) Create(_ context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (s Stream, err error) {
	err = w.call("stream.create", func() error {
		if !w.tables[t] {
			return errkind.With(errkind.NotFound, errors.New("no such table"))
		}
		w.next++
		name := fmt.Sprintf("%s/streams/s%d", t.Path(), w.next)
		w.streams[name] = &pending{table: t, desc: desc}
		s = &fakeStream{w, name}
		return nil
	})
	return s, err
}

func (w *world) Commit(_ context.Context, t row.Table, names []string) (state CommitState, err error) {
	err = w.call("stream.commit", func() error {
		state = w.commit(t, names)
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
	w    *world
	name string
}

func (s *fakeStream) Name() string { return s.name }
func (s *fakeStream) Close()       {}

func (s *fakeStream) Append(_ context.Context, offset int64, rows [][]byte) error {
	return s.w.call("stream.append", func() error {
		p := s.w.streams[s.name]
		if p.final || offset != int64(len(p.rows)) {
			return fmt.Errorf("append at %d of %d, final %v", offset, len(p.rows), p.final)
		}
		decoded, err := decode(p.desc, rows)
		p.rows = append(p.rows, decoded...)
		return err
	})
}

func (s *fakeStream) Finalize(context.Context) (n int64, err error) {
	err = s.w.call("stream.finalize", func() error {
		s.w.streams[s.name].final = true
		n = int64(len(s.w.streams[s.name].rows))
		return nil
	})
	return n, err
}

func (w *world) Append(_ context.Context, t row.Table, desc *descriptorpb.DescriptorProto, rows [][]byte) error {
	return w.call("log.append "+t.Name, func() error {
		if !w.tables[t] {
			return errors.New("no such table " + t.String())
		}
		decoded, err := decode(desc, rows)
		w.logs[t] = append(w.logs[t], decoded...)
		return err
	})
}

func (w *world) EnsureTable(_ context.Context, t row.Table, _ row.Spec) error {
	return w.call("table.ensure", func() error { w.tables[t] = true; return nil })
}

func (w *world) EnsureView(_ context.Context, t row.Table, query string) error {
	return w.call("view.ensure", func() error { w.views[t.Name] = query; return nil })
}

func (w *world) Count(_ context.Context, q CountQuery) (recorded bool, rows int64, err error) {
	err = w.call("count", func() error {
		for _, r := range w.logs[q.Log] {
			recorded = recorded || r["attempt"] == q.Attempt && r["outcome"] == "loaded"
		}
		for _, r := range w.rows {
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

// lines is a format of one text column, one record per line; "bad…" is a reject, "huge" a time that
// BigQuery refuses, "control" no log.
var lines = &format.Format{
	Name: "lines",
	Spec: row.Spec{
		Columns:     row.Schema{{Name: "time", Type: row.Timestamp}, {Name: "text", Type: row.String}},
		PartitionBy: "time",
	},
	New: func(r io.Reader, _ format.Options) format.Decoder { return &lineDecoder{r: bufio.NewReader(r)} },
}

type lineDecoder struct {
	r      *bufio.Reader
	line   int64
	offset int64
}

func (d *lineDecoder) Next(rec *row.Record) error {
	text, err := d.r.ReadString('\n')
	if err != nil && text == "" {
		return err
	}
	d.line++
	start := d.offset
	d.offset += int64(len(text))
	text = strings.TrimSuffix(text, "\n")
	rec.Reset(2)
	rec.Line, rec.Offset, rec.Raw = d.line, start, []byte(text)
	switch {
	case text == "control":
		return format.ErrControl
	case strings.HasPrefix(text, "bad"):
		return &format.Reject{Line: d.line, Offset: start, Reason: "it is bad", Raw: []byte(text)}
	case text == "huge":
		rec.Values[0].SetTime(time.Date(1815, 6, 18, 0, 0, 0, 0, time.UTC))
	case strings.HasPrefix(text, "at "):
		t, err := time.Parse(time.RFC3339, text[3:])
		if err != nil {
			return err
		}
		rec.Values[0].SetTime(t)
	}
	rec.Values[1].SetBytes([]byte(text))
	return nil
}
