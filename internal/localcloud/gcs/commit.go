package gcs

import "maps"

// draft is a complete upload that asks to become the live version of its name.
type draft struct {
	bucket, name string
	meta         settable
	blob         blob
	composed     bool
	components   int
	conds        conditions
	base         string                 // URL below which the event's links lie
	also         func(tx, object) error // done in the same transaction; nil for nothing
}

// commit makes d live: preconditions, generation, metadata and the notifications to send, in one
// transaction. If the process dies in it, the bytes are swept and nothing has happened; once it
// has ended, the object and its notifications are there whatever happens. The bytes of an object
// that is replaced, or of a draft that is refused, are removed; those of a refused session stay.
func (s *Server) commit(d draft) (object, error) {
	var o object
	var replaced *stored
	err := s.update(func(t tx) (err error) {
		if replaced, err = t.live(d.bucket, d.name); err != nil {
			return err
		}
		var old *object
		if replaced != nil {
			old = &replaced.Object
		}
		if err := d.conds.check(old); err != nil {
			return err
		}
		if o, err = t.newObject(d); err != nil {
			return err
		}
		if err := s.place(d.blob.id); err != nil {
			return err
		}
		if err := t.put(tableObjects, objectKey(d.bucket, d.name), stored{o, d.blob.id}); err != nil {
			return err
		}
		if err := t.announce(o, old, d.base); err != nil {
			return err
		}
		if d.also == nil {
			return nil
		}
		return d.also(t, o)
	})
	if err != nil {
		if d.also == nil {
			s.discard(d.blob.id)
		}
		return object{}, err
	}
	if replaced != nil {
		s.discard(replaced.Blob)
	}
	s.ring()
	return o, nil
}

// newObject returns d's resource at a new generation.
func (t tx) newObject(d draft) (object, error) {
	gen, err := t.nextGeneration()
	if err != nil {
		return object{}, err
	}
	at := stamp(t.now)
	o := object{
		Kind: "storage#object", ID: objectID(d.bucket, d.name, gen), Name: d.name, Bucket: d.bucket,
		Generation: gen, Metageneration: 1, settable: d.meta, Size: d.blob.size, sums: d.blob.sums,
		ETag: etag(gen, 1), ComponentCount: d.components,
		TimeCreated: at, Updated: at, TimeStorageClassUpdated: at, TimeFinalized: at,
	}
	if d.composed {
		o.MD5 = "" // "composite objects do not have an MD5 hash": docs/composite-objects
	}
	if o.StorageClass == "" {
		o.StorageClass = "STANDARD"
	}
	return o, nil
}

// alter changes the metadata of a live object by f, which makes a new metageneration.
func (s *Server) alter(at target, base string, f func(settable) (settable, error)) (object, error) {
	var o object
	err := s.update(func(t tx) error {
		rec, err := t.find(at)
		if err != nil {
			return err
		}
		meta := rec.Object.settable
		meta.Metadata = maps.Clone(meta.Metadata)
		if rec.Object.settable, err = f(meta); err != nil {
			return err
		}
		rec.Object.Metageneration++
		rec.Object.ETag = etag(rec.Object.Generation, rec.Object.Metageneration)
		rec.Object.Updated = stamp(t.now)
		o = rec.Object
		if err := t.put(tableObjects, objectKey(at.bucket, at.name), rec); err != nil {
			return err
		}
		return t.emit(event{kind: eventMetadataUpdate, object: o, base: base})
	})
	if err == nil {
		s.ring()
	}
	return o, err
}

// remove deletes a live object.
func (s *Server) remove(at target, base string) error {
	var rec *stored
	err := s.update(func(t tx) (err error) {
		if rec, err = t.find(at); err != nil {
			return err
		}
		if err := t.table(tableObjects).Delete([]byte(objectKey(at.bucket, at.name))); err != nil {
			return err
		}
		return t.emit(event{kind: eventDelete, object: rec.Object, base: base})
	})
	if err != nil {
		return err
	}
	s.discard(rec.Blob)
	s.ring()
	return nil
}
