package s3

import (
	"net/http"

	xml "github.com/minio/xxml"
	"github.com/rclone/gofakes3"
)

// deleteResult is the answer to DeleteObjects.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Xmlns   string   `xml:"xmlns,attr"`
	Deleted []deleted
	Error   []notDeleted
}

type deleted struct {
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
}

type notDeleted struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"

// deleteObjects answers DeleteObjects with its versions, which gofakes3 does not read.
func (s *Server) deleteObjects(w http.ResponseWriter, r *http.Request, c *call) {
	result, err := s.deleteListed(r, c)
	if err != nil {
		writeError(w, r, c.requestID, err)
		return
	}
	writeXML(w, http.StatusOK, result)
}

func (s *Server) deleteListed(r *http.Request, c *call) (*deleteResult, error) {
	if _, err := s.backend.store.notification(c.bucket); err != nil { // no such bucket
		return nil, err
	}
	var in gofakes3.DeleteRequest
	if err := readXML(r, &in); err != nil {
		return nil, err
	}
	if len(in.Objects) == 0 || len(in.Objects) > gofakes3.MaxDeleteObjects {
		return nil, gofakes3.ErrorMessagef(gofakes3.ErrMalformedXML, "A request deletes 1 to %d objects, not %d.", gofakes3.MaxDeleteObjects, len(in.Objects))
	}
	out := &deleteResult{Xmlns: xmlns}
	for _, o := range in.Objects {
		entry, err := s.backend.deleteOne(c.bucket, o)
		if err != nil {
			known := gofakes3.ErrorResultFromError(err)
			out.Error = append(out.Error, notDeleted{o.Key, o.VersionID, string(known.Code), known.Message})
		} else if !in.Quiet {
			out.Deleted = append(out.Deleted, entry)
		}
	}
	return out, nil
}

func (b *backend) deleteOne(bucketName string, o gofakes3.ObjectID) (deleted, error) {
	if o.ETag != "" || o.LastModifiedTime != "" || o.Size != nil {
		return deleted{}, gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "Conditional deletes are not part of the local S3.")
	}
	res, err := b.delete(bucketName, o.Key, o.VersionID)
	d := deleted{Key: o.Key, VersionID: o.VersionID, DeleteMarker: res.IsDeleteMarker}
	if res.IsDeleteMarker {
		d.DeleteMarkerVersionID = string(res.VersionID)
	}
	return d, err
}
