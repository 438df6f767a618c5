// Package formats is the table of all formats.
package formats

import (
	"slices"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/elb"
)

// table lists the formats by name. A new one is a line here, a file in its family's package, and
// its tests.
var table = []*format.Format{
	elb.ALB(),
	elb.ELB(),
}

// Lookup returns the format that the configuration calls name. The format is shared: do not change
// it. Lookup is safe for concurrent use.
func Lookup(name string) (*format.Format, bool) {
	i := slices.IndexFunc(table, func(f *format.Format) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return table[i], true
}

// Names returns the names of all formats, sorted.
func Names() []string {
	names := make([]string, len(table))
	for i, f := range table {
		names[i] = f.Name
	}
	slices.Sort(names)
	return names
}
