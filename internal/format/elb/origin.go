package elb

import (
	"bytes"
	"fmt"
)

// explain returns why a line is no record: it is another load balancer's, or else err.
func (l *layout) explain(line []byte, err error) string {
	balancer, format := origin(line)
	switch {
	case balancer == "" || format == l.format:
		return err.Error()
	case format == "":
		return fmt.Sprintf("the line was written by %s, which the format %s does not read", balancer, l.format)
	default:
		return fmt.Sprintf("the line was written by %s: its format is %s, not %s", balancer, format, l.format)
	}
}

// origin tells which load balancer wrote an access log line, by its first fields: the time comes
// first, second or third, then the load balancer's name, which begins with its kind except for
// Classic Load Balancers. format is the name of the format that reads it, if there is one.
func origin(line []byte) (balancer, format string) {
	var f [4][]byte
	for i := range f {
		f[i], line = cutToken(line)
	}
	switch {
	case isTime(f[0]) && bytes.IndexByte(f[1], '/') < 0 && bytes.IndexByte(f[2], ':') >= 0:
		return "a Classic Load Balancer", "elb"
	case isTime(f[1]) && bytes.HasPrefix(f[2], []byte("app/")):
		return "an Application Load Balancer", "alb"
	case isTime(f[2]) && bytes.HasPrefix(f[3], []byte("net/")):
		return "a Network Load Balancer", ""
	default:
		return "", ""
	}
}
