package gsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// maxSQL bounds the text that one expression may become, in bytes.
const maxSQL = 1 << 20

// maxViews bounds how deep views may be made of views.
const maxViews = 16

// translator turns a tree into DuckDB SQL. It gives up by panic, see text.
type translator struct {
	text
	opts      *Options
	functions map[string]*function
	ctes      []cteDef // visible here, the innermost last
	names     *int     // counts the names made up for tables
	depth     int
	views     int // how many views surround this text
	impure    int // counts what makes a value impure
}

type cteDef struct {
	name string
	id   string
	cols []outColumn
}

// result is a translated query.
type result struct {
	sql  string
	cols []outColumn
}

// outColumn is a column of a query's result: its name, and the one DuckDB knows it by.
type outColumn struct {
	name, id string
	t        *typ
}

func translate(query string, o Options) (s *Statement, err error) {
	defer recoverError(&err)
	t := &translator{text: text(query), opts: &o, functions: functionTable(), names: new(int)}
	q := parse(t.text)
	if b, ok := q.body.(*selectBody); ok && b.as == "STRUCT" {
		b.as = "" // the final result shows a STRUCT's fields as columns
	}
	r := t.query(q, nil)
	s = &Statement{Kind: "SELECT"}
	list := make([]string, len(r.cols))
	for i, c := range r.cols {
		t.checkOutput(r.cols, i)
		s.Columns = append(s.Columns, c.t.column(c.id))
		list[i] = quoteIdent(c.id)
		if c.t.kind == nullType {
			list[i] = "CAST(" + list[i] + " AS BIGINT) AS " + list[i]
		}
	}
	s.SQL = r.sql
	if slices.ContainsFunc(r.cols, func(c outColumn) bool { return c.t.kind == nullType }) {
		s.SQL = "SELECT " + strings.Join(list, ", ") + " FROM (" + r.sql + ") AS result"
	}
	return s, nil
}

// checkOutput gives up if a column of the final result cannot be shown.
func (t *translator) checkOutput(cols []outColumn, i int) {
	c := cols[i]
	for _, d := range cols[:i] {
		if c.name != "" && strings.EqualFold(c.name, d.name) {
			t.fail(0, "Duplicate column names in the result are not supported. Found duplicate(s): %s", c.name)
		}
	}
	elem := c.t
	if elem.kind == arrayType {
		elem = elem.elem
	}
	if elem.kind == arrayType {
		t.fail(0, "Column %s has type %s: an array of arrays is not a type", c.name, c.t)
	}
}

// query translates a query expression inside the queries that surround it.
func (t *translator) query(q *query, parent *scope) result {
	defer t.enter(q.offset())()
	visible := len(t.ctes)
	defer func() { t.ctes = t.ctes[:visible] }()
	with := t.with(q.with, parent)
	var r result
	if s, ok := q.body.(*selectBody); ok {
		r = t.selectQuery(s, parent, q.order)
	} else {
		r = t.body(q.body, parent)
		if len(q.order) > 0 {
			r = t.orderResult(r, parent, q.order)
		}
	}
	r.sql = with + r.sql
	if q.limit != nil {
		r.sql += " LIMIT " + t.count(q.limit)
	}
	if q.skip != nil {
		r.sql += " OFFSET " + t.count(q.skip)
	}
	return r
}

// enter counts one more level of nesting until the returned function is called.
func (t *translator) enter(pos int) func() {
	if t.depth++; t.depth > 4*maxDepth {
		t.fail(pos, "Query is nested too deeply")
	}
	return func() { t.depth-- }
}

// newName makes up a name of DuckDB.
func (t *translator) newName(prefix string) string {
	*t.names++
	return fmt.Sprintf("%s%d", prefix, *t.names)
}

func (t *translator) with(ctes []cte, parent *scope) string {
	if len(ctes) == 0 {
		return ""
	}
	parts := make([]string, len(ctes))
	first := len(t.ctes)
	for i, c := range ctes {
		for _, d := range t.ctes[first:] {
			if strings.EqualFold(d.name, c.name.name) {
				t.fail(c.name.offset(), "Duplicate alias %s for WITH subquery", c.name.name)
			}
		}
		r := t.query(c.query, parent)
		def := cteDef{name: c.name.name, id: t.newName("w"), cols: r.cols}
		parts[i] = def.id + " AS (" + r.sql + ")"
		t.ctes = append(t.ctes, def)
	}
	return "WITH " + strings.Join(parts, ", ") + " "
}

// count translates what LIMIT and OFFSET take.
func (t *translator) count(x expr) string {
	v := t.expr(env{}, x)
	if v.t.kind != row.Int64 {
		t.fail(x.offset(), "LIMIT expects an integer literal or parameter")
	}
	if strings.HasPrefix(v.text, "-") {
		t.fail(x.offset(), "LIMIT expects a non-negative integer literal or parameter")
	}
	return v.sql
}

