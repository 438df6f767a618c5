// Package federation lets a program in one cloud act in the other without a key: it joins the SDKs of
// both, which is why it is neither's adapter.
//
// On AWS, outside EC2, Google's library finds no credentials by itself: those of a task on ECS, Fargate
// or of a pod come by AWS's SDK, and Google is shown a request that they signed. In Google Cloud a role of
// AWS is taken on by a token of the service account.
package federation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/auth/credentials/externalaccount"
	"cloud.google.com/go/auth/credentials/idtoken"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"google.golang.org/api/option"
)

// Clouds are the credentials of a program in both.
type Clouds struct {
	AWS    aws.Config
	Google []option.ClientOption // none: those that Google's libraries find by themselves
}

// Open reads the environment; AWS's SDK reads its own. At most one of the two ways may be asked for:
//
//   - SENEKA_GOOGLE_AUDIENCE, the full name of a provider in a workload identity pool,
//     //iam.googleapis.com/projects/…: Google is reached by what AWS's SDK finds.
//   - SENEKA_AWS_ROLE_ARN and SENEKA_AWS_AUDIENCE: AWS is reached by that role, which trusts tokens for
//     that audience of the service account that this program has in Google Cloud.
//
// Nothing is asked of either cloud yet. The credentials are renewed by themselves.
func Open(ctx context.Context, getenv func(string) string, opts ...func(*config.LoadOptions) error) (Clouds, error) {
	return open(ctx, getenv, googleSTS, opts)
}

// googleSTS exchanges tokens for Google's.
const googleSTS = "https://sts.googleapis.com/v1/token"

// open is Open with Google's tokens from elsewhere.
func open(ctx context.Context, getenv func(string) string, googleSTS string, opts []func(*config.LoadOptions) error) (Clouds, error) {
	role, audience, provider := getenv("SENEKA_AWS_ROLE_ARN"), getenv("SENEKA_AWS_AUDIENCE"), getenv("SENEKA_GOOGLE_AUDIENCE")
	switch {
	case (role == "") != (audience == ""):
		return Clouds{}, errors.New("of SENEKA_AWS_ROLE_ARN and SENEKA_AWS_AUDIENCE one is set and the other is not: write the role, and the audience of the tokens that it trusts")
	case role != "" && provider != "":
		return Clouds{}, errors.New("SENEKA_GOOGLE_AUDIENCE and SENEKA_AWS_ROLE_ARN are both set: write the first where the program runs on AWS, the second where it runs in Google Cloud")
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return Clouds{}, fmt.Errorf("read the AWS settings: %w", err)
	}
	switch {
	case role != "":
		return byWebIdentity(cfg, role, audience)
	case provider != "":
		return byAWS(cfg, provider, googleSTS)
	}
	return Clouds{AWS: cfg}, nil
}

// cloudPlatform is the scope of every API; what may be done is up to the roles.
const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// byAWS makes credentials of Google's out of AWS's.
// https://cloud.google.com/iam/docs/workload-identity-federation-with-other-clouds
func byAWS(cfg aws.Config, provider, googleSTS string) (Clouds, error) {
	google, err := externalaccount.NewCredentials(&externalaccount.Options{
		Audience:                       provider,
		SubjectTokenType:               "urn:ietf:params:aws:token-type:aws4_request",
		TokenURL:                       googleSTS,
		Scopes:                         []string{cloudPlatform},
		AwsSecurityCredentialsProvider: supplier{cfg},
	})
	if err != nil {
		return Clouds{}, fmt.Errorf("SENEKA_GOOGLE_AUDIENCE is %q: %w", provider, err)
	}
	return Clouds{AWS: cfg, Google: []option.ClientOption{option.WithAuthCredentials(google)}}, nil
}

// supplier hands AWS's credentials to Google's library, which keeps none of them: AWS's SDK does.
type supplier struct{ cfg aws.Config }

// AwsRegion implements externalaccount.AwsSecurityCredentialsProvider.
func (s supplier) AwsRegion(context.Context, *externalaccount.RequestOptions) (string, error) {
	if s.cfg.Region == "" {
		return "", errors.New("no AWS region is known: set AWS_REGION")
	}
	return s.cfg.Region, nil
}

// AwsSecurityCredentials implements externalaccount.AwsSecurityCredentialsProvider.
func (s supplier) AwsSecurityCredentials(ctx context.Context, _ *externalaccount.RequestOptions) (*externalaccount.AwsSecurityCredentials, error) {
	c, err := s.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("find AWS credentials to show to Google: %w", err)
	}
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}, nil
}

// byWebIdentity makes credentials of AWS's out of the service account's tokens.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func byWebIdentity(cfg aws.Config, role, audience string) (Clouds, error) {
	tokens, err := idtoken.NewCredentials(&idtoken.Options{Audience: audience})
	if err != nil {
		return Clouds{}, fmt.Errorf("SENEKA_AWS_AUDIENCE is set, but there is no service account here to get tokens of: %w", err)
	}
	retrieve := retriever(func(ctx context.Context) (string, error) {
		t, err := tokens.Token(ctx)
		if err != nil {
			return "", fmt.Errorf("get a token of the service account to show to AWS: %w", err)
		}
		return t.Value, nil
	})
	// The request is not signed: the token says who asks.
	unsigned := cfg.Copy()
	unsigned.Credentials = aws.AnonymousCredentials{}
	cfg.Credentials = aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(unsigned), role, retrieve, func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = "seneka"
	}), func(o *aws.CredentialsCacheOptions) {
		o.ExpiryWindow = 5 * time.Minute // renewed before they end, so that no request is signed by what has just expired
	})
	return Clouds{AWS: cfg}, nil
}

// retriever gives AWS's SDK a token. Its interface has no context.
type retriever func(context.Context) (string, error)

// tokenLimit bounds the request for a token, which the metadata server of this machine answers.
const tokenLimit = 30 * time.Second

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (r retriever) GetIdentityToken() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenLimit)
	defer cancel()
	t, err := r(ctx)
	return []byte(t), err
}
