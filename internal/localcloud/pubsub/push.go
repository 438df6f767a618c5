package pubsub

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// pushGrace is how much longer a pushed message is leased than its request may take, so that the
// answer always comes first.
const pushGrace = 10 * time.Second

// setPump starts or stops the pushing of u, as its configuration says. The caller holds mu, or is
// alone.
func (s *Server) setPump(u *subscription) {
	push := u.config().PushConfig.PushEndpoint != ""
	switch {
	case push && u.stopPump == nil:
		ctx, cancel := context.WithCancel(s.ctx)
		u.stopPump = cancel
		s.done.Go(func() { s.pump(ctx, u) })
	case !push && u.stopPump != nil:
		u.stopPump()
		u.stopPump = nil
	}
}

// pump pushes u's messages until ctx ends or the subscription is deleted. Requests under way end by
// themselves.
func (s *Server) pump(ctx context.Context, u *subscription) {
	var pushes sync.WaitGroup
	defer pushes.Wait()
	slots := make(chan struct{}, s.opts.PushInFlight)
	for {
		select {
		case <-ctx.Done():
			return
		case slots <- struct{}{}:
		}
		cfg := u.config()
		timeout := time.Duration(cfg.AckDeadlineSeconds) * time.Second
		out, err := s.next(ctx, u, 1, timeout+pushGrace, nil)
		switch {
		case ctx.Err() != nil || status.Code(err) == codes.NotFound:
			return // stopped, closed or deleted
		case err != nil:
			s.opts.Log.Error("pubsub: cannot read the messages to push, will try again", "subscription", cfg.Name, "err", err)
			time.Sleep(time.Second)
			<-slots
			continue
		}
		pushes.Go(func() {
			s.push(u, out[0])
			<-slots
		})
	}
}

// push makes one push request and acknowledges the message or not.
func (s *Server) push(u *subscription, d delivery) {
	cfg := u.config() // read again: the endpoint may have moved while the message waited for its turn
	err := s.post(cfg, d)
	switch {
	case s.ctx.Err() != nil: // aborted by Close: neither success nor failure
		return
	case err == nil:
		err = s.acknowledge(u, []uint64{d.seq})
	default:
		s.opts.Log.Debug("pubsub: push failed, will be tried again", "subscription", cfg.Name, "message", d.msg.MessageId, "attempt", d.attempt, "err", err)
		err = s.ackOrNack(u, d)
	}
	if err != nil {
		s.opts.Log.Error("pubsub: outcome of a push not recorded, it will be repeated", "subscription", cfg.Name, "err", err)
	}
}

func (s *Server) ackOrNack(u *subscription, d delivery) error {
	ids, err := parseAckIDs(u, []string{d.ackID})
	if err != nil {
		return err
	}
	return s.refuse(u, ids)
}

// pushBody is the body of a wrapped push request. Some fields stand in it twice.
// https://cloud.google.com/pubsub/docs/push#receive_push
type pushBody struct {
	DeliveryAttempt int         `json:"deliveryAttempt,omitempty"`
	Message         pushMessage `json:"message"`
	Subscription    string      `json:"subscription"`
}

type pushMessage struct {
	Attributes   map[string]string `json:"attributes,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	MessageID    string            `json:"messageId"`
	MessageID2   string            `json:"message_id"`
	OrderingKey  string            `json:"orderingKey,omitempty"`
	PublishTime  string            `json:"publishTime"`
	PublishTime2 string            `json:"publish_time"`
}

func newPushBody(cfg *pb.Subscription, d delivery) pushBody {
	at := d.msg.PublishTime.AsTime().Format("2006-01-02T15:04:05.000Z")
	b := pushBody{Subscription: cfg.Name, Message: pushMessage{
		Attributes: d.msg.Attributes, Data: d.msg.Data, OrderingKey: d.msg.OrderingKey,
		MessageID: d.msg.MessageId, MessageID2: d.msg.MessageId, PublishTime: at, PublishTime2: at,
	}}
	if cfg.DeadLetterPolicy != nil {
		b.DeliveryAttempt = d.attempt
	}
	return b
}

// post makes one push request. "Any of 102, 200, 201, 202, 204" acknowledges, everything else and
// a request that takes longer than the ack deadline does not.
func (s *Server) post(cfg *pb.Subscription, d delivery) error {
	body, err := json.Marshal(newPushBody(cfg, d))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, time.Duration(cfg.AckDeadlineSeconds)*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cfg.PushConfig.PushEndpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)")
	if t := cfg.PushConfig.GetOidcToken(); t != nil {
		req.Header.Set("Authorization", "Bearer "+unsignedToken(t, cfg.PushConfig.PushEndpoint))
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()
	switch res.StatusCode {
	case http.StatusProcessing, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return nil
	default:
		return fmt.Errorf("push endpoint %s answered %s", cfg.PushConfig.PushEndpoint, res.Status)
	}
}

// unsignedToken returns a JSON Web Token with the documented claims and the algorithm "none": it
// shows what a token would say, and whoever verifies tokens refuses it.
// https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
func unsignedToken(t *pb.PushConfig_OidcToken, endpoint string) string {
	audience := t.Audience
	if audience == "" {
		audience = endpoint
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"iss": "https://accounts.google.com", "aud": audience, "azp": "local", "sub": "local",
		"email": t.ServiceAccountEmail, "email_verified": true, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return "" // strings and numbers always marshal
	}
	enc := base64.RawURLEncoding
	return enc.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc.EncodeToString(claims) + "."
}
