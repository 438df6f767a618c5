package load

import (
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// scratch is memory of one load that the next one takes over: making it anew takes longer than a small
// file does. It is for one load at a time.
type scratch struct {
	window []byte // the decoder's
	ahead  []byte // of what is read ahead of it; nil until a file is long enough
	batch  batch  // of rows; empty
	enc    *row.Encoder
	of     *format.Format // whose rows enc makes
}

// encoder returns the encoder of a format's rows.
func (s *scratch) encoder(f *format.Format) (*row.Encoder, error) {
	if s.enc != nil && s.of == f {
		s.enc.Reset()
		return s.enc, nil
	}
	enc, err := row.NewEncoder(TableSpec(f).Columns)
	if err != nil {
		return nil, err
	}
	s.enc, s.of = enc, f
	return enc, nil
}

// options are those of the decoder.
func (s *scratch) options() format.Options {
	if s.window == nil {
		s.window = make([]byte, format.BufferSize)
	}
	return format.Options{Buffer: s.window}
}

// readAhead returns memory for format.ReadAhead.
func (s *scratch) readAhead() []byte {
	if s.ahead == nil {
		s.ahead = make([]byte, format.AheadSize)
	}
	return s.ahead
}

// keep takes back a batch, unless long rows made it grow to several times its size.
func (s *scratch) keep(b batch, most int) {
	s.batch = batch{}
	if cap(b.buf) <= 2*most {
		b.reset()
		s.batch = b
	}
}
