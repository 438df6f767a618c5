package row

import (
	"bytes"
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
)

var directSchema = Schema{
	{Name: "text", Type: String},
	{Name: "at", Type: Timestamp},
	{Name: "n", Type: Int64},
	{Name: "list", Type: String, Mode: Repeated},
	{Name: "x", Type: Float64},
	{Name: "source", Type: String},
}

// write sets the columns of directSchema but the last as a decoder does that offers its values straight.
func write(rec *Record, text []byte, at int64) {
	rec.Begin(len(text))
	rec.Text(0, text, false)
	rec.Values[1].SetInt(at)
	rec.Int(2, -7)
	rec.Values[3].SetList()
	rec.Values[3].Append().SetBytes([]byte("a"))
	rec.Float(4, 0.5)
}

func TestDirectIsTheSameRow(t *testing.T) {
	enc := newEncoder(t, directSchema...)
	plain, direct := NewRecord(len(directSchema)), NewRecord(len(directSchema))
	if !direct.Direct(enc, len(directSchema)-1) {
		t.Fatal("it is not written straight")
	}
	md := messageType(t, enc.Descriptor())
	for _, text := range []string{"", "-", "grüße", "bad \xff\xfe utf-8", string(bytes.Repeat([]byte("long "), 1000)), string(bytes.Repeat([]byte("x"), longRecord+1))} {
		var rows [2]proto.Message
		for i, rec := range []*Record{plain, direct} {
			enc.Reset()
			write(rec, []byte("of a record that became none"), 1)
			write(rec, []byte(text), 1)
			rec.Values[5].SetBytes([]byte("s3://b/k"))
			wire, err := enc.Append([]byte("before"), rec)
			if err != nil {
				t.Fatal(err)
			}
			rows[i] = dynamicpb.NewMessage(md)
			if err := proto.Unmarshal(wire[len("before"):], rows[i]); err != nil {
				t.Fatal(err)
			}
			if want := int64(bytes.Count([]byte(text), []byte("bad"))); enc.Replaced() != want {
				t.Errorf("%q: %d texts replaced, want %d", text, enc.Replaced(), want)
			}
		}
		if !proto.Equal(rows[0], rows[1]) {
			t.Errorf("%.20q: %v, want %v", text, rows[1], rows[0])
		}
	}
}

// A row that BigQuery would refuse leaves nothing, whichever way it came.
func TestDirectRefusal(t *testing.T) {
	enc := newEncoder(t, directSchema...)
	rec := NewRecord(len(directSchema))
	rec.Direct(enc, len(directSchema)-1)
	write(rec, []byte("\xff"), MaxTimestamp+1)
	var bad *ValueError
	if dst, err := enc.Append([]byte("before"), rec); !errors.As(err, &bad) || bad.Column != "at" || string(dst) != "before" || enc.Replaced() != 0 {
		t.Errorf("%q, %v, %d texts replaced", dst, err, enc.Replaced())
	}
	if _, err := newEncoder(t, directSchema...).Append(nil, rec); err == nil {
		t.Error("another encoder takes it")
	}
}

func TestDirectNeedsNullable(t *testing.T) {
	s := Schema{{Name: "text", Type: String, Mode: Required}, {Name: "source", Type: String, Mode: Required}}
	enc := newEncoder(t, s...)
	rec := NewRecord(2)
	if rec.Direct(enc, 2) {
		t.Error("a REQUIRED column is written straight")
	}
	if !rec.Direct(newEncoder(t, Column{Name: "at", Type: Timestamp, Mode: Required}, Column{Name: "text", Type: String}), 2) {
		t.Error("a REQUIRED column that is in Values anyhow is in the way")
	}
	if !rec.Direct(enc, 0) {
		t.Error("Seneka's own columns are not the decoder's")
	}
	rec = NewRecord(2)
	rec.Direct(enc, 1)
	rec.Begin(1)
	rec.Null(0)
	if _, err := enc.Append(nil, rec); err == nil {
		t.Error("NULL in a REQUIRED column")
	}
}
