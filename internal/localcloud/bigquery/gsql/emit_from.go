package gsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// from translates a FROM item and adds its names to s, whose names so far stand to its left.
func (t *translator) from(s *scope, item fromItem) string {
	switch item := item.(type) {
	case *tableRef:
		return t.tableRef(s, item)
	case *derived:
		r := t.query(item.query, s.parent)
		return t.addResult(s, item.alias, "("+r.sql+")", r.cols)
	case *unnest:
		v := t.expr(env{scope: s, clause: "UNNEST"}, item.x)
		return t.unnest(s, v, item, "")
	default:
		return t.join(s, item.(*join))
	}
}

// add makes a relation known, under an alias that no other has.
func (t *translator) add(s *scope, pos int, r *relation) {
	if r.alias != "" && s.relation(r.alias) != nil {
		t.fail(pos, "Duplicate table alias %s in the same FROM clause", r.alias)
	}
	s.rels = append(s.rels, r)
	s.cols = append(s.cols, r.cols...)
}

// addResult makes the columns of a query known and returns it with the name it got.
func (t *translator) addResult(s *scope, alias *ident, sql string, cols []outColumn) string {
	name := t.newName("t")
	r := &relation{cols: unpackResult(name, cols)}
	pos := 0
	if alias != nil {
		r.alias, pos = alias.name, alias.offset()
	}
	t.add(s, pos, r)
	return sql + " AS " + name
}

// unpackResult returns a query's columns; of SELECT AS STRUCT, the fields.
func unpackResult(name string, cols []outColumn) []column {
	list := resultColumns(name, cols)
	if len(list) != 1 || list[0].name != "" || list[0].t.kind != row.Struct {
		return list
	}
	return fieldColumns(list[0].sql, list[0].t)
}

// fieldColumns are the fields of a STRUCT as columns.
func fieldColumns(sql string, st *typ) []column {
	cols := make([]column, len(st.fields))
	for i, f := range st.fields {
		cols[i] = column{name: f.name, sql: "struct_extract(" + sql + ", " + quoteString(st.fieldName(i)) + ")", t: f.typ}
	}
	return cols
}

func (t *translator) tableRef(s *scope, ref *tableRef) string {
	if v, ok := t.arrayPath(s, ref); ok {
		u := &unnest{at: ref.at, alias: ref.alias, withOffset: ref.withOffset, offsetAlias: ref.offsetAlias}
		return t.unnest(s, v, u, ref.parts[len(ref.parts)-1].name)
	}
	if ref.withOffset {
		t.fail(ref.offset(), "WITH OFFSET can only be used with array scans")
	}
	last := ref.parts[len(ref.parts)-1]
	if ref.alias == nil {
		ref.alias = &ident{at: last.at, name: last.name}
	}
	if len(ref.parts) == 1 {
		for _, c := range slices.Backward(t.ctes) {
			if strings.EqualFold(c.name, last.name) {
				return t.addResult(s, ref.alias, c.id, c.cols)
			}
		}
	}
	return t.table(s, ref)
}

// arrayPath tells whether a table's name is really an array of a table to its left.
func (t *translator) arrayPath(s *scope, ref *tableRef) (value, bool) {
	if len(ref.parts) < 2 {
		return value{}, false
	}
	for sc := s; sc != nil; sc = sc.parent {
		if sc.relation(ref.parts[0].name) != nil {
			return t.path(env{scope: s, clause: "FROM clause"}, &path{at: ref.at, parts: ref.parts}), true
		}
	}
	return value{}, false
}

// table looks a table or view up in the catalog.
func (t *translator) table(s *scope, ref *tableRef) string {
	name := t.tableName(ref)
	def, ok := t.opts.Catalog.Table(name)
	if !ok {
		panic(&Error{Reason: reasonNotFound, Message: fmt.Sprintf("Not found: Table %s:%s.%s was not found in location US",
			name.Project, name.Dataset, name.Name)})
	}
	if def.View != "" {
		r := t.view(def.View)
		return t.addResult(s, ref.alias, "("+r.sql+")", r.cols)
	}
	alias := t.newName("t")
	r := &relation{alias: ref.alias.name, cols: make([]column, len(def.Columns))}
	for i, c := range def.Columns {
		sql := alias + "." + quoteIdent(c.Name)
		if c.Mode == row.Repeated {
			sql = "coalesce(" + sql + ", [])"
		}
		r.cols[i] = column{name: c.Name, sql: sql, t: columnType(c)}
	}
	t.add(s, ref.alias.offset(), r)
	return def.SQLName + " AS " + alias
}

