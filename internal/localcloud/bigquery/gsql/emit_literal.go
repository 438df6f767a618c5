package gsql

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/seneka-io/seneka/internal/localcloud/bigquery/bignumeric"
	"github.com/seneka-io/seneka/internal/row"
)

// literal translates a constant.
func (t *translator) literal(x *literal) value {
	sql, ok := constant(x.typ, x.text)
	if !ok {
		t.badLiteral(x.offset(), x.typ, x.text)
	}
	if x.typ == nullType {
		return value{sql: "NULL", t: tNull, literal: true}
	}
	return value{sql: sql, t: scalars[string(x.typ)], literal: true, text: x.text}
}

func (t *translator) badLiteral(pos int, ty row.Type, s string) {
	switch ty {
	case row.Int64:
		t.fail(pos, "Invalid integer literal: %s", s)
	case row.Float64:
		t.fail(pos, "Invalid floating point literal: %s", s)
	}
	t.fail(pos, "Invalid %s literal", ty)
}

// constant writes a value of a type as DuckDB SQL; ok is false if the text is no such value. The
// text is as in literals; INT64 may be hexadecimal, BYTES are the bytes themselves.
func constant(ty row.Type, s string) (sql string, ok bool) {
	quoted := quoteString(s)
	switch ty {
	case row.Bool:
		return strings.ToUpper(s), s == "true" || s == "false"
	case row.Int64:
		n, err := parseInt(s)
		return "CAST(" + strconv.FormatInt(n, 10) + " AS BIGINT)", err == nil
	case row.Float64:
		_, err := strconv.ParseFloat(s, 64)
		return "CAST(" + quoted + " AS DOUBLE)", err == nil
	case row.Numeric:
		return "CAST(" + quoted + " AS " + duckTypes[ty] + ")", isDecimal(s)
	case row.BigNumeric:
		stored, err := bignumeric.Encode(s)
		return "from_hex('" + hex.EncodeToString(stored) + "')", err == nil
	case row.Bytes:
		return "from_hex('" + hex.EncodeToString([]byte(s)) + "')", true
	case row.JSON:
		return "CAST(" + quoted + " AS JSON)", json.Valid([]byte(s))
	case row.Date, row.Datetime, row.Time, row.Timestamp:
		text, ok := civil(ty, s)
		return "CAST(" + quoteString(text) + " AS " + duckTypes[ty] + ")", ok
	case nullType:
		return "NULL", true
	}
	return quoted, true
}

// parseInt reads a decimal or hexadecimal INT64 with an optional sign.
func parseInt(s string) (int64, error) {
	digits := strings.TrimLeft(s, "+-")
	if strings.HasPrefix(digits, "0x") || strings.HasPrefix(digits, "0X") {
		return strconv.ParseInt(s, 0, 64)
	}
	return strconv.ParseInt(s, 10, 64)
}

// isDecimal reports whether s is a number that NUMERIC can be read from.
func isDecimal(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.Trim(s, "0123456789+-.eE") == ""
}

// param translates a query parameter: its value becomes part of the SQL, as a literal would.
func (t *translator) param(x *param) value {
	n := 0
	for _, p := range t.opts.Params {
		if p.Name == "" {
			n++
		}
		if x.name != "" && strings.EqualFold(p.Name, x.name) || x.name == "" && p.Name == "" && n == x.index {
			ty := columnType(p.Type)
			v := t.paramValue(x, ty, p.Value)
			v.literal = len(ty.fields) == 0 && ty.elem == nil
			return v
		}
	}
	if x.name != "" {
		t.fail(x.offset(), "Query parameter '%s' not found", x.name)
	}
	t.fail(x.offset(), "Query parameter number %d not found", x.index)
	return value{}
}

func (t *translator) paramValue(x *param, ty *typ, v any) value {
	switch v := v.(type) {
	case nil:
		if ty.kind == arrayType {
			return value{sql: "CAST([] AS " + ty.duck() + ")", t: ty}
		}
		return value{sql: "CAST(NULL AS " + ty.duck() + ")", t: ty}
	case string:
		return t.paramScalar(x, ty, v)
	case []any:
		return t.paramList(x, ty, v)
	}
	t.fail(x.offset(), "Invalid value of query parameter of type %s", ty)
	return value{}
}

func (t *translator) paramScalar(x *param, ty *typ, s string) value {
	if ty.kind == row.Bytes {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			t.fail(x.offset(), "Invalid value of query parameter of type BYTES: not base64")
		}
		s = string(b)
	}
	if ty.kind == row.Bool {
		s = strings.ToLower(s)
	}
	sql, ok := constant(ty.kind, s)
	if !ok || scalars[string(ty.kind)] == nil {
		t.fail(x.offset(), "Unable to coerce query parameter value %q to %s", s, ty)
	}
	return value{sql: sql, t: ty, text: s}
}

func (t *translator) paramList(x *param, ty *typ, list []any) value {
	vals := make([]string, len(list))
	for i, v := range list {
		switch {
		case ty.kind == arrayType:
			vals[i] = t.paramValue(x, ty.elem, v).sql
		case i < len(ty.fields):
			vals[i] = t.paramValue(x, ty.fields[i].typ, v).sql
		}
	}
	switch {
	case ty.kind == arrayType:
		return value{sql: "CAST([" + strings.Join(vals, ", ") + "] AS " + ty.duck() + ")", t: ty}
	case len(vals) != len(ty.fields) || len(vals) == 0:
		t.fail(x.offset(), "Invalid value of query parameter of type %s", ty)
	}
	return value{sql: structSQL(ty, vals), t: ty}
}

// structSQL writes a STRUCT of fields.
func structSQL(ty *typ, vals []string) string {
	parts := make([]string, len(vals))
	for i, v := range vals {
		parts[i] = quoteIdent(ty.fieldName(i)) + " := " + v
	}
	return "struct_pack(" + strings.Join(parts, ", ") + ")"
}

func (t *translator) structExpr(e env, x *structExpr) value {
	if x.typ != nil && len(x.typ.fields) != len(x.fields) || len(x.fields) == 0 {
		t.fail(x.offset(), "STRUCT type has a different number of fields than its constructor has arguments")
	}
	ty := &typ{kind: row.Struct}
	vals := make([]string, len(x.fields))
	for i, f := range x.fields {
		v := t.expr(e, f.x)
		name := impliedName(f.x)
		if f.alias != nil {
			name = f.alias.name
		}
		if x.typ != nil {
			name = x.typ.fields[i].name
			v = t.mustCoerce(f.offset(), v, x.typ.fields[i].typ)
		}
		ty.fields = append(ty.fields, typeField{name, v.t})
		vals[i] = v.sql
	}
	return value{sql: structSQL(ty, vals), t: ty}
}

func (t *translator) arrayExpr(e env, x *arrayExpr) value {
	vals := t.exprs(e, x.elems)
	elem := x.elem
	if elem == nil {
		elem = t.unify(x.offset(), "array", vals)
	}
	if elem.kind == arrayType {
		t.fail(x.offset(), "Cannot construct array with element type %s because nested arrays are not supported", elem)
	}
	for i := range vals {
		vals[i] = t.mustCoerce(x.elems[i].offset(), vals[i], elem)
	}
	ty := arrayOf(elem)
	return value{sql: "CAST([" + joinSQL(vals, ", ") + "] AS " + ty.duck() + ")", t: ty}
}
