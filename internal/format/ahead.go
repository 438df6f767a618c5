package format

import (
	"fmt"
	"io"
	"runtime/debug"
)

// aheadBlocks is into how many parts ReadAhead divides its memory: one that is being read from, one that is
// ready, and one that is being filled.
const aheadBlocks = 3

// AheadSize is the memory in bytes that ReadAhead is to be given.
const AheadSize = aheadBlocks * BufferSize

// Ahead is what ReadAhead returns. Read and Close are for one goroutine.
type Ahead struct {
	r     io.Reader
	now   block       // what is left of the block that is read from
	used  []byte      // its memory, to be filled again
	spare chan []byte // blocks to fill
	ready chan block  // in order; closed behind the last one
	stop  chan struct{}
}

// block is a part of the file, and the error behind it.
type block struct {
	data []byte
	err  error
}

// ReadAhead returns a reader of r that reads on in a goroutine of its own while what it has read is worked on,
// within memory, which has AheadSize bytes. Decompressing and parsing then take a processor each.
//
// A panic of r is an error of the reader, for nobody else could catch it. Close waits for the read under way,
// and afterwards memory is the caller's again; r stays open.
func ReadAhead(r io.Reader, memory []byte) *Ahead {
	a := &Ahead{r: r, spare: make(chan []byte, aheadBlocks), ready: make(chan block, aheadBlocks), stop: make(chan struct{})}
	size := len(memory) / aheadBlocks
	for i := range aheadBlocks {
		a.spare <- memory[i*size : (i+1)*size : (i+1)*size]
	}
	go a.run()
	return a
}

// Read reads on, as io.Reader.
func (a *Ahead) Read(p []byte) (int, error) {
	for len(a.now.data) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.used != nil {
			a.spare <- a.used // there is room for all
		}
		a.now = <-a.ready
		a.used = a.now.data[:cap(a.now.data)]
	}
	n := copy(p, a.now.data)
	a.now.data = a.now.data[n:]
	return n, nil
}

// run fills blocks until the end, or until it is to stop.
func (a *Ahead) run() {
	defer close(a.ready)
	for {
		select {
		case <-a.stop:
			return
		case buf := <-a.spare:
			b := a.fill(buf)
			a.ready <- b // there is room for all
			if b.err != nil {
				return
			}
		}
	}
}

// fill reads until the block is full, or an error.
func (a *Ahead) fill(buf []byte) (b block) {
	n := 0
	defer func() {
		if p := recover(); p != nil {
			b = block{buf[:n], fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	for empty := 0; n < len(buf); {
		m, err := a.r.Read(buf[n:])
		n += m
		const patience = 100
		switch {
		case err != nil:
			return block{buf[:n], err}
		case m > 0:
			empty = 0
		case empty == patience:
			return block{buf[:n], io.ErrNoProgress}
		default:
			empty++
		}
	}
	return block{buf[:n], nil}
}

// Close ends the reading ahead.
func (a *Ahead) Close() {
	close(a.stop)
	for range a.ready { // until the goroutine has ended
	}
}