// tableName makes a table's name whole. The views of INFORMATION_SCHEMA are tables with a point.
func (t *translator) tableName(ref *tableRef) row.Table {
	var parts []string
	for _, id := range ref.parts {
		parts = append(parts, id.name)
	}
	if n := len(parts); n >= 2 && strings.EqualFold(parts[n-2], "INFORMATION_SCHEMA") {
		parts = append(parts[:n-2], "INFORMATION_SCHEMA."+strings.ToUpper(parts[n-1]))
	}
	name := row.Table{Project: t.opts.DefaultProject, Dataset: t.opts.DefaultDataset}
	switch len(parts) {
	case 1:
		name.Name = parts[0]
		if name.Dataset == "" {
			t.fail(ref.offset(), "Table %q must be qualified with a dataset (e.g. dataset.table)", parts[0])
		}
	case 2:
		name.Dataset, name.Name = parts[0], parts[1]
	case 3:
		name = row.Table{Project: parts[0], Dataset: parts[1], Name: parts[2]}
	default:
		t.fail(ref.offset(), "Invalid table name: %s", strings.Join(parts, "."))
	}
	return name
}

// view translates the text of a view, which sees nothing of the query around it.
func (t *translator) view(query string) result {
	if t.views >= maxViews {
		t.fail(0, "Views are nested too deeply: more than %d levels", maxViews)
	}
	v := &translator{text: text(query), opts: t.opts, functions: t.functions, names: t.names, views: t.views + 1}
	return v.query(parse(v.text), nil)
}

// unnest translates an array in FROM, whose elements are rows.
func (t *translator) unnest(s *scope, v value, u *unnest, alias string) string {
	if v.t.kind != arrayType {
		t.fail(u.offset(), "Values referenced in UNNEST must be arrays. UNNEST contains expression of type %s", v.t)
	}
	if u.alias != nil {
		alias = u.alias.name
	}
	name := t.newName("t")
	elem := value{sql: name + ".v", t: v.t.elem}
	r := &relation{alias: alias, elem: &elem}
	if elem.t.kind == row.Struct {
		r.cols = fieldColumns(elem.sql, elem.t)
	} else {
		r.cols = []column{{name: alias, sql: elem.sql, t: elem.t}}
	}
	t.add(s, u.offset(), r)
	if !u.withOffset {
		return "unnest(" + v.sql + ") AS " + name + "(v)"
	}
	t.addOffset(s, u, name)
	return "unnest(" + v.sql + ") WITH ORDINALITY AS " + name + "(v, o)"
}

func (t *translator) addOffset(s *scope, u *unnest, name string) {
	alias := "offset"
	if u.offsetAlias != nil {
		alias = u.offsetAlias.name
	}
	pos := value{sql: "(" + name + ".o - 1)", t: tInt}
	t.add(s, u.offset(), &relation{alias: alias, elem: &pos, cols: []column{{name: alias, sql: pos.sql, t: tInt}}})
}

func (t *translator) join(s *scope, j *join) string {
	defer t.enter(j.offset())()
	start := len(s.cols)
	x := t.from(s, j.x)
	mid := len(s.cols)
	y := t.from(s, j.y)
	if _, nested := j.y.(*join); nested {
		y = "(" + y + ")"
	}
	switch {
	case j.kind == "CROSS":
		return x + " CROSS JOIN " + y
	case j.using != nil:
		return x + " " + j.kind + " JOIN " + y + " ON " + t.using(s, j, start, mid)
	case j.on == nil:
		return x + " " + j.kind + " JOIN " + y + " ON TRUE"
	}
	on := t.expr(env{scope: s, clause: "JOIN ON clause"}, j.on)
	if on.t.kind != nullType && !on.t.equal(tBool) {
		t.fail(j.on.offset(), "JOIN ON clause should return type BOOL, but returns %s", on.t)
	}
	return x + " " + j.kind + " JOIN " + y + " ON " + on.sql
}

// using writes the condition of USING and merges its columns: they come once, and first.
func (t *translator) using(s *scope, j *join, start, mid int) string {
	left, right := slices.Clone(s.cols[start:mid]), slices.Clone(s.cols[mid:])
	var conds []string
	var merged []column
	for _, id := range j.using {
		l, r := t.take(&left, id, "left"), t.take(&right, id, "right")
		conds = append(conds, t.compare(id.offset(), "=", value{sql: l.sql, t: l.t}, value{sql: r.sql, t: r.t}).sql)
		switch j.kind {
		case "RIGHT":
			l.sql = r.sql
		case "FULL":
			l.sql = "coalesce(" + l.sql + ", " + r.sql + ")"
		}
		merged = append(merged, l)
	}
	s.cols = slices.Concat(s.cols[:start:start], merged, left, right)
	return strings.Join(conds, " AND ")
}

// take removes the named column from cols and returns it.
func (t *translator) take(cols *[]column, id ident, side string) column {
	i := slices.IndexFunc(*cols, func(c column) bool { return strings.EqualFold(c.name, id.name) })
	if i < 0 {
		t.fail(id.offset(), "Column %s in USING clause not found on %s side of join", id.name, side)
	}
	c := (*cols)[i]
	*cols = slices.Delete(*cols, i, i+1)
	return c
}
