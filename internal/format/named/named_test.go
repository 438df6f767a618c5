package named

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seneka-io/seneka/internal/format/fields"
	"github.com/seneka-io/seneka/internal/row"
)

var layout = Layout{
	{Column: fields.Column("derived", row.Int64, "Derived.")},
	Text("cs_user_agent", "Agent."),
	Int("sc_status", "Status."),
	Float("time_taken", "Seconds."),
	Text("timestamp_ms", "Milliseconds."),
}

func read(t *testing.T, h *Header, tokens ...string) string {
	t.Helper()
	rec := row.NewRecord(len(layout) + 1)
	for i := range rec.Values {
		rec.Values[i].SetBytes([]byte("left over"))
	}
	var split [][]byte
	for _, token := range tokens {
		split = append(split, []byte(token))
	}
	if err := h.Read(rec.Values, split); err != nil {
		return err.Error()
	}
	var b strings.Builder
	for i, c := range layout.Columns() {
		switch v := &rec.Values[i]; v.Kind() {
		case row.KindBytes:
			fmt.Fprintf(&b, "%s=%s ", c.Name, v.Bytes())
		case row.KindInt:
			fmt.Fprintf(&b, "%s=%d ", c.Name, v.Int())
		case row.KindFloat:
			fmt.Fprintf(&b, "%s=%v ", c.Name, v.Float())
		}
	}
	return strings.TrimSpace(b.String())
}

func TestRead(t *testing.T) {
	tests := []struct {
		names  string
		tokens []string
		want   string
	}{
		{"cs(User-Agent) sc-status", []string{"curl", "200"}, "cs_user_agent=curl sc_status=200"},
		{"sc-status\tcs-user-agent", []string{"200", "curl"}, "cs_user_agent=curl sc_status=200"},
		{" timestamp(ms)  TIME_TAKEN ", []string{"7", "0.5"}, "time_taken=0.5 timestamp_ms=7"},
		{"sc-status", []string{"-"}, ""},
		{"sc-status sc-status sc-status", []string{"1", "2", "3"}, `sc_status=1 extra={"sc-status":"2","sc-status":"3"}`},
		{"derived", []string{"1"}, `extra={"derived":"1"}`},
		{"a b c", []string{"1", "-", ""}, `extra={"a":"1"}`},
		{"sc-status a", []string{"1", "x", "y", "z"}, `sc_status=1 extra={"a":"x","field_3":"y","field_4":"z"}`},
		{"sc-status time-taken", []string{"1"}, "sc_status=1"},
		{"sc-status", []string{"OK"}, `column sc_status: "OK" is not a number`},
		{"sc-status", slices.Repeat([]string{"1"}, MaxFields+1), "the line has more than 10000 fields"},
		{strings.Repeat("a ", MaxFields) + "sc-status", []string{"1"}, `extra={"a":"1"}`},
	}
	for _, tt := range tests {
		h := NewHeader(layout)
		h.Set([]byte("time-taken sc-status cs(User-Agent)"))
		h.Set([]byte(tt.names))
		if got := read(t, h, tt.tokens...); got != tt.want {
			t.Errorf("%.50s: %.50s gives %q, want %q", tt.names, tt.tokens, got, tt.want)
		}
	}
}

func TestSetIfNames(t *testing.T) {
	for line, want := range map[string]bool{
		"sc-status a":      true,
		"a sc_status":      true,
		"sc-status":        true,
		"cs(User-Agent) B": false,
		"a b":              false,
		"sc-status 200":    false,
		"sc-status -":      false,
		"sc-status a.b":    false,
		"derived":          false,
		"":                 false,
	} {
		h := NewHeader(layout)
		if got := h.SetIfNames([]byte(line), Split(nil, []byte(line), ' ')); got != want || (h.Len() > 0) != want {
			t.Errorf("SetIfNames(%q) = %v, names %d", line, got, h.Len())
		}
	}
}

func TestHeaderAllocatesOnce(t *testing.T) {
	h := NewHeader(layout)
	line, rec := []byte("a sc-status"), row.NewRecord(len(layout)+1)
	tokens, values := Split(nil, line, ' '), Split(nil, []byte("x 1 y z"), ' ')
	if n := testing.AllocsPerRun(100, func() {
		if !h.SetIfNames(line, tokens) || h.Read(rec.Values, values) != nil {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		line      string
		separator byte
		want      []string
	}{
		{"a\tb", '\t', []string{"a", "b"}},
		{"\ta\t\tb c\t", '\t', []string{"", "a", "", "b c", ""}},
		{"  a  b ", ' ', []string{"a", "b"}},
		{"", ' ', nil},
		{"", '\t', []string{""}},
		{"a", ' ', []string{"a"}},
	} {
		if got := fmt.Sprintf("%q", Split(nil, []byte(tt.line), tt.separator)); got != fmt.Sprintf("%q", tt.want) {
			t.Errorf("Split(%q) = %s", tt.line, got)
		}
	}
	if got := Split(nil, []byte(strings.Repeat("a ", 2*MaxFields)), ' '); len(got) != MaxFields+1 {
		t.Errorf("%d fields", len(got))
	}
}

func TestColumns(t *testing.T) {
	columns := layout.Columns()
	if last := columns[len(columns)-1]; len(columns) != len(layout)+1 || last.Name != "extra" || last.Type != row.JSON {
		t.Errorf("columns %+v", columns)
	}
}
