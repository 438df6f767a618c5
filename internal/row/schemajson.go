package row

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// apiNames are the types that BigQuery's REST API answers by a legacy name
// (https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema).
var apiNames = map[Type]string{Bool: "BOOLEAN", Int64: "INTEGER", Float64: "FLOAT", Struct: "RECORD"}

// fileColumn is a Column as it stands in a JSON schema file.
type fileColumn struct {
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	Mode        string       `json:"mode,omitempty"`
	Description string       `json:"description,omitempty"`
	Fields      []fileColumn `json:"fields,omitempty"`
	Range       *fileType    `json:"rangeElementType,omitempty"`
	ignored
}

// ignored are the members of BigQuery's schemas that say nothing of what a column's values are.
// Seneka does not set them on tables that it makes: a table that needs them is made beforehand.
type ignored struct {
	PolicyTags         json.RawMessage `json:"policyTags,omitempty"`
	DataPolicies       json.RawMessage `json:"dataPolicies,omitempty"`
	MaxLength          json.RawMessage `json:"maxLength,omitempty"`
	Precision          json.RawMessage `json:"precision,omitempty"`
	Scale              json.RawMessage `json:"scale,omitempty"`
	RoundingMode       json.RawMessage `json:"roundingMode,omitempty"`
	Collation          json.RawMessage `json:"collation,omitempty"`
	DefaultValue       json.RawMessage `json:"defaultValueExpression,omitempty"`
	TimestampPrecision json.RawMessage `json:"timestampPrecision,omitempty"`
	Categories         json.RawMessage `json:"categories,omitempty"`
}

// fileType is the type of a RANGE's bounds.
type fileType struct {
	Type string `json:"type"`
}

// ParseSchema reads a BigQuery JSON schema file, an array of fields as `bq show --schema` prints
// it, and validates it. Types and modes are read in any case, and the legacy names INTEGER, FLOAT,
// BOOLEAN and RECORD with them. Members of the REST API that say nothing of a column's
// values, such as policyTags or maxLength, are passed over; others are errors.
func ParseSchema(data []byte) (Schema, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var file []fileColumn
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("schema: want a JSON array of fields with name, type, mode, description and fields: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("schema: something follows the array, at byte %d", dec.InputOffset())
	}
	s := Schema(fromFile(file))
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return s, nil
}

// JSON returns s as a BigQuery JSON schema file, with the type names that the REST API answers.
func (s Schema) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(toFile(s)); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return b.Bytes(), nil
}

func fromFile(file []fileColumn) []Column {
	if len(file) == 0 {
		return nil
	}
	cols := make([]Column, len(file))
	for i, f := range file {
		cols[i] = Column{
			Name:        f.Name,
			Type:        parseType(f.Type),
			Mode:        parseMode(f.Mode),
			Description: f.Description,
			Fields:      fromFile(f.Fields),
		}
		if f.Range != nil {
			cols[i].RangeElement = parseType(f.Range.Type)
		}
	}
	return cols
}

func toFile(cols []Column) []fileColumn {
	file := make([]fileColumn, len(cols))
	for i := range cols {
		c := &cols[i]
		name, ok := apiNames[c.Type]
		if !ok {
			name = string(c.Type)
		}
		file[i] = fileColumn{Name: c.Name, Type: name, Mode: string(parseMode(string(c.Mode))), Description: c.Description, Fields: toFile(c.Fields)}
		if c.RangeElement != "" {
			file[i].Range = &fileType{string(c.RangeElement)}
		}
	}
	return file
}

// parseType returns the type of an API name, legacy or not. What it does not know it returns as
// it is, for Validate to name.
func parseType(name string) Type {
	name = strings.ToUpper(name)
	for t, legacy := range apiNames {
		if name == legacy {
			return t
		}
	}
	return Type(name)
}

func parseMode(name string) Mode {
	if name == "" {
		return Nullable
	}
	return Mode(strings.ToUpper(name))
}
