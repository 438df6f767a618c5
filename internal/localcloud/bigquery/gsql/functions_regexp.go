package gsql

import (
	"fmt"
	"regexp/syntax"
)

func regexpFunctions() []function {
	return []function{
		special("REGEXP_CONTAINS", 2, 2, emitRegexpContains),
		special("REGEXP_EXTRACT", 2, 4, emitRegexpExtract),
		special("REGEXP_SUBSTR", 2, 4, emitRegexpExtract),
		special("REGEXP_EXTRACT_ALL", 2, 2, emitRegexpExtractAll),
		special("REGEXP_REPLACE", 3, 3, emitRegexpReplace),
	}
}

// pattern returns argument 1, a regular expression in RE2's syntax, which Go reads too, and the
// group that EXTRACT means: the only one, or 0 for the whole match. The pattern is fit for templates.
func (c *callSite) pattern() (sql string, group int) {
	text := c.constantText(1, "Regular expression")
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		c.fail(c.call.args[1].offset(), "Cannot parse regular expression: %s", err)
	}
	return escapeTemplate(quoteString(text)), re.MaxCap()
}

// extractPattern is pattern for functions that take one group at most.
func (c *callSite) extractPattern() (sql string, group int) {
	sql, group = c.pattern()
	if group > 1 {
		c.fail(c.call.args[1].offset(), "Regular expression passed to %s has %d capturing groups, but must have at most 1", c.fn.name, group)
	}
	return sql, group
}

func emitRegexpContains(c *callSite) value {
	v := c.typed(0, tString)
	re, _ := c.pattern()
	return value{sql: c.expand("regexp_matches($1, "+re+")", []value{v}), t: tBool}
}

// emitRegexpExtract gives NULL where nothing matches; DuckDB would give ”.
func emitRegexpExtract(c *callSite) value {
	args := []value{c.typed(0, tString)}
	re, group := c.extractPattern()
	if !c.has(2) {
		tmpl := fmt.Sprintf("CASE WHEN regexp_matches($1, %s) THEN regexp_extract($1, %s, %d) END", re, re, group)
		return value{sql: c.expand(tmpl, args), t: tString}
	}
	args = append(args, c.typed(2, tInt), value{sql: "1", t: tInt})
	if c.has(3) {
		args[2] = c.typed(3, tInt)
	}
	tmpl := raise("$2 < 1 OR $3 < 1", "'Position and occurrence of REGEXP_EXTRACT must be positive'",
		fmt.Sprintf("regexp_extract_all(substring($1, $2), %s, %d)[$3]", re, group))
	return value{sql: c.expand("("+tmpl+")", args), t: tString}
}

func emitRegexpExtractAll(c *callSite) value {
	v := c.typed(0, tString)
	re, group := c.extractPattern()
	return value{sql: c.expand(fmt.Sprintf("regexp_extract_all($1, %s, %d)", re, group), []value{v}), t: arrayOf(tString)}
}

func emitRegexpReplace(c *callSite) value {
	v := c.typed(0, tString)
	re, _ := c.pattern()
	return value{sql: c.expand("regexp_replace($1, "+re+", $2, 'g')", []value{v, c.typed(2, tString)}), t: tString}
}
