package elb

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// Bytes that are no UTF-8 never reach a row, whatever field they stand in, as they are or as an escape, and
// whatever the line before was: BigQuery would refuse all rows of the request.
func TestInvalidUTF8(t *testing.T) {
	const bad = "caf\xe9"
	ascii := with(33, -1, "")
	encoded := 0
	for i := range sample {
		for _, text := range []string{bad, `"` + bad + `"`, bad + ":80", `"` + bad + ` x"`, `"GET http://` + bad + `:80/` + bad + `?` + bad + ` HTTP/1.1"`} {
			encoded += encodeLines(t, ALB(), ascii+"\n"+with(33, i, text)+"\n"+ascii+"\n")
		}
	}
	encoded += encodeLines(t, ALB(), ascii+" "+bad+"\n")
	encoded += encodeLines(t, ALB(), with(33, 12, `"GET http://h:80/caf\xe9?caf\xe9 HTTP/1.1"`)+"\n")
	if encoded < 3*len(sample) {
		t.Errorf("%d rows had bytes replaced", encoded)
	}
}

// encodeLines fails where a row holds the bytes, and returns how many rows had some replaced.
func encodeLines(t *testing.T, f *format.Format, text string) (replaced int) {
	t.Helper()
	enc, err := row.NewEncoder(f.Spec.Columns)
	if err != nil {
		t.Fatal(err)
	}
	dec, rec := f.New(strings.NewReader(text), format.Options{}), row.NewRecord(len(f.Spec.Columns))
	rows := 0
	for line := range strings.Lines(text) {
		if dec.Next(rec) != nil {
			continue // a field that takes no text
		}
		rows++
		enc.Reset()
		wire, err := enc.Append(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(wire, []byte("caf\xe9")) {
			t.Errorf("%q: the row holds bytes that are no UTF-8", line)
		}
		if enc.Replaced() > 0 {
			replaced++
		}
	}
	if rows == 0 {
		t.Fatal("no rows")
	}
	return replaced
}
