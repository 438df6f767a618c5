package formats

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/seneka-io/seneka/internal/format"
	"github.com/seneka-io/seneka/internal/format/parquet/pq"
	"github.com/seneka-io/seneka/internal/row"
)

// Head is how many decompressed bytes of a file Detect wants to see, if there are so many.
const Head = 256 << 10

// Detect finds the format of a file by its name and its first decompressed bytes, and says why it
// is that one. It reads head as each format that brings its own columns: the one wins that makes the
// most of it, and of two that do the same, the one whose keys look like name. If none makes rows of it, it is
// the one that finds no record in it and nothing wrong: a header alone, or {"Records":[]}. Then come formats
// without columns of their own, by the form of head, and the one whose keys look like name. An error says
// that none makes sense of it.
func Detect(name string, head []byte) (f *format.Format, why string, err error) {
	whole := len(head) < Head
	var best, named trial
	var empty []trial
	for _, f := range table {
		if f.Declare != nil {
			continue
		}
		t := try(f, head, whole)
		t.named = f.Key != nil && f.Key.MatchString(name)
		if t.better(&best) {
			best = t
		}
		if t.named {
			named = t
		}
		if t.empty && whole {
			empty = append(empty, t)
		}
	}
	switch {
	case best.format != nil:
		return best.format, best.why(), nil
	case named.empty:
		return named.format, named.why(), nil
	case len(empty) == 1:
		return empty[0].format, empty[0].why(), nil
	}
	if f, why := columnar(name, head); f != nil {
		return f, why, nil
	}
	if f, why := declared(name, head); f != nil {
		return f, why, nil
	}
	if named.format != nil {
		return named.format, named.why(), nil
	}
	return nil, "", errors.New("no format makes sense of its first records: name one with --format; seneka formats lists them")
}

// trial is what a format makes of the first records of a file.
type trial struct {
	format         *format.Format
	rows, rejects  int
	known, unknown int // values that have a column, and that have none
	control, named bool
	empty          bool // head holds something, and no record
}

// try reads head, which is the whole file or its beginning.
func try(f *format.Format, head []byte, whole bool) trial {
	t := trial{format: f}
	dec := f.New(bytes.NewReader(head), format.Options{})
	rec := row.NewRecord(len(f.Spec.Columns))
	for {
		err := dec.Next(rec)
		var bad *format.Reject
		switch {
		case err == nil:
			t.rows++
			t.count(rec)
		case errors.As(err, &bad):
			// The last record is cut off where head ends.
			if whole || bad.Offset+int64(len(bad.Raw)) < int64(len(head)) {
				t.rejects++
			}
		default:
			t.control = errors.Is(err, format.ErrControl)
			t.empty = err == io.EOF && t.rows+t.rejects == 0 && len(bytes.TrimSpace(head)) > 0
			return t
		}
	}
}

// count counts the record's values.
func (t *trial) count(rec *row.Record) {
	for i := range t.format.Spec.Columns {
		v := &rec.Values[i]
		switch {
		case t.format.Spec.Columns[i].Name == "extra":
			t.unknown += Unknown(&t.format.Spec.Columns[i], v)
		case !v.IsNull() && (v.Kind() != row.KindList || len(v.List()) > 0):
			t.known++
		}
	}
}

// good reports whether the format makes sense of some records, and of most that is in those.
func (t *trial) good() bool {
	return t.control || t.rows > 0 && t.rejects < 10*t.rows && t.unknown < t.known
}

// better reports whether t is good and makes more of the file than best.
func (t *trial) better(best *trial) bool {
	switch {
	case !t.good() || best.format == nil:
		return t.good()
	case t.share() != best.share():
		return t.share() > best.share()
	case t.named != best.named:
		return t.named
	default:
		return t.known > best.known
	}
}

// share is how much of the records is understood, 0 to 1.
func (t *trial) share() float64 {
	if t.rows == 0 {
		return 0
	}
	return float64(t.rows) / float64(t.rows+t.rejects) * float64(t.known) / float64(t.known+t.unknown)
}

func (t *trial) why() string {
	why := fmt.Sprintf("%d of its first %d records read as %s", t.rows, t.rows+t.rejects, t.format.Name)
	switch {
	case t.control:
		why = "it is a control object of such logs"
	case t.empty:
		why = "it reads as a log of that format without records"
	case t.rows == 0:
		return "its name is that of such logs"
	}
	if t.named {
		why += ", and so does its name"
	}
	return why
}

// columnar returns the format of a Parquet file, whose beginning holds no record.
func columnar(name string, head []byte) (f *format.Format, why string) {
	if !bytes.HasPrefix(head, []byte(pq.Magic)) {
		return nil, ""
	}
	kind, why := "parquet", "it begins as Parquet files do"
	cloudFront, _ := Lookup("cloudfront")
	switch {
	case strings.Contains(name, "vpcflowlogs"):
		kind, why = "vpcflow", why+", and its name is that of a flow log"
	case cloudFront.Key.MatchString(name):
		kind, why = "cloudfront", why+", and its name is that of a log of CloudFront"
	}
	f, _ = Lookup(kind)
	return f, why
}

// declared returns a format whose columns a schema declares, by the form of the first bytes.
func declared(name string, head []byte) (f *format.Format, why string) {
	head = bytes.TrimLeft(head, "\ufeff \t\r\n")
	line, _, _ := bytes.Cut(head, []byte("\n"))
	kind := ""
	switch {
	case len(head) == 0:
		return nil, ""
	case head[0] == '{' || head[0] == '[':
		kind, why = "ndjson", "it begins with a JSON object, and is none of the logs that are JSON"
	case path.Ext(name) == ".tsv" || bytes.Count(line, []byte("\t")) > bytes.Count(line, []byte(",")):
		kind, why = "tsv", "its first line holds tabs"
	case bytes.Contains(line, []byte(",")):
		kind, why = "csv", "its first line holds commas"
	}
	f, ok := Lookup(kind)
	if !ok {
		return nil, ""
	}
	return f, why
}

// Unknown returns how many values the column for what has no column holds: elements of a list,
// members of a JSON object.
func Unknown(c *row.Column, v *row.Value) int {
	switch {
	case v.IsNull():
		return 0
	case c.Mode == row.Repeated:
		return len(v.List())
	case c.Type == row.JSON:
		return members(v.Bytes())
	default:
		return 1
	}
}

// members counts the members of a JSON object; anything else is one.
func members(text []byte) int {
	depth, n, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return max(n, 1)
}
