package pq

import (
	"bytes"
	"encoding/binary"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// The codecs, by their numbers in CompressionCodec.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecBrotli = 4
	codecLZ4    = 5 // as Hadoop frames it
	codecZstd   = 6
	codecLZ4Raw = 7
)

// unpacker decompresses pages. What it returns is new memory or src itself.
type unpacker struct{ zstd *zstd.Decoder }

// unpack decompresses src into exactly size bytes. It takes little more memory than src turns out to
// hold, whatever size says. A panic of a codec is an error of the page.
func (u *unpacker) unpack(codec int64, src []byte, size int) (page []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			page, err = nil, broken("a page does not decompress: %v", p)
		}
	}()
	out, err := u.decode(codec, src, size)
	if err != nil {
		return nil, err
	}
	if len(out) != size {
		return nil, broken("a page has %d bytes, and its header says %d", len(out), size)
	}
	return out, nil
}

func (u *unpacker) decode(codec int64, src []byte, size int) ([]byte, error) {
	switch codec {
	case codecNone:
		return src, nil
	case codecSnappy:
		return unsnap(src, size)
	case codecGzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return nil, broken("a page is no gzip: %w", err)
		}
		return readPage(r, len(src), size)
	case codecBrotli:
		return readPage(brotli.NewReader(bytes.NewReader(src)), len(src), size)
	case codecZstd:
		return u.unzstd(src, size)
	case codecLZ4Raw:
		return unlz4(nil, src, size)
	case codecLZ4:
		return unlz4Hadoop(src, size)
	}
	return nil, refused("its pages are compressed by codec %d: write it with zstd, snappy or gzip", codec)
}

// usual is how many times as much as its packed bytes a page has at most, usually.
const usual = 32

// readPage reads all that r holds, and no more than a byte beyond size.
func readPage(r io.Reader, packed, size int) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, min(size, usual*packed)+bytes.MinRead))
	if _, err := b.ReadFrom(io.LimitReader(r, int64(size)+1)); err != nil {
		return nil, broken("a page does not decompress: %w", err)
	}
	return b.Bytes(), nil
}

func unsnap(src []byte, size int) ([]byte, error) {
	const most = 64 // bytes that three bytes can stand for
	n, err := snappy.DecodedLen(src)
	if err != nil || n != size || size > most*(len(src)+1) {
		return nil, broken("a page of %d bytes is no snappy of %d", len(src), size)
	}
	out, err := snappy.Decode(nil, src)
	if err != nil {
		return nil, broken("a page does not decompress: %w", err)
	}
	return out, nil
}

func (u *unpacker) unzstd(src []byte, size int) (out []byte, err error) {
	const most = 1 << 15 // bytes that one byte can stand for
	if size > most*(len(src)+1) {
		return nil, broken("a page of %d bytes is no zstd of %d", len(src), size)
	}
	if u.zstd == nil {
		u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxPage))
		if err != nil {
			return nil, err
		}
	}
	var head zstd.Header
	if err := head.Decode(src); err == nil && head.HasFCS && head.FrameContentSize > uint64(size) {
		return nil, broken("a page has %d bytes, and its header says %d", head.FrameContentSize, size)
	}
	out, err = u.zstd.DecodeAll(src, make([]byte, 0, min(size, usual*len(src))))
	if err != nil {
		return nil, broken("a page does not decompress: %w", err)
	}
	return out, nil
}

// unlz4Hadoop reads blocks that each have the lengths of what they hold and of themselves in front, big
// endian. Some writers have put one block without these.
// https://github.com/apache/parquet-format/blob/master/Compression.md#lz4
func unlz4Hadoop(src []byte, size int) ([]byte, error) {
	const head = 8
	var out []byte
	for rest := src; len(rest) > 0; {
		if len(rest) < head {
			return unlz4(nil, src, size)
		}
		n, packed := binary.BigEndian.Uint32(rest), binary.BigEndian.Uint32(rest[4:])
		if uint64(n)+uint64(len(out)) > uint64(size) || uint64(packed) > uint64(len(rest)-head) {
			return unlz4(nil, src, size)
		}
		block, err := unlz4(out, rest[head:head+packed], len(out)+int(n))
		if err != nil {
			return unlz4(nil, src, size)
		}
		out, rest = block, rest[head+packed:]
	}
	return out, nil
}

// unlz4 appends what an LZ4 block holds to dst, up to size bytes with it
// (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
func unlz4(dst, src []byte, size int) ([]byte, error) {
	const most = 255 // bytes that one byte can stand for
	start := len(dst)
	dst = append(make([]byte, 0, min(size, len(dst)+most*len(src))), dst...)
	for i := 0; i < len(src); {
		token := src[i]
		literals, at, ok := lz4Length(src, i+1, int(token>>4), size)
		if !ok || literals > len(src)-at || literals > size-len(dst) {
			return nil, broken("a page is no LZ4 block")
		}
		dst = append(dst, src[at:at+literals]...)
		if i = at + literals; i == len(src) {
			return dst, nil // the last sequence has no match
		}
		if len(src)-i < 2 {
			return nil, broken("a page is no LZ4 block")
		}
		offset := int(binary.LittleEndian.Uint16(src[i:]))
		match, at, ok := lz4Length(src, i+2, int(token&0xf), size)
		match += 4
		if !ok || offset == 0 || offset > len(dst)-start || match > size-len(dst) {
			return nil, broken("a page is no LZ4 block")
		}
		for from := len(dst) - offset; match > 0; match-- {
			dst = append(dst, dst[from])
			from++
		}
		i = at
	}
	return dst, nil
}

// lz4Length reads what goes on behind a length of 15.
func lz4Length(src []byte, i, n, most int) (length, at int, ok bool) {
	for more := n == 15; more; i++ {
		if i >= len(src) || n > most {
			return 0, 0, false
		}
		n += int(src[i])
		more = src[i] == 255
	}
	return n, i, true
}
