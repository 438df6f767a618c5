package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"cloud.google.com/go/bigquery"
	"cloud.google.com/go/bigquery/storage/managedwriter/adapt"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formats"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/row"
)

// file is a log file as it lies in a bucket.
type file struct {
	*subject
	format  *format.Format
	schema  row.Schema // of the table
	packed  []byte     // gzipped
	path    string     // where DuckDB finds the same
	bytes   int64      // of plain text
	records int64
	parquet bool // packed is Parquet, of the same records

	// What a loader keeps from one file to the next.
	window, rows []byte
	enc          *row.Encoder
}

// open returns what packed holds.
func (f *file) open() (io.Reader, func() error, error) {
	if f.parquet {
		return io.NewSectionReader(bytes.NewReader(f.packed), 0, int64(len(f.packed))), func() error { return nil }, nil
	}
	r, err := format.Decompress(bytes.NewReader(f.packed))
	if err != nil {
		return nil, nil, err
	}
	return r, r.Close, nil
}

// done is what one pass over a file, or over a part of it, has done.
type done struct{ records, bytes int64 }

// inflate is what every loader has to do first.
func inflate(f *file) (done, error) {
	r, err := format.Decompress(bytes.NewReader(f.packed))
	if err != nil {
		return done{}, err
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	return done{f.records, n}, err
}

// parse is inflate, and records of it.
func parse(f *file) (done, error) {
	return f.each(func(*row.Record) error { return nil })
}

// batch is how many bytes of rows a loader gathers for a request.
const batch = load.DefaultBatch

var sourceFile = []byte("s3://acme-elb-logs/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2026/11/01/file.log.gz")

// encode is parse, and the records as rows of the Storage Write API.
func encode(f *file) (done, error) {
	if f.enc == nil {
		var err error
		if f.enc, err = row.NewEncoder(f.schema); err != nil {
			return done{}, err
		}
	}
	columns, partition := len(f.format.Spec.Columns), f.schema.Index(f.format.Spec.PartitionBy)
	rows := f.rows[:0]
	defer func() { f.rows = rows }()
	return f.each(func(rec *row.Record) (err error) {
		meta := rec.Values[columns:]
		meta[0].SetText(sourceFile, true)
		meta[1].SetInt(rec.Line)
		meta[2].SetInt(1_793_491_200_000_000)
		if partition >= 0 && rec.Values[partition].IsNull() {
			rec.Values[partition].SetInt(1)
		}
		if rows, err = f.enc.Append(rows, rec); len(rows) > batch {
			rows = rows[:0]
		}
		return err
	})
}

// each calls do with each record. A reject is an error here: the text has none.
func (f *file) each(do func(rec *row.Record) error) (done, error) {
	r, closeIt, err := f.open()
	if err != nil {
		return done{}, err
	}
	defer func() { _ = closeIt() }() // all of it was read
	if f.window == nil {
		f.window = make([]byte, format.BufferSize)
	}
	dec := f.format.New(r, format.Options{Buffer: f.window})
	rec := row.NewRecord(len(f.schema))
	for n := int64(0); ; n++ {
		err := dec.Next(rec)
		if err == io.EOF {
			return done{n, f.bytes}, nil
		}
		if err == nil {
			err = do(rec)
		}
		if err != nil {
			return done{}, fmt.Errorf("record %d: %w: %.300q", n+1, err, rec.Raw)
		}
	}
}

// errEnough ends a pass over a part of a file.
var errEnough = errors.New("enough")

// usualWay reads about the first most bytes of the file as most Go programs would: the usual decoder, JSON of
// each record, protojson into a dynamic message, and its wire bytes.
func usualWay(f *file, most int64) (done, error) {
	md, err := messageOf(f.schema)
	if err != nil {
		return done{}, err
	}
	r, err := format.Decompress(bytes.NewReader(f.packed))
	if err != nil {
		return done{}, err
	}
	defer r.Close()
	var d done
	least := max(1, min(f.records, f.records*most/f.bytes)) // records
	parser := protojson.UnmarshalOptions{DiscardUnknown: true}
	err = f.usual(r, f.format.Spec.Columns, func(record map[string]any) error {
		record["source_file"], record["source_line"], record["loaded_at"] = string(sourceFile), d.records+1, int64(1_793_491_200_000_000)
		text, err := json.Marshal(record)
		if err != nil {
			return err
		}
		m := dynamicpb.NewMessage(md)
		if err := parser.Unmarshal(text, m); err != nil {
			return err
		}
		if _, err := proto.Marshal(m); err != nil {
			return err
		}
		if d.records++; d.records == least && least < f.records {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	d.bytes = f.bytes * d.records / f.records // all records are about as long
	return d, err
}

// messageOf returns the message of a table's rows as managedwriter/adapt makes it.
func messageOf(schema row.Schema) (protoreflect.MessageDescriptor, error) {
	text, err := schema.JSON()
	if err != nil {
		return nil, err
	}
	table, err := bigquery.SchemaFromJSON(text)
	if err != nil {
		return nil, err
	}
	storage, err := adapt.BQSchemaToStorageTableSchema(table)
	if err != nil {
		return nil, err
	}
	d, err := adapt.StorageSchemaToProto2Descriptor(storage, "root")
	if err != nil {
		return nil, err
	}
	m, isMessage := d.(protoreflect.MessageDescriptor)
	if !isMessage {
		return nil, errors.New("no message")
	}
	return m, nil
}

// setSchema sets the table's columns.
func (f *file) setSchema() { f.schema = load.TableSpec(f.format).Columns }

// ownColumns makes the format that of the file's own columns.
func (f *file) ownColumns() error {
	known, _ := formats.Lookup("parquet")
	declared, err := known.Declare(format.Declaration{})
	if err != nil {
		return err
	}
	r, _, err := f.open()
	if err != nil {
		return err
	}
	if f.format, err = declared.Inspect(r, format.Options{}); err != nil {
		return err
	}
	f.setSchema()
	return nil
}

// count returns how many records of the table the file has, where the text's are objects that hold several.
func count(f *file) (int64, error) {
	f.setSchema()
	d, err := parse(f)
	return d.records, err
}
