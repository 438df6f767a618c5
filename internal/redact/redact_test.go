package redact

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestString(t *testing.T) {
	tests := []struct{ text, want string }{
		{`Post "https://host/upload/storage/v1/b/x/o?name=a&uploadType=resumable&upload_id=canary": EOF`, `Post "https://host/upload/storage/v1/b/x/o?name=a&uploadType=resumable&upload_id=REDACTED": EOF`},
		{`https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=canary%2Fus-east-1&X-Amz-Security-Token=canary%2F&X-Amz-Signature=canary`, `https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Signature=REDACTED`},
		{`https://storage.googleapis.com/b/k?GoogleAccessId=canary&Expires=1&Signature=canary`, `https://storage.googleapis.com/b/k?GoogleAccessId=REDACTED&Expires=1&Signature=REDACTED`},
		{`https://storage.googleapis.com/b/k?X-Goog-Credential=canary&x-goog-signature=canary`, `https://storage.googleapis.com/b/k?X-Goog-Credential=REDACTED&x-goog-signature=REDACTED`},
		{`Authorization: AWS4-HMAC-SHA256 Credential=canary/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=canary`, `Authorization: AWS4-HMAC-SHA256 Credential=REDACTED, SignedHeaders=host, Signature=REDACTED`},
		{"x-amz-security-token: canary\nhost: a", "x-amz-security-token: REDACTED\nhost: a"},
		{`{"access_token":"canary","expires_in":3599}`, `{"access_token":"REDACTED","expires_in":3599}`},
		{`Authorization: Bearer canary.ca-na_ry.canary`, `Authorization: Bearer REDACTED`},
		{`authorization:[bearer canary]`, `authorization:[bearer REDACTED]`},
		{`token eyJhbGciOi.eyJjYW5hcnk.c2lnbmF0dXJl is bad`, `token REDACTED is bad`},
		{`s3://logs/a b+c/2026-01-01T00:00:00Z?x=1: status 403, RequestID: 4ss8gJ, api error AccessDenied`, `s3://logs/a b+c/2026-01-01T00:00:00Z?x=1: status 403, RequestID: 4ss8gJ, api error AccessDenied`},
		{"", ""},
		{"loaded", "loaded"},
	}
	for _, tt := range tests {
		if got := String(tt.text); got != tt.want || strings.Contains(got, "canary") {
			t.Errorf("String(%q)\n= %q, want\n  %q", tt.text, got, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	if Error(nil) != nil {
		t.Error("no error became one")
	}
	err := Error(fmt.Errorf("upload_id=canary: %w", io.ErrUnexpectedEOF))
	if err.Error() != "upload_id=REDACTED: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
