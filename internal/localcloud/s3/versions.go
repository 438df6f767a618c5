package s3

import (
	"context"

	"github.com/rclone/gofakes3"
)

// VersioningConfiguration returns whether a bucket keeps versions.
func (b *backend) VersioningConfiguration(name string) (gofakes3.VersioningConfiguration, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	bk, err := b.store.bucket(name)
	if err != nil {
		return gofakes3.VersioningConfiguration{}, err
	}
	return gofakes3.VersioningConfiguration{Status: bk.versioning}, nil
}

// SetVersioningConfiguration enables or suspends versions.
func (b *backend) SetVersioningConfiguration(name string, v gofakes3.VersioningConfiguration) error {
	if v.MFADelete.Enabled() {
		return gofakes3.ErrorMessage(gofakes3.ErrNotImplemented, "MFA delete is not part of the local S3.")
	}
	if v.Status == gofakes3.VersioningNone {
		return gofakes3.ErrorMessage(gofakes3.ErrIllegalVersioningConfiguration, "The versioning configuration has no Status.")
	}
	return b.store.update(func() (change, error) {
		if _, err := b.store.bucket(name); err != nil {
			return change{}, err
		}
		return change{Op: opVersioning, Bucket: name, Versioning: v.Status}, nil
	})
}

// The three methods below are here for the interface: front.go hands version IDs over in the
// context, for gofakes3 forgets them on a HEAD.

// GetObjectVersion reads one version.
func (b *backend) GetObjectVersion(bucketName, key string, id gofakes3.VersionID, rnge *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return b.GetObject(withCall(context.Background(), &call{bucket: bucketName, key: key, version: string(id)}), bucketName, key, rnge)
}

// HeadObjectVersion tells of one version.
func (b *backend) HeadObjectVersion(bucketName, key string, id gofakes3.VersionID) (*gofakes3.Object, error) {
	return b.HeadObject(withCall(context.Background(), &call{bucket: bucketName, key: key, version: string(id)}), bucketName, key)
}

// DeleteObjectVersion deletes one version for ever.
func (b *backend) DeleteObjectVersion(bucketName, key string, id gofakes3.VersionID) (gofakes3.ObjectDeleteResult, error) {
	return b.delete(bucketName, key, string(id))
}
