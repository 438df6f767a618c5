package elb

import (
	"bytes"
	"fmt"

	"github.com/seneka-io/seneka/internal/format/scalar"
)

// explain returns why a line is no record: it is of another log, or else err.
func (l *layout) explain(line []byte, err error) string {
	log, format := origin(line)
	if format == "" || format == l.format {
		return err.Error()
	}
	return fmt.Sprintf("the line is of %s: its format is %s, not %s", log, format, l.format)
}

// origin tells which log a line is of, by its first fields: the time comes first, second or third,
// and the load balancer's name begins with its kind except for Classic Load Balancers. format is
// the name of the format that reads it, empty if it is none of these logs.
func origin(line []byte) (log, format string) {
	var f [4][]byte
	for i := range f {
		f[i], line = cutToken(line)
	}
	switch {
	case isTime(f[0]) && bytes.IndexByte(f[1], '/') < 0 && bytes.IndexByte(f[2], ':') >= 0:
		return "a Classic Load Balancer's access log", classic.format
	case isTime(f[0]) && isNumber(f[2]) && isNumber(f[3]):
		return "an Application Load Balancer's connection log", connection.format
	case isTime(f[1]) && bytes.HasPrefix(f[2], []byte("app/")):
		return "an Application Load Balancer's access log", alb.format
	case isTime(f[1]) && isNumber(f[2]):
		return "an Application Load Balancer's health check log", healthCheck.format
	case isTime(f[2]) && bytes.HasPrefix(f[3], []byte("net/")):
		return "a Network Load Balancer's access log", nlb.format
	default:
		return "", ""
	}
}

func isNumber(token []byte) bool {
	_, err := scalar.Float(token)
	return err == nil
}
