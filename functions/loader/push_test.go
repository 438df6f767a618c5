package loader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/load"
	"github.com/seneka-io/seneka/internal/pushauth"
	"github.com/seneka-io/seneka/internal/pushauth/pushtest"
)

// A push that is refused is not read, and loads nothing.
func TestHandlerRefusesPushes(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, http.StatusOK},
		{errkind.With(errkind.Permanent, errors.New("no token")), http.StatusUnauthorized},
		{errkind.With(errkind.Permanent, pushauth.ErrForbidden), http.StatusForbidden},
		{errkind.With(errkind.Transient, errors.New("no keys")), http.StatusServiceUnavailable},
	}
	for _, tt := range tests {
		loads := 0
		h := handler(func(load.File) (load.Result, error) { loads++; return load.Result{Outcome: load.Loaded}, nil })
		h.Authorize = func(_ context.Context, _ http.Header) error { return tt.err }
		body := strings.NewReader(push("OBJECT_FINALIZE", true))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.NopCloser(body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		unread := body.Len() > 0
		if w.Code != tt.want || (loads == 1) != (tt.err == nil) || unread != (tt.err != nil) {
			t.Errorf("%v: status %d, want %d; %d loads; body unread: %v", tt.err, w.Code, tt.want, loads, unread)
		}
	}
}

// The whole loader, with its services away: whoever is let in meets them.
func TestOpenChecksPushes(t *testing.T) {
	servicesAway(t)
	t.Setenv("SENEKA_PUSH_AUDIENCE", pushtest.Audience)
	t.Setenv("SENEKA_PUSH_SERVICE_ACCOUNT", pushtest.Account)
	google := pushtest.New(t)
	var logs bytes.Buffer
	app, err := open(t.Context(), os.Getenv, slog.New(slog.NewTextHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug})), google)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close()
	tests := []struct {
		name, token string
		want        int
	}{
		{"good", google.Token(t, pushtest.Head, nil), http.StatusNoContent},
		{"none", "", http.StatusUnauthorized},
		{"expired", google.Token(t, pushtest.Head, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}), http.StatusUnauthorized},
		{"another audience", google.Token(t, pushtest.Head, map[string]any{"aud": "other"}), http.StatusUnauthorized},
		{"another account", google.Token(t, pushtest.Head, map[string]any{"email": "other@example.com"}), http.StatusForbidden},
	}
	for _, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(push("OBJECT_DELETE", true)))
		r.Header.Set("Content-Type", "application/json")
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		w := httptest.NewRecorder()
		app.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: status %d, want %d: %s", tt.name, w.Code, tt.want, w.Body)
		}
		for _, part := range strings.Split(tt.token, ".") {
			if part != "" && strings.Contains(logs.String()+w.Body.String(), part) {
				t.Errorf("%s: a part of the token is logged or sent back", tt.name)
			}
		}
	}
	if n := strings.Count(logs.String(), "push refused"); n != len(tests)-1 {
		t.Errorf("%d refusals were logged, want %d:\n%s", n, len(tests)-1, &logs)
	}
}

// Half a setting must not leave the door open.
func TestOpenWantsBothSettings(t *testing.T) {
	for name, missing := range map[string]string{"SENEKA_PUSH_AUDIENCE": "SENEKA_PUSH_SERVICE_ACCOUNT", "SENEKA_PUSH_SERVICE_ACCOUNT": "SENEKA_PUSH_AUDIENCE"} {
		servicesAway(t)
		t.Setenv(name, "x")
		t.Setenv(missing, "")
		app, err := Open(t.Context(), os.Getenv, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), missing+" is not") {
			t.Errorf("only %s is set: error %v", name, err)
		}
		if app != nil {
			app.Close()
		}
	}
}
