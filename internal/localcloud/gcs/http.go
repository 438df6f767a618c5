package gcs

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// handler answers one method of the JSON API; p holds the names in the path. A nil answer without
// an error is 204.
type handler func(s *Server, r *http.Request, p []string) (any, error)

type route struct {
	method, path string // a * stands for a name
	handle       handler
}

// routes is the JSON API below /storage/v1/.
// https://cloud.google.com/storage/docs/json_api/v1
func routes() []route {
	return []route{
		{"GET", "b", (*Server).listBuckets},
		{"POST", "b", (*Server).insertBucket},
		{"GET", "b/*", (*Server).getBucket},
		{"DELETE", "b/*", (*Server).deleteBucket},
		{"GET", "b/*/iam/testPermissions", (*Server).testPermissions},
		{"GET", "b/*/storageLayout", (*Server).getLayout},
		{"GET", "b/*/managedFolders", (*Server).listManagedFolders},
		{"GET", "b/*/o", (*Server).listObjects},
		{"GET", "b/*/o/*", (*Server).getObject},
		{"DELETE", "b/*/o/*", (*Server).deleteObject},
		{"PATCH", "b/*/o/*", (*Server).patchObject},
		{"PUT", "b/*/o/*", (*Server).updateObject},
		{"POST", "b/*/o/*/copyTo/b/*/o/*", (*Server).copyObject},
		{"POST", "b/*/o/*/rewriteTo/b/*/o/*", (*Server).rewriteObject},
		{"POST", "b/*/o/*/compose", (*Server).composeObject},
		{"GET", "b/*/notificationConfigs", (*Server).listNotifications},
		{"POST", "b/*/notificationConfigs", (*Server).insertNotification},
		{"GET", "b/*/notificationConfigs/*", (*Server).getNotification},
		{"DELETE", "b/*/notificationConfigs/*", (*Server).deleteNotification},
	}
}

// match returns the names that stand for path's stars.
func match(path string, segments []string) ([]string, bool) {
	pattern := strings.Split(path, "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	var names []string
	for i, p := range pattern {
		switch {
		case p == "*":
			names = append(names, segments[i])
		case p != segments[i]:
			return nil, false
		}
	}
	return names, true
}

// ServeHTTP answers a request of the JSON API, of its uploads and downloads, or of the XML API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	for _, prefix := range []string{"/storage/v1/", "/download/storage/v1/", "/upload/storage/v1/", "/resumable/upload/storage/v1/"} {
		rest, ok := strings.CutPrefix(path, prefix)
		if !ok {
			continue
		}
		segments, err := unescape(rest)
		if err == nil {
			err = refuse(r)
		}
		switch {
		case err != nil:
		case strings.Contains(prefix, "upload"):
			err = s.serveUpload(w, r, segments)
		default:
			err = s.serveJSON(w, r, segments)
		}
		if err != nil {
			writeJSONError(w, err)
		}
		return
	}
	if err := s.serveXML(w, r, path); err != nil {
		writeXMLError(w, r, err)
	}
}

func unescape(path string) ([]string, error) {
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		var err error
		if segments[i], err = url.PathUnescape(seg); err != nil {
			return nil, invalid("Invalid path: %v", err)
		}
	}
	return segments, nil
}

func (s *Server) serveJSON(w http.ResponseWriter, r *http.Request, segments []string) error {
	if p, ok := match("b/*/o/*", segments); ok && r.Method == http.MethodGet && r.URL.Query().Get("alt") == "media" {
		at, err := jsonTarget(r, p[0], p[1])
		if err != nil {
			return err
		}
		return s.download(w, r, at, describe)
	}
	for _, rt := range routes() {
		p, ok := match(rt.path, segments)
		if !ok || rt.method != r.Method {
			continue
		}
		v, err := rt.handle(s, r, p)
		switch {
		case err != nil:
			return err
		case v == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeJSON(w, http.StatusOK, v)
		}
		return nil
	}
	return unimplemented("%s /storage/v1/%s", r.Method, strings.Join(segments, "/"))
}

func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request, segments []string) error {
	p, ok := match("b/*/o", segments)
	if !ok {
		return unimplemented("%s %s", r.Method, r.URL.Path)
	}
	if id := r.URL.Query().Get("upload_id"); id != "" {
		return s.resume(w, r, id)
	}
	if r.Method != http.MethodPost {
		return unimplemented("%s of an upload without upload_id", r.Method)
	}
	return s.insertObject(w, r, p[0])
}

// serveXML answers /bucket/object; a slash in the object's name may be escaped or not.
// https://cloud.google.com/storage/docs/xml-api/overview
func (s *Server) serveXML(w http.ResponseWriter, r *http.Request, path string) error {
	if err := refuse(r); err != nil {
		return err
	}
	bucket, name, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	name, err := url.PathUnescape(name)
	if err != nil {
		return invalid("Invalid path: %v", err)
	}
	if bucket == "" || name == "" {
		return unimplemented("%s %s of the XML API", r.Method, path)
	}
	if r.Method == http.MethodPut {
		return s.putObject(w, r, bucket, name)
	}
	at, err := xmlTarget(r, bucket, name)
	if err != nil {
		return err
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return s.download(w, r, at, describeXML)
	case http.MethodDelete:
		if err := s.remove(at, baseURL(r)); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	default:
		return unimplemented("%s of the XML API", r.Method)
	}
}

func xmlTarget(r *http.Request, bucket, name string) (at target, err error) {
	at.bucket, at.name = bucket, name
	if at.generation, err = number(r.URL.Query(), "generation"); err != nil {
		return at, err
	}
	at.conds, err = xmlConditions(r.Header)
	return at, err
}

// baseURL returns the address under which the client reached the server.
func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// maxBody bounds a JSON body: metadata, not bytes of an object.
const maxBody = 1 << 20

func readJSON(r *http.Request, v any) error {
	given, err := readOptionalJSON(r, v)
	if err == nil && !given {
		err = &apiError{http.StatusBadRequest, "required", "InvalidArgument", "Required: a JSON body"}
	}
	return err
}

// readOptionalJSON reads the body into v, and reports whether there was one.
func readOptionalJSON(r *http.Request, v any) (bool, error) {
	err := json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(v)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return true, &apiError{http.StatusBadRequest, "parseError", "InvalidArgument", "Parse Error: " + err.Error()}
	}
	return true, nil
}
