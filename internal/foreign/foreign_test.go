//go:build cgo

package foreign

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"
	"testing"

	"google.golang.org/api/iterator"

	"github.com/seneka-io/seneka/internal/bqquery"
	"github.com/seneka-io/seneka/internal/object"
	"github.com/seneka-io/seneka/testdata"
)

func TestThroughForeignStandIns(t *testing.T) {
	s := newStack(t)
	lines, err := testdata.ALB.ReadFile("alb/vrl.log")
	if err != nil {
		t.Fatal(err)
	}
	gzipped, err := testdata.ALB.ReadFile("alb/lambda-promtail.log.gz")
	if err != nil {
		t.Fatal(err)
	}
	large := bytes.Repeat(lines, 1500) // over the size of one upload request, and of one append
	files := map[string][]byte{
		"plain.log": lines, "gzipped.log.gz": gzipped, "large.log": large,
		"a b+c %41 ü.log": lines, "x//../y.log": lines, strings.Repeat("k", 1024): lines, "line\nfeed.log": lines,
		"../../up.log": lines, "it's `a` \"b\"; DROP TABLE logs.alb; --.log": lines,
	}
	want := map[string]string{}
	for key, data := range files {
		n := bytes.Count(data, []byte("\n"))
		if strings.HasSuffix(key, ".gz") {
			n = 2
		}
		want[object.Source{Bucket: "logs", Key: key}.String()] = fmt.Sprint(n, " ", n)
		e := s.put(key, data)
		s.announce(e)
		s.announce(e)
	}
	gone := s.put("gone.log", lines)
	gone.ETag = strings.Repeat("0", 32) // another content has come since
	s.announce(gone)
	s.await(len(files))
	if got := s.rows(); !maps.Equal(got, want) {
		t.Errorf("rows and distinct lines of each file:\n%q, want\n%q", got, want)
	}
	s.wantNothingElsewhere()
}

// wantNothingElsewhere checks that no key led out of the folder that its copy and its claim belong in.
func (s *stack) wantNothingElsewhere() {
	s.Helper()
	client := s.gcs.Client()
	defer client.Close()
	for bucket, folder := range map[string]string{"landing": "logs/", "ledger": "claims/logs.alb/"} {
		for it := client.Bucket(bucket).Objects(s.Context(), nil); ; {
			attrs, err := it.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			if err != nil {
				s.Fatal(err)
			}
			if path.Clean("/"+attrs.Name) != "/"+attrs.Name || !strings.HasPrefix(attrs.Name, folder) || strings.ContainsAny(attrs.Name, "\r\n") {
				s.Errorf("gs://%s/%q is not in %s", bucket, attrs.Name, folder)
			}
		}
	}
}

// rows returns the number of rows and of distinct lines of each file.
func (s *stack) rows() map[string]string {
	s.Helper()
	bq, err := bqquery.New(s.Context(), "local", bqquery.EmulatorOptions(s.bq.REST)...)
	if err != nil {
		s.Fatal(err)
	}
	defer bq.Close()
	rows, err := bq.Query(s.Context(), "SELECT source_file, COUNT(*), COUNT(DISTINCT source_line) FROM logs.alb GROUP BY source_file")
	if err != nil {
		s.Fatal(err)
	}
	counts := map[string]string{}
	for {
		values, ok, err := rows.Next()
		if err != nil {
			s.Fatal(err)
		}
		if !ok {
			return counts
		}
		counts[fmt.Sprint(values[0])] = fmt.Sprint(values[1], " ", values[2])
	}
}
