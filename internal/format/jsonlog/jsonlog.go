// Package jsonlog reads the records of JSON files into rows, for all formats whose record is a JSON
// object (RFC 8259).
//
// The objects may stand one a line, one behind the other with anything or nothing between them,
// pretty-printed, in an array, or in an array that is a member of an outer object. They are read one
// by one in one pass, so that files of any size take the memory of their longest record.
//
// Members are matched with columns by their names. What has no column is kept in a JSON column, as
// an object whose members are named by their paths: "user.name", and "items[2].name" of an element
// of a list. Of members of one name the last one counts, as with most parsers; those before it are
// kept in that column too. A member that is null is the same as one that is not there.
//
// Text that is no UTF-8, and halves of surrogate pairs, are passed on as bytes that are no UTF-8:
// the encoder of package row replaces and counts them.
package jsonlog

import (
	"io"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/row"
)

// Column is a column of the table, or a field of a STRUCT, and the member that its values come from.
type Column struct {
	row.Column          // Column.Fields is not looked at
	Fields     []Column // of a STRUCT
	Member     string   // the member's name; empty: the column's
	// Set sets v from the contents of a string, or from a number, true or false as it stands, by
	// other rules than those of package coerce. v may refer to text. The error says what is wrong
	// with it. Nil: by these rules.
	Set func(v *row.Value, text []byte) error

	essential bool // see Essential
	derived   bool // see Derived
}

// Layout is what a kind of JSON file holds. It does not change and is safe for concurrent use.
type Layout struct {
	Columns []Column
	// Extra names the JSON column for what has no column. It is the last one of Schema.
	Extra string
	// Within is the member of an outer object that is the array of records, for files that have
	// one; objects without it are records themselves. The outer object's other members are left out.
	Within string
	// FoldCase matches members with columns whatever the case of their letters, as BigQuery does.
	FoldCase bool
	// ConflictsToExtra puts a member whose value its column does not take into Extra, and leaves the
	// column NULL. Else the record is a reject.
	ConflictsToExtra bool
}

// Of returns the columns for a declared schema.
func Of(columns []row.Column) []Column {
	all := make([]Column, len(columns))
	for i, c := range columns {
		all[i] = Column{Column: c, Fields: Of(c.Fields)}
	}
	return all
}

// Schema returns the columns of the table.
func (l *Layout) Schema() row.Schema {
	return append(schema(l.Columns), row.Column{
		Name: l.Extra, Type: row.JSON, Mode: row.Nullable,
		Description: "Members of the record that have no column, as an object by name; those within others by path, such as \"user.name\". NULL if there are none.",
	})
}

func schema(columns []Column) []row.Column {
	var all []row.Column
	for _, c := range columns {
		c.Column.Fields = schema(c.Fields)
		all = append(all, c.Column)
	}
	return all
}

// Decoder returns a decoder of one file: it is what Format.New is to be. Line counts the records,
// rejects included, wherever they stand.
func (l *Layout) Decoder(r io.Reader, o format.Options) format.Decoder { return l.NewDecoder(r, o) }
