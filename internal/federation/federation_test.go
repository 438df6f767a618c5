package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"google.golang.org/api/option"

	"github.com/seneka-io/seneka/internal/gcsstore"
)

const (
	provider = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/seneka-aws/providers/aws"
	role     = "arn:aws:iam::123456789012:role/seneka-forwarder"
)

// task is the environment of a task on Fargate: credentials come from the address that ECS names, and
// from nowhere else.
func task(t *testing.T, credentials http.HandlerFunc) {
	t.Helper()
	alone(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", serve(t, credentials)+"/v2/credentials")
}

// alone takes away what the machine has of credentials.
func alone(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
		"AWS_CA_BUNDLE", "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_REGION", "eu-central-1")
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// containerCredentials answers as ECS does.
func containerCredentials(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintf(w, `{"AccessKeyId": "ASIATASK", "SecretAccessKey": "secret", "Token": "session", "Expiration": %q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// subject is the request that is shown to Google, which sends it to AWS to learn who signed it.
// https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
type subject struct {
	URL     string
	Method  string
	Headers []struct{ Key, Value string }
}

func (s subject) header() http.Header {
	h := http.Header{}
	for _, kv := range s.Headers {
		h.Set(kv.Key, kv.Value)
	}
	return h
}

// checkSignature signs the request again, by AWS's own library, as AWS does to check it.
func checkSignature(t *testing.T, s subject) {
	t.Helper()
	got := s.header()
	at, err := time.Parse("20060102T150405Z", got.Get("x-amz-date"))
	if err != nil {
		t.Errorf("the request has no date: %v", err)
		return
	}
	again, err := http.NewRequest(s.Method, s.URL, nil)
	if err != nil {
		t.Error(err)
		return
	}
	again.Header.Set("x-goog-cloud-target-resource", got.Get("x-goog-cloud-target-resource"))
	const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of an empty body
	err = v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "ASIATASK", SecretAccessKey: "secret", SessionToken: "session"},
		again, nothing, "sts", "eu-central-1", at)
	if err != nil {
		t.Error(err)
	}
	if want := again.Header.Get("Authorization"); strings.ReplaceAll(got.Get("Authorization"), " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("the request is signed\n%s\nAWS would have it\n%s", got.Get("Authorization"), want)
	}
}

// A task on Fargate reaches Cloud Storage: its credentials sign a request that says who it is, Google's
// token service takes that for a token, and the token goes with what is asked of the bucket.
func TestGoogleByTask(t *testing.T) {
	task(t, containerCredentials)
	var exchanges atomic.Int32
	sts := serve(t, func(w http.ResponseWriter, r *http.Request) {
		exchanges.Add(1)
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		for name, want := range map[string]string{
			"grant_type":           "urn:ietf:params:oauth:grant-type:token-exchange",
			"audience":             provider,
			"subject_token_type":   "urn:ietf:params:aws:token-type:aws4_request",
			"requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
			"scope":                "https://www.googleapis.com/auth/cloud-platform",
		} {
			if got := r.PostForm.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		token, err := url.QueryUnescape(r.PostForm.Get("subject_token"))
		if err != nil {
			t.Error(err)
		}
		var s subject
		if err := json.Unmarshal([]byte(token), &s); err != nil {
			t.Errorf("the subject's token is no request: %v", err)
		}
		if want := "https://sts.eu-central-1.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"; s.URL != want || s.Method != http.MethodPost {
			t.Errorf("the request is %s %s, want POST %s", s.Method, s.URL, want)
		}
		if h := s.header(); h.Get("x-goog-cloud-target-resource") != provider || h.Get("x-amz-security-token") != "session" {
			t.Errorf("the request's headers are %v", h)
		}
		checkSignature(t, s)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token": "google", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer", "expires_in": 3600}`))
	})
	gcs := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer google" {
			t.Errorf("Cloud Storage is asked with %q", got)
		}
		http.Error(w, "no such object", http.StatusNotFound)
	})
	clouds, err := open(t.Context(), env(map[string]string{"SENEKA_GOOGLE_AUDIENCE": provider}), sts, nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := gcsstore.New(t.Context(), append(clouds.Google, option.WithEndpoint(gcs+"/storage/v1/"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for range 3 {
		if _, err := store.Live(t.Context(), "landing", "a"); err == nil || !strings.Contains(err.Error(), "doesn't exist") {
			t.Errorf("Live returns %v", err)
		}
	}
	if n := exchanges.Load(); n != 1 {
		t.Errorf("the token was asked for %d times", n)
	}
}

// What either cloud says when it refuses is in the error, and what the task has kept secret is not.
func TestGoogleRefuses(t *testing.T) {
	denied := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error": "unauthorized_client", "error_description": "The given credential is rejected by the attribute condition."}`))
	}
	gone := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no role here", http.StatusNotFound) }
	for name, tt := range map[string]struct {
		credentials, sts http.HandlerFunc
		want             string
	}{
		"Google": {containerCredentials, denied, "rejected by the attribute condition"},
		"ECS":    {gone, denied, "find AWS credentials to show to Google"},
	} {
		t.Run(name, func(t *testing.T) {
			task(t, tt.credentials)
			clouds, err := open(t.Context(), env(map[string]string{"SENEKA_GOOGLE_AUDIENCE": provider}), serve(t, tt.sts), nil)
			if err != nil {
				t.Fatal(err)
			}
			store, err := gcsstore.New(t.Context(), append(clouds.Google, option.WithEndpoint("http://127.0.0.1:1/storage/v1/"))...)
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = store.Live(ctx, "landing", "a")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want it to say %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "Signature=")) {
				t.Errorf("the error tells credentials: %v", err)
			}
		})
	}
}

