package gcs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

func objectID(bucket, name string, generation int64) string {
	return fmt.Sprintf("%s/%s/%d", bucket, name, generation)
}

// jsonTarget reads which object a request of the JSON API is about.
func jsonTarget(r *http.Request, bucket, name string) (at target, err error) {
	q := r.URL.Query()
	at.bucket, at.name = bucket, name
	if at.generation, err = number(q, "generation"); err != nil {
		return at, err
	}
	at.conds, err = jsonConditions(q, "if")
	return at, err
}

func (s *Server) getObject(r *http.Request, p []string) (any, error) {
	at, err := jsonTarget(r, p[0], p[1])
	if err != nil {
		return nil, err
	}
	var rec *stored
	err = s.view(func(t tx) error {
		rec, err = t.find(at)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rec.Object.linked(baseURL(r)), nil
}

func (s *Server) deleteObject(r *http.Request, p []string) (any, error) {
	at, err := jsonTarget(r, p[0], p[1])
	if err != nil {
		return nil, err
	}
	return nil, s.remove(at, baseURL(r))
}

// patchObject changes the fields that the body names; null removes one.
// https://cloud.google.com/storage/docs/json_api/v1/objects/patch
func (s *Server) patchObject(r *http.Request, p []string) (any, error) {
	var patch map[string]any
	if err := readJSON(r, &patch); err != nil {
		return nil, err
	}
	var in insertRequest
	if err := errors.Join(recode(patch, &in), in.refuse()); err != nil {
		return nil, err
	}
	return s.change(r, p, func(m settable) (settable, error) {
		var whole map[string]any
		if err := recode(m, &whole); err != nil {
			return m, err
		}
		merge(whole, patch)
		m = settable{}
		return m, recode(whole, &m)
	})
}

// updateObject replaces the metadata by the body.
// https://cloud.google.com/storage/docs/json_api/v1/objects/update
func (s *Server) updateObject(r *http.Request, p []string) (any, error) {
	var m insertRequest
	if err := readJSON(r, &m); err != nil {
		return nil, err
	}
	if err := m.refuse(); err != nil {
		return nil, err
	}
	return s.change(r, p, func(settable) (settable, error) { return m.settable, nil })
}

func (s *Server) change(r *http.Request, p []string, f func(settable) (settable, error)) (any, error) {
	at, err := jsonTarget(r, p[0], p[1])
	if err != nil {
		return nil, err
	}
	o, err := s.alter(at, baseURL(r), f)
	return o.linked(baseURL(r)), err
}

// merge applies a JSON merge patch (RFC 7396).
func merge(into, patch map[string]any) {
	for k, v := range patch {
		sub, isObject := v.(map[string]any)
		old, wasObject := into[k].(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isObject && wasObject:
			merge(old, sub)
		case isObject:
			into[k] = map[string]any{}
			merge(into[k].(map[string]any), sub)
		default:
			into[k] = v
		}
	}
}

// recode turns one form of a JSON value into another.
func recode(from, to any) error {
	b, err := json.Marshal(from)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return invalid("Invalid metadata: %v", err)
	}
	return nil
}

// copyObject copies bytes and metadata; metadata in the body replaces all of the source's.
// https://cloud.google.com/storage/docs/json_api/v1/objects/copy
func (s *Server) copyObject(r *http.Request, p []string) (any, error) {
	q := r.URL.Query()
	from := target{bucket: p[0], name: p[1]}
	var err error
	if from.generation, err = number(q, "sourceGeneration"); err != nil {
		return nil, err
	}
	if from.conds, err = jsonConditions(q, "ifSource"); err != nil {
		return nil, err
	}
	d := draft{bucket: p[2], name: p[3], base: baseURL(r)}
	if d.conds, err = jsonConditions(q, "if"); err != nil {
		return nil, err
	}
	var body insertRequest
	_, err = readOptionalJSON(r, &body)
	if err := errors.Join(err, body.refuse(), checkObjectName(d.name)); err != nil {
		return nil, err
	}
	rec, f, err := s.openLive(from)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d.meta, d.components = rec.Object.settable, rec.Object.ComponentCount
	d.composed = d.components > 0
	if body.settable.given() {
		d.meta = body.settable
	}
	if d.blob, err = s.receive(f); err != nil {
		return nil, err
	}
	o, err := s.commit(d)
	return o.linked(d.base), err
}

// rewriteObject is copyObject with another answer: every rewrite is done in one call.
// https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite
func (s *Server) rewriteObject(r *http.Request, p []string) (any, error) {
	v, err := s.copyObject(r, p)
	if err != nil {
		return nil, err
	}
	o := v.(object)
	return struct {
		Kind     string `json:"kind"`
		Total    int64  `json:"totalBytesRewritten,string"`
		Size     int64  `json:"objectSize,string"`
		Done     bool   `json:"done"`
		Resource object `json:"resource"`
	}{"storage#rewriteResponse", o.Size, o.Size, true, o}, nil
}

// composeRequest is the body of a compose.
type composeRequest struct {
	Destination insertRequest `json:"destination"`
	Sources     []struct {
		Name       string      `json:"name"`
		Generation json.Number `json:"generation"` // a string of digits; some clients send a number
		Conds      struct {
			Match json.Number `json:"ifGenerationMatch"`
		} `json:"objectPreconditions"`
	} `json:"sourceObjects"`
}

// composeObject concatenates up to 32 objects of the bucket.
// https://cloud.google.com/storage/docs/json_api/v1/objects/compose
func (s *Server) composeObject(r *http.Request, p []string) (any, error) {
	var in composeRequest
	if err := readJSON(r, &in); err != nil {
		return nil, err
	}
	if n := len(in.Sources); n == 0 || n > 32 {
		return nil, invalid("The number of source components provided (%d) is not between 1 and 32", n)
	}
	conds, err := jsonConditions(r.URL.Query(), "if")
	if err := errors.Join(err, in.Destination.refuse(), checkObjectName(p[1])); err != nil {
		return nil, err
	}
	d := draft{bucket: p[0], name: p[1], meta: in.Destination.settable, composed: true, conds: conds, base: baseURL(r)}
	var parts []io.Reader
	for _, src := range in.Sources {
		at := target{bucket: p[0], name: src.Name}
		if at.generation, err = optional("generation", src.Generation); err != nil {
			return nil, err
		}
		if at.conds.GenerationMatch, err = optional("ifGenerationMatch", src.Conds.Match); err != nil {
			return nil, err
		}
		rec, f, err := s.openLive(at)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		parts = append(parts, f)
		d.components += max(1, rec.Object.ComponentCount)
	}
	if d.blob, err = s.receive(io.MultiReader(parts...)); err != nil {
		return nil, err
	}
	o, err := s.commit(d)
	return o.linked(d.base), err
}

func optional(key string, n json.Number) (*int64, error) {
	if n == "" {
		return nil, nil
	}
	return parseNumber(key, n.String())
}

// download answers with the bytes of an object, under the headers that its API gives.
func (s *Server) download(w http.ResponseWriter, r *http.Request, at target, headers func(http.Header, object)) error {
	rec, f, err := s.openLive(at)
	if err != nil {
		return err
	}
	defer f.Close()
	headers(w.Header(), rec.Object)
	return serve(w, r, rec.Object, f)
}
