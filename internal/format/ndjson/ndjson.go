// Package ndjson reads JSON records into tables whose columns a source declares.
package ndjson

import (
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/jsonlog"
)

// Format returns the format ndjson: JSON objects, one a line or laid out in any other way that
// package jsonlog reads. Members go to the columns of their name, in any case of letters; values are
// read by the rules of package coerce.
func Format() *format.Format {
	return &format.Format{Name: "ndjson", Declare: declare}
}

func declare(d format.Declaration) (*format.Format, error) {
	spec, err := d.Spec("JSON records: one row per object.")
	if err != nil {
		return nil, err
	}
	l := &jsonlog.Layout{
		Columns:          jsonlog.Of(d.Columns),
		Extra:            d.Extra(),
		FoldCase:         true,
		ConflictsToExtra: d.ConflictsToExtra,
	}
	return &format.Format{Name: "ndjson", Spec: spec, New: l.Decoder}, nil
}
