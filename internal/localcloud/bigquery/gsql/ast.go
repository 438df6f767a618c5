package gsql

import "github.com/seneka-io/seneka/internal/row"

// at is where a node starts: a byte offset of the source. Every node embeds it.
type at int

func (a at) offset() int { return int(a) }

// expr is an expression.
type expr interface{ offset() int }

type (
	// literal is a constant; typ is empty for NULL. Text is as row.Type's values are written.
	literal struct {
		at
		typ  row.Type
		text string
	}
	// param is @name, or the index-th ? if name is empty.
	param struct {
		at
		name  string
		index int
	}
	// path is a name of one or more parts.
	path struct {
		at
		parts []ident
	}
	// field is x.name where x is not a path.
	field struct {
		at
		x    expr
		name ident
	}
	// index is x[i], or x[MODE(i)] with mode OFFSET, ORDINAL, SAFE_OFFSET, SAFE_ORDINAL.
	index struct {
		at
		x, i expr
		mode string
	}
	// unary is an operator before its operand: - + ~ NOT.
	unary struct {
		at
		op string
		x  expr
	}
	// binary is an operator between two operands.
	binary struct {
		at
		op   string
		x, y expr
	}
	// logic is a chain of AND or of OR.
	logic struct {
		at
		op   string
		args []expr
	}
	// is is x IS [NOT] what: NULL, TRUE or FALSE.
	is struct {
		at
		x    expr
		not  bool
		what string
	}
	// between is x [NOT] BETWEEN low AND high.
	between struct {
		at
		x, low, high expr
		not          bool
	}
	// in is x [NOT] IN (list…), IN (query) or IN UNNEST(array).
	in struct {
		at
		x     expr
		not   bool
		list  []expr
		query *query
		array expr
	}
	// caseExpr is CASE; x is nil in the form that tests conditions.
	caseExpr struct {
		at
		x     expr
		whens []when
		other expr // nil if there is no ELSE
	}
	when struct{ cond, then expr }
	// cast is CAST or SAFE_CAST.
	cast struct {
		at
		x    expr
		to   *typ
		safe bool
	}
	// extract is EXTRACT(part FROM x [AT TIME ZONE zone]).
	extract struct {
		at
		part, x expr
		zone    expr
	}
	// interval is INTERVAL n part.
	interval struct {
		at
		n    expr
		part ident
	}
	// structExpr is STRUCT(…), STRUCT<…>(…) or (a, b); typ is nil without a type.
	structExpr struct {
		at
		typ    *typ
		fields []selectItem
	}
	// arrayExpr is […] or ARRAY<T>[…]; elem is nil without a type.
	arrayExpr struct {
		at
		elem  *typ
		elems []expr
	}
	// subquery is (query), ARRAY(query) or EXISTS(query), by kind: "", ARRAY, EXISTS.
	subquery struct {
		at
		kind  string
		query *query
	}
	// call is a function call with everything an aggregate or window function may carry.
	call struct {
		at
		name     string // in capitals, with its SAFE. or other prefix
		args     []expr
		star     bool // COUNT(*)
		distinct bool
		nulls    string // IGNORE, RESPECT or empty
		having   string // MAX, MIN or empty
		havingBy expr
		order    []orderItem
		limit    expr
		over     *window
	}
	// window is what follows OVER or stands in the WINDOW clause.
	window struct {
		at
		base      string // the named window that this one extends, or is
		partition []expr
		order     []orderItem
		frame     *frame
	}
	frame struct {
		unit   string // ROWS or RANGE
		lo, hi bound
	}
	bound struct {
		kind string // UNBOUNDED PRECEDING, PRECEDING, CURRENT ROW, FOLLOWING, UNBOUNDED FOLLOWING
		n    expr
	}
)

// ident is a name as written.
type ident struct {
	at
	name   string
	quoted bool
}

type orderItem struct {
	x          expr
	desc       bool
	nullsFirst *bool // nil: BigQuery's default
}

// selectItem is an expression and its alias, or a star.
type selectItem struct {
	at
	x       expr // nil for *; for x.* what stands before the point
	alias   *ident
	star    bool
	except  []ident
	replace []selectItem
}

// query is a query expression with all that can stand around a SELECT.
type query struct {
	at
	with  []cte
	body  queryBody
	order []orderItem
	limit expr
	skip  expr // OFFSET
}

type cte struct {
	name  ident
	query *query
}

// queryBody is a *selectBody, a *setOperation or a *query in parentheses.
type queryBody interface{ offset() int }

type selectBody struct {
	at
	distinct bool
	as       string // STRUCT, VALUE or empty
	items    []selectItem
	from     fromItem // nil without FROM
	where    expr
	group    *groupBy
	having   expr
	qualify  expr
	windows  map[string]*window // by name in lower case
}

type groupBy struct {
	at
	all, rollup bool
	keys        []expr
}

type setOperation struct {
	at
	op   string // UNION ALL, UNION, INTERSECT, EXCEPT
	x, y queryBody
}

// fromItem is a *tableRef, *derived, *unnest or *join.
type fromItem interface{ offset() int }

type tableRef struct {
	at
	parts []ident
	alias *ident
	// offsetAlias and withOffset belong to an array path: FROM t, t.arr WITH OFFSET.
	withOffset  bool
	offsetAlias *ident
}

type derived struct {
	at
	query *query
	alias *ident
}

type unnest struct {
	at
	x           expr
	alias       *ident
	withOffset  bool
	offsetAlias *ident
}

type join struct {
	at
	kind  string // INNER, LEFT, RIGHT, FULL, CROSS
	x, y  fromItem
	on    expr
	using []ident
}
