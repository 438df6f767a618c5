package config_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/format/formats"
)

const schemaFile = "../../seneka.schema.json"

func TestJSONSchemaIsCommitted(t *testing.T) {
	want, err := config.JSONSchema(formats.Known())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the code says; run: bin/seneka config schema > seneka.schema.json", schemaFile)
	}
}

// What Parse takes, the schema takes; and what an editor should underline, it refuses.
func TestJSONSchemaAgainstParse(t *testing.T) {
	data, err := os.ReadFile("../../seneka.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	example := string(data)
	if !strings.Contains(example, "$schema=./seneka.schema.json") {
		t.Error("the example does not name its schema for editors")
	}
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, from, to string }{
		{"the example", "", ""},
		{"unknown key", "project:", "projects:"},
		{"unknown source key", "    format: alb", "    formats: alb"},
		{"unknown format", "format: alb", "format: apache"},
		{"bucket without gs://", "landing: gs://", "landing: s3://"},
		{"pattern without s3:// or gs://", "match: s3://", "match: http://"},
		{"table without a dataset", "table: payments_logs.alb", "table: alb"},
		{"compress", "compress: true", "compress: maybe"},
		{"events", "events: projects/acme-logs/topics/", "events: acme-logs/"},
		{"ratio", "max_reject_ratio: 0.01", "max_reject_ratio: 2"},
		{"partition", "by: day", "by: hour"},
		{"on_change", "on_change: ignore", "on_change: replace"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(example, tt.from, tt.to, 1)
			valid := tt.from == ""
			if !valid && text == example {
				t.Fatalf("the example has no %q", tt.from)
			}
			var value any
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err == nil) != valid {
				t.Errorf("schema: %v", err)
			}
			if _, err := config.Parse("x", []byte(text), formats.Known()); (err == nil) != valid {
				t.Errorf("Parse: %v", err)
			}
		})
	}
}
