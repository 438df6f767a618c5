package write

import (
	"crypto/rand"
	"strings"

	"github.com/seneka-io/seneka/internal/row"
)

// defaultID is the stream that every table has.
const defaultID = "_default"

// streamName names a stream: projects/{project}/datasets/{dataset}/tables/{table}/streams/{id}.
type streamName struct {
	table row.Table
	id    string
}

func (n streamName) String() string {
	if n.id == "" {
		return ""
	}
	return n.table.Path() + "/streams/" + n.id
}

func (n streamName) isDefault() bool { return n.id == defaultID }

// newStreamName returns a name of a stream of table t that nobody has used.
func newStreamName(t row.Table) streamName {
	return streamName{table: t, id: strings.ToLower(rand.Text())}
}

// parseStream reads the name of a stream. The default stream may also stand right after its
// table, as the Java client writes it.
func parseStream(s string) (streamName, bool) {
	parent, id, ok := strings.Cut(s, "/streams/")
	if !ok {
		parent, ok = strings.CutSuffix(s, "/"+defaultID)
		id = defaultID
	}
	t, err := row.ParseTablePath(parent)
	return streamName{table: t, id: id}, ok && err == nil && isID(id)
}

// isID reports whether s is made like an identity of a stream, and so may stand in a file name.
func isID(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}
