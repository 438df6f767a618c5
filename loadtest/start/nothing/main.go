// Command nothing is an HTTP server that does nothing, for make start to compare the loader with.
package main

import (
	"net/http"
	"os"
	"time"
)

func main() {
	s := &http.Server{
		Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }),
	}
	_ = s.ListenAndServe() // it is killed
}
