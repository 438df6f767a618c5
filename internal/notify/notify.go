// Package notify turns the notifications of S3 and of Cloud Storage into what they name. It is
// pure: bytes in, references out.
//
// S3 reads the body of an SQS message. Push reads the request of a Pub/Sub push subscription, and
// Finalized the Cloud Storage notification that it carries.
//
// Bytes that are not understood are an error of kind Permanent that says what was seen. The caller
// must keep such a message: it may come from a newer version of a service, and names a file.
package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
)

// maxExcerpt is how many bytes of what was not understood an error quotes.
const maxExcerpt = 200

// notUnderstood returns an error of kind Permanent that quotes the beginning of body.
func notUnderstood(what string, body []byte, err error) error {
	more := ""
	if len(body) > maxExcerpt {
		body, more = body[:maxExcerpt], fmt.Sprintf(" and %d more bytes", len(body)-maxExcerpt)
	}
	return errkind.With(errkind.Permanent, fmt.Errorf("%s not understood: %w; it reads %q%s", what, err, body, more))
}

// short quotes one value for an error, cut to maxExcerpt bytes.
func short(value string) string {
	if len(value) > maxExcerpt {
		return fmt.Sprintf("%q…", value[:maxExcerpt])
	}
	return fmt.Sprintf("%q", value)
}

// required returns an error that names the first empty one of pairs: name, value, name, value, …
func required(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			return fmt.Errorf("%s is missing", pairs[i])
		}
	}
	return nil
}

// parseTime reads an RFC 3339 time; the zero time if there is none.
func parseTime(name, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %s is no RFC 3339 time", name, short(value))
	}
	return t.UTC(), nil
}

// major returns the part of a version before its first dot.
func major(version string) string {
	m, _, _ := strings.Cut(version, ".")
	return m
}
