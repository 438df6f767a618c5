package gsql

import (
	"fmt"
	"slices"
	"strings"
)

// item is one column of a SELECT list.
type item struct {
	pos  int
	x    expr // nil for a column that * stands for
	name string
	val  *value // nil until it is translated
}

// selection translates one SELECT.
type selection struct {
	*translator
	body  *selectBody
	scope *scope
	items []*item
	keys  []string // of GROUP BY, as SQL
	group bool
}

// selectQuery translates a SELECT with the ORDER BY behind it.
func (t *translator) selectQuery(b *selectBody, parent *scope, order []orderItem) result {
	s := &selection{translator: t, body: b, scope: &scope{parent: parent}}
	from := ""
	if b.from != nil {
		from = " FROM " + t.from(s.scope, b.from)
		s.scope.loose = nil // joins come before grouping
	}
	s.expandItems()
	where := s.condition(" WHERE ", "WHERE clause", b.where, false)
	s.groupBy()
	for _, it := range s.items {
		s.translateItem(it, true)
	}
	s.scope.items = s.items
	having := s.condition(" HAVING ", "HAVING clause", b.having, true)
	qualify := s.condition(" QUALIFY ", "QUALIFY clause", b.qualify, true)
	by := t.orderBy(s.env("ORDER BY clause", true), order, s.orderKey)
	s.checkGrouping()
	list, cols := s.list()
	distinct := ""
	if b.distinct {
		distinct = "DISTINCT "
	}
	return result{sql: "SELECT " + distinct + list + from + where + s.groupSQL() + having + qualify + by, cols: cols}
}

// env is where the clauses after FROM are resolved; late ones see aliases and aggregates.
func (s *selection) env(clause string, late bool) env {
	win := late && clause != "HAVING clause"
	return env{scope: s.scope, clause: clause, agg: late, win: win, aliases: late, windows: s.body.windows}
}

func (s *selection) condition(keyword, clause string, x expr, late bool) string {
	if x == nil {
		return ""
	}
	v := s.expr(s.env(clause, late), x)
	if v.t.kind != nullType && !v.t.equal(tBool) {
		s.fail(x.offset(), "%s should return type BOOL, but returns %s", clause, v.t)
	}
	if !late {
		s.scope.loose = nil // WHERE comes before grouping
	}
	return keyword + v.sql
}

// expandItems makes the list of columns, with every * written out.
func (s *selection) expandItems() {
	for _, it := range s.body.items {
		if it.star {
			s.items = append(s.items, s.star(it)...)
			continue
		}
		name := ""
		if it.alias != nil {
			name = it.alias.name
		} else {
			name = impliedName(it.x)
		}
		s.items = append(s.items, &item{pos: it.x.offset(), x: it.x, name: name})
	}
	if len(s.items) == 0 {
		s.fail(s.body.offset(), "SELECT list expands to zero columns after applying EXCEPT")
	}
	if s.body.as == "VALUE" && len(s.items) != 1 {
		s.fail(s.body.offset(), "SELECT AS VALUE query must have exactly one column")
	}
}

// impliedName is the name of a column without an alias: the last part of a path.
func impliedName(x expr) string {
	switch x := x.(type) {
	case *path:
		return x.parts[len(x.parts)-1].name
	case *field:
		return x.name.name
	}
	return ""
}

// star expands * or x.*, and applies EXCEPT and REPLACE.
func (s *selection) star(it selectItem) []*item {
	cols := s.scope.cols
	if it.x != nil {
		cols = s.starOf(it.x)
	} else if s.body.from == nil {
		s.fail(it.offset(), "SELECT * must have a FROM clause")
	}
	var list []*item
	for _, c := range cols {
		if slices.ContainsFunc(it.except, func(id ident) bool { return strings.EqualFold(id.name, c.name) }) {
			continue
		}
		out := &item{pos: it.offset(), name: c.name, val: &value{sql: c.sql, t: c.t}}
		for _, r := range it.replace {
			if strings.EqualFold(r.alias.name, c.name) {
				out = &item{pos: r.offset(), x: r.x, name: c.name}
			}
		}
		list = append(list, out)
	}
	s.checkStarNames(it, cols)
	return list
}

// checkStarNames gives up at a name in EXCEPT or REPLACE that is no column.
func (s *selection) checkStarNames(it selectItem, cols []column) {
	names := slices.Clone(it.except)
	for _, r := range it.replace {
		names = append(names, *r.alias)
	}
	for _, id := range names {
		if !slices.ContainsFunc(cols, func(c column) bool { return strings.EqualFold(c.name, id.name) }) {
			s.fail(id.offset(), "Column %s in SELECT * EXCEPT or REPLACE list does not exist", id.name)
		}
	}
}

// starOf returns the columns of a table, or the fields of a STRUCT.
func (s *selection) starOf(x expr) []column {
	if p, ok := x.(*path); ok && len(p.parts) == 1 {
		if r := s.scope.relation(p.parts[0].name); r != nil && r.elem == nil {
			return r.cols
		}
	}
	v := s.expr(s.env("SELECT list", true), x)
	if v.t.kind != "STRUCT" {
		s.fail(x.offset(), "Dot-star is not supported for type %s", v.t)
	}
	cols := make([]column, len(v.t.fields))
	for i, f := range v.t.fields {
		cols[i] = column{name: f.name, sql: "struct_extract(" + v.sql + ", " + quoteString(v.t.fieldName(i)) + ")", t: f.typ}
	}
	return cols
}

