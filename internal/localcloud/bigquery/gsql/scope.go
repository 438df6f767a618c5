package gsql

import "strings"

// value is a translated expression.
type value struct {
	sql string
	t   *typ
	pos int // where it stands in the query
	// literal is set for a literal or a parameter, which may become types that others may not;
	// text is then what it says, as in the AST.
	literal bool
	text    string
	// impure is set if the expression holds an aggregate, a window function, a subquery or a random
	// function: it must not be written twice, nor under TRY.
	impure bool
}

// column is a column that a name can mean.
type column struct {
	name string // empty if it has none
	sql  string // how DuckDB reads it
	t    *typ
}

// relation is a range variable: what a FROM item's alias stands for.
type relation struct {
	alias string
	cols  []column
	elem  *value // of an array in FROM: the element, which the alias means by itself
}

// scope is the names that a SELECT sees.
type scope struct {
	parent *scope
	rels   []*relation
	cols   []column // what * means, and where names without a table are looked for
	items  []*item  // the SELECT list, where its aliases are visible
	keys   map[string]bool
	loose  []looseColumn
	aggs   int // aggregates translated
}

// looseColumn is a column used outside of any aggregate: wrong if the SELECT groups and the column
// is not part of a key.
type looseColumn struct {
	pos  int
	name string
}

// env is where an expression stands.
type env struct {
	*scope
	clause  string // how errors name the place
	agg     bool   // aggregates are allowed
	win     bool   // window functions are allowed
	aliases bool   // aliases of the SELECT list are visible, before FROM's names
	windows map[string]*window
}

// find returns the column or the SELECT-list item that a name without a table means here, not
// looking into surrounding queries.
func (t *translator) find(e env, id ident) (value, bool) {
	if e.aliases {
		if v, ok := t.findItem(e, id); ok {
			return v, true
		}
	}
	var found *column
	for i := range e.cols {
		if !strings.EqualFold(e.cols[i].name, id.name) {
			continue
		}
		if found != nil {
			t.fail(id.offset(), "Column name %s is ambiguous", id.name)
		}
		found = &e.cols[i]
	}
	if found == nil {
		return value{}, false
	}
	e.use(id.offset(), id.name, found.sql)
	return value{sql: found.sql, t: found.t}, true
}

// use notes that a column is used, which counts as loose unless it is a key itself.
func (s *scope) use(pos int, name, sql string) {
	if !s.keys[sql] {
		s.loose = append(s.loose, looseColumn{pos, name})
	}
}

func (t *translator) findItem(e env, id ident) (value, bool) {
	var found *item
	for _, it := range e.items {
		if it.name == "" || !strings.EqualFold(it.name, id.name) {
			continue
		}
		if found != nil && found.val.sql != it.val.sql {
			t.fail(id.offset(), "Column name %s is ambiguous", id.name)
		}
		found = it
	}
	if found == nil {
		return value{}, false
	}
	return *found.val, true
}

// relation returns the range variable of that name.
func (s *scope) relation(name string) *relation {
	for _, r := range s.rels {
		if strings.EqualFold(r.alias, name) {
			return r
		}
	}
	return nil
}

// path gives a name of one or more parts its meaning, here or in the surrounding queries. Of one
// part, it is a column before it is a table; of several, the other way round.
func (t *translator) path(e env, p *path) value {
	for s := e; s.scope != nil; s = (env{scope: s.parent}) {
		if v, ok := t.pathIn(s, p.parts); ok {
			return v
		}
	}
	t.unrecognized(e, p)
	return value{}
}

func (t *translator) pathIn(e env, parts []ident) (value, bool) {
	rel := e.relation(parts[0].name)
	if rel != nil && len(parts) > 1 {
		if v, ok := t.relationField(e, rel, parts[1]); ok {
			return t.fields(v, parts[2:]), true
		}
	}
	if v, ok := t.find(e, parts[0]); ok {
		return t.fields(v, parts[1:]), true
	}
	if rel == nil {
		return value{}, false
	}
	if len(parts) > 1 {
		t.fail(parts[1].offset(), "Name %s not found inside %s", parts[1].name, parts[0].name)
	}
	v := rel.row()
	e.use(parts[0].offset(), parts[0].name, v.sql)
	return v, true
}

// relationField returns the named column of a range variable.
func (t *translator) relationField(e env, r *relation, id ident) (value, bool) {
	if r.elem != nil {
		if r.elem.t.kind != "STRUCT" && r.elem.t.kind != "JSON" {
			return value{}, false
		}
		v := t.field(*r.elem, id)
		e.use(id.offset(), r.alias+"."+id.name, v.sql)
		return v, true
	}
	var found *column
	for i := range r.cols {
		if !strings.EqualFold(r.cols[i].name, id.name) {
			continue
		}
		if found != nil {
			t.fail(id.offset(), "Column name %s is ambiguous", id.name)
		}
		found = &r.cols[i]
	}
	if found == nil {
		return value{}, false
	}
	e.use(id.offset(), r.alias+"."+id.name, found.sql)
	return value{sql: found.sql, t: found.t}, true
}

// row returns the whole row of a range variable as a STRUCT, or the element of an array.
func (r *relation) row() value {
	if r.elem != nil {
		return *r.elem
	}
	s := &typ{kind: "STRUCT"}
	vals := make([]string, len(r.cols))
	for i, c := range r.cols {
		s.fields = append(s.fields, typeField{c.name, c.t})
		vals[i] = c.sql
	}
	return value{sql: structSQL(s, vals), t: s}
}

// fields follows names into a STRUCT or JSON.
func (t *translator) fields(v value, names []ident) value {
	for _, id := range names {
		v = t.field(v, id)
	}
	return v
}

// field is v.name.
func (t *translator) field(v value, id ident) value {
	switch v.t.kind {
	case "JSON":
		return value{sql: "json_extract(" + v.sql + ", " + quoteString(jsonMember("$", id.name)) + ")", t: tJSON}
	case "STRUCT":
		switch i := v.t.field(id.name); i {
		case -1:
			t.fail(id.offset(), "Field name %s does not exist in %s", id.name, v.t)
		case -2:
			t.fail(id.offset(), "Struct field name %s is ambiguous", id.name)
		default:
			return value{sql: "struct_extract(" + v.sql + ", " + quoteString(v.t.fieldName(i)) + ")", t: v.t.fields[i].typ}
		}
	}
	t.fail(id.offset(), "Cannot access field %s on a value with type %s", id.name, v.t)
	return value{}
}

// unrecognized gives up at a name that means nothing, with a hint if one is close.
func (t *translator) unrecognized(e env, p *path) {
	parts := make([]string, len(p.parts))
	for i, id := range p.parts {
		parts[i] = id.name
	}
	name := strings.Join(parts, ".")
	for s := e.scope; s != nil; s = s.parent {
		for _, c := range s.cols {
			if near(c.name, name) {
				t.fail(p.offset(), "Unrecognized name: %s; Did you mean %s?", name, c.name)
			}
		}
	}
	t.fail(p.offset(), "Unrecognized name: %s", name)
}

// near reports whether two names differ by one character.
func near(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 || len(a) < 3 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}
