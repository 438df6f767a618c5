package gsql

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error is a query that cannot be run, worded as BigQuery words it.
type Error struct {
	Message      string // with " at [line:column]" in it, if the error has a place
	Reason       string // the REST API's reason: invalidQuery or notFound
	Line, Column int    // 1-based, in characters; 0 if the error has no place
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

const (
	reasonInvalid  = "invalidQuery"
	reasonNotFound = "notFound"
	seeDoc         = ", which the local BigQuery does not have: see docs/local-sql.md"
)

// text is a query's text, from which a byte offset becomes a line and a column. Parser and
// translator give up through its methods, which panic with an *Error that translate recovers.
type text string

// place returns the line and column of byte offset pos.
func (s text) place(pos int) (line, column int) {
	before := string(s[:min(max(pos, 0), len(s))])
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// fail gives up with a message and its place.
func (s text) fail(pos int, format string, args ...any) {
	s.failWith(pos, "", format, args...)
}

// unsupported gives up at GoogleSQL that is valid but not in the local subset.
func (s text) unsupported(pos int, format string, args ...any) {
	s.failWith(pos, seeDoc, format, args...)
}

func (s text) failWith(pos int, suffix, format string, args ...any) {
	line, column := s.place(pos)
	message := fmt.Sprintf(format, args...) + fmt.Sprintf(" at [%d:%d]", line, column) + suffix
	panic(&Error{Message: message, Reason: reasonInvalid, Line: line, Column: column})
}

// recoverError turns the panic of a fail into the error it carries.
func recoverError(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}
