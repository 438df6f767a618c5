//go:build browser

package browser

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/localcloud/cloudtest"
)

// What a page asks for and what goes wrong in it is noticed; else the tests that rely on it see nothing.
func TestNotices(t *testing.T) {
	address := cloudtest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<body style="margin:0"><div style="width:500px">x</div><img src="gone.png"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><script>console.log("said"); none()</script>`))
	}))
	b := Start(t)
	p := b.Open(address+"/", View{Width: 360, Height: 640, Dark: true})
	if got := p.Requests(); !slices.Contains(got, address+"/gone.png") {
		t.Errorf("requests %q", got)
	}
	for _, want := range []string{"said", "none is not defined", "404"} {
		if problems := strings.Join(p.Problems(), "\n"); !strings.Contains(problems, want) {
			t.Errorf("no %q in %s", want, problems)
		}
	}
	var seen struct {
		Width, Scroll int
		Dark, Print   bool
	}
	p.Eval(`({Width: innerWidth, Scroll: document.documentElement.scrollWidth, Dark: matchMedia("(prefers-color-scheme: dark)").matches, Print: matchMedia("print").matches})`, &seen)
	if seen.Width != 360 || seen.Scroll != 500 || !seen.Dark || seen.Print {
		t.Errorf("seen %+v", seen)
	}
	if shot := p.Screenshot(); !strings.HasPrefix(string(shot), "\x89PNG") {
		t.Errorf("a screenshot of %d bytes", len(shot))
	}
	b.Open(address+"/", View{Width: 1280, Height: 800, Print: true}).Eval(`({Width: innerWidth, Print: matchMedia("print").matches})`, &seen)
	if seen.Width != 1280 || !seen.Print {
		t.Errorf("printed %+v", seen)
	}
}
