package load

import (
	"github.com/seneka-io/seneka/internal/row"
)

// LogSpecs returns the logs that stand beside t, as this release makes them.
func LogSpecs(t row.Table) map[row.Table]row.Spec {
	return map[row.Table]row.Spec{logTable(t): loadLogSpec, rejectTable(t): rejectLogSpec}
}

// ViewNames returns the views that stand beside t, and the version that this release makes of them.
func ViewNames(t row.Table) (names []row.Table, version int) {
	for name := range views(t) {
		names = append(names, row.Table{Project: t.Project, Dataset: t.Dataset, Name: name})
	}
	return names, viewsVersion
}
