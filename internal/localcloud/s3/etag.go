package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
)

// gofakes3 takes an ETag for the hexadecimal form of a hash, but S3's ETag of a multipart upload is
// the MD5 of the MD5s of its parts, a dash and their number. Inside gofakes3 that number is four
// more bytes of the hash; front.go translates at the edge.

var (
	multipartETag = regexp.MustCompile(`\b([0-9a-f]{32})-([0-9]{1,5})\b`)
	internalForm  = regexp.MustCompile(`^"([0-9a-f]{32})([0-9a-f]{8})"$`)
)

// internalETag returns the ETags in a text in the form that gofakes3 compares.
func internalETag(text string) string {
	return multipartETag.ReplaceAllStringFunc(text, func(tag string) string {
		n, _ := strconv.Atoi(tag[33:]) // up to five digits, by the pattern
		return fmt.Sprintf("%s%08x", tag[:32], n)
	})
}

// externalETag undoes internalETag for one quoted ETag.
func externalETag(quoted string) string {
	m := internalForm.FindStringSubmatch(quoted)
	if m == nil {
		return quoted
	}
	n, _ := strconv.ParseUint(m[2], 16, 32) // eight hexadecimal digits, by the pattern
	return fmt.Sprintf(`"%s-%d"`, m[1], n)
}

// hash returns the bytes that gofakes3 turns into the version's ETag.
func (v *version) hash() []byte {
	sum, _ := hex.DecodeString(internalETag(v.ETag)) // ours, always hexadecimal
	return sum
}

func quote(etag string) string { return `"` + etag + `"` }

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its documentation
	return hex.EncodeToString(b)
}

// newVersionID returns a version ID: "Unicode, UTF-8 encoded, URL-ready, opaque strings".
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
func newVersionID() string {
	b := make([]byte, 24)
	_, _ = rand.Read(b) // never fails, by its documentation
	return base64.RawURLEncoding.EncodeToString(b)
}
