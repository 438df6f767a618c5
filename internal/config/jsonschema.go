package config

import (
	"bytes"
	"encoding/json"
)

// JSONSchema returns the JSON Schema (draft 2020-12) of the configuration, for editors. It allows
// a little more than Parse, whose checks see across keys.
func JSONSchema(formats Formats) ([]byte, error) {
	schema := struct {
		Schema string `json:"$schema"`
		Title  string `json:"title"`
		node
	}{"https://json-schema.org/draft/2020-12/schema", "Seneka configuration", mapping("", []property{
		{"project", true, text("The Google Cloud project of the tables, the topic and both buckets.", `^[a-z][a-z0-9.:-]*$`)},
		{"landing", true, text("The bucket that files are copied to, gs://BUCKET. Its notifications start the load.", `^gs://[a-z0-9][a-z0-9._-]+/?$`)},
		{"ledger", true, text("The bucket of the claims, gs://BUCKET: which files are loaded. Not the landing bucket, and without a lifecycle rule.", `^gs://[a-z0-9][a-z0-9._-]+/?$`)},
		{"queue", true, text("URL of the SQS queue that the S3 buckets notify, a standard queue.", `^https?://`)},
		{"compress", false, node{Type: "boolean", Description: "Gzip files that are plain text on their way to landing: bytes that leave AWS are paid for.", Default: true}},
		{"events", false, text("The Pub/Sub topic that hears of each file that is loaded, projects/PROJECT/topics/TOPIC; without it none does.", `^projects/[^/]+/topics/[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)},
		{"sources", true, node{Type: "array", Description: "Which files go into which table. The first source that matches a file takes it.", MinItems: 1, Items: new(sourceNode(formats))}},
	})}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(schema)
	return b.Bytes(), err
}

// sourceNode describes one entry of sources: each of sourceKeys once, in that order.
func sourceNode(formats Formats) node {
	return mapping("A rule: which files, in which format, into which table.", []property{
		{"name", true, text("Unique name; it stands in logs and in seneka_load_log.", "")},
		{"match", true, text("s3://BUCKET/PATTERN, or gs://LANDING-BUCKET/PATTERN for objects that others put there. ? is one character but a slash, * any but slashes, ** any, {name} takes one or more but slashes for the table's name.", `^(s3|gs)://[^/]+/.+`)},
		{"format", true, node{Type: "string", Description: "How the bytes become rows.", Enum: formats.names()}},
		{"table", true, text("dataset.name; the name may hold {placeholders} of match.", `^[A-Za-z0-9_]+\.[^.]+$`)},
		{"schema", false, text("A BigQuery JSON schema file, for formats without columns of their own: a path, relative to this file, or gs://BUCKET/NAME. Without it parquet, and csv and tsv with csv: {header: present}, have the columns of each file.", "")},
		{"partition", false, mapping("How the table is partitioned; without it as the format says.", []property{
			{"column", true, text("A TIMESTAMP, DATETIME or DATE column.", "")},
			{"by", true, node{Type: "string", Description: "The only value: day.", Enum: []string{"day"}}},
		})},
		{"on_conflict", false, node{Type: "string", Description: "A value that its column does not take: its record is a reject, or it goes to the column extra and its own is NULL. For formats without columns of their own.", Enum: []string{OnConflictReject, OnConflictExtra}, Default: OnConflictReject}},
		{"csv", false, mapping("How files of format csv or tsv are written.", []property{
			{"delimiter", false, text("One character between fields, \\t for a tab; without it a comma, or a tab for tsv.", `^(.|\\t|\t)$`)},
			{"header", false, node{Type: "string", Description: "Whether the first row names the columns; auto: if half of its fields or more are names of columns.", Enum: Headers, Default: Headers[0]}},
			{"skip_rows", false, node{Type: "integer", Description: "Lines to skip before the header, or the first row.", Minimum: new(0.0), Maximum: new(float64(maxSkip)), Default: 0}},
			{"null_marker", false, text("The text that is NULL if it has no quotes; without it an empty field is.", "")},
		})},
		{"on_change", false, node{Type: "string", Description: "A file that changed after it was loaded keeps its first rows, and the change is recorded.", Enum: []string{OnChangeIgnore}, Default: OnChangeIgnore}},
		{"max_reject_ratio", false, node{Type: "number", Description: "The share of a file's records that may be rejects; with more, nothing of the file is loaded.", Minimum: new(0.0), Maximum: new(1.0), Default: DefaultMaxRejectRatio}},
	})
}

// node is a JSON Schema.
type node struct {
	Type        string     `json:"type,omitempty"`
	Description string     `json:"description,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	Enum        []string   `json:"enum,omitempty"`
	Minimum     *float64   `json:"minimum,omitempty"`
	Maximum     *float64   `json:"maximum,omitempty"`
	Default     any        `json:"default,omitempty"`
	MinItems    int        `json:"minItems,omitempty"`
	Items       *node      `json:"items,omitempty"`
	Properties  properties `json:"properties,omitempty"`
	Required    []string   `json:"required,omitempty"`
	Additional  *bool      `json:"additionalProperties,omitempty"`
}

// property is a key of a mapping.
type property struct {
	name     string
	required bool
	node     node
}

// properties keep the order in which people write them.
type properties []property

// MarshalJSON writes an object of the properties, in order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(e.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(e.node)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func text(description, pattern string) node {
	return node{Type: "string", Description: description, Pattern: pattern}
}

func mapping(description string, keys []property) node {
	n := node{Type: "object", Description: description, Properties: keys, Additional: new(false)}
	for _, k := range keys {
		if k.required {
			n.Required = append(n.Required, k.name)
		}
	}
	return n
}
