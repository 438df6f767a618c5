package gcsstore

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// Whoever knows the session of an upload may write the object: no error tells it, as those of the
// HTTP client do, which quote the address.
// https://cloud.google.com/storage/docs/resumable-uploads#session-uris
func TestErrorsKeepUploadSessions(t *testing.T) {
	b := newBench(t)
	session := ""
	b.proxy.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if id := r.URL.Query().Get("upload_id"); id != "" {
			session = id
			http.Redirect(w, r, "nowhere://host"+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
	err := b.store.Copy(t.Context(), "landing", "x", bytes.NewReader(make([]byte, wholeMax+1)), wholeMax+1, nil, 0)
	if err == nil || session == "" {
		t.Fatalf("error %v after session %q", err, session)
	}
	if strings.Contains(err.Error(), session) {
		t.Errorf("the error tells the session %s: %v", session, err)
	}
	if !strings.Contains(err.Error(), "upload_id=REDACTED") || !strings.Contains(err.Error(), "unsupported protocol") {
		t.Errorf("the error says no more what happened: %v", err)
	}
}
