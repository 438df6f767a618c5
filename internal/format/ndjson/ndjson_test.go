package ndjson

import (
	"os"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/formattest"
	"github.com/seneka-io/seneka/internal/format/jsonlog/jsonlogtest"
	"github.com/seneka-io/seneka/internal/row"
)

// declared is the format of the schema file in testdata.
func declared(t testing.TB, d format.Declaration) *format.Format {
	t.Helper()
	text, err := os.ReadFile("testdata/app.json")
	if err != nil {
		t.Fatal(err)
	}
	if d.Columns, err = row.ParseSchema(text); err != nil {
		t.Fatal(err)
	}
	f, err := Format().Declare(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDeclared(t *testing.T) {
	f := declared(t, format.Declaration{})
	formattest.Suite{Format: f, Samples: []string{"testdata/ndjson/app.jsonl"}, Records: jsonlogtest.Counter("")}.Run(t)
}

func TestConflicts(t *testing.T) {
	const text = `{"LEVEL":"INFO","status":"high","user":{"id":"x"}}`
	for toExtra, want := range map[bool]string{
		false: `column status: "high" is not a number`,
		true:  `{"level":"INFO","user":{},"extra":{"status":"high","user.id":"x"}}`,
	} {
		all, err := formattest.Decode(declared(t, format.Declaration{ConflictsToExtra: toExtra}), strings.NewReader(text), format.Options{})
		if err != nil || len(all) != 1 || string(all[0].Row)+all[0].Reject != want {
			t.Errorf("%v: got %v, error %v, want %s", toExtra, all, err, want)
		}
	}
}

func TestNoSchema(t *testing.T) {
	if f, err := Format().Declare(format.Declaration{}); err == nil {
		t.Errorf("a format %v without columns", f)
	}
}
