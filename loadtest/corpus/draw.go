package corpus

import (
	"bytes"
	"strconv"
	"strings"
)

// draw appends what stands in place of a part of a sample.
type draw func(c *Corpus, dst, was []byte) []byte

// few draws an index below n, the first ones far more often.
func (c *Corpus) few(n int) int { return min(c.rng.IntN(n), c.rng.IntN(n)) }

// isoTime writes the time with the fraction and the separator that the sample has.
func isoTime(c *Corpus, dst, was []byte) []byte {
	from := len(dst)
	dst = c.at.AppendFormat(dst, "2006-01-02T15:04:05.000000000")
	dst = dst[:from+min(len(was), len(dst)-from)]
	dst[from+len("2006-01-02")] = was[len("2006-01-02")]
	return dst
}

// logTime writes the time as NCSA's common log does.
func logTime(c *Corpus, dst, _ []byte) []byte { return c.at.AppendFormat(dst, "02/Jan/2006:15:04:05") }

// unixTime writes seconds or milliseconds, as many digits as the sample has.
func unixTime(c *Corpus, dst, was []byte) []byte {
	n := c.at.Unix() / 10 * 10 // flow logs gather for so long and longer
	if len(was) > len("1700000000") {
		n = c.at.UnixMilli()
	}
	return strconv.AppendInt(dst, n, 10)
}

// address writes one of some thousand clients.
func address(c *Corpus, dst, _ []byte) []byte {
	n := int64(c.few(1 << 12))
	return strconv.AppendInt(append(strconv.AppendInt(append(dst, "10.20."...), n>>8, 10), '.'), n&255, 10)
}

func port(c *Corpus, dst, _ []byte) []byte {
	return strconv.AppendInt(dst, 32768+int64(c.few(8000)), 10)
}

func endpoint(c *Corpus, dst, was []byte) []byte {
	return port(c, append(address(c, dst, was), ':'), was)
}

// server writes one of sixteen addresses, as behind a load balancer.
func server(c *Corpus, dst, _ []byte) []byte {
	return strconv.AppendInt(append(dst, "10.0.3."...), int64(10+c.few(16)), 10)
}

// endpoints writes those of a client and of the server that it was led to.
func endpoints(c *Corpus, dst, was []byte) []byte {
	return append(server(c, append(endpoint(c, dst, was), ' '), was), ":8080"...)
}

// flow writes the addresses and ports of a client and a server, either of them first.
func flow(c *Corpus, dst, was []byte) []byte {
	if c.rng.IntN(2) == 0 {
		dst = append(server(c, append(address(c, dst, was), ' '), was), ' ')
		return append(port(c, dst, was), " 443"...)
	}
	dst = append(address(c, append(server(c, dst, was), ' '), was), " 443 "...)
	return port(c, dst, was)
}

// took writes seconds with as many digits as the sample has: a few of the last of these.
func took(c *Corpus, dst, was []byte) []byte {
	dst = append(dst, "0.00000000"[:len(was)-2]...)
	return append(dst, '0'+byte(c.few(10)), '0'+byte(c.few(10)))
}

// size writes a number of bytes, mostly a small one.
func size(c *Corpus, dst, _ []byte) []byte {
	return strconv.AppendInt(dst, int64(min(c.few(20_000), c.rng.IntN(20_000))), 10)
}

// few digits: a number of milliseconds, of packets.
func count(c *Corpus, dst, _ []byte) []byte {
	return strconv.AppendInt(dst, int64(min(c.few(200), c.few(200))), 10)
}

// identity writes digits of the sample's kind, new ones but for the first eight, which are the time's in AWS's
// traces, and for what is no letter or digit.
func identity(c *Corpus, dst, was []byte) []byte {
	const lower, upper, mixed = "0123456789abcdef", "0123456789ABCDEF", "0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyz"
	digits := lower
	if bytes.ContainsAny(was, "GHIJKLMNOPQRSTUVWXYZghijklmnopqrstuvwxyz") {
		digits = mixed
	} else if bytes.ContainsAny(was, "ABCDEF") {
		digits = upper
	}
	bits := uint64(0)
	for i, b := range was {
		if i%8 == 0 {
			bits = c.rng.Uint64()
		}
		switch {
		case b == '-' || b == '_' || b == '=' || b == '/' || b == '+':
		case len(was) == 24 && i < 8:
			b = "5f3a"[i%4]
		default:
			b = digits[bits&0xff*uint64(len(digits))>>8]
			bits >>= 8
		}
		dst = append(dst, b)
	}
	return dst
}

// pooled is identity for one of a few: hosts, sessions.
func pooled(c *Corpus, dst, was []byte) []byte {
	from := len(dst)
	dst = append(dst, was...)
	n := c.few(50)
	for i := range min(len(was), 3) {
		if b := dst[from+i]; b != '-' && b != '/' && b != '+' {
			dst[from+i] = "abcdefghij"[n%10]
			n /= 10
		}
	}
	return dst
}

// path writes one of some hundred paths.
func path(c *Corpus, dst, _ []byte) []byte {
	dst = append(dst, c.paths[c.few(len(c.paths))]...)
	if c.Wide {
		dst = append(dst, strings.Repeat("?and=more", 400+c.rng.IntN(100))...)
	}
	return dst
}

// item writes a path that ends in an identity.
func item(c *Corpus, dst, was []byte) []byte {
	return identity(c, append(path(c, dst, was), '/'), []byte("0123456789abcdef01234567"))
}

// query writes parameters, and a quote before them.
func query(c *Corpus, dst, _ []byte) []byte {
	return identity(c, append(dst, `"session=`...), bytes.Repeat([]byte("0123456789abcdef"), 8))
}

// domain writes a name below the sample's.
func domain(c *Corpus, dst, was []byte) []byte {
	return append(append(identity(c, dst, []byte("0123456789abcdef0123456789abcdef0123456789abcdef")), '.'), was...)
}
