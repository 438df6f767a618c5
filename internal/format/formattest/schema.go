package formattest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/row"
)

// schema pins the table's columns. With -update, too, a change only adds columns that may be NULL: tables
// exist with these.
func (s Suite) schema(t *testing.T) {
	text := schemaText(s.Format.Spec.Columns)
	pinned, err := os.ReadFile(filepath.Join("testdata", s.Format.Name, "schema.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := onlyAdds(string(pinned), text); err != nil {
		t.Fatalf("tables exist with the columns of schema.txt: %v", err)
	}
	s.compare(t, "schema.txt", text, "the columns, or what they are said to be, are others than before")
}

// schemaText writes a column a line: path, type, mode and description, between tabs.
func schemaText(columns []row.Column) string {
	var b strings.Builder
	var walk func(prefix string, columns []row.Column)
	walk = func(prefix string, columns []row.Column) {
		for _, c := range columns {
			fmt.Fprintf(&b, "%s%s\t%s\t%s\t%s\n", prefix, c.Name, c.Type, c.Mode, c.Description)
			walk(prefix+c.Name+".", c.Fields)
		}
	}
	walk("", columns)
	return b.String()
}

// onlyAdds returns what of a schema's change from old to text is more than new columns that may be NULL.
func onlyAdds(old, text string) error {
	before, after := pinned(old), pinned(text)
	for name, was := range before {
		if is, ok := after[name]; !ok {
			return fmt.Errorf("column %s is gone: it may not be removed or renamed", name)
		} else if is != was {
			return fmt.Errorf("column %s is %s, and was %s", name, is, was)
		}
	}
	for name, is := range after {
		if _, ok := before[name]; !ok && len(before) > 0 && strings.HasSuffix(is, string(row.Required)) {
			return fmt.Errorf("column %s is new and %s: the rows that are there have no value for it", name, is)
		}
	}
	return nil
}

// pinned returns type and mode of each column of a schema's text.
func pinned(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		if parts := strings.SplitN(line, "\t", 4); len(parts) == 4 {
			all[parts[0]] = parts[1] + " " + parts[2]
		}
	}
	return all
}
