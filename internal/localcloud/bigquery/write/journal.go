package write

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"google.golang.org/protobuf/proto"
)

// journal is the file of one PENDING stream: frames, only ever added at its end. A frame is its
// kind (1 byte), rows (uint32), payload length (uint32), CRC-32C of those and the payload
// (uint32), all little-endian, then the payload. What follows the last whole frame was never
// acknowledged and is cut off by the next write.
type journal struct {
	path      string
	name      string // of the stream
	created   time.Time
	schema    []byte // the DescriptorProto of the last rows
	rows      int64
	finalized bool
	size      int64 // bytes of whole frames
}

const frameHead = 13

// The kinds of a frame.
const (
	frameStream byte = 'N' // RFC 3339 time of creation, a space, the stream's name; the first frame
	frameSchema byte = 'S' // the DescriptorProto of the rows that follow
	frameRows   byte = 'R' // a ProtoRows
	frameFinal  byte = 'F' // nothing may follow
)

// A function and not a table of the package: crc32 itself makes and keeps the table.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func journalPath(dir string, name streamName) string { return filepath.Join(dir, name.id+".pending") }

func createJournal(dir string, name streamName, created time.Time) (*journal, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	j := &journal{path: journalPath(dir, name), name: name.String(), created: created}
	head := created.Format(time.RFC3339Nano) + " " + j.name
	return j, j.write(appendFrame(nil, frameStream, 0, []byte(head)))
}

// openJournal reads what the file holds; fs.ErrNotExist if there is none.
func openJournal(path string) (*journal, error) {
	j := &journal{path: path}
	err := j.scan(func(kind byte, rows uint32, payload []byte) error {
		switch kind {
		case frameStream:
			return j.readHead(payload)
		case frameSchema:
			j.schema = bytes.Clone(payload)
		case frameRows:
			j.rows += int64(rows)
		case frameFinal:
			j.finalized = true
		}
		return nil
	})
	if err == nil && j.name == "" {
		err = fmt.Errorf("journal %s: no stream named at its start", path)
	}
	return j, err
}

// journalCreated reads no more of a journal than when its stream was made.
func journalCreated(path string) (time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return time.Time{}, fmt.Errorf("read journal: %w", err)
	}
	defer f.Close()
	frame, err := readFrame(f, nil)
	if err != nil {
		return time.Time{}, fmt.Errorf("read journal %s: %w", path, err)
	}
	j := &journal{path: path}
	err = j.readHead(frame[frameHead:])
	return j.created, err
}

func (j *journal) readHead(payload []byte) (err error) {
	created, name, _ := bytes.Cut(payload, []byte(" "))
	j.name = string(name)
	if j.created, err = time.Parse(time.RFC3339Nano, string(created)); err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	return nil
}

// append adds rows written in the given schema. When it returns nil they are on disk.
func (j *journal) append(schema []byte, rows *storagepb.ProtoRows) error {
	payload, err := proto.Marshal(rows)
	if err != nil {
		return fmt.Errorf("journal %s: %w", j.path, err)
	}
	var b []byte
	if !bytes.Equal(schema, j.schema) {
		b = appendFrame(b, frameSchema, 0, schema)
	}
	n := len(rows.GetSerializedRows())
	if err := j.write(appendFrame(b, frameRows, uint32(n), payload)); err != nil {
		return err
	}
	j.schema, j.rows = schema, j.rows+int64(n)
	return nil
}

// finalize marks that no rows follow. When it returns nil the mark is on disk.
func (j *journal) finalize() error {
	if err := j.write(appendFrame(nil, frameFinal, 0, nil)); err != nil {
		return err
	}
	j.finalized = true
	return nil
}

// replay calls fn with the rows of each append, in order, and the DescriptorProto they follow.
func (j *journal) replay(fn func(schema []byte, rows [][]byte) error) error {
	var schema []byte
	return j.scan(func(kind byte, _ uint32, payload []byte) error {
		switch kind {
		case frameSchema:
			schema = bytes.Clone(payload)
		case frameRows:
			var rows storagepb.ProtoRows
			if err := proto.Unmarshal(payload, &rows); err != nil {
				return fmt.Errorf("journal %s: %w", j.path, err)
			}
			return fn(schema, rows.GetSerializedRows())
		}
		return nil
	})
}

func (j *journal) remove() { _ = os.Remove(j.path) }

// write puts frames after the last whole one. Whatever an earlier failed write left there goes.
func (j *journal) write(frames []byte) error {
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	err = f.Truncate(j.size)
	if err == nil {
		_, err = f.WriteAt(frames, j.size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	j.size += int64(len(frames))
	return nil
}

// scan calls fn for each whole frame and sets j.size to where they end. The payload is good until
// fn returns.
func (j *journal) scan(fn func(kind byte, rows uint32, payload []byte) error) error {
	f, err := os.Open(j.path)
	if err != nil {
		return fmt.Errorf("read journal: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	var size int64
	var frame []byte
	for {
		frame, err = readFrame(r, frame)
		if errors.Is(err, errTorn) {
			j.size = size
			return nil
		}
		if err != nil {
			return fmt.Errorf("read journal %s: %w", j.path, err)
		}
		if err := fn(frame[0], binary.LittleEndian.Uint32(frame[1:]), frame[frameHead:]); err != nil {
			return err
		}
		size += int64(len(frame))
	}
}

// errTorn is the end of the whole frames: the end of the file, or a write that was cut short.
var errTorn = errors.New("no whole frame")

// readFrame reads one frame into buf, which it grows when needed.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	buf = append(buf[:0], make([]byte, frameHead)...)
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf, torn(err)
	}
	n := binary.LittleEndian.Uint32(buf[5:])
	if n > 2*maxRequest {
		return buf, errTorn
	}
	buf = append(buf, make([]byte, n)...)
	if _, err := io.ReadFull(r, buf[frameHead:]); err != nil {
		return buf, torn(err)
	}
	if binary.LittleEndian.Uint32(buf[9:]) != frameSum(buf) {
		return buf, errTorn
	}
	return buf, nil
}

func torn(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return err
}

func appendFrame(b []byte, kind byte, rows uint32, payload []byte) []byte {
	start := len(b)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint32(b, rows)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, 0, 0, 0, 0)
	b = append(b, payload...)
	binary.LittleEndian.PutUint32(b[start+9:], frameSum(b[start:]))
	return b
}

func frameSum(frame []byte) uint32 {
	sum := crc32.Checksum(frame[:9], castagnoli())
	return crc32.Update(sum, castagnoli(), frame[frameHead:])
}
