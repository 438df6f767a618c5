// Package redact takes credentials out of texts that people read, such as logs: signatures and tokens
// of requests, and the sessions of uploads, which let whoever knows them write the object.
//
// https://cloud.google.com/storage/docs/resumable-uploads#session-uris
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
package redact

import (
	"regexp"
	"strings"
)

// mask stands where a credential stood.
const mask = "REDACTED"

var (
	// The values of parameters and headers, as in a URL, in an Authorization header of AWS or in a dump.
	named = regexp.MustCompile(`(?i)\b(upload_id|(?:x-amz-|x-goog-)?(?:signature|credential|security-token)|awsaccesskeyid|googleaccessid|access_token|id_token)("?\s*[=:]\s*"?)[^\s&,;:"'<>]+`)
	// What stands behind the name of a scheme.
	scheme = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.~+/=-]+`)
	// A JSON Web Token, wherever it stands.
	jwt = regexp.MustCompile(`\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*`)
)

// String returns s with a mask for each credential in it.
func String(s string) string {
	if !strings.ContainsAny(s, "=: .") {
		return s
	}
	s = jwt.ReplaceAllLiteralString(s, mask)
	s = scheme.ReplaceAllString(s, "${1} "+mask)
	return named.ReplaceAllString(s, "${1}${2}"+mask)
}

// Error returns err with its text redacted, or nil. What it wraps is as it was.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return &redacted{err}
}

type redacted struct{ err error }

func (r *redacted) Error() string { return String(r.err.Error()) }
func (r *redacted) Unwrap() error { return r.err }
