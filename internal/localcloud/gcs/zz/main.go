package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/seneka-io/seneka/internal/localcloud/gcs"
)

func main() {
	s, err := gcs.New(gcs.Options{Dir: os.Args[1], Publish: func(_ context.Context, t string, d []byte, a map[string]string) error {
		fmt.Println("PUBLISH", t, string(d), a)
		return nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	s.CreateBucket("landing")
	s.SetNotification("landing", "projects/local/topics/t")
	log.Fatal(http.ListenAndServe("127.0.0.1:9911", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &rec{w, 200}
		s.ServeHTTP(rec, r)
		fmt.Println(r.Method, r.URL, rec.code)
	})))
}

type rec struct {
	http.ResponseWriter
	code int
}

func (r *rec) WriteHeader(c int) { r.code = c; r.ResponseWriter.WriteHeader(c) }
