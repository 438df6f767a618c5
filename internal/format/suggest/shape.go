package suggest

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/row"
)

// shape is what was seen of the values of one member.
type shape struct {
	types  map[row.Type]bool // of scalars
	object bool
	list   bool
	null   bool
	fields []*field // of objects, in the order in which they were first seen
	index  map[string]*field
	items  *shape // of lists
	// Texts for no value, of delimited files.
	markers map[string]bool
}

type field struct {
	name  string
	shape *shape
}

func newShape() *shape { return &shape{types: map[row.Type]bool{}, index: map[string]*field{}} }

func (s *shape) field(name string) *shape {
	f := s.index[name]
	if f == nil {
		f = &field{name, newShape()}
		s.index[name] = f
		s.fields = append(s.fields, f)
	}
	return f.shape
}

var (
	integer = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	date    = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

// number returns the type of a number as JSON writes it.
func number(text string) row.Type {
	if !integer.MatchString(text) {
		return row.Float64
	}
	n, _ := new(big.Int).SetString(text, 10)
	switch {
	case n.IsInt64():
		return row.Int64
	case len(strings.TrimPrefix(text, "-")) <= 29:
		return row.Numeric
	case len(strings.TrimPrefix(text, "-")) <= 38:
		return row.BigNumeric
	default:
		return row.Float64
	}
}

// text returns the type that a string looks like: a time if it names its zone, a day, else a STRING.
// A number in quotes stays a STRING: whoever quoted it had a reason, such as leading zeros.
func text(s string) row.Type {
	if len(s) > len("2006-01-02T15:04:05.999999999+00:00") {
		return row.String
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700"} {
		if _, err := time.Parse(layout, s); err == nil {
			return row.Timestamp
		}
	}
	if date.MatchString(s) {
		if _, err := time.Parse(time.DateOnly, s); err == nil {
			return row.Date
		}
	}
	return row.String
}

// scalar returns the one type that takes all the scalars that were seen.
func (s *shape) scalar() row.Type {
	has := func(types ...row.Type) bool { // all that was seen is among these
		for t := range s.types {
			if !slices.Contains(types, t) {
				return false
			}
		}
		return true
	}
	switch {
	case len(s.types) == 0:
		return row.String // nothing but null
	case has(row.Bool):
		return row.Bool
	case has(row.Int64):
		return row.Int64
	case has(row.Int64, row.Numeric):
		return row.Numeric
	case has(row.Int64, row.Numeric, row.BigNumeric):
		return row.BigNumeric
	case has(row.Int64, row.Numeric, row.BigNumeric, row.Float64):
		return row.Float64
	case has(row.Timestamp):
		return row.Timestamp
	case has(row.Datetime):
		return row.Datetime
	case has(row.Date):
		return row.Date
	default:
		return row.String
	}
}

// mixed reports whether no single column type takes all that was seen.
func (s *shape) mixed() bool {
	kinds := 0
	for _, is := range []bool{len(s.types) > 0, s.object, s.list} {
		if is {
			kinds++
		}
	}
	strings, others := false, false
	for t := range s.types {
		isText := t == row.String || t == row.Timestamp || t == row.Date
		strings, others = strings || isText, others || !isText
	}
	return kinds > 1 || strings && others || s.types[row.Bool] && len(s.types) > 1
}
