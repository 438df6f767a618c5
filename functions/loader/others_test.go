package loader

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/internal/telemetry"
)

var created = time.Date(2026, 3, 1, 0, 0, 0, 123e6, time.UTC)

// described is an object that others put into the landing bucket.
func described() object.Description {
	return object.Description{Size: 3, MD5: []byte("0123456789abcdef"), CRC32C: 1, HasCRC32C: true, Created: created, Metadata: map[string]string{"mtime": "1"}}
}

// announce returns the body of a push request for an object of that name, with its description or
// without.
func announce(name string, d *object.Description) string {
	format, data := "NONE", []byte(nil)
	if d != nil {
		format = "JSON_API_V1"
		data, _ = json.Marshal(map[string]any{
			"bucket": "landing", "name": name, "generation": "7", "size": fmt.Sprint(d.Size), "md5Hash": d.MD5, "crc32c": "AAAAAQ==",
			"timeCreated": d.Created, "metadata": d.Metadata,
		})
	}
	body, _ := json.Marshal(map[string]any{
		"message": map[string]any{
			"attributes": map[string]string{"eventType": "OBJECT_FINALIZE", "bucketId": "landing", "objectId": name, "objectGeneration": "7", "payloadFormat": format},
			"data":       base64.StdEncoding.EncodeToString(data), "messageId": "11", "publishTime": "2026-03-01T00:00:02.5Z",
		},
		"subscription": "projects/local/subscriptions/loader",
	})
	return string(body)
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

// An object that others put into landing is loaded under its own name, as the same version whether
// the notification describes it or the store does.
func TestHandlerLoadsObjectsOfOthers(t *testing.T) {
	want := load.File{
		Landed: object.Landed{Bucket: "landing", Name: "in/x.log", Generation: 7}, Published: time.Date(2026, 3, 1, 0, 0, 2, 5e8, time.UTC),
		Attrs: object.Attrs{Event: object.Event{
			Source: object.Source{Store: object.GCS, Bucket: "landing", Key: "in/x.log"}, Time: created,
			Version: object.Version{ETag: "30313233343536373839616263646566", Size: 3},
		}},
	}
	d := described()
	for name, body := range map[string]string{"described": announce("in/x.log", &d), "not described": announce("in/x.log", nil)} {
		var got load.File
		h := handler(func(f load.File) (load.Result, error) { got = f; return load.Result{Outcome: load.Loaded}, nil })
		h.Describe = func(_ context.Context, o object.Landed) (object.Description, int64, error) {
			if o != want.Landed {
				t.Errorf("asked for %s", o)
			}
			return described(), 7, nil
		}
		if status := post(t, h, jsonHeader, body); status != http.StatusOK || got != want {
			t.Errorf("%s: status %d, loaded %+v; want %+v", name, status, got, want)
		}
	}
}

// What others put into landing and is no file is left alone.
func TestHandlerLeavesAlone(t *testing.T) {
	h := handler(func(f load.File) (load.Result, error) {
		t.Errorf("%s is loaded", f.Source)
		return load.Result{}, nil
	})
	h.Describe = func(context.Context, object.Landed) (object.Description, int64, error) {
		return object.Description{}, 0, errkind.With(errkind.NotFound, errors.New("404"))
	}
	full, empty := described(), described()
	empty.Size = 0
	part := "gcloud/tmp/parallel_composite_uploads/see_gcloud_storage_cp_help_for_details/1_x.log_component_3"
	for what, body := range map[string]string{
		"folder": announce("in/", &full), "empty file": announce("in/x.log", &empty), "part": announce(part, &full), "part that is gone": announce(part, nil),
	} {
		if status := post(t, h, jsonHeader, body); status != http.StatusNoContent {
			t.Errorf("%s: status %d, want 204", what, status)
		}
	}
}

// A landing object that is gone before anybody read what it was: where a newer one has come in its
// place, that one's event follows.
func TestHandlerGoneUndescribed(t *testing.T) {
	notFound := errkind.With(errkind.NotFound, errors.New("404"))
	tests := []struct {
		name string
		live func() (object.Description, int64, error)
		want int
		file object.Source // of the load, which knows that there is nothing to read
	}{
		{"a newer copy", func() (object.Description, int64, error) {
			return object.Description{Metadata: attrs.Metadata()}, 9, nil
		}, 200, attrs.Source},
		{"a newer one of others", func() (object.Description, int64, error) { return described(), 9, nil }, 200,
			object.Source{Store: object.GCS, Bucket: "landing", Key: "src/a b+c.log"}},
		{"none", func() (object.Description, int64, error) { return object.Description{}, 0, notFound }, 503, object.Source{}},
		{"an older one", func() (object.Description, int64, error) { return described(), 6, nil }, 503, object.Source{}},
		{"no answer", func() (object.Description, int64, error) { return object.Description{}, 0, errors.New("down") }, 503, object.Source{}},
		{"broken metadata", func() (object.Description, int64, error) {
			return object.Description{Metadata: map[string]string{"seneka-bucket": "b", "seneka-key": "k", "seneka-size": "x"}}, 9, nil
		}, 503, object.Source{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got load.File
			h := handler(func(f load.File) (load.Result, error) { got = f; return load.Result{Outcome: load.Superseded}, nil })
			h.Describe = func(_ context.Context, o object.Landed) (object.Description, int64, error) {
				if o.Generation == 0 {
					return tt.live()
				}
				return object.Description{}, 0, notFound
			}
			status := post(t, h, jsonHeader, push("OBJECT_FINALIZE", false))
			if status != tt.want || got.Source != tt.file || (tt.want == 200) != (got.ReplacedBy == 9) || got.ETag != "" {
				t.Errorf("status %d, load of %+v; want %d and %s", status, got, tt.want, tt.file)
			}
		})
	}
}

// An object that cannot be described is not dropped: the message comes again.
func TestHandlerCannotDescribe(t *testing.T) {
	broken := attrs.Metadata()
	broken["seneka-size"] = "x"
	for name, describe := range map[string]Describe{
		"no answer": func(context.Context, object.Landed) (object.Description, int64, error) {
			return object.Description{}, 0, errors.New("down")
		},
		"broken metadata": func(context.Context, object.Landed) (object.Description, int64, error) {
			return object.Description{Metadata: broken}, 7, nil
		},
	} {
		h := handler(func(f load.File) (load.Result, error) {
			t.Errorf("%s: %s is loaded", name, f.Source)
			return load.Result{}, nil
		})
		h.Describe = describe
		if status := post(t, h, jsonHeader, push("OBJECT_FINALIZE", false)); status != http.StatusServiceUnavailable {
			t.Errorf("%s: status %d, want 503", name, status)
		}
	}
}

// What no source matches is acknowledged, counted and noted; a file that its format ignores is not
// such a one. The log has a line for the latter only.
func TestHandlerUnmatched(t *testing.T) {
	var said strings.Builder
	var noted []object.Source
	res := load.Result{Outcome: load.Ignored}
	h := handler(func(load.File) (load.Result, error) { return res, nil })
	h.Log = slog.New(slog.NewTextHandler(&said, nil))
	h.Tally = telemetry.NewTally(h.Log, "files")
	h.Unmatched = func(_ context.Context, s object.Source) { noted = append(noted, s) }
	if status := post(t, h, jsonHeader, push("OBJECT_FINALIZE", true)); status != http.StatusNoContent {
		t.Errorf("status %d, want 204", status)
	}
	if len(noted) != 1 || noted[0] != attrs.Source || said.Len() > 0 {
		t.Errorf("noted %v, log %q; want the file noted and no line", noted, said.String())
	}
	res.Target.Source = "alb"
	if status := post(t, h, jsonHeader, push("OBJECT_FINALIZE", true)); status != http.StatusOK || len(noted) != 1 {
		t.Errorf("a control file: status %d, noted %v", status, noted)
	}
	h.Tally.Close()
	if !strings.Contains(said.String(), "msg=files ignored=1 unmatched=1") {
		t.Errorf("the log has %q", said.String())
	}
}
