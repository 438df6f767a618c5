//go:build cgo

package foreign

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// Both programs log at debug level, a service answers with what it was sent, and a delivery is no
// notification: no credential is in the logs.
func TestNoCredentialIsLogged(t *testing.T) {
	s := newStack(t)
	e := s.put("secret.log", []byte("a line that is no log\n"))
	var refused atomic.Int32
	s.s3wire.Disturb(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if refused.Add(1) > 1 {
			next.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>SignatureDoesNotMatch</Code><Message>signed: ")
		var sent strings.Builder
		_ = r.Header.Write(&sent)
		_ = xml.EscapeText(w, []byte(r.URL.String()+"?X-Amz-Signature=canary-signature "+sent.String()))
		_, _ = io.WriteString(w, "</Message></Error>")
	})
	s.announce(e)
	if status := s.post(t.Context(), []byte("no notification")); status != http.StatusBadRequest {
		t.Errorf("what is no notification is answered %d", status)
	}
	s.await(1)
	logs := s.logs.String()
	for _, line := range []string{"SignatureDoesNotMatch", "rejected", "not a notification"} {
		if !strings.Contains(logs, line) {
			t.Errorf("the logs do not show %q: this test shows nothing", line)
		}
	}
	for _, secret := range []string{secretKey, sessionToken, pushToken, "canary", "AWS4-HMAC-SHA256 Credential=local"} {
		if strings.Contains(logs, secret) {
			t.Errorf("the logs show %q:\n%s", secret, logs)
		}
	}
}
