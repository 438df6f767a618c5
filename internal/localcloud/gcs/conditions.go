package gcs

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// conditions are the preconditions of a request; nil is not asked for.
// https://cloud.google.com/storage/docs/request-preconditions
type conditions struct {
	GenerationMatch        *int64 `json:"generationMatch,omitempty"`
	GenerationNotMatch     *int64 `json:"generationNotMatch,omitempty"`
	MetagenerationMatch    *int64 `json:"metagenerationMatch,omitempty"`
	MetagenerationNotMatch *int64 `json:"metagenerationNotMatch,omitempty"`
}

// jsonConditions reads query parameters: prefix is "if", or "ifSource" for the source of a copy.
func jsonConditions(q url.Values, prefix string) (c conditions, err error) {
	for name, p := range map[string]**int64{
		"GenerationMatch": &c.GenerationMatch, "GenerationNotMatch": &c.GenerationNotMatch,
		"MetagenerationMatch": &c.MetagenerationMatch, "MetagenerationNotMatch": &c.MetagenerationNotMatch,
	} {
		if *p, err = number(q, prefix+name); err != nil {
			return c, err
		}
	}
	return c, nil
}

// number reads a query parameter; nil if it is not there.
func number(q url.Values, key string) (*int64, error) {
	if !q.Has(key) {
		return nil, nil
	}
	return parseNumber(key, q.Get(key))
}

func parseNumber(key, value string) (*int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 {
		return nil, invalid("Invalid value for %s: %q", key, value)
	}
	return &n, nil
}

// isTrue reads a boolean parameter; Python clients write it with a capital.
func isTrue(q url.Values, key string) bool { return strings.EqualFold(q.Get(key), "true") }

// xmlConditions reads the headers of the XML API.
func xmlConditions(h http.Header) (c conditions, err error) {
	for name, p := range map[string]**int64{
		"x-goog-if-generation-match": &c.GenerationMatch, "x-goog-if-metageneration-match": &c.MetagenerationMatch,
	} {
		if v := h.Get(name); v != "" {
			if *p, err = parseNumber(name, v); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}

// check applies c to the live object, nil if there is none: "Setting to 0 makes the operation
// succeed only if there are no live versions"; of the others, "if no live object exists, the
// precondition fails". A match that fails is 412, a not-match that fails is 304.
func (c conditions) check(o *object) error {
	if o == nil {
		if c.GenerationMatch != nil && *c.GenerationMatch != 0 || c.GenerationNotMatch != nil ||
			c.MetagenerationMatch != nil || c.MetagenerationNotMatch != nil {
			return conditionNotMet()
		}
		return nil
	}
	switch {
	case c.GenerationMatch != nil && *c.GenerationMatch != o.Generation,
		c.MetagenerationMatch != nil && *c.MetagenerationMatch != o.Metageneration:
		return conditionNotMet()
	case c.GenerationNotMatch != nil && *c.GenerationNotMatch == o.Generation,
		c.MetagenerationNotMatch != nil && *c.MetagenerationNotMatch == o.Metageneration:
		return notModified()
	}
	return nil
}

// refuse reports what the stand-in would otherwise have to ignore.
func refuse(r *http.Request) error {
	for _, h := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range",
		"X-Goog-Encryption-Algorithm", "X-Goog-Copy-Source", "X-Goog-Copy-Source-Encryption-Algorithm"} {
		if r.Header.Get(h) != "" {
			return unimplemented("the header %s", h)
		}
	}
	q := r.URL.Query()
	for _, p := range []string{"kmsKeyName", "destinationKmsKeyName", "matchGlob", "filter", "rewriteToken", "X-Goog-Signature", "Signature"} {
		if q.Get(p) != "" {
			return unimplemented("the parameter %s", p)
		}
	}
	if isTrue(q, "softDeleted") {
		return unimplemented("softDeleted=true")
	}
	return nil
}
