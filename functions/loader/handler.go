// Package loader is the function: an HTTP handler that takes Pub/Sub push deliveries of the landing
// bucket's notifications and hands each to load.Loader.
//
// It is registered as a plain HTTP function and decodes the envelopes itself: the CloudEvents SDK
// hands concurrent requests through one channel and can strand one, or run it under another's context.
package loader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/notify"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/pushauth"
	"github.com/seneka-io/seneka/internal/telemetry"
)

// maxBody bounds a push request, of which many are held at a time: a notification with all the metadata
// that an object may have is 30 KB long. Pub/Sub would carry 10 MB.
const maxBody = 1 << 20

// limit is how long a delivery is worked on: Pub/Sub waits no longer for an answer, and delivers the
// message again.
// https://cloud.google.com/pubsub/docs/push#receive_push
const limit = 10 * time.Minute

// Describe says what the store knows of a landing object, of the live generation where o names none,
// and which generation it is; errkind.NotFound if it is gone.
type Describe func(ctx context.Context, o object.Landed) (d object.Description, generation int64, err error)

// Observe is told of a file when its load begins. It returns the context that the load is to have, and what
// is to be called with how it ended. nil: nobody is told.
type Observe func(ctx context.Context, f load.File) (context.Context, func(load.Result, error))

// load loads f by do, observed.
func (o Observe) load(ctx context.Context, f load.File, do func(context.Context, load.File) (load.Result, error)) (context.Context, load.Result, error) {
	if o == nil {
		res, err := do(ctx, f)
		return ctx, res, err
	}
	ctx, end := o(ctx, f)
	res, err := do(ctx, f)
	end(res, err)
	return ctx, res, err
}

// Handler answers push requests. A status of 2xx acknowledges the message; any other makes Pub/Sub
// deliver it again, with back-off, and in the end park it in the dead-letter topic. Safe for
// concurrent use.
type Handler struct {
	Bucket    string                                              // the landing bucket; a notification of another is refused
	Authorize func(ctx context.Context, header http.Header) error // checks who pushes; nil: whoever gets here may
	Load      func(ctx context.Context, f load.File) (load.Result, error)
	Observe   Observe
	Describe  Describe                                   // for notifications without the object's description
	Unmatched func(ctx context.Context, s object.Source) // notes a file that no source takes
	Tally     *telemetry.Tally
	Log       *slog.Logger
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
	if status, err := h.authorize(r); err != nil {
		h.Log.WarnContext(r.Context(), "push refused; it will be delivered again", "error", err, "status", status)
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, err.Error(), status) // nack: if it is one of ours after all, it must not be lost
		return
	}
	status, err := h.handle(w, r)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	w.WriteHeader(status)
}

// authorize returns why a push is refused, before a byte of its body is read, and with which status.
func (h *Handler) authorize(r *http.Request) (status int, err error) {
	if h.Authorize == nil {
		return 0, nil
	}
	err = h.Authorize(r.Context(), r.Header)
	switch {
	case errkind.Is(err, errkind.Transient):
		return http.StatusServiceUnavailable, err
	case errors.Is(err, pushauth.ErrForbidden):
		return http.StatusForbidden, err
	default:
		return http.StatusUnauthorized, err
	}
}

// handle returns the status to answer with; err is its text.
func (h *Handler) handle(w http.ResponseWriter, r *http.Request) (status int, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		err = fmt.Errorf("the push is over %d bytes long, more than Pub/Sub carries", long.Limit)
		h.Log.ErrorContext(r.Context(), "push refused", "error", err)
		return http.StatusRequestEntityTooLarge, err // nack: never dropped; it ends in the dead-letter topic
	}
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
	if note.Object.Bucket != h.Bucket {
		err := fmt.Errorf("%s is not in the landing bucket, gs://%s", note.Object, h.Bucket)
		h.Log.ErrorContext(r.Context(), "push refused", "error", err)
		return http.StatusForbidden, err // nack, as above
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	return h.load(ctx, h.Log.With("message_id", note.ID, "object", note.Object.String()), note)
}

