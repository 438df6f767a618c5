package main

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/seneka-io/seneka/loadtest/corpus"
)

// object is one that is copied: gzipped log lines.
type object struct {
	key    string
	member []byte // its bytes, which it holds as often as times
	times  int
	crc    uint32 // CRC32C of all of it
}

func (o *object) size() int64 { return int64(o.times) * int64(len(o.member)) }

// reader returns a reader of the object's bytes.
func (o *object) reader() io.Reader {
	all := make([]io.Reader, o.times)
	for i := range all {
		all[i] = bytes.NewReader(o.member)
	}
	return io.MultiReader(all...)
}

const (
	memberMax = 8 << 20 // bytes of gzipped text that are made at once: larger objects repeat them, as gzip files may
	different = 16      // bodies of the objects
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// makeObjects returns objects of about size bytes each, the same ones every time.
func makeObjects(size int64, number int) ([]object, error) {
	c, err := corpus.Of(os.DirFS("."), "alb", 7, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, fmt.Errorf("run this in the module's folder: %w", err)
	}
	bodies := different
	times := 1
	if size > memberMax {
		bodies, times = 1, int(size/memberMax)
	}
	var all []object
	for i := range number {
		o := object{key: fmt.Sprintf("AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/11/01/123456789012_elasticloadbalancing_us-east-1_app.lb.%06d.log.gz", i), times: times}
		if i < bodies {
			if o.member, err = gzipped(c, min(size, memberMax)); err != nil {
				return nil, err
			}
			sum := crc32.New(castagnoli)
			if _, err := io.Copy(sum, o.reader()); err != nil {
				return nil, err
			}
			o.crc = sum.Sum32()
		} else {
			o.member, o.crc = all[i%bodies].member, all[i%bodies].crc
		}
		all = append(all, o)
	}
	return all, nil
}

// gzipped returns text of c that has about size bytes when it is gzipped, within a tenth.
func gzipped(c *corpus.Corpus, size int64) ([]byte, error) {
	for text, tries := 5*size, 0; tries < 100; tries++ {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, _, err := c.Write(z, text); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		got := int64(out.Len())
		if 10*got >= 9*size && 10*got <= 11*size {
			return out.Bytes(), nil
		}
		text = max(1, text*size/got)
	}
	return nil, fmt.Errorf("the corpus gives no text of %d bytes when gzipped", size)
}
