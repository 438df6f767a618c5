package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			t.Errorf("%s is asked for", r.URL)
		}
		w.WriteHeader(status)
	}))
	defer s.Close()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	ask := func() error {
		return health(t.Context(), func(name string) string { return map[string]string{"SENEKA_METRICS_PORT": port}[name] })
	}
	if err := ask(); err != nil {
		t.Errorf("a forwarder that is well: %v", err)
	}
	for want, change := range map[string]func(){
		"503":                        func() { status = http.StatusServiceUnavailable },
		"invalid port":               func() { port = "x y" },
		"SENEKA_METRICS_PORT is not": func() { port = "" },
	} {
		was := port
		change()
		if err := ask(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to say %q", err, want)
		}
		port = was
	}
	s.Close()
	if err := ask(); err == nil {
		t.Error("nobody listens, and all is well")
	}
}
