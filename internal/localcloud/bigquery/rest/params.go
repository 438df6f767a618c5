package rest

import (
	"github.com/seneka-io/seneka/internal/localcloud/bigquery/gsql"
	"github.com/seneka-io/seneka/internal/row"
)

// parameter is a query parameter:
// https://cloud.google.com/bigquery/docs/reference/rest/v2/QueryParameter. The client library's
// type for it cannot tell an empty text from NULL.
type parameter struct {
	Name           string         `json:"name"`
	ParameterType  parameterType  `json:"parameterType"`
	ParameterValue parameterValue `json:"parameterValue"`
}

type parameterType struct {
	Type        string         `json:"type"`
	ArrayType   *parameterType `json:"arrayType"`
	StructTypes []structType   `json:"structTypes"`
}

type structType struct {
	Name string        `json:"name"`
	Type parameterType `json:"type"`
}

type parameterValue struct {
	Value        *string                   `json:"value"`
	ArrayValues  []parameterValue          `json:"arrayValues"`
	StructValues map[string]parameterValue `json:"structValues"`
}

func queryParams(list []parameter) ([]gsql.Param, error) {
	params := make([]gsql.Param, len(list))
	for i, p := range list {
		c, err := p.ParameterType.column()
		if err != nil {
			return nil, err
		}
		params[i] = gsql.Param{Name: p.Name, Type: c, Value: p.ParameterValue.of(c)}
	}
	return params, nil
}

func (t parameterType) column() (row.Column, error) {
	switch {
	case t.Type == "ARRAY" && t.ArrayType != nil && t.ArrayType.Type != "ARRAY":
		c, err := t.ArrayType.column()
		c.Mode = row.Repeated
		return c, err
	case t.Type == "STRUCT":
		c := row.Column{Type: row.Struct}
		for _, f := range t.StructTypes {
			field, err := f.Type.column()
			if err != nil {
				return c, err
			}
			field.Name = f.Name
			c.Fields = append(c.Fields, field)
		}
		return c, nil
	case t.Type == "" || t.Type == "ARRAY":
		return row.Column{}, badRequest("Invalid value for parameterType: %q", t.Type)
	default:
		return row.Column{Type: sqlType(t.Type)}, nil
	}
}

// of returns the value in the form that gsql takes for a parameter of type c.
func (v parameterValue) of(c row.Column) any {
	switch {
	case c.Mode == row.Repeated:
		c.Mode = row.Nullable
		list := make([]any, len(v.ArrayValues))
		for i, e := range v.ArrayValues {
			list[i] = e.of(c)
		}
		return list
	case c.Type == row.Struct:
		if v.StructValues == nil {
			return nil
		}
		list := make([]any, len(c.Fields))
		for i, f := range c.Fields {
			list[i] = v.StructValues[f.Name].of(f)
		}
		return list
	case v.Value == nil:
		return nil
	default:
		return *v.Value
	}
}
