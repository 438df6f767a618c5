package doctor

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

func pushChecks() []check {
	return []check{
		{"push", "whether the landing bucket's notifications are pushed to the loader", judgePush},
		{"push-identity", "whether pushes carry a token", each(judgeIdentity)},
		{"push-deadline", "how long the loader may take for a file", each(judgeDeadline)},
		{"push-retries", "how soon a notification comes again", each(judgeRetries)},
		{"push-dead-letters", "where notifications go that cannot be done", each(judgeParking)},
		{"push-retention", "how long notifications and their subscriptions are kept", each(judgeKeeping)},
	}
}

// topics returns the topics of the landing bucket's notifications.
func (s *Seen) topics() (names []string) {
	for _, n := range s.Landing.Value.Notifications {
		if !slices.Contains(names, n.Topic) {
			names = append(names, n.Topic)
		}
	}
	return names
}

// pushes returns the subscriptions that push the landing bucket's notifications.
func (s *Seen) pushes(r *report) (pushes []facts.Subscription) {
	if _, ok := value(r, s.Landing); !ok {
		return nil
	}
	for _, name := range s.topics() {
		if a := s.Topics[name]; a.Err != nil && errkind.Is(a.Err, errkind.NotFound) {
			continue // push is about that
		}
		topic, ok := value(r, s.Topics[name])
		if !ok {
			continue
		}
		for _, sub := range topic.Subscriptions {
			if u, ok := value(r, s.Subscriptions[sub]); ok && u.PushEndpoint != "" {
				pushes = append(pushes, u)
			}
		}
	}
	return pushes
}

// each judges every subscription that pushes.
func each(judge func(s *Seen, r *report, u facts.Subscription)) func(s *Seen, r *report) {
	return func(s *Seen, r *report) {
		for _, u := range s.pushes(r) {
			judge(s, r, u)
		}
	}
}

func judgePush(s *Seen, r *report) {
	pushes := s.pushes(r)
	for _, name := range s.topics() {
		if a := s.Topics[name]; a.Err != nil && errkind.Is(a.Err, errkind.NotFound) {
			r.problem(name, "The topic that gs://"+s.Landing.Value.Name+" announces its objects to is gone.", "what is copied is never loaded",
				`make it again, with its subscription: resource "google_pubsub_topic"; then bring in what lies in landing: seneka backfill`)
			return
		}
	}
	switch {
	case len(pushes) == 0 && len(r.skipped) == 0 && len(s.topics()) > 0:
		r.problem(s.topics()[0], "No subscription of the topic pushes to a loader.", "what is copied is never loaded", `resource "google_pubsub_subscription" with push_config { push_endpoint = LOADER }`)
	case len(pushes) > 1:
		r.note(s.topics()[0], fmt.Sprintf("%d subscriptions push the notifications.", len(pushes)), "each file is loaded once all the same, and looked at by each", "gcloud pubsub subscriptions delete those that are not needed")
	}
	for _, u := range pushes {
		if e, err := url.Parse(u.PushEndpoint); err == nil && e.Scheme != "https" && !local(u) {
			r.problem(u.Name, "It pushes to "+u.PushEndpoint+", without TLS.", "Pub/Sub refuses it, or everybody on the way reads along", update(u, "--push-endpoint=https://…"))
		}
		if u.Unwrapped {
			r.problem(u.Name, "Its pushes carry the payload alone.", "the loader does not understand them: every file ends in the dead letters", update(u, "--clear-push-no-wrapper-config"))
		}
		if u.Filter != "" {
			r.note(u.Name, "It has a filter: "+u.Filter, "what does not pass it is never loaded", "make a subscription without a filter: one cannot be taken away")
		}
	}
}

// local reports whether a subscription pushes to this machine.
func local(u facts.Subscription) bool {
	e, err := url.Parse(u.PushEndpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(e.Hostname())
	return e.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// update is the command that changes a subscription.
func update(u facts.Subscription, flag string) string {
	return "gcloud pubsub subscriptions update " + u.Name + " " + flag
}

func judgeIdentity(_ *Seen, r *report, u facts.Subscription) {
	switch {
	case u.ServiceAccount != "":
	case local(u):
		r.skip("%s pushes to this machine, where no token is asked for", u.Name)
	default:
		r.problem(u.Name, "Its pushes carry no token.", "either the loader refuses every push, or it takes them from anybody",
			update(u, "--push-auth-service-account=ACCOUNT --push-auth-token-audience=LOADER")+"; in Terraform: push_config { oidc_token { … } }")
	}
}

// push is the longest that Pub/Sub waits for the answer to a push.
// https://cloud.google.com/pubsub/docs/push#receive_push
const push = 600 * time.Second

func judgeDeadline(_ *Seen, r *report, u facts.Subscription) {
	if u.AckDeadline < push {
		r.problem(u.Name, fmt.Sprintf("It waits %s for an answer.", u.AckDeadline), "a larger file is delivered again while it is loaded, over and over, and ends in the dead letters", update(u, "--ack-deadline=600"))
	}
}

func judgeRetries(_ *Seen, r *report, u facts.Subscription) {
	if !u.Retry {
		r.problem(u.Name, "It has no retry policy.", "what cannot be done just now comes again at once: an outage of a minute uses up the attempts, and is paid for", update(u, "--min-retry-delay=10s --max-retry-delay=600s"))
	}
}

func judgeParking(s *Seen, r *report, u facts.Subscription) {
	topic := u.DeadLetterTopic
	fix := update(u, "--dead-letter-topic=TOPIC --max-delivery-attempts=10") + "; Pub/Sub's service agent needs roles/pubsub.publisher on the topic and roles/pubsub.subscriber on the subscription"
	a := s.Topics[topic]
	switch {
	case topic == "":
		r.problem(u.Name, "It has no dead-letter topic.", "a notification that cannot be done comes again until it expires, and is lost then: its file is never loaded", fix)
	case a.Err != nil && errkind.Is(a.Err, errkind.NotFound):
		r.problem(u.Name, "Its dead-letter topic is gone: "+topic, "a notification that cannot be done comes again until it expires, and is lost then", fix)
	default:
		s.judgeParked(r, topic, a)
	}
}

// judgeParked looks at what keeps the messages of a dead-letter topic.
func (s *Seen) judgeParked(r *report, topic string, a Answer[facts.Topic]) {
	dead, ok := value(r, a)
	if !ok {
		return
	}
	if len(dead.Subscriptions) == 0 {
		r.problem(topic, "The dead-letter topic has no subscription.", "a topic keeps nothing by itself: every dead letter is lost",
			"gcloud pubsub subscriptions create NAME --topic="+topic+" --message-retention-duration=31d --expiration-period=never")
		return
	}
	for _, name := range dead.Subscriptions {
		if u, ok := value(r, s.Subscriptions[name]); ok && u.Expires > 0 {
			r.problem(u.Name, "The subscription of the dead letters is deleted once nobody has used it for "+days(u.Expires)+".", "whoever looks after a quiet month finds nothing, and later dead letters are lost", update(u, "--expiration-period=never"))
		}
	}
}

func judgeKeeping(_ *Seen, r *report, u facts.Subscription) {
	if u.Retention < week {
		r.problem(u.Name, "It keeps a notification for "+days(u.Retention)+".", "a loader that stands still for longer never hears of those files", update(u, "--message-retention-duration=7d"))
	}
	if u.Expires > 0 {
		r.problem(u.Name, "It is deleted once nothing has come for "+days(u.Expires)+".", "files that come after a quiet month are never loaded", update(u, "--expiration-period=never"))
	}
}