// translateItem translates an item once.
func (s *selection) translateItem(it *item, agg bool) {
	if it.val == nil {
		e := env{scope: s.scope, clause: "SELECT list", agg: agg, win: agg, windows: s.body.windows}
		v := s.expr(e, it.x)
		it.val = &v
	} else if it.x == nil {
		s.scope.use(it.pos, it.name, it.val.sql)
	}
}

// groupBy finds the keys. A key that is a number or an alias of the SELECT list means that item.
func (s *selection) groupBy() {
	g := s.body.group
	if g == nil {
		return
	}
	s.group, s.scope.keys = true, make(map[string]bool)
	if g.all {
		s.groupByAll()
		return
	}
	for _, x := range g.keys {
		v := s.groupKey(x)
		if !hasEquality(v.t) {
			s.fail(x.offset(), "Grouping by expressions of type %s is not allowed", v.t.kind)
		}
		s.addKey(v)
	}
	s.scope.loose = nil
}

func (s *selection) addKey(v value) {
	s.keys = append(s.keys, v.sql)
	s.scope.keys[v.sql] = true
}

func (s *selection) groupKey(x expr) value {
	if n, ok := ordinal(x); ok {
		if n < 1 || n > len(s.items) {
			s.fail(x.offset(), "GROUP BY is out of SELECT column number range: %d", n)
		}
		return s.groupItem(s.items[n-1])
	}
	if p, ok := x.(*path); ok {
		for _, it := range s.items {
			if it.name != "" && strings.EqualFold(it.name, p.parts[0].name) {
				return s.fields(s.groupItem(it), p.parts[1:])
			}
		}
	}
	return s.expr(env{scope: s.scope, clause: "GROUP BY clause"}, x)
}

// groupItem translates an item of the SELECT list that is a key, and so may hold no aggregate.
func (s *selection) groupItem(it *item) value {
	if it.val == nil {
		v := s.expr(env{scope: s.scope, clause: "GROUP BY clause"}, it.x)
		it.val = &v
	}
	return *it.val
}

// groupByAll groups by every item that holds no aggregate and is no constant.
func (s *selection) groupByAll() {
	for _, it := range s.items {
		aggs, loose := s.scope.aggs, len(s.scope.loose)
		s.translateItem(it, true)
		if s.scope.aggs == aggs && len(s.scope.loose) > loose {
			s.addKey(*it.val)
			s.scope.loose = s.scope.loose[:loose]
		}
	}
}

func (s *selection) groupSQL() string {
	switch {
	case len(s.keys) == 0:
		return ""
	case s.body.group.rollup:
		return " GROUP BY ROLLUP(" + strings.Join(s.keys, ", ") + ")"
	}
	return " GROUP BY " + strings.Join(s.keys, ", ")
}

// checkGrouping gives up at a column that a grouping SELECT uses without grouping by it.
func (s *selection) checkGrouping() {
	if !s.group && s.scope.aggs == 0 || len(s.scope.loose) == 0 {
		return
	}
	c := s.scope.loose[0]
	s.fail(c.pos, "SELECT list expression references column %s which is neither grouped nor aggregated", c.name)
}

// orderKey gives the position in the SELECT list of a key that is one of its items.
func (s *selection) orderKey(x expr) (string, bool) {
	if n, ok := ordinal(x); ok {
		if n < 1 || n > len(s.items) {
			s.fail(x.offset(), "ORDER BY column number item is out of range. Column numbers must be between 1 and %d", len(s.items))
		}
		return s.orderItem(x, n-1), true
	}
	v := s.expr(s.env("ORDER BY clause", true), x)
	s.orderable(x.offset(), "ORDER BY", v.t)
	for i, it := range s.items {
		if it.val.sql == v.sql {
			return s.orderItem(x, i), true
		}
	}
	if s.body.distinct {
		s.fail(x.offset(), "ORDER BY clause expression references a column which is not visible after SELECT DISTINCT")
	}
	return "(" + v.sql + ")", true
}

// orderItem sorts by item i: by its number, or by what it is where the list is packed in a STRUCT.
func (s *selection) orderItem(x expr, i int) string {
	s.orderable(x.offset(), "ORDER BY", s.items[i].val.t)
	if s.body.as == "STRUCT" {
		return "(" + s.items[i].val.sql + ")"
	}
	return fmt.Sprint(i + 1)
}

// list writes the SELECT list and names its columns.
func (s *selection) list() (string, []outColumn) {
	if s.body.as == "STRUCT" {
		return s.structList()
	}
	parts, cols := make([]string, len(s.items)), make([]outColumn, len(s.items))
	used := make(map[string]bool)
	nameless := 0
	for i, it := range s.items {
		id := it.name
		if id == "" {
			id = fmt.Sprintf("f%d_", nameless)
			nameless++
		}
		for n := i; used[strings.ToLower(id)]; n++ {
			id = fmt.Sprintf("_c%d", n)
		}
		used[strings.ToLower(id)] = true
		cols[i] = outColumn{name: it.name, id: id, t: it.val.t}
		parts[i] = it.val.sql + " AS " + quoteIdent(id)
	}
	return strings.Join(parts, ", "), cols
}

// structList packs the SELECT list in one STRUCT.
func (s *selection) structList() (string, []outColumn) {
	st := &typ{kind: "STRUCT"}
	vals := make([]string, len(s.items))
	for i, it := range s.items {
		st.fields = append(st.fields, typeField{it.name, it.val.t})
		vals[i] = it.val.sql
	}
	return structSQL(st, vals) + ` AS "f0_"`, []outColumn{{id: "f0_", t: st}}
}
