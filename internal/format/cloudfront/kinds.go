package cloudfront

import (
	"bytes"
	"io"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
	"github.com/seneka-io/seneka/internal/format/named"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// newDecoder reads a file of lines, of JSON objects or of Parquet.
func newDecoder(r io.Reader, o format.Options) format.Decoder {
	return format.Choose(r, func(first []byte, in io.Reader) format.Decoder {
		switch {
		case first[0] == '{' || first[0] == '[':
			return &deriving{Decoder: objects.Decoder(in, o)}
		case bytes.HasPrefix(first, []byte(pq.Magic)):
			return &deriving{Decoder: named.Parquet(in, o, layout)}
		default:
			return newTextDecoder(in, o)
		}
	})
}

// objects is layout for JSON objects, whose members bear the names of the fields.
var objects = jsonlog.Layout{Columns: members(), Extra: "extra"}

func members() []jsonlog.Column {
	names := map[string]string{}
	for name := range strings.FieldsSeq(legacy + " " + beyondLegacy) {
		names[named.ColumnOf(name)] = name
	}
	all := make([]jsonlog.Column, len(layout))
	for i, f := range layout {
		all[i] = jsonlog.Column{Column: f.Column, Member: names[f.Name], Set: f.Set}
	}
	return all
}

// deriving sets what objects and Parquet do not hold.
type deriving struct {
	format.Decoder
	derived derived
}

// Next implements format.Decoder.
func (d *deriving) Next(rec *row.Record) error {
	if err := d.Decoder.Next(rec); err != nil {
		return err
	}
	d.derived.set(rec.Values)
	return nil
}
