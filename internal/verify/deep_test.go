//go:build cgo

package verify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// Rows are compared with lines value by value, in every type; what a person changed is found.
func TestDeep(t *testing.T) {
	c := newCloud(t)
	c.bring("alb/a.log", c.lines)
	record := func(n int, more string) string {
		return fmt.Sprintf(`{"time":"2026-01-02T03:04:05.%06dZ","n":%d,"f":1e-3,"price":"12.50","big":1e20,"day":"2026-01-02","at":"2026-01-02T03:04:05.5","clock":"03:04:05",`+
			`"yes":true,"raw":"AP8=","text":"日本 %d","doc":{"b":[1,2.0,{"c":null}],"a":"x"},"tags":["x","y"],"who":{"name":"w","ids":[1,2]},"where":"POINT(1 2)"%s}`+"\n", n, n, n, more)
	}
	content := record(1, "") + "no JSON\n" + record(2, `,"unknown":{"z":1,"a":1.50}`) + record(3, "") + strings.Repeat(record(4, ""), 10) + `{"n":5}` + "\n"
	c.bring("app/a.json", []byte(content))

	sampler := NewSampler(10, "seed")
	_, result := c.verify(Options{}, sampler)
	if n := result.Totals.Differences(); n != 0 {
		t.Fatalf("%d differences", n)
	}
	deep := &Deep{Most: 3, Rows: c.query.Rows, Open: func(ctx context.Context, f *Facts) (io.ReadCloser, error) { return c.s3s.Open(ctx, f.Event) }}
	compare := func() map[string]*Comparison {
		t.Helper()
		found := map[string]*Comparison{}
		for _, e := range sampler.Chosen() {
			got, err := deep.Compare(t.Context(), e)
			c.must(err)
			found[e.Source] = got
		}
		return found
	}
	got := compare()
	for source, rows := range map[string]int64{"alb": int64(bytes.Count(c.lines, []byte("\n"))), "app": 14} {
		g := got[source]
		if g == nil || g.Different != 0 || g.Rows != rows || g.Values < rows*15 {
			t.Errorf("%s: %+v", source, g)
		}
	}
	if g := got["app"]; g.Rejects != 1 || !slices.Equal(g.NotCompared, []string{"where"}) {
		t.Errorf("app: %+v", g)
	}

	for column, value := range map[string]string{
		"n": "7", "f": "2", "price": "1", "day": "DATE '2026-01-01'", "at": "TIMESTAMP '2026-01-01'", "clock": "TIME '01:00:00'", "yes": "false",
		"raw": `'\x00'::BLOB`, "text": "'x'", "doc": `'{"a":"x"}'`, "tags": "['x']", "extra": "NULL",
		"who": "{'name': 'v', 'ids': [1, 2]}",
	} {
		line, table := 1, `"local.logs"."app"`
		if column == "extra" {
			line = 3
		}
		saved := fmt.Sprintf("CREATE TABLE saved AS SELECT * FROM %s", table)
		c.exec(saved)
		c.exec(fmt.Sprintf(`UPDATE %s SET "%s" = %s WHERE source_line = %d`, table, column, value, line))
		g := compare()["app"]
		if g.Different != 1 || g.Differences[0].Column != column || g.Differences[0].Line != int64(line) || g.Differences[0].File == g.Differences[0].Table {
			t.Errorf("%s was changed: %+v", column, g)
		}
		c.exec("DELETE FROM " + table)
		c.exec("INSERT INTO " + table + " SELECT * FROM saved")
		c.exec("DROP TABLE saved")
	}

	// Rows under other lines: one lacks, and one is too many.
	c.exec(`UPDATE "local.logs"."alb" SET source_line = 1000 WHERE source_line = 2`)
	if g := compare()["alb"]; g.Different != 2 || g.Differences[0].Line != 1000 || g.Differences[1].Line != 2 || g.Differences[0].Column != "" {
		t.Errorf("a row of another line: %+v", g)
	}
}