func (h *Handler) load(ctx context.Context, log *slog.Logger, note notify.Notification) (status int, err error) {
	f, err := h.file(ctx, &note)
	if err != nil {
		h.Tally.Add("not done")
		log.ErrorContext(ctx, "cannot tell what the landing object is", "error", err)
		return http.StatusServiceUnavailable, err // nack
	}
	if what := noFile(f, note.Description); what != "" {
		h.Tally.Add(what)
		log.DebugContext(ctx, "left alone", "is", what)
		return http.StatusNoContent, nil // ack: a retry would find the same
	}
	start := time.Now()
	ctx, res, err := h.Observe.load(ctx, f, h.Load)
	if err != nil {
		h.Tally.Add("not done")
		level := slog.LevelWarn
		if errkind.Is(err, errkind.Permanent) { // such as load.ErrTorn: it takes a person
			level = slog.LevelError
		}
		log.Log(ctx, level, "load failed; it will be delivered again", "file", f.Source.String(), "error", err)
		return http.StatusServiceUnavailable, err // nack: the outcome is open
	}
	if res.Outcome == load.Ignored && res.Target.Source == "" {
		h.Tally.Add("unmatched")
		h.Unmatched(ctx, f.Source)
		log.DebugContext(ctx, "unmatched", "file", f.Source.String())
		return http.StatusNoContent, nil // ack: a retry would find the same
	}
	h.Tally.Add(string(res.Outcome))
	log.InfoContext(ctx, string(res.Outcome), "file", f.Source.String(), "source", res.Target.Source, "table", res.Target.Table.String(),
		"rows", res.Rows, "rejects", res.Rejects, "replaced_utf8", res.Replaced, "reason", res.Reason, "seconds", time.Since(start).Seconds())
	return http.StatusOK, nil // ack: the outcome is recorded
}

// file returns what is to be loaded. Where the notification came without the object's description,
// note gets it.
func (h *Handler) file(ctx context.Context, note *notify.Notification) (load.File, error) {
	f := load.File{Landed: note.Object, Published: note.Published}
	if note.Metadata == nil {
		d, _, err := h.Describe(ctx, note.Object)
		if errkind.Is(err, errkind.NotFound) {
			return h.replaced(ctx, f)
		}
		if err != nil {
			return load.File{}, err
		}
		note.Description = d
	}
	note.Created = cmp.Or(note.Created, note.EventTime, note.Published)
	var err error
	if f.Attrs, err = object.AttrsOf(note.Object, note.Description); err != nil {
		return load.File{}, fmt.Errorf("%s: %w", note.Object, err)
	}
	return f, nil
}

// replaced returns the file of a landing object that is gone and was not described: which one it was,
// a newer generation of it tells.
func (h *Handler) replaced(ctx context.Context, f load.File) (load.File, error) {
	d, live, err := h.Describe(ctx, object.Landed{Bucket: f.Landed.Bucket, Name: f.Landed.Name})
	gone := errkind.Is(err, errkind.NotFound) || err == nil && live <= f.Landed.Generation
	switch {
	case gone && object.IsPart(f.Landed.Name): // removed when its upload ended
		f.Attrs, err = object.AttrsOf(f.Landed, d)
		return f, err
	case gone:
		return load.File{}, fmt.Errorf("%s is gone, nothing newer has come in its place, and the notification did not describe it; set the notification's payload to JSON_API_V1", f.Landed)
	case err != nil:
		return load.File{}, err
	}
	newer, err := object.AttrsOf(f.Landed, d)
	if err != nil {
		return load.File{}, fmt.Errorf("%s: %w", f.Landed, err)
	}
	f.Source, f.ReplacedBy = newer.Source, live
	return f, nil
}

// noFile tells of an object that others put into the landing bucket why it is no file; empty if it is
// one. The forwarder leaves such objects where they are.
func noFile(f load.File, d object.Description) string {
	switch {
	case f.Store != object.GCS || f.ReplacedBy != 0:
		return ""
	case object.IsPart(f.Key):
		return "part" // of an upload that is under way
	case strings.HasSuffix(f.Key, "/"):
		return "folder"
	case d.Size == 0:
		return "empty"
	}
	return ""
}
