package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/engine"
)

// apiError is an error as the API answers it:
// https://cloud.google.com/bigquery/docs/error-messages.
type apiError struct {
	code     int // HTTP status
	reason   string
	message  string
	location string
}

func (e *apiError) Error() string { return e.message }

func badRequest(format string, args ...any) error {
	return &apiError{code: http.StatusBadRequest, reason: engine.ReasonInvalid, message: fmt.Sprintf(format, args...)}
}

// asAPIError gives err its HTTP status and reason by its kind.
func asAPIError(err error) *apiError {
	var api *apiError
	if errors.As(err, &api) {
		return api
	}
	if errors.Is(err, context.Canceled) {
		return &apiError{code: 499, reason: "stopped", message: "the request or its job was cancelled"}
	}
	out := &apiError{code: http.StatusInternalServerError, reason: "internalError", message: err.Error()}
	var refusal *engine.Error
	if !errors.As(err, &refusal) {
		return out
	}
	out.reason, out.location = refusal.Reason, refusal.Location
	switch errkind.Of(err) {
	case errkind.NotFound:
		out.code = http.StatusNotFound
	case errkind.Exists:
		out.code = http.StatusConflict
	case errkind.Permanent:
		out.code = http.StatusBadRequest
	}
	return out
}

// statuses are the canonical names that go with HTTP codes.
var statuses = map[int]string{
	http.StatusBadRequest:          "INVALID_ARGUMENT",
	http.StatusNotFound:            "NOT_FOUND",
	http.StatusConflict:            "ALREADY_EXISTS",
	http.StatusPreconditionFailed:  "FAILED_PRECONDITION",
	499:                            "CANCELLED",
	http.StatusNotImplemented:      "UNIMPLEMENTED",
	http.StatusInternalServerError: "INTERNAL",
}

// body is the JSON of an error answer.
func (e *apiError) body() any {
	item := map[string]any{"message": e.message, "domain": "global", "reason": e.reason}
	if e.location != "" {
		item["location"], item["locationType"] = e.location, "parameter"
	}
	return map[string]any{"error": map[string]any{
		"code": e.code, "message": e.message, "status": statuses[e.code], "errors": []any{item},
	}}
}
