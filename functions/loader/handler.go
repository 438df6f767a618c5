// Package loader is the function: an HTTP handler that takes Pub/Sub push deliveries of the landing
// bucket's notifications and hands each to load.Loader.
//
// It is registered as a plain HTTP function and decodes the envelopes itself: the CloudEvents SDK
// hands concurrent requests through one channel and can strand one, or run it under another's context.
package loader

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/notify"
	"github.com/seneka-io/seneka/internal/object"
)

// maxBody bounds a push request: Pub/Sub carries at most 10 MB a message, base64 makes it longer.
const maxBody = 16 << 20

// limit is how long a delivery is worked on: Pub/Sub waits no longer for an answer, and delivers the
// message again.
// https://cloud.google.com/pubsub/docs/push#receive_push
const limit = 10 * time.Minute

// Stat reads a landing object's metadata, for notifications that come without it.
type Stat func(ctx context.Context, o object.Landed) (metadata map[string]string, generation int64, err error)

// Handler answers push requests. A status of 2xx acknowledges the message; any other makes Pub/Sub
// deliver it again, with back-off, and in the end park it in the dead-letter topic. Safe for
// concurrent use.
type Handler struct {
	Load func(ctx context.Context, f load.File) (load.Result, error)
	Stat Stat
	Log  *slog.Logger
}

// ServeHTTP handles one delivery. A panic costs that request only.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if p := recover(); p != nil {
			h.Log.ErrorContext(r.Context(), "panic while handling a delivery; it will be delivered again", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			http.Error(w, "internal error", http.StatusInternalServerError) // nack
		}
	}()
	if r.Method != http.MethodPost {
		http.Error(w, "Pub/Sub delivers by POST", http.StatusMethodNotAllowed)
		return
	}
	status, err := h.handle(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	w.WriteHeader(status)
}

// handle returns the status to answer with; err is its text.
func (h *Handler) handle(w http.ResponseWriter, r *http.Request) (status int, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return http.StatusBadRequest, fmt.Errorf("read the request: %w", err) // nack: the caller broke off
	}
	note, err := notify.Delivered(r.Header, body)
	if err != nil {
		h.Log.ErrorContext(r.Context(), "not a notification of a landing bucket", "error", err)
		return http.StatusBadRequest, err // nack: not understood, so never dropped; it ends in the dead-letter topic
	}
	if note.EventType != notify.ObjectFinalize {
		return http.StatusNoContent, nil // ack: nothing was put
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	return h.load(ctx, h.Log.With("message_id", note.ID, "object", note.Object.String()), note)
}

func (h *Handler) load(ctx context.Context, log *slog.Logger, note notify.Notification) (status int, err error) {
	f, ok, err := h.file(ctx, note)
	if err != nil {
		log.ErrorContext(ctx, "cannot read the landing object's metadata", "error", err)
		return http.StatusServiceUnavailable, err // nack
	}
	if !ok {
		log.WarnContext(ctx, "ignored: the landing object carries no metadata of Seneka's; somebody else put it there")
		return http.StatusNoContent, nil // ack: a retry would find the same
	}
	start := time.Now()
	res, err := h.Load(ctx, f)
	if err != nil {
		level := slog.LevelWarn
		if errkind.Is(err, errkind.Permanent) { // such as load.ErrTorn: it takes a person
			level = slog.LevelError
		}
		log.Log(ctx, level, "load failed; it will be delivered again", "file", f.Source.String(), "error", err)
		return http.StatusServiceUnavailable, err // nack: the outcome is open
	}
	log.InfoContext(ctx, string(res.Outcome), "file", f.Source.String(), "source", res.Target.Source, "table", res.Target.Table.String(),
		"rows", res.Rows, "rejects", res.Rejects, "reason", res.Reason, "seconds", time.Since(start).Seconds())
	return http.StatusOK, nil // ack: the outcome is recorded
}

// file returns what is to be loaded; ok is false if the object is not the forwarder's.
func (h *Handler) file(ctx context.Context, note notify.Notification) (f load.File, ok bool, err error) {
	metadata := note.Metadata
	if metadata == nil { // the notification came without the object's description
		metadata, _, err = h.Stat(ctx, note.Object)
		if errkind.Is(err, errkind.NotFound) {
			// Gone or replaced: whose copy it was, its name no longer tells for sure.
			return load.File{}, false, fmt.Errorf("%s is gone, and the notification did not describe it; set the notification's payload to JSON_API_V1", note.Object)
		}
		if err != nil {
			return load.File{}, false, err
		}
	}
	attrs, ok, err := object.ParseAttrs(metadata)
	if err != nil {
		return load.File{}, false, fmt.Errorf("%s: %w", note.Object, err)
	}
	return load.File{Landed: note.Object, Attrs: attrs, Published: note.Published}, ok, nil
}
