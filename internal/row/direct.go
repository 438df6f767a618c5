package row

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// longRecord is how many bytes of text a record has that does not come straight: it would lie in memory once more.
const longRecord = 64 << 10

// Direct lets decoders that call Begin write columns of the first n straight as e's wire bytes, without a Value in
// between: those of STRING, INT64 and FLOAT64 that are not REPEATED. Other decoders are not affected. It is called
// before the first record, which is then for e alone. It returns false, and changes nothing, where one of these columns
// is REQUIRED.
func (r *Record) Direct(e *Encoder, n int) bool {
	var rest []int
	tags := make([]tag, n)
	for i := range e.fields {
		f := &e.fields[i]
		if i >= n || !f.direct() {
			rest = append(rest, i)
			continue
		}
		if f.required {
			return false
		}
		tags[i] = f.tag
	}
	r.direct, r.tags, r.rest = e, tags, rest
	return true
}

// direct reports whether a column's values may come straight.
func (f *field) direct() bool {
	return f.quick == quickText || f.quick == quickInt || f.quick == quickFloat
}

// Begin starts a record of so many bytes, whose decoder sets every STRING, INT64 and FLOAT64 column that is not REPEATED
// by Text, Int, Float or Null, once, and the others by Values. The Values of the former say nothing then.
func (r *Record) Begin(size int) {
	r.wire, r.replaced, r.begun = r.wire[:0], 0, r.direct != nil && size <= longRecord
}

// Text sets column i, which must be a STRING, as Value.SetText does.
func (r *Record) Text(i int, b []byte, utf8 bool) {
	switch {
	case !r.begun:
		r.Values[i].SetText(b, utf8)
	case utf8 || validUTF8(b):
		r.wire = r.tags[i].appendText(r.wire, b)
	default:
		e := r.direct
		e.text = appendValidUTF8(e.text[:0], b)
		r.wire = r.tags[i].appendText(r.wire, e.text)
		r.replaced++
	}
}

// Int sets column i, which must be an INT64.
func (r *Record) Int(i int, n int64) {
	if !r.begun {
		r.Values[i].SetInt(n)
		return
	}
	r.wire = r.tags[i].appendNumber(r.wire, uint64(n))
}

// Float sets column i, which must be a FLOAT64.
func (r *Record) Float(i int, x float64) {
	if !r.begun {
		r.Values[i].SetFloat(x)
		return
	}
	r.wire = protowire.AppendFixed64(r.tags[i].appendTag(r.wire), math.Float64bits(x))
}

// Null makes column i, of one of these types, NULL.
func (r *Record) Null(i int) {
	if !r.begun {
		r.Values[i].SetNull()
	}
}

// appendDirect appends what came straight, and the Values of the other columns.
func (e *Encoder) appendDirect(dst []byte, rec *Record) ([]byte, error) {
	if rec.direct != e {
		return dst, errors.New("the record was written for another encoder")
	}
	dst = append(dst, rec.wire...)
	var err error
	for _, i := range rec.rest {
		if dst, err = e.appendFields(dst, e.fields[i:i+1], rec.Values[i:i+1]); err != nil {
			return dst, err
		}
	}
	e.replaced += rec.replaced
	return dst, nil
}
