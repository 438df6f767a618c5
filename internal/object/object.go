// Package object holds the words of the domain: which file, at which version, where its copy lies
// and what its claim is called. It imports the standard library only.
package object

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

// Store is the service that a source file lies in.
type Store string

// The stores of source files.
const (
	S3  Store = ""   // Amazon S3
	GCS Store = "gs" // Cloud Storage: the landing bucket, for files that others put there
)

// Scheme returns what a file's address begins with: s3 or gs.
func (s Store) Scheme() string { return cmp.Or(string(s), "s3") }

// Source names a source file, whatever its version: one S3 object, or one object that others put
// into the landing bucket.
type Source struct {
	Store  Store
	Bucket string
	Key    string // decoded, as the store has it
}

// String returns the file's address, s3://bucket/key or gs://bucket/name: the value of the column
// source_file.
func (s Source) String() string { return s.Store.Scheme() + "://" + s.Bucket + "/" + s.Key }

// Version tells one content of a source file from the next. An S3 listing has both fields, so
// that live traffic and backfill speak of the same version; a versionId is not part of it.
type Version struct {
	ETag string `json:"etag"` // without quotes; of a file that others put into landing see AttrsOf
	Size int64  `json:"size"` // bytes of the source file
}

// Event is what the store told of one object that was put.
type Event struct {
	Source
	Version
	VersionID string    // pins the read; empty in a bucket without versions
	Sequencer string    // orders the events of one key; compare with Newer
	Time      time.Time // when the object was stored
}

// Newer reports whether sequencer a is later than b, both of the same key. S3 documents the order
// as that of the hexadecimal strings, the shorter one padded on the right with zeros. An empty
// sequencer is older than any.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func Newer(a, b string) bool {
	n := max(len(a), len(b))
	a, b = strings.ToUpper(a), strings.ToUpper(b)
	return a+strings.Repeat("0", n-len(a)) > b+strings.Repeat("0", n-len(b))
}

// Landed names a landing object: the copy of a source file in GCS, at one generation.
type Landed struct {
	Bucket     string
	Name       string
	Generation int64
}

// String returns the object's address, gs://bucket/name#generation.
func (l Landed) String() string { return fmt.Sprintf("gs://%s/%s#%d", l.Bucket, l.Name, l.Generation) }

// maxName is the longest object name in bytes that GCS takes.
// https://cloud.google.com/storage/docs/objects#naming
const maxName = 1024

// LandingName returns the name of s's copy in the landing bucket: bucket/key, so that people find
// their files. A name that GCS refuses (over 1,024 bytes, carriage return, line feed, invalid
// UTF-8) or that a person's tools would take for a parent folder is replaced by a safe one with a
// hash of the original. No two keys share a copy: a key that looks like such a name is replaced too.
func LandingName(s Source) string {
	name := s.Bucket + "/" + s.Key
	if len(name) <= maxName && utf8.ValidString(name) && !strings.ContainsAny(name, "\r\n\x00") &&
		path.Clean("/"+name) == "/"+strings.TrimSuffix(name, "/") && !strings.HasPrefix(s.Key, escaped) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return s.Bucket + "/" + escaped + hex.EncodeToString(sum[:]) + "-" + safeTail(s.Key)
}

// LandedOf returns where a source file lies in Cloud Storage, at whatever generation: its copy in the
// landing bucket, or itself, where others put it there.
func LandedOf(landing string, s Source) Landed {
	if s.Store == GCS {
		return Landed{Bucket: s.Bucket, Name: s.Key}
	}
	return Landed{Bucket: landing, Name: LandingName(s)}
}

// ParseSource reads a file's address, as Source.String writes it.
func ParseSource(address string) (Source, error) {
	for _, store := range []Store{S3, GCS} {
		rest, ok := strings.CutPrefix(address, store.Scheme()+"://")
		bucket, key, _ := strings.Cut(rest, "/")
		if ok && bucket != "" && key != "" {
			return Source{store, bucket, key}, nil
		}
	}
	return Source{}, fmt.Errorf("%q names no file: write s3://BUCKET/KEY or gs://BUCKET/NAME", address)
}

// escaped is the folder of replaced names.
const escaped = "_escaped/"

// CopiedFrom returns the S3 object whose copy would have that name in the landing bucket, unchanged:
// see LandingName. ok is false if there is none.
func CopiedFrom(name string) (s Source, ok bool) {
	bucket, key, _ := strings.Cut(name, "/")
	s = Source{Bucket: bucket, Key: key}
	return s, bucket != "" && key != "" && LandingName(s) == name
}

// safeTail returns what helps a person recognise the key: its end, in harmless characters.
func safeTail(key string) string {
	const most = 100
	if len(key) > most {
		key = key[len(key)-most:]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		default:
			return '_'
		}
	}, key)
}

// ClaimName returns the name in the ledger bucket of the claim on s in table (dataset.name), below a
// folder that a person can tell the table by. The hash of both keeps every name within GCS's limits
// and spreads the claims of keys that share a prefix. What is hashed must never change: a claim that
// is not found again is a file that is loaded again.
func ClaimName(s Source, table string) string {
	sum := sha256.Sum256([]byte(table + "\n" + s.String()))
	h := hex.EncodeToString(sum[:])
	return "claims/" + safeTail(table) + "/" + h[:2] + "/" + h + ".json"
}

// UnmatchedName returns the name in the ledger bucket of the record that no source matches the files
// of s's bucket below prefix.
func UnmatchedName(s Source, prefix string) string {
	address := Source{s.Store, s.Bucket, prefix}.String()
	sum := sha256.Sum256([]byte(address))
	return "unmatched/" + safeTail(s.Bucket+"/"+prefix) + "-" + hex.EncodeToString(sum[:8]) + ".json"
}
