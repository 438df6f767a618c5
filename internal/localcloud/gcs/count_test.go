package gcs

import "testing"

func TestObjects(t *testing.T) {
	c := newCloud(t)
	if err := c.CreateBucket(bkt + "-2"); err != nil {
		t.Fatal(err)
	}
	c.put("a", "1")
	c.put("a", "2")
	c.put("folder/b", "3")
	c.put("gone", "4")
	c.do("DELETE", objectPath("gone"), "")
	for bucket, want := range map[string]int{bkt: 2, bkt + "-2": 0, "no-such": 0} {
		if got, err := c.Objects(bucket); err != nil || got != want {
			t.Errorf("%s: %d objects and %v, want %d", bucket, got, err, want)
		}
	}
}
