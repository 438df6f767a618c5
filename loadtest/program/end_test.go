package program

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A program that ends by itself tells what it took, or why it failed.
func TestWait(t *testing.T) {
	for script, want := range map[string]string{
		`i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`: "",
		`echo sorry; exit 3`: "exit status 3; it wrote last:\nsorry",
	} {
		p, err := Start("/bin/sh", nil, filepath.Join(t.TempDir(), "log"), "-c", script)
		if err != nil {
			t.Fatal(err)
		}
		took, err := p.Wait()
		if want == "" && (err != nil || took <= 0 || took > time.Minute) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %s, error %v, want %q", script, took, err, want)
		}
	}
}
