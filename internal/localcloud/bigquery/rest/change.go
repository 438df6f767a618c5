package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// edit is a patch or an update of a resource, read from the request.
type edit struct {
	*request
	text []byte
}

func (r *request) edit() (*edit, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, badRequest("the request body: %v", err)
	}
	return &edit{r, text}, nil
}

// apply reads into v the resource as it is to be, whole. It is now current, last modified at
// modified: a patch is merged into that, an update takes its place.
func (e *edit) apply(current, v any, modified time.Time) error {
	if err := e.checkEtag(modified); err != nil {
		return err
	}
	whole := e.text
	if e.Method == http.MethodPatch {
		var err error
		if whole, err = e.merge(current); err != nil {
			return err
		}
	}
	if err := json.Unmarshal(whole, v); err != nil {
		return badRequest("the request body is not the JSON of this method: %v", err)
	}
	return nil
}

func (e *edit) merge(current any) ([]byte, error) {
	var patch, target any
	if err := json.Unmarshal(e.text, &patch); err != nil {
		return nil, badRequest("the request body is not JSON: %v", err)
	}
	text, err := json.Marshal(current)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &target); err != nil {
		return nil, err
	}
	return json.Marshal(mergePatch(target, patch))
}

// mergePatch applies a JSON merge patch, RFC 7396: null removes a member.
func mergePatch(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	t, ok := target.(map[string]any)
	if !ok {
		t = map[string]any{}
	}
	for k, v := range p {
		if v == nil {
			delete(t, k)
		} else {
			t[k] = mergePatch(t[k], v)
		}
	}
	return t
}
