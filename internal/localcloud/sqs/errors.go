package sqs

import (
	"errors"
	"fmt"
	"net/http"
)

// apiError is an error that the API documents, with the caller at fault.
type apiError struct {
	code    string // the name of the JSON protocol's error shape
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

func fault(code, format string, args ...any) error {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is the error of a parameter outside its documented range.
func invalid(name string, value any, reason string) error {
	return fault("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, name, reason)
}

func noSuchQueue() error {
	return fault("QueueDoesNotExist", "The specified queue does not exist.")
}

// queryCode returns the code of the older query protocol, which SDKs report as the error's code.
// They are the awsQueryError traits of the service's model.
func queryCode(code string) string {
	switch code {
	case "QueueDoesNotExist":
		return "AWS.SimpleQueueService.NonExistentQueue"
	case "QueueNameExists":
		return "QueueAlreadyExists"
	case "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId",
		"MessageNotInflight", "PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest", "UnsupportedOperation":
		return "AWS.SimpleQueueService." + code
	default:
		return code
	}
}

// errorBody is the JSON protocol's form of an error.
type errorBody struct {
	Type    string `json:"__type"`
	Message string `json:"message"`
}

// writeError answers with err: as the service does if the API documents it, else as its own failure.
func writeError(w http.ResponseWriter, err error) {
	e := new(apiError)
	if !errors.As(err, &e) {
		w.Header().Set("X-Amzn-Query-Error", "InternalFailure;Receiver")
		writeJSON(w, http.StatusInternalServerError, errorBody{"com.amazonaws.sqs#InternalFailure", err.Error()})
		return
	}
	w.Header().Set("X-Amzn-Query-Error", queryCode(e.code)+";Sender")
	writeJSON(w, http.StatusBadRequest, errorBody{"com.amazonaws.sqs#" + e.code, e.message})
}

// batchFailure is one failed entry of a batch.
type batchFailure struct {
	Id          string
	Code        string
	Message     string
	SenderFault bool
}

func failedEntry(id string, err error) batchFailure {
	e := new(apiError)
	if !errors.As(err, &e) {
		return batchFailure{Id: id, Code: "InternalError", Message: err.Error()}
	}
	return batchFailure{Id: id, Code: queryCode(e.code), Message: e.message, SenderFault: true}
}
