package gsql

import (
	"slices"
	"strconv"

	"github.com/seneka-io/seneka/internal/row"
)

// coercible returns how far v is from being a value of type to: 0 if it is one, -1 if it cannot
// become one by itself.
func (t *translator) coercible(v value, to *typ) int {
	switch {
	case v.t.equal(to):
		return 0
	case v.t.kind == nullType:
		return 1
	case v.t.kind == arrayType && to.kind == arrayType:
		if (v.t.elem.kind == row.BigNumeric) != (to.elem.kind == row.BigNumeric) && v.t.elem.kind != nullType {
			return -1
		}
		return t.coercible(value{t: v.t.elem}, to.elem)
	case v.t.kind == row.Struct && to.kind == row.Struct:
		return t.coercibleStruct(v.t, to)
	}
	if i := slices.Index(widens[v.t.kind], to.kind); i >= 0 {
		return 2 + i
	}
	if i := slices.Index(literalWidens[v.t.kind], to.kind); v.literal && i >= 0 {
		return 10 + i
	}
	return -1
}

func (t *translator) coercibleStruct(from, to *typ) int {
	if len(from.fields) != len(to.fields) {
		return -1
	}
	worst := 1
	for i := range from.fields {
		d := t.coercible(value{t: from.fields[i].typ}, to.fields[i].typ)
		if d < 0 {
			return -1
		}
		worst = max(worst, d)
	}
	return worst
}

// coerce turns v into a value of a type that it is coercible to.
func (t *translator) coerce(v value, to *typ) value {
	switch {
	case v.t.equal(to):
		return v
	case v.t.kind == nullType:
		v.sql = "CAST(NULL AS " + to.duck() + ")"
	case hasStruct(to):
		v.sql = t.convert(v, to, 0)
	case v.literal && v.text != "" && v.t.kind != row.Int64:
		sql, ok := constant(to.kind, v.text)
		if !ok {
			t.fail(v.pos, "Could not cast literal %q to type %s", v.text, to)
		}
		v.sql = sql
	case v.t.kind == row.BigNumeric || to.kind == row.BigNumeric:
		return t.cast(v.pos, v, to, false)
	default:
		v.sql = "CAST(" + v.sql + " AS " + to.duck() + ")"
	}
	v.t = to
	return v
}

// hasStruct reports whether values of a type are or hold a STRUCT.
func hasStruct(ty *typ) bool {
	return ty.kind == row.Struct || ty.kind == arrayType && ty.elem.kind == row.Struct
}

// convert turns a STRUCT, or an array of them, into another type field by field: DuckDB would go by
// the fields' names, BigQuery goes by their positions.
func (t *translator) convert(v value, to *typ, depth int) string {
	item := "field" + strconv.Itoa(depth)
	list, elem := v.sql, to
	if to.kind == arrayType {
		elem = to.elem
		v.t = v.t.elem
	} else {
		list = "[" + v.sql + "]"
	}
	vals := make([]string, len(elem.fields))
	for i, f := range v.t.fields {
		member := value{sql: "struct_extract(" + item + ", " + quoteString(v.t.fieldName(i)) + ")", t: f.typ}
		if target := elem.fields[i].typ; hasStruct(target) && !f.typ.equal(target) {
			vals[i] = t.convert(member, target, depth+1)
		} else {
			vals[i] = t.coerce(member, target).sql
		}
	}
	sql := "list_transform(" + list + ", lambda " + item + ": CASE WHEN " + item + " IS NULL THEN NULL ELSE " + structSQL(elem, vals) + " END)"
	if to.kind == arrayType {
		return sql
	}
	return sql + "[1]"
}

// mustCoerce is coerce, or an error.
func (t *translator) mustCoerce(pos int, v value, to *typ) value {
	if t.coercible(v, to) < 0 {
		t.fail(pos, "Value has type %s which cannot be inserted into type %s", v.t, to)
	}
	return t.coerce(v, to)
}

// supertype returns the type that all values can become, nil if there is none.
func (t *translator) supertype(vals []value) *typ {
	var best *typ
	for _, literals := range []bool{false, true} {
		for _, c := range vals {
			if c.literal != literals || c.t.kind == nullType || best != nil {
				continue
			}
			if !slices.ContainsFunc(vals, func(v value) bool { return t.coercible(v, c.t) < 0 }) {
				best = c.t
			}
		}
	}
	if best == nil && !slices.ContainsFunc(vals, func(v value) bool { return v.t.kind != nullType }) {
		return tNull
	}
	return best
}

// unify turns all values into their supertype, in place, and returns it.
func (t *translator) unify(pos int, where string, vals []value) *typ {
	to := t.supertype(vals)
	if to == nil {
		t.fail(pos, "No matching signature for %s for argument types: %s", where, typeList(vals))
	}
	for i := range vals {
		if to.kind != nullType {
			vals[i] = t.coerce(vals[i], to)
		}
	}
	return to
}

// typeList writes the types of values as BigQuery's errors do.
func typeList(vals []value) string {
	s := ""
	for i, v := range vals {
		if i > 0 {
			s += ", "
		}
		s += v.t.String()
	}
	return s
}

// hasEquality reports whether values of a type can be compared by =, grouped and made distinct. A RANGE
// can be in BigQuery, but not here.
func hasEquality(ty *typ) bool {
	switch ty.kind {
	case arrayType, row.JSON, row.Geography, row.Range:
		return false
	}
	return true
}

// comparable gives up if values of a type have no order.
func (t *translator) comparable(pos int, op string, ty *typ) {
	switch ty.kind {
	case arrayType, row.Struct, row.JSON, row.Geography, row.Range:
		t.fail(pos, "%s is not defined for arguments of type %s", op, ty)
	}
}
