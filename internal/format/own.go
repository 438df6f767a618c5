package format

import (
	"fmt"
	"sync"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/row"
)

// maxOwn bounds the formats that an Own remembers. If the files of one source have more sets of columns
// than these, some are made anew.
const maxOwn = 100

// Own makes a format for each set of columns that the files of one source have, and remembers it: tables
// and streams are kept by it. Safe for concurrent use.
type Own struct {
	declaration Declaration
	declare     func(d Declaration) (*Format, error)
	mu          sync.Mutex
	known       map[string]*Format // by the columns as text
}

// NewOwn returns an Own of a source that declares d but no columns; declare is as Format.Declare.
func NewOwn(d Declaration, declare func(d Declaration) (*Format, error)) *Own {
	return &Own{declaration: d, declare: declare, known: map[string]*Format{}}
}

// Format returns the format of files with these columns. An error is of kind Permanent: they make no
// table.
func (o *Own) Format(columns row.Schema) (*Format, error) {
	text, err := columns.JSON()
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, ok := o.known[string(text)]; ok {
		return known, nil
	}
	d := o.declaration
	d.Columns, d.OfFile = columns, true
	made, err := o.declare(d)
	if err != nil {
		return nil, errkind.With(errkind.Permanent, fmt.Errorf("the columns of the file make no table: %w", err))
	}
	if len(o.known) >= maxOwn {
		clear(o.known)
	}
	o.known[string(text)] = made
	return made, nil
}
