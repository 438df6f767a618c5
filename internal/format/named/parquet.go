package named

import (
	"io"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/parquet"
)

// Parquet returns a decoder of a Parquet file whose columns are fields of layout: it takes their values for
// the fields of a line, and their names for its header.
func Parquet(r io.Reader, o format.Options, layout Layout) format.Decoder {
	h := NewHeader(layout)
	return parquet.TextDecoder(r, o, func(names []string) error {
		h.Set([]byte(strings.Join(names, " ")))
		return nil
	}, h.Read)
}