// A program on Cloud Run takes on a role of AWS by a token of its account, for the audience that the
// role trusts, and renews it before it ends.
func TestAWSByAccount(t *testing.T) {
	alone(t)
	metadata := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/identity" || r.URL.Query().Get("audience") != "seneka-acme" {
			t.Errorf("the metadata server is asked for %s", r.URL)
		}
		w.Header().Set("Metadata-Flavor", "Google")
		_, _ = w.Write([]byte("header.claims.signature"))
	})
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata, "http://"))
	var roles atomic.Int32
	lives := []time.Duration{time.Minute, time.Hour, time.Hour} // the first is nearly over when it comes
	t.Setenv("AWS_ENDPOINT_URL_STS", serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := roles.Add(1)
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		for name, want := range map[string]string{"Action": "AssumeRoleWithWebIdentity", "RoleArn": role, "WebIdentityToken": "header.claims.signature", "RoleSessionName": "seneka"} {
			if got := r.PostForm.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if got := r.Header.Get("Authorization"); got != "" {
			t.Errorf("a request that needs no signature has one: %s", got)
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprintf(w, `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
			<Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>%s</Expiration></Credentials>
			</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, n, time.Now().Add(lives[n-1]).UTC().Format(time.RFC3339))
	}))
	clouds, err := Open(t.Context(), env(map[string]string{"SENEKA_AWS_ROLE_ARN": role, "SENEKA_AWS_AUDIENCE": "seneka-acme"}))
	if err != nil {
		t.Fatal(err)
	}
	if clouds.Google != nil {
		t.Error("Google's libraries find their credentials by themselves")
	}
	for _, want := range []string{"ASIA1", "ASIA2", "ASIA2"} {
		c, err := clouds.AWS.Credentials.Retrieve(t.Context())
		if err != nil || c.AccessKeyID != want || c.SessionToken != "session" {
			t.Errorf("the role's credentials are %+v, error %v; want %s", c, err, want)
		}
	}
}

// A role that does not trust the account says so.
func TestAWSRefuses(t *testing.T) {
	alone(t)
	metadata := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Metadata-Flavor", "Google")
		_, _ = w.Write([]byte("header.claims.signature"))
	})
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(metadata, "http://"))
	t.Setenv("AWS_ENDPOINT_URL_STS", serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>`))
	}))
	clouds, err := Open(t.Context(), env(map[string]string{"SENEKA_AWS_ROLE_ARN": role, "SENEKA_AWS_AUDIENCE": "seneka-acme"}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = clouds.AWS.Credentials.Retrieve(t.Context())
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") || strings.Contains(err.Error(), "claims") {
		t.Errorf("error %v, want AWS's word, without the token", err)
	}
}

// Without a variable all is as the SDKs have it.
func TestOwnCredentials(t *testing.T) {
	task(t, containerCredentials)
	clouds, err := Open(t.Context(), env(nil))
	if err != nil {
		t.Fatal(err)
	}
	c, err := clouds.AWS.Credentials.Retrieve(t.Context())
	if err != nil || c.AccessKeyID != "ASIATASK" || clouds.AWS.Region != "eu-central-1" || clouds.Google != nil {
		t.Errorf("AWS has %q in %q, Google %d options, error %v", c.AccessKeyID, clouds.AWS.Region, len(clouds.Google), err)
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	alone(t)
	for want, values := range map[string]map[string]string{
		"one is set and the other is not": {"SENEKA_AWS_ROLE_ARN": role},
		"the audience of the tokens":      {"SENEKA_AWS_AUDIENCE": "seneka-acme"},
		"are both set":                    {"SENEKA_AWS_ROLE_ARN": role, "SENEKA_AWS_AUDIENCE": "seneka-acme", "SENEKA_GOOGLE_AUDIENCE": provider},
	} {
		if _, err := Open(t.Context(), env(values)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want it to say %q", values, err, want)
		}
	}
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	if _, err := (supplier{}).AwsRegion(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "set AWS_REGION") {
		t.Errorf("without a region: %v", err)
	}
}
