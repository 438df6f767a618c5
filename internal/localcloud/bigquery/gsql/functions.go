package gsql

import "slices"

// class says how a function is called.
type class uint8

const (
	plain      class = iota // of one row
	aggregate               // of a group of rows, or over a window
	windowOnly              // over a window only
)

// function is an entry of the table of functions. Whatever has no entry cannot be called.
type function struct {
	name     string
	group    string // its heading in docs/local-sql.md
	class    class
	min, max int // number of arguments; max is -1 for any
	// overloads are what most functions are: templates, picked by the arguments' types.
	overloads []overload
	emit      func(*callSite) value         // or: how a plain function is written
	emitAgg   func(*callSite, string) value // or: how an aggregate is written; with its OVER clause
	ordered   bool                          // OVER must have an ORDER BY
	frameless bool                          // OVER must not have a frame
	nulls     bool                          // IGNORE NULLS and RESPECT NULLS are allowed
}

// overload is one signature of a function, and the template of what it becomes: $1, $2, … are the
// arguments. With a guard, the call fails with message where the guard holds. Of an aggregate, sql
// is as callSite.finish says.
type overload struct {
	in             []*typ
	out            *typ
	sql            string
	guard, message string
}

// typeCodes name types in signatures.
var typeCodes = map[rune]*typ{
	'B': tBool, 'i': tInt, 'f': tFloat, 'n': tNumeric, 'N': tBigNumeric, 's': tString, 'b': tBytes,
	'd': tDate, 'D': tDatetime, 'T': tTime, 't': tTimestamp, 'j': tJSON,
}

// sig makes an overload of a signature like "si:s": a letter for each argument, then the result.
func sig(types, sql string) overload {
	o := overload{sql: sql}
	codes := []rune(types)
	for _, c := range codes[:len(codes)-2] {
		o.in = append(o.in, typeCodes[c])
	}
	o.out = typeCodes[codes[len(codes)-1]]
	return o
}

// guarded is sig with a condition under which the call fails, and the SQL of the message.
func guarded(types, guard, message, sql string) overload {
	o := sig(types, sql)
	o.guard, o.message = guard, message
	return o
}

// fn makes a function of overloads, whose numbers of arguments are its bounds.
func fn(name string, overloads ...overload) function {
	f := function{name: name, overloads: overloads, min: len(overloads[0].in)}
	for _, o := range overloads {
		f.min, f.max = min(f.min, len(o.in)), max(f.max, len(o.in))
	}
	return f
}

// special makes a function that is written by code. A most of -1 means any number.
func special(name string, least, most int, emit func(*callSite) value) function {
	return function{name: name, min: least, max: most, emit: emit}
}

// also returns f under further names.
func also(f function, names ...string) []function {
	list := []function{f}
	for _, n := range names {
		f.name = n
		list = append(list, f)
	}
	return list
}

// groups is the table of functions by heading, in the order of docs/local-sql.md.
func groups() []function {
	var all []function
	for _, g := range []struct {
		name string
		list []function
	}{
		{"Aggregate", aggregateFunctions()},
		{"Window", windowFunctions()},
		{"Conditional", conditionalFunctions()},
		{"String and bytes", slices.Concat(stringFunctions(), regexpFunctions(), hashFunctions())},
		{"Mathematical", mathFunctions()},
		{"Date and time", slices.Concat(timeFunctions(), dateArithmeticFunctions(), timeTextFunctions())},
		{"Array", arrayFunctions()},
		{"JSON", jsonFunctions()},
		{"Other", otherFunctions()},
	} {
		for _, f := range g.list {
			f.group = g.name
			all = append(all, f)
		}
	}
	return all
}

// functionTable returns the functions by name.
func functionTable() map[string]*function {
	table := make(map[string]*function)
	for _, f := range groups() {
		table[f.name] = &f
	}
	return table
}
