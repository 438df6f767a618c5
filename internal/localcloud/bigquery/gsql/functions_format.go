package gsql

import (
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// emitFormat is FORMAT(format, …) for %d %i %u %x %X %o %s %t %T %f %e %g %'d %%, with flags, width
// and precision.
func emitFormat(c *callSite) value {
	format := c.constantText(0, "Format")
	var pieces []string
	next := 1
	for format != "" {
		before, after, found := strings.Cut(format, "%")
		if before != "" {
			pieces = append(pieces, quoteString(before))
		}
		if !found {
			break
		}
		spec, verb, rest := formatSpec(after)
		format = rest
		if verb == '%' {
			pieces = append(pieces, "'%'")
			continue
		}
		if !c.has(next) {
			c.fail(c.call.offset(), "Too few arguments to FORMAT for pattern %q", c.constantText(0, "Format"))
		}
		pieces = append(pieces, c.formatArg(spec, verb, next))
		next++
	}
	if c.has(next) {
		c.fail(c.call.offset(), "Too many arguments to FORMAT for pattern %q", c.constantText(0, "Format"))
	}
	return value{sql: "(" + strings.Join(append(pieces, "''"), " || ") + ")", t: tString}
}

// formatSpec cuts flags, width and precision, and the verb, off what follows a %.
func formatSpec(s string) (spec string, verb byte, rest string) {
	n := 0
	for n < len(s) && strings.IndexByte("-+ 0'#.123456789", s[n]) >= 0 {
		n++
	}
	if n == len(s) {
		return s, 0, ""
	}
	return s[:n], s[n], s[n+1:]
}

// formatArg writes argument i after a verb.
func (c *callSite) formatArg(spec string, verb byte, i int) string {
	pos := c.call.args[i].offset()
	v := c.arg(i)
	switch verb {
	case 'd', 'i', 'u', 'x', 'X', 'o':
		if c.coercible(v, tInt) < 0 {
			c.fail(pos, "Invalid type for argument %d to FORMAT; Expected integer; Got %s", i+1, v.t)
		}
		if verb == 'i' || verb == 'u' {
			verb = 'd'
		}
		if width, grouped := strings.CutPrefix(spec, "'"); grouped && width == "" && verb == 'd' {
			return "format('{:,}', " + v.sql + ")"
		}
	case 'f', 'F', 'e', 'E', 'g', 'G':
		if c.coercible(v, tFloat) < 0 {
			c.fail(pos, "Invalid type for argument %d to FORMAT; Expected floating point; Got %s", i+1, v.t)
		}
		v = c.coerce(v, tFloat)
	case 's':
		if v.t.kind != row.String && v.t.kind != nullType {
			c.fail(pos, "Invalid type for argument %d to FORMAT; Expected string; Got %s", i+1, v.t)
		}
		v = c.coerce(v, tString)
	case 't':
		v, verb = c.cast(pos, v, tString, false), 's'
	case 'T':
		v, verb = c.sqlText(pos, v), 's'
	default:
		c.unsupported(c.call.args[0].offset(), "Format specifier %%%s%c of FORMAT", spec, verb)
	}
	if strings.ContainsAny(spec, "'#") {
		c.unsupported(c.call.args[0].offset(), "Format specifier %%%s%c of FORMAT", spec, verb)
	}
	if spec == "" && verb == 's' {
		return v.sql
	}
	return "printf('%" + spec + string(verb) + "', " + v.sql + ")"
}

// sqlText writes a value as a literal, for %T.
func (c *callSite) sqlText(pos int, v value) value {
	text := c.cast(pos, v, tString, false)
	prefix := map[row.Type]string{row.Date: "DATE ", row.Datetime: "DATETIME ", row.Time: "TIME ", row.Timestamp: "TIMESTAMP ",
		row.Numeric: "NUMERIC ", row.BigNumeric: "BIGNUMERIC ", row.String: "", row.Bytes: "b"}
	tmpl := "coalesce($1, 'NULL')"
	if p, quoted := prefix[v.t.kind]; quoted {
		tmpl = `coalesce('` + p + `"' || replace(replace($1, '\', '\\'), '"', '\"') || '"', 'NULL')`
	}
	return value{sql: c.expand(tmpl, []value{text}), t: tString}
}
