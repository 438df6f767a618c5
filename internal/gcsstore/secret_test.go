package gcsstore

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/option"
)

// noSession fails every request of an upload in chunks but its first, and notes its session.
type noSession struct{ id string }

func (n *noSession) RoundTrip(r *http.Request) (*http.Response, error) {
	if id := r.URL.Query().Get("upload_id"); id != "" {
		n.id = id
		return nil, errors.New("x509: certificate signed by unknown authority")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Whoever knows the session of an upload may write the object: no error tells it.
// https://cloud.google.com/storage/docs/resumable-uploads#session-uris
func TestErrorsKeepUploadSessions(t *testing.T) {
	newBench(t) // sets where the store is
	transport := &noSession{}
	store, err := New(t.Context(), option.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = store.Copy(t.Context(), "landing", "x", bytes.NewReader(make([]byte, wholeMax+1)), wholeMax+1, nil, 0)
	if err == nil || transport.id == "" {
		t.Fatalf("error %v after session %q", err, transport.id)
	}
	if strings.Contains(err.Error(), transport.id) {
		t.Errorf("the error tells the session %s: %v", transport.id, err)
	}
	if !strings.Contains(err.Error(), "x509") {
		t.Errorf("the error says no more what happened: %v", err)
	}
}