func (t *translator) body(b queryBody, parent *scope) result {
	switch b := b.(type) {
	case *selectBody:
		return t.selectQuery(b, parent, nil)
	case *query:
		r := t.query(b, parent)
		r.sql = "(" + r.sql + ")"
		return r
	default:
		return t.setOperation(b.(*setOperation), parent)
	}
}

func (t *translator) setOperation(op *setOperation, parent *scope) result {
	defer t.enter(op.offset())()
	x, y := t.body(op.x, parent), t.body(op.y, parent)
	if len(x.cols) != len(y.cols) {
		t.fail(op.offset(), "Queries in %s have mismatched column count; query 1 has %d columns, query 2 has %d columns",
			op.op, len(x.cols), len(y.cols))
	}
	types := make([]*typ, len(x.cols))
	cols := slices.Clone(x.cols)
	for i := range cols {
		types[i] = t.supertype([]value{{t: x.cols[i].t}, {t: y.cols[i].t}})
		if types[i] == nil {
			t.fail(op.offset(), "Column %d in %s has incompatible types: %s, %s", i+1, op.op, x.cols[i].t, y.cols[i].t)
		}
		cols[i].t = types[i]
	}
	sql := "(" + t.castResult(x, types) + ") " + op.op + " (" + t.castResult(y, types) + ")"
	return result{sql: sql, cols: cols}
}

// castResult returns a query's SQL with its columns turned to types.
func (t *translator) castResult(r result, types []*typ) string {
	same := true
	list := make([]string, len(types))
	for i, c := range r.cols {
		id := quoteIdent(c.id)
		list[i] = id
		if !c.t.equal(types[i]) {
			same = false
			list[i] = t.coerce(value{sql: id, t: c.t}, types[i]).sql + " AS " + id
		}
	}
	if same {
		return r.sql
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + r.sql + ") AS " + t.newName("t")
}

// orderResult sorts a query's result by its columns.
func (t *translator) orderResult(r result, parent *scope, order []orderItem) result {
	alias := t.newName("t")
	s := &scope{parent: parent, cols: resultColumns(alias, r.cols)}
	by := t.orderBy(env{scope: s, clause: "ORDER BY clause"}, order, func(x expr) (string, bool) {
		n, ok := ordinal(x)
		if ok && (n < 1 || n > len(r.cols)) {
			t.fail(x.offset(), "ORDER BY column number item is out of range. Column numbers must be between 1 and %d", len(r.cols))
		}
		return fmt.Sprint(n), ok
	})
	r.sql = "SELECT " + alias + ".* FROM (" + r.sql + ") AS " + alias + by
	return r
}

// resultColumns are the columns of a query in FROM.
func resultColumns(alias string, cols []outColumn) []column {
	list := make([]column, len(cols))
	for i, c := range cols {
		list[i] = column{name: c.name, sql: alias + "." + quoteIdent(c.id), t: c.t}
	}
	return list
}

// ordinal returns the number that x is, if it is an integer literal.
func ordinal(x expr) (int, bool) {
	l, ok := x.(*literal)
	if !ok || l.typ != row.Int64 {
		return 0, false
	}
	var n int
	if _, err := fmt.Sscanf(l.text, "%d", &n); err != nil {
		return 0, true
	}
	return n, true
}

// orderBy translates ORDER BY, or the same inside OVER and aggregates, with BigQuery's place for
// NULLs spelled out. special may give the SQL of a key that is no expression.
func (t *translator) orderBy(e env, order []orderItem, special func(expr) (string, bool)) string {
	if len(order) == 0 {
		return ""
	}
	keys := make([]string, len(order))
	for i, o := range order {
		sql, ok := "", false
		if special != nil {
			sql, ok = special(o.x)
		}
		if !ok {
			v := t.expr(e, o.x)
			t.orderable(o.x.offset(), e.clause, v.t)
			sql = v.sql
		}
		keys[i] = sql + direction(o)
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

// orderable gives up if values of that type have no order.
func (t *translator) orderable(pos int, clause string, ty *typ) {
	switch ty.kind {
	case arrayType, row.Struct, row.JSON, row.Geography, row.Range:
		t.fail(pos, "%s does not support expressions of type %s", strings.Replace(clause, " clause", "", 1), ty)
	}
}

// direction writes the order and the place of NULLs: first going up, last going down.
func direction(o orderItem) string {
	dir, first := " ASC", !o.desc
	if o.desc {
		dir = " DESC"
	}
	if o.nullsFirst != nil {
		first = *o.nullsFirst
	}
	if first {
		return dir + " NULLS FIRST"
	}
	return dir + " NULLS LAST"
}
