package engine

import (
	"fmt"

	"github.com/seneka-io/seneka/internal/errkind"
)

// The reasons of an Error: https://cloud.google.com/bigquery/docs/error-messages.
const (
	ReasonInvalid      = "invalid"
	ReasonInvalidQuery = "invalidQuery"
	ReasonNotFound     = "notFound"
	ReasonDuplicate    = "duplicate"
	ReasonInUse        = "resourceInUse"
)

// Error is a refusal in BigQuery's words. It carries the kind Permanent, NotFound or Exists.
type Error struct {
	Reason   string // one of the constants
	Message  string
	Location string // where in a query, such as "q" or "1:7"; may be empty
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func refuse(kind errkind.Kind, reason, format string, args ...any) error {
	return errkind.With(kind, &Error{Reason: reason, Message: fmt.Sprintf(format, args...)})
}

// invalid is a Permanent refusal of what the caller asked for.
func invalid(format string, args ...any) error {
	return refuse(errkind.Permanent, ReasonInvalid, format, args...)
}

// queryOverflow is BigQuery's word on an integer that does not fit INT64.
func queryOverflow(n fmt.Stringer) error {
	return refuse(errkind.Permanent, ReasonInvalidQuery, "int64 overflow: %s", n)
}
