// Package journal keeps the state of a stand-in across a restart and across kill -9: an append-only
// file of JSON records, one a line, each behind the CRC-32C of its bytes.
//
// Writers append while they hold the lock of their own state, so that the file has the order of the
// changes, and wait outside it: all records that arrive during one fsync share the next one. The file
// grows as long as the process runs; opening it compacts it.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// ErrClosed is the error of a record that was appended after Close.
var ErrClosed = errors.New("journal is closed")

// Journal is an append-only file of records. A nil Journal accepts everything and keeps nothing.
// It is safe for concurrent use.
type Journal struct {
	path    string
	file    *os.File
	stopped chan struct{}

	mu      sync.Mutex
	work    *sync.Cond // there is something to write, or the journal is closing
	durable *sync.Cond // synced or err has changed
	pending []byte     // appended, not yet handed to the file
	end     Mark
	synced  Mark
	closed  bool
	err     error // the first failure; nothing is written after it
}

// Mark is a place in the journal: what Wait waits for.
type Mark int64

// Open reads the journal at path (none is an empty one), handing each record to replay in order,
// and then rewrites it as the records that snapshot emits, so that it holds no more than the state
// itself. It stops reading at the first torn or damaged record: what follows one was never
// acknowledged. Only one process may have a journal open.
func Open(path string, replay func(record []byte) error, snapshot func(emit func(record any) error) error) (*Journal, error) {
	if err := read(path, replay); err != nil {
		return nil, fmt.Errorf("read journal %s: %w", path, err)
	}
	file, err := rewrite(path, snapshot)
	if err != nil {
		return nil, fmt.Errorf("rewrite journal %s: %w", path, err)
	}
	j := &Journal{path: path, file: file, stopped: make(chan struct{})}
	j.work, j.durable = sync.NewCond(&j.mu), sync.NewCond(&j.mu)
	go j.write()
	return j, nil
}

// Append adds a record, which must marshal to JSON, and returns the mark to wait for. An error
// shows in Wait.
func (j *Journal) Append(record any) Mark {
	if j == nil {
		return 0
	}
	line, err := frame(record)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed && err == nil {
		err = ErrClosed
	}
	if err != nil && j.err == nil {
		j.err = err
	}
	j.pending = append(j.pending, line...)
	j.end += Mark(len(line))
	j.work.Signal()
	return j.end
}

// Wait returns once everything up to m is on the disk. After the first failed write every call
// fails: the state in memory is then ahead of the file, and only a restart brings them together.
func (j *Journal) Wait(m Mark) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.synced < m && j.err == nil {
		j.durable.Wait()
	}
	if j.synced >= m {
		return nil
	}
	return j.err
}

// Close writes what is pending and closes the file. Closing again does nothing.
func (j *Journal) Close() error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	again := j.closed
	j.closed = true
	j.work.Signal()
	j.mu.Unlock()
	<-j.stopped
	if again {
		return nil
	}
	return errors.Join(j.Wait(j.end), j.file.Close())
}

// write is the one goroutine that touches the file: it takes all that is pending, writes it, syncs,
// and lets those go who waited.
func (j *Journal) write() {
	defer close(j.stopped)
	var spare []byte
	j.mu.Lock()
	defer j.mu.Unlock()
	for {
		for len(j.pending) == 0 && !j.closed && j.err == nil {
			j.work.Wait()
		}
		if len(j.pending) == 0 || j.err != nil {
			j.durable.Broadcast()
			return
		}
		batch, end := j.pending, j.end
		j.pending = spare[:0]
		j.mu.Unlock()
		_, err := j.file.Write(batch)
		if err == nil {
			err = j.file.Sync()
		}
		j.mu.Lock()
		spare = batch
		if err != nil {
			j.err = fmt.Errorf("write journal %s: %w", j.path, err)
		} else {
			j.synced = end
		}
		j.durable.Broadcast()
	}
}

// read hands each whole record of the file at path to replay.
func read(path string, replay func([]byte) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return nil // with bytes left: a torn record
		}
		if err != nil {
			return err
		}
		record, ok := unframe(line)
		if !ok {
			return nil
		}
		if err := replay(record); err != nil {
			return err
		}
	}
}

// rewrite replaces the file at path by one that holds what snapshot emits, and returns it open.
func rewrite(path string, snapshot func(emit func(any) error) error) (_ *os.File, err error) {
	f, err := os.Create(path + ".new")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = snapshot(func(record any) error {
		line, err := frame(record)
		if err != nil {
			return err
		}
		_, err = w.Write(line)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err = errors.Join(w.Flush(), f.Sync()); err != nil {
		return nil, err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return nil, err
	}
	return f, SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in a directory durable, as fsync of a file does not.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// frameHead is the length of a frame's head: eight hexadecimal digits and a space.
const frameHead = 9

func frame(record any) ([]byte, error) {
	data, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("marshal journal record: %w", err)
	}
	line := make([]byte, 0, frameHead+len(data)+1)
	line = fmt.Appendf(line, "%08x ", checksum(data))
	return append(append(line, data...), '\n'), nil
}

// unframe returns the record of a line that ends in a newline, and whether it is whole.
func unframe(line []byte) ([]byte, bool) {
	if len(line) < frameHead+1 || line[frameHead-1] != ' ' {
		return nil, false
	}
	want, err := strconv.ParseUint(string(line[:frameHead-1]), 16, 32)
	record := line[frameHead : len(line)-1]
	return record, err == nil && checksum(record) == uint32(want)
}

func checksum(data []byte) uint32 {
	return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
}
