package gsql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

func jsonFunctions() []function {
	return slices.Concat(
		also(special("JSON_VALUE", 1, 2, emitJSONValue), "JSON_EXTRACT_SCALAR"),
		also(special("JSON_QUERY", 1, 2, emitJSONQuery), "JSON_EXTRACT"),
		also(special("JSON_VALUE_ARRAY", 1, 2, emitJSONValueArray), "JSON_EXTRACT_STRING_ARRAY"),
		also(special("JSON_QUERY_ARRAY", 1, 2, emitJSONQueryArray), "JSON_EXTRACT_ARRAY"),
		[]function{
			fn("PARSE_JSON", guarded("s:j", "$1 IS NOT NULL AND NOT json_valid($1)", "'Invalid input to PARSE_JSON: syntax error'", "json($1)")),
			special("TO_JSON_STRING", 1, 1, emitToJSONString),
			special("TO_JSON", 1, 1, emitToJSON),
			fn("JSON_TYPE", sig("j:s", "CASE json_type($1) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE CASE WHEN $1 IS NOT NULL THEN 'number' END END")),
			special("INT64", 1, 1, emitJSONScalar),
			special("FLOAT64", 1, 1, emitJSONScalar),
			special("BOOL", 1, 1, emitJSONScalar),
		})
}

