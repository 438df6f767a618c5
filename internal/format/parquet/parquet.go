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
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

const description = "Records of Parquet files: the columns of a schema file, or the file's own."

// Format returns the format parquet.
func Format() *format.Format {
	return &format.Format{Name: "parquet", Spec: row.Spec{Description: description}, Declare: declare}
}

func declare(d format.Declaration) (*format.Format, error) {
	if len(d.Columns) == 0 {
		own := format.NewOwn(d, declare)
		return &format.Format{Name: "parquet", Spec: row.Spec{Description: description}, Inspect: func(r io.Reader, o format.Options) (*format.Format, error) {
			f, err := openFile(r, o)
			if err != nil {
				return nil, err
			}
			return own.Format(plainShape(f.Root).columns())
		}}, nil
	}
	spec, err := d.Spec(description)
	if err != nil {
		return nil, err
	}
	l := &layout{columns: d.Columns, toExtra: d.ConflictsToExtra}
	return &format.Format{Name: "parquet", Spec: spec, New: l.decoder}, nil
}
