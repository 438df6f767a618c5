package suggest

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// rows is what was seen of delimited files as a whole.
type rows struct {
	seen    bool
	empty   bool // a field without quotes was
	surplus int64
	rejects int64
	reason  string // of the first reject
}

// Rows reads the rows of r as f does: a format whose columns are the texts that a header names, and one for
// what has no column behind them. A column gets a type if all of its values are of that type.
func (p *Proposal) Rows(f *format.Format, r io.Reader) error {
	p.rows.seen = true
	columns := f.Spec.Columns[:len(f.Spec.Columns)-1]
	shapes := make([]*shape, len(columns))
	for i := range columns {
		shapes[i] = p.root.field(columns[i].Name)
	}
	dec := f.New(r, format.Options{})
	rec := row.NewRecord(len(columns) + 1)
	for {
		err := dec.Next(rec)
		var bad *format.Reject
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &bad):
			if p.rows.rejects++; p.rows.rejects == 1 {
				p.rows.reason = fmt.Sprintf("line %d: %s", bad.Line, bad.Reason)
			}
			continue
		case err != nil:
			return err
		}
		p.Records++
		for i, s := range shapes {
			if rec.Values[i].IsNull() {
				s.null, p.rows.empty = true, true
			} else {
				s.cell(string(rec.Values[i].Bytes()))
			}
		}
		if !rec.Values[len(columns)].IsNull() {
			p.rows.surplus++
		}
	}
}

// Delimiter returns the sign between the fields of a file that begins with head: the one that its first line
// has most of, outside of quotes; a comma if it has none.
func Delimiter(head []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if c == '\n' && !quoted {
			break
		}
		if !quoted {
			counts[c]++
		}
	}
	best := byte(',')
	for _, c := range []byte(";|\t") {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}

// Columns adds the columns that files say themselves. Of two of one name the first is kept.
func (p *Proposal) Columns(f *format.Format) {
	for _, c := range f.Spec.Columns[:len(f.Spec.Columns)-1] {
		if i := p.own.Index(c.Name); i < 0 {
			p.own = append(p.own, c)
		} else if p.own[i].Type != c.Type || p.own[i].Mode != c.Mode {
			p.clashes = append(p.clashes, fmt.Sprintf("%q: %s in one file and %s in another: the later one is rejected", c.Name, p.own[i].Type, c.Type))
		}
	}
}

// markers are texts that programs write where there is no value.
var markers = []string{`\N`, "NULL", "null", "NA", "N/A", "None", "-"}

// cell adds the text of a field.
func (s *shape) cell(value string) {
	if slices.Contains(markers, value) {
		if s.markers == nil {
			s.markers = map[string]bool{}
		}
		s.markers[value] = true
		return
	}
	s.types[cellType(value)] = true
}

// plain is a number without the zeros in front that codes have.
var plain = regexp.MustCompile(`^-?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?$`)

// cellType returns the type that a field's text looks like.
func cellType(value string) row.Type {
	switch {
	case strings.EqualFold(value, "true"), strings.EqualFold(value, "false"):
		return row.Bool
	case plain.MatchString(value) && strings.ContainsAny(value, "0123456789"):
		if t := number(value); t != row.Float64 {
			return t
		}
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return row.String // beyond it
		}
		return row.Float64
	}
	if len(value) <= len("2006-01-02T15:04:05.999999999") {
		for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999"} {
			if _, err := time.Parse(layout, value); err == nil {
				return row.Datetime
			}
		}
	}
	return text(value)
}

// finish decides what the markers stand for: for NULL if the columns that are typed but for them have one in
// common, and no field is empty, for a source has one text for NULL. Else they are texts.
func (p *Proposal) finish(b *builder) {
	found := map[string]string{} // marker, and the first column that has it
	for _, f := range p.root.fields {
		if f.shape.typed() {
			for m := range f.shape.markers {
				if found[m] == "" {
					found[m] = f.name
				}
			}
		}
	}
	if len(found) == 1 && !p.rows.empty {
		for m := range found {
			b.note("%q stands for no value: say csv: {null_marker: %s} in the source", m, strconv.Quote(m))
		}
		return
	}
	for _, f := range p.root.fields {
		if len(f.shape.markers) == 0 {
			continue
		}
		if f.shape.typed() {
			b.note("%q: values and texts such as %q; STRING takes both", f.name, first(f.shape.markers))
		}
		f.shape.types[row.String] = true
	}
}

// typed reports whether the values but for the markers have a type that is no STRING.
func (s *shape) typed() bool { return len(s.types) > 0 && s.scalar() != row.String }

func first(set map[string]bool) string {
	for _, m := range markers {
		if set[m] {
			return m
		}
	}
	return ""
}

// notes says what of the rows was left out.
func (r *rows) notes(b *builder) {
	if r.surplus > 0 {
		b.note("%d rows have fields that the header does not name, or names twice; they stay in extra", r.surplus)
	}
	if r.rejects > 0 {
		b.note("%d rows could not be parsed and were left out; the first is %s", r.rejects, r.reason)
	}
}
