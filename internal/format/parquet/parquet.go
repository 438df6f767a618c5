// Package parquet reads Apache Parquet files into tables whose columns a source declares or, if it
// declares none, that are those of each file.
//
// The types of columns are those that BigQuery's own load of Parquet gives
// (https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions), with
// lists as REPEATED columns (its enable_list_inference), and beyond it: ENUM and UUID are STRING, FLOAT16 is
// FLOAT64; a DECIMAL is NUMERIC or BIGNUMERIC, or STRING if it has more digits than these; a map is a
// REPEATED STRUCT of key and value; a list of lists is a REPEATED STRUCT of one REPEATED element. Columns
// that a file calls REQUIRED are NULLABLE, for a table can only gain such. A column whose type is that of
// nothing but NULLs is left out. Digits of times behind the microseconds are cut off. A value that its
// column does not hold, such as an unsigned number beyond INT64, makes its record a reject.
//
// Into declared columns fields go by name, in any case of letters; what has no column goes to the column
// extra. Texts are read by the rules of package coerce; a STRING takes numbers and times as text, a FLOAT64
// and a NUMERIC whole numbers, JSON anything.
//
// A record's line is its number in the file, its offset that of its row group's first page. No bytes of a
// file are a record's own: a reject has its values, as JSON.
package parquet

import (
	"fmt"
	"io"
	"sync"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

const description = "Records of Parquet files."

// Format returns the format parquet.
func Format() *format.Format { return &format.Format{Name: "parquet", Declare: declare} }

func declare(d format.Declaration) (*format.Format, error) {
	if len(d.Columns) == 0 {
		o := &own{declaration: d, known: map[string]*format.Format{}}
		return &format.Format{Name: "parquet", Spec: row.Spec{Description: description}, Inspect: o.inspect}, nil
	}
	spec, err := d.Spec(description)
	if err != nil {
		return nil, err
	}
	l := &layout{columns: d.Columns, toExtra: d.ConflictsToExtra}
	return &format.Format{Name: "parquet", Spec: spec, New: l.decoder}, nil
}

// maxKnown bounds the formats that are remembered. If files of one source have more sets of columns than
// these, some are made anew.
const maxKnown = 100

// own makes a format of each set of columns that files have. Safe for concurrent use.
type own struct {
	declaration format.Declaration
	mu          sync.Mutex
	known       map[string]*format.Format // by the columns as text
}

// inspect is Format.Inspect.
func (o *own) inspect(r io.Reader, options format.Options) (*format.Format, error) {
	f, err := openFile(r, options)
	if err != nil {
		return nil, err
	}
	d := o.declaration
	d.Columns = plainShape(f.Root).columns()
	text, err := d.Columns.JSON()
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.known[string(text)]; ok {
		return known, nil
	}
	made, err := declareOwn(d)
	if err != nil {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("the columns of the Parquet file make no table: %w", err))
	}
	if len(o.known) >= maxKnown {
		clear(o.known)
	}
	o.known[string(text)] = made
	return made, nil
}

// declareOwn is declare for the columns of a file.
func declareOwn(d format.Declaration) (*format.Format, error) {
	spec, err := d.Spec(description)
	if err != nil {
		return nil, err
	}
	return &format.Format{Name: "parquet", Spec: spec, New: (&layout{columns: d.Columns}).decoder}, nil
}
