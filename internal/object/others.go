package object

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Description is what Cloud Storage says of one generation of an object.
type Description struct {
	Size      int64  // bytes
	MD5       []byte // 16 bytes; none of an object that was composed of others
	CRC32C    uint32
	HasCRC32C bool
	Created   time.Time         // when this generation was stored
	Metadata  map[string]string // custom metadata
}

// Copy is one generation of an object in the landing bucket, as a listing shows it.
type Copy struct {
	Landed
	Description
}

// AttrsOf returns what is known of the source file that the landing object o, described by d, is a
// copy of. One without metadata of Seneka's was put there by others and is a source file itself,
// under its own name; its version is its content: the ETag is the MD5 in hexadecimal, as S3's is of
// an object put in one piece, or else crc32c- and the CRC32C in hexadecimal.
// https://cloud.google.com/storage/docs/metadata#md5
func AttrsOf(o Landed, d Description) (Attrs, error) {
	a, ours, err := ParseAttrs(d.Metadata)
	if err != nil || ours {
		return a, err
	}
	a.Source = Source{Store: GCS, Bucket: o.Bucket, Key: o.Name}
	a.Version = Version{ETag: contentTag(o, d), Size: d.Size}
	a.Time = d.Created
	return a, nil
}

func contentTag(o Landed, d Description) string {
	switch {
	case len(d.MD5) > 0:
		return hex.EncodeToString(d.MD5)
	case d.HasCRC32C:
		return fmt.Sprintf("crc32c-%08x", d.CRC32C)
	default: // as of some stand-ins: every put is a version of its own
		return fmt.Sprintf("generation-%d", o.Generation)
	}
}

// IsPart reports whether name is that of a part of an upload: gcloud storage and gsutil put a large
// file's parts below such a folder, join them under the file's name and remove them.
// https://cloud.google.com/storage/docs/parallel-composite-uploads
func IsPart(name string) bool {
	return strings.Contains("/"+name, "/gcloud/tmp/parallel_composite_uploads/") ||
		strings.Contains("/"+name, "/gsutil/tmp/parallel_composite_uploads/")
}
