package gcs

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
)

// apiError is an answer that is not a success.
// https://cloud.google.com/storage/docs/json_api/v1/status-codes and
// https://cloud.google.com/storage/docs/xml-api/reference-status
type apiError struct {
	status  int
	reason  string // of the JSON API
	xmlCode string // of the XML API
	message string
}

func (e *apiError) Error() string { return e.message }

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "invalid", "InvalidArgument", fmt.Sprintf(format, args...)}
}

func noBucket(bucket string) error {
	return &apiError{http.StatusNotFound, "notFound", "NoSuchBucket", fmt.Sprintf("The specified bucket does not exist: %s", bucket)}
}

func noObject(bucket, name string) error {
	return &apiError{http.StatusNotFound, "notFound", "NoSuchKey", fmt.Sprintf("No such object: %s/%s", bucket, name)}
}

func notFound(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "notFound", "NoSuchUpload", fmt.Sprintf(format, args...)}
}

func conflict(xmlCode, message string) error {
	return &apiError{http.StatusConflict, "conflict", xmlCode, message}
}

func unimplemented(format string, args ...any) error {
	return &apiError{http.StatusNotImplemented, "notImplemented", "NotImplemented",
		fmt.Sprintf(format, args...) + " is not supported by the local cloud"}
}

func conditionNotMet() error {
	return &apiError{http.StatusPreconditionFailed, "conditionNotMet", "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold."}
}

func notModified() error {
	return &apiError{http.StatusNotModified, "notModified", "NotModified", "Not Modified"}
}

// asAPIError returns err as an answer; what is not one is the server's own failure.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{http.StatusInternalServerError, "backendError", "InternalError", err.Error()}
}

// writeJSONError answers in the form of the JSON API.
func writeJSONError(w http.ResponseWriter, err error) {
	e := asAPIError(err)
	if e.status == http.StatusNotModified {
		w.WriteHeader(e.status)
		return
	}
	type item struct {
		Message string `json:"message"`
		Domain  string `json:"domain"`
		Reason  string `json:"reason"`
	}
	type body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Errors  []item `json:"errors"`
	}
	writeJSON(w, e.status, map[string]body{"error": {e.status, e.message, []item{{e.message, "global", e.reason}}}})
}

// writeXMLError answers in the form of the XML API.
func writeXMLError(w http.ResponseWriter, r *http.Request, err error) {
	e := asAPIError(err)
	if e.status == http.StatusNotModified || r.Method == http.MethodHead {
		w.WriteHeader(e.status)
		return
	}
	type body struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}
	w.Header().Set("Content-Type", "application/xml; charset=UTF-8")
	w.WriteHeader(e.status)
	_ = xml.NewEncoder(w).Encode(body{Code: e.xmlCode, Message: e.message}) // the client has gone: nobody to tell
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone: nobody to tell
}
