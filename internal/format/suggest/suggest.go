// Package suggest proposes a BigQuery schema for JSON logs and delimited files, for a person to edit.
// Loading never guesses: a column's type that follows from the data changes with the data.
package suggest

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// Proposal collects what files hold. Its zero value is not usable: see New. For one goroutine.
type Proposal struct {
	root    *shape
	rows    rows
	own     row.Schema // of files that say it themselves
	clashes []string
	Records int64 // that were read
}

// New returns a proposal that has seen nothing.
func New() *Proposal { return &Proposal{root: newShape()} }

// maxDepth is how deep BigQuery nests records.
// https://cloud.google.com/bigquery/docs/nested-repeated#limitations
const maxDepth = 15

// JSON reads the JSON objects of r, one behind the other in any layout, or in a list. An error says
// at which byte r stopped being JSON; what was before it counts.
func (p *Proposal) JSON(r io.Reader) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("byte %d: %w", d.InputOffset(), err)
		}
		if tok == json.Delim('[') || tok == json.Delim(']') {
			continue // a list of records
		}
		if tok != json.Delim('{') {
			return fmt.Errorf("byte %d: %v is no JSON object", d.InputOffset(), tok)
		}
		p.Records++
		if err := p.root.members(d, 1); err != nil {
			return fmt.Errorf("byte %d: %w", d.InputOffset(), err)
		}
	}
}

// members reads an object's members and its end.
func (s *shape) members(d *json.Decoder, depth int) error {
	s.object = true
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := s.field(name.(string)).value(d, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// value reads one value.
func (s *shape) value(d *json.Decoder, depth int) error {
	tok, err := d.Token()
	if err != nil {
		return err
	}
	switch v := tok.(type) {
	case nil:
		s.null = true
	case bool:
		s.types[row.Bool] = true
	case json.Number:
		s.types[number(v.String())] = true
	case string:
		s.types[text(v)] = true
	case json.Delim:
		if depth > 1000 {
			return fmt.Errorf("nested deeper than %d", depth)
		}
		if v == '{' {
			return s.members(d, depth+1)
		}
		return s.elements(d, depth)
	}
	return nil
}

// elements reads a list's elements and its end.
func (s *shape) elements(d *json.Decoder, depth int) error {
	s.list = true
	if s.items == nil {
		s.items = newShape()
	}
	for d.More() {
		if err := s.items.value(d, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// Schema returns the proposed columns, all of which may be NULL, and notes for a person: what was
// left out, which goes to the column extra, and what became JSON, and why.
func (p *Proposal) Schema() (columns row.Schema, notes []string) {
	if len(p.own) > 0 {
		return p.own, append(p.clashes, "the files say these columns themselves: a source needs a schema only to change them")
	}
	b := &builder{flat: p.rows.seen}
	if b.flat {
		p.finish(b)
	}
	columns = b.columns(p.root, "", 1)
	p.rows.notes(b)
	return columns, b.notes
}

type builder struct {
	notes []string
	flat  bool // values are fields of delimited files
}

func (b *builder) note(format string, a ...any) { b.notes = append(b.notes, fmt.Sprintf(format, a...)) }

// name is what BigQuery calls a column.
// https://cloud.google.com/bigquery/docs/schemas#column_names
var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,299}$`)

func (b *builder) columns(s *shape, path string, depth int) (columns row.Schema) {
	seen := map[string]string{}
	for _, f := range s.fields {
		lower := strings.ToLower(f.name)
		switch {
		case !name.MatchString(f.name):
			b.note("%q: no name for a column; it stays in extra", path+f.name)
		case seen[lower] != "":
			b.note("%q: BigQuery takes it for the same name as %q; it stays in extra", path+f.name, path+seen[lower])
		default:
			seen[lower] = f.name
			columns = append(columns, b.column(f, path+f.name, depth))
		}
	}
	return columns
}

// column proposes the column of one member.
func (b *builder) column(f *field, path string, depth int) row.Column {
	c := row.Column{Name: f.name, Mode: row.Nullable}
	s := f.shape
	if s.list && !s.mixed() && s.items.fits() {
		c.Mode, s = row.Repeated, s.items
	}
	switch {
	case b.flat:
		if c.Type = s.scalar(); c.Type == row.String && len(s.types) > 1 && len(s.markers) == 0 {
			b.note("%q: values of several types; STRING takes them all", path)
		}
	case s.mixed():
		c.Type = row.JSON
		b.note("%q: values of several types; JSON takes them all", path)
	case s.list:
		c.Type = row.JSON
		b.note("%q: lists that are empty, mixed or nested; JSON takes them all", path)
	case s.object && (len(s.fields) == 0 || depth >= maxDepth):
		c.Type = row.JSON
	case s.object:
		c.Fields = b.columns(s, path+".", depth+1)
		if c.Type = row.Struct; len(c.Fields) == 0 {
			c.Type = row.JSON
		}
	default:
		c.Type = s.scalar()
	}
	return c
}

// fits reports whether a REPEATED column takes all elements that were seen: it takes no NULL.
func (s *shape) fits() bool {
	return !s.null && !s.mixed() && !s.list && (len(s.types) > 0 || len(s.fields) > 0)
}
