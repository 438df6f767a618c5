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

// RuntimeMessage returns what BigQuery would say for the message of a DuckDB error that a translated
// query ended with. What it does not know it passes on, without DuckDB's kind of error and excerpt.
func RuntimeMessage(message string) string {
	if _, own, ok := strings.Cut(message, "'"+raiseMark); ok {
		if end := strings.LastIndex(own, "' to BOOL"); end >= 0 {
			return own[:end]
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	if _, own, ok := strings.Cut(message, udfMark); ok {
		return own
	}
	for _, m := range runtimeMessages {
		if strings.Contains(message, m.duck) {
			return m.bigQuery
		}
	}
	if kind, rest, ok := strings.Cut(message, " Error: "); ok && len(kind) < 30 {
		return rest
	}
	return message
}

// udfMark stands before the message of a function that is written in Go.
const udfMark = "database/sql/driver: API error: "

// runtimeMessages are DuckDB's words that BigQuery has others for.
var runtimeMessages = []struct{ duck, bigQuery string }{
	{"More than one row returned by a subquery", "Scalar subquery produced more than one element"},
	{"Overflow in ", "int64 overflow"},
	{"Overflow on abs", "int64 overflow"},
	{"Type INT128 with value", "int64 overflow"},
	{"invalid UTF8", "Invalid UTF-8 in a cast to STRING"},
}
