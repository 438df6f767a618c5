package s3

import (
	"context"
	"slices"
	"strings"

	"github.com/rclone/gofakes3"
)

// ListBucket lists the newest versions, in the order of the keys' bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
func (b *backend) ListBucket(_ context.Context, name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	bk, err := b.store.bucket(name)
	if err != nil {
		return nil, err
	}
	out := gofakes3.NewObjectList()
	last, count := "", int64(0)
	bk.walk(prefix, page.Marker, func(key, common string) bool {
		v := bk.latest(key)
		if common == "" && v.Marker {
			return true
		}
		if page.MaxKeys > 0 && count == page.MaxKeys {
			out.IsTruncated, out.NextMarker = true, last
			return false
		}
		count++
		if common != "" {
			out.AddPrefix(common)
			last = common
			return true
		}
		last = key
		out.Add(&gofakes3.Content{Key: key, LastModified: gofakes3.NewContentTime(v.Modified), ETag: quote(v.ETag), Size: v.Size})
		return true
	}, func(key string) bool { return !bk.latest(key).Marker })
	return out, nil
}

// walk calls visit for every key after marker that begins with the prefix, in order, until visit
// returns false. Keys that have the delimiter after the prefix are visited once for all that share
// the part up to it, with that part as common, if one of them is live; marker may be such a part.
func (b *bucket) walk(prefix *gofakes3.Prefix, marker string, visit func(key, common string) bool, live func(key string) bool) {
	p := gofakes3.Prefix{}
	if prefix != nil {
		p = *prefix
	}
	i, _ := slices.BinarySearch(b.keys, max(p.Prefix, marker))
	for i < len(b.keys) {
		key := b.keys[i]
		if !strings.HasPrefix(key, p.Prefix) {
			return
		}
		common := commonPrefix(key, p)
		if common == "" {
			if key > marker && !visit(key, "") {
				return
			}
			i++
			continue
		}
		end := b.after(i, common)
		if common != marker && slices.ContainsFunc(b.keys[i:end], func(k string) bool { return k > marker && live(k) }) && !visit(key, common) {
			return
		}
		i = end
	}
}

// commonPrefix returns the part of key up to the first delimiter after the prefix; "" if there is
// none.
func commonPrefix(key string, p gofakes3.Prefix) string {
	if p.Delimiter == "" {
		return ""
	}
	rest := key[len(p.Prefix):]
	i := strings.Index(rest, p.Delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(p.Prefix)+i+len(p.Delimiter)]
}

// after returns the index of the first key from i on that does not begin with common.
func (b *bucket) after(i int, common string) int {
	n, _ := slices.BinarySearchFunc(b.keys[i:], common, func(key, common string) int {
		if strings.HasPrefix(key, common) {
			return -1
		}
		return 1
	})
	return i + n
}

// ListBucketVersions lists all versions and delete markers, the newest of each key first. A page
// ends between two versions and names the last one it holds; the next page goes on after it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func (b *backend) ListBucketVersions(name string, prefix *gofakes3.Prefix, page *gofakes3.ListBucketVersionsPage) (*gofakes3.ListBucketVersionsResult, error) {
	b.store.mu.RLock()
	defer b.store.mu.RUnlock()
	bk, err := b.store.bucket(name)
	if err != nil {
		return nil, err
	}
	if page == nil {
		page = &gofakes3.ListBucketVersionsPage{}
	}
	p := versionPage{out: gofakes3.NewListBucketVersionsResult(name, prefix, page), most: page.MaxKeys}
	if page.HasVersionIDMarker && !p.addAll(page.KeyMarker, bk.olderThan(page.KeyMarker, string(page.VersionIDMarker)), bk.latest(page.KeyMarker)) {
		return p.out, nil
	}
	bk.walk(prefix, page.KeyMarker, func(key, common string) bool {
		if common == "" {
			return p.addAll(key, bk.objects[key], bk.latest(key))
		}
		if !p.room() {
			return false
		}
		p.out.AddPrefix(common)
		p.key, p.id = common, ""
		return true
	}, func(string) bool { return true })
	return p.out, nil
}

// olderThan returns the versions of key that follow the one of that ID; all, if it is gone.
func (b *bucket) olderThan(key, id string) []*version {
	versions := b.objects[key]
	i := slices.IndexFunc(versions, func(v *version) bool { return listedID(v) == id })
	return versions[i+1:]
}

// listedID is the ID of a version in a listing: "null" for the null version.
func listedID(v *version) string {
	if v.ID == "" {
		return nullVersion
	}
	return v.ID
}

// versionPage fills one page of a listing of versions.
type versionPage struct {
	out     *gofakes3.ListBucketVersionsResult
	most    int64 // 0 is no limit
	n       int64
	key, id string // of the last entry
}

// room reports whether one more entry fits; if not, the page is marked as truncated.
func (p *versionPage) room() bool {
	if p.most > 0 && p.n == p.most {
		p.out.IsTruncated, p.out.NextKeyMarker, p.out.NextVersionIDMarker = true, p.key, gofakes3.VersionID(p.id)
		return false
	}
	p.n++
	return true
}

// addAll adds versions of key until the page is full, and reports whether it is not.
func (p *versionPage) addAll(key string, versions []*version, latest *version) bool {
	for _, v := range versions {
		if !p.room() {
			return false
		}
		p.key, p.id = key, listedID(v)
		id, at := gofakes3.VersionID(p.id), gofakes3.NewContentTime(v.Modified)
		if v.Marker {
			p.out.Versions = append(p.out.Versions, &gofakes3.DeleteMarker{Key: key, VersionID: id, IsLatest: v == latest, LastModified: at})
			continue
		}
		p.out.Versions = append(p.out.Versions, &gofakes3.Version{
			Key: key, VersionID: id, IsLatest: v == latest, LastModified: at, Size: v.Size, ETag: quote(v.ETag), StorageClass: gofakes3.StorageStandard,
		})
	}
	return true
}
