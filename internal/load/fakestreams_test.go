package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

func (p *process) Create(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	return p.create(ctx, "stream.create", t, desc, false)
}

func (p *process) CreatePooled(ctx context.Context, t row.Table, desc *descriptorpb.DescriptorProto) (Stream, error) {
	return p.create(ctx, "pool.create", t, desc, true)
}

func (p *process) Finalize(ctx context.Context, name string) (rows int64, known bool, err error) {
	err = p.call(ctx, "stream.finalize", name, func() error {
		s := p.streams[name]
		if known = s != nil && !s.gone && !p.amnesia; known {
			s.final = true
			rows = int64(len(s.rows))
		}
		p.saw = []any{rows, known}
		return nil
	})
	return rows, known, err
}

func (p *process) create(ctx context.Context, call string, t row.Table, desc *descriptorpb.DescriptorProto, pooled bool) (Stream, error) {
	var name string
	err := p.call(ctx, call, t.Name, func() error {
		if !p.tables[t] {
			return errkind.With(errkind.NotFound, errors.New("no such table"))
		}
		p.next++
		name = fmt.Sprintf("%s/streams/s%d", t.Path(), p.next)
		if p.gate != nil {
			name = p.gate.streamName(ctx)
		}
		p.saw = []any{streamID(name)}
		p.streams[name] = &pending{table: t, desc: desc, pooled: pooled}
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	return &fakeStream{p: p, name: name, desc: desc}, nil
}

func (p *process) Commit(ctx context.Context, t row.Table, names []string) (state CommitState, err error) {
	err = p.call(ctx, "stream.commit", strings.Join(names, " "), func() error {
		state = p.commit(t, names)
		p.saw = []any{state}
		return nil
	})
	return state, err
}

func (w *world) commit(t row.Table, names []string) CommitState {
	already := 0
	for _, n := range names {
		switch s := w.streams[n]; {
		case s == nil || s.gone || w.amnesia || s.table != t || !s.final:
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
	desc   *descriptorpb.DescriptorProto
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
	decoded, err := s.p.types.decode(s.desc, rows)
	return s.p.call(ctx, "stream.append", s.name, func() error {
		p := s.p.streams[s.name]
		if s.p.lag > 0 {
			s.p.lag--
			return errExtraField
		}
		if !s.p.tables[p.table] {
			return errkind.With(errkind.NotFound, errors.New("no such table"))
		}
		if !p.final && !p.gone && !p.pooled && offset < int64(len(p.rows)) {
			return nil // a file's own stream: the rows there are its own
		}
		if p.final || p.gone || offset != int64(len(p.rows)) {
			return fmt.Errorf("append at %d of %d, final %v, gone %v", offset, len(p.rows), p.final, p.gone)
		}
		if err != nil {
			return errkind.With(errkind.Permanent, err)
		}
		p.rows = append(p.rows, decoded...)
		if p.pooled {
			s.p.rows = append(s.p.rows, decoded...)
		}
		return nil
	}, offset)
}

func (s *fakeStream) Finalize(ctx context.Context) (n int64, err error) {
	defer s.use("Finalize")()
	err = s.p.call(ctx, "stream.finalize", s.name, func() error {
		of := s.p.streams[s.name]
		if of.gone {
			return errkind.With(errkind.NotFound, errors.New("no such stream"))
		}
		of.final = true
		n = int64(len(of.rows))
		s.p.saw = []any{n}
		return nil
	})
	return n, err
}

// types knows the message types of descriptors: to make one takes longer than a load.
type types struct {
	mu    sync.Mutex
	known map[string]protoreflect.MessageDescriptor
}

func (t *types) of(desc *descriptorpb.DescriptorProto) (protoreflect.MessageDescriptor, error) {
	key, err := proto.Marshal(desc)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known[string(key)] == nil {
		file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{Name: new("row.proto"), Syntax: new("proto2"), MessageType: []*descriptorpb.DescriptorProto{desc}}, nil)
		if err != nil {
			return nil, err
		}
		t.known[string(key)] = file.Messages().Get(0)
	}
	return t.known[string(key)], nil
}

// decode reads wire bytes by their descriptor, as BigQuery does.
func (t *types) decode(desc *descriptorpb.DescriptorProto, rows [][]byte) ([]map[string]any, error) {
	typ, err := t.of(desc)
	if err != nil {
		return nil, err
	}
	var decoded []map[string]any
	for _, b := range rows {
		m := dynamicpb.NewMessage(typ)
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