// jsonMember adds a member's name to a path of DuckDB.
func jsonMember(path, name string) string {
	return path + `."` + strings.ReplaceAll(strings.ReplaceAll(name, `\`, `\\`), `"`, `\"`) + `"`
}

// jsonPath turns a JSONPath as BigQuery reads it ($, .name, ['name'], [0]) into DuckDB's; ok is
// false if it is none.
func jsonPath(s string) (path string, ok bool) {
	if !strings.HasPrefix(s, "$") {
		return "", false
	}
	path = "$"
	for s = s[1:]; s != ""; {
		var name string
		switch {
		case s[0] == '.':
			n := strings.IndexAny(s[1:]+".", ".[")
			name, s = s[1:1+n], s[1+n:]
		case strings.HasPrefix(s, "['") || strings.HasPrefix(s, `["`):
			end := strings.Index(s[2:], s[1:2]+"]")
			if end < 0 {
				return "", false
			}
			name, s = s[2:2+end], s[4+end:]
		default:
			i, rest, found := strings.Cut(s, "]")
			if _, err := strconv.ParseUint(strings.TrimPrefix(i, "["), 10, 31); !found || err != nil || s[0] != '[' {
				return "", false
			}
			path, s = path+i+"]", rest
			continue
		}
		if name == "" {
			return "", false
		}
		path = jsonMember(path, name)
	}
	return path, true
}

// json translates the arguments of a function of JSON and a path: argument 0, a JSON or a STRING
// that holds one, where a broken text counts as NULL; and the path as a constant. The path stands
// for $2 in templates.
func (c *callSite) json() (v, path value, isText bool) {
	v = c.arg(0)
	switch v.t.kind {
	case row.JSON:
	case row.String, nullType:
		isText = true
		v.sql = c.expand("CASE WHEN json_valid($1) THEN $1 END", []value{c.coerce(v, tString)})
	default:
		c.noSignature(c.exprs(c.env, c.call.args))
	}
	text := "$"
	if c.has(1) {
		text = c.constantText(1, "JSONPath")
	}
	duck, ok := jsonPath(text)
	if !ok {
		c.fail(c.call.args[min(1, len(c.call.args)-1)].offset(), "Unsupported or invalid JSONPath: %s", text)
	}
	return v, value{sql: quoteString(duck), t: tString, literal: true}, isText
}

// jsonScalarText is the template of the scalar at a path as text: NULL for null, objects and arrays.
const jsonScalarText = "CASE WHEN json_type($1, $2) IN ('NULL', 'OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string($1, $2) END"

func emitJSONValue(c *callSite) value {
	v, path, _ := c.json()
	return value{sql: c.expand(jsonScalarText, []value{v, path}), t: tString}
}

// emitJSONQuery gives back what it was given: a STRING for a STRING.
func emitJSONQuery(c *callSite) value {
	v, path, isText := c.json()
	sql := "json_extract(" + v.sql + ", " + path.sql + ")"
	if isText {
		return value{sql: c.expand("nullif(CAST($1 AS VARCHAR), 'null')", []value{{sql: sql}}), t: tString}
	}
	return value{sql: sql, t: tJSON}
}

func emitJSONValueArray(c *callSite) value {
	v, path, _ := c.json()
	const tmpl = "CASE WHEN json_type($1, $2) = 'ARRAY' THEN list_transform(CAST(json_extract($1, $2) AS JSON[]), lambda item: json_extract_string(item, '$$')) END"
	return value{sql: c.expand(tmpl, []value{v, path}), t: arrayOf(tString)}
}

func emitJSONQueryArray(c *callSite) value {
	v, path, isText := c.json()
	elem, ty := "JSON", tJSON
	if isText {
		elem, ty = "VARCHAR", tString
	}
	tmpl := "CASE WHEN json_type($1, $2) = 'ARRAY' THEN CAST(CAST(json_extract($1, $2) AS JSON[]) AS " + elem + "[]) END"
	return value{sql: c.expand(tmpl, []value{v, path}), t: arrayOf(ty)}
}

// emitJSONScalar is INT64, FLOAT64 and BOOL of a JSON.
func emitJSONScalar(c *callSite) value {
	return c.jsonScalar(c.typed(0, tJSON), scalars[c.fn.name])
}

// jsonScalar reads a JSON that must be of one type, or null.
func (c *callSite) jsonScalar(v value, ty *typ) value {
	accepted := map[row.Type]string{row.String: "'VARCHAR'", row.Bool: "'BOOLEAN'",
		row.Int64: "'BIGINT', 'UBIGINT', 'DOUBLE'", row.Float64: "'BIGINT', 'UBIGINT', 'DOUBLE'"}[ty.kind]
	guard := "json_type($1) NOT IN ('NULL', " + accepted + ")"
	body := "CAST(json_extract_string($1, '$$') AS " + ty.duck() + ")"
	if ty.kind == row.Int64 {
		guard += " OR json_type($1) = 'DOUBLE' AND CAST(json_extract_string($1, '$$') AS DOUBLE) <> round(CAST(json_extract_string($1, '$$') AS DOUBLE))"
		body = "CAST(CAST(json_extract_string($1, '$$') AS DECIMAL(38,9)) AS BIGINT)"
	}
	message := "'The provided JSON input is not " + map[row.Type]string{row.String: "a string", row.Bool: "a boolean",
		row.Int64: "an integer", row.Float64: "a number"}[ty.kind] + "'"
	tmpl := raise(guard, message, "CASE WHEN json_type($1) = 'NULL' THEN NULL ELSE "+body+" END")
	return value{sql: c.expand("("+tmpl+")", []value{v}), t: ty}
}

func emitToJSONString(c *callSite) value {
	v := c.arg(0)
	return value{sql: c.jsonText(v, 0), t: tString}
}

func emitToJSON(c *callSite) value {
	v := c.arg(0)
	return value{sql: "CAST(" + c.jsonText(v, 0) + " AS JSON)", t: tJSON}
}

// jsonText writes a value as JSON text, by its type.
func (c *callSite) jsonText(v value, depth int) string {
	switch v.t.kind {
	case nullType:
		return "'null'"
	case arrayType:
		name := "item" + strconv.Itoa(depth)
		inner := c.jsonText(value{sql: name, t: v.t.elem}, depth+1)
		return "('[' || coalesce(array_to_string(list_transform(" + v.sql + ", lambda " + name + ": " + inner + "), ','), '') || ']')"
	case row.Struct:
		name := "item" + strconv.Itoa(depth)
		return "coalesce(list_transform([" + v.sql + "], lambda " + name + ": " + c.jsonObject(value{sql: name, t: v.t}, depth+1) + ")[1], 'null')"
	}
	switch v.t.kind {
	case row.Geography, row.Range, intervalType:
		c.unsupported(c.call.offset(), "%s of type %s", c.fn.name, v.t)
	}
	return c.expand("coalesce("+jsonScalarSQL(v.t)+", 'null')", []value{v})
}

func (c *callSite) jsonObject(v value, depth int) string {
	parts := make([]string, len(v.t.fields))
	for i, f := range v.t.fields {
		key := quoteString(strconv.Quote(v.t.fieldName(i)) + ":")
		member := value{sql: "struct_extract(" + v.sql + ", " + quoteString(v.t.fieldName(i)) + ")", t: f.typ}
		parts[i] = key + " || " + c.jsonText(member, depth)
	}
	return "CASE WHEN " + v.sql + " IS NULL THEN NULL ELSE '{' || " + strings.Join(parts, " || ',' || ") + " || '}' END"
}

// jsonScalarSQL is the template of a scalar as JSON text
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings).
func jsonScalarSQL(ty *typ) string {
	switch ty.kind {
	case row.Bool:
		return "CAST($1 AS VARCHAR)"
	case row.Int64:
		return `CASE WHEN abs(CAST($1 AS HUGEINT)) > 9007199254740992 THEN '"' || CAST($1 AS VARCHAR) || '"' ELSE CAST($1 AS VARCHAR) END`
	case row.Float64:
		return `CASE WHEN isinf($1) OR isnan($1) THEN '"' || replace(replace(CAST($1 AS VARCHAR), 'inf', 'Infinity'), 'nan', 'NaN') || '"' ELSE regexp_replace(CAST($1 AS VARCHAR), '\.0$', '') END`
	case row.Numeric, row.BigNumeric:
		return conversions[castPair{ty.kind, row.String}].sql
	case row.JSON:
		return "CAST(json($1) AS VARCHAR)"
	case row.Bytes:
		return `'"' || base64($1) || '"'`
	case row.Timestamp:
		return `'"' || replace(` + stampSQL + `, ' ', 'T') || 'Z"'`
	case row.Datetime:
		return `'"' || replace(` + stampSQL + `, ' ', 'T') || '"'`
	case row.Time:
		return `'"' || ` + clockSQL + ` || '"'`
	}
	return "CAST(to_json(CAST($1 AS VARCHAR)) AS VARCHAR)"
}
