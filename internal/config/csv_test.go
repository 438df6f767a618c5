package config

import (
	"strings"
	"testing"
)

// withCSV is a configuration whose only source has these settings.
func withCSV(settings string) string {
	head, _, _ := strings.Cut(valid, "sources:")
	return head + "sources: [{name: app, match: 's3://app/**', format: tsv, table: logs.app, schema: app.json, csv: " + settings + "}]"
}

var csvFormats = Formats{"csv": true, "tsv": true}

func TestCSV(t *testing.T) {
	tests := []struct {
		settings string
		want     CSV
	}{
		{"{}", CSV{}},
		{`{delimiter: ";"}`, CSV{Delimiter: ";"}},
		{`{delimiter: "\t", header: present}`, CSV{Delimiter: "\t", Header: "present"}},
		{`{delimiter: \t}`, CSV{Delimiter: "\t"}},
		{"{delimiter: '|', header: auto, skip_rows: 2, null_marker: '\\N'}", CSV{Delimiter: "|", Header: "auto", SkipRows: 2, NullMarker: `\N`}},
		{"{skip_rows: 0, null_marker: ''}", CSV{}},
	}
	for _, tt := range tests {
		c, err := Parse("seneka.yaml", []byte(withCSV(tt.settings)), csvFormats)
		if err != nil {
			t.Errorf("%s: %v", tt.settings, err)
			continue
		}
		if got := c.Sources[0].CSV; got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.settings, got, tt.want)
		}
		text, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse("seneka.yaml", text, csvFormats); err != nil || again.Sources[0].CSV != tt.want {
			t.Errorf("%s: written and read again: %v\n%s", tt.settings, err, text)
		}
	}
}

func TestCSVErrors(t *testing.T) {
	const noDelimiter = `must be one character, neither a quote nor a space; write ";", "|" or "\t"`
	tests := []struct{ settings, want string }{
		{"yes", "sources[0].csv: must be keys and values; known: delimiter, header, skip_rows, null_marker"},
		{"{quote: x}", "sources[0].csv.quote: unknown key"},
		{`{delimiter: ""}`, noDelimiter},
		{`{delimiter: "||"}`, noDelimiter},
		{`{delimiter: "\""}`, noDelimiter},
		{`{delimiter: " "}`, noDelimiter},
		{`{delimiter: "é"}`, noDelimiter},
		{"{header: true}", `sources[0].csv.header: "true": must be auto or present or absent`},
		{"{skip_rows: -1}", `"-1": must be a number of lines, 1000000 at most; write skip_rows: 1`},
		{"{skip_rows: 1000001}", "must be a number of lines"},
		{"{skip_rows: one}", "must be a number of lines"},
	}
	for _, tt := range tests {
		if _, err := Parse("seneka.yaml", []byte(withCSV(tt.settings)), csvFormats); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want it to say %q", tt.settings, err, tt.want)
		}
	}
}
