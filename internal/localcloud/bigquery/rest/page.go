package rest

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// The page of a list that asks for no size, and the most rows of a page of results.
const (
	defaultList = 1000
	maxRows     = 50_000
)

// limit returns the parameter maxResults, or most if it is absent or larger.
func (r *request) limit(most int) (int, error) {
	text := r.FormValue("maxResults")
	if text == "" {
		return most, nil
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, badRequest("Invalid value for maxResults: %q", text)
	}
	return min(int(n), most), nil
}

// start returns where a page starts: at pageToken, else at startIndex.
func (r *request) start() (int, error) {
	if token := r.FormValue("pageToken"); token != "" {
		return parseToken(token)
	}
	text := r.FormValue("startIndex")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 63)
	if err != nil || n < 0 {
		return 0, badRequest("Invalid value for startIndex: %q", text)
	}
	return int(n), nil
}

// pageToken names the page that starts at index i.
func pageToken(i int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("at:" + strconv.Itoa(i)))
}

func parseToken(token string) (int, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		var n int
		if n, err = strconv.Atoi(strings.TrimPrefix(string(text), "at:")); err == nil && n >= 0 {
			return n, nil
		}
	}
	return 0, badRequest("Invalid value for pageToken: %q", token)
}

// pageOf returns the page of all that r asks for, and the token of the next.
func pageOf[T any](r *request, all []T) (page []T, next string, err error) {
	limit, err := r.limit(defaultList)
	if err != nil {
		return nil, "", err
	}
	start, err := r.start()
	if err != nil {
		return nil, "", err
	}
	start = min(start, len(all))
	end := min(start+limit, len(all))
	if end < len(all) && limit > 0 {
		next = pageToken(end)
	}
	return all[start:end], next, nil
}
