package gcs

import (
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// settable holds what a client may choose of an object's metadata.
type settable struct {
	ContentType        string            `json:"contentType,omitempty"`
	ContentEncoding    string            `json:"contentEncoding,omitempty"`
	ContentDisposition string            `json:"contentDisposition,omitempty"`
	ContentLanguage    string            `json:"contentLanguage,omitempty"`
	CacheControl       string            `json:"cacheControl,omitempty"`
	CustomTime         string            `json:"customTime,omitempty"`
	StorageClass       string            `json:"storageClass,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
}

// given reports whether a client has chosen anything.
func (m settable) given() bool {
	return len(m.Metadata) > 0 || m.ContentType+m.ContentEncoding+m.ContentDisposition+m.ContentLanguage+
		m.CacheControl+m.CustomTime+m.StorageClass != ""
}

// sums are checksums of an object's bytes in base64; an empty one is not known or not declared.
type sums struct {
	CRC32C string `json:"crc32c,omitempty"` // big-endian
	MD5    string `json:"md5Hash,omitempty"`
}

// object is the resource of the JSON API.
// https://cloud.google.com/storage/docs/json_api/v1/objects#resource
type object struct {
	Kind           string `json:"kind"`
	ID             string `json:"id"`
	SelfLink       string `json:"selfLink,omitempty"`
	MediaLink      string `json:"mediaLink,omitempty"`
	Name           string `json:"name"`
	Bucket         string `json:"bucket"`
	Generation     int64  `json:"generation,string"`
	Metageneration int64  `json:"metageneration,string"`
	settable
	Size int64 `json:"size,string"`
	sums
	ETag                    string `json:"etag"`
	ComponentCount          int    `json:"componentCount,omitempty"` // of a composite object
	TimeCreated             string `json:"timeCreated"`
	Updated                 string `json:"updated"`
	TimeStorageClassUpdated string `json:"timeStorageClassUpdated"`
	TimeFinalized           string `json:"timeFinalized"`
}

// stored is an object as it lies in the database. The links are not: they name the port of the day.
type stored struct {
	Object object `json:"object"`
	Blob   string `json:"blob"` // name of the file with the bytes
}

// stamp renders a time of a resource, in milliseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// etag returns the entity tag of one state of an object: a protocol buffer of its generation and
// metageneration, as the service makes it.
func etag(generation, metageneration int64) string {
	b := binary.AppendUvarint([]byte{0x08}, uint64(generation))
	b = binary.AppendUvarint(append(b, 0x10), uint64(metageneration))
	return base64.StdEncoding.EncodeToString(b)
}

// linked returns o with its links, below base, a URL without a final slash.
func (o object) linked(base string) object {
	path := "storage/v1/b/" + o.Bucket + "/o/" + escape(o.Name)
	o.SelfLink = base + "/" + path
	o.MediaLink = base + "/download/" + path + "?generation=" + strconv.FormatInt(o.Generation, 10) + "&alt=media"
	return o
}

// escape escapes a name for one segment of a path, a plus sign included: some clients take it for
// a space.
func escape(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") }

// bucketSpec is what a client may choose of a bucket.
type bucketSpec struct {
	Name         string            `json:"name,omitempty"`
	Location     string            `json:"location,omitempty"`
	StorageClass string            `json:"storageClass,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	Lifecycle    *lifecycle        `json:"lifecycle,omitempty"`
}

// bucket is the resource of the JSON API, in the fields that clients look at.
// https://cloud.google.com/storage/docs/json_api/v1/buckets#resource
type bucket struct {
	Kind           string `json:"kind"`
	ID             string `json:"id"`
	SelfLink       string `json:"selfLink,omitempty"`
	ProjectNumber  string `json:"projectNumber"`
	Metageneration int64  `json:"metageneration,string"`
	ETag           string `json:"etag"`
	TimeCreated    string `json:"timeCreated"`
	Updated        string `json:"updated"`
	LocationType   string `json:"locationType"`
	Access         access `json:"iamConfiguration"`
	bucketSpec
}

// access says that there are no access lists of objects.
type access struct {
	Uniform struct {
		Enabled bool `json:"enabled"`
	} `json:"uniformBucketLevelAccess"`
}

// storedBucket is a bucket as it lies in the database.
type storedBucket struct {
	Bucket        bucket         `json:"bucket"`
	Notifications []notification `json:"notifications,omitempty"`
	LastID        int            `json:"lastId"` // of a notification
}

func (b bucket) linked(base string) bucket {
	b.SelfLink = base + "/storage/v1/b/" + escape(b.Name)
	b.Access.Uniform.Enabled = true
	return b
}

// checkBucketName applies https://cloud.google.com/storage/docs/buckets#naming.
func checkBucketName(name string) error {
	alnum := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
	limit := 63
	if strings.Contains(name, ".") {
		limit = 222
	}
	if len(name) < 3 || len(name) > limit || !alnum(name[0]) || !alnum(name[len(name)-1]) {
		return invalid("Invalid bucket name: '%s'", name)
	}
	for i := range len(name) {
		if c := name[i]; !alnum(c) && c != '-' && c != '_' && c != '.' {
			return invalid("Invalid bucket name: '%s'", name)
		}
	}
	return nil
}

// checkObjectName applies https://cloud.google.com/storage/docs/objects#naming.
func checkObjectName(name string) error {
	switch {
	case name == "":
		return &apiError{400, "required", "InvalidArgument", "Required"}
	case len(name) > 1024:
		return invalid("The name of an object is at most 1024 bytes long in UTF-8, this one has %d", len(name))
	case !utf8.ValidString(name), strings.ContainsAny(name, "\r\n"), name == ".", name == "..",
		strings.HasPrefix(name, ".well-known/acme-challenge/"):
		return invalid("Disallowed unicode characters or reserved name present in object name %q", name)
	}
	return nil
}
