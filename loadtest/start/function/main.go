// Command function serves the managed function, which makes its clients when the first push comes, for make start.
// What the functions framework does besides is left out: it is in the programs that buildpacks make alone.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/seneka-io/seneka/functions/loader"
)

func main() {
	s := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), ReadHeaderTimeout: time.Minute, Handler: new(loader.Function)}
	_ = s.ListenAndServe() // it is killed
}
